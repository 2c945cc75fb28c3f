"""Readings of "EUR 3 500": one gain for each way of understanding the sentence, beside the 3 500.

A reading is a label (variant, given, reference), a choice of conventions, and whether a year or a discounted sum is meant.
Price year, real wage growth and denominator are combined with each other; every other accounting switch is turned one at
a time from the settings of the run. Nothing here is chosen by closeness to the 3 500.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Accounting
from calibration.tables import scalar
from model import Results
from scenarios import conventions, displacement, draws, gains, summary

HEADLINE = 3500.0
PRICE_YEARS = (2015, 2019, 2024)
COMBINED = ("price_year", "real_wage_growth", "denominator")
OUTCOME = "reading_"  # names of readings among the outcomes of draws
OFF, ON = "off", "on"


@dataclass(frozen=True)
class Reading:
    """What is counted: a year, or the sum from the start of parity to the last year at a discount rate."""

    accounting: Accounting
    discount_rate: float | None = None  # per year; None: the last year alone
    market: str = OFF

    @property
    def measure(self) -> str:
        """Name of what is counted."""
        return "annual" if self.discount_rate is None else "discounted_sum"


def alternatives(accounting: Accounting) -> dict[str, list[Any]]:
    """Every value of every accounting switch, the one of the settings first."""
    found: dict[str, list[Any]] = {}
    for field in fields(Accounting):
        own = getattr(accounting, field.name)
        values = [getattr(one, field.name) for one in conventions.every_convention(accounting.price_year)]
        if field.name == "price_year":
            values = list(PRICE_YEARS)
        found[field.name] = list(dict.fromkeys([own, *values]))
    return found


def discount_rates() -> tuple[float, ...]:
    """Real rates per year: none, that of the tables, and 4 %."""
    return tuple(sorted({0.0, scalar("discount_rate"), 0.04}))


def readings(accounting: Accounting) -> list[Reading]:
    """All readings of a label without the market, the one of the settings first."""
    values = alternatives(accounting)
    combined = [accounting]
    for name in COMBINED:
        combined = [replace(one, **{name: value}) for one in combined for value in values[name]]
    others = [
        replace(accounting, **{name: value}) for name in values if name not in COMBINED for value in values[name][1:]
    ]
    found = [Reading(one) for one in (*combined, *others)]
    return found + [
        Reading(replace(accounting, real_wage_growth=growth), rate)
        for rate in discount_rates()
        for growth in values["real_wage_growth"]
    ]


def values(
    before: Results, after: Results, reading: Reading, hicp: Mapping[int, float], start_year: int
) -> np.ndarray:
    """Gain per head of all Member States together [label], of one seed, under a reading; EUR, a year or discounted to
    `start_year`."""
    last = before.years[-1]
    years = np.array([last]) if reading.discount_rate is None else np.arange(start_year, last + 1)
    rate = reading.discount_rate or 0.0
    gain = gains.per_head([before], [after], reading.accounting, hicp, [int(year) for year in years])[0, :, :, 0].sum(axis=-1)
    return gain @ (1.0 + rate) ** (start_year - years.astype(float))


def outcomes(
    before: Results, after: Results, every: Sequence[Reading], hicp: Mapping[int, float], start_year: int
) -> draws.Outcomes:
    """Every reading of one seed as an outcome of draws; `every` comes from `readings` at the centre, because a reading is a
    definition and no draw changes its discount rate."""
    place, last = summary.place(before.member_states), before.years[-1]
    found = {}
    for number, reading in enumerate(every):
        for label, value in zip(after.parity.labels, values(before, after, reading, hicp, start_year), strict=True):
            found[place, "non_eu_born", last, outcome(label, number), _unit(reading)] = float(value)
    return found


def outcome(label: Sequence[str], number: int) -> str:
    """Name of a reading among the outcomes of draws."""
    return f"{OUTCOME}{number}_" + "_".join(label)


def _unit(reading: Reading) -> str:
    unit = summary.contribution_unit(reading.accounting)
    return unit if reading.discount_rate is None else unit.replace(" and year", "") + ", discounted sum"


def table(
    accounting: Accounting, labels: Sequence[gains.Label], outcomes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of readings.csv from rows of scenarios.draws: every reading of every label; `low` and `high` where there are draws,
    `ratio` to the 3 500.

    With the market on, the labels that add the jobs simulated with it: their gain less what natives and EU-born lose.
    """
    total = outcomes[0]["place"]
    known = {row["outcome"]: row for row in outcomes if row["place"] == total}
    rows = []
    for label in labels:
        for number, reading in enumerate(readings(accounting)):
            rows.append(_row(label, reading, known[outcome(label, number)]))
            market_on = known.get(displacement.gain_name(label))
            if market_on is not None and number == 0:
                rows.append(_row(label, replace(reading, market=ON), market_on))
    return rows


def _row(label: Sequence[str], reading: Reading, found: Mapping[str, Any]) -> dict[str, Any]:
    gain = found["centre"]
    return {
        "variant": label[0],
        "given": label[1],
        "reference": label[2],
        "market": reading.market,
        "measure": reading.measure,
        "discount_rate": reading.discount_rate,
        **{field.name: getattr(reading.accounting, field.name) for field in fields(Accounting)},
        "gain": gain,
        "monte_carlo_se": found["monte_carlo_se"],
        "low": found["low"],
        "high": found["high"],
        # A sum over years is no euro a year and is not set beside the headline.
        "ratio": None if gain is None or reading.discount_rate is not None else gain / HEADLINE,
        "unit": _unit(reading),
    }


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write readings.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow([_cell(name, value) for name, value in row.items()])


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if name == "ratio":
        return f"{value:.4f}"
    return f"{value:.2f}" if isinstance(value, float) else value
