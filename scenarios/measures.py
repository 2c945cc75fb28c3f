"""A mix of measures taken apart: what each adds to the effect of all, as Shapley values over coalitions of its levers.

Every coalition is simulated on the seeds of the reference, at the scale of draws. `alone` is the effect of the measure by itself,
`last` what it adds to all others; where the two differ, measures help or hinder one another.

Intervals hold the parameters too: in a few draws the mix is taken apart anew, by fewer, balanced coalitions (scenarios.shapley).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calibration.config import Config, Mix
from calibration.draw import Draw
from calibration.load_inputs import load_policies
from model import Inputs, Results, codes
from model.accounting import indicator as rate_of
from scenarios import conventions, draws, fiscal_effect, shapley, simulation, statistics
from scenarios.policy_cost import costs
from scenarios.progress import Progress

OUTCOMES = ("net", "cumulated_net", "employment_rate", "overqualification_rate")
DIGITS = (0, 0, 3, 3)  # shown of each
DESIGN_SEED = 1  # of the choice of coalitions
TOGETHER = 16  # coalitions of one job: their first years are simulated once, more jobs share the work better
COLUMNS = (
    "policy", "place", "outcome", "measure", "part", "choice_se", "monte_carlo_se", "low", "high", "noise_share",
    "alone", "alone_low", "alone_high", "last", "last_low", "last_high", "unit",
)  # fmt: skip


@dataclass(frozen=True)
class Coalitions:
    """Values of the coalitions of one mix."""

    policy: str
    measures: tuple[str, ...]  # labels of its levers
    chosen: shapley.Design
    values: np.ndarray  # [seed, coalition, outcome, place], differences to the reference
    drawn: np.ndarray  # [draw, measure and, last, all together, outcome, place]: parts by balanced coalitions, few draws or none


def units(last: int, first: int, price_year: int) -> dict[str, str]:
    """Unit of each outcome."""
    million = f"million EUR of {price_year}"
    points = f"percentage points in {last}"
    return dict(zip(OUTCOMES, (f"{million} in {last}", f"{million}, {first} to {last}", points, points), strict=True))


def apart(policies: Sequence[Config], mix: Mix) -> list[Config]:
    """The policies that are taken apart: those of two levers or more, none with mix.coalitions=0."""
    return [policy for policy in policies if len(policy.policy.levers) > 1 and mix.coalitions]


def draws_of(reference: Config, mix: Mix) -> int:
    """In how many draws mixes are taken apart."""
    return min(mix.draws, reference.draws)


def simulations(reference: Config, policies: Sequence[Config], mix: Mix) -> int:
    """How many simulations the decomposition of all policies takes."""
    players = [len(policy.policy.levers) for policy in apart(policies, mix)]
    centre = sum(len(shapley.design(number, mix.coalitions, DESIGN_SEED).coalitions) for number in players)
    return mix.seeds * centre + draws_of(reference, mix) * sum(2 * shapley.order(number) for number in players)


def said(reference: Config, policies: Sequence[Config], mix: Mix) -> str:
    """One line for the console: what intervals of parts rest on; empty where nothing is taken apart."""
    if not apart(policies, mix):
        return ""
    number = draws_of(reference, mix)
    rest = f"the first {number} of these draws" if number else "seeds alone"
    return f"By measure: intervals rest on {rest} and {mix.seeds} seed(s) at the centre, at that scale."


def simulate(
    reference: Config, policies: Sequence[Config], mix: Mix, first_year: int, hicp: Mapping[int, float], progress: Progress
) -> list[Coalitions]:
    """The coalitions of every mix of two levers or more: on the first mix.seeds seeds, and in the first draws."""
    base = replace(draws.coarse(reference), draws=0)
    seeds, number = reference.seeds[: mix.seeds], draws_of(reference, mix)
    return [_coalitions(base, one, mix, seeds, number, first_year, hicp, progress) for one in apart(policies, mix)]


def _coalitions(
    base: Config,
    policy: Config,
    mix: Mix,
    seeds: Sequence[int],
    number: int,
    first_year: int,
    hicp: Mapping[int, float],
    progress: Progress,
) -> Coalitions:
    levers = policy.policy.levers
    chosen = shapley.design(len(levers), mix.coalitions, DESIGN_SEED)
    balanced = [shapley.balanced(len(levers), d) for d in range(1, number + 1)]

    def jobs(draw: Draw, seeds: Sequence[int], coalitions: Sequence[int]) -> list[tuple[list[Config], list[Inputs], Draw, int]]:
        kept = [tuple(lever for bit, lever in enumerate(levers) if members >> bit & 1) for members in coalitions[1:]]
        configs = [base, *(replace(base, policy=replace(policy.policy, levers=some)) for some in kept)]
        inputs = load_policies(configs, draw)
        parts = [slice(start, start + TOGETHER) for start in range(0, len(configs), TOGETHER)]
        return [(configs[part], inputs[part], draw, seed) for seed in seeds for part in parts]

    def simulate(some: Sequence[Config], inputs: Sequence[Inputs], draw: Draw, seed: int, progress: Progress) -> np.ndarray:
        results = simulation.simulate_together(inputs, seed, f"{policy.policy.name} by measure, seed {seed}", progress)
        # A generator: what is simulated is drawn already, what is deflated by wage growth takes that of the draw.
        with draw.in_force():
            return np.stack([levels(one, result, first_year, hicp) for one, result in zip(some, results, strict=True)])

    wanted = jobs(Draw(), seeds, chosen.coalitions)
    for d, (pairs, _) in enumerate(balanced, start=1):
        wanted += jobs(Draw(d), [d], pairs.coalitions)
    found = np.concatenate(draws.each(base, simulate, wanted, progress))
    centre = len(seeds) * len(chosen.coalitions)
    values = found[:centre].reshape(len(seeds), len(chosen.coalitions), *found.shape[1:])
    drawn = np.zeros((number, len(levers) + 1, *found.shape[1:]))
    if balanced:
        by_draw = np.split(found[centre:], number)
        drawn = np.stack([_drawn_parts(signs, one) for (_, signs), one in zip(balanced, by_draw, strict=True)])
    return Coalitions(policy.policy.name, tuple(lever.label for lever in levers), chosen, values - values[:, :1], drawn)


def _drawn_parts(signs: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.concatenate([shapley.balanced_parts(signs, values), values[1:2] - values[:1]])


def levels(config: Config, result: Results, first_year: int, hicp: Mapping[int, float]) -> np.ndarray:
    """What is taken apart [OUTCOMES, place] of one run, in the units of units(): a difference of two runs is an effect, for money the
    net effect of scenarios.fiscal_effect."""
    used = replace(config.accounting, programme_costs=True)
    net = conventions.net_contribution(result.counts, result.years, used, hicp).sum(axis=(2, 3, 4))
    net = statistics.with_total((net - costs(config, result, result).direct) / fiscal_effect.MILLION, 1)
    years = [y for y, year in enumerate(result.years) if year >= first_year]
    counts = statistics.with_total(result.counts[-1, :, codes.NON_EU_BORN].sum(axis=(1, 2)), 0)
    return np.stack([net[-1], net[years].sum(axis=0), *(rate_of(name, counts) for name in OUTCOMES[2:])])


def parts(one: Coalitions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapley values [measure, outcome, place], their error from the choice of coalitions, and their Monte Carlo error."""
    middle, chance = shapley.estimate(one.chosen, one.values.mean(axis=0))
    by_seed = np.stack([shapley.estimate(one.chosen, values)[0] for values in one.values])
    return middle, chance, statistics.standard_error(by_seed)


