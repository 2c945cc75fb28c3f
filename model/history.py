"""Initial history: the stock of 1 January 2017 lives its last years under the conditions of the start, then is raked.

States, spells, queues, language, recognition and contribution years are those of people who have lived here; employment by
Member State, origin, sex and age is then made to meet the published table, flipping as few persons as possible.
Before the simulated years, contributions are the expected ones and informal learning runs by the year.
"""

import numpy as np
from numba import njit, prange

from model.cell import cell_index, stay_band
from model.codes import (
    B1, BRIDGING_WAITING, C1, COURSE_ATTENDING, COURSE_WAITING, DECISION_WAITING, HIGH, INACTIVE, NOT_APPLIED, OTHER, PARTIAL, PRESENT,
    RECOGNISED, RETIRED, SKILLED, STUDENT, UNEMPLOYED,
)  # fmt: skip
from model.demography import age_and_family, award_pension, has_child_under
from model.draw import P_HISTORY, person_key, uniform
from model.fiscal import open_claim
from model.labour_market import change_activity, hire, search, separate
from model.language import learn
from model.pay import draw_job, set_wage, work
from model.quarter import age_index, enter, origin_of
from model.queue import ADVANCED, BASIC, BRIDGING_PLACES, DECISIONS, grant
from model.recognition import decide, pursue

YEARS = 10  # simulated with every process; earlier years only accumulate
N_AGE_BANDS = 12  # 15-19 to 70-74


@njit
def start_state(p, q, key, rate, profile, cumulated, retirement_q, cell, par, base_skilled, base_other, sex_gap, fiscal):
    """State of one person at quarter q, the first of the simulated history.

    profile and cumulated [60] are the employed share by age and its running sum (years) for this person's group.
    """
    age_q = q - p.birth_q
    first_q = max(p.completion_q, p.arrival_q if p.group > 0 else p.completion_q)
    if q < p.completion_q:
        p.labour = STUDENT
        p.labour_q = q
        return
    a = age_index(age_q)
    worked = cumulated[a] - cumulated[age_index(first_q - p.birth_q)]
    if p.group >= 2:
        worked *= par.earlier_employment
    worked = max(0.0, worked)
    p.experience_q = int(4.0 * worked)
    p.contribution_q = p.experience_q
    # Share of skilled jobs in the stock: hires into other jobs are left by separation or upgrading.
    separation = max(1e-6, rate.to_unemployed + rate.to_inactive)
    skilled = 1.0 - (1.0 - rate.skilled) * separation / (separation + rate.upgrade)
    u = uniform(key, P_HISTORY, 1)
    if age_q >= retirement_q:
        p.labour = INACTIVE
    elif u < profile[a]:
        p.labour = SKILLED if uniform(key, P_HISTORY, 2) < skilled else OTHER
    else:
        p.labour = UNEMPLOYED if uniform(key, P_HISTORY, 3) < 0.3 else INACTIVE
    p.labour_q = q - int(12.0 * uniform(key, P_HISTORY, 4))
    state = p.labour
    if state != SKILLED and state != OTHER:
        p.labour = SKILLED if uniform(key, P_HISTORY, 2) < skilled else OTHER
    draw_job(p, key, cell, par)
    set_wage(p, q, cell, par, base_skilled, base_other, sex_gap)
    p.labour = state
    p.earned = worked * p.wage * 0.9
    if age_q >= retirement_q:
        award_pension(p, q, par, fiscal, min(160, q - p.arrival_q))


