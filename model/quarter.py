"""The quarter: the ordered list of processes, and the two fused passes over persons that carry them out.

Pass one takes every person through demography, language, recognition and the search for work; then the
institutions of each Member State decide (courses, decisions, bridging, tightness of the market); pass two carries out
hires, pay, accounting and, in the last quarter of a year, the fiscal account. Passes run in parallel over chunks of one
Member State and group; every sum is an integer, hence exact in any order.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, prange

from model.accounting import count_person, count_stay, education_out
from model.cell import cell_index, stay_band
from model.codes import (
    BRIDGING_WAITING, COMPONENTS, COURSE_ATTENDING, COURSE_WAITING, DECISION_WAITING, EMIGRATED, FUTURE, HIGH,
    INACTIVE, LOW, MEASURE, MEDIUM, OTHER, PRESENT, RETIRED, SKILLED, STUDENT, UNEMPLOYED, YEARS_SINCE_ARRIVAL,
)  # fmt: skip
from model.demography import age_and_family, has_child_under, leave
from model.draw import P_ACTIVITY, person_key, uniform
from model.fiscal import (
    CENTS, HALF_WAGE_GROWTH, assistance, claims_assistance, open_claim, pension_now, settle, unemployment_benefit,
)  # fmt: skip
from model.labour_market import FIRST_AGE, LAST_AGE, change_activity, hire, search, separate
from model.language import learn
from model.lever import count_reached, count_start
from model.pay import work
from model.programme import guide, join, may_join
from model.recognition import pursue


class Process(NamedTuple):
    """One named step of the quarter and the pass that carries it out."""

    name: str
    step: str
    reads: str
    writes: str


QUARTER = (
    Process("arrival", "before_market", "arrival quarter", "presence, labour state on arrival"),
    Process("death and departure", "before_market", "age, sex, reason, stay", "presence"),
    Process("family, education, retirement", "before_market", "age, children, contributions", "children, state, pension"),
    Process("language", "before_market", "level, stay, care, work", "level, course state"),
    Process("recognition", "before_market", "qualification, language, stay", "recognition state"),
    Process("separation and activity", "before_market", "labour state, age", "labour state, benefit claim"),
    Process("programmes", "before_market", "labour state, employability, offers", "programme joined, its end"),
    Process("search", "before_market", "language, recognition, contacts, care, programme", "effective search"),
    Process("language courses", "institutions", "queue, places", "admissions"),
    Process("recognition decisions", "institutions", "queue, capacity", "decisions, bridging places"),
    Process("matching", "institutions", "effective search, openings", "tightness"),
    Process("hiring and pay", "after_market", "search, tightness", "labour state, wage, hours"),
    Process("benefits", "after_market", "labour state, claim, partner", "benefits of the year"),
    Process("accounting", "after_market", "state", "counts"),
    Process("fiscal account", "after_market", "the year's earnings and benefits", "components"),
)  # fmt: skip

CHUNK = np.dtype(
    [("start", "i8"), ("stop", "i8"), ("member_state", "i4"), ("group", "i4"), ("first_arrival", "i4"), ("cohort", "i4"),
     ("newcomers", "i1")]
)  # fmt: skip
# Columns of the per-chunk integer sums of a quarter.
SUMS = (
    "search_skilled", "search_other", "leavers_skilled", "leavers_other", "established", "established_employed",
    "hires_skilled", "hires_other", "persons",
)  # fmt: skip
(
    SEARCH_SKILLED, SEARCH_OTHER, LEAVERS_SKILLED, LEAVERS_OTHER, ESTABLISHED, ESTABLISHED_EMPLOYED,
    HIRES_SKILLED, HIRES_OTHER, PERSONS,
) = range(len(SUMS))  # fmt: skip
SWITCHES = np.dtype([(name, "i1") for name in ("demography", "arrivals", "language", "recognition", "labour_market")])
# Cell sums for the parity targets: Member State, origin, sex, nine age bands from 20, education.
CELL_SUMS = ("persons", "employed", "active", "tertiary_employed", "tertiary_skilled", "wage", "hours", "students")
WAGE_UNITS = 1e6

M_BIRTHS, M_DEATHS, M_ARRIVALS, M_DEPARTURES = (MEASURE[k] for k in ("births", "deaths", "arrivals", "departures"))
M_HIRES, M_SEPARATIONS, M_COMPLETED = (MEASURE[k] for k in ("hires", "separations", "courses_completed"))
M_DECISIONS = MEASURE["decisions"]
M_COMPONENTS = MEASURE["income_tax"]
N_COMPONENTS = len(COMPONENTS)
LONGEST_STAY = len(YEARS_SINCE_ARRIVAL) - 1


@njit
def origin_of(group):
    """0 native, 1 EU-born, 2 non-EU-born."""
    return 2 if group > 2 else group


@njit
def age_index(age_q):
    """Row of the labour-market rates for an age in quarters, clipped to FIRST_AGE..LAST_AGE."""
    return max(0, min(LAST_AGE - FIRST_AGE, age_q // 4 - FIRST_AGE))


@njit
def education_now(p, t):
    """Attained level: one below the final level while initial education lasts."""
    if t >= p.completion_q or p.education == LOW:
        return p.education
    return MEDIUM if p.education == HIGH else LOW


@njit
def enter(p, t, key, cell):
    """Presence and labour state of a new arrival."""
    p.presence = PRESENT
    if p.group == 0 or t < p.completion_q:
        p.labour = STUDENT
        p.labour_q = t
    else:
        p.labour = UNEMPLOYED if uniform(key, P_ACTIVITY, 1) < cell.entry_active else INACTIVE
        p.labour_q = t


@njit(parallel=True, cache=True)
def before_market(
    people, chunks, t, seed, switches, cells, par, programmes, rates, death, birth, retirement_q, retire, fiscal, contacts,
    acc, sums, queued, n_queued, reached,
):  # fmt: skip
    """First pass over all chunks with somebody present at quarter t.

    cells: flat cell table; rates [ms, origin, sex, education, age]; death [ms, sex, age]; birth [ms, age 15-49];
    retirement_q [ms, sex]; retire: hazard past that age; contacts [ms]. Adds flows to acc [chunk, sex, education,
    measure] and sums [chunk, SUMS]; queued [non-EU persons] and n_queued [chunk] list who waits for something. reached
    [chunk, cell of the chunk, lever.COLUMNS] counts whom levers reach; it has no chunk when there is no lever.
    """
    for k in prange(len(chunks)):
        chunk = chunks[k]
        for j in range(sums.shape[1]):
            sums[k, j] = 0
        n_queued[k] = 0
        if len(reached) > 0:
            reached[k] = 0
        if chunk.first_arrival > t:
            continue
        ms = chunk.member_state
        origin = origin_of(chunk.group)
        waiting = 0
        for i in range(chunk.start, chunk.stop):
            p = people[i]
            if p.presence > PRESENT:
                continue
            if p.arrival_q > t:
                break
            if p.presence == FUTURE and not switches[0].arrivals:
                continue
            key = person_key(seed, t, p.uid)
            age_q = t - p.birth_q
            stay = t - p.arrival_q
            w = np.int64(p.weight)
            out = education_out(education_now(p, t), age_q)
            cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(stay))]
            if p.presence == FUTURE:
                enter(p, t, key, cell)
                if p.group > 0:
                    acc[k, p.sex, out, M_ARRIVALS] += w
            elif switches[0].demography:
                before = p.labour
                if leave(p, t, key, stay, cell, par[0], death[ms, p.sex, min(age_q // 4, 100)]):
                    acc[k, p.sex, out, M_DEPARTURES if p.presence == EMIGRATED else M_DEATHS] += w
                    if before == SKILLED:
                        sums[k, LEAVERS_SKILLED] += w
                    elif before == OTHER:
                        sums[k, LEAVERS_OTHER] += w
                    continue
            sums[k, PERSONS] += w
            if age_q < 60:
                continue
            if switches[0].demography:
                before = p.labour
                fertility = birth[ms, min(34, max(0, age_q // 4 - 15))]
                born = age_and_family(
                    p, t, key, age_q, stay, cell, par[0], fertility, retirement_q[ms, p.sex], retire, fiscal[ms]
                )
                acc[k, p.sex, out, M_BIRTHS] += born * w
                if p.labour == RETIRED and before == SKILLED:
                    sums[k, LEAVERS_SKILLED] += w
                elif p.labour == RETIRED and before == OTHER:
                    sums[k, LEAVERS_OTHER] += w
            employed = p.labour == SKILLED or p.labour == OTHER
            attended = False
            if origin == 2:
                attended = p.course == COURSE_ATTENDING
                care = p.sex == 0 and has_child_under(p, t, 24)
                acc[k, p.sex, out, M_COMPLETED] += w * learn(
                    p, t, key, seed, age_q, stay, cell, par[0], care, employed, switches[0].language, switches[0].language
                )
                if p.qualification > 0 and switches[0].recognition and p.labour != RETIRED:
                    pursue(p, t, key, stay, cell, par[0])
                if (
                    p.course == COURSE_WAITING
                    or p.recognition == DECISION_WAITING
                    or p.recognition == BRIDGING_WAITING
                ):
                    queued[chunk.start + waiting] = i
                    waiting += 1
                if len(reached) > 0 and 64 <= age_q < 260:
                    count_reached(p, w, stay, care, reached[k])
                if stay >= 20 and 80 <= age_q < 260:
                    sums[k, ESTABLISHED] += w
                    if employed:
                        sums[k, ESTABLISHED_EMPLOYED] += w
            p.search_skilled = 0
            p.search_other = 0
            if p.labour == STUDENT or p.labour == RETIRED or not switches[0].labour_market:
                continue
            rate = rates[ms, origin, p.sex, p.education, age_index(age_q)]
            if employed:
                segment = LEAVERS_SKILLED if p.labour == SKILLED else LEAVERS_OTHER
                if separate(p, t, key, rate, cell):
                    sums[k, segment] += w
                    acc[k, p.sex, out, M_SEPARATIONS] += w
                    open_claim(p, key, fiscal[ms], par[0])
            elif p.labour_q < t and t != p.completion_q:
                change_activity(p, t, key, rate, cell)
            if cell.offers > 0.0 and may_join(p, t, age_q):
                if join(p, t, key, seed, cell, programmes) > 0 and len(reached) > 0:
                    count_start(p, w, stay, reached[k])
            search(p, t, rate, cell, par[0], contacts[ms], attended)
            if p.programme > 0:
                guide(p, t, programmes)
            sums[k, SEARCH_SKILLED] += np.int64(p.search_skilled) * w
            sums[k, SEARCH_OTHER] += np.int64(p.search_other) * w
        n_queued[k] = waiting


@njit
def quarters_present(p, t):
    """Quarters of the calendar year of t present up to and including t."""
    return t - max(t - t % 4, p.arrival_q) + 1


@njit
def pension_of_year(p, t, quarters, wage_index, growth):
    """Pension received this year as a share of 2019's average wage (default indexation)."""
    if p.labour != RETIRED:
        return 0.0
    retired = min(quarters, t - p.labour_q + 1)
    return 0.25 * retired * pension_now(p, t, wage_index, growth, HALF_WAGE_GROWTH)


