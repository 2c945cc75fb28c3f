"""Responses: gain and cost of every measure at a few strengths, Member State by Member State, and what noise does to them.

Member States do not interact, so one run with a measure at one strength everywhere gives the response of each of them. Runs are
paired with the baseline on the same seeds. Choosing the best of many noisy estimates promises too much (the winner's curse);
estimates of single Member States are therefore drawn towards what the measure gains per resident elsewhere, the more so the
noisier they are and the less Member States differ: empirical Bayes, with the variance between Member States by the moment
estimator of DerSimonian and Laird (1986, Controlled Clinical Trials 7).
"""

from __future__ import annotations

import numpy as np


def noise(gain: np.ndarray) -> np.ndarray:
    """Standard error of the mean over seeds (last axis) of gain [measure, strength, Member State, seed].

    A few seeds say little of a variance, but how noisy a Member State is beside others hangs on its number of simulated persons. The
    variance of a measure at a strength, summed over Member States, is shared among those it touches as on average over all
    measures and strengths.
    """
    variance = gain.var(axis=-1, ddof=1)
    total = variance.sum(axis=2, keepdims=True)
    touched = np.broadcast_to((variance > 0).any(axis=1, keepdims=True), variance.shape)
    found = np.divide(variance, total, out=np.zeros_like(variance), where=total > 0).sum(axis=(0, 1))
    share = touched * found / np.maximum(touched.sum(axis=(0, 1)), 1)
    whole = share.sum(axis=2, keepdims=True)
    share = np.divide(share, whole, out=np.zeros_like(share), where=whole > 0)
    return np.sqrt(total * share / gain.shape[-1])


def shrink(gain: np.ndarray, error: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """Mean gains [..., Member State] drawn towards the common gain per person, given their standard errors; same shape.

    persons [Member State]: residents whose gain is counted. Without noise, or with a single Member State, nothing moves.
    """
    per_person, variance = gain / persons, (error / persons) ** 2
    known = variance > 0
    weight = np.divide(1.0, variance, out=np.zeros_like(variance), where=known)
    total = weight.sum(axis=-1, keepdims=True)
    mean = np.divide((weight * per_person).sum(axis=-1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    excess = (weight * (per_person - mean) ** 2).sum(axis=-1, keepdims=True) - (known.sum(axis=-1, keepdims=True) - 1)
    scale = total - np.divide((weight**2).sum(axis=-1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    between = np.maximum(np.divide(excess, scale, out=np.zeros_like(excess), where=scale > 0), 0.0)
    share = np.divide(1.0, between + variance, out=np.zeros_like(variance), where=known)
    total = share.sum(axis=-1, keepdims=True)
    mean = np.divide((share * per_person).sum(axis=-1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    own = np.divide(between, between + variance, out=np.ones_like(variance), where=known)
    return np.where(known & (scale > 0), (mean + own * (per_person - mean)) * persons, gain)
