"""Fiscal account: what one person pays and receives in a calendar year.

Income tax and contributions follow the Member State's schedule for a single earner, piecewise linear in annual
earnings relative to the average wage; brackets, benefits and service costs grow with that wage (constant policy).
Revenue that the schedules do not produce (tax on capital, self-employment and property income, what is bought out of it)
is shared equally over adults: one amount per Member State and tax, the same for all groups, so that the take of a job or
a pay rise stays that of the published schedule. Who has an earning partner pays more on the first pay, as couples lose joint
allowances and benefits when both work (second-earner trap).
Reads the year's accumulated earnings and benefits; writes amounts in euro cents of 2019 by component
(codes.COMPONENTS). Nothing is averaged before it is taxed.
"""

import math

import numpy as np
from numba import njit

from model.codes import COMPONENTS, FEMALE, INACTIVE, PROTECTION, RETIRED, STUDENT, UNEMPLOYED
from model.demography import children_under_18
from model.draw import P_ASSISTANCE, P_COVERAGE, person_key, uniform

POINTS = np.array([0.0, 0.25, 0.5, 0.67, 1.0, 1.67])  # of the average wage
SECOND_EARNER = 0.67  # average wages at which the second-earner trap is published
N_AGES = 101
FISCAL = np.dtype(
    [
        ("average_wage", "f8"),  # EUR of 2019 per year
        ("income_tax", "f8", (6,)),  # at POINTS, share of the average wage
        ("employee", "f8", (6,)),
        ("employer", "f8", (6,)),
        ("second_earner", "f8"),  # added tax of who has an earning partner, share of pay up to SECOND_EARNER
        ("income_tax_per_adult", "f8"),  # EUR per person from 18 and year: revenue outside the schedule, may be negative
        ("contribution_per_adult", "f8"),
        ("indirect_per_adult", "f8"),
        ("indirect_rate", "f8"),  # implicit tax rate on consumption
        ("saving", "f8", (4,)),  # by net income relative to the median: below .6, .6-1, 1-1.5, above
        ("median", "f8"),  # median net income relative to the average wage
        ("replacement", "f8", (3,)),  # net replacement rate: first half-year of a claim, second half-year, later
        ("coverage", "f8"),  # share of eligible job losers with insurance benefit
        ("minimum_income", "f8"),  # EUR per year, single
        ("assistance_factor", "f8"),
        ("child_benefit", "f8"),  # EUR per child and year
        ("other_cash", "f8"),  # EUR per person 18-64 and year
        ("pension_factor", "f8"),  # pension of a full career, share of mean relative earnings
        ("pension_floor", "f8"),  # average wages
        ("health", "f8", (N_AGES,)),  # EUR per person and year by age
        ("long_term_care", "f8", (N_AGES,)),
        ("schooling", "f8", (N_AGES,)),  # ages 3-15, EUR per person and year
        ("student", "f8", (2,)),  # EUR per student and year, under 19 and from 19
        ("housing", "f8"),  # EUR per person and year
        ("course_quarter", "f8"),  # EUR per quarter of attendance
        ("decision", "f8"),  # EUR per recognition decision
        ("bridging_quarter", "f8"),
        ("reception", "f8"),  # EUR over the first four quarters of a protection seeker
    ]
)
(
    INCOME_TAX, EMPLOYEE, EMPLOYER, INDIRECT, UNEMPLOYMENT, ASSISTANCE, FAMILY, OTHER_CASH, PENSION, HEALTH, CARE,
    EDUCATION, HOUSING, COURSES, RECOGNITION_COST, RECEPTION, PENSION_PRICES, PENSION_WAGES, ACCRUAL, CHILD_SERVICES,
) = range(len(COMPONENTS))  # fmt: skip
CENTS = 100.0
HALF_WAGE_GROWTH = 0.5  # of real wage growth, indexation of pensions in payment


@njit
def schedule(points, x):
    """Piecewise-linear schedule through (POINTS, points), last slope beyond 1.67; share of the average wage."""
    if x <= 0.25:
        return points[0] + (points[1] - points[0]) * x / 0.25
    if x <= 0.5:
        return points[1] + (points[2] - points[1]) * (x - 0.25) / 0.25
    if x <= 0.67:
        return points[2] + (points[3] - points[2]) * (x - 0.5) / 0.17
    if x <= 1.0:
        return points[3] + (points[4] - points[3]) * (x - 0.67) / 0.33
    return points[4] + (points[5] - points[4]) * (x - 1.0) / 0.67


@njit
def net_pay(f, x):
    """Net pay of a single earner, average wages, from gross pay x."""
    return x - schedule(f.income_tax, x) - schedule(f.employee, x)


@njit
def open_claim(p, key, f, par):
    """On leaving a job: quarters of insurance benefit, if unemployed, insured and covered."""
    p.covered_q = 0
    if p.labour == UNEMPLOYED and p.contribution_q >= par.insured_after and uniform(key, P_COVERAGE) < f.coverage:
        p.covered_q = int(par.insurance_quarters)


@njit
def unemployment_benefit(p, f, par, wage_index):
    """Insurance benefit of one quarter, cents (whole euros): replacement rate of that time times former net pay."""
    since = par.insurance_quarters - p.covered_q
    rate = f.replacement[0 if since < 2 else (1 if since < 4 else 2)]
    former = net_pay(f, p.wage * p.hours * 0.01)
    return 100 * int(0.25 * rate * max(former, 0.0) * f.average_wage * wage_index)


