"""Estimation: least squares, posterior and draws against closed forms, recovery of known terms, moments and their errors, and
what each term does to the inputs.

Random numbers are seeded, so the tests are deterministic; ERROR_RATE is the chance that right code would have failed a
statistical test for the seeds chosen, Bonferroni over its comparisons.
"""

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm

from calibration import draw, estimate, estimation, moments, posterior, recovery, tables
from calibration.calibrate import Checkpoints, side_by_side
from calibration.errors import InputError
from calibration.estimate import INDEX, MIGRANT_TERMS, NATIVE_TERMS, TERMS, Term
from calibration.load_inputs import before_estimates
from calibration.moments import MIGRANT_MOMENTS, MOMENTS, NATIVE_MOMENTS, Moment
from calibration.posterior import State
from calibration.tables import Parameter
from model import simulate
from model.cell import SHAPE
from model.codes import FIRST_YEAR, HIGH, MEASURE, MEASURES, MEMBER_STATES, ORIGINS, STAY_MEASURES
from model.codes import STAY_MEASURES as STAY
from model.labour_market import rates_at
from scenarios.compose import job
from small_run import inputs_for

ERROR_RATE = 1e-6
MT = MEMBER_STATES.index("MT")
N = len(TERMS)


def linear(seed=1, common=0):
    """A linear world: slopes [moment, term] that reach as those of the model do, slopes in common parameters, prior and
    errors."""
    random = np.random.default_rng(seed)
    slopes = np.zeros((len(MOMENTS), N))
    for terms, of_moments in ((NATIVE_TERMS, NATIVE_MOMENTS), (posterior.REACHING, MIGRANT_MOMENTS)):
        rows, columns = [moments.INDEX[m] for m in of_moments], [INDEX[t] for t in terms]
        slopes[np.ix_(rows, columns)] = random.normal(0.0, 0.05, (len(rows), len(columns)))
    error = random.uniform(0.005, 0.03, len(MOMENTS))
    error[[3, 20, 29]] = np.nan  # figures that were not published
    prior = random.normal(0.0, 0.2, N), random.uniform(0.1, 0.6, N)
    return slopes, random.normal(0.0, 0.02, (len(MOMENTS), common)), error, prior


def penalised(slopes, base, value, error, prior, columns, rows, held):
    """Exact least squares over some terms, the others held, from the stacked system."""
    matrix, aim = estimation.penalty_rows(*prior)
    rows = [i for i in rows if np.isfinite(error[i])]
    free = np.zeros(N, dtype=bool)
    free[columns] = True
    of_data = slopes[rows] / error[rows, None]
    stacked = np.vstack([of_data[:, free], matrix[:, free]])
    left = np.concatenate([
        (value[rows] - base[rows]) / error[rows] - of_data[:, ~free] @ held[~free], aim - matrix[:, ~free] @ held[~free],
    ])  # fmt: skip
    found = held.copy()
    found[free] = np.linalg.lstsq(stacked, left, rcond=None)[0]
    return found


# -- least squares ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_estimation_of_a_linear_simulator_is_exact(monkeypatch, seed):
    """With moments that are linear in the terms, natives and then migrants end at the exact penalised least squares, which
    is within a hundredth of a prior standard deviation; figures that were not published say nothing."""
    slopes, _, error, prior = linear(seed)
    random = np.random.default_rng(seed + 10)
    base = random.uniform(0.3, 0.7, len(MOMENTS))
    value = base + slopes @ random.normal(0.0, 0.2, N) + np.nan_to_num(error) * random.standard_normal(len(MOMENTS))
    value[np.isnan(error)] = np.nan
    made = []

    class Linear:
        def __init__(self, inputs, ms, macro, end_year, agents, natives_only=False):
            made.append((inputs, ms, macro, end_year, natives_only))

        def __call__(self, logs, seed):
            return base + slopes @ logs

    monkeypatch.setattr(estimation, "Simulator", Linear)
    logs = estimation.estimate_state("inputs", MT, "macro", (value, error), prior, (1,), 100, prior[0])
    exact = prior[0].copy()
    for terms, of_moments in ((NATIVE_TERMS, NATIVE_MOMENTS), (MIGRANT_TERMS, MIGRANT_MOMENTS)):
        columns, rows = [INDEX[t] for t in terms], [moments.INDEX[m] for m in of_moments]
        exact = penalised(slopes, base, value, error, prior, columns, rows, exact)
    assert np.abs(exact - prior[0]).max() > 0.2, "the data must matter"
    assert np.abs((logs - exact) / prior[1]).max() < 0.01
    assert {m[:3] for m in made} == {("inputs", MT, "macro")}
    assert {m[3:] for m in made} == {(2025, True), (2019, False)}


def test_estimates_stay_within_bounds():
    """Moments that ask for a factor beyond its bounds leave it at the bound."""
    slopes, _, error, prior = linear()
    k = INDEX[Term("finding_scale", "native", "male", "2019")]
    prior = prior[0], np.full(N, 5.0)
    row = moments.INDEX[Moment("employment", "native", "male", 2019)]
    slopes = np.zeros_like(slopes)
    slopes[row, k] = 0.05
    value = np.full(len(MOMENTS), 0.5)
    value[row] += 1.0
    error = np.where(np.arange(len(MOMENTS)) == row, 0.01, np.nan)

    def simulator(logs, seed):
        return 0.5 + slopes @ logs

    logs = estimation.fit(prior[0], NATIVE_TERMS, NATIVE_MOMENTS, simulator, simulator, (1,), (value, error), prior)
    low, high = estimate.log_bounds()
    assert logs[k] == pytest.approx(high[k], abs=0.02)
    assert ((low <= logs) & (logs <= high)).all()
    assert (logs[[INDEX[t] for t in MIGRANT_TERMS]] == prior[0][[INDEX[t] for t in MIGRANT_TERMS]]).all()


def test_residuals_average_over_seeds():
    """The estimate with two seeds solves the system of the mean of both."""
    slopes, _, error, prior = linear()
    shift = {1: 0.02, 2: -0.01}
    value = np.where(np.isfinite(error), 0.5, np.nan)

    def simulator(logs, seed):
        return 0.5 + shift[seed] + slopes @ logs

    logs = estimation.fit(prior[0], NATIVE_TERMS, NATIVE_MOMENTS, simulator, simulator, (1, 2), (value, error), prior)
    columns, rows = [INDEX[t] for t in NATIVE_TERMS], [moments.INDEX[m] for m in NATIVE_MOMENTS]
    exact = penalised(slopes, np.full(len(MOMENTS), 0.505), value, error, prior, columns, rows, prior[0])
    assert np.abs((logs - exact) / prior[1]).max() < 0.01


def test_penalty_rows_are_the_density_of_the_prior():
    """The sum of squares of the rows at any terms: distances to the mean and changes of macro conditions from year to year,
    added up one by one."""
    _, _, _, (mean, sd) = linear()
    logs = np.random.default_rng(5).normal(size=N)
    by_year = {int(t.year): logs[INDEX[t]] for t in TERMS if t.name == "macro"} | {2019: 0.0}
    expected = sum(((logs[k] - mean[k]) / sd[k]) ** 2 for k in range(N))
    expected += sum(((by_year[y] - by_year[y - 1]) / 0.4) ** 2 for y in range(2018, 2026))
    matrix, aim = estimation.penalty_rows(mean, sd)
    assert ((matrix @ logs - aim) ** 2).sum() == pytest.approx(expected, rel=1e-12)


def test_spread_is_the_prior_of_the_second_round():
    """Mean over Member States; the variance is theirs plus what the data left open of each, so that a term of which they say
    nothing keeps its wide prior; macro conditions and the power of the cycle keep theirs."""
    random = np.random.default_rng(1)
    logs = random.normal(0.3, 0.5, (27, N))
    variances = random.uniform(0.0, 0.3, (27, N))
    logs[:, 0], variances[:, 0] = 0.2, 0.49
    mean, sd = estimation.spread(logs, variances)
    assert {term.name for term in TERMS} > {"macro"}
    for k, term in enumerate(TERMS):
        if term.name in ("macro", "cycle_power"):
            kept = np.log(1.4) if term.name == "cycle_power" else 0.0
            assert (mean[k], sd[k]) == (pytest.approx(kept), estimation.WIDE[term.name])
        else:
            assert mean[k] == pytest.approx(sum(logs[:, k]) / 27)
            wanted = sum((logs[m, k] - mean[k]) ** 2 + variances[m, k] for m in range(27)) / 27
            assert sd[k] == pytest.approx(np.sqrt(wanted))
    assert sd[0] == pytest.approx(0.7)


