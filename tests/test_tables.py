"""Result tables hold additive numbers in their units, and nothing else."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from model import codes
from model.accounting import indicator as rate_of
from scenarios import statistics, tables

YEARS, STATES = (2017, 2018), ("DE", "MT")


def _counts():
    shape = (len(YEARS), len(STATES), 3, 2, 4, len(codes.MEASURES))
    return np.random.default_rng(1).integers(0, 1000, shape) * (np.arange(shape[-1]) % 3 > 0)


def test_rows_are_the_array_in_units_with_zeros_left_out(tmp_path):
    counts = _counts()
    path = tmp_path / "indicators.parquet"
    rows = [tables.tidy(counts, tables.CELL_AXES, YEARS, STATES, codes.MEASURES, "baseline", seed) for seed in (1, 2)]
    tables.write(path, tables.CELL_AXES, iter(rows))
    table = pq.read_table(path).to_pandas()
    assert list(table.columns) == [
        "scenario", "draw", "seed", "year", "member_state", "origin", "sex", "education", "measure", "value", "unit",
    ]  # fmt: skip
    assert len(table) == 2 * np.count_nonzero(counts)
    assert not table.isna().any(axis=None)
    for measure, divisor in {"employed_20_64": 4, "departures": 1, "income_tax": 100, "hours_sum": 4}.items():
        found = table[(table.measure == measure) & (table.seed == 2)]
        assert set(found.unit) <= {tables.UNITS[measure]}
        expected = counts[..., codes.MEASURE[measure]].sum() / divisor
        assert found.value.sum() == pytest.approx(expected, rel=1e-12)
    one = table.query("seed == 1 and year == 2018 and member_state == 'MT' and origin == 'eu_born' and sex == 'male'")
    one = one.query("education == 'high' and measure == 'housing'")
    expected = counts[1, 1, codes.EU_BORN, codes.MALE, codes.HIGH, codes.MEASURE["housing"]]
    assert one.value.sum() == expected / 100


def test_every_measure_has_a_unit():
    assert set(codes.STAY_MEASURES) <= set(codes.COUNTS)
    assert set(codes.MEASURES) | set(tables.AGE_MEASURES) | set(tables.PARITY_MEASURES) == set(tables.UNITS)


def test_rates_are_of_sums_not_means_of_rates():
    counts = np.zeros((2, len(codes.MEASURES)), dtype=np.int64)
    counts[:, codes.MEASURE["persons_20_64"]] = (100, 300)
    counts[:, codes.MEASURE["employed_20_64"]] = (90, 90)
    assert rate_of("employment_rate", counts) == pytest.approx([90.0, 30.0])
    assert rate_of("employment_rate", counts.sum(axis=0)) == pytest.approx(45.0)
    assert np.isnan(rate_of("overqualification_rate", counts)).all()


def test_estimate_over_seeds():
    assert statistics.estimate([1.0, 2.0, 6.0]) == {"mean": 3.0, "monte_carlo_se": pytest.approx(7**0.5 / 3**0.5)}
    assert statistics.estimate([1.0]) == {"mean": 1.0, "monte_carlo_se": None}
