"""The budget: exact sharing on constructed responses, what noise does to a choice, and the command from end to end."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from small_run import differences, inputs_for

from calibration.config import config_from, settings_of
from calibration.errors import InputError
from calibration.levers import model_lever
from calibration.load_inputs import load_inputs
from model import codes, simulate
from scenarios import compose, jobs, mix, objective, response, text
from scenarios.allocation import allocate, curve
from scenarios.choice import Estimates, share
from scenarios.figures import optimum

ROOT = Path(__file__).resolve().parents[1]


def concave(rng):
    """A response with diminishing returns: ascending cost, steps of falling slope."""
    steps = rng.integers(1, 5)
    cost, slope = rng.uniform(0.1, 5.0, steps), np.sort(rng.uniform(0.0, 3.0, steps))[::-1]
    return curve(np.arange(1.0, steps + 1), np.cumsum(cost), np.cumsum(cost * slope))


def greedy(curves, budget):
    """The fractional knapsack by hand: steps by falling slope until the money is gone."""
    steps = [(g / c, c, g) for one in curves for c, g in zip(np.diff(one.cost), np.diff(one.gain), strict=True)]
    total = 0.0
    for _, cost, gain in sorted(steps, reverse=True):
        part = min(1.0, budget / cost)
        total, budget = total + part * gain, budget - part * cost
    return total


# -- efficient part of a response ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cost", "gain", "strengths"),
    [
        ([1, 2, 3], [3, 4, 4.5], [0, 1, 2, 3]),  # diminishing returns: every strength
        ([1, 2, 3], [1, 4, 4.5], [0, 2, 3]),  # the first step gains less per euro than the second
        ([1, 2, 3], [3, 2, 3], [0, 1]),  # more is no better
        ([1, 2, 3], [-1, -2, -3], [0]),  # harm
        ([1, 2, 3], [0, 0, 0], [0]),  # no effect
        ([0, 0, 0], [1, 2, 3], [0, 3]),  # for nothing: all of it at once
        ([-1, -2, -3], [1, 2, 3], [0, 3]),  # savings elsewhere cannot be spent
        ([1, 2, 3], [1, 2, 3], [0, 3]),  # in proportion: only the ends matter
    ],
)
def test_efficient_part(cost, gain, strengths):
    found = curve([1.0, 2.0, 3.0], np.array(cost, dtype=float), np.array(gain, dtype=float))
    assert found.strength.tolist() == strengths
    assert (np.diff(found.cost) >= 0).all() and (np.diff(found.gain) > 0).all() and found.cost[0] == found.gain[0] == 0.0


# -- the sharing -----------------------------------------------------------------------------------------------------------
def test_linear_programme_is_the_greedy_choice_and_keeps_to_the_budget():
    """On 200 random problems the gain is that of the fractional knapsack, the budget never exceeded, all but one cut at a vertex."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        curves = [concave(rng) for _ in range(rng.integers(1, 30))]
        budget = rng.uniform(0.0, 1.2) * sum(one.cost[-1] for one in curves)
        found = allocate(curves, budget)
        assert found.cost.sum() <= budget * (1 + 1e-6)
        assert found.gain.sum() == pytest.approx(greedy(curves, budget), rel=1e-6)
        between = [
            not np.isclose(one.strength, strength, atol=1e-6).any() for one, strength in zip(curves, found.strength, strict=True)
        ]
        assert sum(between) <= 1


def test_best_of_all_combinations():
    """Where the budget is exactly spent at vertices, no other combination of simulated strengths that it can pay gains more."""
    curves = [curve([1, 2, 3], np.array(cost), np.array(gain)) for cost, gain in (
        ([1.0, 2.0, 4.0], [5.0, 7.0, 8.0]), ([2.0, 3.0, 4.0], [6.0, 8.0, 9.0]), ([1.0, 3.0, 6.0], [1.0, 1.6, 2.0]),
    )]  # fmt: skip
    found = allocate(curves, 5.0)
    grid = np.indices((4, 4, 4)).reshape(3, -1)
    cost, gain = (sum(getattr(one, name)[row] for one, row in zip(curves, grid, strict=True)) for name in ("cost", "gain"))
    assert found.gain.sum() == pytest.approx(gain[cost <= 5.0].max())
    assert found.strength.tolist() == [2.0, 2.0, 0.0]


def test_shadow_price_is_the_gain_of_one_more_euro():
    curves = [curve([1, 2], np.array([2.0, 4.0]), np.array([6.0, 8.0])), curve([1], np.array([5.0]), np.array([10.0]))]
    found, more = (allocate(curves, budget) for budget in (4.0, 5.0))
    assert found.shadow_price == pytest.approx(2.0) == more.gain.sum() - found.gain.sum()
    assert allocate(curves, 100.0).shadow_price == 0.0


