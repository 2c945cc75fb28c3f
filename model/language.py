"""Language: sign-up delay, a queue for limited places, attendance, exam, and informal learning.

Reads the person's level, care duties and the cell's hazards; writes level and course state. Places are granted by
the language-course provider between the passes (model/institution.py). Below B1 the course is a basic one, at B1 a
job-related one; the levels are codes.LANGUAGE.
"""

from numba import njit

from model.codes import (
    A2, B1, C1, COURSE_ATTENDING, COURSE_DONE, COURSE_WAITING, JOB_COURSE_DONE, NO_COURSE, RETIRED, STUDENT,
)  # fmt: skip
from model.draw import P_COURSE, P_INFORMAL, P_SIGNUP, P_TAKE_UP, PERMANENT, person_key, uniform

FIRST_AGE_Q, LAST_AGE_Q = 64, 260  # courses from 16 to 64 years of age


@njit
def take_exam(p, key, par):
    """End of a course: B1 or A2 after a basic course, C1 after a job-related one, or the old level."""
    u = uniform(key, P_COURSE, 1)
    if p.language < B1:
        if u < par.exam_b1:
            p.language = B1
            p.course = NO_COURSE
        else:
            if p.language < A2 and uniform(key, P_COURSE, 2) < par.exam_a2:
                p.language = A2
            p.course = COURSE_DONE
    else:
        if u < par.exam_c1:
            p.language = C1
        p.course = JOB_COURSE_DONE


@njit
def may_sign_up(p, t, age_q):
    """Age and state in which a course is possible: not in education, retired or in a programme."""
    if not FIRST_AGE_Q <= age_q < LAST_AGE_Q or p.labour == STUDENT or p.labour == RETIRED:
        return False
    return p.programme == 0 or t >= p.programme_q


@njit
def learn(p, t, key, seed, age_q, stay, cell, par, care, working, course_on, informal_on):
    """One quarter of language: `care` = a child under six; `working` = employed; the switches are for knock-outs.

    Returns 1 when a course was completed this quarter.
    """
    completed = 0
    if p.language >= C1:
        return completed
    if course_on:
        if p.course == COURSE_ATTENDING:
            p.course_quarters += 1
            if uniform(key, P_COURSE) < cell.course_dropout:
                p.course = COURSE_DONE
            elif t >= p.course_q:
                take_exam(p, key, par)
                completed = 1
        elif p.course == COURSE_WAITING:
            if uniform(key, P_SIGNUP) < par.queue_leave:
                p.course = NO_COURSE
        elif p.course == NO_COURSE and may_sign_up(p, t, age_q):
            hazard = cell.advanced_signup
            if p.language < B1:
                hazard = 0.0
                if stay < par.course_latest_stay and uniform(person_key(seed, PERMANENT, p.uid), P_TAKE_UP) < cell.take_up:
                    hazard = cell.signup
            if care:
                hazard *= cell.care_course
            if uniform(key, P_SIGNUP) < hazard:
                p.course = COURSE_WAITING
                p.course_q = t
    if informal_on and p.course != COURSE_ATTENDING and p.language < C1:
        hazard = cell.informal * (par.informal_at_work if working else par.informal_without_work)
        if p.language == B1:
            hazard *= 0.5
        if uniform(key, P_INFORMAL) < hazard:
            p.language += 1
            if p.language >= B1 and p.course == COURSE_WAITING:
                p.course = NO_COURSE
    return completed


@njit
def course_end(p, t, par, care):
    """Quarter in which a course that starts now ends: half as long from A2, longer part-time for those who care."""
    if p.language >= B1:
        length = par.course_quarters_advanced
    elif p.language == A2:
        length = 0.5 * par.course_quarters_basic
    else:
        length = par.course_quarters_basic
    if care:
        length *= par.course_care
    return t + max(1, int(length + 0.5))
