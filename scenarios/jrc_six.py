"""Scenarios beside parity, in the manner of the Commission's report: `integra reproduce experiment=jrc_six`.

Flow scenarios change who comes, so their effect is told apart: on persons present in both, on newcomers (their level; for
fewer arrivals, the level of those who do not come), and on the mean. Participation and full integration are the parity
variants of those names. Signs that are known of the report are checked; a scenario of which none is known is only shown.

Net contributions are per head in the last year with children counted where they were born, which is the only convention under
which the account of some of the persons of a group stands alone.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Accounting, Config
from calibration.load_inputs import load_inputs
from model import Results, codes
from scenarios import conventions, gains, simulation, statistics, summary, text
from scenarios.progress import Progress

MEAN, BOTH, NEWCOMERS, RESIDENTS = "non_eu_born", "present_in_both", "newcomers", "all_residents"
WORDS = {MEAN: "non-EU-born", BOTH: "present in both", NEWCOMERS: "newcomers", RESIDENTS: "all residents"}
SMALL = 0.1  # of the gain of the full variant, at most: what is said to be small beside what is said to be large
HEADER = ("", "value", "expected", "found", "")
COLUMNS = ("scenario", "group", "outcome", "sign_expected", "sign_found", "value", "monte_carlo_se", "unit", "verdict", "known_from")
# Scenario: what is known of its effect on the mean, and from where. Of high volume with selection nothing is known.
KNOWN = {
    "more_arrivals": ("small", "abstract of JRC121937: size of inflows alone brings small benefits"),
    "fewer_arrivals": ("small", "abstract of JRC121937: size of inflows alone brings small benefits"),
    "better_educated_arrivals": ("+ small", "abstract of the JRC's later report: better-educated inflow, small gain"),
    "participation": ("+ large", "abstract of JRC121937: raising participation brings large gains"),
    "full": ("+ large", "Action Plan: participation and wages, up to 3 500; at least what participation brings"),
}


@dataclass(frozen=True)
class Flow:
    """Results of a flow scenario, one per seed, with the reference marked by who is not in the scenario."""

    name: str
    results: Sequence[Results]  # newcomers: who is not in the reference
    reference: Sequence[Results]  # newcomers: who is not in the scenario


def simulations(policies: Sequence[Config]) -> int:
    """At most how many runs of everybody each seed needs."""
    return 2 * len(policies)


def simulate(
    config: Config, policies: Sequence[Config], baseline: Sequence[Results], progress: Progress
) -> list[Flow]:
    """The flow scenarios on the seeds of the baseline; the baseline is run again only where somebody of it is missing."""
    inputs = load_inputs(config)
    found = []
    for policy in policies:
        other = load_inputs(policy)
        results = simulation.simulate_seeds(policy, replace(other, compared=inputs.arrivals), progress)
        missing = bool(np.any(other.arrivals < inputs.arrivals))
        reference = (
            simulation.simulate_seeds(config, replace(inputs, compared=other.arrivals), progress) if missing else baseline
        )
        found.append(Flow(policy.policy.name, results, reference))
    return found


def rows(
    flows: Sequence[Flow],
    baseline: Sequence[Results],
    paired: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
) -> list[dict[str, Any]]:
    """Rows of jrc_six.csv: flow scenarios apart by group, then the parity variants given sex and age, against natives."""
    accounting = replace(accounting, children="own")
    last = baseline[0].years[-1]
    values = gains.per_head(baseline, paired, accounting, hicp, [last])[:, :, 0, 0].sum(axis=-1)
    parity = {
        label[0]: values[:, n] for n, label in enumerate(paired[0].parity.labels) if label[1:] == ("sex_age", "native")
    }
    large = parity["full"].mean() if "full" in parity else math.nan
    unit = summary.contribution_unit(accounting)
    found = []
    for flow in flows:
        effects = _effects(flow, accounting, hicp)
        expected, source = KNOWN.get(flow.name, ("", ""))
        for (group, outcome), value in effects.items():
            known = (expected, source) if group == MEAN else ("", "")
            found.append(_row(flow.name, group, outcome, value, known, large, unit))
    for name in ("participation", "full"):
        if name in parity:
            found.append(_row(name, MEAN, "difference", parity[name], KNOWN[name], large, unit))
    if {"participation", "full"} <= set(parity):
        more = parity["full"] - parity["participation"]
        found.append(_row("full less participation", MEAN, "difference", more, ("+", KNOWN["full"][1]), large, unit))
    return found


def _effects(flow: Flow, accounting: Accounting, hicp: Mapping[int, float]) -> dict[tuple[str, str], np.ndarray]:
    """Per seed: difference of the mean, of persons present in both and of all residents; level of newcomers or missing."""
    found: dict[tuple[str, str], list[float]] = {}
    for after, before in zip(flow.results, flow.reference, strict=True):
        pairs = {key: (_account(after, key, accounting, hicp), _account(before, key, accounting, hicp)) for key in _GROUPS}
        for group in (MEAN, BOTH, RESIDENTS):
            new, old = pairs[group]
            found.setdefault((group, "difference"), []).append(_mean(new) - _mean(old))
        for which, account in (("level", pairs[NEWCOMERS][0]), ("level of who does not come", pairs[NEWCOMERS][1])):
            if account[1] > 0:
                found.setdefault((NEWCOMERS, which), []).append(_mean(account))
    return {key: np.array(value) for key, value in found.items()}


_GROUPS = (MEAN, BOTH, NEWCOMERS, RESIDENTS)


def _account(
    result: Results, group: str, accounting: Accounting, hicp: Mapping[int, float]
) -> tuple[float, float]:
    """Net contribution in the last year, euro, and persons, of a group of all Member States."""
    counts = result.counts[-1].sum(axis=(0, 2, 3))
    everybody, mine = counts.sum(axis=0), counts[codes.NON_EU_BORN]
    new = np.zeros_like(mine) if result.newcomers is None else result.newcomers[-1].sum(axis=0)
    chosen = {MEAN: mine, BOTH: mine - new, NEWCOMERS: new, RESIDENTS: everybody}[group]
    first = codes.MEASURE[codes.COMPONENTS[0]]
    net = conventions.signed_parts(chosen[None, first:], [result.years[-1]], 0, accounting, hicp).sum()
    return float(net), float(conventions.heads(chosen, accounting))


def _mean(account: tuple[float, float]) -> float:
    return account[0] / account[1]


def _row(
    scenario: str, group: str, outcome: str, values: np.ndarray, known: tuple[str, str], large: float, unit: str
) -> dict[str, Any]:
    estimate = statistics.estimate(values)
    expected, source = known
    sign = found_sign(values)
    return {
        "scenario": scenario,
        "group": group,
        "outcome": outcome,
        "sign_expected": expected,
        "sign_found": sign,
        "value": estimate["mean"],
        "monte_carlo_se": estimate["monte_carlo_se"],
        "unit": unit,
        "verdict": verdict(expected, sign, float(np.mean(values)), large),
        "known_from": source,
    }


def found_sign(values: np.ndarray) -> str:
    """+ or - when the mean is more than two standard errors from zero (one seed: its sign), else 0."""
    mean, error = float(np.mean(values)), float(statistics.standard_error(values))
    if abs(mean) <= 2 * (0.0 if math.isnan(error) else error):
        return "0"
    return "+" if mean > 0 else "-"


def verdict(expected: str, sign: str, value: float, large: float) -> str:
    """pass or FAIL; "not known" where nothing is. Small: at most SMALL times the gain of the full variant; large: more."""
    if not expected:
        return "not known"
    size = expected.rpartition(" ")[2] if " " in expected else expected
    held = {"small": abs(value) <= SMALL * large, "large": value > SMALL * large}.get(size, True)
    return "pass" if held and (not expected.startswith("+") or sign == "+") else "FAIL"


def write(path: Path, found: Sequence[Mapping[str, Any]]) -> None:
    """Write jrc_six.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        writer.writeheader()
        writer.writerows({**row, **{name: _number(row[name]) for name in ("value", "monte_carlo_se")}} for row in found)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def lines_of(found: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One line of words and numbers per row."""
    return [
        [
            f"{row['scenario'].replace('_', ' ')}: {WORDS[row['group']]}, {row['outcome']}",
            text.estimate(row["value"], row["monte_carlo_se"]), row["sign_expected"] or "-", row["sign_found"], row["verdict"],
        ]
        for row in found
    ]  # fmt: skip


def console(found: Sequence[Mapping[str, Any]], last: int) -> list[str]:
    """The table for the console."""
    if not found:
        return []
    title = f"Scenarios in {last}, net contribution, {found[0]['unit']} (Monte Carlo standard error); children where they were born"
    return [title, text.table(HEADER, lines_of(found)), ""]
