"""Means over seeds with their Monte Carlo standard error, and rates of aggregated counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from model import codes


def rate(counts: np.ndarray, indicator: str) -> np.ndarray:
    """An indicator of codes.INDICATORS from additive counts [..., measure]; not-a-number where nobody is counted.

    Sum over cells before calling: the mean of rates is not the rate of the sum.
    """
    numerator, denominator, factor, _ = codes.INDICATORS[indicator]
    top, bottom = _total(counts, numerator), _total(counts, denominator)
    return factor * np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _total(counts: np.ndarray, names: str | Sequence[str]) -> np.ndarray:
    names = (names,) if isinstance(names, str) else names
    return counts[..., [codes.MEASURE[name] for name in names]].sum(axis=-1, dtype=float)


def per_head(amount: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """Amount per person, not-a-number where nobody is counted."""
    amount = np.asarray(amount, dtype=float)
    return np.divide(amount, persons, out=np.full_like(amount, np.nan), where=np.asarray(persons) > 0)


def mean(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Mean over seeds (first axis)."""
    return np.mean(np.asarray(values, dtype=float), axis=0)


def standard_error(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Standard error of the mean over seeds (first axis); not-a-number for a single seed."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return values.std(axis=0, ddof=1) / math.sqrt(len(values))


def estimate(values: Sequence[Any] | np.ndarray) -> dict[str, float | None]:
    """Mean and Monte Carlo standard error of one number over seeds, for summary.json (null when undefined)."""
    return {"mean": number(mean(values)), "monte_carlo_se": number(standard_error(values))}


def number(value: Any) -> float | None:
    """A plain number with ten significant digits, None when it is not finite."""
    return float(f"{float(value):.10g}") if math.isfinite(float(value)) else None