def test_no_effect_gets_nothing_and_no_money_buys_nothing():
    useful, useless = curve([1.0], np.array([3.0]), np.array([1.0])), curve([1.0], np.array([0.1]), np.array([0.0]))
    assert allocate([useful, useless], 100.0).strength.tolist() == [1.0, 0.0]
    assert allocate([useful, useless], 0.0).strength.tolist() == [0.0, 0.0]
    assert allocate([useless], 1.0).gain.tolist() == [0.0]
    with pytest.raises(ValueError, match="negative"):
        allocate([useful], -1.0)


def test_bounds_of_single_member_states():
    """With money to spare each bound is its own knapsack; with less, neither the bounds nor the budget are exceeded."""
    rng = np.random.default_rng(2)
    curves = [concave(rng) for _ in range(12)]
    groups = [(range(start, 12, 3), bound) for start, bound in ((0, 2.0), (1, 5.0))]
    rest = sum(one.gain[-1] for one in curves[2::3])
    found = allocate(curves, 1e3, groups)
    assert found.gain.sum() == pytest.approx(rest + greedy(curves[0::3], 2.0) + greedy(curves[1::3], 5.0))
    tight = allocate(curves, 6.0, groups)
    assert tight.cost.sum() <= 6.0 + 1e-6
    assert all(tight.cost[list(members)].sum() <= bound + 1e-6 for members, bound in groups)


def test_sharing_among_member_states_or_one_strength_for_all():
    """Two measures, two Member States: free strengths gain at least as much as common ones, both keep to the budget and its bounds."""
    gain = np.array([[[4.0, 1.0], [6.0, 1.5]], [[1.0, 3.0], [1.5, 5.0]]])
    cost = np.array([[[1.0, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 2.0]]])
    estimates = Estimates(gain, np.zeros_like(gain), gain, cost, np.zeros_like(cost))
    free, common = (settings("strengths=[0.5,1]", f"by_member_state={value}")[1] for value in ("true", "false"))
    own, same = (share(asked, ("LU", "MT"), estimates, 4.0, {}) for asked in (free, common))
    assert own.multiples.tolist() == [[1.0, 0.0], [0.0, 1.0]] and own.gain.sum() == pytest.approx(11.0)
    assert same.multiples[0, 0] == same.multiples[0, 1] and same.multiples[1, 0] == same.multiples[1, 1]
    assert same.cost.sum() == pytest.approx(4.0) and own.cost.sum() == pytest.approx(4.0) and same.gain.sum() == pytest.approx(9.0)
    bounded = share(free, ("LU", "MT"), estimates, 4.0, {"LU": 1.0})
    assert bounded.cost[:, 0].sum() == pytest.approx(1.0) and bounded.cost.sum() == pytest.approx(4.0)
    assert share(free, ("LU", "MT"), estimates, 0.0, {}).multiples.sum() == 0.0


# -- noise -----------------------------------------------------------------------------------------------------------------
def test_shrinkage_by_hand():
    """Two Member States of one person each, DerSimonian and Laird: Q = 8, variance between = (8 - 1) / (2 - 1) = 7."""
    gain, one = np.array([1.0, 5.0]), np.ones(2)
    assert response.shrink(gain, one, one) == pytest.approx(3.0 + 7.0 / 8.0 * (gain - 3.0))
    assert response.shrink(gain, 4.0 * one, one) == pytest.approx([3.0, 3.0])  # noise explains the difference
    assert response.shrink(gain, 0.0 * one, one).tolist() == gain.tolist()
    assert response.shrink(gain[:1], one[:1], one[:1]).tolist() == [1.0]
    persons = np.array([1.0, 10.0])
    assert response.shrink(np.array([1.0, 30.0]), 50.0 * persons, persons) == pytest.approx([2.0, 20.0])  # gain per person is common


def test_shrinkage_weakens_the_winners_curse():
    """Of 27 Member States with noisy gains, what the best five promise beyond the truth: less than half after shrinkage.

    The error is a mean over 200 fixed draws; the standard error of each ratio is below 0.04.
    """
    rng = np.random.default_rng(3)
    promised = {"raw": [], "shrunk": []}
    for _ in range(200):
        truth = 1.0 + 0.5 * rng.standard_normal(27)
        seen = truth + rng.standard_normal(27)
        for name, values in (("raw", seen), ("shrunk", response.shrink(seen, np.ones(27), np.ones(27)))):
            best = np.argsort(values)[-5:]
            promised[name].append((values - truth)[best].mean())
    assert np.mean(promised["raw"]) > 0.8
    assert abs(np.mean(promised["shrunk"])) < 0.5 * np.mean(promised["raw"])


