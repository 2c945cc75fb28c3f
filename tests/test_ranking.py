"""Ranking, costs per unit and the grid of Member States: probabilities by counting, ties, what cannot be told apart or divided by."""

import numpy as np
import pytest
from scipy import stats

from model.codes import MEMBER_STATES
from scenarios import draws, fiscal_effect, jobs, policy_table, ranking, returns
from scenarios.figures import policy

NAMES = ("baseline", "a", "b")


def sample(full, drawn):
    """Levels [simulation, scenario] without Monte Carlo error: the draws are used as they are."""
    full, drawn = np.array(full, dtype=float), np.array(drawn, dtype=float)
    return draws.Sample(full, full, drawn, np.repeat(full[:1], 8, axis=0))


def test_probabilities_count_draws_and_ties_share():
    drawn = np.array([[0, 1, 2], [0, 3, 2], [0, 1, 1], [0, -1, -2]], dtype=float)
    assert ranking.probability_best(drawn) == pytest.approx([1 / 4, 1.5 / 4, 1.5 / 4])
    assert ranking.probability_better(drawn[:, 1] - drawn[:, 2]) == pytest.approx(2.5 / 4)


def test_two_that_change_places_cannot_be_told_apart():
    """a beats b in half of forty draws; both always beat doing nothing."""
    drawn = [[50, 51 + 0.5 * (d % 2), 51.25] for d in range(40)]
    levels = sample([[50, 51.2, 51.25]] * 2, drawn)
    rows = ranking.rank(NAMES, levels, True)
    assert [row["policy"] for row in rows] == ["b", "a", "baseline"]
    assert rows[0]["same_as_next"] and not rows[1]["same_as_next"]
    assert rows[0]["probability_beats_next"] == 0.5 and rows[1]["probability_beats_next"] == 1.0
    assert [name for name, *_ in ranking.pairs(NAMES, levels, True)] == ["a"]
    assert ranking.line(rows).split() == "b (best in 50 %) ~ a (best in 50 %) > baseline (best in 0 %)".split()


def test_lower_can_be_better():
    """The same levels, turned round: the reference is best; effects keep their sign."""
    rows = ranking.rank(NAMES, sample([[50, 51, 52]] * 2, [[50, 51, 52]] * 8), False)
    assert [(row["policy"], row["effect"]) for row in rows] == [("baseline", 0.0), ("a", 1.0), ("b", 2.0)]
    assert rows[0]["probability_best"] == 1.0


def test_without_draws_nothing_is_claimed_of_a_single_seed():
    rows = ranking.rank(NAMES, draws.Sample(np.array([[50.0, 51.0, 52.0]])), True)
    assert [row["policy"] for row in rows] == ["b", "a", "baseline"]
    assert all(row["probability_best"] is None and row["same_as_next"] is None for row in rows)


def test_the_same_is_no_order():
    """Equal in every draw and seed, and equal with one seed: neither is better."""
    levels = sample([[50, 51, 51]] * 2, [[50, 51, 51]] * 8)
    expected = "a (best in 50 %) = b (best in 50 %) > baseline (best in 0 %)"
    assert ranking.line(ranking.rank(NAMES, levels, True)) == expected
    assert ranking.line(ranking.rank(NAMES, draws.Sample(np.array([[50.0, 51.0, 51.0]])), True)) == "a = b > baseline"


def test_without_draws_the_monte_carlo_interval_tells_apart():
    """Two seeds: 1.0 and 1.2 against 1.0 and 1.0 differ by 0.1 with an error of 0.1; both are 50 above the reference."""
    rows = ranking.rank(NAMES, draws.Sample(np.array([[0.0, 51.0, 51.0], [0.0, 51.2, 51.0]])), True)
    assert ranking.line(rows) == "a ~ b > baseline"
    assert [row["same_as_next"] for row in rows] == [True, False, None]


def test_every_member_state_has_a_tile_of_its_own():
    assert set(policy.TILES) == set(MEMBER_STATES) and len(set(policy.TILES.values())) == len(MEMBER_STATES)
    assert all(column < policy.COLUMNS and row < policy.ROWS for column, row in policy.TILES.values())


def test_a_tile_is_marked_where_its_interval_holds_zero():
    """Whatever the Monte Carlo error: an effect that draws leave open is marked, one that they do not is not, and no effect is."""
    labels = [policy.effect_label(*ends) for ends in ((0.5, -0.1, 1.4), (0.5, 0.1, 1.4), (-0.5, -1.4, -0.1), (0.0, 0.0, 0.0))]
    assert labels == ["+0.50~", "+0.50", "-0.50", "+0.00~"]


