"""Queues for limited places: order is (priority class, quarter joined, keyed tie-break).

The waiting are counted by class and quarter joined; only in the bucket where the places run out are ties drawn. An
agent is admitted whole; the part of a place that is left over is returned and carried to the next quarter.
"""

import numpy as np
from numba import njit

from model.codes import (
    B1, BRIDGING, BRIDGING_WAITING, COURSE_ATTENDING, COURSE_WAITING, DECISION_WAITING, PROTECTION,
)  # fmt: skip
from model.demography import has_child_under
from model.draw import P_LANGUAGE_QUEUE, P_RECOGNITION_QUEUE, person_key, uniform
from model.language import course_end
from model.recognition import decide

BASIC, ADVANCED, DECISIONS, BRIDGING_PLACES = 0, 1, 2, 3
LONGEST_WAIT = 120  # quarters; who has waited longer counts as having waited so long


@njit
def waits_for(p, kind):
    """Whether the person waits in this queue."""
    if kind == BASIC:
        return p.course == COURSE_WAITING and p.language < B1
    if kind == ADVANCED:
        return p.course == COURSE_WAITING and p.language >= B1
    if kind == DECISIONS:
        return p.recognition == DECISION_WAITING
    return p.recognition == BRIDGING_WAITING


@njit
def bucket_of(p, t, kind):
    """Bucket in order of admission: protection first in language courses, then the longest wait."""
    joined = p.course_q if kind <= ADVANCED else p.recognition_q
    waited = min(LONGEST_WAIT - 1, max(0, t - joined))
    rank = 0 if kind > ADVANCED or p.group == PROTECTION else 1
    return rank * LONGEST_WAIT + (LONGEST_WAIT - 1 - waited)


@njit
def grant(p, t, key, kind, par):
    """What a place means: a course begins, a decision is taken, bridging begins."""
    if kind <= ADVANCED:
        p.course = COURSE_ATTENDING
        p.course_q = course_end(p, t, par, p.sex == 0 and has_child_under(p, t, 24))
    elif kind == DECISIONS:
        decide(p, t, key, par)
    else:
        p.recognition = BRIDGING
        p.recognition_q = t


@njit(cache=True)
def admit(people, queued, kind, t, seed, par, places):
    """Admit from `queued` (indices of one Member State) into `places` (persons, a float, may carry fractions).

    Returns (persons waiting before, persons admitted, places left over). Never admits more persons than places.
    """
    counts = np.zeros(2 * LONGEST_WAIT, dtype=np.int64)
    waiting = np.int64(0)
    for i in queued:
        p = people[i]
        if waits_for(p, kind):
            counts[bucket_of(p, t, kind)] += p.weight
            waiting += p.weight
    boundary = len(counts)
    before = np.int64(0)
    for b in range(len(counts)):
        if before + counts[b] > places:
            boundary = b
            break
        before += counts[b]
    ties = np.empty(len(queued), dtype=np.float64)
    members = np.empty(len(queued), dtype=np.int64)
    n = 0
    admitted = np.int64(0)
    process = P_LANGUAGE_QUEUE if kind <= ADVANCED else P_RECOGNITION_QUEUE
    for i in queued:
        p = people[i]
        if not waits_for(p, kind):
            continue
        b = bucket_of(p, t, kind)
        key = person_key(seed, t, p.uid)
        if b < boundary:
            admitted += p.weight
            grant(p, t, key, kind, par[0])
        elif b == boundary:
            ties[n] = uniform(key, process, kind)
            members[n] = i
            n += 1
    for m in np.argsort(ties[:n]):
        p = people[members[m]]
        if admitted + p.weight > places:
            break
        admitted += p.weight
        grant(p, t, person_key(seed, t, p.uid), kind, par[0])
    return waiting, admitted, places - admitted
