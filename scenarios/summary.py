"""Rates and the net contribution by origin, year and place, for summary.csv, summary.json and the figures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Accounting
from model import Results, codes
from model.accounting import indicator as rate_of
from scenarios import conventions, statistics
from scenarios.draws import Outcomes

RATES = tuple(name for name, (_, _, factor, _) in codes.INDICATORS.items() if factor == 100.0)
CSV_YEARS = (2017, 2019, 2023, 2025, 2030, 2035)


def chosen_years(wanted: Sequence[int], simulated: Sequence[int]) -> list[int]:
    """The simulated years that are wanted, and the last one whatever it is."""
    return [year for year in simulated if year in wanted or year == simulated[-1]]


def place(member_states: Sequence[str]) -> str:
    """Name of the sum over the simulated Member States."""
    return "EU27_2020" if tuple(member_states) == codes.MEMBER_STATES else "selected"


def rates_by_origin(result: Results, indicator: str) -> np.ndarray:
    """An indicator [year, origin] over all simulated Member States."""
    return rate_of(indicator, result.counts.sum(axis=(1, 3, 4)))


def net_by_origin(
    result: Results, accounting: Accounting, hicp: Mapping[int, float], years: Sequence[int] | None = None
) -> np.ndarray:
    """Net fiscal contribution per head [year, origin] over all simulated Member States, euro of the price year."""
    years = result.years if years is None else years
    counts = result.counts[[result.years.index(year) for year in years]]
    net = conventions.net_contribution(counts, years, accounting, hicp).sum(axis=(1, 3, 4))
    return statistics.per_head(net, conventions.heads(counts.sum(axis=(1, 3, 4)), accounting))


def by_year(results: Sequence[Results], values: Sequence[np.ndarray]) -> dict[str, dict[str, dict[str, Any]]]:
    """Estimates {origin: {year: ...}} from one array [year, origin] per seed."""
    stacked = np.stack(values)
    return {
        origin: {str(year): statistics.estimate(stacked[:, y, o]) for y, year in enumerate(results[0].years)}
        for o, origin in enumerate(codes.ORIGINS)
    }


def summarise(
    scenario: str, results: Sequence[Results], accounting: Accounting, hicp: Mapping[int, float]
) -> dict[str, Any]:
    """The part of summary.json every command shares."""
    summary: dict[str, Any] = {
        "scenario": scenario,
        "place": place(results[0].member_states),
        "seeds": [result.seed for result in results],
        "price_year": accounting.price_year,
        "conventions": {name: getattr(accounting, name) for name in accounting.__dataclass_fields__},
        "net_contribution_unit": contribution_unit(accounting),
        "net_contribution": by_year(results, [net_by_origin(result, accounting, hicp) for result in results]),
    }
    for indicator in RATES:
        summary[indicator] = by_year(results, [rates_by_origin(result, indicator) for result in results])
    return summary


def contribution_unit(accounting: Accounting) -> str:
    """Unit of the net contribution per head in words."""
    persons = "head" if accounting.denominator == "all_ages" else "person aged 20-64"
    return f"EUR of {accounting.price_year} per {persons} and year"


def outcomes(result: Results, accounting: Accounting, hicp: Mapping[int, float]) -> Outcomes:
    """Persons, rates and net contribution by place, origin and chosen year: {(place, origin, year, outcome, unit): value}."""
    years = chosen_years(CSV_YEARS, result.years)
    rows = [result.years.index(year) for year in years]
    counts = statistics.with_total(result.counts[rows].sum(axis=(3, 4)), 1)
    measures = {"persons": (counts[..., codes.MEASURE["persons"]] / 4.0, "persons")}
    for indicator in codes.INDICATORS:
        measures[indicator] = (rate_of(indicator, counts), codes.INDICATORS[indicator][3])
    net = statistics.with_total(conventions.net_contribution(result.counts[rows], years, accounting, hicp).sum(axis=(3, 4)), 1)
    contribution = statistics.per_head(net, conventions.heads(counts, accounting))
    measures["net_contribution"] = (contribution, contribution_unit(accounting))
    return {
        (geo, origin, year, name, unit): float(values[y, p, o])
        for p, geo in enumerate([place(result.member_states), *result.member_states])
        for o, origin in enumerate(codes.ORIGINS)
        for y, year in enumerate(years)
        for name, (values, unit) in measures.items()
    }


def by_origin(rows: Sequence[Mapping[str, Any]], outcome: str) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of draws (scenarios.draws) of an outcome of `outcomes`, all Member States together, by origin in the order of years."""
    found = {
        origin: [row for row in rows if (row["place"], row["origin"], row["outcome"]) == (rows[0]["place"], origin, outcome)]
        for origin in codes.ORIGINS
    }
    return {origin: mine for origin, mine in found.items() if mine}


def write_csv(path: Path, results: Sequence[Results], accounting: Accounting, hicp: Mapping[int, float]) -> None:
    """The outcomes, mean over seeds and standard error."""
    found = [outcomes(result, accounting, hicp) for result in results]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["place", "origin", "year", "indicator", "mean", "monte_carlo_se", "unit"])
        for key in found[0]:
            estimate = statistics.estimate([one[key] for one in found])
            cells = ["" if value is None else f"{value:.6g}" for value in estimate.values()]
            writer.writerow([*key[:4], *cells, key[4]])
