"""Tables of figures: every value with unit, dataset, source and status, read from calibration/data.

The one reader of those files, and of the dated folders that `integra data update` writes: `use` chooses one, and its
rows then stand in place of the shipped rows with the same keys. A damaged or missing table raises InputError with one
line that says what is wrong.
"""

import contextlib
import hashlib
import json
from functools import lru_cache
from importlib import resources
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.config import DATED
from calibration.errors import InputError, refuse
from model.codes import MEMBER_STATES

COLUMNS = (
    "parameter", "geo", "origin", "sex", "age", "education", "category", "year", "value", "unit", "dataset", "source",
    "status", "note",
)  # fmt: skip
KEYS = ("parameter", "geo", "origin", "sex", "age", "education", "category", "year")
FILES = (
    "population", "demography", "labour", "flows", "integration", "fiscal", "mechanisms", "assumptions",
    "scale_factors", "validation", "effects", "trials",
)  # fmt: skip
RULES = ("roles", "priors", "studies")  # about the tables: what a row is for, how far it may be from the truth, studies in words
LEVERS = ("levers", "lever_effects")  # policy levers, with a layout of their own (calibration/levers.py)
# Figures that are there once, over whatever age range was published: a fetched one replaces it with another range too.
ONE_AGE_RANGE = ("unemployment_rate",)
STATUSES = ("seen", "derived", "recalled", "assumed", "imputed")
EU = "EU27_2020"
SHIPPED = "shipped"
ESTIMATES = ("estimates.csv", "common.csv", "draws.parquet")
AS_ESTIMATED = "the file as integra calibrate wrote it"


def folder():
    """The folder of the shipped tables (importlib.resources traversable)."""
    return resources.files("calibration") / "data"


_caches, _figure_caches = [], []
_chosen = None  # folder of fetched figures in use, None when the shipped ones stand alone
_estimates = SHIPPED  # or the folder of the estimates in use
_change = None  # what `changed` has put in force: rows -> values


def cached(function):
    """`function` without arguments, evaluated once for the files in use."""
    _caches.append(lru_cache(maxsize=1)(function))
    return _caches[-1]


def cached_figures(function):
    """The same for a function that reads figures: evaluated anew when `changed` puts others in force."""
    _figure_caches.append(lru_cache(maxsize=1)(function))
    return _figure_caches[-1]


def forget():
    """Drop everything computed from files."""
    for cache in (*_caches, *_figure_caches):
        cache.cache_clear()


def content(name):
    """The bytes of a shipped file; raises InputError if it is missing."""
    return _bytes(folder() / f"{name}.csv", f"calibration/data/{name}.csv", "the file as shipped")


