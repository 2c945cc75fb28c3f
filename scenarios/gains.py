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
from scenarios import conventions, statistics, summary

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


def write_conventions_table(
    path: Path, baseline: Sequence[Results], paired: Sequence[Results], price_years: Sequence[int], hicp: Mapping[int, float]
) -> None:
    """Level by origin in 2019 and the last year, and every gain, under each combination of conventions and price year."""
    last = baseline[0].years[-1]
    years = sorted({year for year in (2019, last) if year in baseline[0].years})
    labels = paired[0].parity.labels
    switches = [name for name in Accounting.__dataclass_fields__ if name != "price_year"]
    levels = [f"level_{origin}_{year}" for year in years for origin in codes.ORIGINS]
    first = price_years[0]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["price_year", *switches, "unit", *levels, *(f"gain_{last}_" + "_".join(label) for label in labels)]
        )
        for accounting in conventions.every_convention(first):
            net = statistics.mean([summary.net_by_origin(result, accounting, hicp, years) for result in baseline])
            gain = statistics.mean(per_head(baseline, paired, accounting, hicp, [last])[:, :, 0, 0].sum(axis=-1))
            row = [str(getattr(accounting, name)).lower() for name in switches]
            for price_year in price_years:  # which only rescales
                factor = hicp[price_year] / hicp[first]
                unit = summary.contribution_unit(replace(accounting, price_year=price_year))
                numbers = [f"{factor * value:.2f}" for value in (*net.reshape(-1), *gain)]
                writer.writerow([price_year, *row, unit, *numbers])
