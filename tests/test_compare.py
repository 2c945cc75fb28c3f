"""`integra compare` end to end in a real process: tables that agree with one another, and a policy compared with itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scenarios import effects, policy_table, returns, scoreboard, text

ROOT = Path(__file__).resolve().parents[1]
STATES = ("EE", "MT")
MIX = "fair_hiring"
SETTINGS = [
    "compare", f"policies=[{MIX},baseline]", "population=small", f"member_states=[{','.join(STATES)}]", "run.end_year=2026",
    "seeds=2", "draws=8", "mix.seeds=2", "parity.start_year=2021", "parity.end_year=2025",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(folder, console) of one small comparison of a mix of three levers, and of the baseline with itself."""
    place = tmp_path_factory.mktemp("compare")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scenarios.cli", *SETTINGS],
        cwd=place, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = (place / "outputs").iterdir()
    return folder, done.stdout


def read(made, name):
    return pd.read_parquet(made[0] / f"{name}.parquet")


def test_a_policy_compared_with_itself_does_nothing(made):
    """Every effect, cost and return of the baseline against the baseline is exactly zero, in every draw."""
    for name, columns in (
        ("effects", ["effect", "low", "high"]), ("budgets", ["value", "low", "high"]), ("winners", ["effect", "low", "high"])
    ):  # fmt: skip
        table = read(made, name)
        mine = table[table["policy"] == "baseline_again"]
        assert len(mine) and not mine[columns].to_numpy().any(), name
    returned = read(made, "returns")
    mine = returned[returned["policy"] == "baseline_again"]
    assert not np.nan_to_num(mine[["value", "low", "high"]].to_numpy(dtype=float)).any()
    assert set(mine["note"]) == {"", "no effect", "no effect [no effect to no effect]"}  # costs per job, payback


def test_who_pays_adds_up(made):
    """National and EU money are the cost, direct and programme cost are the cost, gross less cost is net; Member States add up."""
    table = read(made, "budgets").set_index(["policy", "item", "place", "year"])["value"].unstack("item")
    assert table["cost"].abs().max() > 0.1
    for whole, parts in {
        "cost": ("national_cost", "eu_cost"), "gross": ("gross_non_eu_born", "gross_others"),
    }.items():  # fmt: skip
        assert table[whole].to_numpy() == pytest.approx(table[list(parts)].sum(axis=1).to_numpy(), abs=1e-9)
    assert table["cost"].to_numpy() == pytest.approx((table["direct_cost"] + table["programme_cost"]).to_numpy(), abs=1e-9)
    assert table["net"].to_numpy() == pytest.approx((table["gross"] - table["cost"]).to_numpy(), abs=1e-9)
    by_place = read(made, "budgets").pivot_table("value", ["policy", "item", "year"], "place")
    assert by_place["selected"].to_numpy() == pytest.approx(by_place[list(STATES)].sum(axis=1).to_numpy(), abs=1e-9)
    before = table.loc[(MIX, "selected")]
    assert not before[before.index < 2025].to_numpy().any()


def test_effects_and_budgets_say_the_same(made):
    """The effect on contributions per head times heads is the gross effect, and costs are what lies between before and after; within
    2 %, because heads differ by seed."""
    rows = read(made, "effects")
    rows = rows[(rows["policy"] == MIX) & (rows["origin"] == "non_eu_born") & (rows["year"] == 2026)]
    effect = rows.set_index(["measure", "place"])["effect"]
    money = read(made, "budgets")
    money = money[(money["policy"] == MIX) & (money["year"] == 2026)].set_index(["item", "place"])
    for place in STATES:  # heads are those of the baseline: no flows change
        heads = money.loc[("cost", place), "value"] / money.loc[("cost", place), "per_head"]
        assert effect["net_contribution", place] * heads == pytest.approx(money.loc[("gross_non_eu_born", place), "value"], rel=0.02)
        costs = effect["net_contribution", place] - effect["net_contribution_after_costs", place]
        assert costs * heads == pytest.approx(money.loc[("cost", place), "value"], rel=0.02)
    assert rows["monte_carlo_se"].notna().all()
    assert set(rows["measure"]) == set(effects.MEASURES)


