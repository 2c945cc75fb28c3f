"""Programmes for persons without work: an offer, acceptance, lock-in while it lasts, a push afterwards that fades.

Reads labour state, employability and the cell's offers; writes the programme on the record and, for who takes or has taken part,
effective search. Nobody is offered a programme unless a lever does so (model/lever.py).
"""

import math

import numpy as np
from numba import njit

from model.codes import BRIDGING, COURSE_ATTENDING, PROGRAMMES, UNEMPLOYED
from model.draw import P_PROGRAMME, PERMANENT, normal, person_key, uniform
from model.labour_market import LONGEST_SEARCH
from model.person import SEARCH, TRAIT

PROGRAMME = np.dtype(
    [
        ("length", "f8"),  # quarters
        ("lock_in", "f8"),  # multiplier of job search while it lasts
        ("finding", "f8"),  # log multiplier of job finding when it ends
        ("skilled", "f8"),  # log multiplier of the odds of a skilled job when it ends
        ("half_life", "f8"),  # quarters after which half of both is left
        ("selection", "f8"),  # correlation of the willingness to join with employability
    ]
)
AGAIN_Q = 8  # quarters after the end in which nobody joins anew
LATEST_AGE_Q = 260  # nobody joins from 65 years of age


@njit
def may_join(p, t, age_q):
    """Whether the person looks for work, attends nothing and has not taken part lately."""
    if p.labour != UNEMPLOYED or age_q >= LATEST_AGE_Q or p.course == COURSE_ATTENDING or p.recognition == BRIDGING:
        return False
    return p.programme == 0 or t >= p.programme_q + AGAIN_Q


@njit
def join(p, t, key, seed, cell, programmes):
    """The offer of a quarter: one programme at most; who accepts is the same person at every offer of its kind.

    Willing is who has a permanent score above the cell's reluctance; the score is standard normal and correlates with
    employability. Returns the programme joined (from 1), 0 for none.
    """
    u = uniform(key, P_PROGRAMME)
    if u >= cell.offers:
        return 0
    kind = 0
    while kind < len(PROGRAMMES) - 1 and u >= cell.offer[kind]:
        u -= cell.offer[kind]
        kind += 1
    loading = programmes[kind].selection
    own = normal(person_key(seed, PERMANENT, p.uid), P_PROGRAMME, 1 + 2 * kind)
    if loading * (p.employability / TRAIT) + math.sqrt(1.0 - loading * loading) * own < cell.reluctance[kind]:
        return 0
    p.programme = kind + 1
    p.programme_q = t + max(1, int(programmes[kind].length + 0.5))
    return p.programme


@njit
def guide(p, t, programmes):
    """Effective search of who takes part (lock-in) or has taken part (multipliers that fade), from that without."""
    g = programmes[p.programme - 1]
    finding, skilled = g.lock_in, 1.0
    if t >= p.programme_q:
        left = math.exp(-math.log(2.0) * (t - p.programme_q) / g.half_life)
        finding, skilled = math.exp(g.finding * left), math.exp(g.skilled * left)
    first, second = p.search_skilled * skilled, float(p.search_other)
    if p.labour != UNEMPLOYED:  # upgrading, or the inactive, whom the programme does not place
        p.search_skilled = int(min(first, LONGEST_SEARCH * SEARCH))
        return
    both = p.search_skilled + second
    if both > 0.0:
        hazard = min(both * finding, LONGEST_SEARCH * SEARCH)
        p.search_skilled = int(hazard * first / (first + second))
        p.search_other = int(hazard * second / (first + second))
