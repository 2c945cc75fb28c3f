"""Two choices that move the gain: whether gaps are closed upward only, and the pay gap where no national figure was seen.

A row of sensitivity.csv is the gain in the last year, against the first reference group of the settings, with one of them made
otherwise, and its difference to the settings of the run on the same seeds. How gaps are closed is simulated in full, on the baseline
that is there. Another pay gap changes no job but taxes and pensions of baseline and parity alike: both are simulated with as few
persons as draws are, under the gap of the run too, and the difference is added to the gain of the run.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import PAY_GAPS, Accounting, Config
from calibration.load_inputs import load_inputs
from model import Results, codes
from scenarios import draws, gains, simulation, statistics, summary, text
from scenarios.progress import Progress

DEFAULT = "default"  # the settings of the run
NUMBERS = ("gain", "difference", "employment_rate", "natives_employment_rate")  # euro, euro, % of persons aged 20-64
COLUMNS = ("choice", "given", "reference", "variant", *(name + ending for name in NUMBERS for ending in ("", "_se")), "unit")
WORDS = {
    DEFAULT: "as by default",
    "symmetric": "gaps closed both ways",
    "upward_only": "gaps closed upward only",
    "pay_gap_shipped": "pay gap as shipped",
    "pay_gap_eu_total": "pay gap: mean as the EU's figure",
    "pay_gap_national_studies": "pay gap: national studies",
}


def choices(config: Config) -> dict[str, Config]:
    """Settings by choice: those of the run, and each of the two choices made otherwise."""
    parity, structure = config.parity, config.structure
    other = "upward_only" if parity.symmetric else "symmetric"
    found = {DEFAULT: config, other: replace(config, parity=replace(parity, symmetric=not parity.symmetric))}
    for gap in PAY_GAPS:
        if gap != structure.pay_gap:
            found[f"pay_gap_{gap}"] = replace(config, structure=replace(structure, pay_gap=gap))
    return found


def simulations(config: Config) -> int:
    """How many simulations the table takes on every seed: parity closed the other way, baseline and parity under each pay gap."""
    return (1 + 2 * len(PAY_GAPS)) * len(config.seeds)


def rows(
    config: Config, inputs: Any, baseline: Sequence[Results], paired: Sequence[Results], hicp: Mapping[int, float], progress: Progress
) -> list[dict[str, Any]]:
    """Rows of COLUMNS by choice, given and variant; standard errors None with a single seed. `inputs`, `baseline` and `paired` are
    those of the settings of the run."""
    parity, own = config.parity, config.structure.pay_gap
    asked = (parity.variants, parity.given, parity.references[:1])
    labels = [(variant, given, reference) for reference in asked[2] for given in asked[1] for variant in asked[0]]

    def numbers(before: Sequence[Results], after: Sequence[Results]) -> np.ndarray:
        return _numbers(before, after, labels, config.accounting, hicp)

    def coarse(gap: str, progress: Progress) -> np.ndarray:
        one = draws.coarse(replace(config, structure=replace(config.structure, pay_gap=gap)))
        mine = load_inputs(one)
        before = simulation.simulate_seeds(one, mine, progress)
        return numbers(before, simulation.simulate_parity(one, mine, before, progress, [asked]))

    chosen = choices(config)
    found = {DEFAULT: numbers(baseline, paired)}
    for name, one in chosen.items():
        if one.parity != parity:
            found[name] = numbers(baseline, simulation.simulate_parity(one, inputs, baseline, progress, [asked]))
    by_gap = dict(zip(PAY_GAPS, draws.each(config, coarse, [(gap,) for gap in PAY_GAPS], progress), strict=True))
    for name, one in chosen.items():
        if one.structure.pay_gap != own:
            found[name] = found[DEFAULT] + (by_gap[one.structure.pay_gap] - by_gap[own])
    unit = summary.contribution_unit(config.accounting)
    table = []
    for name, (gain, reached, natives) in found.items():
        moved = gain - found[DEFAULT][0]
        for n, (variant, given, reference) in enumerate(labels):
            row: dict[str, Any] = {"choice": name, "given": given, "reference": reference, "variant": variant}
            for number, values in zip(NUMBERS, (gain, moved, reached, natives), strict=True):
                row[number], row[f"{number}_se"] = statistics.estimate(values[:, n]).values()
            table.append(row | {"unit": unit})
    return table


def _numbers(
    baseline: Sequence[Results],
    paired: Sequence[Results],
    labels: Sequence[gains.Label],
    accounting: Accounting,
    hicp: Mapping[int, float],
) -> np.ndarray:
    """Gain, employment rate reached by the non-EU-born and that of natives in the last year, all places together [3, seed, label]."""
    chosen = [paired[0].parity.labels.index(label) for label in labels]
    gain = gains.per_head(baseline, paired, accounting, hicp, baseline[0].years[-1:])[:, chosen, 0, 0].sum(axis=-1)
    employed = np.stack([after.parity.employed[chosen, -1].sum(axis=(1, 2, 3)) for after in paired])
    persons = [before.counts[-1, :, codes.NON_EU_BORN, ..., codes.MEASURE["persons_20_64"]].sum() for before in baseline]
    natives = [summary.rates_by_origin(before, "employment_rate")[-1, codes.NATIVE] for before in baseline]
    reached = 100.0 * statistics.per_head(employed, np.broadcast_to(np.array(persons)[:, None], employed.shape))
    return np.stack([gain, reached, np.broadcast_to(np.array(natives)[:, None], employed.shape)])


def write(path: Path, table: Sequence[Mapping[str, Any]]) -> None:
    """Write sensitivity.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in table)


def header(table: Sequence[Mapping[str, Any]], references: Mapping[str, str], variants: Mapping[str, str]) -> list[str]:
    """Names of the columns of `cells`; references and variants: their names in words."""
    shown = [variants[name] for name in dict.fromkeys(row["variant"] for row in table)]
    return [references[table[0]["reference"]], *shown, "employed, %"]


def cells(table: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> list[list[str]]:
    """A line per given and choice: gain and, but by default, its difference by variant; employment rate reached under the last."""
    lines = []
    for yardstick in dict.fromkeys(row["given"] for row in table):
        for choice in dict.fromkeys(row["choice"] for row in table):
            mine = [row for row in table if (row["given"], row["choice"]) == (yardstick, choice)]
            shown = [_cell(row) for row in mine]
            lines.append([f"{given[yardstick]}, {WORDS[choice]}", *shown, f"{mine[-1]['employment_rate']:.1f}"])
    return lines


def _cell(row: Mapping[str, Any]) -> str:
    if row["choice"] == DEFAULT:
        return text.estimate(row["gain"], row["gain_se"])
    sign = "+" if row["difference"] > 0 else ""
    return f"{text.estimate(row['gain'], None)}, {sign}{text.estimate(row['difference'], row['difference_se'])}"
