"""Recovery of known terms: figures made by the model itself, with the sampling errors of the published ones, are estimated as
those are, and intervals must hold the terms they were made with as often as they say.

Each replication takes a Member State, draws its terms from the prior of the estimates, simulates every moment with many
agents, adds a sampling error to each, and estimates at reduced scale with a seed of its own. Terms come from the prior that the
estimator uses, so intervals of the posterior hold them at their nominal rate if moments are linear enough, simulation error
is counted right and the optimiser arrives.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from calibration import calibrate, draw, estimate, estimation, moments, posterior, tables
from calibration.estimate import TERMS
from calibration.estimation import Simulator
from calibration.load_inputs import before_estimates
from model.codes import MEMBER_STATES

STATES = ("DE", "IT", "MT", "SE", "CZ", "EE", "ES", "IE", "RO")  # by turns: large and small, many moments and few
LEVEL = 0.9  # of the intervals
DATA_AGENTS = 10  # the synthetic figures use so many times more agents than their estimation
DATA_SEEDS, SEEDS, REPLICATE_SEEDS = 1_000_000, 2_000_000, 3_000_000  # first of each kind; none is used twice
FIELDS = ("true", "estimate", "standard_error", "informed")


def draw_terms(prior, generator):
    """Terms [term] from the prior as estimation.penalty_rows has it: macro conditions are tied from year to year. Drawn again
    until all are within their bounds."""
    matrix, aim = estimation.penalty_rows(*prior)
    information = matrix.T @ matrix
    mean = np.linalg.solve(information, matrix.T @ aim)
    root = np.linalg.inv(np.linalg.cholesky(information)).T
    low, high = estimate.log_bounds()
    while True:
        logs = mean + root @ generator.standard_normal(len(mean))
        if ((low < logs) & (logs < high)).all():
            return logs


def replication(inputs, ms, macro, error, prior, agents, number):
    """One replication: [term, FIELDS], logs and log points.

    inputs: before estimates; ms: code of the Member State; error [moment]: published standard errors, nan where there is no
    figure; prior: mean and sd [term]; agents: fewest per origin; number: of the replication, decides all random numbers.
    """
    generator = np.random.Generator(np.random.Philox(key=[number, 1919]))
    true = draw_terms(prior, generator)
    last = max(moment.year for moment in moments.MOMENTS)
    value = Simulator(inputs, ms, macro, last, DATA_AGENTS * agents)(true, DATA_SEEDS + number)
    value = value + error * generator.standard_normal(len(error))
    seed = SEEDS + number
    logs = estimation.estimate_state(inputs, ms, macro, (value, error), prior, (seed,), agents, prior[0])
    slopes = posterior.state_slopes(inputs, ms, macro, agents, logs, seed)
    seeds = REPLICATE_SEEDS + posterior.REPLICATES * number + np.arange(posterior.REPLICATES)
    runs = posterior.replicates(inputs, ms, macro, agents, logs, seeds)
    state = posterior.State(
        logs, slopes, np.zeros((2, len(error), 0)), runs.mean(axis=0), runs.var(axis=0, ddof=1), 1, value, error, *prior
    )
    return np.stack([true, logs, np.sqrt(np.diag(state.covariance)), state.informed()], axis=1)


def recover(config, number, kept, progress):
    """`number` replications with the settings of config, each kept (calibrate.Checkpoints): [replication, term, FIELDS].

    progress(step, done, of) is called as they finish. Raises InputError for tables that cannot be used.
    """
    shipped = estimate.read()
    prior = tuple(shipped[name].to_numpy()[: len(TERMS)] for name in ("prior_mean", "prior_sd"))
    with tables.changed(draw.shifts(draw.common_table()["mean"].to_numpy())):
        inputs = before_estimates(config)
    published = moments.published()
    codes = [MEMBER_STATES.index(STATES[i % len(STATES)]) for i in range(number)]
    errors = {ms: estimation.target(published, ms)[1] for ms in codes}
    names = [f"{i}-{MEMBER_STATES[ms]}" for i, ms in enumerate(codes)]
    return calibrate.side_by_side(
        kept, progress, config.compute.threads, "recovery", names, replication,
        lambda i: (inputs, codes[i], config.macro, errors[codes[i]], prior, config.population.minimum_agents, i),
    )  # fmt: skip


def summary(found):
    """Table of replications [replication, term, FIELDS]: parameter, origin, sex, year, replications, coverage of the intervals,
    bias (mean distance in standard errors), rmse_ratio (root mean square error over mean standard error), informed (share
    of the prior variance removed, mean); one row per term and, last, one for all."""
    wide = norm.ppf(0.5 + LEVEL / 2.0)
    true, logs, error, informed = np.moveaxis(found, 2, 0)
    z = (logs - true) / error
    rows = []
    for k, term in [*enumerate(TERMS), (slice(None), ("all", "", "", ""))]:
        off, size = (logs - true)[:, k], error[:, k]
        ratio = np.sqrt((off**2).mean()) / size.mean()
        rows.append((*term, len(found), (np.abs(z[:, k]) < wide).mean(), z[:, k].mean(), ratio, informed[:, k].mean()))
    names = ("replications", "coverage", "bias", "rmse_ratio", "informed")
    return pd.DataFrame(rows, columns=["parameter", "origin", "sex", "year", *names])
