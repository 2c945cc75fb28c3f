"""The gain at parity as tidy tables that open in Excel: gains.csv by variant, decomposition.csv by factor.

One row per number. `value` is euro per head of all non-EU-born, so that rows of the same place, label and kind add up: the
women and the men, the levels of education, the components (names of codes.COMPONENTS; what is received counts negative, so
that a benefit saved is positive). `of_group` is the same amount per head of the persons named in the row alone. Columns that only
draws can tell are empty without them; where Monte Carlo error dominates, the interval holds it too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, decomposition, displacement, draws, gains, statistics, summary

TOTAL, NET = "total", "net_contribution"
LEVELS = codes.EDUCATION  # persons under 15 have no gain
COLUMNS = (
    "place", "given", "reference", "market", "variant", "sex", "education", "component", "value", "monte_carlo_se",
    *draws.OF_PARAMETERS, "of_group", "unit",
)  # fmt: skip


def items(components: Sequence[str]) -> list[tuple[str, str, str]]:
    """Sex, education and component of each row of a place and label, in the order of `by_item`."""
    return [
        (TOTAL, TOTAL, NET),
        *((TOTAL, TOTAL, component) for component in components),
        *((sex, TOTAL, NET) for sex in codes.SEXES),
        *((TOTAL, level, NET) for level in LEVELS),
        *((sex, level, NET) for sex in codes.SEXES for level in LEVELS),
    ]


def by_item(amounts: np.ndarray) -> np.ndarray:
    """Sums [..., item] of amounts [..., sex, education 4, component]."""
    net = amounts.sum(axis=-1)
    levels = net[..., : len(LEVELS)]
    return np.concatenate(
        [
            net.sum(axis=(-2, -1))[..., None],
            amounts.sum(axis=(-3, -2)),
            net.sum(axis=-1),
            levels.sum(axis=-2),
            levels.reshape(*levels.shape[:-2], -1),
        ],
        axis=-1,
    )


def persons_by_item(baseline: Results, accounting: Accounting) -> np.ndarray:
    """Non-EU-born of the last year whom each row is about [place, item]; everybody for a component."""
    heads = statistics.with_total(conventions.heads(baseline.counts[-1, :, codes.NON_EU_BORN], accounting), 0)
    found = by_item(heads[..., None])
    everybody = np.repeat(found[:, :1], len(conventions.parts_in_use(accounting)), axis=1)
    return np.concatenate([found[:, :1], everybody, found[:, 2:]], axis=1)


def per_head(amounts: np.ndarray, baseline: Results, accounting: Accounting) -> np.ndarray:
    """Euro per head of all non-EU-born [..., place, item] from amounts [..., ms, sex, education 4, component in use] of a seed."""
    values = by_item(statistics.with_total(amounts, -4))
    everybody = persons_by_item(baseline, accounting)[:, :1]
    return statistics.per_head(values, np.broadcast_to(everybody, values.shape))


def of_gains(before: Results, after: Results, accounting: Accounting, hicp: Mapping[int, float]) -> np.ndarray:
    """Gain in the last year per head of one seed [label, place, item]."""
    first = codes.MEASURE[codes.COMPONENTS[0]]
    cents = after.parity.components[:, -1] - before.counts[-1, :, codes.NON_EU_BORN, ..., first:]
    amounts = conventions.signed_parts(cents[:, None], [before.years[-1]], 1, accounting, hicp)[:, 0]
    return per_head(amounts, before, accounting)


def of_factors(
    one: decomposition.Coalitions, before: Results, accounting: Accounting, hicp: Mapping[int, float]
) -> np.ndarray:
    """Shapley values in the last year per head of one seed [factor, place, item]."""
    return per_head(decomposition.parts(one, accounting, hicp), before, accounting)


def gain_rows(
    sample: draws.Sample,
    labels: Sequence[gains.Label],
    market_on: Sequence[Mapping[str, Any]],
    baseline: Sequence[Results],
    accounting: Accounting,
) -> Iterator[dict[str, Any]]:
    """Rows of gains.csv from a sample of `of_gains`; with the market on (rows of scenarios.draws) the labels that add its jobs, net
    only."""
    for number, label in enumerate(labels):
        yield from _rows(label, sample.map(lambda part, number=number: part[:, number]), baseline, accounting)
    known = {(row["place"], row["outcome"]): row for row in market_on}
    for label in labels:
        if displacement.same_jobs(label):
            for place in [summary.place(baseline[0].member_states), *baseline[0].member_states]:
                row = known.get((place, displacement.gain_name(label)))
                if row is not None:
                    numbers = [row[name] for name in draws.NUMBERS]
                    key = (place, *label[1:], "on", label[0], TOTAL, TOTAL, NET)
                    yield dict(zip(COLUMNS, [*key, *numbers, row["centre"], row["unit"]], strict=True))


def decomposition_rows(
    samples: Mapping[tuple[str, str], draws.Sample], baseline: Sequence[Results], accounting: Accounting
) -> Iterator[dict[str, Any]]:
    """Rows of decomposition.csv from samples of `of_factors` by (given, reference); `variant` names the factor."""
    for pair, sample in samples.items():
        for number, factor in enumerate(decomposition.FACTORS):
            mine = sample.map(lambda part, number=number: part[:, number])
            yield from _rows((factor, *pair), mine, baseline, accounting)


def _rows(
    label: gains.Label, sample: draws.Sample, baseline: Sequence[Results], accounting: Accounting
) -> Iterator[dict[str, Any]]:
    """Rows of one label (variant or factor, given, reference) from [simulation, place, item]; components without any amount are
    left out."""
    states = baseline[0].member_states
    persons = np.stack([persons_by_item(result, accounting) for result in baseline])
    of_group = statistics.mean(statistics.per_head(sample.full * persons[..., :1], persons))
    columns = sample.numbers()
    variant, given, reference = label
    unit = summary.contribution_unit(accounting)
    for p, place in enumerate([summary.place(states), *states]):
        for i, (sex, level, component) in enumerate(items(conventions.parts_in_use(accounting))):
            if component != NET and not np.any(sample.full[..., i]):
                continue
            numbers = [statistics.number(column[p, i]) for column in columns.values()]
            key = (place, given, reference, "off", variant, sex, level, component)
            yield dict(zip(COLUMNS, [*key, *numbers, statistics.number(of_group[p, i]), unit], strict=True))


def grouped(
    sample: draws.Sample, labels: Sequence[gains.Label], accounting: Accounting, groups: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Gains of all Member States together by groups of components, from a sample of `of_gains`: rows with variant, given, reference,
    group and draws.NUMBERS. Components of no group are "other"."""
    named = {part for parts in groups.values() for part in parts}
    names = [component for _, _, component in items(conventions.parts_in_use(accounting))]
    chosen = {group: [names.index(part) for part in parts if part in names] for group, parts in groups.items()}
    chosen["other"] = [i for i, name in enumerate(names) if name != NET and name not in named]
    found = []
    for number, (variant, given, reference) in enumerate(labels):
        for group, mine in chosen.items():
            columns = sample.map(lambda part, n=number, mine=mine: part[:, n, 0][:, mine].sum(axis=-1)).numbers()
            key = {"variant": variant, "given": given, "reference": reference, "group": group}
            found.append(key | {name: statistics.number(column) for name, column in columns.items()})
    return found


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