def intervals(one: Coalitions) -> draws.Interval:
    """90 % intervals of the Shapley values and, last, of the whole mix [measure + 1, outcome, place].

    At the centre: the errors of seeds and of the choice of coalitions, with Student's quantile. The noise of a part is pooled over
    measures, each being estimated from all coalitions, but never below a measure's own; not-a-number with a single seed.

    With D draws the interval of a further draw, t(D - 1) s sqrt(1 + 1/D) around their mean, s^2 being their variance; never narrower
    than at the centre, and extended to hold the interval there, since the mean of few draws may lie far from it. The noise of a
    run stays in: taken out of so few draws it leaves intervals that hold 80 to 88 % where they promise 90. How much it makes of
    them before they are extended is said by the variance of a contrast of two coalitions between seeds, pooled over contrasts: a
    part is the mean of as many as the balanced design has pairs. With a single seed that is unknown.
    """
    middle, chance, error = parts(one)
    seeds, number, measures = len(one.values), len(one.drawn), len(middle)
    noise = np.full(middle.shape[1:], np.nan)  # of a contrast
    if seeds > 1:
        noise = np.stack([shapley.contrasts(values) for values in one.values]).var(axis=0, ddof=1).mean(axis=0)
    error = np.maximum(error, np.sqrt((error**2).mean(axis=0)))
    error_of_all = np.maximum(statistics.standard_error(one.values[:, 1]), np.sqrt(noise / seeds))
    error = np.concatenate([np.hypot(error, chance), error_of_all[None]])
    error = draws.student((seeds - 1) * (measures - 1)) * error
    centre = np.concatenate([middle, one.values[:, 1].mean(axis=0)[None]])
    if not number:
        return draws.Interval(centre - error, centre + error, draws.share(error, error))
    noise = np.concatenate([np.stack([noise / shapley.order(measures)] * measures), noise[None]])
    further = draws.student(number - 1) * np.sqrt(1.0 + 1.0 / number)
    half = np.fmax(error, further * one.drawn.std(axis=0, ddof=1))
    noise_share = draws.share(np.maximum(error, further * np.sqrt(noise)) ** 2, half**2)
    place = one.drawn.mean(axis=0)
    low, high = place - half, place + half
    for held in (centre, centre - error, centre + error):  # the centre itself where a single seed has no error
        low, high = draws.holding(low, high, held)
    return draws.Interval(low, high, np.minimum(noise_share, 1.0))


