"""Outcomes of one scenario by year, place and origin; the effect of a policy is its outcomes less those of the reference.

Every indicator of codes.INDICATORS, the shares that the Zaragoza list adds, persons and jobs, and the net fiscal contribution
per head before and after the cost of measures. Rates are taken after summing counts over Member States.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from calibration.config import Accounting
from model import Results, codes
from model.accounting import indicator as rate_of
from scenarios import conventions, draws, statistics, summary

GROSS, AFTER_COSTS = "net_contribution", "net_contribution_after_costs"
UNITS = {
    **{name: unit for name, (_, _, _, unit) in codes.INDICATORS.items()},
    "tertiary_share": "% of persons 20-64",
    "naturalised_share": "% of persons of all ages",
    "persons": "persons",
    "employed_20_64": "persons",
    GROSS: "",  # by the conventions, see unit()
    AFTER_COSTS: "",
}
MEASURES = tuple(UNITS)
COLUMNS = (
    "policy", "measure", "place", "origin", "year", "effect", "monte_carlo_se", "independent_se", "ratio", "low", "high",
    "noise_share", "parameter_sd", "prior_share", "unit",
)  # fmt: skip


def unit(measure: str, accounting: Accounting) -> str:
    """Unit of the level of a measure."""
    return UNITS[measure] or summary.contribution_unit(accounting)


def unit_of_effect(measure: str, accounting: Accounting) -> str:
    """Unit of a difference: percentage points for what is measured in percent."""
    return "percentage points" if unit(measure, accounting).startswith("%") else unit(measure, accounting)


def levels(result: Results, direct: np.ndarray, accounting: Accounting, hicp: Mapping[int, float]) -> np.ndarray:
    """Outcomes [measure, year, place, origin] of one seed, the sum of all Member States as first place.

    `direct` [year, ms]: direct cost of the scenario's levers in euro of the price year (scenarios.policy_cost), borne for the
    non-EU-born. The gross contribution leaves programme costs out whatever the conventions say; after costs, programmes and
    `direct` are taken off.
    """
    everyone = statistics.with_total(result.counts.sum(axis=3), 1)  # [year, place, origin, education, measure]
    counts = everyone.sum(axis=3)
    adults = everyone[..., codes.MEASURE["persons_20_64"]]
    found = {name: rate_of(name, counts) for name in codes.INDICATORS}
    found["tertiary_share"] = 100.0 * statistics.per_head(adults[..., codes.HIGH], adults.sum(axis=-1))
    persons = counts[..., codes.MEASURE["persons"]]
    found["naturalised_share"] = 100.0 * statistics.per_head(counts[..., codes.MEASURE["naturalised"]], persons)
    found["naturalised_share"][..., : codes.NON_EU_BORN] = np.nan  # counted for the non-EU-born alone
    found["persons"] = persons / 4.0
    found["employed_20_64"] = counts[..., codes.MEASURE["employed_20_64"]] / 4.0
    heads = conventions.heads(counts, accounting)
    for name, programmes in ((GROSS, False), (AFTER_COSTS, True)):
        used = replace(accounting, programme_costs=programmes)
        net = conventions.net_contribution(result.counts, result.years, used, hicp).sum(axis=(3, 4))
        if programmes:
            net[..., codes.NON_EU_BORN] -= direct
        found[name] = statistics.per_head(statistics.with_total(net, 1), heads)
    return np.stack([found[name] for name in MEASURES])


def of_policies(scenarios: np.ndarray) -> np.ndarray:
    """Effects [simulation, policy, ...] of levels [simulation, scenario, ...], the reference first."""
    return scenarios[:, 1:] - scenarios[:, :1]


def table(
    policies: Sequence[str], sample: draws.Sample, places: Sequence[str], years: Sequence[int], accounting: Accounting
) -> pd.DataFrame:
    """Rows (COLUMNS) of every effect from levels [simulation, scenario, measure, year, place, origin].

    `independent_se` is the standard error that as many independent runs would give, `ratio` the paired one over it.
    """
    effect = sample.map(of_policies)
    apart = statistics.standard_error(sample.full)
    independent = np.hypot(apart[1:], apart[:1])
    paired = effect.monte_carlo_se
    columns = {
        "effect": effect.centre,
        **effect.columns(),
        "independent_se": independent,
        "ratio": statistics.per_head(paired, independent),
        "parameter_sd": effect.parameter_sd(),
        "prior_share": effect.prior_share(),
    }
    axes = {"policy": policies, "measure": MEASURES, "year": years, "place": places, "origin": codes.ORIGINS}
    found = draws.long_table(axes, columns)
    found["unit"] = found["measure"].map({name: unit_of_effect(name, accounting) for name in MEASURES})
    return found.loc[found["effect"].notna(), list(COLUMNS)].reset_index(drop=True)
