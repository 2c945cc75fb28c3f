"""Draws of parameters: shifts of figures, the centre, what a draw changes, and damaged files of estimates."""

import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import draw, estimate, tables
from calibration.draw import Draw, Shifts, shifted
from calibration.errors import InputError
from calibration.load_inputs import before_estimates, load_inputs
from calibration.tables import Parameter
from model.codes import MEMBER_STATES
from scenarios.compose import job

ROOT = Path(__file__).resolve().parents[1]
MT = MEMBER_STATES.index("MT")


@pytest.fixture(scope="module")
def config():
    """Settings of a run."""
    return job("run", ["member_states=[MT]", "population=small", "run.end_year=2017", "seeds=1"])


def zeros():
    """No shift: common [rule], state [rule, ms]."""
    return np.zeros(len(draw.rules())), np.zeros((len(draw.rules()), len(MEMBER_STATES)))


def differing(one, other):
    """Names of the inputs in which two differ by a byte or a value."""
    found = []
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if a.tobytes() != b.tobytes() if isinstance(a, np.ndarray) else a != b:
            found.append(field.name)
    return found


def rule(transform, low=-np.inf, high=np.inf):
    """A prior's transform and bounds."""
    return {"transform": transform, "low": low, "high": high}


# -- shifts -----------------------------------------------------------------------------------------------------------


def test_no_shift_leaves_every_input_bit_identical(config):
    """Shifts of zero: the same bytes as without any."""
    plain = before_estimates(config)
    with tables.changed(Shifts(*zeros())):
        same = before_estimates(config)
    assert differing(plain, same) == []


@pytest.mark.parametrize(
    ("transform", "value", "amount", "expected"),
    [
        ("identity", 3.0, -0.5, 2.5),
        ("log", 3.0, np.log(2.0), 6.0),
        ("log", 0.0, 1.0, 0.0),
        ("logit", 0.5, np.log(3.0), 0.75),
        ("logit", 0.2, -np.log(2.0), 1.0 / 9.0),
    ],
)
def test_shifts_on_each_scale(transform, value, amount, expected):
    """Added, multiplied, or the odds multiplied."""
    assert shifted(np.array([value]), np.array([amount]), rule(transform))[0] == pytest.approx(expected, rel=1e-12)


def test_shifts_are_held_within_bounds():
    """Moved values stop at the bounds; a shipped value beyond a bound is not pulled back, but moves no farther out."""
    values = np.array([0.4, 0.4, 0.9, 0.9])
    moved = shifted(values, np.array([5.0, -5.0, 5.0, 0.0]), rule("identity", 0.1, 0.8))
    assert moved.tolist() == [0.8, 0.1, 0.9, 0.9]


def _rows(k):
    """The rows of the tables that rule k serves."""
    rows = tables.all_tables()
    return rows[draw.rule_of_row() == k]


def _read(name, shifts):
    with tables.changed(shifts):
        return Parameter(name).rows["value"]


def test_a_common_shift_moves_every_row_of_its_rule():
    """Each common rule one standard deviation up: all of its rows move by the stated amount, and no row of another rule."""
    assert len(draw.common_rules()) > 50
    for k in draw.common_rules():
        common, state = zeros()
        common[k] = 1.0
        one = draw.rules()[k]
        after = _read(one["parameter"], Shifts(common, state))
        before = Parameter(one["parameter"]).rows["value"]
        mine = after.index.isin(_rows(k).index)
        assert mine.any()
        assert (after[~mine] == before[~mine]).all(), one
        wanted = shifted(before[mine].to_numpy(), np.full(mine.sum(), one["sd"]), one)
        assert np.array_equal(after[mine].to_numpy(), wanted), one
        movable = before[mine] != 0.0 if one["transform"] == "log" else np.ones(mine.sum(), dtype=bool)
        assert (after[mine] != before[mine])[movable].any(), one


