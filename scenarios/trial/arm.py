"""One arm of a trial: a run of one Member State under a change of mechanisms or of what happens to some persons.

Arms of a trial share people and draws, so a person in one arm has the same person as twin in the other. A change acts on
mechanisms only: on cells and parameters (`inputs_at`), or on places and records of persons before a quarter (`before`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from model import LabourIntegrationModel
from model.codes import OTHER, PRESENT, SKILLED, UNEMPLOYED
from model.draw import P_TRIAL, PERMANENT, person_key, uniform

FIELDS = ("presence", "labour", "language", "course", "recognition", "hours", "wage", "youngest_q")


def _same(inputs: Any, quarter: int) -> Any:
    return inputs


def _nothing(model: LabourIntegrationModel, quarter: int) -> None:
    pass


class Change(NamedTuple):
    """What an arm changes: inputs as a pure function of (inputs, quarter), places or persons before a quarter is stepped."""

    name: str
    inputs_at: Callable[[Any, int], Any] = _same
    before: Callable[[LabourIntegrationModel, int], None] = _nothing


BASELINE = Change("baseline")


class Track(NamedTuple):
    """What became of some persons: arrays [quarter of the run, person] of FIELDS, fixed traits [person], weight (persons)."""

    uid: np.ndarray
    arrival_q: np.ndarray
    weight: np.ndarray
    quarters: dict[str, np.ndarray]

    def employed(self) -> np.ndarray:
        """1 at work, 0 not, not-a-number when not in the country, [quarter, person]."""
        labour = self.quarters["labour"]
        return self._among_present((labour == SKILLED) | (labour == OTHER))

    def active(self) -> np.ndarray:
        """1 at work or unemployed, as `employed`."""
        labour = self.quarters["labour"]
        return self._among_present((labour == SKILLED) | (labour == OTHER) | (labour == UNEMPLOYED))

    def earnings(self) -> np.ndarray:
        """Gross pay of the quarter, average full-time wage = 1; zero without work."""
        pay = self.quarters["wage"] * self.quarters["hours"] / 100.0
        return np.where(self.employed() > 0, pay, self._among_present(np.zeros(pay.shape)))

    def log_wage(self) -> np.ndarray:
        """Log hourly pay, not-a-number without work."""
        return np.where(self.employed() > 0, np.log(np.maximum(self.quarters["wage"], 1e-6)), np.nan)

    def _among_present(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.quarters["presence"] == PRESENT, values, np.nan)


def simulate(
    inputs: Any, seed: int, change: Change, watched: Sequence[Callable[[np.ndarray], np.ndarray]], quarters: int, step: Any = None
) -> list[Track]:
    """Run one arm for so many quarters and follow persons; `watched`: functions from the laid-out people to a mask of those followed.

    Returns one Track per entry of `watched`. step(quarter, quarters, person_quarters) is called after every quarter.
    """
    model = LabourIntegrationModel(inputs, seed)
    try:
        rows = [np.flatnonzero(members(model.people)) for members in watched]
        records: list[dict[str, list[np.ndarray]]] = [{name: [] for name in FIELDS} for _ in rows]
        for quarter in range(quarters):
            model.inputs = change.inputs_at(inputs, quarter)
            change.before(model, quarter)
            model.step()
            for record, mine in zip(records, rows, strict=True):
                for name in FIELDS:
                    record[name].append(model.people[name][mine])
            if step is not None:
                step(model.quarter, quarters, model.person_quarters)
        people = model.people
        return [
            Track(
                people["uid"][mine], people["arrival_q"][mine], people["weight"][mine].astype(float),
                {name: np.stack(values) for name, values in record.items()},
            )
            for record, mine in zip(records, rows, strict=True)
        ]  # fmt: skip
    finally:
        model.release()


def assigned(uids: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Keyed random assignment: whether each person belongs to the share that is treated, bool; the same for every change."""
    return _uniforms(uids, seed) < share


@njit(cache=True)
def _uniforms(uids: np.ndarray, seed: int) -> np.ndarray:
    """The draw of each person that decides on assignment, on (0, 1)."""
    found = np.empty(len(uids))
    for i in range(len(uids)):
        found[i] = uniform(person_key(seed, PERMANENT, uids[i]), P_TRIAL)
    return found
