"""Units and costs of levers: exact expectations from a run's own counts, and who pays."""

from dataclasses import replace

import numpy as np
import pytest
from small_run import inputs_for, run_to_end

from calibration import levers
from model import lever as model_lever
from model.codes import LEVER_BASES, MEASURE, MEMBER_STATES, PROGRAMME_COSTS
from scenarios import compose, policy_cost

STATES = ("LU", "MT")
SMALL = ("population.scale=5000", "population.scale_comparison=5000", "population.minimum_agents=400", "run.end_year=2018")


def config_of(*overrides):
    return compose.job("run", [f"member_states=[{','.join(STATES)}]", *SMALL, *overrides])


def from_2017(label, *overrides):
    """Settings of a lever in force from the first quarter on."""
    lever = f"policy.levers.{label}"
    return (f"{lever}.start=2017Q1", f"{lever}.phase_in=0", *(f"{lever}.{text}" for text in overrides))


@pytest.fixture(scope="module")
def baseline():
    return run_to_end(inputs_for(states=STATES, end_year=2018))[0]


def simulate(*overrides):
    """(config, results, inputs) of a policy in the small run."""
    inputs = inputs_for(*overrides, states=STATES, end_year=2018)
    return config_of(*overrides), run_to_end(inputs)[0], inputs


def test_without_levers_there_is_neither_unit_nor_cost(baseline):
    assert baseline.lever_units.shape == baseline.lever_costs.shape == (0, 8, 2)
    found = policy_cost.costs(config_of(), baseline, baseline)
    assert found.by_lever.shape == (0, 2, 2)
    for name in ("direct", "programmes", "eu", "national"):
        assert (getattr(found, name) == 0.0).all()


def test_cost_is_units_times_unit_cost_times_the_wage_index():
    """A lever whose units are persons of working age: units are those of the results by age, times strength and take-up; the
    unit cost follows the average wage of the Member State and its growth."""
    strength, take_up, unit_cost = 0.5, 0.4, 7.0
    settings = ("policy=anti_discrimination",) + from_2017(
        "anti_discrimination", f"strength={strength}", f"take_up={take_up}", f"unit_cost={unit_cost}", "reasons=[work,study]"
    )
    config, results, inputs = simulate(*settings)
    assert results.lever_units.shape == (1, 8, 2)
    # A person in reach is present at the start of the quarter; who died or left in it is not counted, who has arrived is.
    model = run_to_end(inputs)[1]
    people, t = model.people, 7
    for row, state in enumerate(STATES):
        age = t - people["birth_q"]
        here = (people["member_state"] == MEMBER_STATES.index(state)) & np.isin(people["group"], (2, 4))
        here &= (people["presence"] == 1) & (people["arrival_q"] <= t) & (age >= 64) & (age < 260)
        expected = people["weight"][here].sum() * strength * take_up
        assert results.lever_units[0, t, row] == pytest.approx(expected, rel=1e-12)
    wage = inputs.fiscal["average_wage"][[MEMBER_STATES.index(state) for state in STATES]]
    eu_wage = levers.scalar("average_wage", year=2019, geo="EU27_2020")
    index = (1.0 + inputs.growth) ** (np.repeat([2017, 2018], 4) - 2019)
    expected = results.lever_units[0] * unit_cost * (wage / eu_wage) * index[:, None]
    np.testing.assert_allclose(results.lever_costs[0], expected, rtol=1e-12)


def test_empty_places_cost_and_used_ones_are_in_the_account(baseline):
    """Twenty times the job-related courses nobody asks for: all added places but those taken are paid for, and the account's
    courses rise by no more than what is used."""
    settings = ("policy=job_related_courses",) + from_2017("job_related_courses", "strength=5.0")
    config, results, inputs = simulate(*settings)
    idle = replace(inputs, levers=(inputs.levers[0]._replace(changes=()),))
    places, waiting, admitted = np.moveaxis(run_to_end(idle)[0].queues["job_related_courses"], 2, 0)
    units = run_to_end(idle)[0].lever_units[0]
    assert (units <= places - admitted + 1e-9).all() and units.sum() > 0
    full = waiting == admitted
    assert full.sum() > full.size / 2  # places abound
    assert LEVER_BASES[inputs.levers[0].base] == "idle_advanced_places"
    found = policy_cost.costs(config, results, baseline)
    np.testing.assert_allclose(found.direct, results.lever_costs[0].reshape(2, 4, 2).sum(axis=1), rtol=1e-12)


def test_who_pays_adds_up(baseline):
    """EU and national shares are the costs; the change of programme components is that of the account's cents."""
    settings = ("policy=fast_recognition",) + from_2017("faster_recognition", "strength=0.9", "eu_share=0.25", "fund=AMIF")
    config, results, _ = simulate(*settings)
    found = policy_cost.costs(config, results, baseline)
    columns = [MEASURE[name] for name in PROGRAMME_COSTS]
    cents = (results.counts - baseline.counts)[..., columns].sum(axis=(2, 3, 4, 5))
    np.testing.assert_allclose(found.programmes, cents / 100.0, rtol=1e-12)
    assert found.direct.min() > 0.0 and np.abs(found.programmes).max() > 0.0
    total = found.direct + found.programmes
    np.testing.assert_allclose(found.eu + found.national, total, rtol=1e-9)
    np.testing.assert_allclose(found.eu, 0.25 * total, rtol=1e-9)
    np.testing.assert_allclose(found.by_lever.sum(axis=0), total, rtol=1e-9)


def test_member_states_run_apart_join_their_units(monkeypatch):
    """Units and costs are those of the Member States together when they are run one after another."""
    from model import integration_model

    inputs = inputs_for("policy=fast_recognition", *from_2017("faster_recognition"), states=STATES, end_year=2018)
    together = integration_model.simulate(inputs, 1)
    monkeypatch.setattr(integration_model, "LARGE_RUN", 0)
    apart = integration_model.simulate(inputs, 1)
    assert together.lever_units.tobytes() == apart.lever_units.tobytes()
    assert together.lever_costs.tobytes() == apart.lever_costs.tobytes() and together.lever_units.sum() > 0


def test_units_of_bases_are_those_of_their_cells():
    """A base's units are the counts of the mask alone, per Member State."""
    inputs = inputs_for("policy=anti_discrimination", states=STATES, end_year=2018)
    lever = inputs.levers[0]._replace(start_q=0, phase_in=0, strength=1.0)
    table = np.arange(lever.mask.size * len(model_lever.COLUMNS)).reshape(lever.mask.size, -1)
    extras = {name: np.zeros(len(MEMBER_STATES)) for name in model_lever.EXTRAS}
    found = model_lever.units(lever, 0, table, {}, extras)
    column = model_lever.COLUMNS.index("persons")
    expected = [(table[:, column] * lever.mask).reshape(len(MEMBER_STATES), -1)[ms].sum() for ms in range(len(MEMBER_STATES))]
    assert found.tolist() == expected
