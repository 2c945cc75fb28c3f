"""Policy levers: pure functions of (cells, quarter) -> changed cells, and of the quarter -> extra places; whom they reach.

A lever changes a mechanism's parameters, never an outcome; no kernel knows of policies. At zero strength or take-up the cell
table is the baseline's, byte for byte. Changes of arrivals and of their education are made where the population is laid out.
What a lever changes is a list of Change: a field of the cell table, an operation of OPERATIONS and a size per unit of strength.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.special import ndtri

from model.cell import SHAPE, stay_band
from model.codes import (
    COURSE_ATTENDING, DECISION_WAITING, DOCUMENTS, INACTIVE, LEVER_BASES, MEMBER_STATES, OTHER, PROGRAMMES, SKILLED,
    UNEMPLOYED,
)  # fmt: skip

PLACES = {
    "language_places": "language_places",
    "job_related_courses": "advanced_places",
    "bridging_courses": "bridging_places",
    "faster_recognition": "decisions",
}
EXTRAS = ("language_places", "advanced_places", "bridging_places", "decisions")
IDLE = {
    "idle_course_places": "language_places",
    "idle_advanced_places": "advanced_places",
    "idle_bridging_places": "bridging_places",
}
CELLS = int(np.prod(SHAPE[2:]))  # cells of one Member State and group
# What is counted per cell: persons by base, then starts of each programme.
COUNTED = LEVER_BASES[LEVER_BASES.index("persons") : LEVER_BASES.index("idle_course_places")]
(C_PERSONS, C_NEWCOMERS, C_NOT_EMPLOYED, C_EMPLOYED, C_WOMEN, C_COURSE, C_COURSE_CHILDREN, C_FILES) = range(len(COUNTED))
COLUMNS = (*COUNTED, *PROGRAMMES)
NEWCOMERS_BAND = 0  # band of years since arrival that a change for newcomers reaches


def faster(hazard, share):
    """Hazard per quarter when the share of the expected time in the state that `share` says is taken away."""
    return 1.0 - (1.0 - hazard) ** (1.0 / (1.0 - np.minimum(share, 0.99)))


# How a parameter x moves by the amount a = size x strength x take-up; hazards and shares stay within 0 and 1.
OPERATIONS = {
    "scale_hazard": lambda x, a: np.minimum(1.0, x * (1.0 + a)),
    "scale": lambda x, a: x * np.maximum(0.0, 1.0 + a),
    "log": lambda x, a: x * np.exp(a),
    "odds": lambda x, a: x * np.exp(a) / (1.0 - x + x * np.exp(a)),
    "towards_one": lambda x, a: x + a * (1.0 - x),
    "shorten": faster,
}


class Change(NamedTuple):
    """One parameter that a lever moves."""

    field: str  # of model.cell.CELL
    operation: str  # of OPERATIONS
    newcomers: bool  # only in the first band of years since arrival
    size: float  # per unit of strength and take-up


class Lever(NamedTuple):
    """One lever: what it changes, how much, for whom (mask over cells), when, and what it costs."""

    kind: str
    strength: float
    start_q: int
    end_q: int  # last quarter in full force
    phase_in: int  # quarters to full strength
    fade_out: int  # quarters of linear fading after end_q
    mask: np.ndarray  # bool over the flat cell table
    member_states: np.ndarray  # bool [27]
    take_up: float  # share of those reached who accept
    changes: tuple[Change, ...]
    base: int  # what one unit is, index of codes.LEVER_BASES
    unit_cost: np.ndarray  # [27] EUR of 2019 per unit

    def strength_at(self, t):
        """Strength at quarter t: zero before start_q, linear over the phase-in, linear down to zero after end_q."""
        if t < self.start_q:
            return 0.0
        grown = min(1.0, (min(t, self.end_q) - self.start_q + 1) / max(1, self.phase_in))
        faded = max(0.0, 1.0 - max(0, t - self.end_q) / (self.fade_out + 1))
        return self.strength * grown * faded

    def reach_at(self, t):
        """Strength times take-up at quarter t."""
        return self.strength_at(t) * self.take_up


def mask(member_states, sexes, reasons, education, longest_stay_band):
    """Cells of the non-EU-born that a lever reaches; every argument is a list of codes, stay bands 0..longest."""
    table = np.zeros(SHAPE, dtype=bool)
    table[np.ix_(member_states, [2 + r for r in reasons], sexes, education, range(longest_stay_band + 1))] = True
    return table.ravel()


def added_places(lever, t):
    """Places a lever of PLACES adds at quarter t, as a share of the plan: a wait shortened by a share needs 1/(1-share) of it."""
    reach = lever.reach_at(t)
    return reach / (1.0 - reach) if lever.kind == "faster_recognition" else reach


def apply(levers, cells, t):
    """Cells and extra places (dict of EXTRAS, each [27], as a share of the plan) at quarter t.

    Returns the same cell table when no lever is in force.
    """
    extras = {name: np.zeros(len(MEMBER_STATES)) for name in EXTRAS}
    changed = cells
    newcomers = np.arange(len(cells)) % SHAPE[4] == NEWCOMERS_BAND
    for lever in levers:
        reach = lever.reach_at(t)
        if reach == 0.0:
            continue
        if lever.kind in PLACES:
            extras[PLACES[lever.kind]][lever.member_states] += added_places(lever, t)
        if changed is cells:
            changed = cells.copy()
        for change in lever.changes:
            where = lever.mask & newcomers if change.newcomers else lever.mask
            changed[change.field][where] = OPERATIONS[change.operation](changed[change.field][where], change.size * reach)
        if lever.kind in PROGRAMMES:
            _offer(changed, lever, t)
    if any(lever.kind in PROGRAMMES and lever.reach_at(t) != 0.0 for lever in levers):
        _share_persons(changed)
    return changed, extras


def _offer(cells, lever, t):
    """Offer the lever's programme to its cells, in place: strength is the chance of an offer, take-up who accepts."""
    kind = PROGRAMMES.index(lever.kind)
    cells["offer"][lever.mask, kind] = lever.strength_at(t)
    cells["reluctance"][lever.mask, kind] = ndtri(1.0 - lever.take_up)


