"""Uncertainty of the estimates: slopes of moments, the joint posterior of terms and common parameters, and draws from it.

Near the estimates moments are taken as linear, so the posterior is normal. Terms x_i of Member State i and common parameters z
(mechanisms that hold for all Member States, in prior standard deviations) minimise
    sum_i |m_i(x_i, z) - y_i|^2_W + |x_i - prior|^2 + |z|^2 + EU moments of z.
With J_i, G_i the slopes of m_i in x_i and z, H_i = J'WJ + prior, the information on z is that left after every Member State
has adapted: I + sum_i (G'WG - G'WJ H^-1 J'WG). Given z, terms move by -H^-1 J'WG per unit of z: parameters drawn from it keep
the fit. Variances of the terms are the sandwich with simulation error added to sampling error; where the moments of a Member
State lie further from the model than their errors allow, they are widened by the ratio of distance to degrees of freedom.
"""

from dataclasses import dataclass

import numpy as np

from calibration import estimate, estimation, moments
from calibration.estimate import MIGRANT_TERMS, NATIVE_TERMS, TERMS, Term
from calibration.estimation import Simulator
from calibration.moments import MIGRANT_MOMENTS, MOMENTS, NATIVE_MOMENTS

REPLICATES = 5  # runs for the simulation error
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
    common: np.ndarray  # slopes in common parameters [moment, common]
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
        self.j, self.g = self.slopes[rows] / scale, self.common[rows] / scale
        self.misfit = (self.value[rows] - self.found[rows]) / self.error[rows]
        matrix, aim = estimation.penalty_rows(self.prior_mean, self.prior_sd)
        self.prior_information = matrix.T @ matrix
        self.prior_pull = matrix.T @ (aim - matrix @ self.logs)
        self.information = self.j.T @ self.j + self.prior_information
        self.inverse = np.linalg.inv(self.information)
        noise = self.noise[rows] / self.seeds / self.error[rows] ** 2
        middle = self.information + self.j.T @ (noise[:, None] * self.j)
        distance, degrees = self.overidentification()
        self.covariance = max(1.0, distance / degrees) * self.inverse @ middle @ self.inverse
        self.response = -self.inverse @ self.j.T @ self.g  # d terms / d common

    def common_information(self):
        """What the moments of this Member State say of the common parameters, its own terms having adapted."""
        return self.g.T @ self.g + self.g.T @ self.j @ self.response

    def common_pull(self):
        """Score of the common parameters at the estimates, the terms having adapted."""
        own = self.j.T @ self.misfit + self.prior_pull
        return self.g.T @ self.misfit + self.response.T @ own

    def informed(self):
        """Share of the prior variance of each term that the data remove, 0 to 1."""
        return np.clip(1.0 - np.diag(self.inverse) / np.diag(np.linalg.inv(self.prior_information)), 0.0, 1.0)

    def least_informed(self):
        """The direction of the terms, in prior standard deviations, of which the data say least: (share of its prior variance
        that they remove, unit vector)."""
        root = np.linalg.cholesky(np.linalg.inv(self.prior_information))
        values, vectors = np.linalg.eigh(root.T @ (self.j.T @ self.j) @ root)
        direction = root @ vectors[:, 0]
        return float(values[0] / (1.0 + values[0])), direction / np.linalg.norm(direction)

    def overidentification(self):
        """Distance of moments and priors left at the estimates and its degrees of freedom: published moments plus prior rows
        minus terms."""
        matrix, aim = estimation.penalty_rows(self.prior_mean, self.prior_sd)
        noise = 1.0 + self.noise[self.rows] / self.seeds / self.error[self.rows] ** 2
        distance = (self.misfit**2 / noise).sum() + ((matrix @ self.logs - aim) ** 2).sum()
        return float(distance), int(self.rows.sum() + len(aim) - len(self.logs))


def common_posterior(states, mean, of_eu):
    """Mean and covariance of the common parameters (prior standard deviations) from all Member States and EU moments.

    mean: the values at which slopes and moments were simulated; of_eu: (slope [common], misfit) of each EU moment, in units
    of its error.
    """
    n = len(mean)
    information, pull = np.eye(n), -mean.copy()
    for state in states:
        information += state.common_information()
        pull += state.common_pull()
    for slope, misfit in of_eu:
        information += np.outer(slope, slope)
        pull += slope * misfit
    covariance = np.linalg.inv(information)
    return mean + covariance @ pull, covariance


def draws(states, mean, covariance, number, seed):
    """Draws from the joint posterior: terms [draw, ms, term], terms with common parameters at their mean, common [draw, common].

    Terms are held within their bounds.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 2019]))
    root = np.linalg.cholesky(covariance)
    common = mean + generator.standard_normal((number, len(mean))) @ root.T
    low, high = estimate.log_bounds()
    every, own = [], []
    for state in states:
        root = np.linalg.cholesky(state.covariance)
        alone = state.logs + generator.standard_normal((number, len(TERMS))) @ root.T
        own.append(np.clip(alone, low, high))
        every.append(np.clip(alone + (common - mean) @ state.response.T, low, high))
    return np.stack(every, axis=1), np.stack(own, axis=1), common
