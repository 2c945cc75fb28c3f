"""EUROMOD output -> cells -> levels of the account: a made-up data set taxed by the built-in schedules gives them back."""

import shutil

import euromod_example
import numpy as np
import pandas as pd
import pytest
from euromod_example import example, write
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import euromod, fiscal_engine, fiscal_profiles, fiscal_tables
from calibration.config import Euromod, Fiscal
from calibration.errors import InputError
from calibration.fiscal_profiles import ALL, KEYS, MONEY, POOLING
from calibration.load_inputs import load_inputs
from calibration.tables import Parameter
from model import simulate
from model.codes import COMPONENTS, MEASURE, MEMBER_STATES
from model.fiscal import POINTS
from model.fiscal import schedule as at
from scenarios.cli import main
from scenarios.compose import job
from scenarios.data_euromod import euromod as read_euromod
from scenarios.provenance import result_hash, result_settings

BUILT_IN = Fiscal("builtin", None, None)
SMALL = ("population=small", "member_states=[LU,MT]", "run.end_year=2018", "seeds=1", "tables=shipped")
# Relative error allowed between the levels a data set was made of and those read from it: cents are rounded, pensions and
# consumption taxes go through means of cells.
TOLERANCE = {"replacement": 1e-3, "pension_factor": 2e-3, "indirect_rate": 0.06}


def profiles_of(folder):
    return Fiscal("profiles", str(folder), None)


def chosen(files, folder, **changed):
    values = {"exchange_rate": 1.0, "origin": "dcb", "smallest_cell": 30} | changed
    return Euromod(tuple(map(str, files)), str(folder), **values)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """(folder of profiles, text printed, data set of MT): Malta and Germany."""
    root = tmp_path_factory.mktemp("euromod")
    files = [root / "mt_2019_std.txt", root / "de_2019_std.txt"]
    malta, _ = (write(file) for file in files)
    return root / "profiles", read_euromod(chosen(files, root / "profiles")), malta


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Persons of the data set of Malta as read."""
    file = tmp_path_factory.mktemp("persons") / "mt_2019_std.txt"
    write(file)
    return euromod.persons(file, 1.0, "dcb")


# -- round trip ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("geo", ["MT", "DE"])
def test_levels_are_those_the_data_were_made_of(imported, geo):
    """Schedules come back within 0.001 % of the average wage, benefits within a thousandth, though couples pay less tax."""
    found, made = fiscal_profiles.levels(imported[0])[geo], euromod_example.levels(geo)
    assert set(made) <= set(found) <= set(fiscal_profiles.LEVELS)
    for column, value in made.items():
        if column in euromod_example.SCHEDULES:
            assert found[column] == pytest.approx(value, abs=1e-5), column
        else:
            assert found[column] == pytest.approx(value, rel=TOLERANCE.get(column, 1e-4)), column
    wage = Parameter("average_wage", year=2019, geo=geo).scalar()
    assert found["other_cash"] == pytest.approx(euromod_example.OTHER_CASH * wage, rel=1e-4)


def test_the_engine_changes_what_it_knows_where_it_knows_it(imported):
    """Only the columns told, only Malta and Germany; levels are multiplied by the same factors to national accounts."""
    table, usual = (fiscal_engine.fiscal_table(fiscal) for fiscal in (profiles_of(imported[0]), BUILT_IN))
    covered = [MEMBER_STATES.index(geo) for geo in ("DE", "MT")]
    others = np.setdiff1d(np.arange(len(MEMBER_STATES)), covered)
    assert table[others].tobytes() == usual[others].tobytes()
    for column in table.dtype.names:
        same = table[column][covered].tobytes() == usual[column][covered].tobytes()
        assert same == (column not in (*fiscal_profiles.LEVELS, "second_earner")), column
    for column in ("income_tax", "employee", "employer", "child_benefit", "minimum_income"):
        assert table[column] == pytest.approx(usual[column], abs=1e-5, rel=1e-4)


def test_the_built_in_engine_is_the_built_in_table():
    assert fiscal_engine.fiscal_table(BUILT_IN).tobytes() == fiscal_tables.fiscal_table().tobytes()
    assert fiscal_engine.hashes(BUILT_IN) == {}


def test_another_engine_changes_money_and_nobodys_life(imported):
    """A run with profiles has the same persons in the same states, other amounts in Malta, the same in Luxembourg."""
    runs = [
        simulate(load_inputs(job("run", [*SMALL, *more])), 1)
        for more in ((), ("fiscal=profiles", f"fiscal.folder={imported[0]}"))
    ]
    money = MEASURE[COMPONENTS[0]]
    (usual, found), luxembourg = (run.counts for run in runs), runs[0].member_states.index("LU")
    assert found[..., :money].tobytes() == usual[..., :money].tobytes()
    assert found[:, luxembourg].tobytes() == usual[:, luxembourg].tobytes()
    differs = (found != usual).any(axis=(0, 1, 2, 3, 4))
    assert {"unemployment_benefit", "other_cash"} <= {name for name in COMPONENTS if differs[MEASURE[name]]}
    for name in ("health", "education", "long_term_care", "housing"):
        assert not differs[MEASURE[name]]


def test_the_hash_of_a_result_covers_engine_and_files(imported, tmp_path):
    """The same folder elsewhere hashes by its content; one digit more or less changes the hash."""
    for name in ("one", "two"):
        shutil.copytree(imported[0], tmp_path / name)
    settings = [*SMALL, "fiscal=profiles"]
    configs = [job("run", [*settings, f"fiscal.folder={tmp_path / name}"]) for name in ("one", "one", "two")]
    before = result_hash("run", [configs[0]])
    assert before != result_hash("run", [job("run", [*SMALL])])
    assert fiscal_engine.hashes(configs[0].fiscal) == fiscal_engine.hashes(configs[2].fiscal)
    file = tmp_path / "one" / "profiles.csv"
    file.write_text(file.read_text().replace(",2019\n", ",2020\n", 1))  # currency_year of one cell
    assert result_hash("run", [configs[1]]) != before
    assert result_settings("run", [configs[0]])["fiscal"]["engine"] == "profiles"


# -- traps of EUROMOD's output ---------------------------------------------------------------------------------------
def test_money_is_annual_and_pensions_are_counted_once(people):
    """Twelve times the monthly amounts; the five kinds of cash add up to ils_ben, which already contains ils_pen."""
    raw = example("MT")
    assert people["gross"].to_numpy() == pytest.approx(12 * raw["yem"])
    cash = people[["pension", "unemp", "social_assist", "family", "other_cash"]].sum(axis=1)
    assert cash.groupby(raw["idhh"]).sum().to_numpy() == pytest.approx(
        12 * raw.groupby("idhh")["ils_ben"].sum().to_numpy(), abs=1.0
    )
    assert (people["pension"] > 0).any()


def test_household_benefits_are_shared_by_adults(people):
    """Family benefit booked on the mother is half hers and half the father's; children get none."""
    raw = example("MT")
    couples = raw["idhh"].isin(raw.loc[raw["ils_b2_bfaed"] > 0, "idhh"])
    assert (people.loc[couples & (raw["dag"] < 18), "family"] == 0).all()
    per_adult = 12 * raw["ils_b2_bfaed"].max() / 2
    assert people.loc[couples & (raw["dag"] >= 18), "family"].to_numpy() == pytest.approx(per_adult)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.floats(0, 1e5)), min_size=1, max_size=30))