def test_an_interval_that_noise_hides_is_the_monte_carlo_interval():
    """Seeds that differ more than draws say nothing of parameters: what is left is the error of the place of the interval, the mean of
    39 draws moved on two seeds, or that of the centre where it is larger; probabilities are of the draws as they are. A quantity
    beside it without noise keeps its own."""
    full = np.array([[0.0, 5.0], [4.0, 5.0]])
    drawn = np.stack([np.linspace(-1.0, 1.0, 39), np.linspace(1.0, 39.0, 39)], axis=1)
    found = draws.Sample(full + [0.5, 0.0], full, drawn, drawn[:8])
    low, high, noise = found.whole_interval()
    half = stats.t.ppf(0.95, 1) * np.sqrt(8.0 / 2)  # of the centre: the move is the same on both seeds
    assert (low[0], high[0]) == pytest.approx((0.5 - half, 0.5 + half)) and (low[1], high[1]) == (2.0, 38.0)
    assert noise.tolist() == [1.0, 0.0] and found.noise_of_draws().tolist() == [1.0, 0.0]
    assert found.moved() == pytest.approx(drawn + [0.5, 0.0])
    assert returns.told_from_zero(found).tolist() == [0, 1]


@pytest.mark.parametrize(("centre", "ends"), [(5.0, (2.0, 38.0)), (0.5, (0.5, 38.0)), (50.0, (2.0, 50.0))])
def test_an_interval_holds_its_own_value(centre, ends):
    """39 draws from 1 to 39 without Monte Carlo error: their percentiles, or as far as the centre where that lies outside of them;
    what lies at zero or below at the centre is not told from zero whatever the draws say."""
    full, drawn = np.full((2, 1), centre), np.linspace(1.0, 39.0, 39)[:, None]
    found = draws.Sample(full, full, drawn, drawn[:8])
    assert [float(end[0]) for end in found.whole_interval()[:2]] == pytest.approx(ends)
    assert found.draws_median().tolist() == [20.0] and np.isnan(draws.Sample(full).draws_median()).all()
    assert returns.told_from_zero(found).tolist() == [1]
    below = np.full((2, 1), -0.5)
    assert returns.told_from_zero(draws.Sample(below, below, drawn, drawn[:8])).tolist() == [0]


def test_without_draws_the_interval_is_that_of_the_seeds():
    """Mean and Student's quantile; exactly nothing where seeds agree; unknown with one seed."""
    low, high, noise = draws.Sample(np.array([[1.0, 2.0], [2.0, 2.0], [6.0, 2.0]])).whole_interval()
    half = stats.t.ppf(0.95, 2) * np.sqrt(7.0 / 3)
    assert (low[0], high[0]) == pytest.approx((3.0 - half, 3.0 + half))
    assert (low[1], high[1]) == (2.0, 2.0) and noise.tolist() == [1.0, 0.0]
    assert np.isnan(draws.Sample(np.array([[1.0]])).whole_interval()).all()


@pytest.mark.parametrize("parameters", [0.0, 0.5, 1.0, 3.0])
def test_intervals_hold_what_they_promise_whatever_the_noise(parameters):
    """4 000 constructed comparisons of four seeds and twenty draws whose coarse runs have five times the variance of fine ones: the
    expected effect in a further draw of the parameters is inside in 90 % at least (found: 0.98, 0.97, 0.93 and 0.91), where the
    interval of parameters alone holds it in 0.52, 0.59, 0.72 and 0.89. At 0.90 the standard error is 0.005; below 0.88 the error
    rate is below 1e-4."""
    g = np.random.default_rng(round(10 * parameters))
    number = 4000
    drawn = parameters * g.normal(size=(20, number)) + g.normal(size=(20, number))
    sample = draws.Sample(np.sqrt(0.2) * g.normal(size=(4, number)), g.normal(size=(4, number)), drawn)
    true = parameters * g.normal(size=number)
    low, high, _ = sample.whole_interval()
    inside = ((low <= true) & (true <= high)).mean()
    assert inside > 0.88
    alone = sample.interval()
    assert ((alone[0] <= true) & (true <= alone[1])).mean() < inside
    assert (high - low >= 2.0 * stats.t.ppf(0.95, 3) * sample.monte_carlo_se - 1e-9).all()


# -- returns ----------------------------------------------------------------------------------------------------------

YEARS = (2025, 2026)


