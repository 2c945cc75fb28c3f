"""Tables of figures: every value with unit, dataset, source and status, read from calibration/data.

The one reader of those files. A damaged or missing table raises InputError with one line that says what is wrong.
"""

import contextlib
import hashlib
from functools import lru_cache
from importlib import resources
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.errors import InputError, refuse
from model.codes import MEMBER_STATES

COLUMNS = (
    "parameter", "geo", "origin", "sex", "age", "education", "category", "year", "value", "unit", "dataset", "source",
    "status", "note",
)  # fmt: skip
KEYS = ("parameter", "geo", "origin", "sex", "age", "education", "category", "year")
FILES = (
    "population", "demography", "labour", "flows", "integration", "fiscal", "mechanisms", "assumptions",
    "scale_factors", "validation", "effects",
)  # fmt: skip
RULES = ("roles", "priors")  # tables about the tables: what each row is for, how far it may be from the truth
STATUSES = ("seen", "derived", "recalled", "assumed", "imputed")
EU = "EU27_2020"
SHIPPED = "shipped"
ESTIMATES = ("estimates.csv", "common.csv", "draws.parquet")


def package_folder():
    """The folder of this package (importlib.resources traversable)."""
    return resources.files("calibration")


def folder():
    """The folder of the shipped tables (importlib.resources traversable)."""
    return package_folder() / "data"


def content(path):
    """The bytes of a file of this package; raises InputError if it is missing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        where = f"calibration/{path.parent.name}/{path.name}"
        raise InputError(f"{where}: the table is missing; allowed is the file as shipped") from None


def read_csv(path, columns, numbers=()):
    """A file as a DataFrame of strings with at least these columns, `numbers` of them numeric.

    Raises InputError if the file is missing or damaged, lacks a column, or a number is none.
    """
    where = f"calibration/{path.parent.name}/{path.name}"
    try:
        table = pd.read_csv(BytesIO(content(path)), dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{where}: damaged ({reason}); allowed is the file as shipped") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"{where}: column {missing[0]} is missing; allowed is {','.join(columns)}")
    for column in numbers:
        value = pd.to_numeric(table[column], errors="coerce")
        if value.isna().any() or not np.isfinite(value).all():
            line = int(np.flatnonzero(~np.isfinite(value.to_numpy()))[0]) + 2
            bad = table[column].iloc[line - 2]
            raise InputError(f"{where} line {line}: {column}={bad!r}; allowed is a finite number")
        table[column] = value
    return table


def frame(name, columns):
    """A file of calibration/data as a DataFrame of strings with at least these columns."""
    return read_csv(folder() / f"{name}.csv", columns)


def read(name):
    """One table as a DataFrame of strings with numeric `value`; raises InputError if it is missing or damaged."""
    table = read_csv(folder() / f"{name}.csv", COLUMNS, numbers=("value",))
    double = table.duplicated(subset=list(KEYS))
    if double.any():
        line = int(np.flatnonzero(double.to_numpy())[0]) + 2
        name_of = table["parameter"].iloc[line - 2]
        where = f"calibration/data/{name}.csv line {line}"
        raise InputError(f"{where}: {name_of} is there twice; allowed is one row per key")
    return table


_derived = []
_change = None  # what `changed` has put in force: rows -> values


def derived(function):
    """Keep the result of a function that reads figures, until `changed` puts others in force."""
    kept = lru_cache(maxsize=1)(function)
    _derived.append(kept)
    return kept


_kept = []
_estimates = SHIPPED


def kept(function):
    """Keep the result of a function of the files in use."""
    result = lru_cache(maxsize=1)(function)
    _kept.append(result)
    return result


def forget():
    """Drop everything kept from files."""
    for function in (*_kept, *_derived):
        function.cache_clear()


def use_estimates(choice):
    """Take estimates from here on from a folder of `integra calibrate`, or as `shipped`; raises InputError if there is none."""
    global _estimates
    if choice == _estimates:
        return
    if choice != SHIPPED and not (Path(choice) / "estimates.csv").is_file():
        raise refuse("estimates", choice, "shipped, or a folder that integra calibrate has written")
    _estimates = choice
    forget()


def estimates_folder():
    """The folder of the estimates in use."""
    return package_folder() / "estimates" if _estimates == SHIPPED else Path(_estimates)


@kept
def all_tables():
    """Every shipped table in one DataFrame, with the column `file`."""
    return pd.concat([read(name).assign(file=name) for name in FILES], ignore_index=True)


@kept
def _by_parameter():
    """The rows of every parameter, by name."""
    return dict(iter(all_tables().groupby("parameter", sort=False)))


@contextlib.contextmanager
def changed(change):
    """Within the block every figure is read through `change`: rows of one parameter (DataFrame) -> their values."""
    global _change
    before, _change = _change, change
    _forget_derived()
    try:
        yield
    finally:
        _change = before
        _forget_derived()


def _forget_derived():
    for function in _derived:
        function.cache_clear()


def hashes():
    """SHA-256 of every shipped table, by file name."""
    return {f"{name}.csv": hashlib.sha256(content(folder() / f"{name}.csv")).hexdigest() for name in FILES + RULES}


class Parameter:
    """All rows of one parameter; looked up by keys, as scalars or arrays over code lists.

    Raises InputError when a row that is asked for does not exist.
    """

    def __init__(self, name, **fixed):
        rows = _by_parameter().get(name, all_tables().iloc[:0])
        if _change is not None and len(rows):
            rows = rows.assign(value=_change(rows))
        for column, value in fixed.items():
            rows = rows[rows[column] == str(value)]
        if rows.empty:
            where = ", ".join(f"{k}={v}" for k, v in fixed.items())
            raise InputError(f"calibration/data: parameter {name} {where} is missing; allowed is a row for it")
        self.name, self.rows = name, rows

    def scalar(self):
        """The one value of the parameter."""
        if len(self.rows) != 1:
            raise InputError(f"calibration/data: parameter {self.name} has {len(self.rows)} rows; allowed is one")
        return float(self.rows["value"].iloc[0])

    def array(self, *axes):
        """Values over axes given as (column, list of labels); every combination must exist once."""
        columns = [column for column, _ in axes]
        index = self.rows.set_index(columns)["value"]
        if index.index.has_duplicates:
            double = index.index[index.index.duplicated()][0]
            raise InputError(f"calibration/data: parameter {self.name} has two rows for {double}; allowed is one")
        labels = [list(map(str, names)) for _, names in axes]
        wanted = pd.MultiIndex.from_product(labels) if len(axes) > 1 else pd.Index(labels[0])
        values = index.reindex(wanted)
        if values.isna().any():
            lacking = values.index[values.isna().to_numpy()][0]
            raise InputError(f"calibration/data: parameter {self.name} lacks {lacking}; allowed is a row for every code")
        return values.to_numpy(dtype=float).reshape([len(names) for names in labels])

    def by_state(self, *axes):
        """Values over the 27 Member States and further axes."""
        return self.array(("geo", MEMBER_STATES), *axes)


def scalar(name, **fixed):
    """Value of a parameter with a single row."""
    return Parameter(name, **fixed).scalar()
