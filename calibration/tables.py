"""Tables of figures: every value with unit, dataset, source and status, read from calibration/data.

The one reader of those files. A damaged or missing table raises InputError with one line that says what is wrong.
"""

import hashlib
from functools import lru_cache
from importlib import resources
from io import BytesIO

import numpy as np
import pandas as pd

from calibration.errors import InputError
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


def folder():
    """The folder of the shipped tables (importlib.resources traversable)."""
    return resources.files("calibration") / "data"


def content(name):
    """The bytes of a shipped file; raises InputError if it is missing."""
    try:
        return (folder() / f"{name}.csv").read_bytes()
    except FileNotFoundError:
        raise InputError(f"calibration/data/{name}.csv: the table is missing; allowed is the file as shipped") from None


def frame(name, columns):
    """A file as a DataFrame of strings with at least these columns; raises InputError if it is missing or damaged."""
    try:
        table = pd.read_csv(BytesIO(content(name)), dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"calibration/data/{name}.csv: damaged ({reason}); allowed is the file as shipped") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"calibration/data/{name}.csv: column {missing[0]} is missing; allowed is {','.join(columns)}")
    return table


def read(name):
    """One table as a DataFrame of strings with numeric `value`; raises InputError if it is missing or damaged."""
    table = frame(name, COLUMNS)
    value = pd.to_numeric(table["value"], errors="coerce")
    if value.isna().any() or not np.isfinite(value).all():
        line = int(np.flatnonzero(~np.isfinite(value.to_numpy()))[0]) + 2
        bad = table["value"].iloc[line - 2]
        raise InputError(f"calibration/data/{name}.csv line {line}: value={bad!r}; allowed is a finite number")
    table["value"] = value
    double = table.duplicated(subset=list(KEYS))
    if double.any():
        line = int(np.flatnonzero(double.to_numpy())[0]) + 2
        name_of = table["parameter"].iloc[line - 2]
        raise InputError(f"calibration/data/{name}.csv line {line}: {name_of} is there twice; allowed is one row per key")
    return table


@lru_cache(maxsize=1)
def all_tables():
    """Every shipped table in one DataFrame, with the column `file`."""
    return pd.concat([read(name).assign(file=name) for name in FILES], ignore_index=True)


def hashes():
    """SHA-256 of every shipped table, by file name."""
    return {f"{name}.csv": hashlib.sha256(content(name)).hexdigest() for name in FILES + RULES}


class Parameter:
    """All rows of one parameter; looked up by keys, as scalars or arrays over code lists.

    Raises InputError when a row that is asked for does not exist.
    """

    def __init__(self, name, **fixed):
        rows = all_tables()
        rows = rows[rows["parameter"] == name]
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