def test_every_number_has_an_interval(made):
    """No value without both ends, none narrower than its Monte Carlo error allows, and a share of noise from 0 to 1. Open ends, where a
    few draws have nobody to divide by or do not pay back, are the exception that a note or the unit says."""
    half = stats.t.ppf(0.95, 1)  # two seeds
    tables = {"effects": "effect", "budgets": "value", "winners": "effect", "returns": "value", "ranking": "effect"}
    for name, value in tables.items():
        rows = read(made, name).dropna(subset=[value])
        ratios = rows["measure"].isin([*returns.UNIT_COSTS, "payback", "others_lost_per_job_added"]) if name == "returns" else False
        rows = rows[~pd.Series(ratios, index=rows.index)]
        assert len(rows) and rows[["low", "high", "noise_share"]].notna().all(axis=None), name
        assert rows["noise_share"].between(0.0, 1.0).all() and (rows["low"] <= rows["high"]).all(), name
        narrow = rows["high"] - rows["low"] - 2.0 * half * rows["monte_carlo_se"]
        assert (narrow > -1e-6 * (1.0 + rows[value].abs())).all(), name
    board = read(made, "scoreboard")
    board = board[board["scenario"] != ""].dropna(subset=["non_eu_born"])
    assert board[["low", "high", "noise_share"]].notna().all(axis=None)
    known = board[board["native"].notna()]
    assert known[["native_low", "native_high"]].notna().all(axis=None)
    assert board[board["effect"].notna()][["effect_low", "effect_high"]].notna().all(axis=None)
    parts = read(made, "measures")
    assert parts[["part", "low", "high", "noise_share"]].notna().all(axis=None) and (parts["low"] <= parts["high"]).all()
    parts = parts[parts["measure"] != "all"]
    assert ((parts["alone_low"] <= parts["alone"]) & (parts["last"] <= parts["last_high"])).all()
    error = stats.t.ppf(0.95, 2) * parts["monte_carlo_se"]  # two seeds, three measures: noise is pooled, never below its own
    assert (parts["low"] <= parts["part"] - error + 1e-9).all() and (parts["high"] >= parts["part"] + error - 1e-9).all()
    budget = read(made, "budgets")
    assert (budget["per_head_low"] <= budget["per_head_high"]).all()


VALUES = {  # of every table, the column that `low` and `high` are the interval of
    "effects": "effect", "budgets": "value", "returns": "value", "winners": "effect", "scoreboard": "non_eu_born", "measures": "part",
    "ranking": "effect", "share_of_parity": "share",
}  # fmt: skip


def numbers(table):
    """Columns of numbers; a column of notes without any note is read as numbers, too."""
    return [name for name in table.select_dtypes("number").columns if name not in ("prior_share", "note")]


@pytest.mark.parametrize("name", VALUES)
def test_every_interval_holds_its_value(made, name):
    """In every table, in every row and for every value with an interval, its own among them: low <= value <= high."""
    table = pd.read_csv(made[0] / f"{name}.csv")
    intervals = {column.removesuffix("low").removesuffix("_"): column for column in table if column.endswith("low")}
    assert "" in intervals
    for value, low in intervals.items():
        rows = table[[value or VALUES[name], low, low.removesuffix("low") + "high"]].replace([np.inf, -np.inf], np.nan).dropna()
        assert len(rows), value
        middle, bottom, top = rows.to_numpy().T
        assert (bottom <= middle).all() and (middle <= top).all(), (value, rows[(bottom > middle) | (middle > top)])