@njit(parallel=True, cache=True)
def live(
    people, chunks, seed, cells, par, rates, profile, cumulated, retirement_q, retire, wage_base, sex_gap, fiscal, waits,
    tightness,
):  # fmt: skip
    """Live the history of everyone present on 1 January 2017. profile, cumulated [ms, origin, sex, education, 60];
    waits [4]: mean quarters in the four queues (queue.BASIC ...), which here grant places at random; tightness [ms]:
    that of the first quarter, of both segments."""
    for k in prange(len(chunks)):
        chunk = chunks[k]
        ms = chunk.member_state
        origin = origin_of(chunk.group)
        for i in range(chunk.start, chunk.stop):
            p = people[i]
            if p.presence != PRESENT or p.birth_q > -60 and origin < 2:
                continue
            start = max(-4 * YEARS if origin == 2 else -12, p.arrival_q, p.birth_q + 60)
            base_skilled, base_other = wage_base[ms, p.education, 0], wage_base[ms, p.education, 1]
            if origin == 2:
                # Who has retired before does not live the later quarters one by one.
                retired = start - p.birth_q >= retirement_q[ms, p.sex]
                for q in range(p.arrival_q, 0 if retired else min(start, 0), 4):
                    if p.language < C1 and q - p.birth_q > 40:
                        stay = q - p.arrival_q
                        cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(stay))]
                        hazard = 4.0 * cell.informal
                        if stay < 12 and p.language < B1:
                            hazard += 0.25 * cell.take_up
                        if uniform(person_key(seed, q, p.uid), P_HISTORY) < hazard:
                            p.language += 1
                    if q - p.arrival_q >= 20 and q - p.birth_q >= 60 and p.naturalised == 0:
                        cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(q - p.arrival_q))]
                        if uniform(person_key(seed, q, p.uid), P_HISTORY, 7) < 4.0 * cell.naturalisation:
                            p.naturalised = 1
                    if p.recognition == NOT_APPLIED and q - p.arrival_q < par[0].apply_latest_stay:
                        key = person_key(seed, q, p.uid)
                        cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(q - p.arrival_q))]
                        late = par[0].apply_late if q - p.arrival_q >= par[0].apply_late_stay else 1.0
                        if uniform(key, P_HISTORY, 5) < 4.0 * late * cell.apply:
                            decide(p, q, key, par[0])
                            if p.recognition == BRIDGING_WAITING:
                                done = uniform(key, P_HISTORY, 6) < par[0].bridging_completion
                                p.recognition = RECOGNISED if done else PARTIAL
            if start >= 0:
                continue
            key = person_key(seed, start, p.uid)
            cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(start - p.arrival_q))]
            rate = rates[ms, origin, p.sex, p.education, age_index(start - p.birth_q)]
            if start == p.arrival_q and start >= p.completion_q:
                enter(p, start, key, cell)
            else:
                start_state(
                    p, start, key, rate, profile[ms, origin, p.sex, p.education], cumulated[ms, origin, p.sex, p.education],
                    retirement_q[ms, p.sex], cell, par[0], base_skilled, base_other, sex_gap[ms], fiscal[ms],
                )  # fmt: skip
            for q in range(start, 0):
                if p.labour == RETIRED:
                    break
                key = person_key(seed, q, p.uid)
                age_q = q - p.birth_q
                stay = q - p.arrival_q
                cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(stay))]
                children, youngest = p.children, p.youngest_q
                age_and_family(
                    p, q, key, age_q, stay, cell, par[0], 0.0, retirement_q[ms, p.sex], retire, fiscal[ms]
                )
                p.children, p.youngest_q = children, youngest
                employed = p.labour == SKILLED or p.labour == OTHER
                attended = False
                if origin == 2:
                    attended = p.course == COURSE_ATTENDING
                    care = p.sex == 0 and has_child_under(p, q, 24)
                    learn(p, q, key, seed, age_q, stay, cell, par[0], care, employed, True, True)
                    if p.qualification > 0:
                        pursue(p, q, key, stay, cell, par[0])
                    for kind in range(4):
                        waiting = (
                            (kind == BASIC and p.course == COURSE_WAITING and p.language < B1)
                            or (kind == ADVANCED and p.course == COURSE_WAITING and p.language >= B1)
                            or (kind == DECISIONS and p.recognition == DECISION_WAITING)
                            or (kind == BRIDGING_PLACES and p.recognition == BRIDGING_WAITING)
                        )
                        if waiting and uniform(key, P_HISTORY, 10 + kind) < 1.0 / (1.0 + waits[kind]):
                            grant(p, q, key, kind, par[0])
                if p.labour == STUDENT or p.labour == RETIRED:
                    continue
                rate = rates[ms, origin, p.sex, p.education, age_index(age_q)]
                if employed:
                    if separate(p, q, key, rate, cell):
                        open_claim(p, key, fiscal[ms], par[0])
                elif p.labour_q < q and q != p.completion_q:
                    change_activity(p, q, key, rate, cell)
                search(p, q, rate, cell, par[0], 1.0, attended)
                hired = hire(p, q, key, tightness[ms], tightness[ms]) == 1
                if p.labour == SKILLED or p.labour == OTHER:
                    work(p, q, key, hired, cell, par[0], base_skilled, base_other, sex_gap[ms])
                elif p.covered_q > 0:
                    p.covered_q -= 1
            p.course_quarters = 0
            p.recognition_cost = 0
            p.search_skilled = 0
            p.search_other = 0


@njit(cache=True)
def cells_and_ties(people, seed):
    """Sex and age band (15-19 to 70-74) of each person present, int8, -1 if of another age, and a keyed tie, float32."""
    cell = np.full(len(people), -1, dtype=np.int8)
    ties = np.zeros(len(people), dtype=np.float32)
    for i in range(len(people)):
        p = people[i]
        age_q = -p.birth_q
        if p.presence == PRESENT and 60 <= age_q < 300:
            cell[i] = p.sex * N_AGE_BANDS + (age_q - 60) // 20
            ties[i] = uniform(person_key(seed, -1, p.uid), P_HISTORY, 20)
    return cell, ties