def test_sharing_moves_no_money_between_households(rows):
    frame = pd.DataFrame(rows, columns=["household", "adult", "amount"])
    shared = pd.Series(euromod.shared(frame["amount"], frame["household"], frame["adult"]))
    assert (shared >= 0).all()
    assert shared.groupby(frame["household"]).sum().to_numpy() == pytest.approx(
        frame["amount"].groupby(frame["household"]).sum().to_numpy()
    )


def test_national_currency_is_divided_out(tmp_path, imported):
    """The same data in a currency of 4.3 to the euro give the same levels."""
    data = example("MT")
    money = [name for name in data if name.startswith(("yem", "yse", "ils_"))]
    file = tmp_path / "mt_2019_std.txt"
    write(file, **{name: 4.3 * data[name] for name in money})
    read_euromod(chosen([file], tmp_path / "profiles", exchange_rate=4.3))
    found, usual = (fiscal_profiles.levels(folder)["MT"] for folder in (tmp_path / "profiles", imported[0]))
    for column in usual:
        assert found[column] == pytest.approx(usual[column], rel=1e-6, abs=1e-9), column


def test_citizenship_where_there_is_no_country_of_birth(tmp_path):
    file = tmp_path / "mt_2019_std.txt"
    write(file).drop(columns="dcb").to_csv(file, sep="\t", index=False)
    with pytest.raises(InputError, match=r"column dcb is missing.*origin=dcz"):
        euromod.persons(file, 1.0, "dcb")
    assert set(euromod.persons(file, 1.0, "dcz")["origin"]) == {"native"}