def extremes(one: Coalitions) -> list[np.ndarray]:
    """Each measure alone and each as the last [measure, outcome, place], each with both ends of its 90 % Monte Carlo interval, whose
    variance is pooled over measures; not-a-number with a single seed."""
    position = {members: number for number, members in enumerate(one.chosen.coalitions)}
    everybody = one.chosen.coalitions[1]
    single = [1 << m for m in range(len(one.measures))]
    found = []
    for by_seed in (
        one.values[:, [position[m] for m in single]],
        one.values[:, 1:2] - one.values[:, [position[everybody ^ m] for m in single]],
    ):
        error = statistics.standard_error(by_seed)
        freedom = (len(by_seed) - 1) * len(single)
        half = draws.student(freedom) * np.maximum(error, np.sqrt((error**2).mean(axis=0)))
        middle = by_seed.mean(axis=0)
        found += [middle, middle - half, middle + half]
    return found


def table(found: Sequence[Coalitions], places: Sequence[str], unit_of: Mapping[str, str]) -> pd.DataFrame:
    """Rows (COLUMNS): one per mix, place, outcome and measure; the measure `all` is the whole mix."""
    tables = []
    for one in found:
        middle, chance, error = parts(one)
        whole = one.values[:, 1]
        ends = intervals(one)
        both = {
            "part": (middle, whole.mean(axis=0)),
            "choice_se": (chance, np.zeros_like(chance[0])),
            "monte_carlo_se": (error, statistics.standard_error(whole)),
        }
        columns = {name: np.concatenate([of, of_all[None]]) for name, (of, of_all) in both.items()}
        columns |= ends._asdict()
        nothing = np.full((1, *middle.shape[1:]), np.nan)
        names = ("alone", "alone_low", "alone_high", "last", "last_low", "last_high")
        columns |= {name: np.concatenate([values, nothing]) for name, values in zip(names, extremes(one), strict=True)}
        axes = {"measure": [*one.measures, "all"], "outcome": OUTCOMES, "place": places}
        rows = draws.long_table(axes, columns)
        rows["policy"], rows["unit"] = one.policy, rows["outcome"].map(unit_of)
        tables.append(rows)
    return pd.concat(tables)[list(COLUMNS)] if tables else pd.DataFrame(columns=list(COLUMNS))
