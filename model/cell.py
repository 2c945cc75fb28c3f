"""Mechanism parameters per cell: Member State x group x sex x education x years since arrival.

A policy lever is a change of this table; kernels read it and know of no policy. All hazards are per quarter.
"""

import numpy as np
from numba import njit

from model.codes import EDUCATION, GROUPS, MEMBER_STATES, PROGRAMMES, SEXES, STAY_BANDS

CELL = np.dtype(
    [
        ("finding", "f8"),  # multiplier of the cell's base job-finding hazard
        ("skilled_odds", "f8"),  # multiplier of the odds that a hire is into a skilled job
        ("hiring", "f8"),  # relative hiring rate under discrimination (1 = none)
        ("contacts", "f8"),  # strength of contacts relative to established residents
        ("care_search", "f8"),  # multiplier of job finding with a child under six
        ("care_separation", "f8"),  # multiplier of leaving a job with a child under two
        ("care_course", "f8"),  # multiplier of course sign-up and attendance with a child under six
        ("signup", "f8"),  # hazard of signing up for a language course, of those willing
        ("take_up", "f8"),  # share willing to attend a language course
        ("course_search", "f8"),  # multiplier of job search while attending a language course (lock-in)
        ("course_dropout", "f8"),  # hazard of leaving a course without an exam
        ("advanced_signup", "f8"),  # hazard of signing up for a job-related course after B1
        ("informal", "f8"),  # hazard of moving up one language level without a course
        ("apply", "f8"),  # hazard of applying for recognition
        ("documents", "f8"),  # hazard of completing the file
        ("exit", "f8"),  # hazard of leaving the country
        ("mortality", "f8"),  # multiplier of the death rate
        ("fertility", "f8"),  # multiplier of the birth rate
        ("naturalisation", "f8"),  # hazard of naturalisation
        ("part_time", "f8"),  # share of jobs that are part-time
        ("wage_gap", "f8"),  # residual log gap of hourly pay
        ("entry_job", "f8"),  # probability of a job offer in the quarter of arrival
        ("entry_active", "f8"),  # probability of being active on arrival
        ("activation", "f8"),  # multiplier of the hazard that an inactive person starts to search
        ("work_wait", "f8"),  # quarters after arrival without permission to work (protection)
        ("offers", "f8"),  # hazard that a person without work is offered a place in some programme
        ("offer", "f8", (len(PROGRAMMES),)),  # the same by programme
        ("reluctance", "f8", (len(PROGRAMMES),)),  # standard normal score above which a person accepts the offer
    ]
)
SHAPE = (len(MEMBER_STATES), len(GROUPS), len(SEXES), len(EDUCATION), len(STAY_BANDS))


def empty_cells():
    """A cell table of shape SHAPE + (), flattened, all zeros."""
    return np.zeros(int(np.prod(SHAPE)), dtype=CELL)


@njit
def stay_band(quarters):
    """Index of the band of years since arrival (codes.STAY_BANDS) from quarters since arrival."""
    if quarters < 8:
        return 0
    if quarters < 20:
        return 1
    if quarters < 40:
        return 2
    if quarters < 80:
        return 3
    return 4


@njit
def cell_index(member_state, group, sex, education, stay):
    """Position in the flat cell table."""
    return (((member_state * 7 + group) * 2 + sex) * 3 + education) * 5 + stay
