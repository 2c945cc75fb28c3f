"""How far parameters that are not estimated may be from their shipped values: calibration/data/priors.csv.

A rule names a parameter and, where given, labels of other columns (several joined by `|`; blank means any). The shift is
normal with mean zero and standard deviation `sd` on the scale of `transform`, so the shipped value is the prior median;
the result is held within `low` and `high`, in natural units, blank for none.

- scope `common`: one shift for all rows of the rule, whatever the Member State or label;
- scope `state`: one shift per Member State, independent, for all its rows of the rule; rows of the EU are not shifted.

Reference levels of ratios (education medium, ages 35-54) have no rule: only ratios to them matter.
"""

import numpy as np
import pandas as pd

from calibration.roles import SELECTORS, assign, label, refused, rule_of_row
from calibration.tables import STATUSES, all_tables, frame

TRANSFORMS = ("identity", "log", "logit")
SCOPES = ("common", "state")
ROLES = ("input", "prior", "factor")
COLUMNS = (
    "parameter", "origin", "age", "education", "category", "transform", "sd", "low", "high", "scope", "source", "status",
    "note",
)  # fmt: skip

_SUMS = "shares of one whole; margins of the layout, raked"
_LEVEL = "its level is fixed by moments: sampling error enters there; the age profile follows"
_SCALE = "unit or scale of other figures, not a parameter"
_ERROR = "error of a moment: widens the estimates instead"
_STEP = "acts in whole quarters: small shifts round to one quarter more or to nothing"
_SWITCH = "structural alternative: a switch beside the draws, without effect unless chosen"
# Parameters the code reads that are neither drawn nor estimated, each with the reason.
EXACT = (
    ("population", "register counts"),
    ("age_sex_share", _SUMS),
    ("education_share", _SUMS),
    ("valid_permit_share", _SUMS),
    ("stay_share", _SUMS),
    ("arrival_age_share", _SUMS),
    ("fertility_share", _SUMS),
    ("language_before", _SUMS),
    ("partner_share", _SUMS),
    ("arrivals", "only shares of reasons are read; the level is solved from the stock, which is drawn"),
    ("employment_rate", _LEVEL),
    ("unemployment_rate", _LEVEL),
    ("gdp", "turns published shares of GDP into amounts"),
    ("gdp_per_head", "turns unit costs into amounts; their scales are drawn"),
    ("hicp", _SCALE),
    ("male_births", "known to the third digit"),
    ("work_permission", _STEP),
    ("scarring", _SWITCH),
    ("scarring_longest", _SWITCH),
    ("migrant_pay_gap_alternative", _SWITCH),
    ("employment_rate_recent", "moments of 2018 and 2019; no other year is read"),
    ("lfs_persons", "weights of the EU's rates in fit.csv; no result uses it"),
    ("lfs_sample", _ERROR),
    ("lfs_annual_factor", _ERROR),
    ("lfs_design_effect", _ERROR),
    ("moment_sample_share", _ERROR),
    ("moment_floor", _ERROR),
    ("language_current_error", _ERROR),
    ("overqualification_proxy_error", _ERROR),
    ("unemployment_age_error", _ERROR),
    ("macro_imputed_error", _ERROR),
    ("macro_derived_error", _ERROR),
    ("break_error", _ERROR),
    ("break_2021", "its error is break_error"),
    ("unemployment_trap", "shown beside the schedules; the initial replacement rate derived from it is drawn"),
    ("tax_wedge", "shown beside the schedules, which are drawn"),
    ("insured_after", _STEP),
    ("course_quarters_advanced", _STEP),
)


def read():
    """The rules with numeric sd, low and high (infinite for none); raises InputError, one line, for any that makes no sense."""
    table = frame("priors", COLUMNS)
    known = set(all_tables()["parameter"])
    for i, rule in enumerate(table.to_dict("records")):
        for column, allowed in (("transform", TRANSFORMS), ("scope", SCOPES), ("status", STATUSES)):
            if rule[column] not in allowed:
                raise refused("priors", i + 2, f"{column}={rule[column]}", ", ".join(allowed))
        if rule["parameter"] not in known:
            raise refused("priors", i + 2, f"parameter={rule['parameter']}", "a parameter of the tables")
    for column, blank in (("sd", ""), ("low", "-inf"), ("high", "inf")):
        value = pd.to_numeric(table[column].replace("", blank), errors="coerce")
        bad = ~(np.isfinite(value) & (value > 0)) if column == "sd" else value.isna()
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            allowed = "a number above zero" if column == "sd" else "a number or nothing"
            raise refused("priors", i + 2, f"{column}={table[column].iloc[i]}", allowed)
        table[column] = value
    return table


def check():
    """Raise InputError, one line, unless every rule serves rows of the tables that may be drawn."""
    table, rows, role = read(), all_tables(), assign()
    position = assign_rules()
    for i, rule in table.iterrows():
        _check(i + 2, rule, rows[position == i], role[position == i])


def _check(line, rule, rows, role):
    """Raise InputError unless the rule serves rows that may be drawn, from values its transform and bounds allow."""
    if rows.empty:
        where = ", ".join(f"{c}={rule[c]}" for c in ("parameter", *SELECTORS) if rule.get(c))
        raise refused("priors", line, f"no row of the tables matches {where}", "labels as in the tables")
    if not role.isin(ROLES).all():
        first = rows.loc[role.index[~role.isin(ROLES)][0]]
        raise refused("priors", line, f"{label(first)} has the role {role[first.name]}", " or ".join(ROLES))
    lowest, highest = {"identity": (-np.inf, np.inf), "log": (0.0, np.inf), "logit": (1e-9, 1.0 - 1e-9)}[rule["transform"]]
    outside = ~rows["value"].between(max(lowest, rule["low"]), min(highest, rule["high"]))
    if outside.any():
        first = rows[outside].iloc[0]
        allowed = f"{rule['transform']} within {rule['low']:g} and {rule['high']:g}"
        raise refused("priors", line, f"{label(first)} is {first['value']:g}", allowed)


def assign_rules():
    """For each row of tables.all_tables() the position of its rule in read(), -1 where the shipped value is exact."""
    return rule_of_row("priors", read(), all_tables())