def test_a_shift_of_a_member_state_stays_there():
    """Each rule by Member State: a shift of Malta moves rows of Malta alone, by the stated amount; rows of the EU never."""
    own = [k for k in range(len(draw.rules())) if draw.rules()[k]["scope"] == "state"]
    assert len(own) > 5
    eu = 0
    for k in own:
        common, state = zeros()
        common[k] = 7.0  # belongs to the other scope: ignored
        state[k, MT] = 0.5
        one = draw.rules()[k]
        rows = Parameter(one["parameter"]).rows
        after = _read(one["parameter"], Shifts(common, state))
        mine = rows.index.isin(_rows(k).index) & (rows["geo"] == "MT").to_numpy()
        assert (after[~mine] == rows["value"][~mine]).all(), one
        wanted = shifted(rows["value"][mine].to_numpy(), np.full(mine.sum(), 0.5 * one["sd"]), one)
        assert np.array_equal(after[mine].to_numpy(), wanted), one
        state[k] = 0.5
        moved = _read(one["parameter"], Shifts(common, state)) != rows["value"]
        of_eu = ~rows["geo"].isin(MEMBER_STATES)
        eu += of_eu[rows.index.isin(_rows(k).index)].sum()
        assert not (moved & of_eu).any(), one
    assert eu > 0, "some rules must have rows of the EU"


def test_figures_are_as_shipped_after_the_block():
    """Also when it ends with an error."""
    before = Parameter("stock").rows["value"].to_numpy()
    common, state = zeros()
    state[:] = 1.0
    with pytest.raises(RuntimeError):
        with tables.changed(Shifts(common + 1.0, state)):
            assert (Parameter("stock").rows["value"].to_numpy() != before).any()
            raise RuntimeError
    assert (Parameter("stock").rows["value"].to_numpy() == before).all()


# -- draws ------------------------------------------------------------------------------------------------------------


def test_draw_zero_is_the_centre(config):
    """Estimates and common parameters as shipped, and the inputs of a run without draws."""
    centre = Draw(0)
    assert (centre.logs == estimate.values_of(estimate.read())).all()
    assert (centre.common == draw.common_table()["mean"].to_numpy()).all()
    assert differing(load_inputs(config), load_inputs(config, centre)) == []
    with tables.changed(draw.shifts(centre.common)):
        plain = before_estimates(config)
    assert differing(estimate.apply(plain, centre.logs, config.macro), load_inputs(config)) == []


def test_a_draw_is_the_same_every_time_and_differs_from_others(config):
    """The number of a draw decides every input."""
    first, again, second = (load_inputs(config, Draw(number)) for number in (1, 1, 2))
    assert differing(first, again) == []
    for other in (second, load_inputs(config)):
        found = differing(first, other)
        assert {"cells", "rates", "parameters", "stock", "fiscal", "macro"} <= set(found), found


def test_a_draw_of_the_estimates_changes_only_terms(config):
    """Part `estimated`: common parameters and figures stay at the centre; job finding, hazards and macro conditions move, by
    terms drawn given those."""
    centre, one = Draw(0), Draw(3, "estimated")
    assert (one.common == centre.common).all() and (one.logs != centre.logs).all()
    found = differing(load_inputs(config), load_inputs(config, one))
    assert set(found) <= {"cells", "rates", "macro"} and "rates" in found
    with tables.changed(draw.shifts(centre.common)):
        plain = before_estimates(config)
    assert differing(estimate.apply(plain, one.logs, config.macro), load_inputs(config, one)) == []
    n = centre.logs.size
    assert (one.logs.ravel() == draw.drawn()[2, n : 2 * n]).all()
    assert (Draw(3).logs.ravel() == draw.drawn()[2, :n]).all()
    assert (Draw(3).common == draw.drawn()[2, 2 * n :]).all()


