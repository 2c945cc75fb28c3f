"""A budget shared among measures with diminishing returns: an exact linear programme.

The response of one measure in one place is its gain and cost at a few strengths. Its efficient part is the upper convex hull of
these points and of doing nothing; along it every further euro gains less. Hulls are piecewise linear and concave, so the best
shares of a budget are a linear programme (a knapsack that may be cut), solved by HiGHS (scipy.optimize.linprog). With
one budget all measures but one end at a strength that was simulated, so little rests on what lies between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

SOLVED = 1e-7  # feasibility tolerance of the solver


class Curve(NamedTuple):
    """Efficient strengths of one measure in one place, with their cost and gain; all ascending, doing nothing first."""

    strength: np.ndarray
    cost: np.ndarray
    gain: np.ndarray


class Allocation(NamedTuple):
    """Strength, cost and gain of every curve, and what one more unit of budget would gain."""

    strength: np.ndarray
    cost: np.ndarray
    gain: np.ndarray
    shadow_price: float


def curve(strength: Sequence[float] | np.ndarray, cost: np.ndarray, gain: np.ndarray) -> Curve:
    """The efficient part of a response, given at ascending strengths above zero.

    A stronger measure never counts as cheaper than a weaker one, nor as cheaper than nothing: what it saves elsewhere cannot
    be spent. Strengths that gain no more than a cheaper combination are left out.
    """
    strength = np.concatenate([[0.0], strength])
    cost = np.maximum.accumulate(np.concatenate([[0.0], cost]))
    gain = np.concatenate([[0.0], gain])
    kept = [0]
    for k in range(1, len(strength)):
        if gain[k] <= gain[kept[-1]]:
            continue
        # Points under the line from an earlier point to this one are no vertices.
        while len(kept) > 1 and _above(kept, k, cost, gain):
            kept.pop()
        kept.append(k)
    return Curve(strength[kept], cost[kept], gain[kept])


def _above(kept: Sequence[int], k: int, cost: np.ndarray, gain: np.ndarray) -> bool:
    """Whether the last point kept lies on or under the line from the one before it to point k."""
    i, j = kept[-2], kept[-1]
    return (gain[k] - gain[i]) * (cost[j] - cost[i]) >= (gain[j] - gain[i]) * (cost[k] - cost[i])


def allocate(curves: Sequence[Curve], budget: float, caps: Sequence[tuple[Sequence[int], float]] = ()) -> Allocation:
    """Share a budget among curves so that the sum of gains is largest.

    caps: (indices of curves, most that they may cost together). Raises ValueError when a budget or cap is negative.
    """
    if budget < 0.0 or any(cap < 0.0 for _, cap in caps):
        raise ValueError("a budget cannot be negative")
    owner = np.repeat(np.arange(len(curves)), [len(one.cost) - 1 for one in curves])
    zeros = np.zeros(len(curves))
    if not len(owner):
        return Allocation(zeros, zeros.copy(), zeros.copy(), 0.0)
    step = {name: np.concatenate([np.diff(getattr(one, name)) for one in curves]) for name in Curve._fields}
    rows = [step["cost"], *(np.where(np.isin(owner, members), step["cost"], 0.0) for members, _ in caps)]
    bounds = [budget, *(cap for _, cap in caps)]
    # Tiny steps would be lost in the solver's tolerances: money is measured in budgets, gain in the largest step.
    unit = step["gain"].max()
    scale = np.array([bound or 1.0 for bound in bounds])
    solved = linprog(
        -step["gain"] / unit, A_ub=np.array(rows) / scale[:, None], b_ub=np.array(bounds) / scale, bounds=(0.0, 1.0), method="highs-ds"
    )
    if not solved.success:
        raise RuntimeError(f"the linear programme was not solved: {solved.message}")
    taken = np.where(np.abs(solved.x - np.round(solved.x)) < SOLVED, np.round(solved.x), solved.x)
    sums = {name: np.bincount(owner, taken * values, minlength=len(curves)) for name, values in step.items()}
    return Allocation(**sums, shadow_price=float(-solved.ineqlin.marginals[0] * unit / scale[0]))