def test_pooled_noise():
    """Noise of known size by measure, strength and Member State is found within 10 %; where a measure does nothing there is none."""
    rng = np.random.default_rng(4)
    size = np.repeat([1.0, 5.0], 100)[:, None, None] * np.array([1.0, 3.0])[:, None] * np.linspace(1.0, 2.0, 27)
    gain = size[..., None] * rng.standard_normal((*size.shape, 4))
    gain[:, :, 3] = np.where(np.arange(200)[:, None, None] % 2 == 0, 0.0, gain[:, :, 3])
    found = response.noise(gain)
    assert (found[::2, :, 3] == 0.0).all() and (found[1::2, :, 3] > 0.0).all()
    relative = found[1::2] / (size[1::2] / 2.0)
    assert np.sqrt((relative**2).mean(axis=0)) == pytest.approx(np.ones((2, 27)), rel=0.1)
    alone = np.sqrt(gain[1::2].var(axis=-1, ddof=1)) / size[1::2]
    assert relative.std() < 0.6 * alone.std()


# -- objective -------------------------------------------------------------------------------------------------------------
def test_years_are_weighted_by_the_discount_rate():
    found = objective.weights(range(2024, 2028), 2025, 0.03)
    assert found.sum() == pytest.approx(1.0) and found[0] == 0.0
    assert found[1] / found[2] == pytest.approx(1.03) == found[2] / found[3]
    assert objective.weights((2025, 2026), 2025, 0.0).tolist() == [0.5, 0.5]


def settings(*overrides):
    config, asked, _ = compose.optimisation(["levers=[fast_recognition]", "member_states=[LU,MT]", "run.end_year=2025", *overrides])
    return config, asked


@pytest.fixture(scope="module")
def baseline_run():
    return simulate(inputs_for(states=("LU", "MT"), end_year=2025), 1)


def changed(result, **amounts):
    """The result with person-quarters of measures added for one cell of the non-EU-born of the first Member State, all years."""
    counts = result.counts.copy()
    for name, amount in amounts.items():
        counts[:, 0, codes.NON_EU_BORN, 0, codes.HIGH, codes.MEASURE[name]] += amount
    return replace(result, counts=counts)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("employment", {"employed_20_64": 8000}, 2.0),
        ("overqualification", {"overqualified_20_64": -4000}, 1.0),
        ("net_contribution", {"income_tax": 300_000_000}, 3.0),
        ("net_contribution", {"pension": 300_000_000}, -3.0),
        ("net_contribution", {"language_courses": 300_000_000}, 0.0),  # costs of measures are no part of the gain
    ],
)
def test_gain_of_a_known_change(baseline_run, name, change, expected):
    """Thousand persons or EUR million a year in the Member State where the change is, nothing elsewhere."""
    config, asked = settings(f"objective={name}")
    found = objective.gain(changed(baseline_run, **change), baseline_run, config, asked, {2019: 1.0})
    assert found == pytest.approx([expected, 0.0])


def test_graduates_who_find_work_are_no_overqualification(baseline_run):
    """As many graduates more as leave the rate what it was count neither way."""
    config, asked = settings("objective=overqualification")
    counts = baseline_run.counts.copy()
    rows = [codes.MEASURE[name] for name in ("tertiary_employed_20_64", "overqualified_20_64")]
    counts[..., rows] *= 2
    found = objective.gain(replace(baseline_run, counts=counts), baseline_run, config, asked, {2019: 1.0})
    assert found == pytest.approx([0.0, 0.0], abs=1e-9)


def test_graduates_upgraded_are_those_of_compare(baseline_run):
    """More women at work, who are overqualified more often: optimise and compare count the same persons upgraded, by sex."""
    counts = baseline_run.counts.copy()
    rows = [codes.MEASURE[name] for name in ("tertiary_employed_20_64", "overqualified_20_64")]
    counts[:, :, :, 0, :, rows[0]] += 4000
    counts[:, :, :, 0, :, rows[1]] += 1000
    config, asked = settings("objective=overqualification")
    after = replace(baseline_run, counts=counts)
    weight = objective.weights(baseline_run.years, asked.first_year, asked.discount_rate)
    wanted = weight @ jobs.jobs(baseline_run, after)[jobs.ITEM["upgraded"]][:, 1:] / objective.THOUSAND
    assert objective.gain(after, baseline_run, config, asked, {2019: 1.0}) == pytest.approx(wanted) and (wanted != 0.0).all()