@njit
def close_year(p):
    """Start a new calendar year."""
    p.earnings = 0
    p.unemployment_benefit = 0
    p.social_assistance = 0
    p.course_quarters = 0
    p.recognition_cost = 0


@njit(parallel=True, cache=True)
def after_market(
    people, chunks, t, seed, cells, par, rates, wage_base, sex_gap, fiscal, wage_index, growth, tightness,
    acc, sums, cell_sums, by_age, by_stay, buffer, keep_year,
):  # fmt: skip
    """Second pass: hires, pay, benefits, counts and, in the last quarter of a year or on leaving, the fiscal account.

    wage_base [ms, education, segment] and sex_gap [ms] are logs; tightness [ms, segment]; cell_sums [chunk, sex, age
    9, education, CELL_SUMS] of this quarter; by_age [chunk, age 18, 1 + COMPONENTS]; by_stay [chunk, sex, years since
    arrival 11, STAY_MEASURES] of the non-EU-born; buffer [chunk, COMPONENTS]; keep_year leaves the year's sums on the
    record for the accounts at parity, which then close it.
    """
    last = t % 4 == 3
    for k in prange(len(chunks)):
        chunk = chunks[k]
        if chunk.first_arrival > t:
            continue
        ms = chunk.member_state
        f = fiscal[ms]
        out = buffer[k]
        for i in range(chunk.start, chunk.stop):
            p = people[i]
            if p.presence == FUTURE:
                if p.arrival_q > t:
                    break
                continue
            w = np.int64(p.weight)
            age_q = t - p.birth_q
            band = min(17, age_q // 20)
            level = education_now(p, t)
            column = education_out(level, age_q)
            if p.presence > PRESENT:
                quarters = quarters_present(p, t) - 1
                if p.course_q == t and quarters > 0:
                    settle(
                        p, t - 1, quarters, f, par[0], wage_index, growth,
                        p.earnings, p.unemployment_benefit, p.social_assistance,
                        pension_of_year(p, t - 1, quarters, wage_index, growth), out,
                    )  # fmt: skip
                    for c in range(N_COMPONENTS):
                        acc[k, p.sex, column, M_COMPONENTS + c] += out[c] * w
                        by_age[k, band, 1 + c] += out[c] * w
                    acc[k, p.sex, column, M_DECISIONS] += (p.recognition_cost % 10) * w
                continue
            key = person_key(seed, t, p.uid)
            stay = t - p.arrival_q
            cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(stay))]
            result = 0
            if p.search_skilled > 0 or p.search_other > 0:
                result = hire(p, t, key, tightness[ms, 0], tightness[ms, 1])
                if result > 0:
                    sums[k, HIRES_SKILLED if p.labour == SKILLED else HIRES_OTHER] += w
                    if result == 2:
                        sums[k, LEAVERS_OTHER] += w
                    else:
                        acc[k, p.sex, column, M_HIRES] += w
            employed = p.labour == SKILLED or p.labour == OTHER
            if employed:
                pay = work(
                    p, t, key, result == 1, cell, par[0],
                    wage_base[ms, p.education, 0], wage_base[ms, p.education, 1], sex_gap[ms],
                )  # fmt: skip
                p.earnings += int(CENTS * pay * f.average_wage * wage_index)
            p.search_skilled = 0
            p.search_other = 0
            if not employed and claims_assistance(p):
                # The search fields have served; they now hold this quarter's benefits in euros (read at parity).
                if p.covered_q > 0 and p.labour == UNEMPLOYED:
                    benefit = unemployment_benefit(p, f, par[0], wage_index)
                    p.unemployment_benefit += benefit
                    p.search_skilled = benefit // 100
                    p.covered_q -= 1
                if p.search_skilled == 0 and 72 <= age_q < 260:
                    aid = assistance(p, t, seed, f, par[0], wage_index)
                    p.social_assistance += aid
                    p.search_other = aid // 100
            count_person(p, t, w, age_q, acc[k, p.sex, column], f.average_wage * wage_index)
            if 80 <= age_q < 260:
                c = cell_sums[k, p.sex, age_q // 20 - 4, level]
                c[0] += w
                if employed:
                    c[1] += w
                    c[2] += w
                    c[5] += np.int64(p.wage * WAGE_UNITS) * w
                    c[6] += np.int64(p.hours) * w
                    if level == HIGH:
                        c[3] += w
                        if p.labour == SKILLED:
                            c[4] += w
                elif p.labour == UNEMPLOYED:
                    c[2] += w
                elif p.labour == STUDENT:
                    c[7] += w
                if p.group >= 2:
                    count_stay(p, w, by_stay[k, p.sex, min(LONGEST_STAY, stay // 4)])
            if last:
                quarters = quarters_present(p, t)
                settle(
                    p, t, quarters, f, par[0], wage_index, growth,
                    p.earnings, p.unemployment_benefit, p.social_assistance,
                    pension_of_year(p, t, quarters, wage_index, growth), out,
                )  # fmt: skip
                by_age[k, band, 0] += w
                for c in range(N_COMPONENTS):
                    acc[k, p.sex, column, M_COMPONENTS + c] += out[c] * w
                    by_age[k, band, 1 + c] += out[c] * w
                acc[k, p.sex, column, M_DECISIONS] += (p.recognition_cost % 10) * w
                if not keep_year:
                    close_year(p)