@pytest.mark.parametrize("name", VALUES)
def test_every_number_has_a_unit_and_every_blank_a_reason(made, name):
    """A unit in every row but those of indicators not produced; a number is left out only where a note says why, and of a whole mix,
    which is no measure alone nor the last. (prior_share is blank where parameters explain nothing.)"""
    table = pd.read_csv(made[0] / f"{name}.csv")
    blank = table[numbers(table)].isna().any(axis=1)
    if name == "measures":
        blank &= table["measure"] != "all"
    if "note" in table:
        blank &= table["note"].isna()
        assert all(str(note).startswith("not produced: ") for note in table.loc[table["unit"].isna(), "note"])
    else:
        assert table["unit"].notna().all()
    assert not blank.any(), table[blank]


def test_winners_add_up_to_the_effect(made):
    """Groups of the non-EU-born add up to the effect on all of them."""
    groups = read(made, "winners")
    groups = groups[(groups["policy"] == MIX) & (groups["origin"] == "non_eu_born") & (groups["year"] == 2026)]
    money = read(made, "budgets")
    wanted = money[
        (money["policy"] == MIX) & (money["item"] == "gross_non_eu_born") & (money["place"] == "selected") & (money["year"] == 2026)
    ]
    assert groups.loc[groups["measure"] == "net_contribution_total", "effect"].sum() == pytest.approx(wanted["value"].iloc[0], rel=1e-9)


def test_parts_of_a_mix_add_up(made):
    """Shapley values of the three levers are the whole; the scale is that of the centre here, so the whole is its net effect."""
    table = read(made, "measures")
    assert set(table["measure"]) == {"anti_discrimination", "mentoring", "entrepreneurs", "all"} and set(table["policy"]) == {MIX}
    whole = table[table["measure"] == "all"].set_index(["outcome", "place"])["part"]
    parts = table[table["measure"] != "all"].groupby(["outcome", "place"])["part"].sum()
    assert parts[whole.index].to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-9)
    returned = read(made, "returns")
    net = returned[(returned["policy"] == MIX) & (returned["measure"] == "cumulated_net")].set_index("place")["value"]
    for place in ("selected", *STATES):
        assert whole["cumulated_net", place] == pytest.approx(net[place], rel=1e-6)


def test_summary_and_console_say_what_is_asked(made):
    """Parity gain with interval and shares of it, rankings with probabilities that add up, a table for the README."""
    folder, console = made
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert found["draws"] == 8 and list(found["parity_gain_per_head"]) == ["employment", "full"]
    gain = found["parity_gain_per_head"]["full"]
    assert 0 < gain["low"] < gain["high"]
    shares = {(row["variant"], row["effect"]): row["share"] for row in found["share_of_parity"] if row["policy"] == MIX}
    money = read(made, "budgets").set_index(["policy", "item", "place", "year"])["value"]
    of_full = shares["full", "net"] / shares["full", "gross"]
    wanted = money[MIX, "net", "selected", 2026] / money[MIX, "gross_non_eu_born", "selected", 2026]
    assert of_full == pytest.approx(wanted, rel=1e-6)
    for rows in found["rankings"].values():
        assert sum(row["probability_best"] for row in rows) == pytest.approx(1.0)
    assert f"per head that parity (full) would give in 2026, {MIX} delivers" in console
    assert "From best to worst" in console and str(folder.name) in console
    lines = text.filled("before <!-- policy:begin -->x<!-- policy:end --> after", policy=policy_table.block(found)).splitlines()
    assert lines[0].startswith("before") and lines[-1].endswith("after")
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + len(found["policies"]) + 2 + 4  # the mix: three measures, and all together
    assert "fair hiring by measure" in lines[-7] and all(row.count("[") == 3 for row in rows[-4:])


def test_scoreboard_names_what_is_not_produced(made):
    """Every indicator of the list once per place and scenario, or once with the reason why not."""
    table = read(made, "scoreboard")
    for one in scoreboard.INDICATORS:
        rows = table[table["indicator"] == one.name]
        assert len(rows) == (3 * (1 + len(STATES)) if one.measure else 1)
        assert one.measure or rows["note"].iloc[0].startswith("not produced: ")
    assert {path.name for path in (made[0] / "figures").iterdir()} >= {
        "effects.png", "cost_and_gain.png", "member_states.png", f"measures_{MIX}.png"
    }  # fmt: skip
