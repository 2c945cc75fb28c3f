"""A mix as one policy: measures at strengths that differ between Member States."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf

from calibration.config import Lever, Policy, policy_settings

DIGITS = 6  # of a strength, in the simulation as in the file


def scaled(policy: Policy, multiple: float) -> Policy:
    """A policy of one lever at a multiple of its strength; InputError where the lever does not go so far."""
    (lever,) = policy.levers
    return replace(policy, levers=(_at(lever, multiple),))


def combined(name: str, policies: Sequence[Policy], multiples: np.ndarray, member_states: Sequence[str]) -> Policy:
    """Policies of one lever each as one policy, at multiples [policy, Member State] of their strengths.

    Member States with the same strength share a lever; a measure at zero strength everywhere has none.
    """
    levers = []
    for policy, row in zip(policies, np.round(multiples, DIGITS), strict=True):
        (lever,) = policy.levers
        if lever.member_states:
            row = np.where(np.isin(member_states, lever.member_states), row, 0.0)
        different = np.unique(row[row > 0])
        for number, multiple in enumerate(different, start=1):
            states = tuple(state for state, value in zip(member_states, row, strict=True) if value == multiple)
            label = policy.name if len(different) == 1 else f"{policy.name}_{number}"
            levers.append(replace(_at(lever, float(multiple)), label=label, member_states=states))
    return Policy(name=name, levers=tuple(levers))


def _at(lever: Lever, multiple: float) -> Lever:
    return replace(lever, strength=round(lever.strength * multiple, DIGITS))


def write(path: Path, policy: Policy, comment: str) -> None:
    """Write the policy as a file of settings, its folder too: with --config-dir other commands find it."""
    path.parent.mkdir()
    text = OmegaConf.to_yaml(OmegaConf.create(policy_settings(policy)))
    path.write_text(f"# {comment}\n{text}", encoding="utf-8")
