"""What a policy returns over its years: cumulated and present values, payback, cost per job, share of the gain at parity.

Sums over years are samples of their own (scenarios.draws). Payback and ratios are functions of such sums: of their mean over
seeds, by jackknife over seeds for the Monte Carlo error, and draw by draw for the interval, which then holds the Monte Carlo
noise of a coarse run and, by extension, the value; without draws the interval of a ratio is that of its Monte Carlo error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scenarios import draws, fiscal_effect, jobs, payback, statistics

MONEY = fiscal_effect.ITEM
CUMULATED = ("gross", "direct_cost", "programme_cost", "cost", "national_cost", "eu_cost", "net", "national_net")
# Cost per unit: which sum over years of scenarios.jobs is the unit.
UNIT_COSTS = {
    "cost_per_job_year_added": "added",
    "cost_per_job_year_net": "net",
    "cost_per_upgraded_year": "upgraded",
}
NUMBERS = ("draws_median", "monte_carlo_se", "low", "high", "noise_share")  # beside a value
COLUMNS = ("policy", "place", "measure", "value", *NUMBERS, "unit", "note")
SHARE_COLUMNS = ("policy", "place", "variant", "effect", "share", *NUMBERS, "unit", "note")
UNIT_OF_SHARE = "% of the gain at parity"
NO_NUMBER = NOT_TOLD, NEGATIVE, NONE = "effect not told from zero", "effect is negative", "no effect"
OPEN = "upper end open"
TENFOLD = 10.0  # a quotient farther from its value than so many times says no more than that its divisor comes close to zero
BEYOND = 1e12  # stands for infinity in percentiles
FEW = "one seed and no draws: no interval"


def units(first: int, last: int, price_year: int) -> dict[str, str]:
    """Unit of every measure of returns(), in the order of the table."""
    million = f"million EUR of {price_year}"
    found = {f"cumulated_{name}": f"{million}, {first} to {last}" for name in CUMULATED}
    found |= {f"{name}_{last}": f"{million} in {last}" for name in ("gross", "cost", "net")}
    found |= {f"present_value_{100 * rate:.0f}": f"{million}, discounted to {first}" for rate in payback.RATES}
    found["payback"] = "year, fraction as part of the year"
    found |= {name: f"EUR of {price_year} per person-year" for name in UNIT_COSTS}
    found |= {f"jobs_{name}_{last}": "persons" for name in jobs.ITEMS}
    found["others_lost_per_job_added"] = "jobs"
    return found


def sums(money: draws.Sample, persons: draws.Sample, years: Sequence[int]) -> dict[str, draws.Sample]:
    """Samples [simulation, place] of all that is a weighted sum over years, and of the sums that costs are divided by."""
    last = years[-1]
    found = {f"cumulated_{name}": money.map(lambda values, row=MONEY[name]: values[:, row].sum(axis=1)) for name in CUMULATED}
    found |= {f"{name}_{last}": money.map(lambda values, row=MONEY[name]: values[:, row, -1]) for name in ("gross", "cost", "net")}
    for rate in payback.RATES:
        found[f"present_value_{100 * rate:.0f}"] = money.map(
            lambda values, rate=rate: payback.present_value(np.moveaxis(values[:, MONEY["net"]], 1, 2), years, rate)
        )
    found |= {f"jobs_{name}_{last}": persons.map(lambda values, row=jobs.ITEM[name]: values[:, row, -1]) for name in jobs.ITEMS}
    return found


def ratio(amount: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Amount per unit; not-a-number where there is no unit. Unlike statistics.per_head, negative units divide too."""
    by = np.broadcast_to(by, np.broadcast_shapes(amount.shape, by.shape))
    return np.divide(amount, by, out=np.full(by.shape, np.nan), where=by != 0)


def told_from_zero(sample: draws.Sample) -> np.ndarray:
    """Sign of a quantity where its 90 % interval lies on one side of zero, else 0: of the draws, or of the seeds without draws.

    Not-a-number with a single seed and no draws, where nothing is known of the error.
    """
    low, high = _ends(sample)
    return np.where(np.isnan(low), np.nan, np.where(low > 0, 1, np.where(high < 0, -1, 0)))


def _ends(sample: draws.Sample) -> tuple[np.ndarray, np.ndarray]:
    if sample.drawn is not None:
        return draws.holding(*draws.percentiles(sample.moved()), sample.centre)
    return sample.whole_interval()[:2]


def undefined(by: draws.Sample, either_sign: bool) -> np.ndarray:
    """Why a quotient by a quantity is no number (NO_NUMBER), empty where it is one; FEW where its error is unknown.

    An amount of `either_sign` needs more of its divisor than to be told from zero, since both ends of the quotient run away
    as it comes close: to be positive in every draw, and not below its value over TENFOLD at the low end of its interval.
    """
    sign = told_from_zero(by)
    if either_sign:
        close = _ends(by)[0] < by.centre / TENFOLD
        if by.drawn is not None:
            close |= (by.moved() <= 0.0).any(axis=0)
        sign = np.where((sign == 1) & close, 0, sign)
    words = np.select([by.centre == 0, np.isnan(sign), sign == 0, sign < 0], [NONE, FEW, NOT_TOLD, NEGATIVE], default="")
    return words.astype(object)