# -- the mix ---------------------------------------------------------------------------------------------------------------
STATES = ("LU", "MT")


def run_mix(multiples, policies=("fast_recognition", "childcare_with_courses")):
    config = compose.job("run", ["member_states=[LU,MT]", "run.end_year=2026", "population=small"])
    chosen = [compose.job("run", [f"policy={name}"]).policy for name in policies]
    policy = mix.combined("mix", chosen, np.array(multiples), STATES)
    return simulate(load_inputs(replace(config, policy=policy)), 1), policy


def test_a_mix_is_its_measures_member_state_by_member_state():
    """No strength anywhere: the bytes of the baseline. A measure in one Member State: there those of the measure everywhere."""
    nothing, policy = run_mix([[0.0, 0.0], [0.0, 0.0]])
    assert policy.levers == ()
    config = compose.job("run", ["member_states=[LU,MT]", "run.end_year=2026", "population=small"])
    inputs = load_inputs(config)
    baseline = simulate(inputs, 1)
    assert differences(nothing, baseline) == []
    everywhere, policy = run_mix([[0.5, 0.5], [0.0, 0.0]])
    alone = simulate(replace(inputs, levers=tuple(model_lever(item) for item in policy.levers)), 1)
    assert differences(alone, everywhere) == []  # inputs of a policy are those of the baseline with its levers
    one_place, policy = run_mix([[0.0, 0.5], [0.0, 0.0]])
    assert [(lever.member_states, lever.strength) for lever in policy.levers] == [(("MT",), 0.25)]
    assert one_place.counts[:, 0].tobytes() == baseline.counts[:, 0].tobytes()
    assert one_place.counts[:, 1].tobytes() == everywhere.counts[:, 1].tobytes() != baseline.counts[:, 1].tobytes()


def test_levers_of_a_mix():
    """Member States at the same strength share a lever; a policy limited to some stays there."""
    fast, bridging = (compose.job("run", [f"policy={name}"]).policy for name in ("fast_recognition", "bridging_courses"))
    limited = replace(bridging, name="limited", levers=(replace(bridging.levers[0], member_states=("MT",)),))
    policy = mix.combined("mix", [fast, limited], np.array([[0.5, 0.5, 1.0], [1.0, 1.0, 1.0]]), ("DE", "FR", "MT"))
    assert [(lever.label, lever.strength, lever.member_states) for lever in policy.levers] == [
        ("fast_recognition_1", 0.25, ("DE", "FR")), ("fast_recognition_2", 0.5, ("MT",)), ("limited", 1.0, ("MT",)),
    ]  # fmt: skip


# -- the command -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budget=0", "budget=0.0: allowed is more than 0"),
        ("budget=-5", "budget=-5.0: allowed is more than 0"),
        ("budget=much", "budget=much: allowed is a number"),
        ("levers=[none]", "levers=none: allowed is action_plan_budget_neutral, action_plan_mix, activation"),
        ("levers=[more_arrivals]", "levers=more_arrivals: allowed is policies of one lever"),
        ("levers=[]", "levers=[]: allowed is all, or a list"),
        ("levers=[fast_recognition,fast_recognition]", "levers=[fast_recognition,fast_recognition]: allowed is all, or"),
        ("objective=luck", "objective=luck: allowed is net_contribution, employment, overqualification"),
        ("counted=men", "counted=men: allowed is non_eu_born, everybody"),
        ("strengths=[1,0.5]", "strengths=[1.0,0.5]: allowed is multiples"),
        ("strengths=[0,1]", "strengths=0.0: allowed is more than 0"),
        ("strengths=[1,2]", "policy.levers.faster_recognition.strength=1.0: allowed is 0 to 0.95"),
        ("frontier=[-1]", "frontier=-1.0: allowed is more than 0"),
        ("verification_seeds=[4,5]", "verification_seeds=[4]: allowed is seeds that are not among"),
        ("verification_seeds=[5]", "verification_seeds=[5]: allowed is two or more"),
        ("seeds=1", "seeds=[1]: allowed is two or more"),
        ("first_year=2040", "first_year=2040: allowed is 2017 to 2035"),
        ("run.end_year=2020", "first_year=2025: allowed is 2020 (run.end_year) or earlier"),
        ("discount_rate=3", "discount_rate=3.0: allowed is 0 to 0.2"),
        ("budget_per_member_state={XX:1}", "budget_per_member_state=XX: allowed is AT"),
        ("budget_per_member_state={DE:0}", "budget_per_member_state.DE=0.0: allowed is more than 0"),
        ("accounting.programme_costs=true", "accounting.programme_costs=true: allowed is false"),
        ("policy=fast_recognition", "policy=fast_recognition: allowed is baseline"),
    ],
)
def test_bad_settings(override, message):
    with pytest.raises(InputError) as caught:
        compose.optimisation(["levers=[fast_recognition]", override])
    assert str(caught.value).startswith(message)


