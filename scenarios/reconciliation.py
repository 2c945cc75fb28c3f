"""How the account of the whole population meets published figures, and what a job or a pay rise pays at the margin.

`reconciliation` sets the amounts of 2019 of a baseline beside national accounts, by Member State and item; `marginal_take` sets
the schedules in use beside published wedges and traps. Both were aimed at: nothing here is a validation.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration import scale_factors
from calibration.fiscal_tables import fiscal_table
from calibration.tables import Parameter, where_given
from model import Results, codes
from model.fiscal import schedule
from scenarios import summary

YEAR = 2019
RESIDUAL = 2.0  # percent of the published amount
FACTOR = (0.8, 1.25)
POINTS = 3.0  # allowed difference of a marginal take
MILLION = 1e6
LOW, AVERAGE, HIGH, LOWEST = 0.67, 1.0, 1.67, 0.33  # of the average wage


@dataclass(frozen=True)
class Item:
    """What is compared: components added, published shares of GDP added, amount per adult (scale_factors.PER_ADULT) booked
    there if any, scale factor of the tables if any, and why a factor is below or above FACTOR."""

    name: str
    components: tuple[str, ...]
    published: tuple[str, ...]
    per_adult: str = ""
    scale: str = ""
    below: str = ""
    above: str = ""
    partial: str = ""  # not met alone: part of another item, for this reason


OWN_ACCOUNT = "the self-employed, who pay less, and the undeclared are taxed like employees"
OTHER_INCOME = "tax on capital, self-employment and property income, which is not simulated"
SHAPE = "the published profile by age or level gives the shape only, the level is fitted"
JOINT = "functions divide differently: met together with the others as unemployment, exclusion and disability"
ITEMS = (
    Item("income tax", ("income_tax",), ("income_tax_revenue",), "income_tax_per_adult", "",
         "single schedule for all: allowances for couples, children and housing; " + OWN_ACCOUNT, OTHER_INCOME),
    Item("social contributions", ("employee_contributions", "employer_contributions"), ("contribution_revenue",),
         "contribution_per_adult", "", OWN_ACCOUNT + "; reductions for low pay",
         "contributions of the self-employed, of pensioners and of cross-border workers; in LT the reform of 2019 moved "
         "employer contributions into pay, published revenue is of 2018"),
    Item("consumption taxes of households", ("indirect_tax",), ("consumption_tax_revenue",), "indirect_per_adult", "",
         "", "spending out of capital and self-employment income and by tourists is not simulated"),
    Item("pensions", ("pension",), ("pension_spending",), "", "pension_scale",
         "the aggregate replacement ratio includes occupational pensions, which are not public spending",
         "the ratio is that of medians at 65-74 to 50-59; spending also holds survivors', early and disability pensions and "
         "pensions paid abroad (LU: cross-border workers)"),
    Item("family benefits", ("family_benefit",), ("family_spending",), "", "family_scale",
         "more children per mother are simulated than live in the Member State", "children without a mother in the tables"),
    Item("health", ("health",), ("health_spending",), "", "health_scale", SHAPE, SHAPE),
    Item("long-term care", ("long_term_care",), ("long_term_care_spending",), "", "long_term_care_scale",
         SHAPE + "; nursing within health is counted there", SHAPE),
    Item("education", ("education",), ("education_spending",), "", "education_scale", SHAPE, SHAPE),
    Item("unemployment, exclusion and disability", ("unemployment_benefit", "social_assistance", "other_cash"),
         ("unemployment_spending", "exclusion_spending", "disability_spending"), "benefit_per_adult", "",
         "published spending below benefits under the rules",
         "spending on people who are not unemployed or inactive by the survey, on training, short-time work and early exit, "
         "and in kind"),
    Item("of which unemployment benefits", ("unemployment_benefit",), ("unemployment_spending",),
         below="the claim of six months at the initial rate is longer than the national one",
         above="the function also pays assistance to the long-term unemployed (DE, FR, IE, ES, AT, FI), short-time work, training, "
         "early exit and contributions for recipients; benefits at the published rates and recipients do not reach it",
         partial=JOINT),
    Item("of which social assistance", ("social_assistance",), ("exclusion_spending",),
         scale="assistance_factor", below="assistance is little used beside other benefits",
         above="take-up of the minimum income is raised towards unemployment and exclusion spending together", partial=JOINT),
    Item("of which disability benefits", ("other_cash",), ("disability_spending",), "benefit_per_adult",
         partial=JOINT + "; what rules do not produce of all three is booked here"),
)  # fmt: skip


PAY = Item("gross pay of the employed", (), (), scale="wage_level_scale",
           below="the average wage is that of full-time employees in industry and services; pay per head counts small jobs and "
           "public services, and education and experience raise simulated pay",
           above="pay per head is high relative to the average wage of industry and services")  # fmt: skip


def reconciliation(results: Sequence[Results]) -> list[dict[str, Any]]:
    """Rows place, item, published, simulated, by_rules (million EUR), factor, residual_percent, within, explanation: the mean
    over seeds in 2019, the sum of the Member States first; none if the run does not hold 2019.

    `factor` is the scale factor of the tables where there is one, else published over what schedules and rules give (`by_rules`);
    the difference between `simulated` and `by_rules` is shared equally over adults. The factor of the sum is published over the
    amount by rules at factors of one.
    """
    first = results[0]
    if YEAR not in first.years:
        return []
    year = first.years.index(YEAR)
    chosen = [codes.MEMBER_STATES.index(state) for state in first.member_states]
    compared = [(PAY, *pay(results, year, chosen))]
    counts = np.mean([r.counts[year].sum(axis=(1, 2, 3)) for r in results], axis=0)
    grown_up = np.mean([scale_factors.adults(r, year) for r in results], axis=0)
    wage = Parameter("average_wage", year=YEAR).by_state()[chosen]
    places = [summary.place(first.member_states), *first.member_states]
    for item in ITEMS:
        published = scale_factors.published(item.published)[chosen]
        simulated = sum(counts[:, codes.MEASURE[name]] for name in item.components) / 100.0
        by_rules = np.array(simulated)
        if item.per_adult:
            persons = grown_up[:, 1 if item.per_adult == "benefit_per_adult" else 0]
            by_rules -= Parameter(item.per_adult).by_state()[chosen] * wage * persons
        compared.append((item, published, simulated, by_rules))
    found = []
    for item, published, simulated, by_rules in compared:
        factor = Parameter(item.scale).by_state()[chosen] if item.scale else _ratio(published, by_rules)
        at_one = by_rules / factor if item.scale else by_rules
        factor = [_ratio(published.sum(), at_one.sum()), *factor]
        amounts = [np.array([values.sum(), *values]) / MILLION for values in (published, simulated, by_rules)]
        for p, place in enumerate(places):
            found.append(_row(item, place, *(float(values[p]) for values in amounts), float(factor[p])))
    return sorted(found, key=lambda row: places.index(row["place"]))


def pay(results: Sequence[Results], year: int, chosen: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gross pay of the employed aged 20-64 by Member State, EUR: published per head times simulated persons, simulated twice."""
    found = [scale_factors.simulated_pay(r.counts[year].sum(axis=(1, 2, 3))) for r in results]
    employed, per_head = np.mean(found, axis=0)
    amount = per_head * employed
    return scale_factors.targets()["earnings"][chosen] * employed, amount, amount


