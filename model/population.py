"""Layout of the population: the stock of 1 January 2017 and all later arrivals, in one array of persons.

Order: Member State, group, arrival quarter; a cohort is a slice. Cells are filled systematically, so that margins are met to
within one agent; everything else about a person is a keyed draw from the identifier.
"""

import math

import numpy as np
from numba import njit

from model.codes import (
    ARRIVAL_PERIOD_STARTS, C1, FUTURE, GROUPS, INACTIVE, LOW, NOT_APPLIED, NOT_NEEDED, PRESENT, PROTECTION, STAY_BANDS, STUDENT,
)  # fmt: skip
from model.draw import P_BIRTH, P_LAYOUT, PERMANENT, normal, person_key, uniform
from model.inputs import weight_of
from model.labour_market import UKRAINE_END_Q, UKRAINE_FIRST_Q
from model.person import ARRIVAL_OFFSET, NO_CHILD, PERSON, TRAIT
from model.quarter import CHUNK

CHUNK_PERSONS = 2048
ARRIVAL_AGES = np.array([0, 15, 25, 35, 45, 65, 80])  # bounds of the arrival age bands, years
OLDEST_BAND, MEAN_YEARS_BEYOND = 17, 4.5  # persons of 85 and over: years beyond 85 fall off exponentially
LAST_STAY = 45  # years, upper end of the open band of years since arrival
CHILDHOOD_Q = 40  # arrived before this age, the host language is learnt as a first language
UKRAINE_ROW = 7
GOLDEN = 0.6180339887498949


def weights(inputs):
    """Weight by Member State and group, int64 [27, 7]: one weight for each Member State and origin."""
    by_group = inputs.stock.sum(axis=(2, 3, 4, 5))
    result = np.ones((len(by_group), len(GROUPS)), dtype=np.int64)
    for ms in inputs.member_states:
        result[ms, 0] = weight_of(by_group[ms, 0], inputs.scale_comparison, inputs.minimum_agents)
        result[ms, 1] = weight_of(by_group[ms, 1], inputs.scale_comparison, inputs.minimum_agents)
        result[ms, 2:] = weight_of(by_group[ms, 2:].sum(), inputs.scale, inputs.minimum_agents)
    return result


