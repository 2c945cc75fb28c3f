"""The steps of a calibration, each kept in a checkpoint: an interrupted one goes on where it stopped.

1. First round: every Member State with wide priors and few agents; mean and spread over Member States are the priors of what
   follows. (Left out when only some Member States are asked for: they keep the shipped priors and common parameters.)
2. Common parameters: slopes of all moments in every mechanism that holds for all Member States; the data move those they
   inform. A middle round with few agents follows them, and they move once more.
3. Last round: every Member State with the hierarchical priors and all agents.
4. Uncertainty: slopes and replicates at the estimates; posterior and draws.
"""

import json
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace

import numba
import numpy as np
import pandas as pd
from scipy.stats import chi2

from calibration import draw, estimate, estimation, moments, posterior, priors, tables
from calibration.config import DRAWS
from calibration.estimate import TERMS
from calibration.load_inputs import before_estimates
from calibration.moments import MOMENTS
from calibration.tables import scalar
from model import simulate
from model.codes import FIRST_YEAR, MEMBER_STATES
from model.codes import STAY_MEASURES as STAY

FEWER, FEWEST = 4, 8  # the first round and the slopes, and the slopes in common parameters, use so many times fewer agents
SLOPE_SEEDS = (1, 2)  # independent halves: what does not show in both is noise
SIGNIFICANT = 3.0  # standard errors: weaker slopes in a common parameter are noise, and it stays prior-driven
NOT_LABOUR = ("fiscal", "wage_base", "sex_gap", "growth", "levers")  # inputs that no moment depends on
LANGUAGE_YEAR = 2021
SLOPE_YEAR = 2022  # last year of natives' published rates by age


@dataclass
class Calibration:
    """Everything a calibration found; arrays are over the Member States asked for, in their order."""

    member_states: tuple  # codes
    states: list  # posterior.State
    common_mean: np.ndarray  # in prior standard deviations
    common_covariance: tuple  # the part from priors and the part from data
    common_step: np.ndarray  # how far the posterior mean of the final round would still move
    prior_mean: np.ndarray  # [term]
    prior_sd: np.ndarray


