"""Estimators of the trials: what a study would have computed, on tracks of simulated persons.

Arrays are [quarter of the run, person]; not-a-number marks who is not observed. Every function returns a profile: the effect by
quarters since the event.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np


def since(values: np.ndarray, event_q: np.ndarray, lags: Sequence[int]) -> np.ndarray:
    """Values [lag, person] at each person's own event quarter plus the lag; not-a-number outside the run."""
    wanted = np.asarray(event_q)[None, :] + np.asarray(lags)[:, None]
    inside = (wanted >= 0) & (wanted < len(values))
    found = np.take_along_axis(np.asarray(values, dtype=float), np.clip(wanted, 0, len(values) - 1), axis=0)
    return np.where(inside, found, np.nan)


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over persons observed, not-a-number where nobody is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        return np.nanmean(values, axis=-1)


def difference(treated: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Difference of means [lag] of the same persons in two arms, both [lag, person]."""
    return mean(treated) - mean(control)


def relative(treated: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Relative difference of means [lag]."""
    below = mean(control)
    return np.divide(difference(treated, control), below, out=np.full(below.shape, np.nan), where=below != 0)


def wald(treated: np.ndarray, control: np.ndarray, took_treated: np.ndarray, took_control: np.ndarray) -> np.ndarray:
    """Effect on the outcome over effect on taking the treatment (Wald 1940), [lag]; `took` [person] are 0 or 1.

    Not-a-number when nobody is moved into treatment.
    """
    moved = float(np.mean(took_treated) - np.mean(took_control))
    gap = difference(treated, control)
    return gap / moved if moved != 0.0 else np.full(gap.shape, np.nan)


def event_study(values: np.ndarray, treated_q: np.ndarray, waiting: np.ndarray, lags: Sequence[int], latest: int) -> np.ndarray:
    """Effect by quarters since treatment against persons not yet treated, as stacked differences in differences.

    values [quarter, person]; treated_q [person]: quarter of treatment, -1 for never; waiting [quarter, person]: whether the
    person has applied and is not treated at the end of that quarter. For every quarter d with treatments, those treated at d
    are set against those waiting at d - 1 and untreated at d + lag, both relative to d - 1; quarters are weighted by
    their treated (Callaway and Sant'Anna 2021, not-yet-treated controls). Treatments after the quarter `latest` only end waiting.
    """
    values = np.asarray(values, dtype=float)
    total, weight = np.zeros(len(lags)), np.zeros(len(lags))
    never = len(values) + max(lags) + 1
    when = np.where(treated_q >= 0, treated_q, never)
    for d in range(1, min(latest + 1, len(values))):
        cohort = when == d
        if not cohort.any():
            continue
        pool = waiting[d - 1] & (when > d)
        for j, lag in enumerate(lags):
            if not 0 <= d + lag < len(values):
                continue
            change = values[d + lag] - values[d - 1]
            mine, others = change[cohort], change[pool & (when > d + lag)]
            mine, others = mine[~np.isnan(mine)], others[~np.isnan(others)]
            if len(mine) and len(others):
                total[j] += len(mine) * (mine.mean() - others.mean())
                weight[j] += len(mine)
    return np.divide(total, weight, out=np.full(len(lags), np.nan), where=weight > 0)


def weighted(profiles: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Profiles of several Member States, weighted by persons."""
    return np.average(np.stack(profiles), axis=0, weights=np.asarray(weights, dtype=float))
