"""Scenarios beside parity: who is a newcomer, what selection changes and leaves alone, and how known signs are judged."""

import csv
import math
from dataclasses import replace

import numpy as np
import pytest
from small_run import differences, inputs_for, run_to_end

from model import simulate
from model.codes import HIGH, LOW, MEASURE, MEDIUM, NON_EU_BORN
from model.population import beyond, lay_out
from scenarios import compose, jrc_six
from scenarios.cli import main

START_Q = 32  # 2025Q1, when the scenarios begin


@pytest.fixture(scope="module")
def baseline():
    """Inputs of four small Member States to 2026."""
    return inputs_for(end_year=2026)


def scenario(name):
    """The same under a policy."""
    return inputs_for(f"policy={name}", end_year=2026)


# -- newcomers --------------------------------------------------------------------------------------------------------


def test_beyond_counts_in_every_quarter():
    """Three, none and two agents arrive where one, five and two were known: two are beyond."""
    assert beyond(np.array([3, 0, 2]), np.array([1, 5, 2])).tolist() == [False, True, True, False, False]


def test_telling_newcomers_apart_changes_nothing_else(baseline):
    """Byte for byte the same run, with nobody beyond one's own arrivals."""
    plain = simulate(baseline, 1)
    marked = simulate(replace(baseline, compared=baseline.arrivals), 1)
    assert plain.newcomers is None and (marked.newcomers == 0).all()
    more = scenario("more_arrivals")
    plain, marked = simulate(more, 1), simulate(replace(more, compared=baseline.arrivals), 1)
    assert marked.newcomers.sum() > 0
    assert differences(plain, replace(marked, newcomers=None)) == []


