"""`integra run`: one scenario, its tables and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from calibration.config import Config
from calibration.draw import Draw
from calibration.fit import fit_lines, fit_table
from calibration.load_inputs import load_inputs
from model import Results
from scenarios import draws, figures, simulation, summary, tables, text
from scenarios.folder import final_folder, result_folder
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import provenance, result_hash, result_settings


def run(config: Config) -> str:
    """Simulate the scenario for all seeds, write its result folder, and return the text for the console."""
    hicp = consumer_prices()
    inputs = load_inputs(config)
    digest = result_hash("run", [config])
    progress = Progress(len(config.seeds) + draws.simulations(config))
    with result_folder(config.compute.output, config.name, digest) as folder:
        results = simulation.simulate_seeds(config, inputs, progress)
        found = intervals(config, results, hicp, progress)
        progress.close()
        write_common(folder, "run", [config], results, {config.policy.name: results}, progress, hicp)
        shared = summary.summarise(config.name, results, config.accounting, hicp)
        write_json(folder / "summary.json", {**shared, **write_intervals(folder, config, found)})
        figures.draw_run(folder / "figures", results, config.accounting, hicp, found)
        fitted = write_fit(folder, results)
    place = final_folder(config.compute.output, config.name, digest)
    return "\n".join([*fitted, *interval_lines(config, found), str(place), progress.line])


def intervals(
    config: Config, results: Sequence[Results], hicp: Mapping[int, float], progress: Progress
) -> list[dict[str, Any]]:
    """Rows of intervals.csv (scenarios.draws), none without draws."""
    if not config.draws:
        return []
    coarse = draws.coarse(config)

    def simulate(draw: Draw, seed: int, progress: Progress) -> draws.Outcomes:
        _, result = simulation.simulate_draw(coarse, draw, seed, progress)
        with draw.in_force():  # what is deflated by wage growth takes that of the draw
            return summary.outcomes(result, config.accounting, hicp)

    centre = [summary.outcomes(result, config.accounting, hicp) for result in results]
    return draws.intervals(config, simulate, centre, progress)


def write_intervals(folder: Path, config: Config, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Write intervals.csv and return what summary.json says of them: those of the sum of all Member States."""
    if not rows:
        return {}
    draws.write(folder / "intervals.csv", rows)
    total = rows[0]["place"]
    return {"draws": config.draws, "intervals": [row for row in rows if row["place"] == total]}


def interval_lines(config: Config, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Net contribution, employment and overqualification by origin with intervals, for the console."""
    if not rows:
        return []
    title = "By origin, centre [90 % interval] (Monte Carlo standard error)"
    cells, years = [], []
    for outcome, digits in (("net_contribution", 0), ("employment_rate", 1), ("overqualification_rate", 1)):
        for origin, mine in summary.by_origin(rows, outcome).items():
            years = [str(row["year"]) for row in mine]
            name = f"{outcome.replace('_', ' ')}, {origin.replace('_', '-')}"
            cells.append([name, *(text.interval(row, digits) for row in mine)])
    return [title, text.table(["", *years], cells), draws.said(config)]


def write_common(
    folder: Path,
    verb: str,
    configs: Sequence[Config],
    simulated: Sequence[Results],
    scenarios: Mapping[str, Sequence[Results]],
    progress: Progress,
    hicp: Mapping[int, float],
    paired: Sequence[Results] = (),
    own: Mapping[str, Any] | None = None,
) -> None:
    """Files of every command: settings (a verb's `own` too), provenance, summary.csv of the first scenario, tables of all."""
    pairs = [(name, result) for name, results in scenarios.items() for result in results]
    text = OmegaConf.to_yaml(OmegaConf.create(result_settings(verb, list(configs), own)))
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    seconds = simulation.seconds_per_process(simulated)
    write_json(
        folder / "provenance.json",
        provenance(verb, list(configs), progress.person_quarters, progress.seconds, seconds),
    )
    first = next(iter(scenarios.values()))
    summary.write_csv(folder / "summary.csv", first, configs[0].accounting, hicp)
    rows = chain(tables.cells(pairs), tables.parity_cells(paired))
    tables.write(folder / "indicators.parquet", tables.CELL_AXES, rows)
    tables.write(folder / "by_reason.parquet", tables.REASON_AXES, tables.reasons(pairs))
    tables.write(folder / "by_stay.parquet", tables.STAY_AXES, tables.stays(pairs))
    tables.write(folder / "by_age.parquet", tables.AGE_AXES, tables.ages(pairs))


def write_fit(folder: Path, baseline: Sequence[Results]) -> list[str]:
    """Write fit.csv, simulated against the published figures used; returns its summary in lines."""
    table = fit_table(baseline)
    table.to_csv(folder / "fit.csv", index=False, float_format="%.8g", lineterminator="\n")
    return fit_lines(table)


def write_json(path: Path, content: Any) -> None:
    """Write JSON that is the same text for the same content."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
