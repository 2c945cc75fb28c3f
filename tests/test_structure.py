"""Structural alternatives: the default changes nothing, each switch moves its mechanism as stated."""

from dataclasses import replace

import numpy as np
import pytest
from small_run import differences, inputs_for, run_to_end

from calibration import structure
from calibration.priors import read
from calibration.tables import Parameter
from model.accounting import indicator
from model.codes import EU_BORN, MEASURE, MEMBER_STATES, NATIVE, NON_EU_BORN, ORIGINS, OTHER, SKILLED
from scenarios.compose import job

STATES = ("LU", "MT")


def _par(*settings):
    return inputs_for(*settings, states=STATES).parameters[0]


def test_default_is_none_and_central():
    chosen = job("run", []).structure
    assert (chosen.scarring, chosen.displacement, chosen.search_adaptation) == ("none", "central", "central")
    assert chosen.pay_gap == "shipped"
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


def test_shared_pay_gap_by_hand():
    """Ten national gaps that sum to 2.51, an EU figure of 9 %: with as many employed everywhere the 17 others share (27 x 0.09 -
    2.51) / 17; with four times as many in each of them (78 x 0.09 - 2.51) / 68."""
    national = structure.published_gaps()["status"].to_numpy() != "imputed"
    assert national.sum() == 10
    assert structure.shared_gap(np.ones(27)) == pytest.approx((2.43 - 2.51) / 17)
    assert structure.shared_gap(np.where(national, 1.0, 4.0)) == pytest.approx((7.02 - 2.51) / 68)


def test_shared_pay_gap_of_the_tables_gives_the_eus_figure(eu27_to_2019):
    """Weighted by simulated employed non-EU-born of 2019 the mean is 9 % within a tenth of a point; the others are as shipped."""
    employed = sum(result.counts[2, :, NON_EU_BORN, ..., MEASURE["employed_20_64"]] for result in eu27_to_2019).sum(axis=(1, 2))
    shipped, gaps = structure.pay_gaps("shipped"), structure.pay_gaps("eu_total")
    assert np.average(gaps, weights=employed) == pytest.approx(0.09, abs=0.001)
    assert np.average(shipped, weights=employed) > 0.13
    moved = gaps != shipped
    assert moved.sum() == 17 and len(set(gaps[moved])) == 1 and (shipped[moved] == 0.09).all()


def test_pay_gaps_of_national_studies():
    """Five Member States have the study's figure, those with a figure of the ILO keep it."""
    shipped, gaps = structure.pay_gaps("shipped"), structure.pay_gaps("national_studies")
    found = {state: gaps[ms] for ms, state in enumerate(MEMBER_STATES) if gaps[ms] != shipped[ms]}
    assert found == {"DE": 0.196, "DK": 0.092, "ES": 0.293, "FR": 0.189, "SE": 0.07}


def test_shipped_pay_gap_leaves_the_fitted_factor_alone():
    chosen = job("run", []).structure
    fitted = Parameter("wage_gap_scale").by_state(("origin", ORIGINS))
    assert structure.wage_gap(chosen).tobytes() == fitted.tobytes()
    moved = structure.wage_gap(replace(chosen, pay_gap="eu_total")) - fitted
    assert (moved[:, :NON_EU_BORN] == 0.0).all() and (moved[:, NON_EU_BORN] != 0.0).sum() == 17


def test_pay_gap_moves_pay_as_intended_and_nothing_else():
    """Paired runs: natives' share of pay that the non-EU-born have is multiplied by (1 - gap in use) / (1 - shipped gap) to rounding;
    jobs, natives and the EU-born are the same to the last byte."""
    states = ("DK", "LU", "MT", "SE")
    plain, _ = run_to_end(inputs_for(states=states))
    for name, in_use in (("eu_total", (0.0193, 0.27, 0.0193, 0.0193)), ("national_studies", (0.092, 0.27, 0.09, 0.07))):
        other, _ = run_to_end(inputs_for(f"structure.pay_gap={name}", states=states))
        pay = [indicator("mean_wage", result.counts.sum(axis=(0, 3, 4))) for result in (plain, other)]
        ratio = [wage[:, NON_EU_BORN] / wage[:, NATIVE] for wage in pay]
        wanted = (1.0 - np.array(in_use)) / (1.0 - np.array([0.09, 0.27, 0.09, 0.09]))
        assert ratio[1] / ratio[0] == pytest.approx(wanted, rel=1e-4)
        for origin in (NATIVE, EU_BORN):
            assert plain.counts[:, :, origin].tobytes() == other.counts[:, :, origin].tobytes()
        for measure in ("employed_20_64", "unemployed_20_64", "overqualified_20_64", "persons"):
            assert (plain.counts[..., MEASURE[measure]] == other.counts[..., MEASURE[measure]]).all()
        assert plain.market.tobytes() == other.market.tobytes()