def test_newcomers_are_the_persons_only_in_the_scenario(baseline):
    """Arrivals counted as newcomers are those of the scenario less the baseline's, by Member State and year, none before the
    start; the others arrive in the same number, exactly. For fewer arrivals, the same seen from the baseline."""
    arrivals = MEASURE["arrivals"]
    base = simulate(baseline, 1).counts[:, :, NON_EU_BORN, ..., arrivals].sum(axis=(2, 3))
    for name, sign in (("more_arrivals", 1), ("fewer_arrivals", -1)):
        other = scenario(name)
        marked, against = (other, baseline) if sign > 0 else (baseline, other)
        result = simulate(replace(marked, compared=against.arrivals), 1)
        mine = simulate(other, 1).counts[:, :, NON_EU_BORN, ..., arrivals].sum(axis=(2, 3))
        assert (result.newcomers[..., arrivals] == sign * (mine - base)).all()
        assert (result.newcomers[: START_Q // 4] == 0).all() and result.newcomers[START_Q // 4 :, :, arrivals].sum() > 0


def test_newcomers_are_split_by_member_state_without_a_trace(baseline, monkeypatch):
    """Large runs go Member State by Member State, with the same newcomers."""
    from model import integration_model

    inputs = replace(scenario("more_arrivals"), compared=baseline.arrivals)
    joint = simulate(inputs, 1)
    monkeypatch.setattr(integration_model, "LARGE_RUN", 1)
    assert (simulate(inputs, 1).newcomers == joint.newcomers).all()


# -- selection --------------------------------------------------------------------------------------------------------


def test_selection_raises_education_of_later_arrivals_only(baseline):
    """The same persons come, of the same sex and age; education of none falls; the stock, arrivals before 2025 and the
    EU-born are untouched; after the phase-in a quarter of those below tertiary give their place to graduates, within
    four standard errors."""
    people = lay_out(baseline, 1)[0]
    other = lay_out(scenario("better_educated_arrivals"), 1)[0]
    for name in ("uid", "sex", "birth_q", "arrival_q", "group", "employability", "earning_power"):
        assert (people[name] == other[name]).all()
    coming = (people["group"] >= 2) & (people["arrival_q"] >= START_Q)
    assert (people["education"][~coming] == other["education"][~coming]).all()
    assert (other["education"] >= people["education"]).all()
    # Shares of low and of medium are both scaled by what is left: compare with the shares drawn from.
    late = coming & (people["arrival_q"] >= START_Q + 4)
    for left in (LOW, MEDIUM):
        before, after = ((one["education"][late] == left).mean() for one in (people, other))
        error = math.sqrt(before * (1 - before) / late.sum())
        assert abs(after - 0.75 * before) < 4 * error
    assert (other["education"][late] == HIGH).mean() > (people["education"][late] == HIGH).mean()


def test_selection_of_zero_is_the_baseline(baseline):
    """At zero strength the run is the baseline's, byte for byte."""
    none = inputs_for("policy=better_educated_arrivals", "policy.levers.education_of_arrivals.strength=0.0", end_year=2026)
    assert (none.selection == 0.0).all()
    found = simulate(none, 1)
    assert differences(simulate(baseline, 1), found) == ["lever_units", "lever_costs"]
    assert not found.lever_units.any() and not found.lever_costs.any()


def test_more_selection_never_lowers_anybody(baseline):
    """From a quarter to a half to nearly all: education of each person rises or stays."""
    levels = [
        lay_out(replace(baseline, selection=np.full_like(baseline.selection, share)), 1)[0]["education"]
        for share in (0.0, 0.25, 0.5, 0.95)
    ]
    for lower, higher in zip(levels, levels[1:]):
        assert (higher >= lower).all() and (higher > lower).any()


def test_a_selected_run_goes_through(baseline):
    """More graduates among the non-EU-born in work."""
    graduates = [
        run_to_end(inputs)[0].counts[-1, :, NON_EU_BORN, ..., MEASURE["tertiary_employed_20_64"]].sum()
        for inputs in (baseline, scenario("high_selective_arrivals"))
    ]
    assert graduates[1] > graduates[0]


# -- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sign"),
    [([5.0, 5.2, 4.8], "+"), ([-5.0, -5.2, -4.8], "-"), ([5.0, -5.2, 0.1], "0"), ([3.0], "+"), ([0.0, 0.0], "0")],
)
def test_signs_are_found_beyond_two_standard_errors(values, sign):
    """One seed has no error, so its sign is taken as it is."""
    assert jrc_six.found_sign(np.array(values)) == sign


@pytest.mark.parametrize(
    ("expected", "sign", "value", "said"),
    [
        ("", "-", -900.0, "not known"),
        ("small", "-", -399.0, "pass"),
        ("small", "+", 401.0, "FAIL"),
        ("+", "+", 3.0, "pass"),
        ("+", "0", 3.0, "FAIL"),
        ("+ large", "+", 500.0, "pass"),
        ("+ large", "+", 300.0, "FAIL"),
        ("+ large", "-", -500.0, "FAIL"),
    ],
)
def test_verdicts(expected, sign, value, said):
    """Against a full gain of 4 000, a tenth of which is the bound of small."""
    assert jrc_six.verdict(expected, sign, value, 4000.0) == said


def test_experiment_writes_its_table(tmp_path):
    """The command as documented, small: six scenarios, groups apart that are consistent, verdicts where something is known."""
    settings = ["population=small", "member_states=[LU,MT]", "run.end_year=2026", "seeds=2", f"compute.output={tmp_path}"]
    assert main(["reproduce", "experiment=jrc_six", *settings]) == 0
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("jrc_six-")
    with (folder / "jrc_six.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    _, policies = compose.comparison(["experiment=jrc_six"], "reproduce")
    names = [config.policy.name for config in policies]
    assert list(dict.fromkeys(row["scenario"] for row in rows)) == [*names, "participation", "full", "full less participation"]
    for row in rows:
        assert (row["verdict"] == "not known") == (row["sign_expected"] == "") == (row["known_from"] == "")
    value = {(row["scenario"], row["group"]): float(row["value"]) for row in rows}
    assert ("better_educated_arrivals", "newcomers") not in value  # the same persons come
    assert value["better_educated_arrivals", "present_in_both"] == value["better_educated_arrivals", "non_eu_born"]
    assert value["full", "non_eu_born"] - value["participation", "non_eu_born"] == pytest.approx(
        value["full less participation", "non_eu_born"], abs=0.02
    )
    assert "Scenarios in the manner" in (folder / "report.md").read_text(encoding="utf-8")
