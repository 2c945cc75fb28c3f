"""Moments: published EU-LFS figures of a Member State, their sampling errors, and the same figures of a simulation.

Only figures that were published (or derived from published ones by a stated rule) are moments; imputed cells are not, except
macro conditions of the last years, with an error of their own.
Age ranges follow each published table. From 2021 on, natives' employment is put on the definition used before by the break
term, which is estimated on natives.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from calibration import shocks, tables
from calibration.errors import InputError
from calibration.estimate import MACRO_YEARS, REFERENCE_YEAR
from calibration.tables import Parameter, scalar
from model.codes import FIRST_YEAR, MEASURE, MEMBER_STATES, ORIGINS, SEXES
from model.codes import STAY_MEASURES as STAY

MOMENT_YEARS = (2018, 2019)
BREAK_YEAR = 2021
RECENT_YEARS = 5  # completed years since arrival below which a person counts as recently arrived
PUBLISHED = ("seen", "derived")  # statuses of figures that were published or follow from published ones by a stated rule
WORKING_AGE = ("employment_rate", {"age": "20-64"})
RATES = {  # figure: its table and labels; the figure of natives whose change a shock departs from
    "employment": (*WORKING_AGE, *WORKING_AGE),
    "unemployment": ("unemployment_rate", {"origin": "non_eu_born", "age": "15-74"}, "unemployment_rate", {"age": "20-64"}),
    "recent": ("employment_rate_recent", {}, *WORKING_AGE),
}
FEWEST = 10  # Member States a shock is estimated from
# Rates lie in these ranges; anything else is a slip in a table.
RANGE = (0.0, 1.0)


class Moment(NamedTuple):
    """One figure: employment, unemployment, overqualification, recent (employment of recent arrivals), or employment at prime
    (25-54) and older (55-64) working age; prime and older in other years than 2019 are changes since 2019."""

    figure: str
    origin: str
    sex: str
    year: int


AGES = {"prime": ("25-54", slice(1, 7)), "older": ("55-64", slice(7, 9))}  # published ages and their five-year bands
NATIVE_MOMENTS = (
    *(Moment("prime", "native", "total", year) for year in MACRO_YEARS if year != REFERENCE_YEAR),
    *(Moment("older", "native", "total", year) for year in (2018, 2019, 2021, 2022)),
    *(Moment("employment", "native", sex, year) for year in MOMENT_YEARS for sex in SEXES),
    *(Moment("unemployment", "native", sex, 2019) for sex in SEXES),
    Moment("overqualification", "native", "total", 2019),
)
MIGRANT_MOMENTS = (
    *(Moment("employment", origin, sex, year) for origin in ORIGINS[1:] for year in MOMENT_YEARS for sex in SEXES),
    *(Moment("unemployment", origin, sex, 2019) for origin in ORIGINS[1:] for sex in SEXES),
    *(Moment("unemployment", "non_eu_born", sex, 2018) for sex in SEXES),
    *(Moment("overqualification", origin, "total", 2019) for origin in ORIGINS[1:]),
    *(Moment("recent", "non_eu_born", "total", year) for year in MOMENT_YEARS),
)
MOMENTS = NATIVE_MOMENTS + MIGRANT_MOMENTS
LAST_MIGRANT_YEAR = max(moment.year for moment in MIGRANT_MOMENTS)
INDEX = {moment: i for i, moment in enumerate(MOMENTS)}


@tables.cached_figures
def break_term():
    """Points (shares) by which published employment rates from 2021 on exceed the definition used before, [ms]."""
    return Parameter("break_2021", origin="native").by_state()


def published():
    """Every moment of every Member State: DataFrame geo, figure, origin, sex, year, value, standard_error, status.

    Values and errors are shares. Figures that are missing or imputed are left out. Raises InputError for a figure outside
    0 to 1 or a moment that is there twice.
    """
    rates = {
        "employment": Parameter("employment_rate", age="20-64").rows,
        "unemployment": Parameter("unemployment_rate").rows,
        "overqualification": Parameter("overqualification_rate").rows,
        "recent": Parameter("employment_rate_recent").rows,
    }
    rates |= {figure: Parameter("native_employment_rate", age=ages).rows for figure, (ages, _) in AGES.items()}
    rule = Rule()
    rows = []
    for moment in MOMENTS:
        is_macro = moment.figure in AGES
        table = rates[moment.figure]
        if change(moment):
            before = table[table["year"] == str(REFERENCE_YEAR)].set_index("geo")["value"]
        table = table[(table["origin"] == moment.origin) & (table["sex"] == moment.sex) & (table["year"] == str(moment.year))]
        for geo, value, status in zip(table["geo"], table["value"], table["status"]):
            if geo not in MEMBER_STATES or (status == "imputed" and not is_macro):
                continue
            if change(moment) and geo not in before:
                raise InputError(f"calibration/data: {' '.join(map(str, moment))} {geo} has no figure of {REFERENCE_YEAR}; "
                                 "allowed is a change from a published one")
            first = float(before[geo]) if change(moment) else value
            for share, of in ((value, moment), (first, moment._replace(year=REFERENCE_YEAR) if change(moment) else moment)):
                if not RANGE[0] < share < RANGE[1]:
                    raise InputError(
                        f"calibration/data: {' '.join(map(str, of))} {geo} value={share:g}; allowed is above 0 and below 1"
                    )
            ms = MEMBER_STATES.index(geo)
            if is_macro and moment.year >= BREAK_YEAR:
                value = value - break_term()[ms]
            error = rule.standard_error(moment, ms, value, status)
            if change(moment):
                error = np.hypot(error, rule.standard_error(moment, ms, first, "seen"))
                value -= first
            if is_macro and moment.year >= BREAK_YEAR:
                error = np.hypot(error, rule.break_error)
            rows.append((geo, *moment, value, error, status))
    found = pd.DataFrame(rows, columns=["geo", *Moment._fields, "value", "standard_error", "status"])
    double = found.duplicated(subset=["geo", *Moment._fields])
    if double.any():
        row = found[double].iloc[0]
        raise InputError(
            f"calibration/data: moment {row['figure']} {row['origin']} {row['sex']} {row['year']} {row['geo']} is there twice; "
            "allowed is one row per moment"
        )
    found["standard_error"] = np.hypot(found["standard_error"], shocks_before(found))
    return found


def shocks_before(found):
    """Standard deviation [row of `found`] of the shocks that lie between a migrant moment and REFERENCE_YEAR, zero for the others.

    The estimates describe REFERENCE_YEAR; what moved a Member State's figure between an earlier year and it is no matter of them.
    A Member State whose figure jumped by more than sampling and the shocks of all explain had a larger one (shocks.given_change).
    """
    deviation = np.zeros(len(found))
    rule = Rule()
    for figure in RATES:
        for origin in ORIGINS[1:]:
            yearly = yearly_shock(rule, figure, origin)
            mine = found[(found["figure"] == figure) & (found["origin"] == origin)]
            for (sex, year), early in mine[mine["year"] < REFERENCE_YEAR].groupby(["sex", "year"]):
                last = mine[(mine["sex"] == sex) & (mine["year"] == REFERENCE_YEAR)].set_index("geo").reindex(early["geo"])
                jump = last["value"].to_numpy() - early["value"].to_numpy()
                error = np.hypot(last["standard_error"].to_numpy(), early["standard_error"].to_numpy())
                deviation[early.index] = shocks.given_change(jump, error, yearly, REFERENCE_YEAR - year)
    return deviation


def cells(rows, column="value"):
    """A column of rows by (place, origin, sex, year)."""
    keys = zip(rows["geo"], rows["origin"], rows["sex"], rows["year"])
    return dict(zip(keys, rows[column]))


def change(moment):
    """Whether the moment is a change since 2019."""
    return moment.figure in AGES and moment.year != REFERENCE_YEAR


def group_persons():
    """Persons aged 15-74 on 1 January 2017 by origin and sex, [ms, origin, sex]."""
    from calibration.load_inputs import demography

    stock = demography()[0].sum(axis=(4, 5))[:, :, :, 3:15].sum(axis=3)
    return np.stack([stock[:, 0], stock[:, 1], stock[:, 2:].sum(axis=1)], axis=1)


def group_shares():
    """Share of each origin and sex in persons aged 15-74, [ms, origin, sex]."""
    persons = group_persons()
    return persons / persons.sum(axis=(1, 2), keepdims=True)


class Rule:
    """The rule for the sampling error of a published rate: binomial with the LFS sample that falls on the group.

    Persons interviewed per quarter times the independent quarters of a year, divided by the design effect, times the share
    of the group and of the figure's base in it. Proxies and imputed macro conditions carry a stated extra error; rounding
    and definitions add a floor.
    """

    def __init__(self):
        persons = Parameter("lfs_sample").by_state() * scalar("lfs_annual_factor") / scalar("lfs_design_effect")
        self.sample = persons[:, None, None] * group_shares()
        rows = Parameter("moment_sample_share").rows
        self.base = dict(zip(rows["category"], rows["value"]))
        rows = Parameter("overqualification_proxy_error").rows
        self.proxy = dict(zip(rows["origin"], rows["value"]))
        self.floor, self.ages = scalar("moment_floor"), scalar("unemployment_age_error")
        self.imputed, self.derived = scalar("macro_imputed_error"), scalar("macro_derived_error")
        self.break_error = scalar("break_error")

    def standard_error(self, moment, ms, value, status):
        """Standard error of a share, for one Member State."""
        sex = slice(None) if moment.sex == "total" else [SEXES.index(moment.sex)]
        sample = self.sample[ms, ORIGINS.index(moment.origin), sex].sum() * self.base[moment.figure]
        extra = self.floor
        if moment.figure == "overqualification":
            extra = self.proxy[moment.origin]
        elif moment.figure == "unemployment" and moment.origin == "eu_born":
            extra = self.ages
        elif status in ("imputed", "derived") and moment.figure == "prime":
            extra = self.imputed if status == "imputed" else self.derived
        return float(np.sqrt(value * (1.0 - value) / max(sample, 1.0) + extra**2))


def yearly_shock(rule, figure, origin):
    """Standard deviation (share) of one year's shock to a figure of RATES of an origin, zero where fewer than FEWEST Member States
    publish it and that of natives in every year of shocks.YEARS."""
    table, labels, native_table, native_labels = RATES[figure]
    rows = Parameter(table, **labels).rows
    own = cells(rows[rows["status"].isin(PUBLISHED) & (rows["origin"] == origin)])
    natives = cells(Parameter(native_table, origin="native", **native_labels).rows)
    changes, errors = [], []
    for ms, geo in enumerate(MEMBER_STATES):
        path = [own.get((geo, origin, "total", year), np.nan) - natives.get((geo, "native", "total", year), np.nan)
                for year in shocks.YEARS]  # fmt: skip
        if np.isfinite(path).all():
            changes.append(np.diff(path))
            level = own[geo, origin, "total", shocks.YEARS[-1]]
            errors.append(rule.standard_error(Moment(figure, origin, "total", REFERENCE_YEAR), ms, level, "seen"))
    return shocks.yearly_deviation(np.array(changes), np.array(errors)) if len(changes) >= FEWEST else 0.0


def simulated(results, row):
    """The moments [moment] of one Member State (row of the results); nan for years not simulated. Shares."""
    counts = results.counts[:, row].sum(axis=3)
    both = counts.sum(axis=2)
    quarters = results.cells[:, row]  # [quarter, origin, sex, age 9, education, sums]: persons, employed, ...
    by_age = quarters.reshape(-1, 4, *quarters.shape[1:]).sum(axis=(1, 3, 5))
    found = np.full(len(MOMENTS), np.nan)
    for i, moment in enumerate(MOMENTS):
        y, o = moment.year - FIRST_YEAR, ORIGINS.index(moment.origin)
        if max(y, REFERENCE_YEAR - FIRST_YEAR if change(moment) else y) >= len(counts):
            continue
        if moment.figure == "recent":
            people = results.by_stay[y, row, :, :, :RECENT_YEARS].sum(axis=(0, 1, 2))
            found[i] = people[STAY.index("employed_20_64")] / max(1, people[STAY.index("persons_20_64")])
            continue
        if moment.figure in AGES:
            people = by_age[:, o, AGES[moment.figure][1]].sum(axis=1)
            share = people[:, 1] / np.maximum(1, people[:, 0])
            found[i] = share[y] - (share[REFERENCE_YEAR - FIRST_YEAR] if change(moment) else 0.0)
            continue
        people = both[y, o] if moment.sex == "total" else counts[y, o, SEXES.index(moment.sex)]
        found[i] = rate(moment, people)
    return found


def kept_on(found, year):
    """Simulated moments [moment] with those after `year` as in it, for slopes of runs that end then."""
    found = found.copy()
    for i, moment in enumerate(MOMENTS):
        if moment.year > year:
            found[i] = found[INDEX[moment._replace(year=year)]]
    return found


def rate(moment, people):
    """The figure from counts [measure] of a group."""
    def count(name):
        return people[MEASURE[name]]

    if moment.figure == "employment":
        return count("employed_20_64") / max(1, count("persons_20_64"))
    if moment.figure == "overqualification":
        return count("overqualified_20_64") / max(1, count("tertiary_employed_20_64"))
    ages = "20_64" if moment.origin == "native" else "15_74"
    active = count(f"employed_{ages}") + count(f"unemployed_{ages}")
    return count(f"unemployed_{ages}") / max(1, active)
