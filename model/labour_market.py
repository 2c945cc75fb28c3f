"""Labour market: separations, activity, effective search, hiring into skilled and other jobs, upgrading.

Base hazards per Member State, origin, sex, education and age come from `transition_rates`; the cell table holds
what differs by reason and stay. Matching is Cobb-Douglas between effective searchers and openings (Petrongolo and
Pissarides 2001), so a searcher's chance is own effectiveness times the market's tightness factor; displacement is an
outcome. The market itself is an institution (model/institution.py).
"""

import math

import numpy as np
from numba import njit

from model.codes import (
    A2, B1, BRIDGING, C1, FEMALE, HIGH, INACTIVE, JOB_COURSE_DONE, OTHER, RECOGNISED, SKILLED, UNEMPLOYED,
)  # fmt: skip
from model.demography import has_child_under
from model.draw import P_ACTIVITY, P_HIRING, P_JOB_CHANGE, P_SEPARATION, uniform
from model.person import SEARCH, TRAIT

FIRST_AGE, LAST_AGE = 15, 74
N_AGES = LAST_AGE - FIRST_AGE + 1
OLDER = slice(55 - FIRST_AGE, 65 - FIRST_AGE)  # ages whose work ends in retirement or not
LONGEST_SEARCH = 0.95  # no hazard of a quarter exceeds this
# Protection granted in 2022 and 2023 is mostly temporary protection of people from Ukraine, who may work at once.
UKRAINE_FIRST_Q, UKRAINE_END_Q = 20, 28

RATE = np.dtype(
    [
        ("to_unemployed", "f4"),  # from employment
        ("to_inactive", "f4"),
        ("finding", "f4"),  # from unemployment, at normal tightness and mean effectiveness
        ("give_up", "f4"),  # unemployed to inactive
        ("activate", "f4"),  # inactive to unemployed
        ("attached", "f4"),  # job finding of the inactive relative to the unemployed
        ("skilled", "f4"),  # share of hires into skilled jobs
        ("upgrade", "f4"),  # other to skilled job, of tertiary graduates
        ("entry", "f4"),  # chance of a job in the quarter education ends
    ]
)


def transition_rates(employed, unemployed, to_unemployed, to_inactive, give_up, attached):
    """Quarterly hazards under which the age profile of a cohort reproduces itself.

    `employed` and `unemployed` are shares of persons not in education, shape (..., N_AGES); the separation and
    give-up hazards have the same shape; `attached` is a scalar. With e, u, i the shares at one age and primes a quarter later,
    finding f and activation a solve
        e' = e (1 - s) + u (1 - g) f + i (1 - a) r f,    u' = e s_u + u (1 - g) (1 - f) + i a.
    Where a falling profile would need negative finding, separation into inactivity rises instead.
    Returns finding, activate, to_inactive, each of that shape.
    """
    inactive = np.maximum(1.0 - employed - unemployed, 1e-3)
    step = np.empty_like(employed)
    step_u = np.empty_like(employed)
    step[..., :-1] = np.diff(employed, axis=-1) / 4.0
    step_u[..., :-1] = np.diff(unemployed, axis=-1) / 4.0
    step[..., -1] = step[..., -2]
    step_u[..., -1] = step_u[..., -2]
    lowest = 0.02
    activate = np.full_like(employed, 0.03)
    to_inactive = np.array(to_inactive, dtype=float)
    for _ in range(4):
        searchers = unemployed * (1.0 - give_up) + inactive * (1.0 - activate) * attached
        finding = (step + employed * (to_unemployed + to_inactive)) / np.maximum(searchers, 1e-6)
        short = finding < lowest
        needed = (lowest * searchers - step) / np.maximum(employed, 1e-6) - to_unemployed
        to_inactive = np.where(short, np.clip(needed, 0.0, 0.6), to_inactive)
        finding = np.clip(finding, lowest, 0.9)
        activate = (
            unemployed + step_u - employed * to_unemployed - unemployed * (1.0 - give_up) * (1.0 - finding)
        ) / inactive
        activate = np.clip(activate, 0.0, 0.6)
    return finding, activate, to_inactive


def rates_at(rates, older_exit, cycle, t):
    """Hazards of quarter t: leaving work for inactivity at ages 55 to 64 times the factor older_exit [ms, quarter], which carries
    reforms of pensions and cohorts who work longer; job finding times the factor cycle [ms, origin, quarter], since migrants feel
    macro conditions more than natives (Dustmann, Glitz and Vogel 2010). The same table where every factor is one."""
    older, finding = older_exit[:, t], cycle[:, :, t]
    if (older == 1.0).all() and (finding == 1.0).all():
        return rates
    changed = rates.copy()
    changed["to_inactive"][..., OLDER] *= older[:, None, None, None, None]
    changed["finding"] *= finding[:, :, None, None, None]
    return changed


@njit
def separate(p, t, key, rate, cell):
    """Leaving a job into unemployment or inactivity; returns True when the job is left."""
    factor = cell.care_separation if p.sex == FEMALE and has_child_under(p, t, 8) else 1.0
    u = uniform(key, P_SEPARATION)
    if u < rate.to_unemployed * factor:
        p.labour = UNEMPLOYED
    elif u < (rate.to_unemployed + rate.to_inactive) * factor:
        p.labour = INACTIVE
    else:
        return False
    p.labour_q = t
    return True


