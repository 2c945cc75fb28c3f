"""`integra compare`: policies against a reference on the same seeds, with the precision that pairing buys."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Accounting, Config
from calibration.draw import Draw
from calibration.load_inputs import load_inputs
from model import Results, codes
from scenarios import draws, figures, simulation, statistics, summary, text
from scenarios.folder import final_folder, result_folder
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import result_hash
from scenarios.run import write_common, write_intervals, write_json

YEARS = (2021, 2025, 2030, 2035)  # shown on the console; differences.csv has every year
OUTCOMES = ("employment_rate", "overqualification_rate", "net_contribution")


def compare(reference: Config, policies: Sequence[Config]) -> str:
    """Simulate all on the same seeds, write the result folder, and return the text for the console."""
    configs = [reference, *policies]
    hicp = consumer_prices()
    inputs = [load_inputs(config) for config in configs]
    digest = result_hash("compare", configs)
    progress = Progress(len(configs) * (len(reference.seeds) + draws.simulations(reference)))
    with result_folder(reference.compute.output, reference.name, digest) as folder:
        scenarios = {}
        for config, given in zip(configs, inputs, strict=True):
            scenarios[_name(config, reference)] = simulation.simulate_seeds(config, given, progress)
        found = intervals(configs, scenarios, hicp, progress)
        progress.close()
        simulated = [result for results in scenarios.values() for result in results]
        write_common(folder, "compare", configs, simulated, scenarios, progress, hicp)
        rows = differences(scenarios, reference.accounting, hicp)
        _write_csv(folder / "differences.csv", rows)
        shared = summary.summarise(reference.policy.name, scenarios[reference.policy.name], reference.accounting, hicp)
        drawn = write_intervals(folder, reference, found)
        write_json(folder / "summary.json", {**shared, "differences": rows, **drawn})
        figures.draw_run(folder / "figures", scenarios[reference.policy.name], reference.accounting, hicp)
    place = final_folder(reference.compute.output, reference.name, digest)
    return "\n".join([console(rows), *difference_intervals(reference, found), str(place), progress.line])


def intervals(
    configs: Sequence[Config], scenarios: Mapping[str, Sequence[Results]], hicp: Mapping[int, float], progress: Progress
) -> list[dict[str, Any]]:
    """Rows of intervals.csv: differences to the reference by policy, outcome and year, none without draws."""
    reference = configs[0]
    if not reference.draws:
        return []
    names = list(scenarios)

    def simulate(draw: Draw, seed: int, progress: Progress) -> draws.Outcomes:
        results = [simulation.simulate_draw(draws.coarse(config), draw, seed, progress)[1] for config in configs]
        return outcomes(names, results, reference.accounting, hicp)

    centre = [outcomes(names, results, reference.accounting, hicp) for results in zip(*scenarios.values(), strict=True)]
    return draws.intervals(reference, simulate, centre, progress)


def outcomes(
    names: Sequence[str], results: Sequence[Results], accounting: Accounting, hicp: Mapping[int, float]
) -> draws.Outcomes:
    """Differences of the non-EU-born between each scenario and the first, of one seed, every year."""
    years = list(results[0].years)
    place, origin = summary.place(results[0].member_states), codes.ORIGINS[codes.NON_EU_BORN]
    found = {}
    for outcome in OUTCOMES:
        before, *after = (_values([result], outcome, years, accounting, hicp)[0] for result in results)
        for name, values in zip(names[1:], after, strict=True):
            for y, year in enumerate(years):
                key = (place, origin, year, f"{name}: {outcome}", _unit(outcome, accounting))
                found[key] = float(values[y] - before[y])
    return found


def difference_intervals(config: Config, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The differences with their intervals and the share of their variance that comes from priors, for the console."""
    if not rows:
        return []
    years = [year for year in YEARS if year in {row["year"] for row in rows}] or [rows[-1]["year"]]
    table = []
    for outcome in dict.fromkeys(row["outcome"] for row in rows):
        digits = 1 if outcome.endswith("net_contribution") else 3
        mine = {row["year"]: row for row in rows if row["outcome"] == outcome}
        share = mine[years[-1]]["prior_share"]
        cells = [text.interval(mine[year], digits) for year in years]
        table.append([outcome.replace("_", " "), *cells, "-" if share is None else f"{100 * share:.0f} %"])
    title = "The same with 90 % intervals over draws of all parameters; last column: share from priors in the last year"
    return [title, text.table(["", *map(str, years), "priors"], table), draws.said(config)]


