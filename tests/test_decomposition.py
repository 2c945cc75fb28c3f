"""The decomposition: parts add up to the full gain, by Member State and seed; a factor that changes nothing gets nothing;
the order of the factors does not matter; sets of factors mean what model/parity.py says."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from small_run import inputs_for, run_to_end

from model import parity, parity_plan, simulate
from model.codes import COMPONENTS, MEASURE, NON_EU_BORN, PARITY_FACTORS, PARITY_VARIANTS
from model.parity import O_ACTIVE, O_EMPLOYED, PARTICIPATION, UNEMPLOYMENT, factors_of
from scenarios import compose, decomposition, gains, simulation
from scenarios.prices import consumer_prices
from scenarios.progress import Progress

STATES = ("EE", "LU", "MT", "SE")
ACCOUNTING = compose.job("reproduce", []).accounting
SETTINGS = [
    f"member_states=[{','.join(STATES)}]", "population.scale=5000", "population.scale_comparison=5000",
    "population.minimum_agents=400", "run.end_year=2021", "parity.start_year=2018", "parity.end_year=2019", "seeds=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def small():
    """(config, baselines, named variants, coalitions) of two seeds."""
    config = compose.job("reproduce", SETTINGS)
    inputs = inputs_for(end_year=2021)
    progress = Progress(1)
    baseline = simulation.simulate_seeds(config, inputs, progress)
    paired, found = decomposition.simulate_parity(config, inputs, baseline, progress, decomposition.pairs(config))
    return config, baseline, paired, found


def test_parts_add_up_to_the_full_gain_of_every_member_state(small):
    """Given sex and age and given education too, against both references, per head, by seed, in every Member State."""
    _, baseline, paired, found = small
    hicp = consumer_prices()
    assert set(found) == set(itertools.product(("sex_age", "sex_age_education"), ("native", "eu_born")))
    full = gains.per_head(baseline, paired, ACCOUNTING, hicp, [2021])[:, :, 0].sum(axis=-1)
    for (given, reference), seeds in found.items():
        label = paired[0].parity.labels.index(("full", given, reference))
        for n, one in enumerate(seeds):
            parts = decomposition.per_head(one, baseline[n], ACCOUNTING, hicp)
            assert parts.shape == (5, 1 + len(STATES))
            assert parts.sum(axis=0) == pytest.approx(full[n, label], rel=1e-9)


def test_parts_are_of_the_right_kind(small):
    """Participation and unemployment bring jobs, and so save benefits; pay and hours save none of the unemployment
    benefit, which depends on the state alone; every part of the sum over Member States is positive."""
    _, baseline, _, found = small
    seeds = found["sex_age", "native"]
    parts = np.mean([decomposition.parts(one, ACCOUNTING, consumer_prices()).sum(axis=(1, 2, 3)) for one in seeds], axis=0)
    assert (parts.sum(axis=1) > 0).all()
    names = decomposition.conventions.parts_in_use(ACCOUNTING)
    benefit = dict(zip(PARITY_FACTORS, parts[:, names.index("unemployment_benefit")]))
    assert benefit["unemployment"] > 0 and benefit["unemployment"] > benefit["participation"]
    assert [benefit[name] for name in ("match", "pay", "hours")] == pytest.approx([0.0] * 3, abs=1e-6)


def test_shapley_values_of_hand_made_gains():
    """Additive gains come back; a joint gain of two factors is halved; a dummy factor gets zero exactly."""
    sets = np.arange(32)
    worth = np.array([1.0, 20.0, 300.0, 4000.0, 0.0])
    values = np.array([sum(worth[f] for f in range(5) if one >> f & 1) for one in sets])
    assert decomposition.shapley(values) == pytest.approx(worth)
    both = np.where((sets & 3) == 3, 10.0, 0.0)
    assert decomposition.shapley(values + both) == pytest.approx(worth + [5, 5, 0, 0, 0])
    random = np.random.default_rng(1).normal(size=16)
    without_last = random[sets & 15]  # the fifth factor changes nothing
    assert decomposition.shapley(without_last)[4] == pytest.approx(0.0, abs=1e-12)
    assert decomposition.shapley(without_last).sum() == pytest.approx(random[15] - random[0])


def test_shapley_values_are_the_mean_over_all_orders():
    """On random gains, the definition: what a factor adds, averaged over the 120 orders; renaming factors renames parts."""
    values = np.random.default_rng(2).normal(size=32)
    values[0] = 0.0
    total = np.zeros(5)
    for order in itertools.permutations(range(5)):
        closed = 0
        for factor in order:
            total[factor] += values[closed | 1 << factor] - values[closed]
            closed |= 1 << factor
    assert decomposition.shapley(values) == pytest.approx(total / 120)
    renamed = [4, 2, 0, 1, 3]
    other = np.zeros(32)
    for one in range(32):
        other[sum(1 << renamed[f] for f in range(5) if one >> f & 1)] = values[one]
    assert decomposition.shapley(other)[renamed] == pytest.approx(decomposition.shapley(values))


def test_every_set_of_factors_has_a_name_that_means_it():
    """31 names, all different, each back to its bits; the four named variants are the sets the definitions say."""
    names = [decomposition.name_of(factors) for factors in range(1, 32)]
    assert len(set(names)) == 31 and [factors_of(name) for name in names] == list(range(1, 32))
    assert {name: factors_of(name) for name in PARITY_VARIANTS} == {
        "participation": 1, "employment": 3, "match_and_pay": 15, "full": 31,
    }  # fmt: skip


# -- what a set of factors does ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def apart():
    """Labels that close one factor, given sex and age against natives: (inputs, plan, baseline, model after the run)."""
    inputs = inputs_for(end_year=2021)
    baseline = simulate(inputs, 1)
    variants = (*PARITY_FACTORS, "employment", "unemployment+pay", "full")
    plan = parity_plan([baseline], variants, ("sex_age",), ("native",), False, 2018, 2019)
    return inputs, plan, baseline, run_to_end(inputs.with_parity(plan, baseline.market))


def test_unemployment_alone_gives_jobs_to_the_active_only(apart):
    """Active persons are the baseline's in every cell, and the gap of the share employed among them closes."""
    _, plan, baseline, (result, model) = apart
    label = plan.labels.index(("unemployment", "sex_age", "native"))
    own = baseline.cells[-1, :, NON_EU_BORN]
    assert (model._before[label][..., O_ACTIVE] == own[..., 2]).all()
    assert (model._before[label][..., O_EMPLOYED] > own[..., 1]).any()
    assert (model._before[label][..., O_EMPLOYED] <= own[..., 2]).all()
    assert result.parity.gap[label, -1] < 1.0 < result.parity.gap[label, 4]  # of persons in bins of some thousand


