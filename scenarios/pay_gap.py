"""The pay gap of people born outside the EU by Member State: what states explain and what is left.

Full-time pay of the employed aged 20-64 in the last quarter of 2019 (or of the run, if it ends before), non-EU-born against
natives. Differences of mean log terms of model/pay.py, in log points; education and occupation by the composition of the
two groups, so that all parts add up to the log of the ratio of mean pay. Language and naturalisation are measured from a
fluent citizen, which natives are; the residual is what the other terms leave of the published gap, less than zero where
they explain more than all of it. The first row is the mean of all, weighted by the employed among the non-EU-born, with the
EU's published figure beside it.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from calibration import structure
from calibration.tables import EU, scalar
from model import LabourIntegrationModel, codes
from model.cell import cell_index, stay_band
from model.codes import B1, C1, OTHER, SKILLED
from model.inputs import Inputs
from model.pay import experience_years
from scenarios import summary

LAST_YEAR = 2019
TERMS = ("experience", "sex", "language and naturalisation", "residual")
PARTS = ("education", "occupation", *TERMS, "other")
POINTS = 100.0
NOTE = "education, occupation, experience and language explain more than the published gap ({})"
ALTERNATIVES = {"eu_total": "shared value", "national_studies": "national study"}  # what a gap is that is not the shipped one


@njit
def _terms(people, t, cells, par, sex_gap, out):
    """Log terms of every person, out [person, TERMS]."""
    for i in range(len(people)):
        p = people[i]
        x = min(experience_years(p, t, par), 35.0)
        out[i, 0] = par.experience * x + par.experience_squared * x * x
        out[i, 1] = sex_gap[p.member_state] if p.sex == 0 else 0.0
        if p.group >= 2:
            fluent_citizen = par.language_pay_c1 + par.naturalisation_pay
            own = par.language_pay_c1 if p.language >= C1 else (par.language_pay_b1 if p.language >= B1 else 0.0)
            if p.naturalised:
                own += par.naturalisation_pay
            out[i, 2] = own - fluent_citizen
            gap = cells[cell_index(p.member_state, p.group, p.sex, p.education, stay_band(t - p.arrival_q))].wage_gap
            out[i, 3] = gap + fluent_citizen


def pay_gap(inputs: Inputs, seed: int, choice: str) -> list[dict[str, Any]]:
    """Rows of the mean and by Member State: gap published and simulated (percent of natives' mean pay), every part (log points),
    what the published gap is, the EU's published figure (with all 27, in the first row) and persons employed.

    choice: structure.pay_gap, which says what gap is in use. A part is positive where it lowers the pay of the non-EU-born; `other`
    holds permanent traits, matches and the dispersion of pay."""
    inputs = replace(inputs, end_year=min(LAST_YEAR, inputs.end_year), levers=())
    model = LabourIntegrationModel(inputs, seed)
    model.run()
    t = model.quarter - 1
    age = t - model.people["birth_q"].astype(int)
    working = np.isin(model.people["labour"], (SKILLED, OTHER)) & (model.people["presence"] == codes.PRESENT)
    people = model.people[working & (age >= 80) & (age < 260)]
    model.release()
    terms = np.zeros((len(people), len(TERMS)))
    _terms(people, t, inputs.cells, inputs.parameters[0], inputs.sex_gap, terms)
    rows = []
    shipped, used = structure.published_gaps(), structure.pay_gaps(choice)
    for ms in inputs.member_states:
        mine = people["member_state"] == ms
        native, migrant = mine & (people["group"] == 0), mine & (people["group"] >= 2)
        weight = people["weight"].astype(float)
        mean = [np.average(people["wage"][who].astype(float), weights=weight[who]) for who in (native, migrant)]
        share = [_composition(people[who], weight[who]) for who in (native, migrant)]
        base = inputs.wage_base[ms]
        of_education = [one.sum(axis=1) for one in share]
        within = [one / np.maximum(one.sum(axis=1, keepdims=True), 1e-12) for one in share]
        # Someone's level that nobody of the other group has takes that group's own mix of occupations.
        within = [np.where(one.sum(axis=1, keepdims=True) > 0, one, other) for one, other in zip(within, within[::-1], strict=True)]
        education = ((of_education[0] - of_education[1]) * (within[0] * base).sum(axis=1)).sum()
        occupation = (of_education[1] * ((within[0] - within[1]) * base).sum(axis=1)).sum()
        explained = [np.average(terms[native, k], weights=weight[native]) - np.average(terms[migrant, k], weights=weight[migrant])
                     for k in range(len(TERMS))]  # fmt: skip
        total = np.log(mean[0] / mean[1])
        parts = [education, occupation, *explained]
        state = codes.MEMBER_STATES[ms]
        if used[ms] != shipped["value"].iloc[ms]:
            published_is = ALTERNATIVES[choice]
        else:
            published_is = "EU value" if shipped["status"].iloc[ms] == "imputed" else "national"
        rows.append(
            {"member_state": state, "published_gap": POINTS * float(used[ms]),
             "simulated_gap": POINTS * (1.0 - mean[1] / mean[0]), "log_gap": POINTS * total}
            | {name: POINTS * value for name, value in zip(PARTS, [*parts, total - sum(parts)], strict=True)}
            | {"published_is": published_is, "published_eu": "", "employed": weight[migrant].sum(),
               "note": NOTE.format(published_is) if explained[-1] < 0 else ""}
        )  # fmt: skip
    return [_mean(rows), *rows]


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of all Member States together: means weighted by the employed among the non-EU-born."""
    place = summary.place([row["member_state"] for row in rows])
    employed = [row["employed"] for row in rows]
    gaps = {
        name: np.average([row[name] for row in rows], weights=employed)
        for name in ("published_gap", "simulated_gap", "log_gap", *PARTS)
    }
    eu_figure = POINTS * scalar("migrant_pay_gap", geo=EU) if place == EU else ""
    note = "mean weighted by the employed among the non-EU-born"
    return {"member_state": place} | gaps | {"published_is": "mean", "published_eu": eu_figure, "employed": sum(employed), "note": note}


def imputed() -> set[str]:
    """Member States without a published pay gap of their own, for which that of the EU stands."""
    rows = structure.published_gaps()
    return set(rows.index[rows["status"] == "imputed"])


def _composition(people: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Shares of the employed by education and segment (skilled, other), [3, 2]."""
    found = np.zeros((3, 2))
    np.add.at(found, (people["education"], (people["labour"] == OTHER).astype(int)), weight)
    return found / found.sum()


def write(path: Path, inputs: Inputs, seed: int, choice: str) -> None:
    """Write the table as CSV."""
    rows = pay_gap(inputs, seed, choice)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" if isinstance(v, (float, np.floating)) else v for k, v in row.items()} for row in rows)