def made(cost, gross, added, lost, upgraded, spread=0.0):
    """Samples of one policy over two years and one place: yearly money in millions, persons; four seeds around the mean."""
    money = np.zeros((len(fiscal_effect.ITEMS), 2, 1))
    money[fiscal_effect.ITEM["cost"], :, 0] = cost
    money[fiscal_effect.ITEM["gross"], :, 0] = gross
    money[fiscal_effect.ITEM["net"]] = money[fiscal_effect.ITEM["gross"]] - money[fiscal_effect.ITEM["cost"]]
    persons = np.zeros((len(jobs.ITEMS), 2, 1))
    for name, value in (("added", added), ("lost_by_others", lost), ("net", added - lost), ("upgraded", upgraded)):
        persons[jobs.ITEM[name], :, 0] = value
    around = spread * np.array([-1.0, 1.0, -1.0, 1.0])[:, None, None, None]
    return draws.Sample(np.stack([money] * 4)), draws.Sample(persons + around)


def values_of(table):
    return table.set_index("measure")["value"].to_dict(), table.set_index("measure")["note"].to_dict()


def test_costs_per_unit_by_hand():
    """Twelve million in two years for 300 jobs, 60 of others lost, 30 upgraded each year; 2 then 14 million gained."""
    money, persons = made((10, 2), (2, 14), 300, 60, 30)
    table = returns.table("mix", money, persons, ["MT"], YEARS, 2019)
    value, note = values_of(table)
    assert value["cost_per_job_year_added"] == pytest.approx(12e6 / 600)
    assert value["cost_per_job_year_net"] == pytest.approx(12e6 / 480)
    assert value["cost_per_upgraded_year"] == pytest.approx(12e6 / 60)
    assert value["others_lost_per_job_added"] == pytest.approx(0.2)
    assert value["cumulated_net"] == 4.0 and value["present_value_0"] == 4.0
    assert value["present_value_4"] == pytest.approx(-8 + 12 / 1.04)
    assert value["payback"] == pytest.approx(2026 + 8 / 12) and note["payback"] == "2026Q3"
    errors = table.set_index("measure")["monte_carlo_se"]
    assert errors["cumulated_net"] == 0.0 and errors["cost_per_job_year_added"] == 0.0


@pytest.mark.parametrize(
    ("added", "spread", "note"),
    [(10.0, 20.0, returns.NOT_TOLD), (-300.0, 1.0, returns.NEGATIVE), (0.0, 0.0, returns.NONE)],
)
def test_no_cost_per_job_where_there_is_no_job(added, spread, note):
    """Jobs that cannot be told from none, jobs lost, and none at all: a reason in place of a number."""
    money, persons = made((10, 2), (2, 14), added, 0, added, spread)
    value, said = values_of(returns.table("mix", money, persons, ["MT"], YEARS, 2019))
    assert value["cost_per_job_year_added"] is None or np.isnan(value["cost_per_job_year_added"])
    assert said["cost_per_job_year_added"] == note


def test_intervals_of_returns_are_those_of_their_draws():
    """39 draws of cost without Monte Carlo error: the second and the second to last, through every function of them."""
    money, persons = made((10, 2), (2, 14), 300, 60, 30)
    factor = np.random.default_rng(1).permutation(np.arange(1.0, 40.0) / 20.0)
    net, cost, gross = (fiscal_effect.ITEM[name] for name in ("net", "cost", "gross"))
    drawn = np.stack([money.full[0]] * 39)
    drawn[:, cost] *= factor[:, None, None]
    drawn[:, net] = drawn[:, gross] - drawn[:, cost]
    still = np.stack([persons.full[0]] * 39)
    table = returns.table(
        "mix", draws.Sample(money.full, money.full, drawn, drawn[:8]), draws.Sample(persons.full, persons.full, still, still[:8]),
        ["MT"], YEARS, 2019,
    ).set_index("measure")  # fmt: skip
    assert table.loc["cumulated_cost", ["low", "high"]].tolist() == pytest.approx([12 * 2 / 20, 12 * 38 / 20])
    assert table.loc["cost_per_job_year_added", ["low", "high"]].tolist() == pytest.approx([2e3, 38e3])
    assert table.loc[["cumulated_cost", "cost_per_job_year_added"], "draws_median"].tolist() == pytest.approx([12.0, 20e3])
    assert table.loc["cumulated_net", ["low", "high"]].tolist() == pytest.approx([16 - 22.8, 16 - 1.2])
    assert table.loc["payback", "note"] == "2026Q3 [from the start to not by 2026]"
    assert table.loc["payback", "high"] is None or np.isnan(table.loc["payback", "high"])


def drawn_sample(centre, factor):
    """A sample without Monte Carlo error, multiplied by a factor in each draw."""
    full, drawn = np.stack([centre] * 2), np.stack([centre * one for one in factor])
    return draws.Sample(full, full, drawn, drawn[:8])