def rake(people, chunks, seed, inputs):
    """Make employment by Member State, origin, sex and age, unemployment by Member State, origin and sex, and
    overqualification by Member State and origin meet the tables.

    Persons in education or retired are never made unemployed; as few persons as possible change state. Writes
    labour states and first jobs. Returns nothing.
    """
    key = chunks["member_state"] * 3 + np.minimum(chunks["group"], 2)
    firsts = np.flatnonzero(np.diff(key, prepend=-1))
    edges = np.append(chunks["start"][firsts], len(people))
    for first, start, stop in zip(firsts, edges[:-1], edges[1:]):
        ms, origin = divmod(int(key[first]), 3)
        group = people[start:stop]
        cell, ties = cells_and_ties(group, seed)
        for sex in range(2):
            for band in range(N_AGE_BANDS):
                members = _in_order(np.flatnonzero(cell == sex * N_AGE_BANDS + band), ties)
                _rake_employment(group, members, inputs.employment[ms, origin, sex, band], seed, inputs)
            members = np.flatnonzero((cell >= sex * N_AGE_BANDS) & (cell < (sex + 1) * N_AGE_BANDS))
            _rake_unemployment(group, _in_order(members, ties), inputs.unemployment[ms, origin, sex])
        _rake_match(group, ties, inputs.overqualification[ms, origin], inputs)


def _in_order(members, ties):
    """Indices in the order of their keyed ties."""
    return members[np.argsort(ties[members], kind="stable")]


def _rake_employment(people, members, rate, seed, inputs):
    """Give jobs to, or take them from, as many of the members as the employment rate asks."""
    labour = people["labour"][members]
    employed = (labour == SKILLED) | (labour == OTHER)
    change = int(round(rate * len(members))) - int(employed.sum())
    if change > 0:
        able = members[(labour == UNEMPLOYED) | (labour == INACTIVE)]
        _first_job(
            people, able[:change], seed, inputs.cells, inputs.parameters, inputs.rates, inputs.wage_base, inputs.sex_gap
        )
    elif change < 0:
        leaving = members[employed][:-change]
        people["labour"][leaving] = INACTIVE
        people["covered_q"][leaving] = 0
        people["labour_q"][leaving] = -1


def _rake_unemployment(people, members, rate):
    """Move as many of the members under 60 between unemployment and inactivity as the unemployment rate asks."""
    labour = people["labour"][members]
    employed = int(((labour == SKILLED) | (labour == OTHER)).sum())
    change = int(round(rate / (1.0 - rate) * employed)) - int((labour == UNEMPLOYED).sum())
    source, target = (INACTIVE, UNEMPLOYED) if change > 0 else (UNEMPLOYED, INACTIVE)
    moving = members[(labour == source) & (-people["birth_q"][members] < 240)][: abs(change)]
    people["labour"][moving] = target
    people["labour_q"][moving] = -1


@njit(cache=True)
def employed_graduates(people):
    """Whether each person is an employed graduate aged 20-64, bool."""
    found = np.zeros(len(people), dtype=np.bool_)
    for i in range(len(people)):
        p = people[i]
        working = p.presence == PRESENT and (p.labour == SKILLED or p.labour == OTHER)
        found[i] = working and p.education == HIGH and 80 <= -p.birth_q < 260
    return found


def _rake_match(people, ties, rate, inputs):
    """Move as few graduates as possible between skilled and other jobs to meet the overqualification rate."""
    members = _in_order(np.flatnonzero(employed_graduates(people)), ties)
    other = people["labour"][members] == OTHER
    change = int(round(rate * len(members))) - int(other.sum())
    moving = members[~other][:change] if change > 0 else members[other][:-change]
    segment = OTHER if change > 0 else SKILLED
    _move(people, moving, segment, inputs.cells, inputs.parameters, inputs.wage_base, inputs.sex_gap)


@njit(cache=True)
def _move(people, members, segment, cells, par, wage_base, sex_gap):
    """Put employed persons into jobs of the segment."""
    for i in members:
        p = people[i]
        ms = p.member_state
        cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(-p.arrival_q))]
        p.labour = segment
        set_wage(p, -1, cell, par[0], wage_base[ms, p.education, 0], wage_base[ms, p.education, 1], sex_gap[ms])


@njit(cache=True)
def _first_job(people, members, seed, cells, par, rates, wage_base, sex_gap):
    """Put persons into jobs as hires of the quarter before the start."""
    for i in members:
        p = people[i]
        key = person_key(seed, -1, p.uid)
        ms = p.member_state
        rate = rates[ms, origin_of(p.group), p.sex, p.education, age_index(-p.birth_q)]
        cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(-p.arrival_q))]
        p.labour = SKILLED if uniform(key, P_HISTORY, 2) < rate.skilled else OTHER
        p.labour_q = -1
        draw_job(p, key, cell, par[0])
        set_wage(p, -1, cell, par[0], wage_base[ms, p.education, 0], wage_base[ms, p.education, 1], sex_gap[ms])

