"""Household proxy: what one person's household has to live on in a calendar year, from the person's own record.

People are not linked, so partner and children are what the record says or what persons alike have (`equivalised`); nothing is
fed back into the simulation. Reads the year's earnings, benefits and pensions of the account (model/fiscal.py), partner and
children; writes nothing. Equivalence is the modified OECD scale: 1 for the first adult, 0.5 for a second, 0.3 for a child.
"""

from dataclasses import replace

import numpy as np
from numba import njit

from model.codes import COMPONENTS, FEMALE, MALE, OTHER, PRESENT, RETIRED, SKILLED, STUDENT
from model.demography import children_under_18
from model.fiscal import ASSISTANCE, CENTS, EMPLOYEE, INCOME_TAX, OTHER_CASH, PENSION, UNEMPLOYMENT, settle
from model.integration_model import LabourIntegrationModel
from model.quarter import origin_of, pension_of_year

BASE_YEAR = 2019  # of the wage index
FIRST_AGE = 25  # younger adults often live with their parents, whom the record does not know
SECOND_ADULT, CHILD = 0.5, 0.3  # modified OECD scale
NO_PARTNER, NOT_WORKING, LOW_EARNER, HIGH_EARNER = range(4)
AGE_BAND = 5
INCOME = np.dtype(
    [
        ("own", "f8"),  # net income of the person, benefits for children left out, EUR per year
        ("aid", "f8"),  # social assistance in it
        ("pension", "f8"),
        ("earnings", "f8"),  # gross
        ("benefits", "f8"),  # unemployment benefit and assistance
        ("per_child", "f8"),  # child benefit, EUR per child and year
        ("children", "f8"),  # under 18; of men: not recorded
        ("weight", "f8"),  # persons
        ("age", "i2"),
        ("origin", "i1"),
        ("citizen", "i1"),  # natives and naturalised persons
        ("sex", "i1"),
        ("labour", "i1"),
        ("partner", "i1"),
        ("counted", "i1"),  # present all year, FIRST_AGE or older, no student
    ]
)


def simulate_incomes(inputs, seed, year):
    """Yield (Member State code, INCOME [counted person]) of a calendar year, one Member State after the other.

    The people are those that simulate(inputs, seed) has, because Member States do not interact.
    """
    for ms in inputs.member_states:
        model = LabourIntegrationModel(replace(inputs, member_states=(ms,), end_year=year), seed)
        while model.quarter < model.inputs.quarters:
            model.keep_year = model.quarter == model.inputs.quarters - 1
            model.step()
        wage_index = (1.0 + inputs.growth) ** (year - BASE_YEAR)
        found = incomes(model.people, model.quarter - 1, inputs.fiscal, inputs.parameters, wage_index, inputs.growth)
        model.release()
        yield ms, found[found["counted"] == 1]


@njit(cache=True)
def incomes(people, t, fiscal, parameters, wage_index, growth):
    """Incomes of the calendar year that ends with quarter t, INCOME [person], from records that still hold its sums."""
    found = np.zeros(len(people), dtype=INCOME)
    out = np.zeros(len(COMPONENTS), dtype=np.int64)
    for i in range(len(people)):
        p = people[i]
        row = found[i]
        age = (t - p.birth_q) // 4
        row.origin = origin_of(p.group)
        if p.presence != PRESENT or p.arrival_q > t - 3 or age < FIRST_AGE or p.labour == STUDENT:
            continue
        f = fiscal[p.member_state]
        settle(
            p, t, 4, f, parameters[0], wage_index, growth, p.earnings, p.unemployment_benefit, p.social_assistance,
            pension_of_year(p, t, 4, wage_index, growth), out,
        )  # fmt: skip
        received = out[UNEMPLOYMENT] + out[ASSISTANCE] + out[OTHER_CASH] + out[PENSION]
        # What adults pay outside the schedules comes out of income that is not simulated.
        outside = (f.income_tax_per_adult + f.contribution_per_adult) * wage_index
        row.own = (p.earnings - out[INCOME_TAX] - out[EMPLOYEE] + received) / CENTS + outside
        row.aid, row.pension = out[ASSISTANCE] / CENTS, out[PENSION] / CENTS
        row.earnings = p.earnings / CENTS
        row.benefits = (out[UNEMPLOYMENT] + out[ASSISTANCE]) / CENTS
        row.children = children_under_18(p, t) if p.sex == FEMALE else 0
        row.per_child = f.child_benefit * wage_index
        row.weight = p.weight
        row.age = age
        row.citizen = p.group == 0 or p.naturalised == 1
        row.sex = p.sex
        row.labour = p.labour
        row.partner = p.partner
        row.counted = 1
    return found


def equivalised(income):
    """Equivalised disposable income of the households of counted persons and their child benefits, EUR per year, [person] each.

    income: INCOME of one Member State, counted persons only. The partner has, by the state on the record:
    not working: nothing, or for the retired the mean pension of their origin's retired; with assistance the same amount
    again, because the account pays a share of the single rate to each of a couple;
    low and high earner: the mean net income of the lower and upper half of the employed of the same origin.
    Children live with women as recorded, with partnered men as many as women with a partner of the same origin and five-year
    age band have on average, and not with single men; child benefit is added for them.
    """
    children = income["children"].copy()
    partner_income = income["aid"].copy()
    retired = income["labour"] == RETIRED
    for origin in np.unique(income["origin"]):
        mine = income["origin"] == origin
        low, high = _halves(income[mine])
        partner_income[mine & (income["partner"] == LOW_EARNER)] = low
        partner_income[mine & (income["partner"] == HIGH_EARNER)] = high
        pensions = mine & retired
        if pensions.any():
            mean = np.average(income["pension"][pensions], weights=income["weight"][pensions])
            partner_income[pensions & (income["partner"] == NOT_WORKING)] += mean
        paired = mine & (income["partner"] > NO_PARTNER)
        for band in np.unique(income["age"][paired] // AGE_BAND):
            alike = paired & (income["age"] // AGE_BAND == band)
            women = alike & (income["sex"] == FEMALE)
            if women.any():
                mean = np.average(income["children"][women], weights=income["weight"][women])
                children[alike & (income["sex"] == MALE)] = mean
    with_partner = income["partner"] > NO_PARTNER
    partner_income[~with_partner] = 0.0
    for_children = children * income["per_child"]
    total = income["own"] + partner_income + for_children
    return total / (1.0 + SECOND_ADULT * with_partner + CHILD * children), for_children


def _halves(income):
    """Mean net income of the lower and the upper half of the employed, zero without any."""
    employed = income[(income["labour"] == SKILLED) | (income["labour"] == OTHER)]
    if not len(employed):
        return 0.0, 0.0
    lower = employed["own"] <= weighted_median(employed["own"], employed["weight"])
    mean = [np.average(part["own"], weights=part["weight"]) if len(part) else 0.0 for part in (employed[lower], employed[~lower])]
    return mean[0], mean[1] or mean[0]


def weighted_median(values, weights):
    """The smallest value that at least half of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, 0.5 * reached[-1])])
