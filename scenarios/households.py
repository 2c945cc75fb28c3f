"""Household outcomes from the household proxy (model/household.py) beside published ones, and what the tax of families lacks.

Simulates the baseline to 2019 once more, because results do not keep persons, and writes `households.csv`: poverty risk of the
non-EU-born and of everybody, median income of citizens of other countries relative to nationals, who receives benefits among the
poor in jobless households, and by how much a partner without work and two children lower the tax wedge. Surveys of 2020 ask
for incomes of 2019. Nothing is fitted to these figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration import targets
from calibration.config import Config
from calibration.tables import EU
from model import codes, household
from model.fiscal import POINTS
from scenarios import statistics, text

YEAR = 2019  # of the incomes
POVERTY_LINE = 0.6  # of the median of everybody
UNTIL_65 = 65
SEEDS = 2  # simulated, the first of the job
# Outcome: unit, words for the console (empty: only in the table), what is set beside what.
ADULTS = "simulated at 25 and over without students, published at 18 and over"
OUTCOMES = {
    "poverty_risk_non_eu_born": ("% of persons", "poverty risk, non-EU-born", ADULTS),
    "poverty_risk_non_eu_born_under_65": ("% of persons", "", "simulated at 25-64 without students; not published"),
    "poverty_risk_non_eu_born_65_and_over": ("% of persons", "", "not published"),
    "poverty_risk_under_65": ("% of persons", "poverty risk, everybody under 65", ADULTS),
    "relative_poverty_risk": (
        "% of the risk of everybody under 65", "poverty risk, non-EU-born relative to everybody under 65", ADULTS
    ),
    "income_ratio_of_foreign_citizens": (
        "% of nationals' median", "median income, citizens of other countries over nationals", ADULTS
    ),
    "income_ratio_of_the_non_eu_born": ("% of natives' median", "", "simulated at 25 and over without students; not published"),
    "benefit_recipients": (
        "% of the poor in jobless households", "benefit recipients among the poor in jobless households",
        "simulated at 25-64: no earnings in the year, no earning partner; unemployment benefit, assistance or child benefit",
    ),
    "family_relief": (
        "% of labour cost", "relief of a one-earner couple with two children",
        "simulated: child benefit alone, because tax has one schedule; published: tax and cash benefits",
    ),
}  # fmt: skip
OF_PARAMETER = {  # and whether the row names an origin
    ("published_poverty_risk", True): "poverty_risk_non_eu_born",
    ("published_poverty_risk", False): "poverty_risk_under_65",
    ("published_income_ratio", True): "income_ratio_of_foreign_citizens",
    ("published_benefit_recipients", False): "benefit_recipients",
    ("published_family_relief", False): "family_relief",
}


def write(folder: Path, config: Config, inputs: Any) -> list[str]:
    """Simulate, write the table, and return the lines for the console."""
    found = table([outcomes(inputs, seed) for seed in config.seeds[:SEEDS]], relief(inputs))
    found.to_csv(folder / "households.csv", index=False, float_format="%.2f", lineterminator="\n")
    return console(found)


def outcomes(inputs: Any, seed: int) -> dict[tuple[str, str], float]:
    """Percent by (outcome, place) of one seed; shares also for the EU when all Member States are simulated."""
    shares: dict[str, dict[str, tuple[float, float]]] = {}  # outcome, place: persons with it, persons
    found: dict[tuple[str, str], float] = {}
    for ms, income in household.simulate_incomes(inputs, seed, YEAR):
        place = codes.MEMBER_STATES[ms]
        euro, for_children = household.equivalised(income)
        weight = income["weight"]
        poor = euro < POVERTY_LINE * household.weighted_median(euro, weight)
        for name, (has, group) in _shares(income, poor, for_children).items():
            shares.setdefault(name, {})[place] = (weight[group & has].sum(), weight[group].sum())
        abroad = income["origin"] == codes.NON_EU_BORN
        pairs = {
            "income_ratio_of_foreign_citizens": (abroad & (income["citizen"] == 0), income["citizen"] == 1),
            "income_ratio_of_the_non_eu_born": (abroad, income["origin"] == codes.NATIVE),
        }
        for name, groups in pairs.items():
            if all(group.any() for group in groups):
                medians = [household.weighted_median(euro[group], weight[group]) for group in groups]
                found[name, place] = 100.0 * medians[0] / medians[1]
    for name, by_place in shares.items():
        if set(by_place) == set(codes.MEMBER_STATES):
            by_place = {**by_place, EU: tuple(np.sum(list(by_place.values()), axis=0))}
        found |= {(name, place): 100.0 * part / whole for place, (part, whole) in by_place.items() if whole}
    return found | _relative(found)


def _shares(income: np.ndarray, poor: np.ndarray, for_children: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Masks by outcome: who has it, among whom."""
    abroad, under_65 = income["origin"] == codes.NON_EU_BORN, income["age"] < UNTIL_65
    jobless = (income["earnings"] == 0) & (income["partner"] <= household.NOT_WORKING)
    return {
        "poverty_risk_non_eu_born": (poor, abroad),
        "poverty_risk_non_eu_born_under_65": (poor, abroad & under_65),
        "poverty_risk_non_eu_born_65_and_over": (poor, abroad & ~under_65),
        "poverty_risk_under_65": (poor, under_65),
        "benefit_recipients": (income["benefits"] + for_children > 0, under_65 & poor & jobless),
    }