# -- posterior --------------------------------------------------------------------------------------------------------


def twice(slopes):
    """Slopes in common parameters whose halves are equal."""
    return np.stack([slopes, slopes])


def state_of(seed, common, noise=0.0, seeds=2, far=0.5):
    """A State of the linear world, at random moments and estimates; both halves of the slopes in common parameters are the
    same, and moments and estimates lie `far` standard deviations off: little, so that nothing is widened."""
    slopes, of_common, error, prior = linear(seed, common)
    random = np.random.default_rng(seed + 100)
    found = random.uniform(0.3, 0.7, len(MOMENTS))
    value = found + far * np.nan_to_num(error) * random.standard_normal(len(MOMENTS))
    logs = prior[0] + 0.5 * prior[1] * random.standard_normal(N)
    variance = noise * random.uniform(0.5, 2.0, len(MOMENTS)) * 1e-4
    return State(logs, slopes, twice(of_common), found, variance, seeds, value, error, *prior)


def stacked(states, mean, of_eu):
    """The joint system of terms of all states and common parameters: (matrix, target), unknowns as deviations."""
    n, c = len(states), len(mean)
    rows, aims = [], []
    for i, s in enumerate(states):
        ok = np.isfinite(s.error)
        block = np.zeros((ok.sum(), n * N + c))
        block[:, i * N : (i + 1) * N] = s.slopes[ok] / s.error[ok, None]
        block[:, n * N :] = s.common[0, ok] / s.error[ok, None]
        rows.append(block)
        aims.append((s.value[ok] - s.found[ok]) / s.error[ok])
        matrix, aim = estimation.penalty_rows(s.prior_mean, s.prior_sd)
        block = np.zeros((len(aim), n * N + c))
        block[:, i * N : (i + 1) * N] = matrix
        rows.append(block)
        aims.append(aim - matrix @ s.logs)
    rows.append(np.hstack([np.zeros((c, n * N)), np.eye(c)]))
    aims.append(-mean)
    for slope, misfit in of_eu:
        rows.append(np.concatenate([np.zeros(n * N), slope])[None])
        aims.append([misfit])
    return np.vstack(rows), np.concatenate(aims)


def test_common_posterior_is_that_of_the_joint_system():
    """Mean and covariance of four common parameters from two Member States and an EU moment equal those of the stacked
    Gaussian system of all 62 unknowns, and the part of the covariance that comes from data is the covariance of the mean of
    repeated figures; the terms' response is that of the system given the common parameters."""
    states, mean = [state_of(1, 4), state_of(2, 4)], np.array([0.3, -0.2, 0.0, 0.5])
    assert [state.widening for state in states] == [1.0, 1.0]
    of_eu = [(np.array([0.0, 2.0, 0.0, -1.0]), 0.8)]
    matrix, aim = stacked(states, mean, of_eu)
    joint = np.linalg.inv(matrix.T @ matrix)
    solution = joint @ matrix.T @ aim
    found, of_prior, of_data = posterior.common_posterior(states, mean, [(twice(slope), misfit) for slope, misfit in of_eu])
    covariance = of_prior + of_data
    assert np.allclose(found, mean + solution[2 * N :], atol=1e-9)
    assert np.allclose(covariance, joint[2 * N :, 2 * N :], atol=1e-10)
    assert np.allclose(of_prior, covariance @ covariance, atol=1e-10)
    assert np.abs(found - mean).max() > 0.1 and (np.diag(covariance) < 0.9).all(), "the data must matter"
    for i, state in enumerate(states):
        of_terms = joint[i * N : (i + 1) * N, 2 * N :] @ np.linalg.inv(covariance)
        assert np.allclose(state.response, of_terms, atol=1e-8)


def test_common_parameters_stay_within_the_box():
    """An EU moment twenty errors off pulls three parameters: the mode lies within FURTHEST of the priors, no point of a fine
    grid in the box is more probable, and the covariance is that without the box."""
    state, slope = state_of(1, 3), np.array([1.5, -0.5, 0.3])
    information = np.eye(3) + state.common_information() + np.outer(slope, slope)
    free = np.linalg.solve(information, state.common_pull + 20.0 * slope)
    assert np.abs(free).max() > posterior.FURTHEST
    found, of_prior, of_data = posterior.common_posterior([state], np.zeros(3), [((slope, slope), 20.0)])
    assert np.abs(found).max() <= posterior.FURTHEST + 1e-12
    axis = np.linspace(-posterior.FURTHEST, posterior.FURTHEST, 41)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)

    def distance(z):
        return np.einsum("...i,ij,...j", z - free, information, z - free)

    assert distance(found) <= distance(grid).min() + 1e-9
    assert np.allclose(of_prior + of_data, np.linalg.inv(information))