def table(
    policy: str, money: draws.Sample, persons: draws.Sample, places: Sequence[str], years: Sequence[int], price_year: int
) -> pd.DataFrame:
    """Rows (COLUMNS) of one policy from samples [simulation, item, year, place] of scenarios.fiscal_effect and scenarios.jobs in the
    policy's years."""
    first, last = years[0], years[-1]
    found = sums(money, persons, years)
    numbers = {name: (sample.centre, sample.draws_median(), *sample.columns().values()) for name, sample in found.items()}
    notes: dict[str, Sequence[str]] = {}
    path = money.map(lambda values: np.moveaxis(values[:, MONEY["net"]].cumsum(axis=1), 1, 2))
    moment = payback.payback(path.centre, years)
    middle, low, high = _of_draws(payback.payback(path.moved(), years) if path.drawn is not None else None, moment)
    error = _jackknife(lambda mean: payback.payback(mean, years), path.full)
    numbers["payback"] = moment, middle, error, low, high, found["cumulated_net"].noise_of_draws()
    notes["payback"] = [
        payback.quarter(one, first, last)
        + ("" if path.drawn is None else f" [{payback.quarter(early, first, last)} to {payback.quarter(late, first, last)}]")
        for one, early, late in zip(moment, low, high, strict=True)
    ]
    cost = money.map(lambda values: fiscal_effect.MILLION * values[:, MONEY["cost"]].sum(axis=1))
    worked = persons.map(lambda values: values.sum(axis=2))
    divided = {name: (cost, item) for name, item in UNIT_COSTS.items()}
    divided["others_lost_per_job_added"] = (worked.map(lambda values: values[:, jobs.ITEM["lost_by_others"]]), "added")
    for name, (amount, item) in divided.items():
        by = worked.map(lambda values, row=jobs.ITEM[item]: values[:, row])
        value, *beside, high, noise_share = quotient(amount, by)
        notes[name] = undefined(by, either_sign=name not in UNIT_COSTS)
        if name in UNIT_COSTS:
            high = np.where((value > 0) & (high > TENFOLD * value), np.inf, high)
            notes[name] = np.where((notes[name] == "") & np.isinf(high), OPEN, notes[name])
        numbers[name] = value, *beside, high, noise_share
    rows = []
    for name, unit in units(first, last, price_year).items():
        for p, place in enumerate(places):
            note = notes[name][p] if name in notes else ""
            empty = name in divided and note in NO_NUMBER
            cells = [None if empty else statistics.number(column[p]) for column in numbers[name]]
            rows.append([policy, place, name, *cells, unit, note])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def quotient(amount: draws.Sample, by: draws.Sample) -> tuple[np.ndarray, ...]:
    """Ratio of the means over seeds, its median over draws, its jackknife error, its interval, and the share of noise in it (NUMBERS).

    A draw without a positive unit costs without bound. The share is that of the amount less the ratio at the centre times the
    units, to which the ratio is proportional near the centre.
    """
    centre = ratio(amount.centre, by.centre)
    both = np.stack(np.broadcast_arrays(amount.full, by.full), axis=1)
    error = _jackknife(lambda mean: ratio(mean[0], mean[1]), both)
    if by.drawn is None:
        half = draws.student(len(by.full) - 1) * error
        return centre, np.full(centre.shape, np.nan), error, centre - half, centre + half, draws.share(half, half)
    drawn, units = np.broadcast_arrays(amount.moved(), by.moved())
    middle, low, high = _of_draws(np.where(units > 0, ratio(drawn, units), np.inf), centre)
    left = draws.Sample(*(of - centre * units for of, units in zip(amount.parts, by.parts)))
    return centre, middle, error, low, high, left.noise_of_draws()


def _jackknife(function: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> np.ndarray:
    """Standard error of a function of the mean over seeds (first axis), leaving one seed out at a time; not-a-number for one."""
    number = len(values)
    if number < 2:
        return np.full(function(values[0]).shape, np.nan)
    without = np.stack([function(np.delete(values, n, axis=0).mean(axis=0)) for n in range(number)])
    with np.errstate(invalid="ignore"):  # of a payback that is never reached
        return np.sqrt((number - 1) / number * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def _of_draws(drawn: np.ndarray | None, value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Median and both ends of the interval of draws that may be infinite, extended to hold the value at the centre; undefined
    draws count as infinite unless all are."""
    if drawn is None:
        return tuple(np.full((3, *value.shape), np.nan))
    counted = np.where(np.isnan(drawn), BEYOND, np.minimum(drawn, BEYOND))
    found = np.stack([np.median(counted, axis=0), *draws.percentiles(counted)])
    middle, low, high = np.where(np.isnan(drawn).all(axis=0), np.nan, np.where(found > BEYOND / 100.0, np.inf, found))
    return middle, *draws.holding(low, high, value)


def shares(
    money: draws.Sample, gain: draws.Sample, variants: Sequence[str], places: Sequence[str], policy: str
) -> list[dict[str, Any]]:
    """Share of the gain at parity that the policy reaches in the last year, in percent, by variant and place.

    money [simulation, item, place] of the last year in million euro, gain [simulation, variant, place] in million euro, both of
    the same simulations. `gross` is the change of the non-EU-born's own contribution, `net` that of everybody less the cost. No number,
    but a note, where the gain is no divisor (undefined).
    """
    rows = []
    notes = undefined(gain, either_sign=True)
    for kind, item in (("gross", "gross_non_eu_born"), ("net", "net")):
        mine = money.map(lambda values, row=MONEY[item]: 100.0 * values[:, None, row])
        numbers = quotient(mine, gain)
        for v, variant in enumerate(variants):
            for p, place in enumerate(places):
                note = notes[v, p]
                cells = [None if note in NO_NUMBER else statistics.number(column[v, p]) for column in numbers]
                rows.append(dict(zip(SHARE_COLUMNS, [policy, place, variant, kind, *cells, UNIT_OF_SHARE, note], strict=True)))
    return rows
