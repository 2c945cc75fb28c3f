"""Demography: death, departure by reason and stay, births, naturalisation, end of education, retirement.

Reads vital rates per Member State, sex and age, and the cell's multipliers; writes presence, children, labour state and
the pension at award. Arrivals are laid out in advance and appear in their quarter (model/quarter.py).
"""

import math

from numba import njit

from model.codes import (
    BRIDGING, BRIDGING_WAITING, COURSE_ATTENDING, COURSE_DONE, COURSE_WAITING, DEAD, DECISION_WAITING, DOCUMENTS, EMIGRATED,
    FEMALE, INACTIVE, NOT_APPLIED, OTHER, PARTIAL, RETIRED, SKILLED, STUDENT, UNEMPLOYED,
)  # fmt: skip
from model.draw import (
    P_BIRTH, P_DEATH, P_DEPARTURE, P_NATURALISATION, P_RETIREMENT, uniform,
)  # fmt: skip
from model.person import NO_CHILD, TRAIT

LAST_WORKING_AGE = 75
MOST_CHILDREN = 9
CHILD_SPACING_Q = 18  # quarters between births when only the youngest child's birth is known


@njit
def children_under_18(p, t):
    """Number of children under 18, taking births CHILD_SPACING_Q apart before the youngest."""
    if p.children == 0:
        return 0
    left = 72 - (t - p.youngest_q)
    if left <= 0:
        return 0
    return min(p.children, 1 + (left - 1) // CHILD_SPACING_Q)


@njit
def has_child_under(p, t, quarters):
    """Whether the youngest child is younger than so many quarters."""
    return p.youngest_q != NO_CHILD and 0 <= t - p.youngest_q < quarters


@njit
def leave(p, t, key, stay, cell, par, death_rate):
    """Death or departure this quarter; returns True when the person is gone."""
    if uniform(key, P_DEATH) < death_rate * cell.mortality:
        p.presence = DEAD
        p.course_q = t
        return True
    if cell.exit > 0.0 and stay > 0:
        hazard = cell.exit * math.exp(par.selection_exit * (p.employability / TRAIT))
        if uniform(key, P_DEPARTURE) < hazard:
            p.presence = EMIGRATED
            p.course_q = t
            return True
    return False


@njit
def pension_level(contribution_q, earned, stay, par, fiscal):
    """Annual pension, share of the average wage: accrual by contribution years times mean relative earnings, with a floor
    that grows with residence (stay, quarters)."""
    level = 0.0
    if contribution_q > 0:
        years = contribution_q * 0.25
        mean_earnings = min(2.5, max(0.15, earned / years))
        level = fiscal.pension_factor * min(1.0, years / par.pension_years) * mean_earnings
    return max(level, fiscal.pension_floor * min(1.0, stay / (4.0 * par.pension_years)))


@njit
def award_pension(p, t, par, fiscal, stay):
    """Retire with the pension earned so far."""
    p.pension = pension_level(p.contribution_q, p.earned, stay, par, fiscal)
    p.labour = RETIRED
    p.labour_q = t


@njit
def age_and_family(p, t, key, age_q, stay, cell, par, birth_rate, retirement_q, retire, fiscal):
    """Naturalisation, births, end of education and retirement of one person; returns 1 when a child is born."""
    born = 0
    if p.group >= 2 and p.naturalised == 0 and stay >= 20 and uniform(key, P_NATURALISATION) < cell.naturalisation:
        p.naturalised = 1
    if p.sex == FEMALE and 60 <= age_q < 200 and p.children < MOST_CHILDREN:
        if not has_child_under(p, t, 4) and uniform(key, P_BIRTH) < birth_rate * cell.fertility:
            p.children += 1
            p.youngest_q = t
            born = 1
    if p.labour == STUDENT:
        if t >= p.completion_q:
            p.labour = UNEMPLOYED
            p.labour_q = t - 1
    elif p.labour == SKILLED or p.labour == OTHER:
        if age_q >= retirement_q and (
            age_q >= 4 * LAST_WORKING_AGE or uniform(key, P_RETIREMENT) < retire
        ):
            award_pension(p, t, par, fiscal, stay)
    elif p.labour == INACTIVE or p.labour == UNEMPLOYED:
        early = age_q >= retirement_q - 4.0 * par.early_years and p.contribution_q >= 4.0 * par.early_contributions
        if age_q >= retirement_q or (early and p.labour == INACTIVE):
            award_pension(p, t, par, fiscal, stay)
    if p.labour == RETIRED:
        if p.course == COURSE_ATTENDING or p.course == COURSE_WAITING:
            p.course = COURSE_DONE
        if p.recognition == DOCUMENTS or p.recognition == DECISION_WAITING:
            p.recognition = NOT_APPLIED
        elif p.recognition == BRIDGING_WAITING or p.recognition == BRIDGING:
            p.recognition = PARTIAL
    return born
