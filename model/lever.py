"""Policy levers: pure functions of (cells, quarter) -> changed cells, and of the quarter -> extra places.

A lever changes a mechanism's parameters, never an outcome; no kernel knows of policies. At zero strength the cell
table is the baseline's, byte for byte. Changes of arrivals and of their education are made where the population is laid out.
"""

from typing import NamedTuple

import numpy as np

from model.cell import SHAPE
from model.codes import MEMBER_STATES

PLACES = {
    "language_places": "language_places",
    "job_related_courses": "advanced_places",
    "bridging_courses": "bridging_places",
    "faster_recognition": "decisions",
}
EXTRAS = ("language_places", "advanced_places", "bridging_places", "decisions")


class Lever(NamedTuple):
    """One lever: what it changes, how much, for whom (mask over cells), when."""

    kind: str
    strength: float
    start_q: int
    end_q: int  # last quarter in force
    phase_in: int  # quarters to full strength
    mask: np.ndarray  # bool over the flat cell table
    member_states: np.ndarray  # bool [27]

    def strength_at(self, t):
        """Strength at quarter t: zero outside start..end, linear over the phase-in."""
        if not self.start_q <= t <= self.end_q:
            return 0.0
        return self.strength * min(1.0, (t - self.start_q + 1) / max(1, self.phase_in))


def mask(member_states, sexes, reasons, longest_stay_band):
    """Cells of the non-EU-born that a lever reaches; every argument is a list of codes, stay bands 0..longest."""
    table = np.zeros(SHAPE, dtype=bool)
    table[np.ix_(member_states, [2 + r for r in reasons], sexes, range(SHAPE[3]), range(longest_stay_band + 1))] = True
    return table.ravel()


def faster(hazard, share):
    """Hazard per quarter when the share of the expected time in the state that `share` says is taken away."""
    return 1.0 - (1.0 - hazard) ** (1.0 / (1.0 - share))


def apply(levers, cells, t):
    """Cells and extra places (dict of EXTRAS, each [27], as a share of the plan) at quarter t.

    Returns the same cell table when no lever is in force.
    """
    extras = {name: np.zeros(len(MEMBER_STATES)) for name in EXTRAS}
    changed = cells
    for lever in levers:
        strength = lever.strength_at(t)
        if strength == 0.0:
            continue
        if lever.kind in PLACES:
            gain = strength / (1.0 - strength) if lever.kind == "faster_recognition" else strength
            extras[PLACES[lever.kind]][lever.member_states] += gain
        if changed is cells:
            changed = cells.copy()
        _change(changed, lever.mask, lever.kind, strength)
    return changed, extras


def _change(cells, where, kind, strength):
    """Change the parameters of the cells a lever reaches, in place."""
    if kind == "language_places":
        # Places offered upon arrival: the delay before signing up shortens in the first two years.
        arrived = where & (np.arange(len(cells)) % SHAPE[4] == 0)
        cells["signup"][arrived] = np.minimum(1.0, cells["signup"][arrived] * (1.0 + strength))
    elif kind == "job_related_courses":
        cells["advanced_signup"][where] = np.minimum(1.0, cells["advanced_signup"][where] * (1.0 + strength))
    elif kind == "faster_recognition":
        cells["documents"][where] = faster(cells["documents"][where], strength)
    elif kind == "childcare_with_courses":
        for name in ("care_course", "care_search"):
            cells[name][where] += strength * (1.0 - cells[name][where])
    elif kind == "anti_discrimination":
        cells["hiring"][where] += strength * (1.0 - cells["hiring"][where])
