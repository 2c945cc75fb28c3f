"""A mix of measures taken apart: what each adds to the effect of all, as Shapley values over coalitions of its levers.

Every coalition is simulated on the seeds of the reference, at the scale of draws. `alone` is the effect of the measure by itself,
`last` what it adds to all others; where the two differ, measures help or hinder one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calibration.config import Config, Mix
from calibration.load_inputs import load_inputs, load_policies
from model import Inputs, Results, codes
from model.accounting import indicator as rate_of
from scenarios import draws, fiscal_effect, shapley, simulation, statistics
from scenarios.policy_cost import costs
from scenarios.progress import Progress

OUTCOMES = ("net", "cumulated_net", "employment_rate", "overqualification_rate")
DESIGN_SEED = 1  # of the choice of coalitions
COLUMNS = (
    "policy", "place", "outcome", "measure", "part", "choice_se", "monte_carlo_se", "alone", "last", "unit",
)  # fmt: skip


@dataclass(frozen=True)
class Coalitions:
    """Values of the coalitions of one mix."""

    policy: str
    measures: tuple[str, ...]  # labels of its levers
    chosen: shapley.Design
    values: np.ndarray  # [seed, coalition, outcome, place], differences to the reference


def units(last: int, first: int, price_year: int) -> dict[str, str]:
    """Unit of each outcome."""
    million = f"million EUR of {price_year}"
    points = f"percentage points in {last}"
    return dict(zip(OUTCOMES, (f"{million} in {last}", f"{million}, {first} to {last}", points, points), strict=True))


def apart(policies: Sequence[Config], mix: Mix) -> list[Config]:
    """The policies that are taken apart: those of two levers or more, none with mix.coalitions=0."""
    return [policy for policy in policies if len(policy.policy.levers) > 1 and mix.coalitions]


def simulations(policies: Sequence[Config], mix: Mix) -> int:
    """How many simulations the decomposition of all policies takes."""
    chosen = [shapley.design(len(policy.policy.levers), mix.coalitions, DESIGN_SEED) for policy in apart(policies, mix)]
    return mix.seeds * (sum(len(one.coalitions) - 1 for one in chosen) + bool(chosen))


def simulate(
    reference: Config, policies: Sequence[Config], mix: Mix, first_year: int, hicp: Mapping[int, float], progress: Progress
) -> list[Coalitions]:
    """The coalitions of every mix of two levers or more, on the first mix.seeds seeds."""
    mixes = apart(policies, mix)
    if not mixes:
        return []
    base = replace(draws.coarse(reference), seeds=reference.seeds[: mix.seeds], draws=0)
    before = simulation.simulate_seeds(base, load_inputs(base), progress)
    return [_coalitions(base, before, replace(base, policy=one.policy), mix, first_year, hicp, progress) for one in mixes]


def _coalitions(
    base: Config,
    before: Sequence[Results],
    policy: Config,
    mix: Mix,
    first_year: int,
    hicp: Mapping[int, float],
    progress: Progress,
) -> Coalitions:
    levers = policy.policy.levers
    chosen = shapley.design(len(levers), mix.coalitions, DESIGN_SEED)
    kept = [tuple(lever for bit, lever in enumerate(levers) if members >> bit & 1) for members in chosen.coalitions[1:]]
    configs = [base, *(replace(base, policy=replace(policy.policy, levers=some)) for some in kept)]

    def simulate(one: Config, inputs: Inputs, progress: Progress) -> np.ndarray:
        after = simulation.simulate_seeds(one, inputs, progress)
        return np.stack([outcomes(base, one, b, a, first_year, hicp) for b, a in zip(before, after, strict=True)])

    found = draws.each(base, simulate, list(zip(configs[1:], load_policies(configs)[1:], strict=True)), progress)
    stacked = np.moveaxis(np.array([np.zeros_like(found[0]), *found]), 0, 1)
    return Coalitions(policy.policy.name, tuple(lever.label for lever in levers), chosen, stacked)


def outcomes(
    reference: Config, policy: Config, before: Results, after: Results, first_year: int, hicp: Mapping[int, float]
) -> np.ndarray:
    """What is taken apart [OUTCOMES, place]: differences of one seed, in the units of units()."""
    paid = costs(reference, before, before), costs(policy, after, before)
    net = fiscal_effect.account(before, after, *paid, reference.accounting, hicp)[fiscal_effect.ITEM["net"]]
    years = [y for y, year in enumerate(before.years) if year >= first_year]
    counts = [statistics.with_total(result.counts[-1, :, codes.NON_EU_BORN].sum(axis=(1, 2)), 0) for result in (before, after)]
    rates = [rate_of(name, counts[1]) - rate_of(name, counts[0]) for name in OUTCOMES[2:]]
    return np.stack([net[-1], net[years].sum(axis=0), *rates])


def parts(one: Coalitions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapley values [measure, outcome, place], their error from the choice of coalitions, and their Monte Carlo error."""
    middle, chance = shapley.estimate(one.chosen, one.values.mean(axis=0))
    by_seed = np.stack([shapley.estimate(one.chosen, values)[0] for values in one.values])
    return middle, chance, statistics.standard_error(by_seed)


def table(found: Sequence[Coalitions], places: Sequence[str], unit_of: Mapping[str, str]) -> pd.DataFrame:
    """Rows (COLUMNS): one per mix, place, outcome and measure; the measure `all` is the whole mix."""
    rows = []
    for one in found:
        values = one.values.mean(axis=0)
        middle, chance, error = parts(one)
        whole_error = statistics.standard_error(one.values[:, 1])
        position = {members: number for number, members in enumerate(one.chosen.coalitions)}
        everybody = one.chosen.coalitions[1]
        for p, place in enumerate(places):
            for o, outcome in enumerate(OUTCOMES):
                whole = values[1, o, p]
                for m, measure in enumerate(one.measures):
                    alone = values[position[1 << m], o, p]
                    last = whole - values[position[everybody ^ 1 << m], o, p]
                    numbers = (middle[m, o, p], chance[m, o, p], error[m, o, p], alone, last)
                    rows.append([one.policy, place, outcome, measure, *numbers, unit_of[outcome]])
                rows.append([one.policy, place, outcome, "all", whole, 0.0, whole_error[o, p], whole, whole, unit_of[outcome]])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def console(table: pd.DataFrame, policy: str, place: str, shown: Callable[[float, float, int], str]) -> list[list[str]]:
    """Rows for the console: measure and its part of every outcome with the larger of its two errors."""
    mine = table[(table["policy"] == policy) & (table["place"] == place)]
    rows = []
    for measure in dict.fromkeys(mine["measure"]):
        cells = [measure.replace("_", " ")]
        for outcome in OUTCOMES:
            row = mine[(mine["measure"] == measure) & (mine["outcome"] == outcome)].iloc[0]
            error = np.hypot(row["choice_se"], 0.0 if np.isnan(row["monte_carlo_se"]) else row["monte_carlo_se"])
            cells.append(shown(row["part"], error, 3 if outcome.endswith("rate") else 0))
        rows.append(cells)
    return rows
