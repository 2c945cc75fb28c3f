"""The full gain taken apart by factor: Shapley values over participation, unemployment, job match, hourly pay and hours.

The gain of every set of factors is simulated on the lives of the baseline (model.parity says what a factor means without the
others). A factor's part is what it adds to the gain, averaged over all orders in which the five can be closed: parts add up
to the full gain exactly, do not depend on an order, and are zero for a factor that changes nothing (Shapley 1953, "A value
for n-person games"; for decompositions Shorrocks 2013, J. Economic Inequality 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.config import Accounting, Config
from model import Results, codes
from model.parity import factors_of
from scenarios import conventions, draws, simulation, statistics, summary
from scenarios.progress import Progress
from scenarios.shapley import weights

FACTORS = codes.PARITY_FACTORS
SETS = 1 << len(FACTORS)
OUTCOME = "part_of_gain_"  # names of the parts among the outcomes of draws


@dataclass(frozen=True)
class Coalitions:
    """Gains of every set of factors in the last year, given cells and against a reference group."""

    given: str
    reference: str
    year: int
    cents: np.ndarray  # [set of factors as bits, ms, sex, education 4, component] at parity less at baseline


def shapley(values: np.ndarray) -> np.ndarray:
    """Parts [factor, ...] of the values [set of factors as bits, ...]; the empty set has value zero."""
    return np.tensordot(weights(len(FACTORS)), values, axes=1)


def name_of(factors: int) -> str:
    """Variant that closes the factors of these bits: a named one where there is one."""
    named = {factors_of(name): name for name in codes.PARITY_VARIANTS}
    return named.get(factors) or "+".join(name for bit, name in enumerate(FACTORS) if factors >> bit & 1)


def pairs(config: Config) -> list[tuple[str, str]]:
    """(given, reference) of every decomposition asked for; none without parity.decomposition."""
    parity = config.parity
    return [(g, r) for r in parity.references for g in parity.given] if parity.decomposition else []


def largest_batch(config: Config) -> int:
    """How many labels are simulated together, with the decomposition."""
    parity = config.parity
    return len(parity.variants) * len(parity.given) * len(parity.references) + len(_missing(config)) * len(pairs(config))


def _missing(config: Config) -> list[str]:
    """Sets of factors that are no variant of the settings."""
    return [name_of(factors) for factors in range(1, SETS) if name_of(factors) not in config.parity.variants]


def simulate_parity(
    config: Config, inputs: Any, baseline: Sequence[Results], progress: Progress, chosen: Sequence[tuple[str, str]]
) -> tuple[list[Results], dict[tuple[str, str], list[Coalitions]]]:
    """Per seed the variants of the settings, and by (given, reference) of `chosen` every set of factors.

    All are simulated in one go, because much of the time of a simulation does not depend on how many labels there are.
    """
    parity = config.parity
    asked = [(parity.variants, parity.given, parity.references)]
    asked += [(_missing(config), (given,), (reference,)) for given, reference in chosen]
    every = simulation.simulate_parity(config, inputs, baseline, progress, asked)
    found = {pair: [_collect(*one, *pair) for one in zip(baseline, every, strict=True)] for pair in chosen}
    number = len(parity.variants) * len(parity.given) * len(parity.references)
    return [replace(one, parity=one.parity.first(number)) for one in every], found


def _collect(baseline: Results, simulated: Results, given: str, reference: str) -> Coalitions:
    """The gains of the last year of one seed, label by label."""
    first = codes.MEASURE[codes.COMPONENTS[0]]
    before = baseline.counts[-1, :, codes.NON_EU_BORN, ..., first:]
    cents = np.zeros((SETS, *before.shape), dtype=np.int64)
    for label, (variant, g, r) in enumerate(simulated.parity.labels):
        if (g, r) == (given, reference):
            cents[factors_of(variant)] = simulated.parity.components[label, -1] - before
    return Coalitions(given, reference, baseline.years[-1], cents)


def parts(one: Coalitions, accounting: Accounting, hicp: Mapping[int, float]) -> np.ndarray:
    """Euro [factor, ms, sex, education 4, component in use] of one seed."""
    return shapley(conventions.signed_parts(one.cents[:, None], [one.year], 1, accounting, hicp)[:, 0])


def per_head(
    one: Coalitions, baseline: Results, accounting: Accounting, hicp: Mapping[int, float]
) -> np.ndarray:
    """Euro per head of the non-EU-born [factor, place] of one seed; the first place is the sum of all Member States."""
    amounts = parts(one, accounting, hicp).sum(axis=(2, 3, 4))
    persons = conventions.heads(baseline.counts[-1, :, codes.NON_EU_BORN].sum(axis=(1, 2)), accounting)
    amounts = np.concatenate([amounts.sum(axis=1, keepdims=True), amounts], axis=1)
    return statistics.per_head(amounts, np.broadcast_to(np.concatenate([[persons.sum()], persons]), amounts.shape))


def outcomes(
    one: Coalitions, baseline: Results, accounting: Accounting, hicp: Mapping[int, float]
) -> draws.Outcomes:
    """The parts of one seed by place, as outcomes of draws."""
    values = per_head(one, baseline, accounting, hicp)
    origin, unit = codes.ORIGINS[codes.NON_EU_BORN], summary.contribution_unit(accounting)
    return {
        (place, origin, one.year, f"{OUTCOME}{factor}_{one.given}_{one.reference}", unit): float(values[f, p])
        for p, place in enumerate([summary.place(baseline.member_states), *baseline.member_states])
        for f, factor in enumerate(FACTORS)
    }


def summarise(
    found: Mapping[tuple[str, str], Sequence[Coalitions]],
    baseline: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
) -> dict[str, Any]:
    """For summary.json, all Member States together: {"<given>_<reference>": {factor: estimate}}."""
    entries = {}
    for (given, reference), seeds in found.items():
        values = np.stack([per_head(*pair, accounting, hicp)[:, 0] for pair in zip(seeds, baseline, strict=True)])
        entries[f"{given}_{reference}"] = {
            factor: statistics.estimate(values[:, f]) for f, factor in enumerate(FACTORS)
        }
    return entries
