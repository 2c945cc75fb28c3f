"""What `integra optimise` maximises, by Member State: net contribution, persons employed, or graduates upgraded.

Yearly figures become one number per Member State: their mean over the years from `first_year` on, years discounted. Gain
and cost are weighted alike, so that their ratio is a ratio of present values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from calibration.config import Accounting, Config, Optimise
from model import Results, codes
from scenarios import conventions, jobs, policy_cost

MILLION, THOUSAND = 1e6, 1e3


def gain_unit(asked: Optimise, accounting: Accounting) -> str:
    """Unit of the gain in words."""
    units = {
        "net_contribution": cost_unit(accounting),
        "employment": "thousand persons employed at 20-64",
        "overqualification": "thousand graduates upgraded",
    }
    return units[asked.objective]


def cost_unit(accounting: Accounting) -> str:
    """Unit of cost and budget in words."""
    return f"EUR million of {accounting.price_year} per year"


def weights(years: Sequence[int], first_year: int, discount_rate: float) -> np.ndarray:
    """Weight of each year, summing to one: zero before the first year, then falling by the discount rate."""
    since = np.asarray(years, dtype=float) - first_year
    weight = np.where(since >= 0, (1.0 + discount_rate) ** -since, 0.0)
    return weight / weight.sum()


def gain(after: Results, before: Results, config: Config, asked: Optimise, hicp: Mapping[int, float]) -> np.ndarray:
    """Gain of one run over its baseline by Member State, in the unit of the objective (gain_unit)."""
    weight = weights(before.years, asked.first_year, asked.discount_rate)
    change = _CHANGES[asked.objective](after, before, _origins(asked), config.accounting, hicp)
    return weight @ change


def persons(before: Results, asked: Optimise) -> np.ndarray:
    """Residents whose gain is counted, by Member State, mean over the years that count."""
    counts = before.counts[:, :, _origins(asked), ..., codes.MEASURE["persons"]].sum(axis=(2, 3, 4)) / 4.0
    return weights(before.years, asked.first_year, asked.discount_rate) @ counts


def _origins(asked: Optimise) -> slice:
    return slice(codes.NON_EU_BORN, None) if asked.counted == "non_eu_born" else slice(None)


def _net_contribution(after: Results, before: Results, origins: slice, accounting: Accounting, hicp: Mapping[int, float]) -> np.ndarray:
    """Change of the sum of net contributions [year, ms], EUR million."""

    def total(result: Results) -> np.ndarray:
        net = conventions.net_contribution(result.counts, result.years, accounting, hicp)
        return net[:, :, origins].sum(axis=(2, 3, 4))

    return (total(after) - total(before)) / MILLION


def _employment(after: Results, before: Results, origins: slice, *_: object) -> np.ndarray:
    """Change of persons employed at 20-64 [year, ms], thousands, annual means."""
    measure = codes.MEASURE["employed_20_64"]
    change = after.counts[:, :, origins, ..., measure] - before.counts[:, :, origins, ..., measure]
    return change.sum(axis=(2, 3, 4)) / 4.0 / THOUSAND


def _upgraded(after: Results, before: Results, origins: slice, *_: object) -> np.ndarray:
    """Graduates upgraded [year, ms] as scenarios.jobs counts them, thousands, annual means."""
    return jobs.upgraded(before, after, origins) / THOUSAND


_CHANGES: dict[str, Callable[..., np.ndarray]] = {
    "net_contribution": _net_contribution,
    "employment": _employment,
    "overqualification": _upgraded,
}


def cost(after: Results, before: Results, config: Config, asked: Optimise) -> tuple[np.ndarray, np.ndarray]:
    """Cost of the policy of a job by Member State, EUR million per year, and the part that the EU budget pays."""
    weight = weights(before.years, asked.first_year, asked.discount_rate)
    found = policy_cost.costs(config, after, before)
    return weight @ (found.eu + found.national) / MILLION, weight @ found.eu / MILLION
