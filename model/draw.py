"""Keyed randomness: every draw is a pure function of (seed, process, quarter, uid, index).

Writes nothing. A person's key of a quarter is hashed once; each draw mixes the process id and the draw index into
it. Because no draw depends on how many were taken before, adding a person, a process or a Member State changes
nobody else's draws. The mixer is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
"""

import math

import numpy as np
from numba import njit, uint64

# Process ids are part of the key: never renumber, only append.
PROCESS = {
    "layout": 1,
    "death": 2,
    "departure": 3,
    "birth": 4,
    "naturalisation": 5,
    "retirement": 6,
    "language_signup": 10,
    "language_queue": 11,
    "language_course": 12,
    "language_informal": 13,
    "language_take_up": 14,
    "recognition_apply": 20,
    "recognition_documents": 21,
    "recognition_queue": 22,
    "recognition_decision": 23,
    "bridging": 24,
    "separation": 30,
    "activity": 31,
    "hiring": 32,
    "job_change": 33,
    "match": 34,
    "hours": 35,
    "benefit_coverage": 40,
    "assistance_take_up": 41,
    "parity": 50,
    "history": 60,
    "programme": 70,
}
(
    P_LAYOUT, P_DEATH, P_DEPARTURE, P_BIRTH, P_NATURALISATION, P_RETIREMENT,
    P_SIGNUP, P_LANGUAGE_QUEUE, P_COURSE, P_INFORMAL, P_TAKE_UP,
    P_APPLY, P_DOCUMENTS, P_RECOGNITION_QUEUE, P_DECISION, P_BRIDGING,
    P_SEPARATION, P_ACTIVITY, P_HIRING, P_JOB_CHANGE, P_MATCH, P_HOURS,
    P_COVERAGE, P_ASSISTANCE, P_PARITY, P_HISTORY, P_PROGRAMME,
) = PROCESS.values()  # fmt: skip

PERMANENT = -100_000  # quarter used for draws that belong to the person, not to a quarter


@njit
def mix(z):
    """SplitMix64 finaliser of an unsigned 64-bit integer."""
    z = uint64(z)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit
def person_key(seed, quarter, uid):
    """Key of one person in one quarter; hash once, draw many."""
    a = mix(uint64(uid) + uint64(0x9E3779B97F4A7C15) * uint64(seed + 1))
    return mix(a + uint64(0xD1B54A32D192ED03) * uint64(quarter + 200_000))


@njit
def uniform(key, process, index=0):
    """Uniform on (0, 1): (bits + 0.5) / 2**52, exact in a double, never 0 or 1 (with 53 bits the last would round to 1)."""
    bits = mix(key + uint64(0x8CB92BA72F3D8DD7) * uint64(process * 64 + index + 1)) >> uint64(12)
    return (float(np.int64(bits)) + 0.5) * 2.220446049250313e-16


@njit
def normal(key, process, index=0):
    """Standard normal from two uniforms (Box and Muller 1958), draw indices `index` and `index + 1`."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, process, index)))
    return radius * math.cos(6.283185307179586 * uniform(key, process, index + 1))
