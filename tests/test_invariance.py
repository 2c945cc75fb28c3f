"""What must not change a single byte: threads, other Member States, splitting a run, idle policies, one person more.

Every test compares whole arrays byte for byte, so there is no error rate: nothing here is a matter of chance.
"""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_run import FOUR_STATES, differences, inputs_for, run_to_end

from model import LabourIntegrationModel, integration_model, parity, simulate
from model.codes import GROUPS, MEMBER_STATES
from model.institution import Places
from model.lever import PLACES, apply
from model.person import PERSON, pack_uid
from model.population import lay_out, weights
from model.queue import admit

MT = MEMBER_STATES.index("MT")
# Drawn or laid out once and never changed by a kernel (naturalisation, children and so on are life, not traits).
TRAITS = (
    "uid", "member_state", "group", "sex", "education", "birth_q", "arrival_q", "completion_q", "employability",
    "earning_power",
    "weight", "partner", "qualification",
)  # fmt: skip


def same_people(one, other):
    """Whether two arrays of persons are the same bytes."""
    return len(one) == len(other) and one.tobytes() == other.tobytes()


def changed_fields(one, other):
    """Names of the fields of the person in which two arrays of equal length differ."""
    return [name for name in PERSON.names if one[name].tobytes() != other[name].tobytes()]


# -- threads -----------------------------------------------------------------------------------------------------


def test_one_and_two_threads_give_the_same_bytes(four_states, threads_restored):
    """Results and every person's record are the same bytes for one and for two threads."""
    import numba

    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("only one thread on this machine")
    one, first = run_to_end(replace(four_states, threads=1))
    assert numba.get_num_threads() == 1
    two, second = run_to_end(replace(four_states, threads=2))
    assert numba.get_num_threads() == 2
    assert differences(one, two) == []
    assert same_people(first.people, second.people)


def test_threads_do_not_change_the_accounts_at_parity(parity_pair, threads_restored):
    """The third pass, too: gains, jobs, gaps and overlays are the same bytes for one and for two threads."""
    import numba

    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("only one thread on this machine")
    inputs, plan, (baseline, _), (paired, model) = parity_pair
    for threads in (1, 2):
        again, other = run_to_end(replace(inputs.with_parity(plan, baseline.market), threads=threads))
        assert differences(paired, again) == []
        assert model._overlay.tobytes() == other._overlay.tobytes()


def test_a_second_run_gives_the_same_bytes(four_states, four_states_run):
    """The same inputs and seed in the same process give the same bytes; another seed does not."""
    results, model = four_states_run
    again, other = run_to_end(four_states)
    assert differences(results, again) == [] and same_people(model.people, other.people)
    assert "counts" in differences(results, run_to_end(four_states, seed=2)[0])


# -- Member States -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", FOUR_STATES)
def test_one_member_state_alone_or_among_others(state, four_states, four_states_run):
    """A Member State run alone gives the bytes it gives among others: its rows of the results and its people."""
    results, model = four_states_run
    ms = MEMBER_STATES.index(state)
    alone, single = run_to_end(replace(four_states, member_states=(ms,)))
    assert alone.member_states == (state,)
    assert differences(alone, results, rows=[results.member_states.index(state)]) == []
    assert same_people(single.people, model.people[model.people["member_state"] == ms])


def test_person_quarters_add_up_over_member_states(four_states, four_states_run):
    """The number of simulated person-quarters is the sum over the Member States run alone."""
    alone = [run_to_end(replace(four_states, member_states=(ms,)))[0] for ms in four_states.member_states]
    assert sum(result.person_quarters for result in alone) == four_states_run[0].person_quarters


def test_large_runs_are_split_without_a_trace(four_states, four_states_run, monkeypatch):
    """Above LARGE_RUN agents simulate() goes Member State by Member State; the joined results are the same bytes."""
    monkeypatch.setattr(integration_model, "LARGE_RUN", 10)
    calls = []
    split = simulate(four_states, 1, lambda *done: calls.append(done))
    assert differences(four_states_run[0], split) == []
    assert split.member_states == four_states_run[0].member_states
    quarters = 4 * four_states.quarters
    assert [done for done, _, _ in calls] == list(range(1, quarters + 1)) and calls[-1][1] == quarters
    assert calls[-1][2] == split.person_quarters


