"""Structural alternatives: the default changes nothing, each switch moves its mechanism as stated."""

import numpy as np
import pytest
from small_run import differences, inputs_for, run_to_end

from calibration.priors import read
from calibration.tables import Parameter
from model.codes import MEMBER_STATES, OTHER, SKILLED
from scenarios.compose import job

STATES = ("LU", "MT")


def _par(*settings):
    return inputs_for(*settings, states=STATES).parameters[0]


def test_default_is_none_and_central():
    chosen = job("run", []).structure
    assert (chosen.scarring, chosen.displacement, chosen.search_adaptation) == ("none", "central", "central")
    assert _par()["scarring"] == 0.0


def test_scarring_lowers_job_finding_and_nothing_else_in_the_inputs():
    plain, scarred = _par(), _par("structure=scarring")
    changed = [name for name in plain.dtype.names if plain[name] != scarred[name]]
    assert changed == ["scarring"] and scarred["scarring"] == Parameter("scarring", category="moderate").scalar()


def test_displacement_moves_both_parameters_to_the_ends_of_their_ranges():
    """In log odds each parameter moves by 1.645 prior standard deviations, up for low displacement."""
    rules = {rule["parameter"]: rule for rule in read().to_dict("records")}
    centre, low, high = _par(), _par("structure=low_displacement"), _par("structure=high_displacement")
    for name, prior in (("matching_elasticity", "matching_elasticity_u"), ("creation_speed", "creation_speed")):
        odds = [np.log(par[name] / (1.0 - par[name])) for par in (low, centre, high)]
        assert odds[0] - odds[1] == pytest.approx(1.645 * rules[prior]["sd"])
        assert odds[1] - odds[2] == pytest.approx(1.645 * rules[prior]["sd"])


def test_search_adaptation_undoes_all_or_nothing_of_the_gap():
    ratio = Parameter("callback_ratio").by_state()
    for name, share in (("no_adaptation", 0.0), ("full_adaptation", 1.0)):
        inputs = inputs_for(f"structure={name}", states=STATES)
        hiring = inputs.cells["hiring"].reshape(len(MEMBER_STATES), -1)[:, -1]
        # The centre of the call-back ratio may be moved by what data inform; the default tells by how much.
        default = inputs_for(states=STATES).cells["hiring"].reshape(len(MEMBER_STATES), -1)[:, -1]
        assert (hiring == 1.0).all() if share == 1.0 else (hiring < default).all()
    assert (ratio > 1.0).all()


def test_scarring_costs_jobs():
    """Paired runs: with scarring fewer of the non-EU-born work at the end; without, the run is the default's to the last byte."""
    results, model = run_to_end(inputs_for(states=STATES))
    same, _ = run_to_end(inputs_for("structure=default", states=STATES))
    scarred = run_to_end(inputs_for("structure=scarring", states=STATES))[1]
    assert differences(results, same) == []
    employed = [np.isin(m.people["labour"], (SKILLED, OTHER))[m.people["group"] >= 2].mean() for m in (model, scarred)]
    assert employed[1] < employed[0] - 0.005
