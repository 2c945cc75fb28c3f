"""The fiscal table of each Member State (model.fiscal.FISCAL) from schedules, benefit levels and unit costs."""

import numpy as np

from calibration.tables import EU, Parameter, scalar
from model.codes import MEMBER_STATES
from model.fiscal import FISCAL, N_AGES, POINTS, SECOND_EARNER

CATEGORIES = tuple(f"{x:g}" if x != 1.0 else "1.0" for x in POINTS[1:])
SAVING_BANDS = ("below_0.6", "0.6-1.0", "1.0-1.5", "above_1.5")
COURSE_HOURS_PER_QUARTER = 13  # weeks
SCHEDULES = {"income_tax": "income_tax", "employee": "employee_contributions", "employer": "employer_contributions"}


def age_values(parameter):
    """A profile given by age bands ("0-4", "85+") as single years of age 0..100."""
    rows = Parameter(parameter).rows
    values = np.zeros(N_AGES)
    for age, value in zip(rows["age"], rows["value"]):
        low = int(age.rstrip("+").split("-")[0])
        high = N_AGES if age.endswith("+") else int(age.split("-")[-1]) + 1
        values[low:high] = value
    return values


def schedule(parameter, wage):
    """Amounts at POINTS as shares of the average wage [ms, 6]; zero at zero."""
    points = Parameter(parameter, year=2019).by_state(("category", CATEGORIES)) / wage[:, None]
    return np.concatenate([np.zeros((len(points), 1)), points], axis=1)


def unscaled_table():
    """One FISCAL record per Member State before factors to national accounts, which are zero; amounts in EUR of 2019."""
    wage = Parameter("average_wage", year=2019).by_state()
    gdp = Parameter("gdp_per_head", year=2019).by_state()
    table = np.zeros(len(wage), dtype=FISCAL)
    relative = wage / scalar("average_wage", year=2019, geo=EU)
    table["average_wage"] = wage
    for column, parameter in SCHEDULES.items():
        table[column] = schedule(parameter, wage)
    table["indirect_rate"] = Parameter("implicit_tax_rate_consumption", year=2019).by_state()
    table["saving"] = Parameter("saving_rate").array(("category", SAVING_BANDS))
    table["median"] = scalar("median_net_income")
    table["replacement"] = Parameter("replacement_rate", year=2019).by_state(("category", ("month_2", "month_7", "month_13")))
    table["coverage"] = Parameter("insurance_coverage").by_state()
    table["minimum_income"] = Parameter("minimum_income", year=2019).by_state()
    table["child_benefit"] = Parameter("child_benefit", year=2019).by_state()
    table["other_cash"] = Parameter("initial_other_cash").by_state()
    table["pension_floor"] = Parameter("pension_floor", year=2019).by_state() / wage
    table["pension_factor"] = Parameter("pension_replacement", year=2019).by_state()
    table["health"] = (gdp * Parameter("health_scale").by_state())[:, None] * age_values("health_profile")
    table["long_term_care"] = (gdp * Parameter("long_term_care_scale").by_state())[:, None] * age_values(
        "long_term_care_profile"
    )
    unit = gdp * Parameter("education_scale").by_state()
    cost = Parameter("education_cost").rows.set_index("category")["value"]
    part = Parameter("school_participation").rows.set_index("category")["value"]
    ages = {"pre_primary": (3, 6), "primary": (6, 12), "lower_secondary": (12, 15), "upper_secondary": (15, 16)}
    for level, (low, high) in ages.items():
        table["schooling"][:, low:high] = (unit * cost[level] * part[level])[:, None]
    table["student"] = unit[:, None] * np.array([cost["upper_secondary"], cost["tertiary"]])
    table["housing"] = Parameter("housing_cost", year=2019).by_state()
    hours = scalar("lang_units_per_week") * 0.75 * COURSE_HOURS_PER_QUARTER
    table["course_quarter"] = scalar("course_cost_per_hour") * hours * relative
    table["decision"] = scalar("recognition_cost") * relative
    table["bridging_quarter"] = scalar("bridging_cost") * relative / (scalar("bridging_duration") / 3.0)
    table["reception"] = scalar("reception_cost") * relative
    return table


def fiscal_table(levels=None):
    """One FISCAL record per Member State; amounts in EUR of 2019.

    `levels`: {geo: {column: value}} in place of what the tables hold, before factors (calibration.fiscal_engine).
    """
    table = unscaled_table()
    for geo, replaced in (levels or {}).items():
        row = table[MEMBER_STATES.index(geo)]
        for column, value in replaced.items():
            row[column] = value
    wage, at = table["average_wage"], POINTS.tolist().index(SECOND_EARNER)
    alone = (table["income_tax"] + table["employee"])[:, at] / SECOND_EARNER
    table["second_earner"] = Parameter("inactivity_trap_second_earner").by_state() - alone
    for name in ("income_tax_per_adult", "contribution_per_adult", "indirect_per_adult"):
        table[name] = Parameter(name).by_state() * wage
    table["assistance_factor"] = Parameter("assistance_factor").by_state()
    for name, column in (
        ("pension_scale", "pension_factor"),
        ("family_scale", "child_benefit"),
    ):
        table[column] *= Parameter(name).by_state()
    table["other_cash"] += Parameter("benefit_per_adult").by_state() * wage
    return table