def test_shifts_of_member_states_are_standard_normal_and_independent_between_draws():
    """Over 80 draws of all rules and Member States: mean, variance and correlation of neighbouring draws. Error rate 1e-6
    (bound of five standard errors for each of three)."""
    own = np.array([k for k in range(len(draw.rules())) if draw.rules()[k]["scope"] == "state"])
    common = draw.common_table()["mean"].to_numpy()
    state = np.stack([draw.shifts(common, number).state[own] for number in range(1, 81)])
    n = state.size
    assert abs(state.mean()) * np.sqrt(n) < 5.1
    assert abs((state**2).mean() - 1.0) * np.sqrt(n / 2) < 5.1
    assert abs((state[1:] * state[:-1]).mean()) * np.sqrt(state[1:].size) < 5.1
    assert (draw.shifts(common).state == 0.0).all()


@pytest.mark.parametrize("number", [-1, 10_000])
def test_a_draw_that_does_not_exist_is_refused(number):
    with pytest.raises(InputError) as error:
        Draw(number)
    assert str(number) in str(error.value) and "0 to" in str(error.value)


def test_an_unknown_part_is_refused():
    with pytest.raises(InputError) as error:
        Draw(1, "some")
    assert "part=some" in str(error.value) and "all, estimated" in str(error.value)


def test_draws_survive_their_file(tmp_path):
    """What is written is read again, to single precision, a column per draw."""
    drawn = np.random.default_rng(1).normal(size=(9, len(draw.names())))
    _folder(tmp_path)
    draw.write_drawn(drawn, tmp_path / "draws.parquet")
    tables.use_estimates(str(tmp_path))
    try:
        assert draw.available() == 9
        assert np.allclose(draw.drawn(), drawn, rtol=1e-6)
    finally:
        tables.use_estimates(tables.SHIPPED)


# -- damaged files ----------------------------------------------------------------------------------------------------


def _folder(folder):
    """A copy of the shipped estimates."""
    for name in tables.ESTIMATES:
        shutil.copy(Path(str(tables.estimates_folder())) / name, folder / name)


def _edit(name, change):
    """A damage: the table as read, changed in place or replaced."""

    def damage(folder):
        table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        changed = change(table)
        (table if changed is None else changed).to_csv(folder / name, index=False, lineterminator="\n")

    return damage


def _set(column, text):
    def change(table):
        table.loc[40, column] = text

    return change


def _cut(name, share):
    def damage(folder):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(len(whole) * share)])

    return damage


def _other_draws(change):
    def damage(folder):
        table = pd.read_parquet(folder / "draws.parquet")
        change(table).to_parquet(folder / "draws.parquet", index=False)

    return damage


# What is damaged, how, and what the message names.
DAMAGE = {
    "member state missing": (_edit("estimates.csv", lambda t: t[t["geo"] != "MT"]), ("estimates.csv", "MT", "missing")),
    "out of bounds": (_edit("estimates.csv", _set("value", "900")), ("estimates.csv", "value=900", "allowed is")),
    "negative": (_edit("estimates.csv", _set("value", "-1")), ("estimates.csv", "value=-1", "allowed is")),
    "not a number": (_edit("estimates.csv", _set("value", "many")), ("estimates.csv", "line 42", "'many'")),
    "blank": (_edit("estimates.csv", _set("prior_sd", "")), ("estimates.csv", "line 42", "prior_sd")),
    "twice": (_edit("estimates.csv", lambda t: pd.concat([t, t.iloc[[40]]])), ("estimates.csv", "twice")),
    "no column": (_edit("estimates.csv", lambda t: t.drop(columns="standard_error")), ("estimates.csv", "standard_error")),
    "estimates cut": (_cut("estimates.csv", 0.5), ("estimates.csv",)),
    "common cut": (_cut("common.csv", 0.5), ("common.csv",)),
    "common not a number": (_edit("common.csv", _set("mean", "nan")), ("common.csv", "line 42", "mean")),
    "common of other priors": (_edit("common.csv", lambda t: t.iloc[::-1]), ("common.csv", "priors.csv")),
    "no common": (lambda folder: (folder / "common.csv").unlink(), ("common.csv", "missing")),
}
DRAWS_DAMAGE = {
    "cut": (_cut("draws.parquet", 0.6), ("draws.parquet", "damaged")),
    "empty": (_cut("draws.parquet", 0.0), ("draws.parquet", "damaged")),
    "other rows": (_other_draws(lambda t: t.iloc[1:]), ("draws.parquet", "does not fit")),
    "text": (_other_draws(lambda t: t.assign(draw_1="many")), ("draws.parquet",)),
    "undefined": (_other_draws(lambda t: t.assign(draw_1=np.nan)), ("draws.parquet",)),
    "missing": (lambda folder: (folder / "draws.parquet").unlink(), ("draws.parquet", "missing")),
}


