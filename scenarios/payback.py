"""When a policy has paid back, and what it is worth today, from its net effect on public budgets by year."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

RATES = (0.0, 0.01, 0.02, 0.03, 0.04)  # discount rates per year
FROM_START = "from the start"


def payback(cumulated: np.ndarray, years: Sequence[int]) -> np.ndarray:
    """Moment, in years such as 2031.5, from which the cumulated undiscounted net effect stays non-negative to the end.

    cumulated [..., year]: at the end of each of the policy's years, zero before the first, linear inside a year. Infinite where
    it ends negative, the start of the first year where it never is, not-a-number where there is no effect at all.
    """
    found = np.empty(cumulated.shape[:-1])
    for where in np.ndindex(found.shape):
        path = cumulated[where]
        below = np.flatnonzero(path < 0.0)
        if not path.any():
            found[where] = math.nan
        elif path[-1] < 0.0:
            found[where] = math.inf
        elif not len(below):
            found[where] = years[0]
        else:
            last = below[-1]
            found[where] = years[last] + 1.0 + path[last] / (path[last] - path[last + 1])
    return found


def quarter(moment: float, first: int, last: int) -> str:
    """The quarter that holds a moment of payback(), in words; `first` and `last` year of the policy simulated."""
    if math.isnan(moment):
        return "no effect"
    if moment > last + 1.0:
        return f"not by {last}"
    if moment <= first:
        return FROM_START
    year = math.ceil(moment) - 1
    return f"{year}Q{math.ceil(round((moment - year) * 4.0, 9))}"


def present_value(net: np.ndarray, years: Sequence[int], rate: float) -> np.ndarray:
    """Sum over the years of net [..., year], discounted to the first of them."""
    return net @ (1.0 + rate) ** -(np.asarray(years, dtype=float) - years[0])
