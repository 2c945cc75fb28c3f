"""Pay: full-time gross wage relative to the Member State's average wage, and hours.

log wage = base(education, segment) + experience + sex gap + language + residual gap of the cell + permanent trait + match
residual. Every premium is a direct effect; the penalty of overqualification is the difference between the two
segments' bases. The two normal terms are retransformed: minus half their variance keeps the mean of the level.
"""

import math

from numba import njit

from model.codes import B1, C1, FEMALE, SKILLED
from model.draw import P_HOURS, P_MATCH, normal, uniform
from model.labour_market import change_job
from model.person import TRAIT

FULL_TIME = 100


@njit
def experience_years(p, t, par):
    """Host experience plus experience abroad at its relative value, years."""
    host = p.experience_q * 0.25
    if p.qualification == 0 and p.group == 0:
        return host
    abroad = max(0.0, (p.arrival_q - p.completion_q) * 0.25)
    return host + par.foreign_experience * abroad


@njit
def wage_in(p, t, skilled, match, cell, par, base_skilled, base_other, sex_gap):
    """Full-time wage relative to the average wage in a skilled or other job; match is standard normal."""
    x = min(experience_years(p, t, par), 35.0)
    log_wage = base_skilled if skilled else base_other
    log_wage += par.experience * x + par.experience_squared * x * x
    if p.sex == FEMALE:
        log_wage += sex_gap
    if p.group >= 2:
        if p.language >= C1:
            log_wage += par.language_pay_c1
        elif p.language >= B1:
            log_wage += par.language_pay_b1
        if p.naturalised:
            log_wage += par.naturalisation_pay
    log_wage += cell.wage_gap
    log_wage += par.trait_pay * (p.earning_power / TRAIT) + par.match_pay * match
    log_wage -= 0.5 * (par.trait_pay * par.trait_pay + par.match_pay * par.match_pay)
    return math.exp(log_wage)


@njit
def set_wage(p, t, cell, par, base_skilled, base_other, sex_gap):
    """Write the wage of an employed person; bases and sex gap are logs of this Member State and education."""
    p.wage = wage_in(p, t, p.labour == SKILLED, p.match / TRAIT, cell, par, base_skilled, base_other, sex_gap)


@njit
def work(p, t, key, hired, cell, par, base_skilled, base_other, sex_gap):
    """One quarter of employment: a new job's draws, the wage (set on a new job or segment and every fourth quarter after),
    experience and contributions. Returns the quarter's pay as a share of the average annual wage."""
    changed = hired or (p.labour_q < t and change_job(key, par))
    if changed:
        draw_job(p, key, cell, par)
    if changed or (t - p.labour_q) % 4 == 0:
        set_wage(p, t, cell, par, base_skilled, base_other, sex_gap)
    pay = 0.25 * p.wage * p.hours * 0.01
    p.earned += pay
    p.experience_q += 1
    p.contribution_q += 1
    return pay


@njit
def draw_job(p, key, cell, par):
    """Match residual and hours of a new job."""
    p.match = int(max(-4.0, min(4.0, normal(key, P_MATCH))) * TRAIT)
    p.hours = int(FULL_TIME * par.part_time_hours) if uniform(key, P_HOURS) < cell.part_time else FULL_TIME
