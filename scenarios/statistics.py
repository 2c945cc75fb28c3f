"""Means over seeds with their Monte Carlo standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np



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


def with_total(values: np.ndarray, axis: int) -> np.ndarray:
    """The sum along an axis (places) put before its entries."""
    return np.concatenate([values.sum(axis=axis, keepdims=True), values], axis=axis)
