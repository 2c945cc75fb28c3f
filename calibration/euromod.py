"""Persons of EUROMOD's tab-separated output, and the cells and bands they are averaged into (calibration.fiscal_profiles).

Reads `xx_yyyy_std.txt`: one row per person, amounts per month in national currency (in euros with euro=True). Traps: amounts
are monthly; `ils_ben` already contains `ils_pen`; assistance, housing and family benefits are booked on one member of the
household and are shared equally among its adults here before they are averaged. Weights are `dwt`. Names of income lists are
those of the published software; the codes of les, loc, deh, dcb and dcz and the names of identifiers are recalled.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.errors import InputError, refuse
from calibration.fiscal_profiles import (
    AGES, ALL, BAND_MONEY, CHILD, CHILD_AGE, KEYS, MONEY, POOLING, PROFILES, SINGLES, average_wage,
)  # fmt: skip
from model.codes import EDUCATION, EDUCATION_OUT, MEMBER_STATES, ORIGINS, SEXES
from model.fiscal import POINTS

NAME = re.compile(r"([a-z]{2})_(\d{4})_std\.txt", re.IGNORECASE)
PERSON = ("idhh", "idperson", "dwt", "dag", "dgn", "deh", "les", "loc")
AMOUNTS = (
    "yem", "yse", "ils_tax", "ils_sicee", "ils_sicse", "ils_sicot", "ils_sicer", "ils_ben", "ils_pen", "ils_b2_bunwk",
    "ils_b2_bsaho", "ils_b2_bfaed", "ils_dispy",
)  # fmt: skip
CONSUMPTION_TAX = "ils_taxco"  # there with the extension for indirect taxes only
UNKNOWN = ""  # code outside the list: the person counts in pooled cells only
ORIGIN = dict(zip((1, 2, 3), ORIGINS))  # dcb, dcz
LEVEL = {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 2}  # deh -> model.codes.EDUCATION
# les: farmer, self-employed, employee; pensioner; unemployed; student; inactive, sick or disabled, other.
WORKING = (1, 2, 3)
STATE = {4: "retired", 5: "unemployed", 6: "student", 7: "inactive", 8: "inactive", 9: "inactive"}
EMPLOYEE = 3
SKILLED = (1, 2, 3)  # loc, ISCO-08 main groups
ADULT, LAST_WORKING_AGE = 18, 64
STEPS = 5  # bands of earnings between neighbouring POINTS
CENT = 0.01  # rounding allowed between two lists of the same person
PLAUSIBLE = (0.2, 3.0)  # median earnings of employees over the average wage


def system_of(file):
    """(geo, year) in the name of a file; raises InputError for another name."""
    match = NAME.fullmatch(Path(file).name)
    if not match or match[1].upper() not in MEMBER_STATES:
        raise refuse("files", file, f"xx_yyyy_std.txt as EUROMOD names its output, xx one of {', '.join(MEMBER_STATES)}")
    return match[1].upper(), int(match[2])


def persons(file, exchange_rate, origin):
    """Everybody with a positive weight: KEYS, weight, `alone`, `employee`, MONEY in EUR per year; DataFrame.

    exchange_rate: national currency per euro; origin: `dcb` or `dcz`. Raises InputError for a missing column, a value that is
    no number, a negative weight or age, an unknown sex or status, a person who is there twice, pensions above all benefits,
    and earnings so far from the average wage that amounts cannot be monthly in this currency.
    """
    geo, year = system_of(file)
    wage = average_wage(geo, year)
    raw = _raw(file, origin)
    if raw["idperson"].duplicated().any():
        _refuse(file, raw, raw["idperson"].duplicated(), "idperson", "every person once")
    for column, wrong, allowed in (
        ("dwt", raw["dwt"] < 0, "zero or more"),
        ("dag", raw["dag"] < 0, "zero or more"),
        ("dgn", ~raw["dgn"].isin((0, 1)), "0 (female) or 1 (male)"),
        ("les", (raw["dag"] >= ADULT) & ~raw["les"].isin((*WORKING, *STATE)), "1 to 9 for adults"),
        ("ils_ben", raw["ils_ben"] < raw["ils_pen"] - CENT, "ils_pen or more, which it contains"),
    ):
        _refuse(file, raw, wrong, column, allowed)
    amounts = [*AMOUNTS, *([CONSUMPTION_TAX] if CONSUMPTION_TAX in raw else [])]
    raw[amounts] *= 12.0 / exchange_rate
    household = raw.groupby("idhh")["dag"]
    adult = raw["dag"] >= ADULT
    found = _labels(raw, origin).assign(geo=geo, year=year, weight=raw["dwt"], age=raw["dag"])
    found["alone"] = adult & (household.transform("size") == 1)
    found["employee"] = (raw["les"] == EMPLOYEE) & (raw["yem"] > 0) & (raw["yse"] == 0)
    found["gross"] = raw["yem"] + raw["yse"]
    found["income_tax"] = raw["ils_tax"]
    found["ssc_employee"] = raw["ils_sicee"] + raw["ils_sicot"]
    found["ssc_employer"], found["ssc_self"] = raw["ils_sicer"], raw["ils_sicse"]
    found["pension"], found["unemp"] = raw["ils_pen"], raw["ils_b2_bunwk"]
    found["other_cash"] = raw["ils_ben"] - raw[["ils_pen", "ils_b2_bunwk", "ils_b2_bsaho", "ils_b2_bfaed"]].sum(axis=1)
    found["social_assist"] = shared(raw["ils_b2_bsaho"], raw["idhh"], adult)
    found["family"] = shared(raw["ils_b2_bfaed"], raw["idhh"], adult)
    found["disposable"] = raw["ils_dispy"]
    found["indirect"] = raw.get(CONSUMPTION_TAX, np.nan)
    found["unemp_share"] = (raw["ils_b2_bunwk"] > 0).astype(float)
    found["assist_share"] = (found["social_assist"] > 0).astype(float)
    found["relative"] = found["gross"] / wage
    if (found["origin"] == UNKNOWN).all():
        raise refuse(f"{file} line 2: {origin}", raw[origin].iloc[0], "1 (this Member State), 2 (another one) or 3 (elsewhere)")
    middle = found.loc[found["employee"], "relative"].median()
    if not PLAUSIBLE[0] <= middle <= PLAUSIBLE[1]:
        raise InputError(
            f"{file}: median earnings of employees are {middle:.3g} of the average wage; allowed is {PLAUSIBLE[0]:g} to "
            f"{PLAUSIBLE[1]:g}, with amounts per month and exchange_rate={exchange_rate:g} national currency per euro"
        )
    return found[found["weight"] > 0].reset_index(drop=True)


def shared(amount, household, adult):
    """The sum of each household in equal parts on its adults, or on all its members where nobody is adult."""
    adults = adult.groupby(household).transform("sum")
    members = adult.groupby(household).transform("size")
    total = amount.groupby(household).transform("sum")
    return np.where(adults > 0, adult * total / adults.clip(lower=1), total / members)


def _raw(file, origin):
    """The columns needed, as numbers."""
    columns = (*PERSON, origin, *AMOUNTS)
    try:
        names = pd.read_csv(file, sep="\t", nrows=0, encoding="utf-8").columns
        wanted = [*columns, *({CONSUMPTION_TAX} & set(names))]
        missing = [column for column in columns if column not in names]
        if missing:
            hint = "; origin=dcz takes citizenship" if missing[0] == "dcb" else ""
            raise InputError(f"{file}: column {missing[0]} is missing; allowed is {', '.join(columns)}{hint}")
        raw = pd.read_csv(file, sep="\t", usecols=wanted, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise refuse("files", file, f"a file that can be read ({error.strerror or error})") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: damaged ({reason}); allowed is tab-separated text as EUROMOD writes it") from None
    if raw.empty:
        raise InputError(f"{file}: no person; allowed is one row per person")
    numbers = raw.apply(pd.to_numeric, errors="coerce")
    for column in wanted:
        _refuse(file, raw, ~np.isfinite(numbers[column]), column, "a number (decimal point, no thousands separator)")
    return numbers


def _refuse(file, raw, wrong, column, allowed):
    """Raise InputError for the first person who is wrong."""
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise refuse(f"{file} line {row + 2}: {column}", f"{raw[column].iloc[row]}", allowed)


def _labels(raw, origin):
    """The keys of each person but geo and year."""
    child = raw["dag"] < ADULT
    lows = [int(band.rstrip("+").split("-")[0]) for band in AGES]
    age = np.array(AGES)[np.searchsorted(lows, raw["dag"].to_numpy(), side="right") - 1]
    skilled = np.where(raw["loc"].isin(SKILLED), "skilled", "other")
    state = np.where(raw["les"].isin(WORKING), skilled, raw["les"].map(STATE).fillna(UNKNOWN))
    level = raw["deh"].map(LEVEL).map(lambda number: EDUCATION[int(number)], na_action="ignore").fillna(UNKNOWN)
    return pd.DataFrame(
        {
            "origin": raw[origin].map(ORIGIN).fillna(UNKNOWN),
            "sex": np.array(SEXES)[raw["dgn"].astype(int)],
            "age_band": np.where(child, CHILD_AGE, age),
            "educ": np.where(child, EDUCATION_OUT[-1], level),
            "state": np.where(child, CHILD, state),
        },
        index=raw.index,
    )


def profiles(people, smallest):
    """(cells with PROFILES, coverage): everybody once, in the first cell of at least `smallest` persons.

    A person whose own cell is smaller joins all others of small cells whatever their origin, then whatever their age, sex and
    education. Who is left, because even the state has too few, is in no cell. Coverage: weighted share of persons by what was
    pooled ("own", "origin", "origin, age_band", ..., "left out").
    """
    rest, pieces, coverage = people, [], {}
    for depth in range(len(POOLING) + 1):
        rest = rest.assign(**{key: ALL for key in POOLING[:depth]})
        known = (rest[list(KEYS)] != UNKNOWN).all(axis=1)
        enough = known & (rest.groupby(list(KEYS))["weight"].transform("size") >= smallest)
        pieces.append(rest[enough])
        coverage[", ".join(POOLING[:depth]) or "own"] = rest.loc[enough, "weight"].sum()
        rest = rest[~enough]
    coverage["left out"] = rest["weight"].sum()
    total = people["weight"].sum()
    cells = _averages(pd.concat(pieces), KEYS, (*MONEY, "unemp_share"))
    cells["currency_year"] = cells["year"]
    return cells[list(PROFILES)], {name: weight / total for name, weight in coverage.items()}


def singles(people, smallest):
    """Bands of earnings with SINGLES: persons of 18 to 64 who live alone, employees without pension or benefit by band of
    earnings up to the last of POINTS, and, as the band at zero, those without earnings, pension or unemployment benefit.

    Bands do not straddle POINTS. Neighbouring bands with fewer than `smallest` persons are joined; what stays small is dropped.
    """
    alone = people[people["alone"] & (people["age"] <= LAST_WORKING_AGE) & (people["pension"] == 0) & (people["unemp"] == 0)]
    idle = alone[(alone["gross"] == 0) & (alone["state"] != "student")].assign(band_low=0.0, band_high=0.0)
    paid = alone[alone["employee"] & (alone["relative"] <= POINTS[-1])]
    pieces = [idle] if len(idle) >= smallest else []
    for low, high in zip(POINTS[:-1], POINTS[1:]):
        mine = paid[(paid["relative"] > low) & (paid["relative"] <= high)]
        edges = joined(mine["relative"].to_numpy(), np.linspace(low, high, STEPS + 1), smallest)
        for start, end in zip(edges[:-1], edges[1:]):
            inside = (mine["relative"] > start) & (mine["relative"] <= end)
            pieces.append(mine[inside].assign(band_low=start, band_high=end))
    if not pieces:
        return pd.DataFrame(columns=list(SINGLES))
    keys = ("geo", "year", "band_low", "band_high")
    return _averages(pd.concat(pieces), keys, (*BAND_MONEY, "assist_share"))[list(SINGLES)]


def joined(values, edges, smallest):
    """Edges left when bands with fewer than `smallest` values are joined to a neighbour; the first alone if all are too few."""
    counts = np.diff(np.searchsorted(np.sort(values), edges, side="right"))
    kept, waiting = [edges[0]], 0
    for count, edge in zip(counts, edges[1:]):
        waiting += count
        if waiting >= smallest:
            kept.append(edge)
            waiting = 0
    if len(kept) > 1:
        kept[-1] = edges[-1]  # a small remainder joins the band before it
    return kept


def _averages(rows, keys, columns):
    """Weighted means of `columns` by `keys`, with n_obs and weight, in the order of the keys."""
    weighted = rows[list(columns)].mul(rows["weight"], axis=0)
    groups = [rows[key] for key in keys]
    total = rows["weight"].groupby(groups).agg(["size", "sum"])
    means = weighted.groupby(groups).sum(min_count=1).div(total["sum"], axis=0)
    return means.assign(n_obs=total["size"], weight=total["sum"]).reset_index()
