"""Results as tidy Arrow tables: one additive number per row, no totals among the rows, zeros left out.

Counts are annual means of persons, flows are events per year, money is euro of 2019 per year. Rates are derived
with scenarios.statistics after summing rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model import Results, codes

UNITS = {
    **{name: "persons" for name in codes.COUNTS},
    "persons_31_december": "persons",
    "children_of_women": "children",
    **{name: "events per year" for name in codes.FLOWS},
    "wage_sum": codes.UNIT_OF_COMPONENT,
    "hours_sum": "percent of full time",
    **{name: codes.UNIT_OF_COMPONENT for name in codes.COMPONENTS},
}
CELL_AXES = ("year", "member_state", "origin", "sex", "education")
REASON_AXES = ("year", "member_state", "reason", "arrival_period")
STAY_AXES = ("year", "member_state", "reason", "sex", "years_since_arrival")
AGE_AXES = ("year", "member_state", "origin", "age")
AGE_MEASURES = ("persons_31_december", *codes.COMPONENTS)
PARITY_MEASURES = ("employed_20_64", *codes.COMPONENTS)
_LABELS = {
    "origin": codes.ORIGINS,
    "sex": codes.SEXES,
    "education": codes.EDUCATION_OUT,
    "reason": codes.REASONS,
    "arrival_period": codes.ARRIVAL_PERIODS,
    "years_since_arrival": codes.YEARS_SINCE_ARRIVAL,
    "age": codes.AGE_BANDS,
}
_TEXT = pa.dictionary(pa.int16(), pa.string())


def divisor(measure: str) -> float:
    """What a stored integer is divided by: 4 quarters for annual means, 100 cents for euro, 1 for events."""
    if measure in codes.COMPONENTS:
        return 100.0
    return 1.0 if measure in (*codes.FLOWS, "persons_31_december") else 4.0


def schema(axes: Sequence[str]) -> pa.Schema:
    """Columns of a table with these axes."""
    columns = [("scenario", _TEXT), ("draw", pa.int16()), ("seed", pa.int64())]
    columns += [(axis, pa.int16() if axis == "year" else _TEXT) for axis in axes]
    return pa.schema([*columns, ("measure", _TEXT), ("value", pa.float64()), ("unit", _TEXT)])


def tidy(
    values: np.ndarray,
    axes: Sequence[str],
    years: Sequence[int],
    member_states: Sequence[str],
    measures: Sequence[str],
    scenario: str,
    seed: int,
) -> pa.Table:
    """The non-zero entries of values [*axes, measure] as rows in the order of the array."""
    labels = {**_LABELS, "member_state": tuple(member_states)}
    where = np.nonzero(values)
    rows = len(where[0])
    divisors = np.array([divisor(measure) for measure in measures])
    units = sorted(set(UNITS.values()))
    unit_of = np.array([units.index(UNITS[measure]) for measure in measures], dtype=np.int16)
    columns = [_text(np.zeros(rows, np.int16), (scenario,)), pa.array(np.zeros(rows, np.int16))]
    columns.append(pa.array(np.full(rows, seed, np.int64)))
    for axis, index in zip(axes, where[:-1], strict=True):
        if axis == "year":
            columns.append(pa.array(np.asarray(years, dtype=np.int16)[index]))
        else:
            columns.append(_text(index, labels[axis]))
    columns += [
        _text(where[-1], tuple(measures)),
        pa.array(values[where] / divisors[where[-1]]),
        _text(unit_of[where[-1]], tuple(units)),
    ]
    return pa.Table.from_arrays(columns, schema=schema(axes))


def _text(index: np.ndarray, labels: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int16)), pa.array(labels))


def write(path: Path, axes: Sequence[str], tables: Iterable[pa.Table]) -> None:
    """Write tables with the same axes one after the other, so that only one is in memory."""
    with pq.ParquetWriter(path, schema(axes), compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def cells(results: Iterable[tuple[str, Results]]) -> Iterator[pa.Table]:
    """By origin, sex and education."""
    for scenario, result in results:
        yield _tidy_result(result.counts, CELL_AXES, result, scenario)


def parity_cells(paired: Iterable[Results]) -> Iterator[pa.Table]:
    """The non-EU-born at parity by sex and education, one scenario per label."""
    for result in paired:
        parity = result.parity
        for v, label in enumerate(parity.labels):
            found = np.concatenate([parity.employed[v][..., None], parity.components[v]], axis=-1)
            values = np.zeros((*found.shape[:2], len(codes.ORIGINS), *found.shape[2:]), dtype=np.int64)
            values[:, :, codes.NON_EU_BORN] = found
            yield tidy(
                values, CELL_AXES, result.years, result.member_states, PARITY_MEASURES, parity_name(label), result.seed
            )


def parity_name(label: tuple[str, str, str]) -> str:
    """Scenario name of a (variant, given, reference)."""
    variant, given, reference = label
    return f"parity_{variant}_given_{given}_against_{reference}"


def reasons(results: Iterable[tuple[str, Results]]) -> Iterator[pa.Table]:
    """The non-EU-born by reason and arrival period."""
    for scenario, result in results:
        yield _tidy_result(result.by_reason, REASON_AXES, result, scenario)


def stays(results: Iterable[tuple[str, Results]]) -> Iterator[pa.Table]:
    """The non-EU-born aged 20-64 by reason, sex and completed years since arrival."""
    for scenario, result in results:
        yield _tidy_result(result.by_stay, STAY_AXES, result, scenario, codes.STAY_MEASURES)


def ages(results: Iterable[tuple[str, Results]]) -> Iterator[pa.Table]:
    """By origin and age band on 31 December."""
    for scenario, result in results:
        yield _tidy_result(result.by_age, AGE_AXES, result, scenario, AGE_MEASURES)


def _tidy_result(
    values: np.ndarray,
    axes: Sequence[str],
    result: Results,
    scenario: str,
    measures: Sequence[str] = codes.MEASURES,
) -> pa.Table:
    return tidy(values, axes, result.years, result.member_states, measures, scenario, result.seed)
