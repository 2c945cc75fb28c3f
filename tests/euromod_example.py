"""A made-up data set in the form of EUROMOD's tab-separated output: `python tests/euromod_example.py de_2019_std.txt`.

Nobody in it is real and no EUROMOD run stands behind it. Persons are laid out on a grid, without chance, and taxed by the
built-in schedules of the Member State in the file's name, so that importing it must give those schedules back. Amounts are per
month, in euros, with two decimals, as EUROMOD writes them; a column that the importer does not need is there too.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.euromod import system_of
from calibration.fiscal_profiles import average_wage
from calibration.fiscal_tables import SCHEDULES, unscaled_table
from model.codes import MEMBER_STATES
from model.fiscal import POINTS
from model.fiscal import schedule as at

STEPS = 2400  # employees who live alone
FAMILIES = 240  # couples with two children; the first earns, the second does so in every other family
IDLE, UNEMPLOYED, STUDENTS, RETIRED = 120, 200, 60, 600
COVERED, REPLACEMENT = 0.35, 0.55  # of the unemployed with unemployment benefit; of mean net pay
OTHER_CASH, RELIEF = 0.02, 0.8  # of the average wage; of the single's tax, for couples
ORIGINS = (1, 1, 1, 1, 1, 1, 1, 3, 3, 2)  # dcb of ten persons in turn


def levels(geo):
    """The built-in levels that the example is made of, before factors to national accounts (columns of FISCAL)."""
    table = unscaled_table()[MEMBER_STATES.index(geo)]
    columns = (*SCHEDULES, "child_benefit", "minimum_income", "pension_factor", "indirect_rate")
    return {name: table[name] for name in columns} | {"replacement": REPLACEMENT * table["replacement"] / table["replacement"][0]}


def example(geo, year=2019):
    """The data set as a DataFrame with EUROMOD's names."""
    wage, level = average_wage(geo, year), levels(geo)
    rows = []

    def person(household, age, sex, deh, les, loc=-1, earnings=0.0, tax=1.0, pension=0.0, unemployed=0.0, **booked):
        """One person; earnings, pension and benefits in average wages, other amounts booked in EUR per year."""
        taxed = {name: wage * at(level[name], earnings) for name in SCHEDULES}
        other = OTHER_CASH if 18 <= age < 65 and les != 4 else 0.0
        benefits = {"ils_pen": wage * pension, "ils_b2_bunwk": wage * unemployed, **booked}
        disposable = wage * (earnings + other) + sum(benefits.values()) - tax * taxed["income_tax"] - taxed["employee"]
        rows.append(
            {
                "idhh": household, "idperson": 100 * household + len(rows) % 100, "dwt": 50 + 25 * (household % 3), "dag": age,
                "dgn": sex, "dcb": ORIGINS[household % 10], "dcz": 1, "deh": deh, "les": les, "loc": loc,
                "lhw": 40 * (earnings > 0),
                "yem": wage * earnings, "yse": 0.0, "ils_tax": tax * taxed["income_tax"], "ils_sicee": taxed["employee"],
                "ils_sicse": 0.0, "ils_sicot": 0.0, "ils_sicer": taxed["employer"], "ils_b2_bsaho": 0.0, "ils_b2_bfaed": 0.0,
                "ils_ben": wage * other + sum(benefits.values()), "ils_dispy": disposable, **benefits,
            }
        )  # fmt: skip

    household = 0
    for k in range(STEPS):
        household += 1
        earnings = POINTS[-1] * (k + 0.5) / STEPS
        deh = (2, 3, 5)[k % 3]
        person(household, 22 + k % 43, k % 2, deh, 3, loc=2 if deh == 5 and k % 2 else 5 + k % 4, earnings=earnings)
    for k in range(FAMILIES):
        household += 1
        earnings = 0.3 + 1.2 * (k + 0.5) / FAMILIES
        benefit = 2 * level["child_benefit"]
        person(household, 35 + k % 10, 1, 3, 3, loc=5, earnings=earnings, tax=RELIEF)
        works = k % 2 == 0
        person(household, 34 + k % 10, 0, 3, 3 if works else 7, loc=5, earnings=0.5 * works, tax=RELIEF, ils_b2_bfaed=benefit)
        person(household, 5 + k % 10, 0, 0, 0)
        person(household, 8 + k % 9, 1, 1, 6)
    people = pd.DataFrame(rows)
    working = people[people["yem"] > 0]
    net = np.average(working["yem"] - working["ils_tax"] - working["ils_sicee"], weights=working["dwt"]) / wage
    late = working[working["dag"].between(50, 59)]
    pension = level["pension_factor"] * np.average(late["yem"], weights=late["dwt"]) / wage
    for k in range(IDLE):
        household += 1
        person(household, 25 + k % 39, k % 2, (2, 3, 5)[k % 3], 7, ils_b2_bsaho=level["minimum_income"] * (k % 4 == 0))
    for k in range(UNEMPLOYED):
        household += 1
        covered = k % 20 < 20 * COVERED
        person(household, 25 + k % 39, k % 2, (2, 3, 5)[k % 3], 5, unemployed=REPLACEMENT * net * covered)
    for k in range(STUDENTS):
        household += 1
        person(household, 18 + k % 7, k % 2, 3, 6)
    for k in range(RETIRED):
        household += 1
        person(household, 65 + k % 10, k % 2, (2, 3, 5)[k % 3], 4, pension=pension)
    people = pd.DataFrame(rows)
    money = [name for name in people if name.startswith(("yem", "yse", "ils_"))]
    account = unscaled_table()[MEMBER_STATES.index(geo)]
    relative = people["ils_dispy"] / (wage * account["median"])
    spent = people["ils_dispy"] * (1.0 - account["saving"][np.searchsorted((0.6, 1.0, 1.5), relative, side="right")])
    people["ils_taxco"] = level["indirect_rate"] * spent.clip(lower=0.0)
    people[[*money, "ils_taxco"]] = (people[[*money, "ils_taxco"]] / 12).round(2)
    return people


def write(file, **columns):
    """Write the example of the Member State in the file's name, some columns changed; returns the data set."""
    people = example(*system_of(file)).assign(**columns)
    people.to_csv(file, sep="\t", index=False, lineterminator="\n")
    return people


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(Path(name))
