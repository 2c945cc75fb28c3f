"""Fiscal levels from profiles: mean taxes and benefits of cells of persons, as `integra data euromod` writes them.

Reads a folder with two tables, money in EUR per person and year, at prices of the policy year:
`profiles.csv`, everybody once, in the cell (origin, sex, age, education, state) that is large enough; "all" in a key are the
persons whose own cells were too small; and `singles.csv`, persons of working age who live alone from earnings, or from
nothing but assistance, by band of earnings relative to the average wage. Gives levels for calibration.fiscal_engine.
"""

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.errors import InputError, refuse
from calibration.fiscal_tables import unscaled_table
from calibration.tables import all_tables
from model.codes import EDUCATION_OUT, LABOUR, MEMBER_STATES, ORIGINS, SEXES
from model.fiscal import POINTS

ALL = "all"
CHILD, CHILD_AGE = "child", "0-17"
AGES = (CHILD_AGE, "18-24", "25-34", "35-49", "50-59", "60-64", "65-74", "75+")
ADULT_AGES = AGES[1:6]
STATES = (CHILD, *LABOUR)
POOLING = ("origin", "age_band", "sex", "educ")  # given up in this order where a cell is too small
KEYS = ("geo", "year", *POOLING, "state")
LABELS = {"origin": ORIGINS, "sex": SEXES, "age_band": AGES, "educ": EDUCATION_OUT, "state": STATES}
MONEY = (
    "gross", "income_tax", "ssc_employee", "ssc_employer", "ssc_self", "pension", "unemp", "social_assist", "family",
    "other_cash", "indirect", "disposable",
)  # fmt: skip
# unemp_share: share of the cell with unemployment benefit; indirect is empty without EUROMOD's extension for consumption taxes.
PROFILES = (*KEYS, "n_obs", "weight", *MONEY, "unemp_share", "currency_year")
BAND_MONEY = ("gross", "income_tax", "ssc_employee", "ssc_employer", "social_assist")
# band_low, band_high: earnings over the average wage; assist_share: share of the band with assistance.
SINGLES = ("geo", "year", "band_low", "band_high", "n_obs", "weight", *BAND_MONEY, "assist_share")
FILES = ("profiles.csv", "singles.csv")
SCHEDULES = {"income_tax": "income_tax", "employee": "ssc_employee", "employer": "ssc_employer"}
# Columns of FISCAL that profiles may tell.
LEVELS = (
    *SCHEDULES, "child_benefit", "other_cash", "minimum_income", "replacement", "pension_factor",
    "indirect_rate",
)  # fmt: skip
MARGIN = 1e-6  # of the average wage: rounding of money in the files


def average_wage(geo, year):
    """Average wage, EUR per year; raises InputError for a year without one, because schedules are shares of it."""
    rows = all_tables()  # not as drawn: what an engine delivers is the same in every draw
    rows = rows[(rows["parameter"] == "average_wage") & (rows["geo"] == geo)]
    mine = rows.loc[rows["year"] == str(year), "value"]
    if mine.empty:
        raise refuse(
            "year", f"{year} ({geo})", f"{', '.join(sorted(rows['year']))}, the years with an average wage in the tables"
        )
    return float(mine.iloc[0])


def hashes(folder):
    """SHA-256 of the files of the folder."""
    return {f"fiscal/{name}": hashlib.sha256(_content(folder, name)).hexdigest() for name in FILES}


def _content(folder, name):
    try:
        return (Path(folder) / name).read_bytes()
    except OSError:
        raise refuse("fiscal.folder", folder, f"a folder with {' and '.join(FILES)}, as integra data euromod writes") from None