def _name(config: Config, reference: Config) -> str:
    """Scenario name; a policy compared with itself is told apart."""
    same = config is not reference and config.policy.name == reference.policy.name
    return f"{config.policy.name}_again" if same else config.policy.name


def differences(
    scenarios: Mapping[str, Sequence[Results]], accounting: Accounting, hicp: Mapping[int, float]
) -> list[dict[str, Any]]:
    """One row per policy, outcome of the non-EU-born and year: mean difference to the first scenario over seeds.

    `paired_se` is the standard error of the mean of paired differences, `independent_se` what the same number of
    independent runs would give, `ratio` the first over the second (null with one seed or without any spread).
    """
    (_, reference), *others = scenarios.items()
    years = list(reference[0].years)
    before = {outcome: _values(reference, outcome, years, accounting, hicp) for outcome in OUTCOMES}
    rows = []
    for name, results in others:
        for outcome in OUTCOMES:
            after = _values(results, outcome, years, accounting, hicp)
            change = after - before[outcome]
            paired = statistics.standard_error(change)
            apart = np.hypot(statistics.standard_error(after), statistics.standard_error(before[outcome]))
            ratio = statistics.per_head(paired, apart)
            for y, year in enumerate(years):
                rows.append(
                    {
                        "policy": name,
                        "outcome": outcome,
                        "year": year,
                        "difference": statistics.number(change[:, y].mean()),
                        "paired_se": statistics.number(paired[y]),
                        "independent_se": statistics.number(apart[y]),
                        "ratio": statistics.number(ratio[y]),
                        "unit": _unit(outcome, accounting),
                    }
                )
    return rows


def _values(
    results: Sequence[Results], outcome: str, years: Sequence[int], accounting: Accounting, hicp: Mapping[int, float]
) -> np.ndarray:
    """The outcome of the non-EU-born [seed, year]."""
    rows = [results[0].years.index(year) for year in years]
    if outcome == "net_contribution":
        found = [summary.net_by_origin(result, accounting, hicp, years) for result in results]
    else:
        found = [summary.rates_by_origin(result, outcome)[rows] for result in results]
    return np.stack(found)[:, :, codes.NON_EU_BORN]


def _unit(outcome: str, accounting: Accounting) -> str:
    return summary.contribution_unit(accounting) if outcome == "net_contribution" else "percentage points"


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["policy"])
        writer.writeheader()
        writer.writerows(rows)


def console(rows: Sequence[Mapping[str, Any]]) -> str:
    """One table per policy and outcome: difference, paired standard error, ratio to independent runs."""
    lines = ["Difference to the reference, non-EU-born (paired standard error) [its ratio to independent runs]"]
    simulated = {row["year"] for row in rows}
    years = [year for year in YEARS if year in simulated] or [max(simulated)]
    table = []
    for policy, outcome in dict.fromkeys((row["policy"], row["outcome"]) for row in rows):
        digits = 1 if outcome == "net_contribution" else 3
        found = [row for row in rows if (row["policy"], row["outcome"]) == (policy, outcome) and row["year"] in years]
        cells = []
        for row in found:
            ratio = "" if row["ratio"] is None else f" [{row['ratio']:.2f}]"
            cells.append(text.estimate(row["difference"], row["paired_se"], digits) + ratio)
        table.append([f"{policy}: {outcome.replace('_', ' ')} ({found[0]['unit']})", *cells])
    lines.append(text.table(["", *map(str, years)], table))
    return "\n".join([*lines, ""])