def _bytes(file, shown, allowed):
    """The bytes of a file; messages call it `shown` and ask for `allowed`."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{shown}: the file is missing; allowed is {allowed}") from None
    except OSError as error:
        raise InputError(f"{shown}: cannot be read ({error.strerror or error}); allowed is {allowed}") from None


def frame(name, columns):
    """A shipped file as a DataFrame of strings with at least these columns; raises InputError if missing or damaged."""
    return _frame(content(name), columns, f"calibration/data/{name}.csv", "the file as shipped")


def _frame(data, columns, shown, allowed):
    """The table in the bytes `data`; messages call it `shown` and ask for `allowed`."""
    try:
        table = pd.read_csv(BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{shown}: damaged ({reason}); allowed is {allowed}") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"{shown}: column {missing[0]} is missing; allowed is {','.join(columns)}")
    return table


def read(name):
    """One table as a DataFrame of strings with numeric `value`; raises InputError if it is missing or damaged."""
    return _figures(frame(name, COLUMNS), f"calibration/data/{name}.csv")


def _figures(table, shown):
    """The table with numeric `value`; raises InputError for a value, status or key that cannot be."""
    table["value"] = _numeric(table, "value", shown)
    unknown = ~table["status"].isin(STATUSES)  # also the last row of a file that was cut off behind the value
    if unknown.any():
        line = int(np.flatnonzero(unknown)[0]) + 2
        raise InputError(f"{shown} line {line}: status={table['status'].iloc[line - 2]!r}; allowed is {', '.join(STATUSES)}")
    double = table.duplicated(subset=list(KEYS))
    if double.any():
        line = int(np.flatnonzero(double.to_numpy())[0]) + 2
        name_of = table["parameter"].iloc[line - 2]
        raise InputError(f"{shown} line {line}: {name_of} is there twice; allowed is one row per key")
    return table


def _numeric(table, column, shown):
    """A column as finite numbers; raises InputError, naming the line, for anything else."""
    value = pd.to_numeric(table[column], errors="coerce")
    if not np.isfinite(value).all():
        line = int(np.flatnonzero(~np.isfinite(value.to_numpy()))[0]) + 2
        raise InputError(f"{shown} line {line}: {column}={table[column].iloc[line - 2]!r}; allowed is a finite number")
    return value


def shipped():
    """Every shipped table in one DataFrame, with the column `file`."""
    return pd.concat([read(name).assign(file=name) for name in FILES], ignore_index=True)


@cached
def all_tables():
    """The figures in use: the shipped ones, and fetched ones in their place, with the column `file`."""
    rows = shipped()
    if _chosen is None:
        return rows
    newer = fetched()
    return pd.concat([rows[~identity(rows).isin(identity(newer))], newer], ignore_index=True)


def identity(rows):
    """What identifies the figure of each row: the keys, without the age range where a figure has one only."""
    age = rows["age"].where(~rows["parameter"].isin(ONE_AGE_RANGE), "")
    return pd.MultiIndex.from_frame(rows[list(KEYS)].assign(age=age))


def fetched():
    """Rows of the chosen folder of fetched figures; raises InputError when a file is not as it was written."""
    rows = []
    for name, data in _written().items():
        table = _figures(_frame(data, COLUMNS, _shown(name), "the file as integra data update wrote it"), _shown(name))
        rows.append(table.assign(file=name.removesuffix(".csv")))
    rows = pd.concat(rows, ignore_index=True)
    double = identity(rows).duplicated()
    if double.any():
        raise InputError(f"{_shown('')}: {rows['parameter'][double].iloc[0]} is there twice; allowed is one row per figure")
    return rows


def _written():
    """The tables of the chosen folder, {name: bytes}; raises InputError when one is not what provenance.json says."""
    allowed = "the folder as integra data update wrote it, or tables=shipped"
    try:
        digests = json.loads((_chosen / "provenance.json").read_text(encoding="utf-8"))["files"]
        written = {name: (_chosen / name).read_bytes() for name in [f"{file}.csv" for file in FILES] if name in digests}
    except FileNotFoundError as error:
        raise InputError(f"{_shown(Path(error.filename).name)}: the file is missing; allowed is {allowed}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError):
        written = {}
    if not written:
        raise InputError(f"{_shown('provenance.json')}: damaged; allowed is {allowed}")
    for name, data in written.items():
        if hashlib.sha256(data).hexdigest() != digests[name]:
            raise InputError(f"{_shown(name)}: changed since it was written; allowed is {allowed}")
    return written


def _shown(name):
    return (Path(_chosen.parent.name) / _chosen.name / name).as_posix()


def dated_folders(root):
    """The folders of fetched figures under `root`, oldest first."""
    found = [(DATED.fullmatch(path.name), path) for path in Path(root).glob("*") if path.is_dir()]
    return [path for _, path in sorted(((match[1], int(match[2] or 1)), path) for match, path in found if match)]


def use(choice, root):
    """Choose the figures: `shipped`, `latest` (shipped when nothing was fetched), or the date of a folder under `root`.

    Raises InputError when there is no folder of that date. Whatever was computed from other figures is forgotten.
    """
    global _chosen
    folders = {path.name: path.resolve() for path in dated_folders(root)} if choice != "shipped" else {}
    if choice not in ("shipped", "latest") and choice not in folders:
        raise refuse("tables.use", choice, f"latest, shipped, or one of {root}: {', '.join(folders) or 'none is there'}")
    chosen = folders.get(choice, next(reversed(folders.values()), None))
    if chosen != _chosen:
        _chosen = chosen
        forget()


def use_estimates(choice):
    """Take estimates as `shipped`, or from a folder of `integra calibrate`; raises InputError if it holds none."""
    global _estimates
    if choice != SHIPPED and not (Path(choice) / ESTIMATES[0]).is_file():
        raise refuse("estimates", choice, "shipped, or a folder that integra calibrate has written")
    if choice != _estimates:
        _estimates = choice
        forget()


def estimates_file(name):
    """The bytes of a file of the estimates in use; raises InputError if it is missing."""
    root = resources.files("calibration") / "estimates" if _estimates == SHIPPED else Path(_estimates)
    return _bytes(root / name, estimates_name(name), AS_ESTIMATED)


def estimates_name(name):
    """What messages call a file of the estimates in use: its path."""
    return f"calibration/estimates/{name}" if _estimates == SHIPPED else (Path(_estimates) / name).as_posix()


def estimates_table(name, columns, numbers):
    """A CSV file of the estimates in use, some columns numeric; raises InputError if it is missing or damaged."""
    shown = estimates_name(name)
    table = _frame(estimates_file(name), columns, shown, AS_ESTIMATED)
    for column in numbers:
        table[column] = _numeric(table, column, shown)
    return table


@contextlib.contextmanager
def changed(change):
    """Within the block every figure is read through `change`: rows of one parameter (DataFrame) -> their values."""
    global _change
    before, _change = _change, change
    for cache in _figure_caches:
        cache.cache_clear()
    try:
        yield
    finally:
        _change = before
        for cache in _figure_caches:
            cache.cache_clear()


@cached
def _by_parameter():
    """The rows of every parameter, by name."""
    return dict(iter(all_tables().groupby("parameter", sort=False)))


def rows_of(name):
    """The rows of one parameter, none if there is no such parameter."""
    rows = _by_parameter().get(name, all_tables().iloc[:0])
    return rows if _change is None or rows.empty else rows.assign(value=_change(rows))


def in_use():
    """One line on the fetched figures in use; None when there are none."""
    if _chosen is None:
        return None
    rows, newer = shipped(), fetched()
    replaced = int(identity(rows).isin(identity(newer)).sum())
    further = len(newer) - int(identity(newer).isin(identity(rows)).sum())
    return (
        f"figures of Eurostat extracted {DATED.fullmatch(_chosen.name)[1]} ({_shown('')}) in place of {replaced} shipped ones,"
        f" {further} further (tables=shipped leaves them out)"
    )


def hashes():
    """SHA-256 of every table in use, by file name; those of fetched figures carry the name of their folder."""
    files = {f"{name}.csv": content(name) for name in FILES + RULES + LEVERS}
    files |= {name: estimates_file(name) for name in ESTIMATES}
    if _chosen is not None:
        files |= {_shown(name): data for name, data in _written().items()}
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


class Parameter:
    """All rows of one parameter; looked up by keys, as scalars or arrays over code lists.

    Raises InputError when a row that is asked for does not exist.
    """

    def __init__(self, name, **fixed):
        rows = rows_of(name)
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


def where_given(name, *axes, **fixed):
    """Values of a parameter over axes given as (column, list of labels), NaN where there is no row."""
    rows = rows_of(name)
    for column, value in fixed.items():
        rows = rows[rows[column] == str(value)]
    wanted = pd.MultiIndex.from_product([labels for _, labels in axes])
    values = rows.set_index([column for column, _ in axes])["value"].reindex(wanted)
    return values.to_numpy(dtype=float).reshape([len(labels) for _, labels in axes])


def scalar(name, **fixed):
    """Value of a parameter with a single row."""
    return Parameter(name, **fixed).scalar()
