"""Which policy is best, how sure that is, and which two cannot be told apart.

The reference takes part as doing nothing. Probabilities are shares of the draws of all parameters, Monte Carlo noise of a coarse run
included, so that they err towards not telling apart; a tie counts half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scenarios import draws, statistics

TOLD_APART = 0.95  # share of the draws in which one must beat the other
NO_DRAWS, LAST = "no draws: no probability", "none comes next"


def probability_best(drawn: np.ndarray) -> np.ndarray:
    """Probability [policy] of being the best from values [draw, policy], higher is better; ties share."""
    best = drawn == drawn.max(axis=1, keepdims=True)
    return (best / best.sum(axis=1, keepdims=True)).mean(axis=0)


def probability_better(difference: np.ndarray) -> np.ndarray:
    """Share of the draws (first axis) in which a difference is positive; zero counts half."""
    return (difference > 0).mean(axis=0) + 0.5 * (difference == 0).mean(axis=0)


def rank(names: Sequence[str], sample: draws.Sample, higher_is_better: bool) -> list[dict[str, Any]]:
    """Entries from the best to the worst at the centre, from levels [simulation, scenario], the reference among them.

    Each with its level less the reference's and the interval of that, the probability of being the best, and the probability of
    beating the next (None without draws). `same_as_next`: neither beats the other in 95 % of the draws; without draws, the Monte
    Carlo interval of their difference holds zero (None with a single seed). `note`: why one is None.
    """
    sign = 1.0 if higher_is_better else -1.0
    effect = sample.map(lambda levels: levels - levels[:, :1])
    columns = {"effect": effect.centre, **effect.columns()}
    sample = effect.map(lambda values: sign * values)
    order = np.argsort(-sample.centre, kind="stable")
    best = None if sample.drawn is None else probability_best(sample.moved())
    rows = []
    for position, one in enumerate(order):
        better = same = None
        note = "" if position + 1 < len(order) else LAST
        if not note:
            ahead = sample.map(lambda v, a=one, b=order[position + 1]: v[:, a] - v[:, b])
            if sample.drawn is not None:
                better = float(probability_better(ahead.moved()))
                same = 1.0 - TOLD_APART < better < TOLD_APART
            elif len(ahead.full) > 1:
                low, high, _ = ahead.whole_interval()
                same = bool(low <= 0.0 <= high)
        if sample.drawn is None:
            note = NO_DRAWS
        rows.append(
            {
                "rank": position + 1,
                "policy": names[one],
                **{name: statistics.number(values[one]) for name, values in columns.items()},
                "probability_best": None if best is None else statistics.number(best[one]),
                "probability_beats_next": better,
                "same_as_next": same,
                "note": note,
            }
        )
    return rows


def pairs(names: Sequence[str], sample: draws.Sample, higher_is_better: bool) -> list[tuple[str, str, float]]:
    """Every two of `names` that cannot be told apart, with the probability that the first is better; none without draws."""
    if sample.drawn is None:
        return []
    sign = 1.0 if higher_is_better else -1.0
    found = []
    for a in range(len(names)):
        for b in range(a + 1, len(names)):
            drawn = sample.map(lambda v, a=a, b=b: sign * (v[:, a] - v[:, b])).moved()
            better = float(probability_better(drawn))
            if 1.0 - TOLD_APART < better < TOLD_APART:
                found.append((names[a], names[b], better))
    return found


def line(rows: Sequence[dict[str, Any]]) -> str:
    """`a > b ~ c = baseline`: from the best to the worst, ~ where two neighbours cannot be told apart, = where they are the same."""
    words = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        share = "" if row["probability_best"] is None else f" (best in {100 * row['probability_best']:.0f} %)"
        words.append(row["policy"] + share)
        if following is not None:
            words.append("=" if row["effect"] == following["effect"] else "~" if row["same_as_next"] else ">")
    return " ".join(words)
