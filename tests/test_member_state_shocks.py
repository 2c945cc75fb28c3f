"""Shocks of a Member State: recovered from rates made with a known one, none where sampling explains all, and how they add up."""

import numpy as np
import pytest

from calibration import moments, shocks
from model.codes import MEMBER_STATES

REPLICATIONS = 40


def _estimates(true, seed):
    """Estimates from 27 Member States whose yearly figures have sampling errors of 0.2 to 1 point, REPLICATIONS times; every
    change besides has a mean of 0.7 points, which is no shock."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(REPLICATIONS):
        errors = generator.uniform(0.002, 0.01, 27)
        walk = np.cumsum(generator.normal(0.007, true, (27, 3)), axis=1)
        found.append(shocks.yearly_deviation(np.diff(walk + generator.standard_normal((27, 3)) * errors[:, None]), errors))
    return np.array(found)


def test_a_known_shock_is_found():
    """1.5 points: the mean of 40 estimates within 12 % of it (they scatter by 14 %, their mean by 2 %; maximum likelihood of 54
    changes with two estimated means is low by a few percent)."""
    found = _estimates(0.015, 1)
    assert found.mean() == pytest.approx(0.015, rel=0.12)


def test_sampling_is_no_shock():
    """Without shocks half of the estimates and more are below a tenth of a point."""
    assert np.median(_estimates(0.0, 2)) < 0.001


def test_deviation_grows_with_the_root_of_years_and_averages_over_member_states():
    assert shocks.deviation(1.2, 2019) == 0.0 and shocks.deviation(1.2, 2017) == 0.0
    assert shocks.deviation(1.2, 2020) == pytest.approx(1.2)
    assert shocks.deviation(1.2, 2023) == pytest.approx(2.4)
    assert shocks.deviation(1.2, 2023, (0.5, 0.5)) == pytest.approx(2.4 / np.sqrt(2.0))


def test_a_jump_beyond_sampling_had_a_large_shock():
    """Yearly scale 1, sampling error 1, mean change 0: z squared of the changes is 0, 8 (twice) and unknown."""
    changes, errors = np.array([0.0, 4.0, -4.0, np.nan]), np.array([1.0, 1.0, 1.0, np.nan])
    expected = np.sqrt(np.array([4.0 / 5.0, 12.0 / 5.0, 12.0 / 5.0, 1.0]))
    assert shocks.given_change(changes, errors, 1.0, 1) == pytest.approx(expected)


def test_earlier_figures_of_migrants_carry_the_shocks_up_to_the_reference_year():
    """Every error of 2018 is above its sampling error where shocks are known, that of 2019 and natives' are sampling errors."""
    found, rule = moments.published(), moments.Rule()
    for row in found[found["figure"] == "employment"].itertuples():
        ms = MEMBER_STATES.index(row.geo)
        moment = moments.Moment(row.figure, row.origin, row.sex, row.year)
        sampling = rule.standard_error(moment, ms, row.value, row.status)
        shocked = row.origin != "native" and row.year != 2019
        assert row.standard_error > sampling if shocked else row.standard_error == sampling