@njit
def change_activity(p, t, key, rate, cell):
    """Unemployed persons who stop searching, inactive persons who start."""
    u = uniform(key, P_ACTIVITY)
    if p.labour == UNEMPLOYED:
        if u < rate.give_up:
            p.labour = INACTIVE
            p.labour_q = t
    elif u < rate.activate * cell.activation:
        p.labour = UNEMPLOYED
        p.labour_q = t


@njit
def access(p, par):
    """Chance of a skilled job by language and recognition of a qualification from abroad; 1 at B1 without one, and for others."""
    ratio = 1.0
    if p.group < 2:
        return ratio
    if p.language == C1:
        ratio = par.skilled_c1
    elif p.language == A2:
        ratio = par.skilled_a2
    elif p.language != B1:
        ratio = par.skilled_a1
    if p.qualification == 2:
        if p.recognition == RECOGNISED:
            ratio *= par.skilled_regulated_recognised
        else:
            ratio *= par.skilled_regulated_unrecognised
    elif p.qualification == 1 and p.recognition == RECOGNISED:
        ratio *= par.skilled_other_recognised
    return ratio


@njit
def skilled_ratio(p, cell, par):
    """Odds ratio of a skilled job among hires: access, and the cell's scale."""
    return cell.skilled_odds * access(p, par)


@njit
def effectiveness(p, t, cell, par, contacts, attended):
    """Multiplier of job finding: language, courses, waiting, hiring by employers, contacts, care, employability, scarring.

    `contacts` is the employment of established residents of the group relative to the start (1 at the start).
    """
    value = cell.finding * math.exp(par.employability_search * (p.employability / TRAIT))
    if par.scarring > 0.0:
        value *= math.exp(-par.scarring * min(float(t - p.labour_q), par.scarring_longest))
    if p.group >= 2:
        if p.language >= B1:
            value *= math.exp(par.language_search_b1)
        elif p.language == A2:
            value *= math.exp(par.language_search_a2)
        if p.course == JOB_COURSE_DONE:
            value *= math.exp(par.job_course_search)
        if p.waited > 0:
            value *= math.exp(-par.wait_scar * p.waited * max(0.0, 1.0 - (t - p.arrival_q) / par.wait_fade))
        value *= cell.hiring
        value *= 1.0 - par.contact_share + par.contact_share * cell.contacts * contacts
        if attended:
            value *= cell.course_search
        if p.recognition == BRIDGING:
            value *= par.bridging_search
    if p.sex == FEMALE and has_child_under(p, t, 24):
        value *= cell.care_search
    return value


@njit
def search(p, t, rate, cell, par, contacts, attended):
    """Effective search for skilled and for other jobs this quarter, written as integers (hazard x SEARCH); `attended`: a language
    course this quarter, its last one included."""
    p.search_skilled = 0
    p.search_other = 0
    if p.labour == UNEMPLOYED or p.labour == INACTIVE:
        arrived = t == p.arrival_q and p.group > 0
        if p.labour_q == t and not arrived:
            return
        if t - p.arrival_q < cell.work_wait:
            if not UKRAINE_FIRST_Q <= p.arrival_q < UKRAINE_END_Q:
                p.waited += 1
                return
        if arrived:
            hazard = cell.entry_job
        elif t == p.completion_q:
            hazard = rate.entry * min(1.0, effectiveness(p, t, cell, par, contacts, attended))
        else:
            hazard = rate.finding * effectiveness(p, t, cell, par, contacts, attended)
            if p.labour == INACTIVE:
                hazard *= rate.attached
        weight = rate.skilled * cell.skilled_odds
        share = weight / (weight + 1.0 - rate.skilled)
        # Access opens skilled jobs or closes them and leaves other jobs, up to the bound of both together.
        skilled, other = hazard * share * access(p, par), hazard * (1.0 - share)
        kept = min(1.0, LONGEST_SEARCH / max(skilled + other, LONGEST_SEARCH))
        p.search_skilled = int(skilled * kept * SEARCH)
        p.search_other = int(other * kept * SEARCH)
    elif p.labour == OTHER and p.education == HIGH:
        hazard = min(rate.upgrade * skilled_ratio(p, cell, par) * cell.hiring, 0.5)
        p.search_skilled = int(hazard * SEARCH)


@njit
def hire(p, t, key, tightness_skilled, tightness_other):
    """Matching: returns 0 no job, 1 hired (from non-employment), 2 upgraded."""
    skilled = min(p.search_skilled / SEARCH * tightness_skilled, LONGEST_SEARCH)
    other = min(p.search_other / SEARCH * tightness_other, LONGEST_SEARCH)
    if skilled + other <= 0.0:
        return 0
    u = uniform(key, P_HIRING)
    if p.labour == OTHER:
        if u < skilled:
            p.labour = SKILLED
            p.labour_q = t
            return 2
        return 0
    if u < skilled:
        p.labour = SKILLED
    elif u < skilled + other:
        p.labour = OTHER
    else:
        return 0
    p.labour_q = t
    return 1


@njit
def change_job(key, par):
    """Whether an employed person moves to another job of the same segment (vacating one opening, filling one)."""
    return uniform(key, P_JOB_CHANGE) < par.job_change
