"""The choice: what measures do alone, and how a budget is shared among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from calibration.config import Optimise
from scenarios import allocation


class Estimates(NamedTuple):
    """Responses of the measures alone, [measure, strength, Member State]."""

    gain: np.ndarray  # as simulated, mean over seeds
    error: np.ndarray  # its Monte Carlo standard error
    shrunk: np.ndarray  # drawn towards the other Member States: what the choice is made on
    cost: np.ndarray
    cost_error: np.ndarray


class Choice(NamedTuple):
    """A budget, shared: multiples of the measures' own strengths, cost and gain, [measure, Member State]."""

    budget: float
    multiples: np.ndarray
    cost: np.ndarray
    gain: np.ndarray
    estimated: np.ndarray  # the gain before it was drawn towards other Member States
    error: np.ndarray  # its Monte Carlo standard error
    shadow_price: float


def share(asked: Optimise, member_states: Sequence[str], estimates: Estimates, budget: float, caps: Mapping[str, float]) -> Choice:
    """The budget shared on the responses; `caps`: most that single Member States spend, EUR million per year."""
    measures, _, places = estimates.gain.shape
    gain = estimates.shrunk if asked.by_member_state else estimates.gain
    if asked.by_member_state:
        owner = np.arange(measures * places).reshape(measures, places)
        responses = [(estimates.cost[m, :, s], gain[m, :, s]) for m, s in np.ndindex(measures, places)]
    else:
        owner = np.repeat(np.arange(measures)[:, None], places, axis=1)
        responses = [(estimates.cost[m].sum(axis=1), gain[m].sum(axis=1)) for m in range(measures)]
    curves = [allocation.curve(asked.strengths, *response) for response in responses]
    bounds = [(owner[:, member_states.index(state)].tolist(), cap) for state, cap in caps.items()]
    found = allocation.allocate(curves, budget, bounds)

    def along(values: np.ndarray) -> np.ndarray:
        """Values [measure, strength, Member State] at the chosen strengths, linear between efficient ones."""
        grid = np.array([0.0, *asked.strengths])
        out = np.zeros(owner.shape)
        for m, s in np.ndindex(*owner.shape):
            vertices = curves[owner[m, s]].strength
            out[m, s] = np.interp(found.strength[owner[m, s]], vertices, np.interp(vertices, grid, [0.0, *values[m, :, s]]))
        return out

    return Choice(
        budget=budget,
        multiples=found.strength[owner],
        cost=along(estimates.cost),
        gain=along(gain),
        estimated=along(estimates.gain),
        error=along(estimates.error),
        shadow_price=found.shadow_price,
    )