class Checkpoints:
    """Arrays by name in a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _file(self, name):
        return self.folder / f"{name}.json"

    def has(self, name):
        """Whether the array is there."""
        return self._file(name).exists()

    def get(self, name):
        """The array of that name."""
        return np.array(json.loads(self._file(name).read_text(encoding="utf-8")), dtype=float)

    def put(self, name, array):
        """Keep an array; an interrupted write leaves nothing that is taken for one."""
        partial = self._file(name).with_suffix(".partial")
        partial.write_text(json.dumps(np.asarray(array).tolist()), encoding="utf-8")
        partial.replace(self._file(name))


def calibrate(config, kept, progress):
    """Calibrate the Member States of config; kept: Checkpoints; progress(step, done, of) is called as each step proceeds.

    Returns a Calibration. Raises InputError for tables that cannot be used.
    """
    tables.use(config.tables.use, config.tables.folder)
    tables.use_estimates(config.estimates)
    priors.check()
    job = _Job(config, kept, progress)
    if len(job.codes) == len(MEMBER_STATES):
        return _all_states(job)
    shipped = estimate.read()
    prior = tuple(shipped[name].to_numpy()[: len(TERMS)] for name in ("prior_mean", "prior_sd"))
    common = draw.common_table()["mean"].to_numpy()
    with tables.changed(draw.shifts(common)):
        inputs = before_estimates(config)
    logs = job.round("last", inputs, prior, np.tile(prior[0], (len(job.codes), 1)), job.agents, config.seeds)
    none = np.zeros((len(job.codes), len(SLOPE_SEEDS), len(MOMENTS), len(common)))
    states = job.states("last", inputs, logs, none, prior)
    sd = draw.common_table()["sd"].to_numpy()
    return Calibration(job.codes, states, common, (np.diag(sd**2), np.zeros((len(sd), len(sd)))), np.zeros(len(sd)), *prior)


def _all_states(job):
    config = job.config
    mean = np.zeros(len(draw.common_rules()))
    inputs = before_estimates(config)
    wide = estimation.wide_prior()
    start = np.zeros((len(job.codes), len(TERMS)))
    few, seed = job.agents // FEWER, config.seeds[:1]
    logs = job.round("first", inputs, wide, start, few, seed)
    by_common, language = job.common_slopes(inputs, logs)
    states = job.states("first", inputs, logs, by_common, wide)
    for step, agents, seeds in (("middle", few, seed), ("last", job.agents, config.seeds)):
        prior = estimation.spread(logs, np.stack([np.diag(state.inverse) for state in states]))
        states = [state.with_prior(*prior) for state in states]
        before = mean
        mean, _, _ = posterior.common_posterior(states, mean, [_of_language(job.language(inputs, logs, step), language)])
        start = np.stack([state.logs + state.response @ (mean - before) for state in states])
        with tables.changed(draw.shifts(mean)):
            inputs = before_estimates(config)
        logs = job.round(step, inputs, prior, start, agents, seeds)
        states = job.states(step, inputs, logs, by_common, prior)
    found = _of_language(job.language(inputs, logs, "estimates"), language)
    after, *covariance = posterior.common_posterior(states, mean, [found])
    return Calibration(job.codes, states, mean, tuple(covariance), after - mean, *prior)


def _of_language(found, slope):
    """The EU moment of current language: (slopes [2, common], misfit), in units of its error."""
    published, error = scalar("language_current", category="mother_tongue_or_proficient"), scalar("language_current_error")
    return slope / error, (published - found) / error


def _language(results):
    """Share of the non-EU-born aged 20-64 whose language is proficient in LANGUAGE_YEAR, EU."""
    people = results.by_stay[LANGUAGE_YEAR - FIRST_YEAR].sum(axis=(0, 1, 2, 3))
    return people[STAY.index("language_c1")] / people[STAY.index("language_a1") : STAY.index("language_c1") + 1].sum()


def side_by_side(kept, progress, threads, step, names, function, arguments):
    """Arrays of function(*arguments(i)) for each name, stacked; run side by side on `threads` cores (None: all), each kept
    (Checkpoints) under step and name."""
    missing = [i for i, name in enumerate(names) if not kept.has(f"{step}-{name}")]
    progress(step, len(names) - len(missing), len(names))
    cores = min(threads or os.cpu_count() or 1, os.cpu_count() or 1)
    workers = max(1, min(cores, len(missing)))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _one_worker, (cores // workers,))
    try:
        waiting = {pool.submit(function, *arguments(i)): i for i in missing}
        for n, done in enumerate(as_completed(waiting)):
            kept.put(f"{step}-{names[waiting[done]]}", done.result())
            progress(step, len(names) - len(missing) + n + 1, len(names))
    except BaseException:
        for worker in list(pool._processes.values()):  # an interrupt must not wait for hours of work in the queue
            worker.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return np.stack([kept.get(f"{step}-{name}") for name in names])


class _Job:
    """The simulations of a calibration, by step, on all cores; every array is over the Member States asked for."""

    def __init__(self, config, kept, progress):
        self.config, self.kept, self.progress = config, kept, progress
        self.codes = tuple(MEMBER_STATES.index(geo) for geo in config.member_states)
        self.agents = config.population.minimum_agents
        published = moments.published()
        self.targets = {ms: estimation.target(published, ms) for ms in self.codes}

    def _each(self, step, names, function, arguments):
        return side_by_side(self.kept, self.progress, self.config.compute.threads, step, names, function, arguments)

    def _each_state(self, step, function, arguments):
        return self._each(step, [MEMBER_STATES[ms] for ms in self.codes], function, arguments)

    def round(self, step, inputs, prior, start, agents, seeds):
        """Estimates [ms, term]."""
        return self._each_state(step, estimation.estimate_state, lambda i: (
            inputs, self.codes[i], self.config.macro, self.targets[self.codes[i]], prior, seeds, agents, start[i]))  # fmt: skip

    def states(self, step, inputs, logs, common, prior):
        """posterior.State of every Member State, with slopes and replicates at the estimates; common: slopes in the common
        parameters [ms, 2, moment, common]."""
        few = self.agents // FEWER
        slopes = self._each_state(f"{step}-slopes", posterior.state_slopes, lambda i: (
            inputs, self.codes[i], self.config.macro, few, logs[i], 1))  # fmt: skip
        seeds = range(101, 101 + posterior.REPLICATES)
        size, runs = (few, 1) if step != "last" else (self.agents, len(self.config.seeds))
        found = self._each_state(f"{step}-replicates", posterior.replicates, lambda i: (
            inputs, self.codes[i], self.config.macro, size, logs[i], seeds))  # fmt: skip
        return [
            posterior.State(
                logs[i], slopes[i], common[i], found[i].mean(axis=0), found[i].var(axis=0, ddof=1), runs, *self.targets[ms],
                *prior,
            )
            for i, ms in enumerate(self.codes)
        ]  # fmt: skip

    def language(self, inputs, logs, step):
        """Share of the non-EU-born aged 20-64 whose language is proficient, EU."""
        found = self._each(f"{step}-language", ["EU"], _language_at, lambda i: (
            replace(inputs, minimum_agents=max(1, self.agents // FEWEST)), self.config.macro, logs))  # fmt: skip
        return float(found[0])

    def common_slopes(self, inputs, logs):
        """Slopes in the common parameters, per prior standard deviation and from each of SLOPE_SEEDS: of the moments [ms, 2,
        moment, common], zero where they are within noise, and of the EU's language share [2, common].

        Simulated to SLOPE_YEAR; slopes of later moments are those of that year.
        """
        inputs = replace(inputs, minimum_agents=max(1, self.agents // FEWEST))
        names = ["centre", *map(str, range(len(draw.common_rules())))]
        found = self._each("common", names, _common_moments, lambda i: (self.config, inputs, logs, i - 1))
        slopes = found[1:] - found[0]  # [common, seed, ms x moment and language]
        error = np.append(np.stack([self.targets[ms][1] for ms in self.codes]).ravel(), np.inf)
        for one, other in slopes:
            with np.errstate(invalid="ignore"):
                both = np.nan_to_num(one * other / error**2)
                noise = np.nan_to_num((one - other) ** 2 / 2.0 / error**2)
            if both.sum() <= SIGNIFICANT * np.sqrt((noise**2).sum() / 3.0):  # a square of a normal has three times its variance squared
                one[:-1] = other[:-1] = 0.0
        rows = slopes[:, :, :-1].reshape(*slopes.shape[:2], len(self.codes), len(MOMENTS))
        return np.nan_to_num(np.moveaxis(rows, (0, 1, 2), (3, 1, 0))), slopes[:, :, -1].T


def _one_worker(threads):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt reaches the process that waits, which ends its workers
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _language_at(inputs, macro, logs):
    """Share with proficient language in LANGUAGE_YEAR."""
    return _language(simulate(estimate.apply(replace(inputs, end_year=LANGUAGE_YEAR), logs, macro), 1))


def _common_moments(config, inputs, logs, k):
    """Moments of all Member States and the language share [seed, ms x moment and 1] with common parameter k one standard
    deviation up (-1: none), by seed. Those of the centre where nothing that moments depend on changes."""
    step = np.zeros(len(draw.common_rules()))
    if k >= 0:
        step[k] = 1.0
    tables.use(config.tables.use, config.tables.folder)
    with tables.changed(draw.shifts(step)):
        these = replace(before_estimates(config), minimum_agents=inputs.minimum_agents)
    these = replace(these if k < 0 or _differs(these, inputs) else inputs, end_year=SLOPE_YEAR)
    found = []
    for seed in SLOPE_SEEDS:
        results = simulate(estimate.apply(these, logs, config.macro), seed)
        rows = [moments.kept_on(moments.simulated(results, row), SLOPE_YEAR) for row in range(len(results.member_states))]
        found.append(np.append(np.ravel(rows), _language(results)))
    return np.array(found)


def _differs(one, other):
    """Whether two inputs differ in anything a moment depends on."""

    def same(name):
        mine, yours = getattr(one, name), getattr(other, name)
        return mine.tobytes() == yours.tobytes() if isinstance(mine, np.ndarray) else mine == yours

    return not all(same(field.name) for field in fields(one) if field.name not in NOT_LABOUR)


def write(result, folder):
    """Write a calibration into a folder: estimates.csv, common.csv, draws.parquet, moments.csv, identification.csv.

    Member States that were not calibrated keep the rows in use.
    """
    every = len(result.member_states) == len(MEMBER_STATES)
    rows = list(result.member_states)
    mine = estimate.table_of(
        [MEMBER_STATES[ms] for ms in rows],
        np.stack([state.logs for state in result.states]),
        np.stack([np.sqrt(np.diag(state.covariance)) for state in result.states]),
        np.tile(result.prior_mean, (len(rows), 1)),
        np.tile(result.prior_sd, (len(rows), 1)),
        np.stack([state.informed() for state in result.states]),
    )
    drawn = posterior.draws(rows, result.states, result.common_mean, *result.common_covariance, DRAWS, 1)
    if every:
        table = mine
        parts = [np.concatenate([terms.reshape(len(terms), -1), common], axis=1) for terms, common in drawn.values()]
        common_rows(result).to_csv(folder / "common.csv", index=False, lineterminator="\n")
    else:
        table = estimate.as_written()
        table = pd.concat([table[~table["geo"].isin(mine["geo"])], mine]).sort_values("geo", kind="stable")
        parts = np.split(draw.drawn().copy(), len(draw.PARTS), axis=1)
        for part, (terms, _) in zip(parts, drawn.values()):
            for i, ms in enumerate(rows):
                part[:, len(TERMS) * ms : len(TERMS) * (ms + 1)] = terms[:, i]
        (folder / "common.csv").write_bytes(tables.estimates_file("common.csv"))
    draw.write_drawn(np.concatenate(parts, axis=1), folder / "draws.parquet")
    estimate.write(table, folder / "estimates.csv")
    fitted(result).to_csv(folder / "moments.csv", index=False, float_format="%.6g", lineterminator="\n")
    identification(result).to_csv(folder / "identification.csv", index=False, float_format="%.6g", lineterminator="\n")


def common_rows(result):
    """The posterior of the common parameters as a table (draw.COMMON_COLUMNS), in prior standard deviations."""
    sd = np.sqrt(np.diag(sum(result.common_covariance)))
    labels = [[draw.rules()[k][label] for label in draw.LABELS] for k in draw.common_rules()]
    numbers = [
        (f"{mean:.5g}", f"{one:.5g}", f"{max(0.0, 1.0 - one**2):.4f}", f"{step:.3f}")
        for mean, one, step in zip(result.common_mean, sd, result.common_step)
    ]
    return pd.DataFrame([(*label, *number) for label, number in zip(labels, numbers)], columns=draw.COMMON_COLUMNS)


def fitted(result):
    """Moments at the estimates: geo, figure, origin, sex, year, published, standard_error, simulated, simulation_error, z.

    The simulation error is that of the mean of the replicates; z is the distance in units of both errors.
    """
    found = []
    for ms, state in zip(result.member_states, result.states):
        noise = np.sqrt(state.noise / posterior.REPLICATES)
        for i in np.flatnonzero(state.rows):
            z = (state.found[i] - state.value[i]) / np.hypot(state.error[i], noise[i])
            row = (state.value[i], state.error[i], state.found[i], noise[i], z)
            found.append((MEMBER_STATES[ms], *MOMENTS[i], *row))
    names = ("published", "standard_error", "simulated", "simulation_error", "z")
    return pd.DataFrame(found, columns=["geo", *moments.Moment._fields, *names])


def identification(result):
    """Per Member State the overidentification test and the direction the data inform least: geo, distance, degrees,
    p_value, least_informed_share, least_informed_direction."""
    found = []
    for ms, state in zip(result.member_states, result.states):
        distance, degrees = state.overidentification()
        share, vector = state.least_informed()
        largest = np.argsort(-np.abs(vector))[:3]
        words = "; ".join(f"{vector[k]:+.2f} {' '.join(TERMS[k])}" for k in largest)
        found.append((MEMBER_STATES[ms], distance, degrees, float(chi2.sf(distance, degrees)), share, words))
    names = ("distance", "degrees", "p_value", "least_informed_share", "least_informed_direction")
    return pd.DataFrame(found, columns=["geo", *names])