@pytest.mark.parametrize(
    ("fewest", "high", "said"),
    [(0.2, 20e3 / 0.2, ""), (0.11, 20e3 / 0.11, ""), (0.09, None, returns.OPEN), (-0.1, None, returns.NOT_TOLD)],
)
def test_an_upper_end_beyond_ten_times_the_cost_per_job_is_open(fewest, high, said):
    """39 draws of the jobs, in three the fewest: the end is what a job costs then, open beyond ten times the value, and without jobs
    there is no number. Of others lost per job, which may have either sign, there is none from ten times on."""
    money, persons = (one.full[0] for one in made((10, 2), (2, 14), 300, 60, 30))
    factor = np.where(np.arange(39) < 3, fewest, 1.0)
    table = returns.table("mix", drawn_sample(money, np.ones(39)), drawn_sample(persons, factor), ["MT"], YEARS, 2019)
    row = table.set_index("measure").loc["cost_per_job_year_added"]
    assert row["note"] == said and (row["high"] == pytest.approx(high) if high else np.isnan(row["high"]))
    assert np.isnan(row["value"]) == (said == returns.NOT_TOLD)
    if said != returns.NOT_TOLD:
        assert row["value"] == pytest.approx(20e3) and row["low"] == pytest.approx(20e3) and row["draws_median"] == pytest.approx(20e3)
    others = table.set_index("measure").loc["others_lost_per_job_added"]
    assert others["note"] == ("" if fewest > 0.1 else returns.NOT_TOLD) and np.isnan(others["value"]) == (fewest < 0.1)
    end = "open" if high is None else f"{high:,.0f}".replace(",", " ")
    console = policy_table.shown({name: None if value != value else value for name, value in row.items()})
    assert console == (said if said == returns.NOT_TOLD else f"20 000 [20 000 to {end}]")


def test_no_share_of_a_gain_that_may_be_nothing():
    """Gains of four Member States over 39 draws: always the same, nothing in one draw, a twentieth in three, and below zero: only of
    the first is there a share, of the others the reason. The effect is 4 of 50 in every draw."""
    money = np.zeros((len(fiscal_effect.ITEMS), 4))
    money[fiscal_effect.ITEM["gross_non_eu_born"]], money[fiscal_effect.ITEM["net"]] = 4.0, -1.0
    gain = np.array([[50.0, 50.0, 50.0, -50.0]])
    factor = np.ones((39, 1, 4))
    factor[0, 0, 1], factor[:3, 0, 2] = 0.0, 0.05
    rows = returns.shares(drawn_sample(money, np.ones(39)), drawn_sample(gain, factor), ["full"], ["AT", "HR", "SK", "PT"], "mix")
    found = {(row["place"], row["effect"]): row for row in rows}
    for effect, share in (("gross", 8.0), ("net", -2.0)):
        assert [found["AT", effect][name] for name in ("share", "low", "high", "note")] == [share, share, share, ""]
        for place, note in (("HR", returns.NOT_TOLD), ("SK", returns.NOT_TOLD), ("PT", returns.NEGATIVE)):
            row = found[place, effect]
            assert row["note"] == note and all(row[name] is None for name in ("share", *returns.NUMBERS))
    assert {row["unit"] for row in rows} == {returns.UNIT_OF_SHARE}


def test_the_median_of_the_draws_stands_beside_the_centre_where_asked():
    """As in the table of the README; nothing is added without draws."""
    row = {"value": 44.2, "low": 41.0, "high": 69.3, "monte_carlo_se": 0.1, "noise_share": 0.1, "draws_median": 52.0}
    assert policy_table.shown(row, digits=1, median=True) == "44.2, median of draws 52.0 [41.0 to 69.3]"
    assert policy_table.shown(row, digits=1) == "44.2 [41.0 to 69.3]"
    assert policy_table.shown(row | {"draws_median": None}, digits=1, median=True) == "44.2 [41.0 to 69.3]"


def test_no_share_is_a_sentence_with_the_reason():
    """Where the gain at parity is not told from zero there is no percentage of it."""
    row = {"policy": "mix", "variant": "full", "share": None, "note": returns.NOT_TOLD}
    content = {
        "first_year": 2025, "last_year": 2035, "policies": ["mix"], "returns": [], "effects": [],
        "share_of_parity": [{**row, "effect": effect} for effect in ("gross", "net")],
        "parity_gain_per_head": {"full": {"mean": 10.0, "low": -1.0, "high": 21.0}},
    }  # fmt: skip
    lines = policy_table.shares(policy_table.Found(content))
    assert lines == ["mix against parity (full) in 2035: no share, effect not told from zero.", ""]