def test_measures_beyond_the_figure_are_told_from_those_in_it():
    """Mixes reach 2 + 0.5 of cost and 4 of gain, down to 1 - 3; a measure may lie 15 % beyond. Nothing bought: all are shown."""
    points = pd.DataFrame(
        {"predicted_cost": [0.0, 2.0], "predicted_gain": [0.0, 4.0], "cost": [np.nan, 2.0], "gain": [np.nan, 1.0]}, dtype=float
    )
    half = {"cost": pd.Series([0.5], index=[1]), "gain": pd.Series([3.0], index=[1])}
    alone = pd.DataFrame({"cost": [2.8, 2.9, 1.0, 1.0, 1.0], "gain": [4.5, 4.5, 4.7, -2.2, -2.4]})
    assert optimum.beside(alone, points, half).tolist() == [True, False, False, True, False]
    assert optimum.beside(alone, points * 0.0, half).all()


@pytest.mark.parametrize(("value", "written"), [(1.25, "1.25"), (2.5, "2.5"), (1000.0, "1 000"), (1e7, "10 000 000"), (0.001, "0.001")])
def test_budgets_are_written_as_they_were_set(value, written):
    assert text.plain(value) == written


def test_own_settings_belong_to_this_command():
    with pytest.raises(InputError, match=r"^budget=5: unknown key"):
        compose.job("run", ["budget=5"])


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A real process: two measures in two small Member States, with intervals."""
    folder = tmp_path_factory.mktemp("optimise")
    settings = (
        "member_states=[LU,MT]", "population=small", "population.minimum_agents=100", "run.end_year=2026",
        "seeds=2", "verification_seeds=[11,12]", "budget=1",
        "levers=[language_upon_arrival,childcare_with_courses]", "strengths=[1]", "frontier=[]", "draws=8",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "scenarios.cli", "optimise", *settings],
        cwd=folder, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (place,) = (folder / "outputs").iterdir()
    return place, done.stdout


def test_tables_agree(result):
    """What allocation.csv, member_states.csv, frontier.csv and summary.json say of the chosen mix is the same."""
    place, console = result
    tables = {
        name: pd.read_csv(place / f"{name}.csv") for name in ("allocation", "member_states", "frontier", "responses", "intervals")
    }
    found = json.loads((place / "summary.json").read_text(encoding="utf-8"))["optimise"]
    chosen = tables["frontier"][tables["frontier"]["budget"] == 1.0].dropna().iloc[0]
    total = tables["member_states"].iloc[0]
    assert tables["allocation"]["cost"].sum() == pytest.approx(found["cost"]["predicted"])
    assert found["cost"]["predicted"] <= 1.0 + 1e-6
    for name in ("gain", "cost"):
        fresh = found[name]["mix_on_fresh_seeds"]["mean"]
        assert [chosen[name], total[name]] == pytest.approx([fresh, fresh])
        assert tables["member_states"][name][1:].sum() == pytest.approx(fresh)
        centre = tables["intervals"].set_index(["place", "outcome"]).loc[("selected", name)]
        assert centre["centre"] == pytest.approx(fresh) and centre["low"] < centre["high"]
    assert total["eu_cost"] + total["national_cost"] == pytest.approx(total["cost"])
    assert set(tables["responses"]["multiple"]) == {1.0}
    assert "Budget 1 EUR million of 2019 per year" in console
    assert "fresh seeds" in console and {path.name for path in (place / "figures").iterdir()} == {"allocation.png", "frontier.png"}


def test_the_written_mix_is_a_policy(result):
    """The file is read back as the policy that was simulated, its levers at the strengths of allocation.csv."""
    place, _ = result
    written = OmegaConf.to_container(OmegaConf.load(place / "policy" / "optimal_mix.yaml"))
    config = compose.job("run", [])
    policy = config_from({**settings_of(config), "policy": written}).policy
    rows = pd.read_csv(place / "allocation.csv")
    bought = {(row.place, round(row.strength, 5)) for row in rows[rows["multiple"] > 0].itertuples()}
    assert bought and {(state, round(lever.strength, 5)) for lever in policy.levers for state in lever.member_states} == bought