def read(folder):
    """The two tables of a folder as DataFrames (profiles, singles).

    Raises InputError for a missing file or column, a value that is no number, a negative weight, n_obs below one, an unknown
    Member State or label, a cell that is there twice, or more than one year of a Member State.
    """
    profiles = _table(folder, FILES[0], PROFILES, (*MONEY, "unemp_share"), optional=("indirect",))
    for column, labels in LABELS.items():
        allowed = labels if column == "state" else (*labels, ALL)
        _lines(folder, FILES[0], profiles, ~profiles[column].isin(allowed), column, ", ".join(allowed))
    _once(folder, FILES[0], profiles, KEYS)
    if profiles.empty:
        raise InputError(f"{Path(folder) / FILES[0]}: no row; allowed is one row per cell")
    singles = _table(folder, FILES[1], SINGLES, ("band_low", "band_high", *BAND_MONEY, "assist_share"))
    _lines(folder, FILES[1], singles, singles["band_high"] < singles["band_low"], "band_high", "band_low or more")
    _once(folder, FILES[1], singles, ("geo", "year", "band_high"))
    years = pd.concat([profiles, singles])[["geo", "year"]].drop_duplicates()
    double = years.loc[years["geo"].duplicated(), "geo"]
    if len(double):
        raise refuse("fiscal.folder", folder, f"one year of each Member State; of {double.iloc[0]} there are two")
    for row in years.itertuples():
        average_wage(row.geo, row.year)
    return profiles, singles


def _table(folder, name, columns, numbers, optional=()):
    """One of the tables with its columns checked; messages name file and line."""
    content = _content(folder, name)
    try:
        table = pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(
            f"{Path(folder) / name}: damaged ({error}); allowed is the file as integra data euromod writes"
        ) from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"{Path(folder) / name}: column {missing[0]} is missing; allowed is {','.join(columns)}")
    _lines(folder, name, table, ~table["geo"].isin(MEMBER_STATES), "geo", ", ".join(MEMBER_STATES))
    shown = table.copy()
    for column in (*numbers, "n_obs", "weight", "year"):
        value = pd.to_numeric(table[column], errors="coerce")
        empty = (table[column] == "") if column in optional else pd.Series(False, index=table.index)
        _lines(folder, name, shown, ~np.isfinite(value) & ~empty, column, "a number")
        table[column] = value
    _lines(folder, name, shown, table["n_obs"] < 1, "n_obs", "1 or more")
    _lines(folder, name, shown, table["weight"] < 0, "weight", "zero or more")
    table["year"] = table["year"].astype(int)
    return table


def _lines(folder, name, table, wrong, column, allowed):
    """Raise InputError for the first row that is wrong."""
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise refuse(f"{Path(folder) / name} line {row + 2}: {column}", table[column].iloc[row], allowed)


def _once(folder, name, table, keys):
    double = table.duplicated(list(keys))
    if double.any():
        row = int(np.flatnonzero(double.to_numpy())[0])
        cell = " ".join(str(value) for value in table[list(keys)].iloc[row])
        raise refuse(f"{Path(folder) / name} line {row + 2}: cell", cell, "every cell once")


def levels(folder):
    """{geo: {column of FISCAL: value}} of every Member State in the folder, EUR of 2019 by the growth of the average wage."""
    profiles, singles = read(folder)
    table, found = unscaled_table(), {}
    for geo in profiles["geo"].unique():
        mine, alone = profiles[profiles["geo"] == geo], singles[singles["geo"] == geo]
        wage = average_wage(geo, int(mine["year"].iloc[0]))
        to_2019 = average_wage(geo, 2019) / wage
        built_in = table[MEMBER_STATES.index(geo)]
        found[geo] = (
            schedules(alone, wage, built_in) | benefits(mine, alone, to_2019, built_in) | indirect_rate(mine, wage, built_in)
        )
    return found


def schedules(singles, wage, built_in):
    """Income tax and contributions at POINTS, shares of the average wage `wage`; nothing without bands of earnings."""
    bands = singles[(singles["gross"] > 0) & (singles["band_high"] <= POINTS[-1] + MARGIN)]
    if bands.empty:
        return {}
    x, weight = bands["gross"].to_numpy() / wage, bands["weight"].to_numpy()
    return {column: fitted(x, bands[name].to_numpy() / wage, weight, built_in[column]) for column, name in SCHEDULES.items()}


