"""Estimation of the terms of each Member State by simulated moments on paired draws.

The interface is `simulate(logs, seed) -> moments` (Simulator) and nothing else. scipy's least squares minimises squared
distances to the published moments in units of their errors, plus squared distances of the terms to their priors:
natives first (with macro conditions), then the migrant terms. The priors are hierarchical: a first round with wide ones
gives mean and spread over Member States, which are the priors of the second, so that small ones borrow strength.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import least_squares

from calibration import estimate, moments
from calibration.estimate import MIGRANT_TERMS, NATIVE_TERMS, REFERENCE_YEAR, TERMS
from calibration.moments import MIGRANT_MOMENTS, MOMENTS, NATIVE_MOMENTS
from model import simulate
from model.codes import MEMBER_STATES

STEP = 0.25  # log points to either side of a finite difference: large enough that paired draws move smoothly
SAME_SLOPE = 0.2  # log points a term may move before the Jacobian is computed again
NATIVES = 3  # alone, natives are simulated with so many times more agents: macro conditions are small changes
# The Jacobian needs fewer agents than the residuals, but enough: noise in the slopes of terms that data say little of passes
# for information, and moves them by more than their standard errors say.
SLOPE_AGENTS = 10_000
MACRO_STEP = 0.4  # prior standard deviation of the change of macro conditions from year to year, log
WIDE = {
    "finding_scale": 0.7, "activation_scale": 0.7, "skilled_odds_scale": 0.7, "separation_scale": 0.2,
    "recent_finding_scale": 0.4, "entry_scale": 0.5, "older_exit_scale": 0.5, "older_exit_trend": 0.5, "macro": 1.0,
    "cycle_power": 0.25,
}  # fmt: skip
# Three years of a mild upswing say little of how migrants feel the cycle: the literature does (Dustmann, Glitz and Vogel 2010: a larger
# response than natives'; separations 1.2 to 1.6 times natives' by the evidence review).
CYCLE_POWER = 1.4
NOT_HIERARCHICAL = ("macro", "cycle_power")  # keep the prior of the first round
STEPS = 8  # iterations of one stage, at most


class Simulator:
    """simulate(logs [term], seed) -> moments [moment] of one Member State; moments after end_year are nan."""

    def __init__(self, inputs, ms, macro, end_year, agents, natives_only=False):
        """inputs: before estimates, of any set of Member States; ms: code of the Member State; macro: settings; agents: fewest
        per origin; natives_only: leave migrants out, for what is estimated on natives."""
        stock, arrivals = inputs.stock, inputs.arrivals
        if natives_only:
            stock, arrivals = stock.copy(), arrivals.copy()
            stock[:, 1:] = 0.0
            arrivals[:, 1:] = 0.0
        self.inputs = replace(
            inputs, member_states=(ms,), end_year=end_year, minimum_agents=agents, stock=stock, arrivals=arrivals
        )
        self.ms, self.macro = ms, macro
        self.values = np.zeros((len(MEMBER_STATES), len(TERMS)))

    def __call__(self, logs, seed):
        values = self.values.copy()
        values[self.ms] = logs
        return moments.simulated(simulate(estimate.apply(self.inputs, values, self.macro), seed), 0)


def target(table, ms):
    """Published values and errors [moment] of one Member State; nan where there is none."""
    value, error = np.full(len(MOMENTS), np.nan), np.full(len(MOMENTS), np.nan)
    rows = table[table["geo"] == MEMBER_STATES[ms]]
    for row in rows.itertuples():
        i = moments.INDEX[moments.Moment(row.figure, row.origin, row.sex, row.year)]
        value[i], error[i] = row.value, row.standard_error
    return value, error


def penalty_rows(prior_mean, prior_sd):
    """The priors as rows of a linear system: (matrix [row, term], target [row]), in units of their standard deviations.

    One row per term; macro conditions besides have one per change from year to year.
    """
    matrix = np.diag(1.0 / prior_sd)
    aim = prior_mean / prior_sd
    rows = []
    columns = {int(t.year): i for i, t in enumerate(TERMS) if t.name == "macro"}
    for year in estimate.MACRO_YEARS[1:]:
        row = np.zeros(len(TERMS))
        for other, sign in ((year, 1.0), (year - 1, -1.0)):
            if other != REFERENCE_YEAR:
                row[columns[other]] = sign / MACRO_STEP
        rows.append(row)
    return np.vstack([matrix, rows]), np.concatenate([aim, np.zeros(len(rows))])


def wide_prior():
    """Prior means and standard deviations [term] of the first round."""
    mean = np.array([np.log(CYCLE_POWER) if term.name == "cycle_power" else 0.0 for term in TERMS])
    return mean, np.array([WIDE[term.name] for term in TERMS])


def fit(logs, terms, of_moments, fine, coarse, seeds, published, prior):
    """Least squares over some terms and moments of one Member State, the other terms held.

    logs [term]: start; fine, coarse: simulators of the residuals (mean over seeds) and of the Jacobian (first seed), by
    central differences on paired draws; published: values and errors [moment]; prior: mean and sd [term]. Returns logs.
    """
    value, error = published
    matrix, aim = penalty_rows(*prior)
    columns = np.array([estimate.INDEX[term] for term in terms])
    rows = np.array([i for i in (moments.INDEX[moment] for moment in of_moments) if np.isfinite(error[i])])
    mine = np.abs(matrix[:, columns]).sum(axis=1) > 0
    slopes = {}

    def whole(x):
        full = logs.copy()
        full[columns] = x
        return full

    def distances(x, simulator, of_seeds):
        found = np.mean([simulator(whole(x), seed) for seed in of_seeds], axis=0)
        return (found[rows] - value[rows]) / error[rows]

    def residuals(x):
        return np.concatenate([distances(x, fine, seeds), (matrix @ whole(x) - aim)[mine]])

    def slope(x, step):
        return (distances(x + step, coarse, seeds[:1]) - distances(x - step, coarse, seeds[:1])) / (2.0 * STEP)

    def jacobian(x):
        if not slopes or np.abs(x - slopes["at"]).max() > SAME_SLOPE:
            slopes["at"], slopes["of"] = x.copy(), np.stack([slope(x, step) for step in STEP * np.eye(len(x))], axis=1)
        return np.vstack([slopes["of"], matrix[np.ix_(mine, columns)]])

    low, high = estimate.log_bounds(terms)
    start = np.clip(logs[columns], low + 1e-6, high - 1e-6)
    found = least_squares(
        residuals, start, jac=jacobian, bounds=(low, high), x_scale=0.3, max_nfev=STEPS, ftol=1e-3, xtol=1e-3
    )
    return whole(found.x)


def estimate_state(inputs, ms, macro, published, prior, seeds, agents, start):
    """Estimate one Member State: natives with macro conditions, then migrants. Returns logs [term]."""
    logs = start.copy()
    for terms, of_moments, alone in ((NATIVE_TERMS, NATIVE_MOMENTS, True), (MIGRANT_TERMS, MIGRANT_MOMENTS, False)):
        end_year = max(moment.year for moment in of_moments)
        size = NATIVES * agents if alone else agents
        sizes = (size, min(size, SLOPE_AGENTS))
        fine, coarse = (Simulator(inputs, ms, macro, end_year, n, natives_only=alone) for n in sizes)
        logs = fit(logs, terms, of_moments, fine, coarse, seeds, published, prior)
    return logs


def spread(logs, variances):
    """Hierarchical prior from the first round's logs and posterior variances [ms, term]: mean and standard deviation over
    Member States.

    One step of expectation and maximisation: what the estimates differ by plus what the data left open of each, so that a
    term of which the data say nothing keeps its wide prior. Macro conditions keep theirs, since their years are tied to each
    other, not Member States, and so does the power to which migrants feel them.
    """
    mean = logs.mean(axis=0)
    sd = np.sqrt(((logs - mean) ** 2 + variances).mean(axis=0))
    kept = [k for k, term in enumerate(TERMS) if term.name in NOT_HIERARCHICAL]
    for found, wide in zip((mean, sd), wide_prior()):
        found[kept] = wide[kept]
    return mean, sd