def test_noise_in_the_slopes_is_no_information():
    """Halves that differ: each pair of common parameters by hand, from the product of one half with the other. Over 4 000
    pairs of halves that are noise around nothing the mean is nothing (error rate 1e-6), although each half by itself would
    tell much; opposite halves leave the prior as it is."""
    state = state_of(1, 3)
    random = np.random.default_rng(4)
    one, other = state.common[0], random.normal(0.0, 0.02, state.common[0].shape)
    both = replace(state, common=np.stack([one, other]))
    left = np.eye(len(state.j)) - state.j @ state.inverse @ state.j.T
    a, b = (half[state.rows] / state.error[state.rows, None] for half in (one, other))
    for p in range(3):
        for q in range(3):
            wanted = (a[:, p] @ left @ b[:, q] + a[:, q] @ left @ b[:, p]) / 2.0
            assert both.common_information()[p, q] == pytest.approx(wanted, abs=1e-10)
    mean_slope = (a + b) / 2.0
    assert np.allclose(both.response, -state.inverse @ state.j.T @ mean_slope)
    number = 4000
    halves = random.normal(0.0, 0.02, (number, *state.common.shape))
    found = np.stack([replace(state, common=half).common_information() for half in halves])
    assert found[:, 0, 0].std() > 0.1, "the noise must be large"
    z = found.mean(axis=0) / found.std(axis=0, ddof=1) * np.sqrt(number)
    assert np.abs(z).max() < norm.isf(ERROR_RATE / 2 / 6)
    opposite = replace(state, common=np.stack([one, -one]))
    assert np.diag(state.common_information()).min() > 0.1
    _, of_prior, of_data = posterior.common_posterior([opposite], np.zeros(3), [])
    assert np.allclose(of_prior, np.eye(3), atol=1e-9) and np.allclose(of_data, 0.0, atol=1e-9)
    _, of_prior, of_data = posterior.common_posterior([], np.zeros(3), [((np.eye(3)[0], np.array([2.0, 6.0, 0.0])), 0.0)])
    values, vectors = np.linalg.eigh(np.array([[2.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    kept = (vectors * np.where(values > 0.0, values, 0.0)) @ vectors.T
    assert values.min() < 0.0 and np.allclose(of_prior + of_data, np.linalg.inv(np.eye(3) + kept), atol=1e-10)


def test_moments_further_off_than_their_errors_widen():
    """Figures four errors off: the widening is distance over degrees of freedom; what data leave open of the terms is multiplied
    by it and what they say of the common parameters divided by it, while the prior's parts stay."""
    near = state_of(1, 3, noise=2.0)
    far = replace(near, value=near.found + 8.0 * (near.value - near.found))
    distance, degrees = far.overidentification()
    assert near.widening == 1.0 < 3.0 < far.widening == distance / degrees
    assert np.allclose(far.data_covariance, far.widening * near.data_covariance, rtol=1e-12)
    assert np.allclose(far.prior_covariance, near.prior_covariance, rtol=1e-12)
    assert np.allclose(far.covariance, far.widening * near.data_covariance + near.prior_covariance, rtol=1e-12)
    assert np.allclose(far.response, near.response) and np.allclose(far.informed(), near.informed())
    assert np.allclose(far.common_information(), near.common_information() / far.widening, rtol=1e-12)
    _, of_common, _, _ = linear(1, 3)
    g = of_common[far.rows] / far.error[far.rows, None]
    matrix, aim = estimation.penalty_rows(far.prior_mean, far.prior_sd)
    own = far.j.T @ far.misfit + matrix.T @ (aim - matrix @ far.logs)
    pull = (g.T @ far.misfit - g.T @ far.j @ far.inverse @ own) / far.widening
    assert np.allclose(far.common_pull, pull, rtol=1e-9)
    mean = np.array([0.3, -0.2, 0.5])
    found, of_prior, of_data = posterior.common_posterior([far], mean, [])
    information = near.common_information() / far.widening
    covariance = np.linalg.inv(np.eye(3) + information)
    assert np.allclose(found, mean + covariance @ (pull - mean)) and np.allclose(of_prior, covariance @ covariance)
    assert np.allclose(of_data, covariance @ information @ covariance)
    assert (np.diag(covariance) > np.diag(np.linalg.inv(np.eye(3) + near.common_information()))).all()


def test_another_prior_gives_the_state_as_made_with_it():
    """with_prior equals a State made from scratch; the given one stays."""
    state = state_of(3, 2)
    mean, sd = state.prior_mean + 0.1, 0.5 * state.prior_sd
    changed = state.with_prior(mean, sd)
    made = State(state.logs, state.slopes, state.common, state.found, state.noise, state.seeds, state.value, state.error, mean, sd)
    for name in ("covariance", "response", "common_pull", "widening", "prior_information"):
        assert np.array_equal(getattr(changed, name), getattr(made, name)), name
    assert (np.diag(changed.inverse) < np.diag(state.inverse)).all() and (state.prior_sd == 2.0 * sd).all()


def test_covariance_of_a_state_without_simulation_error_is_that_of_least_squares():
    """Inverse of the information of the stacked rows, and the share of the prior variance removed from it."""
    state = state_of(3, 0)
    matrix, _ = stacked([state], np.zeros(0), [])
    covariance = np.linalg.inv(matrix.T @ matrix)
    assert state.widening == 1.0
    assert np.allclose(state.covariance, covariance, rtol=1e-8, atol=1e-12)
    rows = estimation.penalty_rows(state.prior_mean, state.prior_sd)[0]
    alone = np.diag(np.linalg.inv(rows.T @ rows))
    assert np.allclose(state.informed(), 1.0 - np.diag(covariance) / alone)
    assert 0.0 < state.informed().min() < 0.5 < state.informed().max()


def test_covariance_of_a_state_is_the_spread_of_repeated_estimates():
    """Least squares of 4 000 sets of figures with sampling error, simulation error of the mean of the seeds, and terms from
    the prior: the covariance of estimates minus truth; with the terms held, that which comes from data.
    Error rate 1e-6 (chi-square for each variance)."""
    state = state_of(4, 0, noise=3.0, seeds=2)
    random = np.random.default_rng(7)
    n, ok = 4000, np.isfinite(state.error)
    matrix, _ = estimation.penalty_rows(state.prior_mean, state.prior_sd)
    root = np.linalg.inv(np.linalg.cholesky(matrix.T @ matrix)).T
    off = root @ random.standard_normal((N, n))  # truth minus prior mean
    j = state.slopes[ok] / state.error[ok, None]
    noise = np.sqrt(state.noise[ok] / 2)[:, None] * random.standard_normal((ok.sum(), n)) / state.error[ok, None]
    figures = j @ off + random.standard_normal((ok.sum(), n)) - noise
    estimates = np.linalg.lstsq(np.vstack([j, matrix]), np.vstack([figures, np.zeros((len(matrix), n))]), rcond=None)[0]
    given = np.linalg.lstsq(np.vstack([j, matrix]), np.vstack([figures - j @ off, np.zeros((len(matrix), n))]), rcond=None)[0]
    low, high = (chi2.ppf(q, n - 1) / (n - 1) for q in (ERROR_RATE / 4 / N, 1.0 - ERROR_RATE / 4 / N))
    assert state.widening == 1.0
    for sample, covariance in ((estimates - off, state.covariance), (given, state.data_covariance)):
        ratio = sample.var(axis=1, ddof=1) / np.diag(covariance)
        assert low < ratio.min() and ratio.max() < high
    silent = state_of(4, 0)
    assert (np.diag(state.covariance) > np.diag(silent.covariance)).all()


def test_overidentification_and_least_informed_direction():
    """The distance at the exact solution is chi-square with the stated degrees (mean over 300 data sets, error rate 1e-6);
    a pair of terms that no moment tells apart is the direction the data say least of, in prior standard deviations."""
    random = np.random.default_rng(3)
    slopes, _, error, prior = linear(6)
    ok = np.isfinite(error)
    slopes[:, 6] = 3.0 * slopes[:, 5]
    matrix, aim = estimation.penalty_rows(*prior)
    distances = []
    for _ in range(300):
        value = np.where(ok, 0.5 + np.nan_to_num(error) * random.standard_normal(len(MOMENTS)), np.nan)
        logs = np.zeros(N)
        aims = matrix @ logs + random.standard_normal(len(aim))
        system = np.vstack([slopes[ok] / error[ok, None], matrix])
        logs = np.linalg.lstsq(system, np.concatenate([(value - 0.5)[ok] / error[ok], aims]), rcond=None)[0]
        state = State(
            logs, slopes, np.zeros((2, len(MOMENTS), 0)), 0.5 + slopes @ logs, np.zeros(len(MOMENTS)), 1, value, error, *prior
        )
        distance, degrees = state.overidentification()
        distances.append(distance - ((matrix @ logs - aim) ** 2).sum() + ((matrix @ logs - aims) ** 2).sum())
    assert degrees == ok.sum() + len(aim) - N
    low, high = (chi2.ppf(q, 300 * degrees) for q in (ERROR_RATE / 2, 1.0 - ERROR_RATE / 2))
    assert low < sum(distances) < high
    share, direction = state.least_informed()
    assert share == pytest.approx(0.0, abs=1e-9)
    wanted = np.zeros(N)
    wanted[5], wanted[6] = 3.0 / state.prior_sd[5], -1.0 / state.prior_sd[6]
    assert np.abs(direction @ wanted) == pytest.approx(np.linalg.norm(wanted)) and np.linalg.norm(direction) == pytest.approx(1.0)


# -- draws of the posterior -------------------------------------------------------------------------------------------


def _mean_and_covariance_match(sample, mean, covariance, comparisons):
    """Every mean and every element of the covariance, normal approximation, Bonferroni."""
    n = len(sample)
    bound = norm.isf(ERROR_RATE / 2 / comparisons)
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((sample.mean(axis=0) - mean) / sd).max() * np.sqrt(n) < bound
    off = np.cov(sample.T) - covariance
    error = np.sqrt((np.outer(sd, sd) ** 2 + covariance**2) / (n - 1))
    assert np.abs(off / error).max() < bound


def test_draws_have_the_mean_and_covariance_of_the_posterior():
    """20 000 draws of two Member States and three common parameters, of everything and of what data leave open alone: own
    terms, common parameters and terms that respond to them. Error rate 1e-6 for each set."""
    states = [state_of(1, 3, noise=2.0), state_of(2, 3, noise=2.0)]
    mean, of_prior, of_data = posterior.common_posterior(states, np.zeros(3), [])
    found = posterior.draws((3, 8), states, mean, of_prior, of_data, 20_000, 1)
    assert set(found) == {"all", "data"}
    low, high = estimate.log_bounds()
    for part, covariance in (("all", of_prior + of_data), ("data", of_data)):
        terms, common = found[part]
        assert terms.shape == (20_000, 2, N) and common.shape == (20_000, 3)
        assert ((terms <= low) | (terms >= high)).mean() < 1e-4, "bounds must not matter here"
        _mean_and_covariance_match(common, mean, covariance, 3 + 9)
        own = []
        for i, state in enumerate(states):
            of_terms = state.covariance if part == "all" else state.data_covariance
            own.append(terms[:, i] - (common - mean) @ state.response.T)
            _mean_and_covariance_match(own[i], state.logs, of_terms, N + N * N)
            whole = of_terms + state.response @ covariance @ state.response.T
            _mean_and_covariance_match(terms[:, i], state.logs, whole, N + N * N)
            between = np.corrcoef(own[i].T, common.T)[:N, N:]
            assert np.abs(between).max() * np.sqrt(20_000) < norm.isf(ERROR_RATE / 2 / (3 * N))
        between = np.corrcoef(own[0].T, own[1].T)[:N, N:]
        assert np.abs(between).max() * np.sqrt(20_000) < norm.isf(ERROR_RATE / 2 / N**2)


def test_draws_depend_on_the_seed_and_not_on_who_is_drawn_together():
    """The draws of one Member State and of the common parameters, to the last bit, whoever else is in the list and in whatever
    order; another Member State or seed has others; the first draws of many are those of few."""
    state, others = state_of(1, 3), [state_of(2, 3), state_of(3, 3)]
    mean, of_prior, of_data = posterior.common_posterior([state], np.zeros(3), [])

    def drawn(codes, states, number=5, seed=1):
        return posterior.draws(codes, states, mean, of_prior, of_data, number, seed)

    alone, again, longer = drawn((8,), [state]), drawn((8,), [state]), drawn((8,), [state], number=9)
    together = drawn((2, 8, 20), [others[0], state, others[1]])
    turned = drawn((20, 8), [others[1], state])
    same = drawn((8, 20), [state, state])
    other_seed = drawn((8,), [state], seed=2)
    for part in ("all", "data"):
        terms, common = alone[part]
        assert (again[part][0] == terms).all() and (again[part][1] == common).all()
        assert (together[part][0][:, 1] == terms[:, 0]).all() and (together[part][1] == common).all()
        assert (turned[part][0][:, 1] == terms[:, 0]).all() and (turned[part][0][:, 0] == together[part][0][:, 2]).all()
        assert np.allclose(longer[part][0][:5], terms, atol=1e-12)
        assert (same[part][0][:, 0] != same[part][0][:, 1]).any(axis=1).all(), "every Member State has its own generator"
        assert (other_seed[part][0] != terms).any() and (other_seed[part][1] != common).any()
    assert (alone["all"][0] != alone["data"][0]).any() and (alone["all"][1] != alone["data"][1]).any()


def test_terms_keep_the_fit_when_common_parameters_move():
    """Moments that common parameters move in directions the terms can undo, and much data: J x + G z is the same in all
    draws but for the terms' own errors; with a prior, terms go where the whole distance is least."""
    slopes, _, error, prior = linear(1)
    random = np.random.default_rng(2)
    common = slopes @ random.normal(0.0, 0.02, (N, 2))
    found = np.full(len(MOMENTS), 0.5)
    zero = np.zeros(len(MOMENTS))
    free = np.zeros(N), np.full(N, 1e4)
    state = State(np.zeros(N), slopes, twice(common), found, zero, 1, found, error * 1e-4, *free)
    nothing = np.zeros((2, 2))
    terms, z = posterior.draws((MT,), [state], np.zeros(2), nothing, np.eye(2), 100, 1)["data"]
    own, _ = posterior.draws((MT,), [state], np.zeros(2), nothing, nothing, 100, 1)["data"]
    moved = (terms - own)[:, 0] @ slopes.T + z @ common.T
    ok = np.isfinite(error)
    assert np.abs(z @ common[ok].T).max() > 0.005
    assert np.abs(moved[:, ok]).max() < 1e-4, "the terms must undo the common parameters"
    state = State(np.zeros(N), slopes, twice(common), found, zero, 1, found, error, *prior)
    matrix = state.prior_information
    left = state.j.T @ (state.j @ state.response + common[ok] / error[ok, None]) + matrix @ state.response
    assert np.abs(left).max() < 1e-8 and np.abs(state.response).max() > 0.005


def test_draws_are_held_within_bounds():
    """However wide the posterior, factors stay within their bounds, and some reach them."""
    slopes, _, error, _ = linear(1)
    zero = np.zeros(len(MOMENTS))
    prior = np.zeros(N), np.full(N, 9.0)
    state = State(np.zeros(N), 1e-3 * slopes, np.zeros((2, len(MOMENTS), 1)), zero, 100.0 + zero, 1, zero, error, *prior)
    found = posterior.draws((MT,), [state], np.zeros(1), np.zeros((1, 1)), np.eye(1), 200, 1)
    low, high = estimate.log_bounds()
    for drawn in (found["all"][0], found["data"][0]):
        assert ((low <= drawn) & (drawn <= high)).all() and (drawn == high).any() and (drawn == low).any()


# -- recovery ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    """(settings, inputs before estimates) of Malta to 2025, 3 000 agents per origin."""
    config = job("run", ["macro=estimated", "run.end_year=2025", "member_states=[MT]", "population.scale=65000",
                         "population.scale_comparison=65000", "population.minimum_agents=3000", "compute.threads=1"])  # fmt: skip
    return config, before_estimates(config)


def test_known_terms_are_recovered(small, threads_restored):
    """Two replications of Malta with 3 000 agents: the terms the data inform by half or more lie within the interval of
    error rate 1e-6 each (Bonferroni), their sum of squared distances within chi-square's, and nearer to the truth than the
    prior is. Estimates that stayed at the prior would fail."""
    config, inputs = small
    prior = _prior()
    error = estimation.target(moments.published(), MT)[1]
    found = np.stack([recovery.replication(inputs, MT, config.macro, error, prior, 3000, i) for i in (900, 901)])
    true, logs, sd, informed = np.moveaxis(found, 2, 0)
    told = informed > 0.5
    assert told.sum() >= 12
    z = ((logs - true) / sd)[told]
    assert np.abs(z).max() < norm.isf(ERROR_RATE / 2 / told.sum()), z
    assert (z**2).sum() < chi2.isf(ERROR_RATE, told.sum())
    before, after = (((x - true)[told] / sd[told]) ** 2 for x in (np.tile(prior[0], (2, 1)), logs))
    assert after.sum() < 0.5 * before.sum(), (before, after)


def _prior():
    table = estimate.read()
    return tuple(table[name].to_numpy()[:N] for name in ("prior_mean", "prior_sd"))


def test_drawn_terms_have_the_prior_of_the_estimator():
    """20 000 draws, wide bounds: mean and covariance are those of the penalty rows, macro conditions tied. Error rate 1e-6."""
    mean, sd = np.linspace(-0.2, 0.2, N), np.full(N, 0.1)
    matrix, aim = estimation.penalty_rows(mean, sd)
    covariance = np.linalg.inv(matrix.T @ matrix)
    generator = np.random.default_rng(1)
    sample = np.stack([recovery.draw_terms((mean, sd), generator) for _ in range(20_000)])
    _mean_and_covariance_match(sample, covariance @ matrix.T @ aim, covariance, N + N * N)
    wide = np.stack([recovery.draw_terms((mean, np.full(N, 3.0)), generator) for _ in range(3)])
    low, high = estimate.log_bounds()
    assert ((low < wide) & (wide < high)).all()


def test_summary_of_recovery_by_hand():
    """Four replications with errors of -2, 0, 1 and 3 standard errors of 0.1: two of four covered, bias 0.5, root mean square
    error sqrt(3.5) standard errors."""
    found = np.zeros((4, N, len(recovery.FIELDS)))
    found[:, :, 0] = 0.7
    found[:, :, 1] = 0.7 + 0.1 * np.array([-2.0, 0.0, 1.0, 3.0])[:, None]
    found[:, :, 2], found[:, :, 3] = 0.1, 0.25
    table = recovery.summary(found)
    assert len(table) == N + 1 and list(table["parameter"])[-1] == "all"
    assert (table["replications"] == 4).all() and (table["coverage"] == 0.5).all()
    assert np.allclose(table["bias"], 0.5) and np.allclose(table["informed"], 0.25)
    assert np.allclose(table["rmse_ratio"], np.sqrt(3.5))


def test_shipped_recovery_is_within_its_range():
    """The committed study: at least 50 replications, every term there, coverage of all terms together 80 to 97 percent."""
    table = pd.read_csv(tables.folder().parent / "estimates" / "recovery.csv", keep_default_na=False, dtype={"year": str})
    assert [tuple(row) for row in table[["parameter", "origin", "sex", "year"]].to_numpy()[:-1]] == list(map(tuple, TERMS))
    assert (table["replications"] >= 50).all()
    last = table.iloc[-1]
    assert last["parameter"] == "all" and 0.80 <= last["coverage"] <= 0.97


def _square(x, folder):
    with open(folder / "calls", "a", encoding="utf-8") as file:
        file.write(f"{x}\n")
    return np.array([x, x**2])


def test_an_interrupted_study_goes_on(tmp_path):
    """What is kept is not made again, and results come in the order of the names."""
    steps = []
    kept = Checkpoints(tmp_path / "kept")
    kept.put("step-b", np.array([7.0, 8.0]))
    found = side_by_side(
        kept, lambda *a: steps.append(a), 1, "step", ["a", "b", "c"], _square, lambda i: (i + 1.0, tmp_path)
    )
    assert found.tolist() == [[1.0, 1.0], [7.0, 8.0], [3.0, 9.0]]
    assert sorted((tmp_path / "calls").read_text().split()) == ["1.0", "3.0"]
    assert steps[0] == ("step", 1, 3) and steps[-1] == ("step", 3, 3)
    again = side_by_side(kept, lambda *a: None, 1, "step", ["a", "b", "c"], _square, lambda i: (0.0, tmp_path))
    assert (again == found).all() and len((tmp_path / "calls").read_text().split()) == 2


# -- what terms do to inputs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(small):
    """Inputs before estimates and the macro settings."""
    return small[1], small[0].macro


def _arrays(inputs):
    return {f.name: getattr(inputs, f.name) for f in fields(inputs) if isinstance(getattr(inputs, f.name), np.ndarray)}


def test_no_estimates_leave_the_inputs_bit_identical(plain):
    """Logs of zero: the same bytes in every array, and other inputs unchanged."""
    inputs, macro = plain
    applied = estimate.apply(inputs, np.zeros((27, N)), macro)
    for name, array in _arrays(inputs).items():
        assert getattr(applied, name).tobytes() == array.tobytes(), name
    assert (applied.macro == 1.0).all() and (applied.older_exit == 1.0).all() and (applied.cycle == 1.0).all()
    assert applied.member_states == inputs.member_states and applied.end_year == inputs.end_year


def _expected(term, inputs, value, ms):
    """What changes when one term of one Member State is `value`, written term by term: {(array, field): new array}."""
    factor = np.exp(value)
    cells, rates = inputs.cells.reshape(SHAPE).copy(), inputs.rates.copy()
    o = ORIGINS.index(term.origin)
    groups = [[0], [1], [2, 3, 4, 5, 6]][o]
    sex = {"female": 0, "male": 1, "total": None}[term.sex]
    for g in groups:
        if term.name == "finding_scale":
            cells["finding"][ms, g, sex] = cells["finding"][ms, g, sex] * factor
        elif term.name == "skilled_odds_scale":
            cells["skilled_odds"][ms, g, :, HIGH] = cells["skilled_odds"][ms, g, :, HIGH] * factor
        elif term.name == "recent_finding_scale":
            cells["finding"][ms, g, :, :, :2] = cells["finding"][ms, g, :, :, :2] * factor
        elif term.name == "entry_scale":
            for name in ("entry_job", "entry_active"):
                odds = cells[name][ms, g] / (1.0 - cells[name][ms, g]) * factor
                cells[name][ms, g] = odds / (1.0 + odds)
    if term.name == "activation_scale":
        rates["activate"][ms, o, sex] = np.minimum(rates["activate"][ms, o, sex] * factor, 0.9)
    if term.name == "separation_scale":
        rates["to_unemployed"][ms, o] *= factor
        rates["to_inactive"][ms, o] *= factor
    if term.name == "older_exit_scale":
        rates["to_inactive"][ms, o, ..., 40:50] *= factor  # ages from 15 on
    path = inputs.macro.copy()
    if term.name == "macro":
        y = int(term.year) - FIRST_YEAR
        path[ms, 4 * y : (None if term.year == "2025" else 4 * y + 4)] = factor
    older = inputs.older_exit.copy()
    if term.name == "older_exit_trend":
        for year in range(2017, 2036):
            older[ms, 4 * (year - 2017) : 4 * (year - 2016)] = factor ** ((min(year, 2025) - 2019) / 10)
    return cells, rates, path, older


@pytest.mark.parametrize("term", [t for t in TERMS if t.name != "cycle_power"], ids=lambda term: "-".join(term))
def test_each_term_moves_its_own_input_of_its_own_member_state(plain, term):
    """One term of Sweden at 0.3: its mechanism, group and sex change as stated, and nothing else anywhere."""
    inputs, macro = plain
    ms = MEMBER_STATES.index("SE")
    values = np.zeros((27, N))
    values[ms, INDEX[term]] = 0.3
    applied = estimate.apply(inputs, values, macro)
    cells, rates, path, older = _expected(term, inputs, 0.3, ms)
    found = applied.cells.reshape(SHAPE)
    changed = 0
    for one, other, before in ((found, cells, inputs.cells.reshape(SHAPE)), (applied.rates, rates, inputs.rates)):
        for name in one.dtype.names:
            assert np.allclose(one[name], other[name], rtol=1e-12, atol=0.0), name
            differs = one[name] != before[name]
            changed += differs.sum()
            elsewhere = np.delete(differs, ms, axis=0)
            assert not elsewhere.any(), name
    assert np.allclose(applied.macro, path, rtol=1e-12)
    assert np.allclose(applied.older_exit, older, rtol=1e-12)
    for one, before in ((applied.macro, inputs.macro), (applied.older_exit, inputs.older_exit)):
        changed += (one != before).sum()
        assert not np.delete(one != before, ms, axis=0).any()
    assert changed > 0
    for name, array in _arrays(inputs).items():
        if name not in ("cells", "rates", "macro", "older_exit", "cycle"):
            assert getattr(applied, name) is array, name


@pytest.mark.parametrize("origin", ORIGINS[1:])
def test_migrants_feel_macro_conditions_to_a_power(plain, origin):
    """Conditions of 0.8 in 2020 and a power of 1.5: job finding of that origin is 0.8 ** 0.5 times what it would be in 2020, in that
    Member State; natives, the other origin, other years, other hazards and the market's own factor stay."""
    inputs, macro = plain
    ms, o = MEMBER_STATES.index("SE"), ORIGINS.index(origin)
    values = np.zeros((27, N))
    values[ms, INDEX[Term("cycle_power", origin, "total", "2019")]] = np.log(1.5)
    assert (estimate.apply(inputs, values, macro).cycle == 1.0).all()
    values[ms, INDEX[Term("macro", "native", "total", "2020")]] = np.log(0.8)
    applied = estimate.apply(inputs, values, macro)
    assert np.allclose(applied.macro[ms, 12:16], 0.8)
    expected = np.ones_like(applied.cycle)
    expected[ms, o, 12:16] = 0.8**0.5
    assert np.allclose(applied.cycle, expected, rtol=1e-12)
    in_2019, in_2020 = (rates_at(applied.rates, applied.older_exit, applied.cycle, t) for t in (11, 12))
    assert in_2019 is applied.rates
    for name in in_2020.dtype.names:
        factor = np.ones((27, 3, 1, 1, 1))
        if name == "finding":
            factor[ms, o] = 0.8**0.5
        assert np.allclose(in_2020[name], applied.rates[name] * factor, rtol=1e-6), name


def test_hazards_and_odds_stay_within_their_range(plain):
    """Every factor at its upper and at its lower bound: activation at most 0.9 a quarter, shares between 0 and 1, nothing
    negative or undefined."""
    inputs, macro = plain
    for bound in estimate.log_bounds():
        applied = estimate.apply(inputs, np.tile(bound, (27, 1)), macro)
        cells = applied.cells.reshape(SHAPE)
        for name in ("entry_job", "entry_active"):
            assert (cells[name] >= 0.0).all() and (cells[name] <= 1.0).all()
        assert applied.rates["activate"].max() <= 0.9
        rates = (applied.rates[name] for name in applied.rates.dtype.names)
        for array in (cells["finding"], cells["skilled_odds"], applied.macro, applied.older_exit, applied.cycle, *rates):
            assert np.isfinite(array).all() and (array >= 0.0).all()


def test_macro_path():
    """Estimated conditions follow the years and then stay; constant ones are those of their year throughout; the reference
    year is one."""
    values = np.zeros((2, N))
    for term in TERMS:
        if term.name == "macro":
            values[1, INDEX[term]] = (int(term.year) - 2019) / 10
    path = estimate.macro_path(values, "estimated", 2025)
    assert path.shape == (2, 76) and (path[0] == 1.0).all()
    years = np.minimum(np.repeat(np.arange(2017, 2036), 4), 2025)
    assert np.allclose(path[1], np.exp((years - 2019) / 10))
    assert np.allclose(estimate.macro_path(values, "estimated", 2021)[1], np.exp((np.minimum(years, 2021) - 2019) / 10))
    assert np.allclose(estimate.macro_path(values, "constant", 2017)[1], np.exp(-0.2))
    assert (estimate.macro_path(values, "constant", 2019) == 1.0).all()


def test_macro_path_of_a_draw():
    """A draw has its own conditions to the stated year and then those of the centre in that year, moved by its mean difference over
    the last four years, however far the last one is off; what differs before counts for nothing. The centre is as without a draw."""
    rng = np.random.default_rng(5)
    centre, drawn = rng.normal(0.0, 0.2, (2, 2, N))
    log = {(name, year): np.zeros(2) for name in ("centre", "drawn") for year in range(2017, 2026)}
    for term in TERMS:
        if term.name == "macro":
            log["centre", int(term.year)], log["drawn", int(term.year)] = centre[:, INDEX[term]], drawn[:, INDEX[term]]
    for year in (2018, 2021, 2025):
        path = np.log(estimate.macro_path(drawn, "estimated", year, centre)).reshape(2, -1, 4)
        for own in range(2017, year + 1):
            assert np.allclose(path[:, own - 2017], log["drawn", own][:, None])
        recent = range(max(2017, year - 3), year + 1)
        moved = np.mean([log["drawn", one] - log["centre", one] for one in recent], axis=0)
        assert np.allclose(path[:, year - 2016 :], (log["centre", year] + moved)[:, None, None])
        assert (estimate.macro_path(centre, "estimated", year, centre) == estimate.macro_path(centre, "estimated", year)).all()
        assert (estimate.macro_path(drawn, "constant", year, centre) == estimate.macro_path(drawn, "constant", year)).all()


def test_four_years_of_conditions_make_a_years_employment():
    """Better conditions in the LASTING years to 2025 move natives' employment of 2025 about as much as the same conditions would if
    they stayed from then on; those of 2025 alone move it by far less. Why draws keep their mean (macro_path)."""
    inputs = inputs_for(states=("EE", "SE"), end_year=2031, minimum_agents=6000)
    stock, arrivals = inputs.stock.copy(), inputs.arrivals.copy()
    stock[:, 1:], arrivals[:, 1:] = 0.0, 0.0
    inputs = replace(inputs, stock=stock, arrivals=arrivals)

    def employment(better, end_year):
        macro = inputs.macro.copy()
        for year in better:
            macro[:, 4 * (year - FIRST_YEAR) : 4 * (year + 1 - FIRST_YEAR)] *= np.exp(0.3)
        people = simulate(replace(inputs, macro=macro, end_year=end_year), 1).counts[:, :, 0].sum(axis=(2, 3))
        return (people[..., MEASURE["employed_20_64"]] / people[..., MEASURE["persons_20_64"]]).mean(axis=1)

    plain = employment((), 2031)
    recent = employment(range(2026 - estimate.LASTING, 2026), 2025)[-1] - plain[2025 - FIRST_YEAR]
    single = employment((2025,), 2025)[-1] - plain[2025 - FIRST_YEAR]
    for_good = (employment(range(2026, 2032), 2031) - plain)[-2:].mean()
    assert 0.7 < recent / for_good < 1.4
    assert 0.1 < single / for_good < 0.4


def test_older_exit_path():
    """A trend of a factor e in ten years: one in 2019 and where there is no trend; it stops at the stated year; constant
    conditions are those of their year throughout."""
    values = np.zeros((2, N))
    values[1, INDEX[Term("older_exit_trend", "native", "total", "2019")]] = 1.0
    path = estimate.older_exit_path(values, "estimated", 2025)
    assert path.shape == (2, 76) and (path[0] == 1.0).all() and (path[1, 8:12] == 1.0).all()
    years = np.repeat(np.arange(2017, 2036), 4)
    assert np.allclose(path[1], np.exp((np.minimum(years, 2025) - 2019) / 10))
    assert np.allclose(estimate.older_exit_path(values, "estimated", 2021)[1], np.exp((np.minimum(years, 2021) - 2019) / 10))
    assert np.allclose(estimate.older_exit_path(values, "constant", 2017)[1], np.exp(-0.2))
    assert (estimate.older_exit_path(values, "constant", 2019) == 1.0).all()


def test_the_file_of_estimates_gives_back_what_was_written(tmp_path):
    """Logs, errors and priors survive the file to its digits, in any order of rows; prior-driven terms are marked."""
    random = np.random.default_rng(1)
    values = np.clip(random.normal(0.0, 0.3, (27, N)), *estimate.log_bounds())
    informed = random.uniform(0.0, 1.0, (27, N))
    prior = np.zeros((27, N)), np.full((27, N), 0.25)
    table = estimate.table_of(MEMBER_STATES, values, np.full((27, N), 0.125), *prior, informed)
    estimate.write(table.sample(frac=1.0, random_state=1), tmp_path / "estimates.csv")
    tables.use_estimates(str(tmp_path))
    try:
        read = estimate.read()
        assert np.allclose(estimate.values_of(read), values, atol=1e-5)
        assert (read["standard_error"] == 0.125).all() and (read["prior_sd"] == 0.25).all()
        marked = (read["note"] != "").to_numpy().reshape(27, N)
        assert (marked == (informed < 0.5)).all()
    finally:
        tables.use_estimates(tables.SHIPPED)


# -- moments ----------------------------------------------------------------------------------------------------------


def _empty(years=9):
    counts = np.zeros((years, 1, 3, 2, 4, len(MEASURES)), dtype=np.int64)
    by_stay = np.zeros((years, 1, 5, 2, 11, len(STAY_MEASURES)), dtype=np.int64)
    return SimpleNamespace(counts=counts, by_stay=by_stay, cells=np.zeros((4 * years, 1, 3, 2, 9, 4, 3), dtype=np.int64))


def test_moments_of_counts_written_by_hand():
    """A handful of persons: rates by sex and together, over all education groups; ages of unemployment differ by origin;
    recent arrivals are those of up to four completed years."""
    results = _empty()

    def put(year, origin, sex, education, **numbers):
        for name, number in numbers.items():
            results.counts[year - FIRST_YEAR, 0, ORIGINS.index(origin), sex, education, MEASURE[name]] = number

    put(2019, "native", 0, 0, persons_20_64=10, employed_20_64=4, unemployed_20_64=1, employed_15_74=9, unemployed_15_74=9)
    put(2019, "native", 0, 2, persons_20_64=10, employed_20_64=9, tertiary_employed_20_64=9, overqualified_20_64=2)
    put(2019, "native", 1, 2, persons_20_64=20, employed_20_64=18, tertiary_employed_20_64=16, overqualified_20_64=3)
    put(2019, "non_eu_born", 1, 1, employed_15_74=12, unemployed_15_74=4, employed_20_64=1, unemployed_20_64=1)
    for years, persons, employed in ((0, 4, 1), (4, 6, 4), (5, 100, 100), (10, 100, 100)):
        results.by_stay[1, 0, years % 5, years % 2, years, STAY.index("persons_20_64")] = persons
        results.by_stay[1, 0, years % 5, years % 2, years, STAY.index("employed_20_64")] = employed
    found = dict(zip(MOMENTS, moments.simulated(results, 0)))
    assert found[Moment("employment", "native", "female", 2019)] == 13 / 20
    assert found[Moment("employment", "native", "male", 2019)] == 18 / 20
    assert found[Moment("unemployment", "native", "female", 2019)] == 1 / 14
    assert found[Moment("overqualification", "native", "total", 2019)] == 5 / 25
    assert found[Moment("unemployment", "non_eu_born", "male", 2019)] == 4 / 16
    assert found[Moment("recent", "non_eu_born", "total", 2018)] == 5 / 10
    assert found[Moment("employment", "eu_born", "male", 2018)] == 0.0, "nobody: no division by zero"


def test_moments_by_age_of_cells_written_by_hand():
    """Prime working age is the five-year bands 25-29 to 50-54, older is 55-59 and 60-64, of natives, averaged over the quarters,
    sexes and education groups; in other years than 2019 the change since."""
    results = _empty()

    def put(year, quarter, band, persons, employed, origin=0, sex=0, education=0):
        results.cells[4 * (year - 2017) + quarter, 0, origin, sex, band, education] = persons, employed, 1000

    put(2019, 0, 1, 10, 6)
    put(2019, 3, 6, 30, 24, sex=1, education=3)
    put(2019, 1, 7, 8, 3)
    put(2019, 2, 8, 12, 5, sex=1, education=2)
    put(2022, 0, 1, 20, 18, education=1)
    put(2022, 3, 6, 20, 19, sex=1)
    put(2022, 3, 7, 30, 12)
    put(2022, 0, 8, 10, 6, sex=1)
    for year in (2019, 2022):
        put(year, 1, 0, 500, 500)  # 20-24 are in neither
        for origin in (1, 2):
            put(year, 1, 1, 500, 500, origin=origin)
            put(year, 1, 7, 500, 500, origin=origin)
    found = dict(zip(MOMENTS, moments.simulated(results, 0)))
    assert found[Moment("older", "native", "total", 2019)] == 8 / 20
    assert found[Moment("prime", "native", "total", 2022)] == pytest.approx(37 / 40 - 30 / 40)
    assert found[Moment("older", "native", "total", 2022)] == pytest.approx(18 / 40 - 8 / 20, abs=1e-15)
    assert found[Moment("prime", "native", "total", 2018)] == -30 / 40, "nobody: no division by zero"
    results.cells[4:8] = results.cells[8:12]
    found = dict(zip(MOMENTS, moments.simulated(results, 0)))
    assert found[Moment("older", "native", "total", 2018)] == found[Moment("prime", "native", "total", 2018)] == 0.0


def test_moments_after_a_year_stay_as_in_it():
    """For runs to 2022: macro conditions of 2023 to 2025 as in 2022, all others as they are; the given array stays."""
    found = np.random.default_rng(1).uniform(size=len(MOMENTS))
    before = found.copy()
    kept = dict(zip(MOMENTS, moments.kept_on(found, 2022)))
    assert (found == before).all()
    assert sum(moment.year > 2022 for moment in MOMENTS) == 3
    for moment, value in zip(MOMENTS, before):
        wanted = value if moment.year <= 2022 else before[moments.INDEX[Moment("prime", "native", "total", 2022)]]
        assert kept[moment] == wanted, moment


def test_moments_of_a_run_agree_with_its_tables_by_age(four_states, four_states_run):
    """Employment 20-64 of Malta counted again over education groups, natives' at prime and older working age over quarters
    and five-year bands; years after the run are not a number, and neither is a change since a year that was not simulated."""
    results, _ = four_states_run
    row = results.member_states.index("MT")
    found = dict(zip(MOMENTS, moments.simulated(results, row)))

    def by_age(year, bands):
        people = sum(results.cells[4 * (year - FIRST_YEAR) + q, row, 0, s, b] for q in range(4) for s in range(2) for b in bands)
        return people[:, 1].sum() / people[:, 0].sum()

    counted = 0
    for moment, value in found.items():
        if moment.year > 2019:
            assert np.isnan(value), moment
            continue
        if moment.figure in ("prime", "older"):
            bands = range(1, 7) if moment.figure == "prime" else range(7, 9)
            wanted = by_age(moment.year, bands) - (by_age(2019, bands) if moment.year != 2019 else 0.0)
            assert value == pytest.approx(wanted, abs=1e-15) and value != 0.0, moment
            continue
        assert 0.0 <= value <= 1.0
        if moment.figure != "employment":
            continue
        o, s = ORIGINS.index(moment.origin), ("female", "male").index(moment.sex)
        employed = persons = 0
        for education in range(4):
            counts = results.counts[moment.year - FIRST_YEAR, row, o, s, education]
            employed += int(counts[MEASURE["employed_20_64"]])
            persons += int(counts[MEASURE["persons_20_64"]])
        assert value == employed / persons
        counted += 1
    assert counted == 12
    one = simulate(four_states, 1)
    assert np.array_equal(moments.simulated(one, row), moments.simulated(results, row), equal_nan=True)
    short = SimpleNamespace(counts=results.counts[:2], by_stay=results.by_stay[:2], cells=results.cells[:8])
    for moment, value in zip(MOMENTS, moments.simulated(short, row)):
        assert np.isnan(value) == (moment.year == 2019 or moment.year > 2018 or moment.figure in ("prime", "older")), moment


def test_published_figures_become_moments():
    """Every figure of the tables that is no imputed cell, once, as it stands; natives' totals from 2021 on less the break."""
    found = moments.published()
    assert not found.duplicated(["geo", "figure", "origin", "sex", "year"]).any()
    assert set(found["geo"]) == set(MEMBER_STATES)
    by_key = found.set_index(["geo", "figure", "origin", "sex", "year"])
    rows = tables.all_tables()
    employment = rows[(rows.parameter == "employment_rate") & (rows.age == "20-64") & rows.year.isin(["2018", "2019"])]
    employment = employment[employment.geo.isin(MEMBER_STATES) & employment.sex.isin(["female", "male"])]
    assert (employment.status == "imputed").any()
    for row in employment.itertuples():
        key = (row.geo, "employment", row.origin, row.sex, int(row.year))
        assert (key in by_key.index) == (row.status != "imputed"), key
        if row.status != "imputed":
            assert by_key.loc[key, "value"] == row.value
    macro = rows[(rows.parameter == "native_employment_rate") & rows.geo.isin(MEMBER_STATES)]
    breaks = rows[(rows.parameter == "break_2021") & (rows.origin == "native")].set_index("geo")["value"]
    assert (breaks != 0.0).any()
    by_age = {(row.geo, row.age, int(row.year)): row.value for row in macro.itertuples()}
    seen = set()
    for moment in MOMENTS:
        if moment.figure not in ("prime", "older"):
            continue
        age = "25-54" if moment.figure == "prime" else "55-64"
        for geo in MEMBER_STATES:
            wanted = by_age[geo, age, moment.year] - (breaks[geo] if moment.year >= 2021 else 0.0)
            wanted -= by_age[geo, age, 2019] if moment.year != 2019 else 0.0
            assert by_key.loc[(geo, *moment), "value"] == pytest.approx(wanted, abs=1e-12)
        seen.add((moment.figure, moment.year))
    assert seen == {("prime", year) for year in range(2017, 2026) if year != 2019} | {("older", y) for y in (2018, 2019, 2021, 2022)}


def test_errors_of_changes_by_hand():
    """Natives' changes since 2019 in Germany: sampling and floor of both years, from 2021 on the break's error too, and for
    derived and imputed years of prime age their stated error in place of the floor; the level of 2019 has its own alone."""
    rule = moments.Rule()
    found = moments.published().set_index(["geo", "figure", "year"])
    assert min(rule.floor, rule.derived, rule.imputed, rule.break_error) > 0.0
    rows = tables.all_tables()
    rows = rows[(rows.parameter == "native_employment_rate") & (rows.geo == "DE")].set_index(["age", "year"])
    sample = rule.sample[MEMBER_STATES.index("DE"), 0].sum()
    cases = [("prime", "25-54", year) for year in (2017, 2020, 2021, 2023, 2024, 2025)]
    statuses = set()
    for figure, age, year in [*cases, *(("older", "55-64", year) for year in (2018, 2019, 2022))]:
        row, first = rows.loc[(age, str(year))], rows.loc[(age, "2019"), "value"]
        value = row["value"] - (Parameter("break_2021", origin="native").by_state()[MEMBER_STATES.index("DE")] if year >= 2021 else 0.0)
        extra = {"seen": rule.floor, "derived": rule.derived, "imputed": rule.imputed}[row["status"]]
        variance = value * (1 - value) / (sample * rule.base[figure]) + extra**2
        if year != 2019:
            variance += first * (1 - first) / (sample * rule.base[figure]) + rule.floor**2
        if year >= 2021:
            variance += rule.break_error**2
        assert found.loc[("DE", figure, year), "standard_error"].item() == pytest.approx(np.sqrt(variance), rel=1e-9), (figure, year)
        statuses.add(row["status"])
    assert statuses == {"seen", "derived", "imputed"}


def _edit(folder, file, name, change, **where):
    """Change the cells of the rows of a parameter in a copied table; returns how many."""
    path = folder / f"{file}.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    mine = table["parameter"] == name
    for column, label in where.items():
        mine &= table[column] == label
    for column, text in change.items():
        table.loc[mine, column] = text
    table.to_csv(path, index=False, lineterminator="\n")
    return int(mine.sum())


FEMALE_DE = {"geo": "DE", "origin": "non_eu_born", "sex": "female", "year": "2019", "age": "20-64"}


def _file_of(name):
    rows = tables.all_tables()
    return rows[rows["parameter"] == name]["file"].iloc[0]


@pytest.mark.parametrize("value", ["0", "1", "-0.1", "71.5"])
def test_a_figure_that_is_no_rate_is_refused(copied, value):
    """One line that names moment, Member State and value."""
    assert _edit(copied, _file_of("employment_rate"), "employment_rate", {"value": value}, **FEMALE_DE) == 1
    tables.forget()
    with pytest.raises(InputError) as error:
        moments.published()
    text = str(error.value)
    assert "\n" not in text and "employment non_eu_born female 2019 DE" in text and f"value={float(value):g}" in text


@pytest.mark.parametrize("value", ["0", "1", "-0.1", "71.5"])
def test_a_figure_of_2019_that_changes_count_from_is_refused(copied, value):
    """Natives' rate at prime age in 2019 is in every change since: no rate there is a slip as well."""
    where = {"geo": "DE", "year": "2019", "age": "25-54"}
    assert _edit(copied, _file_of("native_employment_rate"), "native_employment_rate", {"value": value}, **where) == 1
    tables.forget()
    with pytest.raises(InputError) as error:
        moments.published()
    text = str(error.value)
    assert "\n" not in text and "prime native total 2019 DE" in text and f"value={float(value):g}" in text


def test_an_imputed_figure_is_no_moment(copied):
    """The same figure marked as imputed is left out; no other figure changes (errors may: a mean change is over one fewer)."""
    before = moments.published().drop(columns="standard_error")
    assert _edit(copied, _file_of("employment_rate"), "employment_rate", {"status": "imputed"}, **FEMALE_DE) == 1
    tables.forget()
    after = moments.published().drop(columns="standard_error")
    assert len(after) == len(before) - 1
    gone = pd.concat([before, after]).drop_duplicates(keep=False)
    assert gone[["geo", "figure", "origin", "sex", "year"]].to_numpy().tolist() == [
        ["DE", "employment", "non_eu_born", "female", 2019]
    ]


def test_a_moment_that_is_there_twice_is_refused(copied):
    """The second row hides in another file."""
    name = "unemployment_rate"
    rows = pd.read_csv(copied / f"{_file_of(name)}.csv", dtype=str, keep_default_na=False)
    row = rows[(rows.parameter == name) & (rows.geo == "DE") & (rows.sex == "male") & (rows.origin == "native") & (rows.year == "2019")]
    assert len(row) == 1
    path = copied / "effects.csv"
    other = pd.read_csv(path, dtype=str, keep_default_na=False)
    pd.concat([other, row]).to_csv(path, index=False, lineterminator="\n")
    tables.forget()
    with pytest.raises(InputError) as error:
        moments.published()
    text = str(error.value)
    assert "\n" not in text and "unemployment native male 2019 DE" in text and "twice" in text


def test_standard_errors_by_hand():
    """A sample of 1 000 persons, 80 percent of them in the base: binomial error and floor; other extra errors of proxies,
    other ages and imputed macro conditions."""
    rule = moments.Rule()
    rule.sample = np.zeros((27, 3, 2))
    rule.sample[MT] = [[1000.0, 500.0], [100.0, 200.0], [0.0, 40.0]]
    rule.base = {"employment": 0.8, "unemployment": 0.5, "overqualification": 0.25, "recent": 0.1, "prime": 0.5, "older": 0.2}
    rule.proxy = {"native": 0.02, "eu_born": 0.08, "non_eu_born": 0.08}
    rule.floor, rule.ages, rule.imputed, rule.derived = 0.003, 0.01, 0.05, 0.02
    cases = (
        ("employment", "native", "female", 0.6, "seen", 0.6 * 0.4 / 800 + 0.003**2),
        ("employment", "native", "total", 0.6, "imputed", 0.6 * 0.4 / 1200 + 0.003**2),
        ("prime", "native", "total", 0.6, "seen", 0.6 * 0.4 / 750 + 0.003**2),
        ("prime", "native", "total", 0.6, "imputed", 0.6 * 0.4 / 750 + 0.05**2),
        ("prime", "native", "total", 0.6, "derived", 0.6 * 0.4 / 750 + 0.02**2),
        ("older", "native", "total", 0.6, "seen", 0.6 * 0.4 / 300 + 0.003**2),
        ("unemployment", "native", "male", 0.1, "derived", 0.1 * 0.9 / 250 + 0.003**2),
        ("unemployment", "eu_born", "male", 0.1, "derived", 0.1 * 0.9 / 100 + 0.01**2),
        ("overqualification", "eu_born", "total", 0.2, "derived", 0.2 * 0.8 / 75 + 0.08**2),
        ("recent", "non_eu_born", "total", 0.5, "seen", 0.5 * 0.5 / 4 + 0.003**2),
        ("employment", "non_eu_born", "female", 0.5, "seen", 0.5 * 0.5 / 1 + 0.003**2),
    )
    for figure, origin, sex, value, status, variance in cases:
        error = rule.standard_error(Moment(figure, origin, sex, 2019), MT, value, status)
        assert error == pytest.approx(np.sqrt(variance), rel=1e-12), (figure, origin, sex)


def test_samples_follow_the_survey():
    """Germany's sample: persons interviewed per quarter times independent quarters over the design effect, divided among
    origins and sexes as residents aged 15-74 are."""
    rule = moments.Rule()
    rows = tables.all_tables().set_index("parameter")
    persons = rows.loc["lfs_sample"].set_index("geo")["value"]["DE"]
    total = persons * rows.loc["lfs_annual_factor", "value"] / rows.loc["lfs_design_effect", "value"]
    de = MEMBER_STATES.index("DE")
    assert rule.sample[de].sum() == pytest.approx(total)
    foreign = Parameter("stock", origin="non_eu_born", year=2017).by_state()[de]
    everybody = rows.loc["population"]
    everybody = everybody[(everybody.geo == "DE") & (everybody.year == "2017")]["value"].sum()
    assert rule.sample[de, 2].sum() / total == pytest.approx(foreign / everybody, rel=0.35), "the working ages hold more of them"


# -- slopes -----------------------------------------------------------------------------------------------------------


def test_slopes_and_replicates_of_a_linear_simulator(monkeypatch):
    """Slopes are those of the simulator, natives' moments in natives' terms and migrants' in theirs and early macro
    conditions; replicates hold each moment of each seed."""
    slopes, _, _, _ = linear(1)

    class Linear:
        def __init__(self, inputs, ms, macro, end_year, agents, natives_only=False):
            pass

        def __call__(self, logs, seed):
            return 0.5 + seed / 1000 + slopes @ logs

    monkeypatch.setattr(posterior, "Simulator", Linear)
    logs = np.full(N, 0.1)
    assert np.allclose(posterior.state_slopes(None, MT, None, 10, logs, 1), slopes, atol=1e-12)
    runs = posterior.replicates(None, MT, None, 10, logs, (3, 4))
    assert np.allclose(runs, (0.5 + slopes @ logs) + np.array([[0.003], [0.004]]))


def test_the_simulator_is_the_model_at_the_estimates(small):
    """Moments of the Simulator are those of a run with the estimates in force, to the last bit; without migrants natives' differ
    only through the labour market, by less than two points, and there are no others."""
    config, inputs = small
    logs = draw.Draw().logs
    whole = estimation.Simulator(inputs, MT, config.macro, 2019, 1000)(logs[MT], 5)
    applied = estimate.apply(inputs, logs, config.macro)
    results = simulate(replace(applied, end_year=2019, minimum_agents=1000), 5)
    assert np.array_equal(whole, moments.simulated(results, 0), equal_nan=True)
    alone = estimation.Simulator(inputs, MT, config.macro, 2019, 1000, natives_only=True)(logs[MT], 5)
    of_natives = [i for i, moment in enumerate(MOMENTS) if moment.year <= 2019 and moment.origin == "native"]
    others = [i for i, moment in enumerate(MOMENTS) if moment.year <= 2019 and moment.origin != "native"]
    assert np.abs(alone[of_natives] - whole[of_natives]).max() < 0.02
    assert (alone[others] == 0.0).all()