# -- cells -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("smallest", [1, 30, 200])
def test_everybody_is_in_one_cell_or_left_out(people, smallest):
    """Cells reach the minimum size, no cell is there twice, and persons and money add up with those left out."""
    cells, coverage = euromod.profiles(people, smallest)
    assert (cells["n_obs"] >= smallest).all()
    assert not cells.duplicated(list(KEYS)).any()
    assert sum(coverage.values()) == pytest.approx(1.0)
    assert cells["weight"].sum() == pytest.approx(people["weight"].sum() * (1.0 - coverage["left out"]))
    if smallest == 1:
        assert coverage["own"] == pytest.approx(1.0) and cells["n_obs"].sum() == len(people)
        for column in MONEY:
            total = (people[column] * people["weight"]).sum()
            assert (cells[column] * cells["weight"]).sum() == pytest.approx(total, rel=1e-9, abs=1e-6), column


def test_pooling_goes_by_origin_then_age_then_sex_then_education():
    """Three alike stay apart; the others pool as far as it takes, unknown origins with them, and who is left is in none."""

    def group(count, **labels):
        base = {
            "geo": "MT",
            "year": 2019,
            "origin": "native",
            "age_band": "25-34",
            "sex": "male",
            "educ": "low",
            "state": "other",
        }
        return [base | labels | dict.fromkeys((*MONEY, "unemp_share"), 1.0) | {"weight": 2.0}] * count

    rows = group(3) + group(2, origin="eu_born") + group(1, origin="non_eu_born")
    rows += group(1, age_band="35-49") + group(2, age_band="50-59")
    rows += group(2, sex="female", age_band="60-64") + group(1, sex="female") + group(1, educ="high")
    rows += group(2, educ="high", sex="female") + group(1, state="student") + group(3, origin="", state="retired")
    cells, coverage = euromod.profiles(pd.DataFrame(rows), 3)
    found = {tuple(row) for row in cells[[*POOLING, "state", "n_obs"]].itertuples(index=False)}
    assert found == {
        (ALL, ALL, ALL, "high", "other", 3),
        (ALL, ALL, "female", "low", "other", 3),
        (ALL, ALL, "male", "low", "other", 3),
        (ALL, "25-34", "male", "low", "other", 3),
        (ALL, "25-34", "male", "low", "retired", 3),
        ("native", "25-34", "male", "low", "other", 3),
    }
    shares = {"own": 3, "origin": 6, "origin, age_band": 6, "origin, age_band, sex": 3, "origin, age_band, sex, educ": 0}
    assert coverage == pytest.approx({name: n / 19 for name, n in (shares | {"left out": 1}).items()})


def test_bands_keep_to_the_points_and_to_the_size(people):
    """No band of earnings straddles a tabulated point, all are large enough, and a couple is in none."""
    bands = euromod.singles(people, 30)
    assert (bands["n_obs"] >= 30).all()
    interval = [
        np.searchsorted(POINTS, bands[edge].to_numpy() + shift) for edge, shift in (("band_low", 1e-9), ("band_high", -1e-9))
    ]
    assert (interval[0] == interval[1])[1:].all()  # the first is the band at zero
    assert (
        bands["n_obs"].sum()
        == (people["alone"] & (people["age"] < 65) & (people["state"] != "student") & (people["unemp"] == 0)).sum()
    )


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([0.5] * 3 + [1.5] * 3, [0, 1, 3]),
        ([0.5, 1.5, 2.5], [0, 3]),
        ([0.5], [0]),
        ([], [0]),
        ([1.0] * 3, [0, 3]),
        ([3.0] * 3, [0, 3]),
    ],
)
def test_small_bands_join_a_neighbour(values, kept):
    """Edges 0 to 3, upper edge included, at least three values."""
    assert list(euromod.joined(np.array(values), np.arange(4), 3)) == kept


# -- the schedule of a Member State ----------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(rises=st.lists(st.floats(0, 0.5), min_size=5, max_size=5), seed=st.integers(0, 1000))
def test_a_schedule_is_recovered_exactly(rises, seed):
    """Whatever non-decreasing schedule through POINTS the observations lie on, it is found."""
    truth = np.concatenate([[0.0], np.cumsum(rises)])
    x = np.sort(np.random.default_rng(seed).uniform(0.01, POINTS[-1], 60))
    x = np.concatenate([x, 0.5 * (POINTS[1:] + POINTS[:-1])])
    y = np.array([at(truth, one) for one in x])
    assert fiscal_profiles.fitted(x, y, np.ones(len(x)), np.zeros(6)) == pytest.approx(truth, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.floats(-0.3, 0.3), min_size=30, max_size=30))
