"""What a policy returns over its years: cumulated and present values, payback, cost per job, share of the gain at parity.

All are functions of yearly effects, taken at the mean over seeds, by jackknife over seeds for their Monte Carlo error, and draw
by draw for their interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from scenarios import draws, fiscal_effect, jobs, payback, statistics

MONEY = fiscal_effect.ITEM
CUMULATED = ("gross", "direct_cost", "programme_cost", "cost", "national_cost", "eu_cost", "net", "national_net")
# Cost per unit: which sum over years of scenarios.jobs is the unit.
UNIT_COSTS = {
    "cost_per_job_year_added": "added",
    "cost_per_job_year_net": "net",
    "cost_per_upgraded_year": "upgraded",
}
COLUMNS = ("policy", "place", "measure", "value", "monte_carlo_se", "low", "high", "unit", "note")
NOT_TOLD, NEGATIVE, NONE = "effect not told from zero", "effect is negative", "no effect"
FEW = "one seed and no draws: no interval"


def units(first: int, last: int, price_year: int) -> dict[str, str]:
    """Unit of every measure of returns(), in the order of the table."""
    million = f"million EUR of {price_year}"
    found = {f"cumulated_{name}": f"{million}, {first} to {last}" for name in CUMULATED}
    found |= {f"{name}_{last}": f"{million} in {last}" for name in ("gross", "cost", "net")}
    found |= {f"present_value_{100 * rate:.0f}": f"{million}, discounted to {first}" for rate in payback.RATES}
    found["payback"] = "year, fraction as part of the year"
    found |= {name: f"EUR of {price_year} per person-year" for name in UNIT_COSTS}
    found |= {f"{name}_{last}": "persons" for name in jobs.ITEMS}
    found["others_lost_per_job_added"] = "jobs"
    return found


def returns(money: np.ndarray, persons: np.ndarray, years: Sequence[int]) -> dict[str, np.ndarray]:
    """Values [..., place] of every measure of units() from scenarios.fiscal_effect [..., item, year, place] and scenarios.jobs
    [..., item, year, place], both of the policy's years alone."""
    last = years[-1]
    by_year = np.moveaxis(money[..., MONEY["net"], :, :], -2, -1)
    total = money.sum(axis=-2)
    worked = persons.sum(axis=-2)
    found = {f"cumulated_{name}": total[..., MONEY[name], :] for name in CUMULATED}
    found |= {f"{name}_{last}": money[..., MONEY[name], -1, :] for name in ("gross", "cost", "net")}
    for rate in payback.RATES:
        found[f"present_value_{100 * rate:.0f}"] = payback.present_value(by_year, years, rate)
    found["payback"] = payback.payback(by_year, years)
    cost = fiscal_effect.MILLION * total[..., MONEY["cost"], :]
    for name, item in UNIT_COSTS.items():
        found[name] = ratio(cost, worked[..., jobs.ITEM[item], :])
    found |= {f"{name}_{last}": persons[..., jobs.ITEM[name], -1, :] for name in jobs.ITEMS}
    found["others_lost_per_job_added"] = ratio(worked[..., jobs.ITEM["lost_by_others"], :], worked[..., jobs.ITEM["added"], :])
    return found


