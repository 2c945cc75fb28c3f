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
SHIPPED = Path(str(tables.folder())).parent / "estimates"


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


def _labels(part):
    """Names in draws.parquet of the terms [ms, term] and of the common parameters of a part, written out."""
    terms = [[f"{part}: {geo} {t.name} {t.origin} {t.sex} {t.year}" for t in estimate.TERMS] for geo in MEMBER_STATES]
    parts = draw.common_table()[list(draw.LABELS)].to_numpy()
    return terms, [f"{part}: {' '.join(label for label in row if label)}" for row in parts]


def test_every_number_of_a_draw_has_one_name():
    """For each part the terms of all Member States, then the common parameters; the same for both parts."""
    wanted = []
    for part in ("all", "data"):
        terms, common = _labels(part)
        wanted += [*sum(terms, []), *common]
    assert draw.names() == wanted and len(set(wanted)) == len(wanted)
    assert "all: DE finding_scale native female 2019" in wanted and "data: lang_hours_to_B1" in wanted


@pytest.mark.parametrize("part", ["all", "data"])
@pytest.mark.parametrize("number", [1, 3, 80])
def test_a_draw_takes_the_rows_of_its_part(number, part):
    """Terms and common parameters are those of the shipped file under the names of the part."""
    table = pd.read_parquet(SHIPPED / "draws.parquet").set_index("name")[f"draw_{number}"].astype(float)
    one = Draw(number, part)
    terms, common = _labels(part)
    assert one.logs.tolist() == [table[row].tolist() for row in terms]
    assert one.common.tolist() == table[common].tolist()


@pytest.fixture
def distinct(broken):
    """A folder of estimates in use with nine draws of made-up numbers, no two alike; the settings of a run with it."""
    drawn = 0.1 * np.random.default_rng(11).normal(size=(9, len(draw.names())))
    draw.write_drawn(drawn, broken / "draws.parquet")
    settings = ["member_states=[MT]", "population=small", "run.end_year=2017", "seeds=1"]
    made = job("run", [f"estimates={broken}", *settings])
    tables.use_estimates(str(broken))
    return drawn, made


def test_parts_of_a_draw_are_kept_apart(distinct):
    """Each part has its own half of a draw: first the terms, Member State by Member State, then the common parameters."""
    drawn, _ = distinct
    n, terms = len(draw.names()) // 2, len(MEMBER_STATES) * len(estimate.TERMS)
    for number in (1, 9):
        for start, part in ((0, "all"), (n, "data")):
            one, mine = Draw(number, part), drawn[number - 1].astype(np.float32)[start : start + n]
            assert one.logs.shape == (len(MEMBER_STATES), len(estimate.TERMS))
            assert one.logs.ravel().tolist() == mine[:terms].tolist()
            assert one.common.tolist() == mine[terms:].tolist()


def test_a_draw_within_the_data_leaves_member_state_shifts_at_zero(distinct):
    """Part `data`: terms and common parameters move, figures drawn per Member State stay as at the centre; part `all` moves
    them too."""
    _, config = distinct
    centre, one, every = Draw(0), Draw(3, "data"), Draw(3)
    assert (one.logs != centre.logs).all() and (one.common != centre.common).all() and (one.common != every.common).all()
    with tables.changed(draw.shifts(one.common)):
        plain = before_estimates(config)
    assert differing(estimate.apply(plain, one.logs, config.macro, one.centre), load_inputs(config, one)) == []
    with tables.changed(draw.shifts(every.common, 3)):
        plain = before_estimates(config, 3)
    assert differing(estimate.apply(plain, every.logs, config.macro, one.centre), load_inputs(config, every)) == []
    assert {"cells", "rates", "parameters", "macro"} <= set(differing(load_inputs(config), load_inputs(config, one)))

    rows = tables.all_tables()
    served = draw.rule_of_row()
    own = np.array([k >= 0 and draw.rules()[k]["scope"] == "state" for k in served])
    common = (served >= 0) & ~own
    moved = {}
    for name, chosen in (("data", one), ("all", every)):
        moved[name] = np.zeros(len(rows), dtype=bool)
        with chosen.in_force():
            for parameter in rows["parameter"][served >= 0].unique():
                after = Parameter(parameter).rows["value"]
                moved[name][after.index] = (after != rows["value"][after.index]).to_numpy()
    assert not moved["data"][own].any() and moved["data"][common].mean() > 0.5
    assert moved["all"][own & rows["geo"].isin(MEMBER_STATES).to_numpy()].mean() > 0.5


