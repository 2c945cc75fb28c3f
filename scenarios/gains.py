"""The gain at parity: net fiscal contribution of the same persons at parity minus at baseline, per seed.

Children and services for them are the same in both, so the convention for children does not touch a gain.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, draws, statistics, summary

Label = tuple[str, str, str]  # variant, given, reference


def parts(
    baseline: Results,
    paired: Results,
    accounting: Accounting,
    hicp: Mapping[int, float],
    years: Sequence[int] | None = None,
) -> np.ndarray:
    """Added euro [label, year, member state, component in use] of the non-EU-born; all years unless some are named."""
    years = baseline.years if years is None else years
    rows = [baseline.years.index(year) for year in years]
    first = codes.MEASURE[codes.COMPONENTS[0]]
    cents = baseline.counts[rows][:, :, codes.NON_EU_BORN, ..., first:].sum(axis=(2, 3))
    added = paired.parity.components[:, rows].sum(axis=(3, 4)) - cents[None]
    return conventions.signed_parts(added, years, 1, accounting, hicp)


def heads(baseline: Results, accounting: Accounting, years: Sequence[int] | None = None) -> np.ndarray:
    """Non-EU-born persons [year, member state] the gain is divided by."""
    rows = [baseline.years.index(year) for year in (baseline.years if years is None else years)]
    return conventions.heads(baseline.counts[rows][:, :, codes.NON_EU_BORN].sum(axis=(2, 3)), accounting)


def per_head(
    baseline: Sequence[Results],
    paired: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
    years: Sequence[int] | None = None,
) -> np.ndarray:
    """Gain per head [seed, label, year, place, component in use]; the first place is the sum of all Member States."""
    found = []
    for before, after in zip(baseline, paired, strict=True):
        amounts = statistics.with_total(parts(before, after, accounting, hicp, years), 2)
        persons = statistics.with_total(heads(before, accounting, years), 1)
        found.append(statistics.per_head(amounts, np.broadcast_to(persons[None, :, :, None], amounts.shape)))
    return np.stack(found)


def achieved_gap(paired: Sequence[Results]) -> dict[str, float | None]:
    """Largest remaining gap to the target in the four quarters of the last year, points, by label, over seeds."""
    labels = paired[0].parity.labels
    gaps = np.stack([result.parity.gap[:, -4:] for result in paired]).max(axis=(0, 2))
    return {"|".join(label): statistics.number(gap) for label, gap in zip(labels, gaps, strict=True)}


def convention_years(years: Sequence[int]) -> list[int]:
    """Years of the levels in conventions_table.csv: 2019 and the last."""
    return sorted({year for year in (2019, years[-1]) if year in years})


def by_convention(baseline: Results, paired: Results, price_year: int, hicp: Mapping[int, float]) -> np.ndarray:
    """Of one seed under each combination of conventions, all Member States together: level per head by year (convention_years) and
    origin, then the gain of every label in the last year, [combination, quantity]."""
    last, years = baseline.years[-1], convention_years(baseline.years)
    found = []
    for accounting in conventions.every_convention(price_year):
        net = summary.net_by_origin(baseline, accounting, hicp, years)
        gain = per_head([baseline], [paired], accounting, hicp, [last])[0, :, 0, 0].sum(axis=-1)
        found.append(np.concatenate([net.reshape(-1), gain]))
    return np.stack(found)


def write_conventions_table(
    path: Path,
    sample: draws.Sample,
    years: Sequence[int],
    labels: Sequence[Label],
    price_years: Sequence[int],
    hicp: Mapping[int, float],
) -> None:
    """Quantities of `by_convention` in the first price year, under each combination and in every price year.

    After the quantities their Monte Carlo standard errors (`_se`) and, with draws, the ends of their intervals (`_low`, `_high`).
    """
    switches = [name for name in Accounting.__dataclass_fields__ if name != "price_year"]
    names = [f"level_{origin}_{year}" for year in convention_years(years) for origin in codes.ORIGINS]
    names += [f"gain_{years[-1]}_" + "_".join(label) for label in labels]
    told = sample.numbers()
    endings = {"": "centre", "_se": "monte_carlo_se"} | ({"_low": "low", "_high": "high"} if sample.drawn is not None else {})
    first = price_years[0]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["price_year", *switches, "unit", *(name + ending for ending in endings for name in names)])
        for number, accounting in enumerate(conventions.every_convention(first)):
            row = [str(getattr(accounting, name)).lower() for name in switches]
            for price_year in price_years:  # which only rescales
                factor = hicp[price_year] / hicp[first]
                unit = summary.contribution_unit(replace(accounting, price_year=price_year))
                numbers = [factor * value for column in endings.values() for value in told[column][number]]
                writer.writerow([price_year, *row, unit, *("" if np.isnan(one) else f"{one:.2f}" for one in numbers)])
