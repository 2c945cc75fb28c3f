"""Writes the argument about the headline into a result folder: gains, their parts, readings, scenarios, words and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.config import Config
from model import Results
from scenarios import decomposition, figures, gain_tables, gains, jrc_six, readings, report


@dataclass(frozen=True)
class Runs:
    """What `integra reproduce` has simulated, one result per seed in every list."""

    baseline: Sequence[Results]
    paired: Sequence[Results]  # at parity
    market_on: Sequence[Results]  # empty when its label was not asked for
    parts: Mapping[tuple[str, str], Sequence[decomposition.Coalitions]]  # empty without parity.decomposition
    flows: Sequence[jrc_six.Flow]  # empty without policies


def write(
    folder: Path,
    config: Config,
    runs: Runs,
    found: Mapping[str, Any],
    intervals: Sequence[Mapping[str, Any]],
    hicp: Mapping[int, float],
) -> list[str]:
    """Write gains.csv, decomposition.csv, readings.csv, jrc_six.csv, conventions_table.csv, report.md and their figures.

    found: content of summary.json; intervals: rows of scenarios.draws, none without draws. Returns lines for the console.
    """
    accounting, last = config.accounting, config.run.end_year
    baseline, paired, market_on = runs.baseline, runs.paired, runs.market_on
    known = gain_tables.by_outcome(intervals)
    of_gains = list(gain_tables.gain_rows(baseline, paired, market_on, accounting, hicp, known))
    gain_tables.write(folder / "gains.csv", of_gains)
    of_parts = list(gain_tables.decomposition_rows(runs.parts, baseline, accounting, hicp, known))
    if of_parts:
        gain_tables.write(folder / "decomposition.csv", of_parts, "factor")
    read = readings.table(config, baseline, paired, market_on, hicp, intervals)
    readings.write(folder / "readings.csv", read)
    six = jrc_six.rows(runs.flows, baseline, paired, accounting, hicp) if runs.flows else []
    if six:
        jrc_six.write(folder / "jrc_six.csv", six)
    price_years = readings.alternatives(accounting)["price_year"]
    gains.write_conventions_table(folder / "conventions_table.csv", baseline, paired, price_years, hicp)
    (folder / "report.md").write_text(report.write(found, read, of_gains, of_parts, last, six), encoding="utf-8")
    figures.draw_headline(folder / "figures", found, read, known, last)
    return [*jrc_six.console(six, last), *report.verdict(found, read, last), ""]
