"""The shipped tables: every figure has unit, dataset, source and status; what the code asks for is there; damage is
reported."""

from pathlib import Path

import numpy as np
import pytest

import calibration
from calibration import load_inputs as loading
from calibration import tables
from calibration.errors import InputError
from calibration.tables import FILES, STATUSES
from model import parameter
from scenarios.compose import job

PACKAGES = ("model", "calibration", "scenarios", "conf")
ROOT = Path(calibration.__file__).parent.parent


@pytest.fixture(scope="module")
def rows():
    """Every shipped row."""
    return tables.all_tables()


def test_every_row_is_complete(rows):
    """Every row of every table has parameter, place, unit, dataset, source, a known status and a finite value."""
    for column in ("parameter", "geo", "unit", "dataset", "source", "status"):
        empty = rows[rows[column].str.strip() == ""]
        assert empty.empty, f"{column}: {sorted(empty.parameter.unique())}"
    assert set(rows.status) <= set(STATUSES)
    assert np.isfinite(rows.value).all()
    assert set(rows.file) == set(FILES)


def test_no_row_is_there_twice(rows):
    """No two rows of a file agree in everything that identifies a figure."""
    keys = ["file", "parameter", "geo", "origin", "sex", "age", "education", "category", "year"]
    double = rows[rows.duplicated(keys, keep=False)]
    assert double.empty, double[keys].head(4).to_string()


def test_every_parameter_in_use_is_in_the_tables(rows, asked):
    """Whatever the code asks for exists, and each place has its rows in one file."""
    assert len(asked) > 100, "the collection itself is broken"
    assert asked <= set(rows.parameter), sorted(asked - set(rows.parameter))
    used = rows[rows.parameter.isin(asked)]
    files = used.groupby(["parameter", "geo"])["file"].nunique()
    assert (files == 1).all(), sorted(files[files > 1].index)


def test_every_model_parameter_is_served():
    """Each name of model.parameter.NAMES gets a finite value, and no value is left at zero by mistake."""
    record = loading.parameters()
    assert record.dtype.names == parameter.NAMES
    values = np.array([float(record[name][0]) for name in parameter.NAMES])
    assert np.isfinite(values).all()
    zero = {name for name, value in zip(parameter.NAMES, values, strict=True) if value == 0.0}
    assert zero <= set(tables.all_tables().parameter), sorted(zero)


@pytest.mark.parametrize(
    ("name", "within", "over"),
    [
        ("education_share", ["geo", "origin", "sex", "age"], "education"),
        ("age_sex_share", ["geo", "origin"], "sex and age"),
        ("language_before", ["geo", "education"], "category"),
        ("stay_share", ["geo"], "category"),
        ("valid_permit_share", ["geo", "year"], "category"),
        ("arrival_age_share", ["origin", "category"], "sex and age"),
        ("partner_share", ["age", "origin"], "category"),
    ],
)
def test_shares_sum_to_one(rows, name, within, over):
    """Shares of one whole add up to one (figures are published to three or more digits) and none is negative."""
    own = rows[rows.parameter == name]
    assert len(own) and own.value.between(0.0, 1.0).all()
    sums = own.groupby(within)["value"].sum()
    worst = (sums - 1.0).abs().idxmax()
    assert abs(sums[worst] - 1.0) < 2e-3, f"{name} {worst}: shares over {over} sum to {sums[worst]:.4f}"


def test_tables_as_copied_are_read(copied):
    """The copy itself is sound, so that the next tests fail for the damage alone."""
    loading.load_inputs(job("run", []))


def _message(error):
    text = str(error.value)
    assert "\n" not in text and "allowed is" in text and "calibration/data" in text, text
    return text


@pytest.mark.parametrize("name", FILES)
def test_a_missing_table_is_named(copied, name):
    """A table that is not there: one line that names it."""
    (copied / f"{name}.csv").unlink()
    with pytest.raises(InputError) as error:
        loading.load_inputs(job("run", []))
    assert f"{name}.csv" in _message(error)


def _binary(path):
    path.write_bytes(b"\xff\xfe\x00" + path.read_bytes())


def _empty(path):
    path.write_bytes(b"")


def _ragged(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:5], lines[5] + ",x,y,z,1,2,3,4,5,6", *lines[6:]]), encoding="utf-8")


def _no_unit(path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",unit,", ",units,", 1), encoding="utf-8")


def _word(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("value")
    cells = lines[3].split(",")
    cells[column] = "many"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]), encoding="utf-8")


def _infinite(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("value")
    cells = lines[3].split(",")
    cells[column] = "inf"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]), encoding="utf-8")


def _cut(path):
    """The end of the file is lost, in the middle of a row before its value."""
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:40], lines[40][:12]]), encoding="utf-8")


@pytest.mark.parametrize("damage", [_binary, _empty, _ragged, _no_unit, _word, _infinite, _cut])
def test_a_damaged_table_is_named(copied, damage):
    """A table that cannot be read as shipped: one line that names it, whatever the damage."""
    damage(copied / "population.csv")
    with pytest.raises(InputError) as error:
        loading.load_inputs(job("run", []))
    assert "population.csv" in _message(error)


def test_a_value_that_is_no_number_is_named_with_its_line(copied):
    """The line number and the value are in the message."""
    _word(copied / "labour.csv")
    with pytest.raises(InputError) as error:
        loading.load_inputs(job("run", []))
    assert "line 4" in _message(error) and "'many'" in _message(error)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("population", "stock"), ("assumptions", "exam_c1"), ("fiscal", "income_tax"),
        ("scale_factors", "wage_gap_scale"),
        ("fiscal", "health_profile"), ("labour", "transition"), ("integration", "regulated_share"),
        ("integration", "callback_ratio"), ("fiscal", "education_cost"),
    ],
)  # fmt: skip
def test_a_row_that_is_there_twice_is_refused(copied, file, name):
    """Of two rows for one figure neither is taken silently."""
    path = copied / f"{file}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    double = next(line for line in lines if line.startswith(f"{name},"))
    path.write_text("\n".join([*lines, double]) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        loading.load_inputs(job("run", []))
    assert name in _message(error)


@pytest.mark.parametrize(
    "name", ["stock", "education_share", "employment_rate", "births", "income_tax", "wage_gap_scale", "callback_ratio"]
)
def test_a_missing_member_state_is_named(copied, name):
    """All rows of Malta taken away from a parameter: one line that names the parameter and MT."""
    for file in FILES:
        path = copied / f"{file}.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(x for x in lines if not x.startswith(f"{name},MT,")) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        loading.load_inputs(job("run", []))
    text = _message(error)
    assert name in text and "MT" in text


def test_no_file_names_a_folder_outside_the_repository():
    """Nothing that is installed mentions the folders this project was prepared in, a home or a temporary folder."""
    outside = ["..", "work", "tmp", "home"]
    forbidden = [f"{outside[0]}/shared", f"/{outside[1]}/", f"/{outside[2]}/", f"/{outside[3]}/", "C:\\"]
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in (".py", ".csv", ".yaml", ".md", ".toml"):
                text = path.read_text(encoding="utf-8")
                assert not [word for word in forbidden if word in text], path
