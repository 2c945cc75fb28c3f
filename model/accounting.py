"""Accounting: additive counts of one person (codes.COUNTS, SUMS and STAY_MEASURES), and the rates derived from them.

Reads states, writes integers into a row of measures. Rates and totals are derived here and nowhere else: averaging
rates over groups of different size is wrong.
"""

import numpy as np
from numba import njit

from model.codes import (
    BRIDGING, COURSE_ATTENDING, COURSE_WAITING, DECISION_WAITING, DOCUMENTS, FEMALE, HIGH, INACTIVE, INDICATORS,
    MEASURE, OTHER, RECOGNISED, SKILLED, STAY_MEASURES, STUDENT, UNDER_15, UNEMPLOYED,
)  # fmt: skip
from model.demography import children_under_18

N_PERSONS = MEASURE["persons"]
N_20_64, E_20_64, U_20_64, I_20_64, S_20_64 = (
    MEASURE[k] for k in ("persons_20_64", "employed_20_64", "unemployed_20_64", "inactive_20_64", "students_20_64")
)
N_15_74, E_15_74, U_15_74 = (MEASURE[k] for k in ("persons_15_74", "employed_15_74", "unemployed_15_74"))
TERTIARY, OVERQUALIFIED = MEASURE["tertiary_employed_20_64"], MEASURE["overqualified_20_64"]
LANGUAGE_0 = MEASURE["language_a1"]
WAITING, ATTENDING = MEASURE["course_waiting"], MEASURE["course_attending"]
ABROAD, FILE, DECISION, IN_BRIDGING, RECOGNISED_N = (
    MEASURE[k]
    for k in ("qualified_abroad", "recognition_documents", "recognition_waiting", "bridging", "recognised")
)
NATURALISED, CHILDREN = MEASURE["naturalised"], MEASURE["children_of_women"]
NEET, N_15_29 = MEASURE["neet_15_29"], MEASURE["persons_15_29"]
WAGES, HOURS = MEASURE["wage_sum"], MEASURE["hours_sum"]
STAY_N, STAY_E, STAY_U, STAY_TERTIARY, STAY_OVERQUALIFIED, STAY_LANGUAGE_0 = (
    STAY_MEASURES.index(k)
    for k in (
        "persons_20_64", "employed_20_64", "unemployed_20_64", "tertiary_employed_20_64", "overqualified_20_64",
        "language_a1",
    )
)  # fmt: skip


@njit
def education_out(level, age_q):
    """Education column of results: persons under 15 apart."""
    return UNDER_15 if age_q < 60 else level


@njit
def count_person(p, t, w, age_q, row, average_wage):
    """Add one person of weight w to a row of measures; average_wage in EUR per year at today's real wages."""
    row[N_PERSONS] += w
    if age_q < 60:
        return
    employed = p.labour == SKILLED or p.labour == OTHER
    unemployed = p.labour == UNEMPLOYED
    if age_q < 300:
        row[N_15_74] += w
        if employed:
            row[E_15_74] += w
        elif unemployed:
            row[U_15_74] += w
    if age_q < 120:
        row[N_15_29] += w
        if not employed and p.labour != STUDENT:
            row[NEET] += w
    if 80 <= age_q < 260:
        row[N_20_64] += w
        if employed:
            row[E_20_64] += w
            row[WAGES] += np.int64(p.wage * average_wage) * w
            row[HOURS] += np.int64(p.hours) * w
            if p.education == HIGH:
                row[TERTIARY] += w
                if p.labour == OTHER:
                    row[OVERQUALIFIED] += w
        elif unemployed:
            row[U_20_64] += w
        elif p.labour == INACTIVE:
            row[I_20_64] += w
        elif p.labour == STUDENT:
            row[S_20_64] += w
    if p.sex == FEMALE:
        row[CHILDREN] += children_under_18(p, t) * w
    if p.group < 2:
        return
    row[LANGUAGE_0 + p.language] += w
    if p.course == COURSE_WAITING:
        row[WAITING] += w
    elif p.course == COURSE_ATTENDING:
        row[ATTENDING] += w
    if p.qualification > 0:
        row[ABROAD] += w
        if p.recognition == DOCUMENTS:
            row[FILE] += w
        elif p.recognition == DECISION_WAITING:
            row[DECISION] += w
        elif p.recognition == BRIDGING:
            row[IN_BRIDGING] += w
        elif p.recognition == RECOGNISED:
            row[RECOGNISED_N] += w
    if p.naturalised:
        row[NATURALISED] += w


@njit
def count_stay(p, w, row):
    """Add one non-EU-born person aged 20-64 of weight w to a row of codes.STAY_MEASURES."""
    row[STAY_N] += w
    if p.labour == SKILLED or p.labour == OTHER:
        row[STAY_E] += w
        if p.education == HIGH:
            row[STAY_TERTIARY] += w
            if p.labour == OTHER:
                row[STAY_OVERQUALIFIED] += w
    elif p.labour == UNEMPLOYED:
        row[STAY_U] += w
    row[STAY_LANGUAGE_0 + p.language] += w


def indicator(name, measures):
    """A rate from additive measures: `measures` has the measures in its last axis; any leading shape.

    Returns numerator / denominator times the factor of codes.INDICATORS, NaN where the denominator is zero.
    Raises KeyError for an unknown indicator.
    """
    numerator, denominator, factor, _ = INDICATORS[name]

    def total(names):
        names = (names,) if isinstance(names, str) else names
        return sum(measures[..., MEASURE[n]].astype(float) for n in names)

    bottom = total(denominator)
    return np.divide(factor * total(numerator), bottom, out=np.full_like(bottom, np.nan), where=bottom > 0)