def test_match_pay_and_hours_alone_add_nobody(apart):
    """No job is added, and no gap of persons is claimed; yet each has a gain."""
    _, plan, baseline, (result, _) = apart
    first = MEASURE[COMPONENTS[0]]
    before = baseline.counts[-1, :, NON_EU_BORN, ..., first:]
    for name in ("match", "pay", "hours"):
        label = plan.labels.index((name, "sex_age", "native"))
        assert (result.parity.added[label] == 0).all() and (result.parity.gap[label] == 0).all()
        assert (result.parity.components[label, -1] - before)[..., 0].sum() > 0


def test_match_pay_and_hours_add_no_jobs_to_employment(apart):
    """Full adds the jobs of employment exactly, which lets one run with the market on speak for both."""
    _, plan, _, (result, _) = apart
    one, other = (plan.labels.index((name, "sex_age", "native")) for name in ("employment", "full"))
    assert result.parity.added[one].sum() > 0 and (result.parity.added[one] == result.parity.added[other]).all()


def test_labels_do_not_depend_on_each_other(apart):
    """Employment and full are the same bytes whichever labels are simulated with them."""
    inputs, plan, baseline, (result, _) = apart
    alone = parity_plan([baseline], ("full", "employment"), ("sex_age",), ("native",), False, 2018, 2019)
    other = simulate(inputs.with_parity(alone, baseline.market), 1)
    for n, label in enumerate(alone.labels):
        m = plan.labels.index(label)
        assert (other.parity.components[n] == result.parity.components[m]).all()
        assert (other.parity.gap[n] == result.parity.gap[m]).all()


def test_variants_are_the_same_with_and_without_the_sets_of_factors(small):
    """One run for both: the variants keep their bytes and their labels, and nothing of the sets."""
    config, baseline, paired, _ = small
    inputs = inputs_for(end_year=2021)
    alone, nothing = decomposition.simulate_parity(config, inputs, baseline, Progress(1), [])
    assert nothing == {}
    for one, other in zip(alone, paired):
        assert one.parity.labels == other.parity.labels and len(one.parity.labels) == 16
        for name in ("components", "employed", "gap", "added"):
            assert getattr(one.parity, name).tobytes() == getattr(other.parity, name).tobytes()


def test_a_factor_without_any_gap_gets_nothing(apart):
    """Where natives' hours are above in no cell, closing hours changes no cent with or without the others."""
    inputs, _, baseline, _ = apart
    variants = ("match", "match+hours", "full", "match_and_pay", "hours")
    plan = parity_plan([baseline], variants, ("sex_age",), ("native",), False, 2018, 2019)
    open_cells = plan.open_cells.copy()
    open_cells[:, parity.HOURS] = False
    result = simulate(inputs.with_parity(replace(plan, open_cells=open_cells), baseline.market), 1)
    match, with_hours, full, without, hours = result.parity.components
    assert (match == with_hours).all() and (full == without).all()
    assert (hours[-1] == baseline.counts[-1, :, NON_EU_BORN, ..., MEASURE[COMPONENTS[0]] :]).all()


def test_participation_with_unemployment_is_employment():
    """The bits of the two make the variant employment, the level of which is the employment rate."""
    assert factors_of("employment") == PARTICIPATION | UNEMPLOYMENT
    levels = [parity.level_of(factors) for factors in (0, PARTICIPATION, UNEMPLOYMENT, 31)]
    assert levels == [None, parity.ACTIVE, parity.EMPLOYED_OF_ACTIVE, parity.EMPLOYED]
