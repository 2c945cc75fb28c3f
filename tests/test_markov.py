"""Exact expectation: with everything but the labour market switched off, persons follow a Markov chain.

Hazards are the same at all ages, effectiveness is one for everybody, the market is fixed at normal tightness; then
the share in each state after n quarters is known from powers of the transition matrix, and simulated counts are
tested against it with a stated error rate.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from small_run import inputs_for, run_to_end

from model import LabourIntegrationModel
from model.codes import FUTURE, HIGH, INACTIVE, OTHER, PRESENT, SKILLED, UNEMPLOYED
from model.person import SEARCH

ERROR_RATE = 1e-6  # of each test: the chance that a correct model fails it, over seeds
STATES = (UNEMPLOYED, INACTIVE, SKILLED, OTHER)
HORIZONS = (1, 2, 4, 12)
HAZARDS = {
    "to_unemployed": 0.03,
    "to_inactive": 0.02,
    "finding": 0.25,
    "give_up": 0.10,
    "activate": 0.06,
    "attached": 0.40,
    "skilled": 0.35,
    "upgrade": 0.05,
    "entry": 0.50,
}


def chain_inputs(**hazards):
    """Inputs of Malta with one hazard of each kind for everybody, and nothing else that moves a labour state."""
    inputs = inputs_for(states=("MT",), end_year=2019, scale=1000, minimum_agents=40_000)
    rates, cells, par, switches = (a.copy() for a in (inputs.rates, inputs.cells, inputs.parameters, inputs.switches))
    for name, value in {**HAZARDS, **hazards}.items():
        rates[name] = value
    for name in ("finding", "hiring", "contacts", "care_search", "care_separation", "skilled_odds", "course_search"):
        cells[name] = 1.0
    cells["work_wait"] = 0.0
    for name in (
        "language_search_b1", "language_search_a2", "employability_search", "contact_share",
    ):  # fmt: skip
        par[name] = 0.0
    for name in (
        "bridging_search", "skilled_a1", "skilled_a2", "skilled_c1", "skilled_regulated_unrecognised",
        "skilled_regulated_recognised", "skilled_other_recognised",
    ):  # fmt: skip
        par[name] = 1.0
    for name in ("demography", "arrivals", "language", "recognition"):
        switches[name] = 0
    market = np.ones((inputs.quarters, 1, 2, 5))
    cycle = np.ones_like(inputs.cycle)
    return replace(inputs, rates=rates, cycle=cycle, cells=cells, parameters=par, switches=switches, market=market)


def transition_matrix(graduate, same_quarter=False, **hazards):
    """Probabilities per quarter between STATES, from row to column.

    Within a quarter activity changes and separations come first; who changed does not search until the next quarter, so
    there is no hire in it (same_quarter=True is the wrong chain in which there is). Search is a whole
    number of 1/32768, rounded down. A graduate in another job may move up.
    """
    h = {name: float(np.float32(value)) for name, value in {**HAZARDS, **hazards}.items()}

    def hired(hazard):
        return [np.floor(hazard * share * SEARCH) / SEARCH for share in (h["skilled"], 1.0 - h["skilled"])]

    def after_search(state, hazard):
        row = np.zeros(4)
        row[2:] = hired(hazard)
        row[state] += 1.0 - row.sum()
        return row

    searching = {0: after_search(0, h["finding"]), 1: after_search(1, h["finding"] * h["attached"])}
    resting = searching if same_quarter else {0: np.eye(4)[0], 1: np.eye(4)[1]}
    matrix = np.zeros((4, 4))
    matrix[0] = h["give_up"] * resting[1] + (1.0 - h["give_up"]) * searching[0]
    matrix[1] = h["activate"] * resting[0] + (1.0 - h["activate"]) * searching[1]
    for job in (2, 3):
        stay = 1.0 - h["to_unemployed"] - h["to_inactive"]
        matrix[job] = h["to_unemployed"] * resting[0] + h["to_inactive"] * resting[1] + stay * np.eye(4)[job]
    if graduate:
        up = np.floor(h["upgrade"] * SEARCH) / SEARCH
        stay = matrix[3, 3]
        matrix[3, 2] += stay * up
        matrix[3, 3] = stay * (1.0 - up)
    assert np.allclose(matrix.sum(axis=1), 1.0, atol=1e-12)
    return matrix


class Simulated:
    """States [quarter + 1, person] (index of STATES) of everybody who starts in one of them and has left education."""

    def __init__(self, inputs, seed=1):
        model = LabourIntegrationModel(inputs, seed)
        start = model.people
        chosen = (start["presence"] == PRESENT) & np.isin(start["labour"], STATES) & (start["completion_q"] < 0)
        self.graduate = start["education"][chosen] == HIGH
        code = np.full(6, -1)
        code[list(STATES)] = range(4)
        series = [code[start["labour"][chosen]]]
        while model.quarter < inputs.quarters:
            model.step()
            series.append(code[model.people["labour"][chosen]])
        self.states = np.array(series)
        self.people = model.people

    def z(self, graduate, matrix, horizon):
        """Standardised deviations [from state, to state] of counts after so many quarters; NaN where impossible."""
        start, end = self.states[0][self.graduate == graduate], self.states[horizon][self.graduate == graduate]
        power = np.linalg.matrix_power(matrix, horizon)
        counts = np.zeros((4, 4))
        np.add.at(counts, (start, end), 1)
        n = counts.sum(axis=1, keepdims=True)
        mean, variance = n * power, n * power * (1.0 - power)
        assert (counts[power == 0.0] == 0.0).all(), "a transition the chain does not know"
        return np.divide(counts - mean, np.sqrt(variance), out=np.full((4, 4), np.nan), where=variance > 0)

    def pooled(self, graduate, matrix):
        """Largest standardised deviation of one-quarter transitions pooled over quarters, by the two states before."""
        states = self.states[:, self.graduate == graduate]
        worst = 0.0
        for before in range(4):
            for now in range(4):
                chosen = (states[:-2] == before) & (states[1:-1] == now)
                n, p = chosen.sum(), matrix[now]
                counts = np.bincount(states[2:][chosen], minlength=4)
                possible = p > 0.0
                assert (counts[~possible] == 0).all(), "a transition the chain does not know"
                if n:
                    deviation = np.abs(counts - n * p)[possible] / np.sqrt(n * p * (1.0 - p))[possible]
                    worst = max(worst, deviation.max())
        return worst


@pytest.fixture(scope="module")
def simulated():
    """The chain simulated for some 70 000 persons and twelve quarters."""
    return Simulated(chain_inputs())


def bound(comparisons):
    """Two-sided bound on that many standard normals that together are exceeded with probability ERROR_RATE."""
    return norm.isf(ERROR_RATE / 2.0 / comparisons)


def test_states_follow_the_chain(simulated):
    """Counts of persons by state at the start and after 1, 2, 4 and 12 quarters agree with the powers of the transition
    matrix, apart for graduates (who may move up) and others. Error rate 1e-6 (Bonferroni over 128 z-tests)."""
    worst = 0.0
    for graduate in (False, True):
        for horizon in HORIZONS:
            z = simulated.z(graduate, transition_matrix(graduate), horizon)
            worst = max(worst, np.nanmax(np.abs(z)))
    assert len(simulated.graduate) > 30_000 and simulated.graduate.sum() > 5_000
    assert worst < bound(2 * 16 * len(HORIZONS)), f"largest deviation {worst:.1f} standard errors"


def test_shares_meet_the_powers_of_the_matrix(simulated):
    """Shares unemployed, inactive, in skilled and in other jobs of everybody after each of twelve quarters, given
    the states at the start. Error rate 1e-6 (Bonferroni over 48 z-tests)."""
    largest = 0.0
    for n in range(1, len(simulated.states)):
        mean = variance = 0.0
        for graduate in (False, True):
            p = np.linalg.matrix_power(transition_matrix(graduate), n)[
                simulated.states[0][simulated.graduate == graduate]
            ]
            mean, variance = mean + p.sum(axis=0), variance + (p * (1.0 - p)).sum(axis=0)
        counts = np.bincount(simulated.states[n], minlength=4)
        largest = max(largest, np.abs((counts - mean) / np.sqrt(variance)).max())
    assert largest < bound(4 * (len(simulated.states) - 1))


def test_successive_transitions_are_independent(simulated):
    """The chain has no memory: the transitions of all quarters pooled follow the matrix whatever the state the quarter
    before. Error rate 1e-6 (Bonferroni over 128 z-tests)."""
    assert max(simulated.pooled(graduate, transition_matrix(graduate)) for graduate in (False, True)) < bound(128)


@pytest.mark.parametrize(
    "wrong",
    [
        {"same_quarter": True},  # hires in the quarter of a separation or change of activity
        {"finding": 0.27},
        {"to_inactive": 0.022},
        {"activate": 0.065},
        {"skilled": 0.39},
        {"attached": 0.45},
        {"upgrade": 0.06},
    ],
)
def test_a_slightly_wrong_chain_is_rejected(wrong, simulated):
    """The test above can fail: each of these chains is off by about a tenth of one hazard, or by hires in the
    quarter of a separation, and is rejected at the same error rate."""
    assert max(simulated.pooled(graduate, transition_matrix(graduate, **wrong)) for graduate in (False, True)) > bound(
        128
    )


def test_nobody_comes_or_goes_with_demography_and_arrivals_off(simulated):
    """Nobody dies, leaves or arrives in these runs, so the chain is closed."""
    assert set(np.unique(simulated.people["presence"])) == {FUTURE, PRESENT}
    assert (simulated.people["arrival_q"][simulated.people["presence"] == PRESENT] < 0).all()
    assert (simulated.states >= 0).all()


def test_the_labour_market_switched_off_moves_nobody():
    """With the labour market off as well, everybody keeps state and start of spell through the whole run. (Moves
    from job to job inside a segment go on: the switch does not reach them.)"""
    inputs = chain_inputs()
    switches = inputs.switches.copy()
    switches["labour_market"] = 0
    inputs = replace(inputs, switches=switches)
    start = LabourIntegrationModel(inputs, 1).people
    _, model = run_to_end(inputs)
    for name in ("labour", "labour_q"):
        assert (model.people[name] == start[name]).all(), name
