"""What is estimated for each Member State, the file that holds it, and how it enters the inputs of a run.

Every term is the logarithm of a factor on a mechanism: job finding, activation of the inactive, separation, the odds that a
graduate's job is skilled, job finding of recent arrivals, the odds of work on arrival, leaving work at 55 to 64 (level of
natives, and a trend of everybody), macro conditions by year relative to 2019, and the power to which migrants' job finding
feels them. A factor of one (a log of zero) is the mechanism as the tables have it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from calibration import tables
from calibration.errors import InputError
from calibration.tables import COLUMNS
from model.codes import FIRST_YEAR, GROUPS, HIGH, LAST_YEAR, MEMBER_STATES, ORIGINS, SEXES
from model.cell import SHAPE
from model.labour_market import OLDER

REFERENCE_YEAR = 2019  # macro conditions are one
LAST_MACRO_YEAR = 2025  # last year with published employment of natives
LASTING = 4  # years of macro conditions that make the employment of the last of them, in about equal parts
RECENT_BANDS = 2  # stay bands of less than five years
HIGHEST_HAZARD = 0.9
ORIGIN_OF_GROUP = np.array([0, 1] + [2] * (len(GROUPS) - 2))
GROUPS_OF_ORIGIN = (slice(0, 1), slice(1, 2), slice(2, len(GROUPS)))
EXTRA = ("standard_error", "prior_mean", "prior_sd", "informed")


class Term(NamedTuple):
    """One estimated number of a Member State."""

    name: str
    origin: str
    sex: str
    year: str


MACRO_YEARS = tuple(range(FIRST_YEAR, LAST_MACRO_YEAR + 1))
NATIVE_TERMS = (
    *(Term(name, "native", sex, "2019") for name in ("finding_scale", "activation_scale") for sex in SEXES),
    Term("skilled_odds_scale", "native", "total", "2019"),
    Term("older_exit_scale", "native", "total", "2019"),
    Term("older_exit_trend", "native", "total", "2019"),
    *(Term("macro", "native", "total", str(year)) for year in MACRO_YEARS if year != REFERENCE_YEAR),
)
MIGRANT_TERMS = (
    *(
        Term(name, origin, sex, "2019")
        for origin in ORIGINS[1:]
        for name in ("finding_scale", "activation_scale")
        for sex in SEXES
    ),
    *(
        Term(name, origin, "total", "2019")
        for origin in ORIGINS[1:]
        for name in ("skilled_odds_scale", "separation_scale", "cycle_power")
    ),
    Term("recent_finding_scale", "non_eu_born", "total", "2019"),
    Term("entry_scale", "non_eu_born", "total", "2019"),
)
TERMS = NATIVE_TERMS + MIGRANT_TERMS
INDEX = {term: i for i, term in enumerate(TERMS)}
# Bounds of the factors: beyond the first, hazards sit at their cap and nothing about a person matters any more.
BOUNDS = {
    "finding_scale": (0.1, 8.0),
    "activation_scale": (0.05, 10.0),
    "skilled_odds_scale": (0.02, 50.0),
    "separation_scale": (0.2, 3.0),
    "recent_finding_scale": (0.1, 8.0),
    "entry_scale": (0.05, 20.0),
    "older_exit_scale": (0.2, 5.0),
    "older_exit_trend": (0.05, 5.0),
    "macro": (0.3, 2.5),
    "cycle_power": (0.2, 5.0),
}


def log_bounds(terms=TERMS):
    """Lower and upper bounds of the logs, two arrays."""
    low, high = zip(*(BOUNDS[term.name] for term in terms))
    return np.log(low), np.log(high)


def _column(values, name, origin, sex="total"):
    return values[:, INDEX[Term(name, origin, sex, "2019")]]


def macro_path(values, conditions, year, centre=None):
    """Factor of job finding [ms, quarter] from logs [ms, term].

    `constant`: the conditions of `year` throughout; `estimated`: each year's own up to `year`, then those of `year`. What a draw
    keeps are the conditions of `year` at the `centre` (logs [ms, term]; None where values are no draw), moved by as much as the
    draw differs on average in LASTING years: employment says little of a single year's conditions, which move it by a quarter of
    what they would if they stayed, and draws of one year kept for ten would spread far beyond what employment of that year allows.
    """
    by_year = _by_year(values)
    last = min(year, LAST_MACRO_YEAR) - FIRST_YEAR
    kept, first = by_year[:, [last]], 0
    if conditions == "estimated":
        first = last + 1
        if centre is not None:
            at_centre, recent = _by_year(centre), slice(max(0, first - LASTING), first)
            kept = at_centre[:, [last]] + (by_year - at_centre)[:, recent].mean(axis=1, keepdims=True)
    by_year[:, first:] = kept
    return np.repeat(np.exp(by_year), 4, axis=1)


def _by_year(values):
    """Logs of macro conditions [ms, year to LAST_YEAR] from logs [ms, term]; zero in REFERENCE_YEAR and after the last estimated."""
    found = np.zeros((len(values), LAST_YEAR - FIRST_YEAR + 1))
    for y, year in enumerate(MACRO_YEARS):
        if year != REFERENCE_YEAR:
            found[:, y] = values[:, INDEX[Term("macro", "native", "total", str(year))]]
    return found


def cycle_path(values, macro):
    """Factor of job finding [ms, origin, quarter] beside macro conditions [ms, quarter]: with it migrants feel them to the power
    cycle_power, natives to the power of one."""
    power = np.ones((len(values), len(ORIGINS)))
    for o, origin in enumerate(ORIGINS[1:], start=1):
        power[:, o] = np.exp(_column(values, "cycle_power", origin))
    return macro[:, None] ** (power - 1.0)[:, :, None]


def older_exit_path(values, conditions, year):
    """Factor of leaving work at ages 55 to 64 [ms, quarter] from logs [ms, term]: a trend through 2019 per ten years, which
    stops at `year`; with `constant` that of `year` throughout."""
    first = year if conditions == "constant" else FIRST_YEAR
    decades = (np.arange(FIRST_YEAR, LAST_YEAR + 1).clip(min=first, max=year) - REFERENCE_YEAR) / 10.0
    trend = _column(values, "older_exit_trend", "native")
    return np.repeat(np.exp(trend[:, None] * decades), 4, axis=1)


def apply(inputs, values, macro, centre=None):
    """Inputs with the estimates in them.

    inputs: as load_inputs builds them before estimates, every factor one. values [ms, term]: logs. macro: the settings
    `conditions` and `year`. centre [ms, term]: logs at the centre, where values are a draw (macro_path). Returns new inputs; the
    given ones stay as they are.
    """
    cells = inputs.cells.reshape(SHAPE).copy()
    rates = inputs.rates.copy()
    for o, origin in enumerate(ORIGINS):
        groups = GROUPS_OF_ORIGIN[o]
        for s, sex in enumerate(SEXES):
            finding = np.exp(_column(values, "finding_scale", origin, sex))
            cells["finding"][:, groups, s] *= finding[:, None, None, None]
            activation = np.exp(_column(values, "activation_scale", origin, sex))
            raised = rates["activate"][:, o, s] * activation[:, None, None]
            rates["activate"][:, o, s] = np.minimum(raised, HIGHEST_HAZARD)
        skilled = np.exp(_column(values, "skilled_odds_scale", origin))
        cells["skilled_odds"][:, groups, :, HIGH] *= skilled[:, None, None, None]
        if o == 0:
            older = np.exp(_column(values, "older_exit_scale", origin))[:, None, None, None]
            rates["to_inactive"][:, o, ..., OLDER] *= older
        else:
            separation = np.exp(_column(values, "separation_scale", origin))[:, None, None, None]
            for name in ("to_unemployed", "to_inactive"):
                rates[name][:, o] *= separation
    recent = np.exp(_column(values, "recent_finding_scale", "non_eu_born"))
    cells["finding"][:, 2:, ..., :RECENT_BANDS] *= recent[:, None, None, None, None]
    entry = np.exp(_column(values, "entry_scale", "non_eu_born"))[:, None, None, None, None]
    for name in ("entry_job", "entry_active"):
        share = cells[name][:, 2:]
        cells[name][:, 2:] = share * entry / (1.0 - share + share * entry)
    path = macro_path(values, macro.conditions, macro.year, centre)
    return replace(
        inputs,
        cells=np.ascontiguousarray(cells.reshape(-1)),
        rates=rates,
        macro=path,
        cycle=cycle_path(values, path),
        older_exit=older_exit_path(values, macro.conditions, macro.year),
    )


def as_written():
    """The rows of estimates.csv, factors as they are; raises InputError when the file is missing or damaged."""
    return tables.estimates_table("estimates.csv", COLUMNS + EXTRA, ("value", *EXTRA))


@tables.cached
def read():
    """The estimates in use: a DataFrame in the order Member State, term, with `value` in logs.

    Raises InputError when the file is missing or damaged, a Member State or term is missing or double, or a factor is
    outside its bounds.
    """
    where = tables.estimates_name("estimates.csv")
    table = as_written()
    keys = pd.MultiIndex.from_frame(table[["geo", "parameter", "origin", "sex", "year"]])
    if keys.has_duplicates:
        raise InputError(f"{where}: {' '.join(keys[keys.duplicated()][0])} is there twice; allowed is one row per term")
    wanted = pd.MultiIndex.from_tuples([(ms, *term) for ms in MEMBER_STATES for term in TERMS])
    lacking = wanted.difference(keys)
    if len(lacking):
        raise InputError(f"{where}: {' '.join(lacking[0])} is missing; allowed is a row for every Member State and term")
    table = table.set_index(keys).loc[wanted].reset_index(drop=True)
    for row, (low, high) in zip(table.itertuples(), (BOUNDS[name] for name in table["parameter"])):
        if not low * 0.999 <= row.value <= high * 1.001:
            key = f"{row.parameter} {row.geo} {row.origin} {row.sex} {row.year}"
            raise InputError(f"{where}: {key} value={row.value:g}; allowed is {low:g} to {high:g}")
    table["value"] = np.log(table["value"])
    return table


def values_of(table):
    """Logs [ms, term] of a table as `read` returns it."""
    return table["value"].to_numpy().reshape(len(MEMBER_STATES), len(TERMS))


def table_of(places, values, errors, prior_mean, prior_sd, informed):
    """Rows of estimates.csv for some Member States from arrays [ms, term]: logs, standard errors (log points), priors, and the
    share of the prior variance that the data remove."""
    rows = []
    for m, geo in enumerate(places):
        for k, term in enumerate(TERMS):
            share = informed[m, k]
            note = "" if share >= 0.5 else "prior-driven: the data inform less than half"
            rows.append((
                term.name, geo, term.origin, term.sex, "", "", "", term.year, f"{np.exp(values[m, k]):.6g}", "factor", "none",
                "estimated by simulated moments", "estimated", note, f"{errors[m, k]:.4g}", f"{prior_mean[m, k]:.6g}",
                f"{prior_sd[m, k]:.6g}", f"{share:.3f}",
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS + EXTRA)


def write(table, file):
    """Write rows as table_of builds them."""
    table.to_csv(file, index=False, lineterminator="\n")