def test_large_parity_runs_are_split_without_a_trace(parity_pair, monkeypatch):
    """The same at parity, with its plan and the recorded market cut to each Member State. (The achieved gap has its
    own test below.)"""
    inputs, plan, (baseline, _), (paired, _) = parity_pair
    monkeypatch.setattr(integration_model, "LARGE_RUN", 10)
    split = simulate(inputs.with_parity(plan, baseline.market), 1)
    assert [name for name in differences(paired, split) if name != "parity.gap"] == []


def test_the_achieved_gap_of_a_split_run_is_that_of_the_joint_run(parity_pair, monkeypatch):
    """The weighted mean gap of a run split by Member State equals that of the joint run to 1e-9 points."""
    inputs, plan, (baseline, _), (paired, _) = parity_pair
    monkeypatch.setattr(integration_model, "LARGE_RUN", 10)
    split = simulate(inputs.with_parity(plan, baseline.market), 1)
    assert np.abs(split.parity.gap - paired.parity.gap).max() < 1e-9


def test_large_runs_with_the_market_on_are_split_without_a_trace(parity_pair, monkeypatch):
    """The same for the second run of parity, where added jobs ask for openings."""
    inputs, plan, (baseline, _), (paired, _) = parity_pair
    loaded = replace(inputs, added=parity.market_load(baseline, paired, plan.labels[1]))
    joint = simulate(loaded, 1)
    monkeypatch.setattr(integration_model, "LARGE_RUN", 10)
    assert differences(joint, simulate(loaded, 1)) == []


# -- policies of no strength ---------------------------------------------------------------------------------------


LEVER_FILES = {
    "language_upon_arrival": "language_places",
    "job_related_courses": "job_related_courses",
    "fast_recognition": "faster_recognition",
    "bridging_courses": "bridging_courses",
    "childcare_with_courses": "childcare_with_courses",
    "anti_discrimination": "anti_discrimination",
    "more_arrivals": "arrivals",
    "fewer_arrivals": "arrivals",
    "better_educated_arrivals": "education_of_arrivals",
    "online_courses": "online_courses",
    "civic_orientation": "civic_orientation",
    "early_skills_assessment": "early_skills_assessment",
    "vocational_training": "vocational_training",
    "mentoring": "mentoring",
    "activation": "work_first",
    "entrepreneurs": "entrepreneurs",
    "womens_measures": "womens_measures",
    "health_access": "health_access",
    "autonomous_housing": "autonomous_housing",
    "early_work_permission": "early_work_permission",
    "community_sponsorship": "community_sponsorship",
}
LEVER_RESULTS = ("lever_units", "lever_costs")


def lever_settings(name, strength):
    """Settings of one policy file with its lever in force from 2017 at this strength."""
    lever = f"policy.levers.{LEVER_FILES[name]}"
    settings = (f"policy={name}", f"{lever}.strength={strength}", f"{lever}.start=2017Q1", f"{lever}.phase_in=0")
    return settings if name.endswith("arrivals") else (*settings, f"{lever}.max_years_since_arrival=null")


@pytest.mark.parametrize("name", LEVER_FILES)
def test_lever_without_strength_is_the_baseline(name, four_states_run):
    """Every policy at strength zero gives the baseline's bytes, for results and people; at strength one half the same
    settings do not, so the comparison can fail."""
    results, model = four_states_run
    idle = inputs_for(*lever_settings(name, 0))
    same, other = run_to_end(idle)
    assert [field for field in differences(results, same) if field not in LEVER_RESULTS] == []
    assert same_people(model.people, other.people)
    assert (same.lever_units == 0.0).all() and (same.lever_costs == 0.0).all()
    if name.endswith("arrivals"):
        active = inputs_for(*lever_settings(name, 0.5))
    else:
        assert len(idle.levers) == 1
        active = replace(idle, levers=(idle.levers[0]._replace(strength=0.5),))
    changed = [field for field in differences(results, run_to_end(active)[0]) if field not in LEVER_RESULTS]
    assert changed != []