def test_a_fitted_schedule_never_falls(noise):
    x = np.linspace(0.05, POINTS[-1], 30)
    found = fiscal_profiles.fitted(x, 0.2 * x + np.array(noise), np.ones(30), np.zeros(6))
    assert found[0] == 0.0 and (np.diff(found) >= 0.0).all()


def test_where_nobody_earns_the_built_in_rise_stays():
    """Observations above half of the average wage only: below, the schedule rises as the built-in one does."""
    built_in = np.array([0.0, 0.01, 0.03, 0.06, 0.15, 0.4])
    truth = np.array([0.0, 0.01, 0.03, 0.10, 0.25, 0.5])
    x = np.linspace(0.51, 1.6, 20)
    found = fiscal_profiles.fitted(x, np.array([at(truth, one) for one in x]), np.ones(20), built_in)
    assert found == pytest.approx(truth, abs=1e-9)


# -- importing again -------------------------------------------------------------------------------------------------
def test_member_states_not_read_again_stay(tmp_path, imported):
    """Malta read with a larger minimum replaces Malta; the rows of Germany keep their bytes."""
    folder, file = tmp_path / "profiles", tmp_path / "mt_2019_std.txt"
    shutil.copytree(imported[0], folder)
    write(file)
    read_euromod(chosen([file], folder, smallest_cell=100))
    for name in (*fiscal_profiles.FILES, "coverage.csv"):
        old, new = ([*(place / name).read_text().splitlines()] for place in (imported[0], folder))
        assert [line for line in old if line.startswith("DE")] == [line for line in new if line.startswith("DE")]
        assert [line for line in old if line.startswith("MT")] != [line for line in new if line.startswith("MT")]
    assert sorted(path.name for path in folder.iterdir()) == ["coverage.csv", "profiles.csv", "singles.csv"]


def test_coverage_is_written_and_printed(imported):
    folder, printed, _ = imported
    coverage = pd.read_csv(folder / "coverage.csv")
    assert coverage.groupby("geo")["share"].sum().to_numpy() == pytest.approx(1.0)
    own = coverage.loc[(coverage["geo"] == "MT") & (coverage["pooled"] == "own"), "share"].iloc[0]
    assert 0.3 < own < 1.0 and f"{100 * own:.1f}" in printed
    assert "left out" in printed and f"fiscal.folder={folder}" in printed


# -- bad input -------------------------------------------------------------------------------------------------------
def refused(capsys, arguments, *words):
    """The command ends with status 2, one line, and every word in it."""
    capsys.readouterr()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1, err
    for word in words:
        assert word in err, err


