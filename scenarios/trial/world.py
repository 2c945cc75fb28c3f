"""All trials under one set of parameters and one seed: every arm is simulated once and shared by the studies that need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from model.codes import MEMBER_STATES
from scenarios.progress import Progress
from scenarios.trial import arm, estimator
from scenarios.trial.design import Study, last_quarter, oversampled


def arms(studies: Sequence[Study]) -> list[tuple[str, arm.Change, list[tuple[int, str]]]]:
    """Each arm once: Member State, change, and which studies (by position) take it as control or treated."""
    found: dict[tuple[str, str], tuple[str, arm.Change, list[tuple[int, str]]]] = {}
    for i, study in enumerate(studies):
        for state in study.member_states:
            for role, change in (("control", study.control), ("treated", study.treated)):
                entry = found.setdefault((state, change.name), (state, change, []))
                entry[2].append((i, role))
    return sorted(found.values(), key=lambda entry: MEMBER_STATES.index(entry[0]))


def quarters_of(studies: Sequence[Study], users: Sequence[tuple[int, str]]) -> int:
    """Quarters that an arm is simulated: as long as one of its studies looks at it."""
    return 1 + max(last_quarter(studies[i].name) for i, _ in users)


def lengths(studies: Sequence[Study]) -> float:
    """Quarters of all arms together, in those of the first."""
    quarters = [quarters_of(studies, users) for _, _, users in arms(studies)]
    return sum(quarters) / quarters[0]


def effects(inputs: Any, studies: Sequence[Study], seed: int, label: str, progress: Progress) -> dict[str, np.ndarray]:
    """Profile of each study, effect by quarters since its event; of several Member States the mean over persons followed."""
    profiles: list[list[np.ndarray]] = [[] for _ in studies]
    persons: list[list[float]] = [[] for _ in studies]
    planned = arms(studies)
    for state in dict.fromkeys(entry[0] for entry in planned):
        own = oversampled(replace(inputs, member_states=(MEMBER_STATES.index(state),)))
        tracks: dict[tuple[int, str], arm.Track] = {}
        for _, change, users in (entry for entry in planned if entry[0] == state):
            progress.begin(f"{label}, {state}, {change.name}")
            members = [studies[i].members for i, _ in users]
            followed = arm.simulate(own, seed, change, members, quarters_of(studies, users), progress.step)
            for user, track in zip(users, followed, strict=True):
                tracks[user] = track
            progress.end()
        for i, study in enumerate(studies):
            if state in study.member_states:
                # Both arms are there up to the last quarter that the study looks at.
                control, treated = tracks[i, "control"], tracks[i, "treated"]
                if not np.array_equal(control.uid, treated.uid):
                    raise RuntimeError(f"{study.name}: arms do not hold the same persons")
                profiles[i].append(study.profile(control, treated, seed))
                persons[i].append(float(control.weight.sum()))
    return {study.name: estimator.weighted(profiles[i], persons[i]) for i, study in enumerate(studies)}
