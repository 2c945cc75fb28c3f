"""What each row of the tables is for: one role by rules in calibration/data/roles.csv.

A rule names a parameter and, where given, labels of other columns (several joined by `|`) and the first and last year it
holds for; a blank means any. Every row of every table matches exactly one rule, so no figure can be fitted to and then
shown as validation.
"""

import pandas as pd

from calibration.errors import InputError
from calibration.tables import KEYS, all_tables, frame

ROLES = {
    "input": "data the model is laid out with",
    "prior": "a parameter nobody publishes: value and width are judgement or literature",
    "moment": "published figure that estimates, scale factors or macro conditions aim at",
    "validation": "published figure or later year the model is checked against and never fitted to",
    "effect_tuning": "published effect of a policy that may tune a mechanism",
    "effect_held_out": "published effect of a policy kept for a verdict",
    "design": "how a virtual trial is set up: whom, when, how much",
    "factor": "scale factor or estimate: an output of calibration",
}
SELECTORS = ("origin", "sex", "age", "education", "category")
COLUMNS = ("parameter", *SELECTORS, "year_from", "year_to", "role", "note")
FETCHED = "fetched figures only"  # note of a rule for cells that the shipped tables lack (integra data update)
FIRST, LAST = 1900, 2100


def refused(name, line, what, allowed):
    """The error for a line of a table of rules; `line` counts from the header as 1."""
    return InputError(f"calibration/data/{name}.csv line {line}: {what}; allowed is {allowed}")


def label(row):
    """Parameter and keys of a row of the tables in a few words."""
    return ", ".join(f"{key}={row[key]}" for key in KEYS if row[key])


def rule_of_row(name, rules, rows):
    """For each row of `rows` the position of the rule that matches it, -1 for none.

    `rules` has the columns parameter, any of SELECTORS and, if years matter, numeric year_from and year_to. Raises
    InputError when two rules match a row.
    """
    position = pd.Series(-1, index=rows.index)
    groups = dict(iter(rows.groupby("parameter", sort=False)))
    columns = [column for column in SELECTORS if column in rules]
    for i, rule in enumerate(rules.to_dict("records")):
        own = groups.get(rule["parameter"], rows[:0])
        match = pd.Series(True, index=own.index)
        for column in columns:
            if rule[column]:
                match &= own[column].isin(rule[column].split("|"))
        if "year_from" in rule:
            match &= own["year"].astype(int).between(rule["year_from"], rule["year_to"])
        found = own.index[match]
        double = found[position[found] >= 0]
        if len(double):
            what = f"{label(rows.loc[double[0]])} is matched by line {position[double[0]] + 2} too"
            raise refused(name, i + 2, what, "one rule per row")
        position[found] = i
    return position


def rules():
    """The rules in the order of the file, years numeric; raises InputError for an unknown role or parameter."""
    table = frame("roles", COLUMNS)
    known = set(all_tables()["parameter"])
    for i, rule in enumerate(table.to_dict("records")):
        if rule["role"] not in ROLES:
            raise refused("roles", i + 2, f"role={rule['role']}", ", ".join(ROLES))
        if rule["parameter"] not in known and rule["note"] != FETCHED:
            raise refused("roles", i + 2, f"parameter={rule['parameter']}", "a parameter of the tables")
        for column in ("year_from", "year_to"):
            if rule[column] and not rule[column].isdigit():
                raise refused("roles", i + 2, f"{column}={rule[column]}", "a year or nothing")
    for column, blank in (("year_from", FIRST), ("year_to", LAST)):
        table[column] = table[column].replace("", str(blank)).astype(int)
    return table


def assign():
    """The role of every row of tables.all_tables(), same index.

    Raises InputError when a row matches no rule or two.
    """
    rows, table = all_tables(), rules()
    position = rule_of_row("roles", table, rows)
    lost = position.index[position < 0]
    if len(lost):
        raise InputError(f"calibration/data/roles.csv: {label(rows.loc[lost[0]])} has no role; allowed is one rule per row")
    return table["role"].iloc[position].set_axis(rows.index).rename("role")