def _share_persons(cells):
    """Nobody gets more than one offer a quarter: where programmes offer more in all, each keeps its share of the offers, in place."""
    total = cells["offer"].sum(axis=1)
    cells["offer"] /= np.maximum(total, 1.0)[:, None]
    cells["offers"] = np.minimum(total, 1.0)


# -- whom levers reach ----------------------------------------------------------------------------------------------------


@njit
def count_reached(p, w, stay, care, reached):
    """Count one person of the non-EU-born aged 16-64 in the bases of COUNTED; reached [cell of the chunk, COLUMNS]."""
    row = reached[(p.sex * SHAPE[3] + p.education) * SHAPE[4] + stay_band(stay)]
    row[C_PERSONS] += w
    if stay == 0:
        row[C_NEWCOMERS] += w
    if p.labour == UNEMPLOYED or p.labour == INACTIVE:
        row[C_NOT_EMPLOYED] += w
        if p.sex == 0:
            row[C_WOMEN] += w
    elif p.labour == SKILLED or p.labour == OTHER:
        row[C_EMPLOYED] += w
    if p.course == COURSE_ATTENDING:
        row[C_COURSE] += w
        if care:
            row[C_COURSE_CHILDREN] += w
    if p.recognition == DOCUMENTS or p.recognition == DECISION_WAITING:
        row[C_FILES] += w


@njit
def count_start(p, w, stay, reached):
    """Count one person who has joined a programme this quarter."""
    cell = (p.sex * SHAPE[3] + p.education) * SHAPE[4] + stay_band(stay)
    reached[cell, len(COUNTED) + p.programme - 1] += w


def by_cell(reached, chunks):
    """Counts per chunk [chunk, CELLS, COLUMNS] added up over the flat cell table [cell, COLUMNS]."""
    table = np.zeros((SHAPE[0] * SHAPE[1], *reached.shape[1:]), dtype=np.int64)
    np.add.at(table, chunks["member_state"] * SHAPE[1] + chunks["group"], reached)
    return table.reshape(-1, reached.shape[2])


def units(lever, t, table, idle, extras):
    """Units of the lever used at quarter t by Member State [27].

    table: by_cell; idle {base of IDLE: [27] added places nobody takes}, which levers that add the same places share; extras
    as apply returns them. Persons are those of the mask times strength and take-up; starts of a programme are counted.
    """
    base = LEVER_BASES[lever.base]
    reach = lever.reach_at(t)
    if base == "none" or reach == 0.0:
        return np.zeros(len(MEMBER_STATES))
    if base in IDLE:
        total = extras[IDLE[base]]
        share = np.divide(added_places(lever, t), total, out=np.zeros_like(total), where=total > 0)
        return np.where(lever.member_states, idle[base] * share, 0.0)
    column = COLUMNS.index(lever.kind if base == "starts" else base)
    persons = (table[:, column] * lever.mask).reshape(len(MEMBER_STATES), -1).sum(axis=1)
    return persons.astype(float) if base == "starts" else persons * reach
