"""Taxes, contributions and child benefit of Germany from GETTSIM, on a grid of earnings and households.

GETTSIM is an optional extra (AGPL, `pip install "integra[gettsim]"`), imported where it is used and called once for the whole
grid: a call costs some ten seconds, whether for five persons or for 100 000. Gives levels for calibration.fiscal_engine.
"""

import datetime
import importlib.util
import sys
from functools import lru_cache
from importlib import metadata

import numpy as np
import pandas as pd

from calibration.errors import refuse
from calibration.fiscal_profiles import average_wage
from model.fiscal import POINTS

GEO = "DE"
PACKAGES = ("gettsim", "ttsim-backend")
EARNINGS = np.unique(np.round(np.concatenate([POINTS, np.arange(0.0, 2.01, 0.05)]), 6))  # of the average wage
# Household: whether there is a partner without earnings (taxed jointly), a child of eight.
HOUSEHOLDS = {"single": (False, False), "couple, one earner": (True, False), "single parent, one child": (False, True)}
AMOUNTS = ("income_tax", "employee", "employer", "child_benefit")
COLUMNS = ("household", "earnings", "gross", *AMOUNTS)
AGE, CHILD_AGE = 40, 8
LAST_RETIREMENT = 2030  # year; GETTSIM has no rules for later ones
TARGETS = {
    "einkommensteuer": {"betrag_y_sn": None},
    "solidaritätszuschlag": {"betrag_y_sn": None},
    "sozialversicherung": {"beiträge_versicherter_m": None, "beiträge_arbeitgeber_m": None},
    "kindergeld": {"betrag_m": None},
}
TYPES = {"IntColumn": np.int64, "FloatColumn": np.float64, "BoolColumn": np.bool_}


def library():
    """The module gettsim; raises InputError if the extra is not installed."""
    if importlib.util.find_spec("gettsim") is None:
        raise refuse("fiscal", "gettsim", 'this engine with the extra installed: pip install "integra[gettsim]"')
    import gettsim

    return gettsim


def versions():
    """Versions of the packages the grid comes from."""
    return {f"fiscal/{name}": metadata.version(name) for name in PACKAGES}


def year_of(policy_date):
    """Year of the day whose rules hold; raises InputError where there is no average wage of that year."""
    year = datetime.date.fromisoformat(policy_date).year
    average_wage(GEO, year)
    return year


def levels(policy_date):
    """{"DE": {column of FISCAL: value}}: schedules of a single at POINTS, child benefit per child."""
    table, year = grid(policy_date), year_of(policy_date)
    wage = average_wage(GEO, year)
    single = table[table["household"] == "single"].set_index("earnings")
    found = {name: single.loc[POINTS, name].to_numpy() / wage for name in ("income_tax", "employee", "employer")}
    child = table.loc[table["household"] == "single parent, one child", "child_benefit"].iloc[0]
    return {GEO: found | {"child_benefit": child * average_wage(GEO, 2019) / wage}}


@lru_cache(maxsize=4)
def grid(policy_date):
    """The grid as a DataFrame (COLUMNS), EUR per year and household; one call of GETTSIM, said on stderr."""
    gettsim = library()
    year = year_of(policy_date)
    people, household = _people(average_wage(GEO, year))
    print(
        f"GETTSIM {metadata.version('gettsim')}: {len(people)} persons, rules of {policy_date}, some ten seconds",
        file=sys.stderr,
    )
    targets = gettsim.TTTargets(tree=TARGETS)
    template = gettsim.main(
        main_target=gettsim.MainTarget.templates.input_data_dtypes.tree, policy_date_str=policy_date, tt_targets=targets
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # shares of an income of zero, inside GETTSIM
        found = gettsim.main(
            main_target=gettsim.MainTarget.results.df_with_nested_columns,
            policy_date_str=policy_date,
            input_data=gettsim.InputData.tree(tree=_filled(template, people, year)),
            tt_targets=targets,
        )

    def amount(*path):
        return found[path].to_numpy(dtype=float)[people["head"].to_numpy()]

    household["income_tax"] = amount("einkommensteuer", "betrag_y_sn") + amount("solidaritätszuschlag", "betrag_y_sn")
    household["employee"] = 12 * amount("sozialversicherung", "beiträge_versicherter_m")
    household["employer"] = 12 * amount("sozialversicherung", "beiträge_arbeitgeber_m")
    household["child_benefit"] = 12 * amount("kindergeld", "betrag_m")
    return household[list(COLUMNS)].round(2)


def _people(wage):
    """(persons, households): who lives in the grid, one row per person; partner and parent are rows, -1 for nobody."""
    persons, households = [], []
    for name, (partner, child) in HOUSEHOLDS.items():
        for earnings in EARNINGS:
            me = len(persons)
            households.append({"household": name, "earnings": earnings, "gross": earnings * wage})
            nobody = {"head": False, "partner": -1, "parent": -1, "age": AGE, "monthly": 0.0, "has_child": False}
            head = {"head": True, "partner": me + 1 if partner else -1, "monthly": earnings * wage / 12, "has_child": child}
            persons.append(nobody | head)
            if partner:
                persons.append(nobody | {"partner": me})
            if child:
                persons.append(nobody | {"parent": me, "age": CHILD_AGE})
    return pd.DataFrame(persons), pd.DataFrame(households)


def _filled(template, people, year):
    """The inputs GETTSIM asks for: zero, no and nobody, but for what the grid says."""
    given = {
        "p_id": people.index,
        "alter": people["age"],
        "geburtsjahr": year - people["age"],
        "geburtsmonat": 1,
        "arbeitsstunden_w": np.where(people["monthly"] > 0, 40.0, 0.0),
        "bruttolohn_m": people["monthly"],
        "gemeinsam_veranlagt": people["partner"] >= 0,
        "alleinerziehend": people["has_child"],
        "hat_kinder": people["has_child"],
        "p_id_ehepartner": people["partner"],
        "p_id_elternteil_1": people["parent"],
        "p_id_empfänger": people["parent"],
        "jahr_renteneintritt": LAST_RETIREMENT,
        "monat_renteneintritt": 1,
    }

    def fill(name, node):
        if isinstance(node, dict):
            return {key: fill(key, value) for key, value in node.items()}
        value = given.get(name, -1 if name.startswith("p_id_") else 0)
        return pd.Series(np.broadcast_to(np.asarray(value, dtype=TYPES[node]), len(people)))

    return fill("", template)
