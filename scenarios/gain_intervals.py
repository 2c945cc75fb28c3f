"""Everything `integra reproduce` says of the gain at parity, over seeds and over draws of all parameters.

In each draw the baseline is simulated, parity on it (the sets of factors of one label beside the variants), and everyone once more
with the added jobs in the market. A simulation hands back small arrays; components, conventions and readings come from them without
another. The factors of the other labels would double the time of a draw and have no interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from calibration.config import Config
from calibration.draw import Draw
from model import Results, codes
from scenarios import decomposition, displacement, draws, gain_tables, gains, groups, readings, simulation, summary
from scenarios.progress import Progress

Pair = tuple[str, str]  # given, reference


@dataclass(frozen=True)
class Found:
    """What one simulation hands back."""

    outcomes: draws.Outcomes  # gains, market on, readings and baseline
    gains: np.ndarray  # [label, place, item of gain_tables]
    factors: dict[Pair, np.ndarray]  # [factor, place, item of gain_tables]
    conventions: np.ndarray  # [combination, quantity of gains.by_convention]
    checks: np.ndarray  # [combination, published level or sign of the groups]


@dataclass(frozen=True)
class Intervals:
    """Seeds at the centre, and draws where there are any."""

    rows: list[dict[str, Any]]  # of scenarios.draws
    gains: draws.Sample  # [label, place, item]
    factors: dict[Pair, draws.Sample]  # [factor, place, item]
    conventions: draws.Sample  # [combination, quantity]
    published: pd.DataFrame  # levels and signs of the groups (groups.published)
    checks: draws.Sample  # their counterparts [combination, row of published]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Rows of intervals.csv: all but readings, which have a table of their own."""
        return [row for row in self.rows if not row["outcome"].startswith(readings.OUTCOME)]


def drawn_pairs(config: Config) -> list[Pair]:
    """Labels whose parts by factor are simulated in every draw: the first."""
    return decomposition.pairs(config)[:1]


def simulations(config: Config) -> int:
    """How many simulations the draws take: baseline, parity with the parts by factor, market on."""
    each = 2 + displacement.simulations(config)
    return each * draws.simulations(config)


def intervals(
    config: Config,
    baseline: Sequence[Results],
    paired: Sequence[Results],
    market_on: Sequence[Results],
    parts: Mapping[Pair, Sequence[decomposition.Coalitions]],
    hicp: Mapping[int, float],
    progress: Progress,
) -> Intervals:
    """Samples of everything; without draws of the seeds alone."""
    every = readings.readings(config.accounting)
    published = groups.published(baseline[0])
    coarse = draws.coarse(config)
    first = drawn_pairs(config)

    def simulate(draw: Draw, seed: int, progress: Progress) -> Found:
        inputs, before = simulation.simulate_draw(coarse, draw, seed, progress)
        (after,), found = decomposition.simulate_parity(coarse, inputs, [before], progress, first)
        other = displacement.simulate_market_on(coarse, inputs, [before], [after], progress)
        with draw.in_force():  # what is deflated by wage growth takes that of the draw
            return collect(config, before, after, other, {pair: one for pair, (one,) in found.items()}, every, published, hicp)

    centre = [
        collect(config, before, after, market_on[n : n + 1], {pair: parts[pair][n] for pair in parts}, every, published, hicp)
        for n, (before, after) in enumerate(zip(baseline, paired, strict=True))
    ]
    drawn = draws.simulated(config, simulate, progress) if config.draws else ()
    return Intervals(
        rows=draws.rows(
            [one.outcomes for one in centre], *([one.outcomes for one in part] for part in drawn), effects=displacement.EFFECTS
        ),
        gains=_sample([centre, *drawn], lambda one: one.gains),
        factors={
            pair: _sample([centre, *drawn] if pair in first else [centre], lambda one, pair=pair: one.factors[pair])
            for pair in parts
        },
        conventions=_sample([centre, *drawn], lambda one: one.conventions),
        published=published,
        checks=_sample([centre, *drawn], lambda one: one.checks),
    )


def _sample(parts: Sequence[Sequence[Found]], of: Any) -> draws.Sample:
    return draws.Sample(*(np.stack([of(one) for one in part]) for part in parts))


def collect(
    config: Config,
    before: Results,
    after: Results,
    market_on: Sequence[Results],
    parts: Mapping[Pair, decomposition.Coalitions],
    every: Sequence[readings.Reading],
    published: pd.DataFrame,
    hicp: Mapping[int, float],
) -> Found:
    """What one seed or draw says; market_on: its run with the market on, or none."""
    accounting, start_year = config.accounting, config.parity.start_year
    last = before.years[-1]
    values = gains.per_head([before], [after], accounting, hicp, [last])[0, :, 0].sum(axis=-1)
    unit = summary.contribution_unit(accounting)
    found = {
        (place, codes.ORIGINS[codes.NON_EU_BORN], last, "gain_" + "_".join(label), unit): float(values[v, p])
        for p, place in enumerate([summary.place(before.member_states), *before.member_states])
        for v, label in enumerate(after.parity.labels)
    }
    for pair in drawn_pairs(config):
        found |= decomposition.outcomes(parts[pair], before, accounting, hicp)
    for other in market_on:
        found |= displacement.outcomes(before, after, other, accounting, hicp, start_year)
    found |= readings.outcomes(before, after, every, hicp, start_year)
    found |= summary.outcomes(before, accounting, hicp)
    return Found(
        outcomes=found,
        gains=gain_tables.of_gains(before, after, accounting, hicp),
        factors={pair: gain_tables.of_factors(one, before, accounting, hicp) for pair, one in parts.items()},
        conventions=gains.by_convention(before, after, accounting.price_year, hicp),
        checks=groups.counterparts(before, published, accounting.price_year, hicp),
    )
