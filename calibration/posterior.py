"""Uncertainty of the estimates: slopes of moments, the joint posterior of terms and common parameters, and draws from it.

Near the estimates moments are taken as linear, so the posterior is normal. Terms x_i of Member State i and common parameters z
(mechanisms that hold for all Member States, in prior standard deviations) minimise
    sum_i |m_i(x_i, z) - y_i|^2_W + |x_i - prior|^2 + |z|^2 + EU moments of z.
With J_i, G_i the slopes of m_i in x_i and z, H_i = J'WJ + prior, the information on z is that left after every Member State
has adapted: I + sum_i (G'WG - G'WJ H^-1 J'WG). Given z, terms move by -H^-1 J'WG per unit of z: parameters drawn from it keep
the fit. Given z the variance of the terms is H^-1 J'W(S + N)WJ H^-1, which data and simulation leave open, plus H^-1 (prior) H^-1,
which priors leave open; where the moments of a Member State lie further from the model than their errors allow, the first is
widened, and what they say of z divided, by the ratio of distance to degrees of freedom.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import lsq_linear

from calibration import estimate, estimation, moments
from calibration.estimate import MIGRANT_TERMS, NATIVE_TERMS, TERMS, Term
from calibration.estimation import Simulator
from calibration.moments import MIGRANT_MOMENTS, MOMENTS, NATIVE_MOMENTS

REPLICATES = 5  # runs for the simulation error
# Prior standard deviations a common parameter may move: beyond it a misfit is taken for the model's, not for knowledge of the
# parameter, which others have measured.
FURTHEST = 1.0
NATIVE_ROWS = np.array([moments.INDEX[moment] for moment in NATIVE_MOMENTS])
MIGRANT_ROWS = np.array([moments.INDEX[moment] for moment in MIGRANT_MOMENTS])
# Terms that reach the moments of migrants: their own, and the macro conditions of the years up to those moments.
REACHING = (*MIGRANT_TERMS, *(Term("macro", "native", "total", year) for year in ("2017", "2018")))


def simulators(inputs, ms, macro, agents):
    """The simulators of natives' and of migrants' moments, each with its rows."""
    last = max(moment.year for moment in NATIVE_MOMENTS)
    return (
        (Simulator(inputs, ms, macro, last, estimation.NATIVES * agents, natives_only=True), NATIVE_ROWS),
        (Simulator(inputs, ms, macro, moments.LAST_MIGRANT_YEAR, agents), MIGRANT_ROWS),
    )


def state_slopes(inputs, ms, macro, agents, logs, seed):
    """Slopes of the moments of a Member State in its terms [moment, term], by central differences on paired draws."""
    slopes = np.zeros((len(MOMENTS), len(TERMS)))
    for (simulator, rows), terms in zip(simulators(inputs, ms, macro, agents), (NATIVE_TERMS, REACHING)):
        for term in terms:
            k = estimate.INDEX[term]
            step = np.zeros(len(TERMS))
            step[k] = estimation.STEP
            slopes[rows, k] = ((simulator(logs + step, seed) - simulator(logs - step, seed)) / (2.0 * estimation.STEP))[rows]
    return slopes


def replicates(inputs, ms, macro, agents, logs, seeds):
    """Moments of single runs at the estimates, [seed, moment]."""
    found = np.zeros((len(seeds), len(MOMENTS)))
    for simulator, rows in simulators(inputs, ms, macro, agents):
        for i, seed in enumerate(seeds):
            found[i, rows] = simulator(logs, seed)[rows]
    return found


@dataclass
class State:
    """What the posterior needs to know of one Member State."""

    logs: np.ndarray  # estimates [term]
    slopes: np.ndarray  # [moment, term]
    common: np.ndarray  # slopes in common parameters from two independent seeds [2, moment, common]
    found: np.ndarray  # simulated moments at the estimates, mean over replicates [moment]
    noise: np.ndarray  # variance of a single run [moment]
    seeds: int  # runs averaged in the estimation
    value: np.ndarray  # published moments, nan where there is none
    error: np.ndarray
    prior_mean: np.ndarray  # [term]
    prior_sd: np.ndarray

    def __post_init__(self):
        rows = np.isfinite(self.error)
        self.rows = rows
        scale = self.error[rows, None]
        self.j, self.halves = self.slopes[rows] / scale, self.common[:, rows] / scale
        g = self.halves.mean(axis=0)
        self.misfit = (self.value[rows] - self.found[rows]) / self.error[rows]
        matrix, aim = estimation.penalty_rows(self.prior_mean, self.prior_sd)
        self.prior_information = matrix.T @ matrix
        self.information = self.j.T @ self.j + self.prior_information
        self.inverse = np.linalg.inv(self.information)
        distance, degrees = self.overidentification()
        self.widening = max(1.0, distance / degrees)
        noise = self.noise[rows] / self.seeds / self.error[rows] ** 2
        of_data = self.widening * self.j.T @ ((1.0 + noise)[:, None] * self.j)
        self.data_covariance = self.inverse @ of_data @ self.inverse
        self.prior_covariance = self.inverse @ self.prior_information @ self.inverse
        self.covariance = self.data_covariance + self.prior_covariance
        self.response = -self.inverse @ self.j.T @ g  # d terms / d common
        own = self.j.T @ self.misfit + matrix.T @ (aim - matrix @ self.logs)
        self.common_pull = (g.T @ self.misfit + self.response.T @ own) / self.widening

    def with_prior(self, mean, sd):
        """The same with another prior of the terms."""
        return replace(self, prior_mean=mean, prior_sd=sd)

    def common_information(self):
        """What the moments of this Member State say of the common parameters, its own terms having adapted.

        From the cross product of independent halves, so that noise in the slopes does not pass for information."""
        one, other = self.halves
        left = np.eye(len(self.j)) - self.j @ self.inverse @ self.j.T
        cross = one.T @ left @ other
        return (cross + cross.T) / 2.0 / self.widening

    def informed(self):
        """Share of the prior variance of each term that the data remove, 0 to 1."""
        return np.clip(1.0 - np.diag(self.inverse) / np.diag(np.linalg.inv(self.prior_information)), 0.0, 1.0)

    def least_informed(self):
        """The direction of which the data say least: (share of its prior variance that they remove, unit vector over the terms
        in prior standard deviations)."""
        root = np.linalg.cholesky(np.linalg.inv(self.prior_information))
        values, vectors = np.linalg.eigh(root.T @ (self.j.T @ self.j) @ root)
        direction = root @ vectors[:, 0] / self.prior_sd
        least = max(0.0, values[0])
        return float(least / (1.0 + least)), direction / np.linalg.norm(direction)

    def overidentification(self):
        """Distance of moments and priors left at the estimates and its degrees of freedom: published moments plus prior rows
        minus terms."""
        matrix, aim = estimation.penalty_rows(self.prior_mean, self.prior_sd)
        noise = 1.0 + self.noise[self.rows] / self.seeds / self.error[self.rows] ** 2
        distance = (self.misfit**2 / noise).sum() + ((matrix @ self.logs - aim) ** 2).sum()
        return float(distance), int(self.rows.sum() + len(aim) - len(self.logs))


def common_posterior(states, mean, of_eu):
    """Posterior of the common parameters (prior standard deviations) from all Member States and EU moments: its mode within
    FURTHEST of the priors, the part of the covariance that comes from priors, and the part that comes from data.

    mean: the values at which slopes and moments were simulated; of_eu: (slopes [2, common], misfit) of each EU moment, in
    units of its error.
    """
    n = len(mean)
    of_data, pull = np.zeros((n, n)), -mean.copy()
    for state in states:
        of_data += state.common_information()
        pull += state.common_pull
    for (one, other), misfit in of_eu:
        of_data += (np.outer(one, other) + np.outer(other, one)) / 2.0
        pull += (one + other) / 2.0 * misfit
    values, vectors = np.linalg.eigh(of_data)
    of_data = (vectors * np.maximum(values, 0.0)) @ vectors.T
    information = np.eye(n) + of_data
    covariance = np.linalg.inv(information)
    root = np.linalg.cholesky(information).T
    mode = lsq_linear(root, root @ (mean + covariance @ pull), bounds=(-FURTHEST, FURTHEST), method="bvls").x
    return mode, covariance @ covariance, covariance @ of_data @ covariance


def draws(codes, states, mean, prior_covariance, data_covariance, number, seed):
    """Draws from the joint posterior, each (terms [draw, ms, term], common [draw, common]): of everything, and of what the data
    leave open alone, priors held.

    Every Member State (codes) and the common parameters have a generator of their own, so that a draw does not depend on
    which are calibrated together. Terms are held within their bounds.
    """
    low, high = estimate.log_bounds()

    def normal(of, covariance):
        generator = np.random.Generator(np.random.Philox(key=[seed, of]))
        values, vectors = np.linalg.eigh(covariance)
        return generator.standard_normal((number, len(covariance))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T

    of_data = normal(1, data_covariance)
    shift = {"all": of_data + normal(2, prior_covariance), "data": of_data}
    terms = {part: [] for part in shift}
    for ms, state in zip(codes, states):
        own = normal(1000 * (ms + 1), state.data_covariance)
        alone = {"all": own + normal(1000 * (ms + 1) + 1, state.prior_covariance), "data": own}
        for part in shift:
            terms[part].append(np.clip(state.logs + alone[part] + shift[part] @ state.response.T, low, high))
    return {part: (np.stack(terms[part], axis=1), mean + shift[part]) for part in shift}
