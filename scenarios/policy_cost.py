"""What the levers of a policy cost: beside the account and through its programme components, by who pays.

Pure functions on the arrays of two paired runs. Direct costs are those the account does not carry (Results.lever_costs); extra
places, decisions and reception show as the change of its programme components (codes.PROGRAMME_COSTS) to the baseline. The split
between the EU's budget and national budgets follows each lever's co-financing share, a rule of calibration/data/levers.csv.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration import levers
from calibration.config import Config
from model import Results, codes
from scenarios import conventions
from scenarios.prices import consumer_prices


@dataclass(frozen=True)
class PolicyCost:
    """Costs of a policy in EUR of accounting.price_year; negative where it saves. direct + programmes = eu + national."""

    direct: np.ndarray  # [year, ms] of the levers, beside the account
    programmes: np.ndarray  # [year, ms] change of programme components to the baseline
    eu: np.ndarray  # [year, ms] paid by the EU's budget
    national: np.ndarray  # [year, ms] paid by Member States
    by_lever: np.ndarray  # [lever, year, ms] direct and programme costs of each lever


def costs(config: Config, results: Results, baseline_results: Results) -> PolicyCost:
    """Costs of the policy of `config`, simulated in `results`, against the baseline of the same seed and draw.

    The change of a programme component is shared equally by the levers that drive it (column `component`) in the Member State;
    where none does, by all levers there. Without levers every cost is zero but a change of components, which is national.
    """
    items = config.policy.levers
    factor = conventions.euro_factor(results.years, config.accounting, consumer_prices())[:, None]  # cents to euro
    years, states = len(results.years), len(results.member_states)
    direct = results.lever_costs.reshape(len(items), years, 4, states).sum(axis=2) * 100.0 * factor
    shared = np.zeros_like(direct)
    programmes = np.zeros((years, states))
    national_rest = np.zeros((years, states))
    for component in codes.PROGRAMME_COSTS:
        column = codes.MEASURE[component]
        change = (results.counts[..., column] - baseline_results.counts[..., column]).sum(axis=(2, 3, 4)) * factor
        programmes += change
        weights = _shares(items, component, results.member_states)
        shared += weights[:, None, :] * change
        national_rest += np.where(weights.sum(axis=0) > 0, 0.0, change)
    by_lever = direct + shared
    eu_share = np.array([levers.fund_of(item)[1] for item in items]).reshape(-1, 1, 1)
    eu = (by_lever * eu_share).sum(axis=0)
    national = (by_lever * (1.0 - eu_share)).sum(axis=0) + national_rest
    return PolicyCost(direct.sum(axis=0), programmes, eu, national, by_lever)


def _shares(items, component: str, member_states: tuple[str, ...]) -> np.ndarray:
    """Share of each lever in the change of a component [lever, ms]; zero everywhere where no lever is in force."""
    table = levers.table()
    here = np.array([[not item.member_states or ms in item.member_states for ms in member_states] for item in items], dtype=float)
    here = here.reshape(len(items), len(member_states))
    drives = np.array([table.loc[item.lever, "component"] == component for item in items], dtype=float).reshape(-1, 1) * here
    weights = np.where(drives.sum(axis=0) > 0, drives, here)
    total = weights.sum(axis=0)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