def _relative(found: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Poverty risk of the non-EU-born in percent of that of everybody under 65."""
    whole = {place: value for (name, place), value in found.items() if name == "poverty_risk_under_65" and value > 0}
    return {
        ("relative_poverty_risk", place): 100.0 * found["poverty_risk_non_eu_born", place] / value
        for place, value in whole.items()
        if ("poverty_risk_non_eu_born", place) in found
    }


def relief(inputs: Any) -> dict[tuple[str, str], float]:
    """What two children take off the wedge of a one-earner couple at the average wage: benefits in percent of labour cost."""
    (average,) = np.flatnonzero(POINTS == 1.0)
    found = {}
    for ms in inputs.member_states:
        f = inputs.fiscal[ms]
        labour_cost = f["average_wage"] * (1.0 + f["employer"][average])
        found["family_relief", codes.MEMBER_STATES[ms]] = float(100.0 * 2 * f["child_benefit"] / labour_cost)
    return found


def published() -> dict[tuple[str, str], float]:
    """Percent by (outcome, place)."""
    rows = targets.of_validation_file()
    rows = rows[rows["parameter"].isin(targets.HOUSEHOLDS)]
    found = {(OF_PARAMETER[row.parameter, bool(row.origin)], row.geo): 100.0 * row.value for row in rows.itertuples()}
    return found | _relative(found)


def table(by_seed: Sequence[dict[tuple[str, str], float]], fixed: dict[tuple[str, str], float]) -> pd.DataFrame:
    """One row per outcome and place: observed, simulated with monte_carlo_se, difference, unit, note."""
    observed = published()
    rows = []
    for name, (unit, _, note) in OUTCOMES.items():
        places = [key[1] for key in (*by_seed[0], *fixed) if key[0] == name]
        for place in sorted(places, key=lambda place: (place != EU, place)):
            values = np.array([one.get((name, place), np.nan) for one in by_seed])
            simulated = fixed.get((name, place), float(values.mean()))
            error = 0.0 if (name, place) in fixed else float(statistics.standard_error(values))
            seen = observed.get((name, place), np.nan)
            rows.append({
                "outcome": name, "place": place, "observed": seen, "simulated": simulated, "monte_carlo_se": error,
                "difference": simulated - seen, "unit": unit, "note": note,
            })  # fmt: skip
    return pd.DataFrame(rows)


def console(found: pd.DataFrame) -> list[str]:
    """Mean published and simulated, mean absolute error and rank correlation over Member States of every outcome."""
    rows = []
    for name, (_, words, _) in OUTCOMES.items():
        mine = found[(found["outcome"] == name) & (found["place"] != EU)].dropna(subset=["observed", "simulated"])
        if mine.empty or not words:
            continue
        rank = mine["observed"].rank().corr(mine["simulated"].rank()) if len(mine) > 2 else np.nan
        worst = mine.loc[mine["difference"].abs().idxmax()]
        rows.append([
            words, f"{mine['observed'].mean():.1f}", f"{mine['simulated'].mean():.1f}", f"{mine['difference'].abs().mean():.1f}",
            "-" if np.isnan(rank) else f"{rank:.2f}", f"{worst['place']} {worst['difference']:+.1f}", str(len(mine)),
        ])  # fmt: skip
    header = ["mean over Member States, %", "published", "simulated", "mean abs. error", "rank correlation", "worst", "of"]
    title = f"Households by the household proxy, incomes of {YEAR} (indicative: assumed partners, people are not linked)"
    return [title, text.table(header, rows), ""]
