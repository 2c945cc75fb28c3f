"""Payback and present value: exact on paths of a few years."""

import math

import numpy as np
import pytest

from scenarios.payback import payback, present_value, quarter

YEARS = (2025, 2026, 2027, 2028)


@pytest.mark.parametrize(
    ("net", "moment", "words"),
    [
        ((-10, 5, 5, 5), 2028.0, "2027Q4"),  # exactly at the end of 2027
        ((-10, 5, 10, 0), 2027.5, "2027Q2"),  # half of 2027's ten closes the gap of five: at the end of its second quarter
        ((-10, 5, 9, 0), 2027 + 5 / 9, "2027Q3"),
        ((-4, 8, -6, 3), 2028 + 2 / 3, "2028Q3"),  # above zero in 2026, but not for good
        ((-4, 8, -6, 1), math.inf, "not by 2028"),
        ((1, 2, 3, 4), 2025.0, "from the start"),
        ((0, -1, 1, 0), 2028.0, "2027Q4"),
        ((0, 0, 0, 0), math.nan, "no effect"),
    ],
)
def test_payback_is_the_moment_after_which_nothing_is_owed(net, moment, words):
    """The last year that ends below zero, and the part of the next that makes up for it."""
    found = payback(np.cumsum([net], axis=1, dtype=float), YEARS)
    assert found[0] == pytest.approx(moment, nan_ok=True)
    assert quarter(found[0], 2025, 2028) == words


def test_any_shape():
    """One moment per path, wherever paths lie."""
    net = np.array([[[-10, 5, 5, 5], [1, 2, 3, 4]], [[-4, 8, -6, 1], [-10, 5, 10, 0]]], dtype=float)
    assert payback(net.cumsum(axis=-1), YEARS).tolist() == [[2028.0, 2025.0], [math.inf, 2027.5]]


def test_present_value_by_hand():
    """Undiscounted it is the sum; at 4 % each year counts 1/1.04 of the one before, the first in full."""
    net = np.array([-10.0, 2.0, 3.0, 7.0])
    assert present_value(net, YEARS, 0.0) == 2.0
    assert present_value(net, YEARS, 0.04) == pytest.approx(-10 + 2 / 1.04 + 3 / 1.04**2 + 7 / 1.04**3, rel=1e-12)
