"""The simulated static gain of parity is the one calculated from cells, without simulation."""

from dataclasses import replace

import numpy as np
import pytest

from calibration import static_gain as static
from model import LabourIntegrationModel
from model.cell import SHAPE
from model.codes import COMPONENT, INACTIVE, MEASURE, NON_EU_BORN, OTHER, UNEMPLOYED
from model.parity import EMPLOYED, EMPLOYMENT, Plan

SEEDS = range(1, 7)


@pytest.fixture(scope="module")
def inputs(make_inputs):
    """Simplified inputs of all 27 Member States, some 270 000 non-EU-born agents."""
    return static.simplified(make_inputs("population.scale=200", "population.minimum_agents=5000"))


@pytest.fixture(scope="module")
def calculated(inputs):
    """The gain from cells."""
    return static.static_gain(inputs)


def _plan(inputs):
    """Employment at parity with natives given sex and age, in force at once."""
    targets = np.zeros((1, 6, 27, 2, 9, 3))
    targets[0, EMPLOYED] = static.targets(inputs)[..., None]
    label = (("employment", "sex_age", "native"),)
    everywhere = np.ones(targets.shape, dtype=bool)
    return Plan(label, targets, everywhere, np.array([EMPLOYMENT]), np.array([False]), False, start_q=-8, end_q=-5)


def _choose(number, share, start):
    """Which of `number` persons in a row are chosen when `share` of every run of neighbours is, to within one."""
    return np.diff(np.floor(np.arange(number + 1) * share + start)) > 0


def _set_states(model, inputs, seed):
    """Give the non-EU-born of 15-64 the labour states of `static.states`, evenly over birth quarters within a cell."""
    people = model.people
    rng = np.random.default_rng(seed)
    employed, unemployed = static.states(inputs)
    age = -people["birth_q"].astype(int)
    everyone = np.flatnonzero((people["group"] >= 2) & (age >= 60) & (age < 300) & (people["arrival_q"] < 0))
    people["labour"][everyone] = INACTIVE
    people["labour_q"][everyone] = -1
    people["covered_q"] = 0
    chosen = everyone[age[everyone] < 260]
    ms, sex, education, band = (
        np.asarray(part, dtype=int)
        for part in (people["member_state"], people["sex"], people["education"], age // 20 - 3)
    )
    cell = ((ms * 2 + sex) * 3 + education) * 10 + band
    order = chosen[np.lexsort((rng.random(len(chosen)), age[chosen], cell[chosen]))]
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        where = (ms[members[0]], sex[members[0]], education[members[0]], band[members[0]])
        job = _choose(len(members), employed[where], rng.random())
        without = members[~job]
        seeking = _choose(len(without), unemployed[where] / max(1e-9, 1.0 - employed[where]), rng.random())
        people["labour"][members[job]] = OTHER
        people["labour"][without[seeking]] = UNEMPLOYED


@pytest.fixture(scope="module")
def simulated(inputs):
    """Added jobs [seed, ms] and change of components [seed, ms, static.COMPONENTS] in EUR, from the model."""
    paired = inputs.with_parity(_plan(inputs), np.ones((4, 27, 2, 5)))
    jobs, components = [], []
    for seed in SEEDS:
        model = LabourIntegrationModel(paired, seed)
        _set_states(model, paired, seed)
        results = model.run()
        base = results.counts[0, :, NON_EU_BORN]
        change = results.parity.components[0, 0] - base[..., MEASURE["income_tax"] :]
        change = change.sum(axis=(1, 2)) / 100.0
        components.append(change[:, [COMPONENT[name] for name in static.COMPONENTS]])
        added = results.parity.employed[0, 0].sum(axis=(1, 2)) - base[..., MEASURE["employed_20_64"]].sum(axis=(1, 2))
        jobs.append(added / 4.0)
    return np.array(jobs), np.array(components)


def _agree(found, expected, slack, what):
    """The mean over seeds is within three standard errors plus `slack` (a share) of the expectation."""
    mean, error = found.mean(), found.std(ddof=1) / len(found) ** 0.5
    assert abs(mean - expected) <= 3.0 * error + slack * abs(expected), (
        f"{what}: simulated {mean:,.0f} (standard error {error:,.0f}), calculated {expected:,.0f}, "
        f"{mean / expected - 1:+.2%}"
    )
    assert error < 0.01 * abs(expected), f"{what}: a standard error of {error / expected:.2%} could not fail"


def test_nothing_read_depends_on_reason_or_stay(inputs):
    """The cell values the calculation reads are the same for every reason and stay, so leaving these out is exact."""
    cells = inputs.cells.reshape(SHAPE)[:, 2:]
    for name in ("skilled_odds", "part_time", "wage_gap"):
        assert (cells[name] == cells[name][:, :1, :, :, :1]).all(), name


def test_added_jobs_agree(calculated, simulated):
    """Added jobs in the EU agree within 1 % plus three standard errors of six seeds (Student's t, five degrees: 3 %
    without the slack; with it, far below 1 % as the standard error is under a tenth of a percent)."""
    _agree(simulated[0].sum(axis=1), calculated.jobs.sum(), 0.01, "added jobs")


def test_net_gain_agrees(calculated, simulated):
    """The net gain of the EU agrees within 1 % plus three standard errors of six seeds (error rate as above)."""
    found = (simulated[1] @ static.SIGNS).sum(axis=1)
    _agree(found, calculated.net.sum(), 0.01, "net gain")


@pytest.mark.parametrize("name", static.COMPONENTS)
def test_each_component_agrees(calculated, simulated, name):
    """Each component of the EU agrees within 1 % plus three standard errors of six seeds (error rate as above, five
    components)."""
    index = static.COMPONENTS.index(name)
    _agree(simulated[1][..., index].sum(axis=1), calculated.components[:, index].sum(), 0.01, name)


def test_quadrature_is_fine_enough(inputs, calculated, monkeypatch):
    """Half as many nodes move the net gain by less than 0.2 %."""
    monkeypatch.setattr(static, "NODES", static.NODES // 2)
    assert static.static_gain(inputs).net.sum() == pytest.approx(calculated.net.sum(), rel=2e-3)


def test_no_gap_no_gain(inputs):
    """With the natives' rates in the place of the non-EU-born's, nobody gets a job and nothing changes."""
    employment = inputs.employment.copy()
    employment[:, NON_EU_BORN] = 0.999
    found = static.static_gain(replace(inputs, employment=employment))
    assert np.abs(found.jobs).max() == 0.0 and np.abs(found.components).max() == 0.0