def changed(column, row, value):
    """The example with one value changed."""
    data = example("MT")
    data[column] = data[column].astype(object)
    data.loc[row, column] = value
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: example("MT").drop(columns="ils_sicer"), ["column ils_sicer is missing"]),
        (lambda: changed("ils_pen", 0, 9000.0), ["line 2: ils_ben", "ils_pen or more"]),
        (lambda: changed("dwt", 3, -1), ["line 5: dwt=-1", "zero or more"]),
        (lambda: changed("idperson", 1, 100), ["line 3: idperson=100", "every person once"]),
        (lambda: changed("dgn", 0, 2), ["line 2: dgn=2", "0 (female) or 1 (male)"]),
        (lambda: changed("les", 0, 77), ["line 2: les=77", "1 to 9"]),
        (lambda: changed("yem", 0, "1.234,5"), ["line 2: yem=1.234,5", "decimal point"]),
        (lambda: example("MT").assign(yem=lambda d: d["yem"] * 12), ["of the average wage", "amounts per month"]),
        (lambda: example("MT").assign(dcb=470), ["line 2: dcb=470", "1 (this Member State)"]),
        (lambda: example("MT").iloc[:0], ["no person"]),
    ],
)  # fmt: skip
def test_output_that_cannot_be_used(tmp_path, capsys, data, words):
    """One line that names file, line, column and what is allowed; nothing is written."""
    file = tmp_path / "mt_2019_std.txt"
    data().to_csv(file, sep="\t", index=False)
    refused(capsys, ["data", "euromod", f"files=[{file}]", f"folder={tmp_path / 'profiles'}"], str(file), *words)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["files=[]"], ["files=[]"]),
        (["files=[xx_2019_std.txt]"], ["files=xx_2019_std.txt", "AT, BE"]),
        (["files=[mt_2019.txt]"], ["files=mt_2019.txt", "xx_yyyy_std.txt"]),
        (["files=[mt_2019_std.txt]"], ["mt_2019_std.txt", "can be read"]),
        (["files=[mt_2018_std.txt]"], ["year=2018 (MT)", "2015, 2019, 2023"]),
        (["files=[mt_2019_std.txt,MT_2019_std.txt]"], ["one file for each Member State"]),
        (["files=[mt_2019_std.txt]", "exchange_rate=0"], ["exchange_rate=0", "0.001 to 10000"]),
        (["files=[mt_2019_std.txt]", "origin=dcx"], ["origin=dcx", "dcb, dcz"]),
        (["files=[mt_2019_std.txt]", "smallest_cell=0"], ["smallest_cell=0"]),
        (["files=[mt_2019_std.txt]", "cell=9"], ["cell=9", "unknown key"]),
    ],
)
def test_settings_of_the_importer(tmp_path, capsys, monkeypatch, settings, words):
    monkeypatch.chdir(tmp_path)
    refused(capsys, ["data", "euromod", *settings], *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("profiles.csv", lambda d: d.assign(n_obs=0), ["line 2: n_obs=0", "1 or more"]),
        ("profiles.csv", lambda d: d.assign(weight=-1.0), ["line 2: weight=-1.0", "zero or more"]),
        ("profiles.csv", lambda d: pd.concat([d, d.iloc[:1]]), ["cell=", "every cell once"]),
        ("profiles.csv", lambda d: d.assign(geo="XX"), ["line 2: geo=XX", "AT, BE"]),
        ("profiles.csv", lambda d: d.assign(origin="martian"), ["origin=martian", "native, eu_born, non_eu_born, all"]),
        ("profiles.csv", lambda d: d.assign(state="idle"), ["state=idle", "child, student"]),
        ("profiles.csv", lambda d: d.assign(gross="much"), ["line 2: gross=much", "a number"]),
        ("profiles.csv", lambda d: d.drop(columns="pension"), ["column pension is missing"]),
        ("profiles.csv", lambda d: d.assign(year=2018), ["one year of each Member State"]),
        ("profiles.csv", lambda d: d.iloc[:0], ["no row"]),
        ("singles.csv", lambda d: d.assign(band_high=-1.0), ["band_high=-1.0"]),
        ("singles.csv", None, ["profiles.csv and singles.csv"]),
    ],
)
def test_profiles_that_cannot_be_used(tmp_path, capsys, imported, file, change, words):
    """A run with such a folder is refused before anything is simulated."""
    folder = tmp_path / "profiles"
    shutil.copytree(imported[0], folder)
    if change is None:
        (folder / file).unlink()
    else:
        change(pd.read_csv(folder / file)).to_csv(folder / file, index=False)
    output = tmp_path / "outputs"
    refused(capsys, ["run", *SMALL, "fiscal=profiles", f"fiscal.folder={folder}", f"compute.output={output}"], *words)
    assert not output.exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["fiscal=magic"], ["fiscal=magic", "builtin, gettsim, profiles"]),
        (["fiscal=profiles", "fiscal.folder=nowhere"], ["fiscal.folder=nowhere"]),
        (["fiscal=profiles", "fiscal.folder=null"], ["fiscal.folder=null"]),
        (["fiscal.folder=profiles"], ["fiscal.folder=profiles", "null without"]),
        (["fiscal.policy_date=2019-07-01"], ["fiscal.policy_date=2019-07-01", "null without"]),
        (["fiscal=gettsim", "fiscal.policy_date=July"], ["fiscal.policy_date=July", "2019-07-01"]),
    ],
)
def test_settings_of_the_engine(capsys, settings, words):
    refused(capsys, ["run", *SMALL, *settings], *words)


def test_profiles_of_other_member_states_only(capsys, imported):
    arguments = ["run", *SMALL[:1], "member_states=[LU]", "fiscal=profiles", f"fiscal.folder={imported[0]}"]
    refused(capsys, arguments, "profiles of one of member_states", "DE, MT")


def test_calibration_takes_the_built_in_engine(capsys):
    refused(capsys, ["calibrate", "member_states=[MT]", "fiscal=profiles"], "fiscal=profiles", "builtin for calibrate")