def _ratio(above: Any, below: Any) -> Any:
    return np.divide(above, below, out=np.full_like(below, np.nan), where=np.asarray(below) > 0)


def _row(item: Item, place: str, published: float, simulated: float, by_rules: float, factor: float) -> dict[str, Any]:
    """One row; the explanation is given where the factor is outside FACTOR or the residual above RESIDUAL."""
    residual = 100.0 * (simulated / published - 1.0) if published > 0 else np.nan
    why = item.below if factor < FACTOR[0] else (item.above if factor > FACTOR[1] else "")
    within = "part" if item.partial else str(bool(abs(residual) <= RESIDUAL)).lower()
    return {
        "place": place, "item": item.name, "published": published, "simulated": simulated, "by_rules": by_rules,
        "factor": factor, "residual_percent": residual, "within": within,
        "explanation": "; ".join(filter(None, (why, item.partial))),
    }  # fmt: skip


def marginal_take() -> list[dict[str, Any]]:
    """Rows place, step, base, simulated, published (percent of the base), difference (points), within, note: schedules in use
    against published wedges and traps of a single person in 2019 (second earner: of a couple).

    Labour cost as the base holds employer contributions; consumption taxes are in neither. A published figure that does not exist
    for a Member State gives no row.
    """
    fiscal = fiscal_table()
    rows: list[dict[str, Any]] = []

    def add(step: str, base: str, simulated: Mapping[str, float], published: np.ndarray, note: str = "") -> None:
        for ms, state in enumerate(codes.MEMBER_STATES):
            if np.isfinite(published[ms]):
                rows.append(_take(state, step, base, simulated[state], 100.0 * float(published[ms]), note))

    def of_state(function: Any) -> dict[str, float]:
        return {state: 100.0 * function(fiscal[ms]) for ms, state in enumerate(codes.MEMBER_STATES)}

    add("67 to 100 % of the average wage", "labour cost", of_state(lambda f: wedge(f, LOW, AVERAGE)), arc("0.67", "1.0"))
    add("100 to 167 % of the average wage", "labour cost", of_state(lambda f: wedge(f, AVERAGE, HIGH)), arc("1.0", "1.67"))
    imputed = Parameter("employer_contributions", year=YEAR, category="1.0", status="imputed").rows["geo"].to_list()
    for row in rows:
        if row["place"] in imputed:
            row["note"] = "employer contributions above 67 % imputed"
    average = Parameter("tax_wedge", category="0.67").by_state()
    add("inactivity to work at 67 %, no benefit before", "labour cost", of_state(lambda f: wedge(f, 0.0, LOW)), average)
    second = Parameter("inactivity_trap_second_earner").by_state()
    add("inactivity to work at 67 %, second earner", "gross pay",
        of_state(lambda f: employee_take(f, 0.0, LOW) + f["second_earner"]), second)  # fmt: skip
    trap = Parameter("unemployment_trap").by_state()
    add("unemployment to work at 67 %", "gross pay", of_state(unemployment_take), trap)
    for point, start, end in (("0.67", LOW, AVERAGE), ("1.0", AVERAGE, HIGH)):
        at = where_given("marginal_wedge", ("geo", codes.MEMBER_STATES), ("category", (point,)))[:, 0]
        add(f"one euro more at {100 * start:.0f} %", "labour cost", of_state(lambda f, a=start, b=end: wedge(f, a, b)), at,
            "for information: the schedule has one slope between two published wages")  # fmt: skip
    low = Parameter("low_wage_trap").by_state()
    add("33 to 67 % of the average wage", "gross pay", of_state(lambda f: employee_take(f, LOWEST, LOW)), low,
        "for information: benefits of low earners are not simulated")  # fmt: skip
    return rows