def ratio(amount: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Amount per unit, not-a-number where there is no unit; unlike statistics.per_head negative units divide too."""
    return np.divide(amount, by, out=np.full(np.shape(by), np.nan), where=by != 0)


def told_from_zero(sample: draws.Sample) -> np.ndarray:
    """Sign of a quantity where its 90 % interval lies on one side of zero, else 0: of the draws, or of the seeds without draws.

    Not-a-number with a single seed and no draws, where nothing is known of the error.
    """
    low, high = sample.interval()
    if sample.drawn is None:
        if len(sample.full) < 2:
            return np.full(sample.full.shape[1:], np.nan)
        half = stats.t.ppf(0.95, len(sample.full) - 1) * sample.monte_carlo_se
        low, high = sample.centre - half, sample.centre + half
    return np.where(low > 0, 1, np.where(high < 0, -1, 0))


def table(
    policy: str, money: draws.Sample, persons: draws.Sample, places: Sequence[str], years: Sequence[int], price_year: int
) -> pd.DataFrame:
    """Rows (COLUMNS) of one policy from samples [simulation, item, year, place] of the policy's years."""
    centre = returns(money.centre, persons.centre, years)
    errors = _jackknife(money.full, persons.full, years)
    drawn = {} if money.drawn is None else returns(money.shrunk(), persons.shrunk(), years)
    bounds = {name: _percentiles(values, name == "payback") for name, values in drawn.items()}
    worked = persons.map(lambda values: values.sum(axis=2))
    signs = told_from_zero(worked)
    first, last = years[0], years[-1]
    rows = []
    for name, unit in units(first, last, price_year).items():
        for p, place in enumerate(places):
            numbers = [centre[name][p], errors[name][p], *(bounds[name][:, p] if drawn else (np.nan, np.nan))]
            note = ""
            if name == "payback":
                note = payback.quarter(centre[name][p], first, last)
                if drawn:
                    note += f" [{' to '.join(payback.quarter(value, first, last) for value in numbers[2:])}]"
            item = UNIT_COSTS.get(name) or ("added" if name == "others_lost_per_job_added" else None)
            if item is not None:
                note = _undefined(signs[jobs.ITEM[item], p], np.isnan(numbers[0]))
                if note and note != FEW:
                    numbers = [np.nan] * 4
            numbers = [value if np.isfinite(value) else None for value in numbers]
            rows.append([policy, place, name, *numbers, unit, note])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _undefined(sign: float, nothing: bool) -> str:
    """Why a cost per unit is no number, empty when it is one."""
    if nothing:
        return NONE
    if np.isnan(sign):
        return FEW
    return {1: "", 0: NOT_TOLD, -1: NEGATIVE}[int(sign)]


def _jackknife(money: np.ndarray, persons: np.ndarray, years: Sequence[int]) -> dict[str, np.ndarray]:
    """Standard errors of returns() over seeds, leaving one out at a time; not-a-number for a single seed."""
    number = len(money)
    if number < 2:
        return {name: np.full(values.shape, np.nan) for name, values in returns(money[0], persons[0], years).items()}
    without = [returns(np.delete(money, n, 0).mean(axis=0), np.delete(persons, n, 0).mean(axis=0), years) for n in range(number)]
    found = {}
    for name in without[0]:
        values = np.stack([one[name] for one in without])
        with np.errstate(invalid="ignore"):  # a payback that is never reached
            found[name] = np.sqrt((number - 1) / number * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    return found


def _percentiles(drawn: np.ndarray, unbounded: bool) -> np.ndarray:
    """Both ends of the interval [2, place]; a payback that is never reached lies beyond every year."""
    if not unbounded:
        return draws.percentiles(drawn)
    far = 1e6
    found = draws.percentiles(np.where(np.isnan(drawn), far, np.minimum(drawn, far)))
    return np.where(found > far / 1e3, np.inf, found)


def shares(
    money: draws.Sample, gain: draws.Sample, variants: Sequence[str], places: Sequence[str], policy: str
) -> list[dict[str, Any]]:
    """Share of the gain at parity that the policy reaches in the last year, by variant and place.

    money [simulation, item, place] of the last year in million euro, gain [simulation, variant, place] in million euro, both of
    the same simulations. `gross` is the change of the non-EU-born's own contribution, `net` that of everybody less the cost.
    """
    rows = []
    for kind, item in (("gross", "gross_non_eu_born"), ("net", "net")):
        mine = money.map(lambda values, item=item: values[:, None, MONEY[item]])
        centre = ratio(mine.centre, gain.centre)
        errors = _ratio_error(mine.full, gain.full)
        bounds = draws.percentiles(ratio(mine.shrunk(), gain.shrunk())) if gain.drawn is not None else np.full((2, *centre.shape), np.nan)
        for v, variant in enumerate(variants):
            for p, place in enumerate(places):
                numbers = (centre[v, p], errors[v, p], *bounds[:, v, p])
                rows.append(
                    dict(
                        zip(
                            ("policy", "place", "variant", "effect", "share", "monte_carlo_se", "low", "high"),
                            (policy, place, variant, kind, *(statistics.number(100.0 * value) for value in numbers)),
                        )
                    )
                )
    return rows


def _ratio_error(amount: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Jackknife standard error over seeds of a ratio of means."""
    number = len(amount)
    if number < 2:
        return np.full(by.shape[1:], np.nan)
    without = np.stack([ratio(np.delete(amount, n, 0).mean(axis=0) + 0 * by[0], np.delete(by, n, 0).mean(axis=0)) for n in range(number)])
    return np.sqrt((number - 1) / number * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def find(table: pd.DataFrame, measure: str, place: str) -> Mapping[str, Any]:
    """The row of a measure and place, with None for what is empty."""
    row = table[(table["measure"] == measure) & (table["place"] == place)].iloc[0]
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