@njit
def assistance(p, t, seed, f, par, wage_index):
    """Minimum income of one quarter, cents (whole euros): no earning partner, take-up keyed once a year, a share
    of the single rate for each in a couple."""
    if p.partner > 1:
        return 0
    key = person_key(seed, t - t % 4, p.uid)
    take_up = par.assistance_unemployed if p.labour == UNEMPLOYED else par.assistance_inactive
    if uniform(key, P_ASSISTANCE) >= take_up * f.assistance_factor:
        return 0
    share = par.couple_share if p.partner == 1 else 1.0
    return 100 * int(0.25 * share * f.minimum_income * wage_index)


@njit
def pension_now(p, t, wage_index, growth, indexation):
    """Annual pension relative to 2019's average wage: award times wages at award, then indexed (0 prices, 1 wages)."""
    awarded = max(p.labour_q, 0)
    years = (t - awarded) * 0.25
    at_award = wage_index * math.exp(-math.log1p(growth) * years)
    return p.pension * at_award * math.exp(indexation * math.log1p(growth) * years)


@njit
def settle(p, t, quarters, f, par, wage_index, growth, earnings, benefit, aid, pension, out):
    """The account of one person for the quarters present in the year, written to `out` (cents, len(COMPONENTS)).

    earnings, benefit (insurance) and aid (assistance) are cents of the year; pension is the annual award under default
    indexation as a share of 2019's average wage, already times the share of the year spent retired.
    """
    wage = f.average_wage * wage_index
    present = 0.25 * quarters
    age = (t - p.birth_q) // 4
    gross = earnings / CENTS
    x = gross / wage
    pension_eur = pension * f.average_wage
    tax = wage * schedule(f.income_tax, x + pension_eur / wage)
    if p.partner > 1:
        tax += wage * f.second_earner * min(x, SECOND_EARNER)
    employee = wage * schedule(f.employee, x)
    adult = wage_index * present if age >= 18 else 0.0
    out[INCOME_TAX] = int(CENTS * (tax + f.income_tax_per_adult * adult))
    out[EMPLOYEE] = int(CENTS * (employee + f.contribution_per_adult * adult))
    out[EMPLOYER] = int(CENTS * wage * schedule(f.employer, x))
    out[UNEMPLOYMENT] = benefit
    out[ASSISTANCE] = aid
    family = 0.0
    if p.sex == FEMALE:
        family = children_under_18(p, t) * f.child_benefit * wage_index * present
    out[FAMILY] = int(CENTS * family)
    cash = f.other_cash * wage_index * present if 18 <= age < 65 else 0.0
    out[OTHER_CASH] = int(CENTS * cash)
    out[PENSION] = int(CENTS * pension_eur)
    # What adults pay outside the schedules comes out of income that is not simulated either.
    disposable = gross - tax - employee + benefit / CENTS + aid / CENTS + family + cash + pension_eur
    indirect = f.indirect_per_adult * adult
    if disposable > 0.0:
        relative = disposable / max(present, 0.25) / (f.median * wage)
        band = 0 if relative < 0.6 else (1 if relative < 1.0 else (2 if relative < 1.5 else 3))
        spent = disposable * (1.0 - f.saving[band])
        if p.group >= 2:
            spent *= 1.0 - par.remittances
        indirect += f.indirect_rate * spent
    out[INDIRECT] = int(CENTS * indirect)
    band_age = min(age, N_AGES - 1)
    health = f.health[band_age] * wage_index * present
    out[HEALTH] = int(CENTS * health)
    out[CARE] = int(CENTS * f.long_term_care[band_age] * wage_index * present)
    school = 0.0
    if age <= 15:
        school = f.schooling[age]
    elif p.labour == STUDENT:
        school = f.student[0] if age < 19 else f.student[1]
    school *= wage_index * present
    out[EDUCATION] = int(CENTS * school)
    out[HOUSING] = int(CENTS * f.housing * wage_index * present)
    out[COURSES] = int(CENTS * p.course_quarters * f.course_quarter * wage_index)
    paid = (p.recognition_cost % 10) * f.decision + (p.recognition_cost // 10) * f.bridging_quarter
    out[RECOGNITION_COST] = int(CENTS * paid * wage_index)
    received = 0
    if p.group == PROTECTION:
        # Quarters of this calendar year within the first four of stay.
        received = max(0, min(t, p.arrival_q + 3) - max(t - quarters + 1, p.arrival_q) + 1)
    out[RECEPTION] = int(CENTS * f.reception * wage_index * 0.25 * received)
    out[CHILD_SERVICES] = out[HEALTH] + out[EDUCATION] if age < 18 else 0
    out[ACCRUAL] = 0
    if gross > 0.0 and age < 75:
        to_go = max(0.0, 65.0 - age)
        right = f.pension_factor * gross / par.pension_years * par.annuity_years
        out[ACCRUAL] = int(CENTS * right * math.exp(-math.log1p(par.discount_rate) * to_go))
    if p.labour == RETIRED and pension > 0.0:
        half = pension_now(p, t, wage_index, growth, HALF_WAGE_GROWTH)
        scale = pension_eur / max(half, 1e-12)
        out[PENSION_PRICES] = int(CENTS * scale * pension_now(p, t, wage_index, growth, 0.0))
        out[PENSION_WAGES] = int(CENTS * scale * pension_now(p, t, wage_index, growth, 1.0))
    else:
        out[PENSION_PRICES] = 0
        out[PENSION_WAGES] = 0


@njit
def claims_assistance(p):
    """Working-age states that may receive assistance when there is no insurance benefit."""
    return p.labour == INACTIVE or p.labour == UNEMPLOYED