@pytest.mark.parametrize("name", [name for name in LEVER_FILES if not name.endswith("arrivals")])
def test_lever_without_take_up_is_the_baseline(name, four_states):
    """Nobody accepts: the cell table is the baseline's own and no places are added."""
    lever = replace(four_states, levers=inputs_for(*lever_settings(name, 0.5)).levers).levers[0]._replace(take_up=0.0)
    cells, extras = apply([lever], four_states.cells, 8)
    assert cells is four_states.cells and not any(values.any() for values in extras.values())


def test_every_lever_of_places_is_tested_at_zero_strength():
    """No lever escapes the tests above."""
    from calibration.config import LEVERS

    assert set(LEVER_FILES.values()) == set(LEVERS) and set(PLACES) <= set(LEVERS)


# -- replay --------------------------------------------------------------------------------------------------------


def test_a_run_replayed_in_its_own_market_is_itself(four_states, four_states_run):
    """With tightness and contacts read from the recorded market, every person lives the same life."""
    results, model = four_states_run
    replayed, other = run_to_end(replace(four_states, market=results.market))
    assert differences(results, replayed) == []
    assert same_people(model.people, other.people)


def test_parity_replays_the_lives_of_the_baseline(parity_pair):
    """The non-EU-born of the parity run, alone in the recorded market, are the baseline's bit for bit: nobody is
    displaced, nobody else arrives or leaves, and their own account is unchanged."""
    _, _, (baseline, model), (paired, other) = parity_pair
    mine = model.people[model.people["group"] >= 2]
    assert len(mine) == len(other.people)
    assert changed_fields(mine, other.people) == []
    assert baseline.counts[:, :, 2].tobytes() == np.ascontiguousarray(paired.counts[:, :, 2]).tobytes()
    assert baseline.by_reason.tobytes() == paired.by_reason.tobytes()
    assert baseline.by_stay.tobytes() == paired.by_stay.tobytes()
    assert baseline.cells[:, :, 2].tobytes() == np.ascontiguousarray(paired.cells[:, :, 2]).tobytes()
    for name, queue in baseline.queues.items():
        assert queue.tobytes() == paired.queues[name].tobytes(), name
    assert paired.counts[:, :, :2].sum() == 0


def test_history_knows_the_macro_conditions_of_the_first_quarter_only(four_states):
    """Later conditions leave the people of 1 January 2017 the same bytes; with worse conditions at the start each Member
    State's people have worked less in the history."""
    start = LabourIntegrationModel(four_states, 1).people
    later = four_states.macro.copy()
    later[:, 1:] *= 0.5
    assert same_people(start, LabourIntegrationModel(replace(four_states, macro=later), 1).people)
    worse = LabourIntegrationModel(replace(four_states, macro=0.5 * four_states.macro), 1).people
    for ms in four_states.member_states:
        of_state = start["member_state"] == ms
        assert worse["experience_q"][of_state].sum() < start["experience_q"][of_state].sum()


# -- one person more -------------------------------------------------------------------------------------------------


def unlimited(self, people, queued, kind, t, seed, par, extra):
    """Stands in for Places.admit: a place for everyone, every quarter."""
    waiting, admitted, _ = admit(people, queued, kind, t, seed, par, 1e15)
    return 1e15, waiting, admitted


def with_one_more(inputs, group, quarter):
    """Inputs with one more agent's worth of persons arriving in Malta."""
    arrivals = inputs.arrivals.copy()
    arrivals[MT, group, quarter] += weights(inputs)[MT, group]
    return replace(inputs, arrivals=arrivals)


def pairs(people, other):
    """The same persons in both arrays, by identifier, and the identifiers only in the second."""
    assert len(np.unique(people["uid"])) == len(people) and len(np.unique(other["uid"])) == len(other)
    there = np.isin(other["uid"], people["uid"])
    return people[np.argsort(people["uid"])], other[there][np.argsort(other["uid"][there])], other[~there]