def test_draws_of_everything_vary_more_than_draws_within_the_data():
    """With priors free terms and common parameters have their whole posterior; within the data a part of it. Variances over 80
    shipped draws, summed over terms and over common parameters."""
    drawn = draw.drawn().reshape(draw.available(), 2, -1).var(axis=0, ddof=1)
    terms = len(MEMBER_STATES) * len(estimate.TERMS)
    assert drawn[0, :terms].sum() > drawn[1, :terms].sum()
    assert drawn[0, terms:].sum() > drawn[1, terms:].sum()


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
    assert str(error.value) == "part=some: allowed is all, data"


def test_draws_survive_their_file(tmp_path):
    """What is written is read again, to single precision, a column per draw and a row per name."""
    drawn = np.random.default_rng(1).normal(size=(9, len(draw.names())))
    _folder(tmp_path)
    draw.write_drawn(drawn, tmp_path / "draws.parquet")
    table = pd.read_parquet(tmp_path / "draws.parquet")
    assert list(table) == ["name", *(f"draw_{d}" for d in range(1, 10))] and list(table["name"]) == draw.names()
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
        shutil.copy(SHIPPED / name, folder / name)


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
    "member state missing": (_edit("estimates.csv", lambda t: t[t["geo"] != "MT"]), ("estimates.csv", "MT", "is missing")),
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
    "common not a step": (_edit("common.csv", _set("step", "far")), ("common.csv", "line 42", "step='far'")),
    "common without step": (_edit("common.csv", lambda t: t.drop(columns="step")), ("common.csv", "column step is missing")),
    "no common": (lambda folder: (folder / "common.csv").unlink(), ("common.csv", "the file is missing")),
}
DRAWS_DAMAGE = {
    "cut": (_cut("draws.parquet", 0.6), ("draws.parquet", "damaged")),
    "empty": (_cut("draws.parquet", 0.0), ("draws.parquet", "damaged")),
    "other rows": (_other_draws(lambda t: t.iloc[1:]), ("draws.parquet", "does not fit")),
    "one part": (_other_draws(lambda t: t.iloc[: len(t) // 2]), ("draws.parquet", "does not fit")),
    "parts exchanged": (
        _other_draws(lambda t: pd.concat([t.iloc[len(t) // 2 :], t.iloc[: len(t) // 2]])),
        ("draws.parquet", "does not fit"),
    ),
    "no names": (_other_draws(lambda t: t.drop(columns="name")), ("draws.parquet", "does not fit")),
    "text": (_other_draws(lambda t: t.assign(draw_1="many")), ("draws.parquet", "damaged")),
    "undefined": (_other_draws(lambda t: t.assign(draw_1=np.nan)), ("draws.parquet", "does not fit")),
    "missing": (lambda folder: (folder / "draws.parquet").unlink(), ("draws.parquet", "the file is missing")),
}


@pytest.fixture
def broken(tmp_path):
    """A folder of estimates to damage, in use; the shipped ones afterwards."""
    _folder(tmp_path)
    yield tmp_path
    tables.use_estimates(tables.SHIPPED)


def _one_line(error, words):
    """One line that begins with the file, words[0], and holds the others."""
    text = str(error.value)
    assert "\n" not in text and all(word in text for word in words), text
    assert text.startswith(tables.estimates_name(words[0])), text


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
    assert changed and set(changed) <= {"cells", "rates", "macro", "cycle"}
    assert estimate.read()["value"][40] == pytest.approx(np.log(1.25))
    assert differing(before, load_inputs(config)) == []


def test_bytes_and_tables_come_from_the_folder_in_use(broken):
    """estimates_file and estimates_table read the shipped files, and the chosen folder's after use_estimates."""
    shipped = (SHIPPED / "common.csv").read_bytes()
    assert tables.estimates_file("common.csv") == shipped
    _edit("common.csv", _set("mean", "0.625"))(broken)
    tables.use_estimates(str(broken))
    assert tables.estimates_file("common.csv") == (broken / "common.csv").read_bytes() != shipped
    assert tables.estimates_table("common.csv", ("mean",), ("mean",))["mean"][40] == 0.625
    assert Draw().common[40] == 0.625
    tables.use_estimates("shipped")
    assert tables.estimates_file("common.csv") == shipped and Draw().common[40] != 0.625


def test_a_folder_in_use_is_read_again_after_forget(broken):
    """What was computed from a file stays until tables.forget()."""
    tables.use_estimates(str(broken))
    before = Draw().logs.ravel()[40]
    _edit("estimates.csv", _set("value", "1.25"))(broken)
    assert Draw().logs.ravel()[40] == before != np.log(1.25)
    tables.forget()
    assert Draw().logs.ravel()[40] == pytest.approx(np.log(1.25))


def test_a_folder_without_estimates_is_refused(tmp_path):
    """One line, and the folder in use stays."""
    before = tables.estimates_file("estimates.csv")
    with pytest.raises(InputError) as error:
        tables.use_estimates(str(tmp_path))
    assert f"estimates={tmp_path}" in str(error.value) and "shipped, or a folder" in str(error.value)
    assert tables.estimates_file("estimates.csv") == before


def test_no_more_draws_than_the_estimates_hold(broken):
    """A folder with ten draws serves ten, and refuses eleven."""
    _other_draws(lambda table: table.iloc[:, :11])(broken)
    settings = [f"estimates={broken}", "member_states=[MT]", "population=small", "run.end_year=2017", "seeds=2"]
    load_inputs(job("run", [*settings, "draws=10"]))
    with pytest.raises(InputError) as error:
        load_inputs(job("run", [*settings, "draws=11"]))
    assert "draws=11" in str(error.value) and "0 to 10" in str(error.value)


# -- command line -----------------------------------------------------------------------------------------------------


def integra(folder, *arguments):
    """Run the command in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "scenarios.cli", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def refused(done, words):
    """Assert one line on stderr that holds the words, nothing on stdout, and exit status 2."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("integra: ") and all(word in lines[0] for word in words), lines[0]


SMALL = ("population=small", "member_states=[MT]", "run.end_year=2017")
CASES = [(which, ("seeds=1",)) for which in ("member state missing", "out of bounds", "not a number", "twice", "common cut")]


@pytest.mark.parametrize(("which", "settings"), [*CASES, ("cut", ("draws=8", "seeds=2"))])
def test_damaged_estimates_end_with_status_two(tmp_path, which, settings):
    """One line, exit status 2, and no result folder."""
    folder, empty = tmp_path / "estimates", tmp_path / "empty"
    folder.mkdir(), empty.mkdir()
    _folder(folder)
    damage, words = {**DAMAGE, **DRAWS_DAMAGE}[which]
    damage(folder)
    words = (f"integra: {folder / words[0]}", *words[1:])
    refused(integra(empty, "run", f"estimates={folder}", *SMALL, *settings), words)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("draws=100",), ("draws=100", "8 to 80")),
        (("draws=3",), ("draws=3", "8 to 80")),
        (("draws=-1",), ("draws=-1", "0 for none")),
        (("draws=8", "seeds=1"), ("seeds=[1]: allowed is two or more with draws, for the Monte Carlo error",)),
        (("draws=8", "seeds=[7]"), ("seeds=[7]: allowed is two or more with draws",)),
        (("estimates=nowhere",), ("estimates=nowhere", "shipped")),
    ],
)
def test_bad_settings_of_draws_end_with_status_two(tmp_path, settings, words):
    refused(integra(tmp_path, "run", *SMALL, *settings), words)
    assert list(tmp_path.iterdir()) == []