def fitted(x, y, weight, built_in):
    """The schedule at POINTS that is nearest to the points (x, y): weighted least squares of the piecewise-linear function
    that starts at zero and never falls.

    Unknowns are the rises between neighbouring POINTS; where there is no observation between two of them, the rise is that
    of the built-in schedule. All in shares of the average wage.
    """
    rise = np.clip((x[:, None] - POINTS[:-1]) / np.diff(POINTS), 0.0, 1.0)
    seen = ((rise > 0.0) & ((rise < 1.0) | (np.abs(x[:, None] - POINTS[1:]) < MARGIN))).any(axis=0)
    usual = np.diff(built_in)
    scale = np.sqrt(weight / weight.sum())
    aim = (y - rise[:, ~seen] @ usual[~seen]) * scale
    from scipy.optimize import lsq_linear  # slow to load, and needed by this engine only

    usual[seen] = lsq_linear(rise[:, seen] * scale[:, None], aim, bounds=(0.0, np.inf), method="bvls").x
    return np.concatenate([[0.0], np.cumsum(usual)])


def benefits(profiles, singles, to_2019, built_in):
    """Levels of cash benefits and pensions; those that the cells do not tell are left out and stay built-in."""
    found = {}
    children = profiles.loc[profiles["state"] == CHILD, "weight"].sum()
    if children > 0:
        found["child_benefit"] = to_2019 * _sum(profiles, "family") / children
    pooled = (profiles["age_band"] == ALL) & ~profiles["state"].isin((CHILD, "retired"))
    adults = profiles[profiles["age_band"].isin(ADULT_AGES) | pooled]
    if len(adults):
        found["other_cash"] = to_2019 * max(_mean(adults, "other_cash"), 0.0)
    idle = singles[(singles["gross"] == 0) & (singles["assist_share"] > 0)]
    if len(idle):
        found["minimum_income"] = to_2019 * _sum(idle, "social_assist") / _sum(idle, "assist_share")
    working = profiles[profiles["state"].isin(("skilled", "other")) & (profiles["gross"] > 0)]
    found |= insurance(profiles[profiles["state"] == "unemployed"], working, built_in)
    retired = profiles[(profiles["state"] == "retired") & (profiles["age_band"] == "65-74")]
    late = working[working["age_band"] == "50-59"]
    if len(retired) and len(late):  # the aggregate replacement ratio of Eurostat (ilc_pnp3), with means for medians
        found["pension_factor"] = _mean(retired, "pension") / _mean(late, "gross")
    return found


def insurance(unemployed, working, built_in):
    """Replacement rate: mean unemployment benefit of the unemployed who receive it, relative to the mean net pay of people in
    work. EUROMOD does not tell the first months from later ones: their ratios stay built-in. So does coverage, which is a share
    of the insured who lose a job; how many of the unemployed receive follows from contributions."""
    receiving = _sum(unemployed, "unemp_share")
    net = _sum(working, "gross") - _sum(working, "income_tax") - _sum(working, "ssc_employee") - _sum(working, "ssc_self")
    if receiving <= 0 or net <= 0:
        return {}
    rate = (_sum(unemployed, "unemp") / receiving) / (net / working["weight"].sum())
    usual = built_in["replacement"]
    return {"replacement": rate * (usual / usual[0] if usual[0] > 0.0 else np.array([1.0, 0.0, 0.0]))}


def indirect_rate(profiles, wage, built_in):
    """Consumption taxes over what the account takes to be spent; nothing without EUROMOD's extension."""
    rows = profiles[(profiles["disposable"] > 0) & (profiles["weight"] > 0)]
    if rows.empty or profiles["indirect"].isna().any():
        return {}
    band = np.searchsorted((0.6, 1.0, 1.5), rows["disposable"].to_numpy() / (built_in["median"] * wage), side="right")
    spent = (rows["weight"] * rows["disposable"] * (1.0 - built_in["saving"][band])).sum()
    return {"indirect_rate": _sum(profiles, "indirect") / spent}


def _sum(rows, column):
    return float((rows["weight"] * rows[column]).sum())


def _mean(rows, column):
    weight = rows["weight"].sum()
    return _sum(rows, column) / weight if weight > 0 else 0.0
