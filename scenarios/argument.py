"""Writes the argument about the headline into a result folder: gains, their parts, readings, scenarios, words and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.config import Config
from model import Results
from scenarios import figures, gain_tables, gains, jrc_six, readings, report
from scenarios.gain_intervals import Intervals


@dataclass(frozen=True)
class Runs:
    """What `integra reproduce` has simulated, one result per seed in every list."""

    baseline: Sequence[Results]
    paired: Sequence[Results]  # at parity
    flows: Sequence[jrc_six.Flow]  # empty without policies


def write(
    folder: Path,
    config: Config,
    runs: Runs,
    found: Mapping[str, Any],
    intervals: Intervals,
    choices: Sequence[Mapping[str, Any]],
    checked: Sequence[str],
    hicp: Mapping[int, float],
) -> list[str]:
    """Write gains.csv, decomposition.csv, readings.csv, jrc_six.csv, conventions_table.csv, report.md and their figures.

    found: content of summary.json; choices: rows of scenarios.sensitivity; checked: groups.passes. Returns lines for the console.
    """
    accounting, last = config.accounting, config.run.end_year
    baseline, paired = runs.baseline, runs.paired
    labels = paired[0].parity.labels
    of_gains = list(gain_tables.gain_rows(intervals.gains, labels, intervals.rows, baseline, accounting))
    gain_tables.write(folder / "gains.csv", of_gains)
    of_parts = list(gain_tables.decomposition_rows(intervals.factors, baseline, accounting))
    if of_parts:
        gain_tables.write(folder / "decomposition.csv", of_parts, "factor")
    read = readings.table(accounting, labels, intervals.rows)
    readings.write(folder / "readings.csv", read)
    six = jrc_six.rows(runs.flows, baseline, paired, accounting, hicp) if runs.flows else []
    if six:
        jrc_six.write(folder / "jrc_six.csv", six)
    price_years = readings.alternatives(accounting)["price_year"]
    gains.write_conventions_table(
        folder / "conventions_table.csv", intervals.conventions, baseline[0].years, labels, price_years, hicp
    )
    grouped = gain_tables.grouped(intervals.gains, labels, accounting, report.COMPONENTS)
    words = report.write(found, read, of_gains, of_parts, grouped, choices, checked, last, six)
    (folder / "report.md").write_text(words, encoding="utf-8")
    known = {(row["place"], row["outcome"]): row for row in intervals.rows if row["parameter_sd"] is not None}
    figures.draw_headline(folder / "figures", found, read, known, last)
    return [*jrc_six.console(six, last), *report.choices_console(choices, last), *report.verdict(found, read, last), ""]