@pytest.fixture
def broken(tmp_path):
    """A folder of estimates to damage, in use; the shipped ones afterwards."""
    _folder(tmp_path)
    yield tmp_path
    tables.use_estimates(tables.SHIPPED)


def _one_line(error, words):
    text = str(error.value)
    assert "\n" not in text and all(word in text for word in words), text


@pytest.mark.parametrize("which", DAMAGE)
def test_damaged_estimates_are_named(broken, config, which):
    """One line with the file and what is wrong."""
    damage, words = DAMAGE[which]
    damage(broken)
    tables.use_estimates(str(broken))
    with pytest.raises(InputError) as error:
        Draw()
    _one_line(error, words)


@pytest.mark.parametrize("which", DRAWS_DAMAGE)
def test_damaged_draws_are_named(broken, which):
    """One line with the file and what is wrong, when a draw is asked for."""
    damage, words = DRAWS_DAMAGE[which]
    damage(broken)
    tables.use_estimates(str(broken))
    Draw(0)
    with pytest.raises(InputError) as error:
        Draw(1)
    _one_line(error, words)


def test_estimates_of_another_folder_are_used(broken, config):
    """The folder of the settings decides, and the shipped estimates come back."""
    before = load_inputs(config)
    _edit("estimates.csv", _set("value", "1.25"))(broken)
    other = job("run", [f"estimates={broken}", "member_states=[MT]", "population=small", "run.end_year=2017", "seeds=1"])
    changed = differing(before, load_inputs(other))
    assert changed and set(changed) <= {"cells", "rates", "macro"}
    assert estimate.read()["value"][40] == pytest.approx(np.log(1.25))
    assert differing(before, load_inputs(config)) == []


# -- command line -----------------------------------------------------------------------------------------------------


def integra(folder, *arguments):
    """Run the command in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "scenarios.cli", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def refused(done, words):
    """Assert one line on stderr that holds the words, nothing on stdout, and exit status 2."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("integra: ") and all(word in lines[0] for word in words), lines[0]


SMALL = ("population=small", "member_states=[MT]", "run.end_year=2017", "seeds=1")
CASES = [(which, ()) for which in ("member state missing", "out of bounds", "not a number", "twice", "common cut")]


@pytest.mark.parametrize(("which", "settings"), [*CASES, ("cut", ("draws=8",))])
def test_damaged_estimates_end_with_status_two(tmp_path, which, settings):
    """One line, exit status 2, and no result folder."""
    folder, empty = tmp_path / "estimates", tmp_path / "empty"
    folder.mkdir(), empty.mkdir()
    _folder(folder)
    damage, words = {**DAMAGE, **DRAWS_DAMAGE}[which]
    damage(folder)
    refused(integra(empty, "run", f"estimates={folder}", *SMALL, *settings), words)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("draws=100",), ("draws=100", "0 to 80")),
        (("draws=3",), ("draws=3", "8 to 80")),
        (("draws=-1",), ("draws=-1", "0 to 80")),
        (("estimates=nowhere",), ("estimates=nowhere", "shipped")),
    ],
)
def test_bad_settings_of_draws_end_with_status_two(tmp_path, settings, words):
    refused(integra(tmp_path, "run", *SMALL, *settings), words)
    assert list(tmp_path.iterdir()) == []
