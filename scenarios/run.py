"""`integra run`: one scenario, its tables and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from calibration.config import Config
from calibration.fit import fit_lines, fit_table
from model import Results
from scenarios import figures, simulation, summary, tables
from scenarios.folder import final_folder, result_folder
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import provenance, result_hash, result_settings


def run(config: Config) -> str:
    """Simulate the scenario for all seeds, write its result folder, and return the text for the console."""
    hicp = consumer_prices()
    inputs = simulation.inputs_of(config)
    digest = result_hash("run", [config])
    progress = Progress(len(config.seeds))
    with result_folder(config.compute.output, config.name, digest) as folder:
        results = simulation.simulate_seeds(config, inputs, progress)
        progress.close()
        write_common(folder, "run", [config], results, {config.policy.name: results}, progress, hicp)
        write_json(folder / "summary.json", summary.summarise(config.name, results, config.accounting, hicp))
        figures.draw_run(folder / "figures", results, config.accounting, hicp)
        fitted = write_fit(folder, results)
    place = final_folder(config.compute.output, config.name, digest)
    return "\n".join([*fitted, str(place), progress.line])


def write_common(
    folder: Path,
    verb: str,
    configs: Sequence[Config],
    simulated: Sequence[Results],
    scenarios: Mapping[str, Sequence[Results]],
    progress: Progress,
    hicp: Mapping[int, float],
    paired: Sequence[Results] = (),
) -> None:
    """Files of every command: settings, provenance, summary.csv of the first scenario, tables of all scenarios."""
    pairs = [(name, result) for name, results in scenarios.items() for result in results]
    text = OmegaConf.to_yaml(OmegaConf.create(result_settings(verb, list(configs))))
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
