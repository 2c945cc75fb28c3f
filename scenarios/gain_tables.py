"""The gain at parity as tidy tables that open in Excel: gains.csv by variant, decomposition.csv by factor.

One row per number. `value` is euro per head of all non-EU-born, so that rows of the same place, label and kind add up: the
women and the men, the levels of education, the components (names of codes.COMPONENTS; what is received counts negative, so
that a benefit saved is positive). `of_group` is the same amount per head of the persons named in the row alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, decomposition, displacement, gains, statistics, summary

TOTAL, NET = "total", "net_contribution"
LEVELS = codes.EDUCATION  # persons under 15 have no gain
COLUMNS = (
    "place", "given", "reference", "market", "variant", "sex", "education", "component", "value", "monte_carlo_se", "low", "high",
    "of_group", "unit",
)  # fmt: skip
Intervals = Mapping[tuple[str, str], Mapping[str, Any]]  # by place and outcome, rows of scenarios.draws


def by_outcome(rows: Sequence[Mapping[str, Any]]) -> Intervals:
    """Rows of intervals by place and outcome, gains and their parts only."""
    return {
        (row["place"], row["outcome"]): row for row in rows if row["outcome"].startswith(("gain_", decomposition.OUTCOME))
    }


def slices(
    amounts: np.ndarray, persons: np.ndarray, components: Sequence[str]
) -> Iterator[tuple[str, str, str, np.ndarray, np.ndarray]]:
    """Sex, education and component of a row, its value and that per head of the group, [seed] each.

    amounts [seed, sex, education, component] euro, persons [seed, sex, education], both of one place.
    """
    everybody = persons.sum(axis=(1, 2))
    net = amounts.sum(axis=3)

    def row(sex: str, level: str, component: str, amount: np.ndarray, group: np.ndarray) -> Any:
        return sex, level, component, statistics.per_head(amount, everybody), statistics.per_head(amount, group)

    yield row(TOTAL, TOTAL, NET, net.sum(axis=(1, 2)), everybody)
    for c, component in enumerate(components):
        yield row(TOTAL, TOTAL, component, amounts[..., c].sum(axis=(1, 2)), everybody)
    for s, sex in enumerate(codes.SEXES):
        yield row(sex, TOTAL, NET, net[:, s].sum(axis=1), persons[:, s].sum(axis=1))
    for e, level in enumerate(LEVELS):
        yield row(TOTAL, level, NET, net[:, :, e].sum(axis=1), persons[:, :, e].sum(axis=1))
    for s, sex in enumerate(codes.SEXES):
        for e, level in enumerate(LEVELS):
            yield row(sex, level, NET, net[:, s, e], persons[:, s, e])


def table(
    label: tuple[str, str, str],
    outcome: str,
    amounts: np.ndarray,
    baseline: Sequence[Results],
    accounting: Accounting,
    intervals: Intervals,
) -> Iterator[dict[str, Any]]:
    """Rows of one label (variant or factor, given, reference) from amounts [seed, ms, sex, education 4, component] in euro.

    Components without any amount are left out. `outcome` names the interval of the net gain.
    """
    variant, given, reference = label
    states = baseline[0].member_states
    persons = np.stack([conventions.heads(result.counts[-1, :, codes.NON_EU_BORN], accounting) for result in baseline])
    names = conventions.parts_in_use(accounting)
    used = [c for c in range(len(names)) if np.any(amounts[..., c])]
    chosen = amounts[..., used]
    sums = (chosen.sum(axis=1, keepdims=True), persons.sum(axis=1, keepdims=True))
    chosen, persons = (np.concatenate(pair, axis=1) for pair in zip(sums, (chosen, persons), strict=True))
    for p, place in enumerate([summary.place(states), *states]):
        interval = intervals.get((place, outcome), {})
        for sex, level, component, value, of_group in slices(chosen[:, p], persons[:, p], [names[c] for c in used]):
            known = interval if (sex, level, component) == (TOTAL, TOTAL, NET) else {}
            yield row_of(
                (place, given, reference, "off", variant, sex, level, component), value, known, of_group, accounting
            )


def row_of(
    key: Sequence[str],
    value: np.ndarray,
    interval: Mapping[str, Any],
    of_group: np.ndarray,
    accounting: Accounting,
) -> dict[str, Any]:
    """One row of COLUMNS from values over seeds."""
    numbers = [*statistics.estimate(value).values(), interval.get("low"), interval.get("high")]
    unit = summary.contribution_unit(accounting)
    return dict(zip(COLUMNS, [*key, *numbers, statistics.number(statistics.mean(of_group)), unit], strict=True))


def gain_rows(
    baseline: Sequence[Results],
    paired: Sequence[Results],
    market_on: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
    intervals: Intervals,
) -> Iterator[dict[str, Any]]:
    """Rows of gains.csv: every label in the last year; with the market on the labels that add its jobs, net only."""
    last = baseline[0].years[-1]
    first = codes.MEASURE[codes.COMPONENTS[0]]
    for number, label in enumerate(paired[0].parity.labels):
        amounts = []
        for before, after in zip(baseline, paired, strict=True):
            cents = after.parity.components[number, -1] - before.counts[-1, :, codes.NON_EU_BORN, ..., first:]
            amounts.append(conventions.signed_parts(cents[None], [last], 0, accounting, hicp)[0])
        yield from table(label, "gain_" + "_".join(label), np.stack(amounts), baseline, accounting, intervals)
    if market_on:
        yield from _market_rows(baseline, paired, market_on, accounting, hicp)


def _market_rows(
    baseline: Sequence[Results],
    paired: Sequence[Results],
    market_on: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
) -> Iterator[dict[str, Any]]:
    """The gain less what natives and EU-born lose when the added jobs ask for openings like everybody."""
    last = baseline[0].years[-1]
    gain = gains.per_head(baseline, paired, accounting, hicp, [last])[:, :, 0].sum(axis=-1)
    loss = displacement.loss_per_head(accounting, baseline, market_on, hicp, last)
    states = baseline[0].member_states
    for n, label in enumerate(paired[0].parity.labels):
        if displacement.same_jobs(label):
            variant, given, reference = label
            for p, place in enumerate([summary.place(states), *states]):
                key = (place, given, reference, "on", variant, TOTAL, TOTAL, NET)
                value = gain[:, n, p] - loss[:, p]
                yield row_of(key, value, {}, value, accounting)


def decomposition_rows(
    found: Mapping[tuple[str, str], Sequence[decomposition.Coalitions]],
    baseline: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
    intervals: Intervals,
) -> Iterator[dict[str, Any]]:
    """Rows of decomposition.csv: the Shapley value of each factor in the last year; `variant` names the factor."""
    for (given, reference), seeds in found.items():
        amounts = np.stack([decomposition.parts(one, accounting, hicp) for one in seeds])
        for f, factor in enumerate(decomposition.FACTORS):
            label = (factor, given, reference)
            yield from table(label, decomposition.OUTCOME + "_".join(label), amounts[:, f], baseline, accounting, intervals)


def write(path: Path, rows: Sequence[Mapping[str, Any]], item: str = "variant") -> None:
    """Write rows of COLUMNS; `item` is what the column `variant` is called in the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([item if name == "variant" else name for name in COLUMNS])
        for row in rows:
            writer.writerow([_cell(row[name]) for name in COLUMNS])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.4f}"