def weight_of_arrivals(inputs, weight, group):
    """Weight of those who arrive in each quarter of the run, int64 [quarter]: that of the group, or a part of it where
    `inputs.finer` asks for more agents."""
    if inputs.finer is None:
        return np.full(inputs.quarters, weight)
    return np.maximum(1, weight // inputs.finer[group, : inputs.quarters])


def allocate(persons, weight):
    """Agents per cell from persons: cumulative rounding, so that every partial sum is right to within half an agent."""
    edges = np.floor(np.cumsum(np.asarray(persons, dtype=float).ravel()) / weight + 0.5)
    return np.diff(edges, prepend=0.0).astype(np.int64)


def arriving(persons, weight, first):
    """Agents per arrival quarter: persons over weight, rounded down after adding a fixed offset of the quarter in [0, 1).

    More persons never mean fewer agents in any quarter, so arrivals append to a cell or drop its highest; the offsets
    spread evenly, so sums over quarters stay right. `first` tells Member States and groups apart.
    """
    quarter = np.arange(len(persons))
    offset = (GOLDEN * (quarter + 1) + GOLDEN * GOLDEN * first) % 1.0
    return np.floor(np.asarray(persons) / weight + offset).astype(np.int64)


@njit(cache=True)
def fill_stock(counts, native, bounds):
    """Sex, birth quarter, education and arrival quarter of the stock of one Member State and group, in the order of its
    cells [sex, age 18, education, stay 5] with `counts` agents each; within a cell spread evenly by golden sections."""
    total = counts.sum()
    sex, education = np.empty(total, dtype=np.int8), np.empty(total, dtype=np.int8)
    birth_q, arrival_q = np.empty(total, dtype=np.int16), np.empty(total, dtype=np.int16)
    n = 0
    for c in range(len(counts)):
        stay, rest = c % 5, c // 5
        level, rest = rest % 3, rest // 3
        age = rest % 18
        for _ in range(counts[c]):
            sex[n], education[n] = rest // 18, level
            place = (n * GOLDEN) % 1.0
            within = place * 20.0
            if age == OLDEST_BAND:
                within = min(79.0, -4.0 * MEAN_YEARS_BEYOND * math.log(1.0 - place))
            birth_q[n] = -(age * 20 + 1 + int(within))
            if native:
                arrival_q[n] = birth_q[n]
            else:
                width = bounds[stay + 1] - bounds[stay]
                arrived = -1 - bounds[stay] - int((n * GOLDEN * GOLDEN) % 1.0 * width)
                arrival_q[n] = max(arrived, birth_q[n])
            n += 1
    return sex, birth_q, education, arrival_q


def stock_of(inputs, ms, group, weight):
    """Columns of fill_stock, sorted by arrival quarter."""
    bounds = 4 * np.array(STAY_BANDS + (LAST_STAY,))
    columns = fill_stock(allocate(inputs.stock[ms, group], weight), group == 0, bounds)
    order = np.argsort(columns[3], kind="stable")
    return tuple(column[order] for column in columns)


@njit(cache=True)
def number_persons(part, head):
    """Write identifiers (see person.pack_uid) of persons sorted by arrival quarter; head holds Member State and group."""
    number = np.uint64(0)
    for i in range(len(part)):
        number = number + np.uint64(1) if i > 0 and part[i].arrival_q == part[i - 1].arrival_q else np.uint64(0)
        cell = np.uint64(head + part[i].arrival_q + ARRIVAL_OFFSET)
        part[i].uid = (cell << np.uint64(43)) | number


def beyond(coming, known):
    """Whether each agent arriving, in the order of quarters, is beyond the first `known` of its quarter; both [quarter] agents."""
    number = np.arange(coming.sum()) - np.repeat(np.cumsum(coming) - coming, coming)
    return number >= np.repeat(known, coming)


def lay_out(inputs, seed):
    """All persons of a run and their chunks.

    Returns (people: PERSON array in order of Member State, group, arrival; chunks: CHUNK array; cohorts: list of
    (member_state, group, period, start, stop)).
    """
    weight = weights(inputs)
    blocks, plan, total = [], [], 0
    compared = inputs.arrivals if inputs.compared is None else inputs.compared
    for ms in inputs.member_states:
        for group in range(len(GROUPS)):
            sex, birth_q, education, stock_q = stock_of(inputs, ms, group, weight[ms, group])
            each = weight_of_arrivals(inputs, weight[ms, group], group)
            coming = arriving(inputs.arrivals[ms, group, : inputs.quarters], each, 7 * ms + group)
            arrival_q = np.concatenate([stock_q, np.repeat(np.arange(len(coming), dtype=np.int16), coming)])
            if not len(arrival_q):
                continue
            standing = np.concatenate([np.full(len(sex), weight[ms, group]), np.repeat(each, coming)])
            blocks.append((ms, group, total, sex, birth_q, education, arrival_q, standing))
            known = arriving(compared[ms, group, : inputs.quarters], each, 7 * ms + group)
            plan.append((ms, group, total, arrival_q, np.concatenate([np.zeros(len(sex), dtype=bool), beyond(coming, known)])))
            total += len(arrival_q)
    people = np.zeros(total, dtype=PERSON)
    period_starts = 4 * (np.array(ARRIVAL_PERIOD_STARTS[1:]) - 2017)
    for ms, group, start, sex, birth_q, education, arrival_q, standing in blocks:
        part = people[start : start + len(arrival_q)]
        n = len(sex)
        part["member_state"], part["group"], part["weight"] = ms, group, standing
        part["arrival_q"] = arrival_q
        number_persons(part, (ms << 16) | (group << 12))
        part["presence"][:n], part["presence"][n:] = PRESENT, FUTURE
        part["sex"][:n], part["birth_q"][:n], part["education"][:n] = sex, birth_q, education
        settle_attributes(
            part, n, seed, inputs.arrival_age[[group, UKRAINE_ROW if group == PROTECTION else group]],
            inputs.arrival_education[ms, min(group, 2)], inputs.selection[ms, group], inputs.language_before[ms], inputs.regulated,
            inputs.partner[:, min(group, 2)], 4.0 * inputs.birth[0, ms],
            inputs.completion, inputs.parameters,
        )  # fmt: skip
    chunks, cohorts = [], []
    for ms, group, start, arrival_q, newcomers in plan:
        edges = [0, *np.searchsorted(arrival_q, period_starts, side="left"), len(arrival_q)]
        for period, (a, b) in enumerate(zip(edges[:-1], edges[1:])):
            if a == b:
                continue
            standing = people["weight"][start + a : start + b]
            changes = a + 1 + np.flatnonzero(np.diff(newcomers[a:b]) | (np.diff(standing) != 0))
            cuts = np.union1d(np.arange(a, b, CHUNK_PERSONS), changes)
            for c, d in zip(cuts, np.append(cuts[1:], b)):
                chunks.append((start + c, start + d, ms, group, arrival_q[c], len(cohorts), newcomers[c]))
            cohorts.append((ms, group, period, int(start + a), int(start + b)))
    return people, np.array(chunks, dtype=CHUNK), cohorts


@njit
def _pick(shares, u):
    """Index drawn from shares that sum to one."""
    last = len(shares) - 1
    for i in range(last):
        u -= shares[i]
        if u < 0.0:
            return i
    return last


@njit(cache=True)
def settle_attributes(
    part, n_stock, seed, arrival_age, arrival_education, selection, language, regulated, partner, fertility, completion,
    parameters,
):  # fmt: skip
    """Fill everything that is drawn at layout. arrival_age [2, sex, 6], the second for the flight from Ukraine;
    arrival_education [sex, 3]; selection [sex, quarter]; language [education, 4]; regulated [sex, education]; partner [3 ages,
    4]; fertility [35 ages] births per woman and year; completion [education, first and last age]; parameters [1] structured."""
    par = parameters[0]
    for i in range(len(part)):
        p = part[i]
        key = person_key(seed, PERMANENT, p.uid)
        if i >= n_stock:
            if p.group == 0:
                p.sex = 1 if uniform(key, P_LAYOUT, 0) < par.male_births else 0
                p.birth_q = p.arrival_q
            else:
                ages = arrival_age[1 if UKRAINE_FIRST_Q <= p.arrival_q < UKRAINE_END_Q else 0]
                p.sex = 0 if uniform(key, P_LAYOUT, 0) < ages[0].sum() else 1
                band = _pick(ages[p.sex] / ages[p.sex].sum(), uniform(key, P_LAYOUT, 1))
                low, high = ARRIVAL_AGES[band], ARRIVAL_AGES[band + 1]
                p.birth_q = p.arrival_q - int(4 * (low + (high - low) * uniform(key, P_LAYOUT, 2)))
            # Levels lie in ascending order along the draw: selection stretches it, so that nobody's education falls.
            p.education = _pick(arrival_education[p.sex], uniform(key, P_LAYOUT, 3) / (1.0 - selection[p.sex, p.arrival_q]))
        first, last = completion[p.education, 0], completion[p.education, 1]
        age_completed = first + (last - first) * uniform(key, P_LAYOUT, 4)
        p.completion_q = p.birth_q + int(4.0 * age_completed)
        if p.group == 4 and p.arrival_q - p.birth_q < 140:
            p.completion_q = max(p.completion_q, p.arrival_q + int(par.study_quarters))
        p.employability = int(max(-4.0, min(4.0, normal(key, P_LAYOUT, 6))) * TRAIT)
        p.earning_power = int(max(-4.0, min(4.0, normal(key, P_LAYOUT, 8))) * TRAIT)
        p.language = C1
        p.recognition = NOT_NEEDED
        if p.group >= 2:
            if p.arrival_q - p.birth_q >= CHILDHOOD_Q:
                p.language = _pick(language[p.education], uniform(key, P_LAYOUT, 10))
            if p.completion_q <= p.arrival_q and p.education > LOW:
                p.qualification = 2 if uniform(key, P_LAYOUT, 11) < regulated[p.sex, p.education] else 1
                p.recognition = NOT_APPLIED
        age_q = max(0, -p.birth_q) if p.arrival_q < 0 else p.arrival_q - p.birth_q
        life = 0 if age_q < 120 else (1 if age_q < 260 else 2)
        p.partner = _pick(partner[life], uniform(key, P_LAYOUT, 12))
        p.youngest_q = NO_CHILD
        if p.sex == 0:
            now = max(0, p.arrival_q)
            for year in range(35):
                q = p.birth_q + 4 * (15 + year) + 2
                if q >= now:
                    break
                if uniform(person_key(seed, q, p.uid), P_BIRTH) < fertility[year] and p.children < 9:
                    p.children += 1
                    p.youngest_q = q
        p.labour = STUDENT if max(0, p.arrival_q) < p.completion_q else INACTIVE
        p.labour_q = p.arrival_q