@pytest.mark.parametrize(
    ("group", "quarter"), [("native", 3), ("eu_born", 2), ("work", 0), ("protection", 5), ("study", 9)]
)
def test_one_person_more_changes_nobodys_path(group, quarter, four_states, four_states_run, monkeypatch):
    """One more arrival: all others keep number and traits, and, where places are unlimited and the market is
    replayed, live the same life in every field of the record."""
    monkeypatch.setattr(Places, "admit", unlimited)
    base = replace(four_states, market=four_states_run[0].market)
    more = with_one_more(base, GROUPS.index(group), quarter)
    _, model = run_to_end(base)
    _, other = run_to_end(more)
    before, after, added = pairs(model.people, other.people)
    assert changed_fields(before, after) == []
    assert len(before) + 1 == len(other.people) and len(added) == 1
    newcomer = added[0]
    assert (newcomer["member_state"], newcomer["group"], newcomer["arrival_q"]) == (MT, GROUPS.index(group), quarter)
    cell = (before["member_state"] == MT) & (before["group"] == GROUPS.index(group)) & (before["arrival_q"] == quarter)
    assert newcomer["uid"] == pack_uid(MT, GROUPS.index(group), quarter, int(cell.sum()))


def test_one_person_more_changes_nobodys_draws(four_states, four_states_run):
    """With limited places and a market that reacts, paths may change but nobody's number, traits or arrival does, and
    other Member States keep every byte."""
    results, model = four_states_run
    other_results, other = run_to_end(with_one_more(four_states, GROUPS.index("work"), 0))
    before, after, _ = pairs(model.people, other.people)
    assert [name for name in TRAITS if before[name].tobytes() != after[name].tobytes()] == []
    rows = [i for i, name in enumerate(results.member_states) if name != "MT"]
    assert results.counts[:, rows].tobytes() == other_results.counts[:, rows].tobytes()


@pytest.mark.parametrize("factor", [0.5, 1.1, 2.0])
def test_more_arrivals_append_and_fewer_drop_the_highest(factor, four_states):
    """Scaled arrivals keep identifiers and traits: more contain everyone of the baseline, fewer only lack the highest
    numbers of each arrival cell."""
    arrivals = four_states.arrivals.copy()
    arrivals[:, 2:] *= factor
    people = [lay_out(changed, 1)[0] for changed in (four_states, replace(four_states, arrivals=arrivals))]
    small, large = people if factor > 1 else people[::-1]
    assert len(small) < len(large)
    assert np.isin(small["uid"], large["uid"]).all()
    mine, theirs, _ = pairs(small, large)
    assert changed_fields(mine, theirs) == []


def test_identifiers_are_unique_and_hold_the_cell(four_states_run):
    """Identifiers are unique over the population and unpack to Member State, group, arrival quarter and number."""
    people = four_states_run[1].people
    uid = people["uid"]
    assert len(np.unique(uid)) == len(people)
    head = (uid >> np.uint64(43)).astype(np.int64)
    assert (head >> 16 == people["member_state"]).all()
    assert (head >> 12 & 15 == people["group"]).all()
    assert ((head & 4095) - 2048 == people["arrival_q"]).all()
    number = (uid & np.uint64((1 << 43) - 1)).astype(np.int64)
    for cell in np.unique(head):
        assert sorted(number[head == cell]) == list(range((head == cell).sum()))


# -- kernels -----------------------------------------------------------------------------------------------------------


WHOLE_RUN = """
from small_run import inputs_for, plan_for, run_to_end
from model import parity
from model.quarter import after_market, before_market
from model.queue import admit

inputs = inputs_for(states=("MT",), end_year=2018)
baseline, _ = run_to_end(inputs)
run_to_end(inputs.with_parity(plan_for([baseline], start_year=2018, end_year=2018), baseline.market))
for kernel in (before_market, after_market, admit, parity.account, parity.draws_by_cell):
    print(kernel.__name__, len(kernel.signatures))
"""


def test_every_kernel_is_compiled_once():
    """After whole runs, at baseline and at parity, each kernel has one compiled signature: no array came in another
    layout or type, which would compile, and round, a second version. In a process of its own, because other tests
    call kernels with arrays of theirs."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", WHOLE_RUN], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    signatures = dict(line.split() for line in done.stdout.splitlines())
    assert len(signatures) == 5 and set(signatures.values()) == {"1"}, signatures