def _take(place: str, step: str, base: str, simulated: float, published: float, note: str) -> dict[str, Any]:
    difference = simulated - published
    return {
        "place": place, "step": step, "base": base, "simulated": simulated, "published": published,
        "difference": difference, "within": str(bool(abs(difference) <= POINTS)).lower(), "note": note,
    }  # fmt: skip


def wedge(f: Any, start: float, end: float) -> float:
    """Share of added labour cost that goes to tax and contributions when pay rises from start to end (average wages)."""
    employer = schedule(f["employer"], end) - schedule(f["employer"], start)
    taken = employee_take(f, start, end) * (end - start) + employer
    return float(taken / (end - start + employer))


def employee_take(f: Any, start: float, end: float) -> float:
    """Share of added gross pay that goes to income tax and employee contributions."""
    taken = sum(schedule(f[name], end) - schedule(f[name], start) for name in ("income_tax", "employee"))
    return float(taken / (end - start))


def unemployment_take(f: Any) -> float:
    """Share of gross pay at 67 % of the average wage lost to tax, contributions and the benefit of the first half-year."""
    net = LOW * (1.0 - employee_take(f, 0.0, LOW))
    return float(1.0 - net * (1.0 - f["replacement"][0]) / LOW)


def arc(start: str, end: str) -> np.ndarray:
    """Take between two published wages by Member State, share of labour cost, from published amounts."""

    def amounts(category: str) -> np.ndarray:
        gross = float(category) * Parameter("average_wage", year=YEAR).by_state()
        names = ("income_tax", "employee_contributions", "employer_contributions")
        return np.array([gross, *(Parameter(name, year=YEAR, category=category).by_state() for name in names)])

    gross, tax, employee, employer = amounts(end) - amounts(start)
    return (tax + employee + employer) / (gross + employer)


def write(folder: Path, results: Sequence[Results]) -> None:
    """Write reconciliation.csv and marginal_take.csv into a folder."""
    for name, rows in (("reconciliation", reconciliation(results)), ("marginal_take", marginal_take())):
        if rows:
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def lines(results: Sequence[Results]) -> list[str]:
    """Two lines on both tables for the console."""
    said = []
    met = [row["within"] == "true" for row in reconciliation(results) if row["within"] != "part"]
    if met:
        said.append(f"National accounts 2019: {sum(met)} of {len(met)} amounts within {RESIDUAL:.0f} % (reconciliation.csv)")
    take = [row["within"] == "true" for row in marginal_take() if not row["note"].startswith("for information")]
    said.append(f"Wedge and trap tables: {sum(take)} of {len(take)} marginal takes within {POINTS:.0f} points (marginal_take.csv)")
    return said
