"""Parity with the market on: the added jobs ask for openings like everyone, and others lose some of them.

A second run of everyone, in which the jobs added by one parity label are search and leavers of the labour market. What
natives and EU-born lose against the baseline on the same seed is displacement, and its fiscal cost.

`shocks` measures the same market apart from parity: jobs worth one percent of employment are added over the four quarters of
2018 and kept by replacing who leaves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calibration.config import Accounting, Config
from model import Results, codes, simulate
from model.parity import EMPLOYMENT, factors_of, market_load
from scenarios import conventions, draws, gains, statistics, summary
from scenarios.progress import Progress

LABEL = ("employment", "sex_age", "native")
GAIN = "market_on_gain_"  # names of gains with the market on among the outcomes of draws
BY_YEAR = {  # other outcomes: unit
    "added_jobs": "persons",
    "others_displaced_per_added_job": "persons per added job",
    "fiscal_loss_of_others": "EUR per non-EU-born head and year",
}
EFFECTS = ("others_displaced_per_added_job", "fiscal_loss_of_others")  # as small as their noise: intervals hold it
SHOCK_SHARE, SHOCK_LEAVING = 0.01, 0.03  # of employment in a year; of the added jobs in a quarter
SHOCK_LAST_YEAR = 2027


def simulations(config: Config) -> int:
    """How many times everyone is simulated with the market on, per seed or draw."""
    parity = config.parity
    return int(all(name in asked for name, asked in zip(LABEL, (parity.variants, parity.given, parity.references), strict=True)))


def simulate_market_on(
    config: Config, inputs: Any, baseline: Sequence[Results], paired: Sequence[Results], progress: Progress
) -> list[Results]:
    """One run of everyone per seed with the added jobs of LABEL in the market; none if the label was not asked for."""
    if not simulations(config):
        return []
    results = []
    for base, at_parity in zip(baseline, paired, strict=True):
        progress.begin(f"parity with the market on, seed {base.seed}")
        added = market_load(base, at_parity, LABEL)
        results.append(simulate(replace(inputs, added=added), base.seed, progress.step))
        progress.end()
    return results


def outcomes(
    base: Results, at_parity: Results, market_on: Results, accounting: Accounting, hicp: Mapping[int, float], start_year: int
) -> draws.Outcomes:
    """What one seed gives with the market on.

    For all Member States together and every year from `start_year`: added jobs, native and EU-born jobs lost per added job, and
    the fiscal loss of natives and EU-born per non-EU-born head. In the last year and for each Member State too: the gain of every
    label of `same_jobs`, less that loss.
    """
    origin, states = codes.ORIGINS[codes.NON_EU_BORN], base.member_states
    total, last = summary.place(states), base.years[-1]
    employed = codes.MEASURE["employed_20_64"]
    label = at_parity.parity.labels.index(LABEL)
    per_head = replace(accounting, denominator="all_ages")
    found = {}
    for year in range(start_year, last + 1):
        row = year - codes.FIRST_YEAR
        added = at_parity.parity.added[label, 4 * row : 4 * row + 4].sum(axis=1).mean()
        change = (market_on.counts[row] - base.counts[row]).sum(axis=(0, 2, 3))
        lost = -change[: codes.NON_EU_BORN, employed].sum() / 4
        loss = loss_per_head(per_head, [base], [market_on], hicp, year)[0, 0]
        numbers = (added, statistics.per_head(lost, added), loss)
        for (name, unit), number in zip(BY_YEAR.items(), numbers, strict=True):
            found[total, origin, year, name, unit] = float(number)
    loss = loss_per_head(accounting, [base], [market_on], hicp, last)[0]
    gain = gains.per_head([base], [at_parity], accounting, hicp, [last])[0, :, 0].sum(axis=-1)
    unit = summary.contribution_unit(accounting)
    for n, one in enumerate(at_parity.parity.labels):
        if same_jobs(one):
            for p, place in enumerate([total, *states]):
                found[place, origin, last, gain_name(one), unit] = float(gain[n, p] - loss[p])
    return found


def gain_name(label: Sequence[str]) -> str:
    """Name of a gain with the market on among the outcomes of draws."""
    return GAIN + "_".join(label)


def summarise(rows: Sequence[Mapping[str, Any]], years: Sequence[int], labels: Sequence[gains.Label]) -> dict[str, Any]:
    """For summary.json, all Member States together: the numbers of `outcomes` by year and, in the last, gains by variant.

    rows: of scenarios.draws. Years before any job is added are left out.
    """
    known = {(row["place"], row["year"], row["outcome"]): row for row in rows}
    total = rows[0]["place"]
    found: dict[str, Any] = {"label": " / ".join(LABEL), "unit_loss": BY_YEAR["fiscal_loss_of_others"]}
    for year in years:
        numbers = {name: known.get((total, year, name)) for name in BY_YEAR}
        if all(row is not None and row["centre"] is not None for row in numbers.values()):
            found[str(year)] = {name: draws.told(row) for name, row in numbers.items()}
    found[f"gain_{years[-1]}"] = {
        label[0]: draws.told(known[total, years[-1], gain_name(label)]) for label in labels if same_jobs(label)
    }
    return found


def same_jobs(label: Sequence[str]) -> bool:
    """Whether a label adds the jobs of LABEL, so that others lose the same under it: match, pay and hours add none."""
    return tuple(label[1:]) == LABEL[1:] and factors_of(label[0]) & EMPLOYMENT == EMPLOYMENT


def loss_per_head(
    accounting: Accounting, baseline: Sequence[Results], market_on: Sequence[Results], hicp: Mapping[int, float], year: int
) -> np.ndarray:
    """What natives and EU-born lose with the market on, EUR per non-EU-born head, [seed, place]; all Member States first."""
    row = year - codes.FIRST_YEAR
    found = []
    for base, other in zip(baseline, market_on, strict=True):
        before, after = (
            conventions.net_contribution(result.counts[[row]], [year], accounting, hicp)[0, :, : codes.NON_EU_BORN]
            for result in (base, other)
        )
        loss = (before - after).sum(axis=(1, 2, 3))
        heads = conventions.heads(base.counts[row, :, codes.NON_EU_BORN].sum(axis=(1, 2)), accounting)
        with_sum = [np.concatenate([[values.sum()], values]) for values in (loss, heads)]
        found.append(statistics.per_head(*with_sum))
    return np.stack(found)


def shock_years(end_year: int) -> int:
    """How many years a shock simulates."""
    return min(end_year, SHOCK_LAST_YEAR) - codes.FIRST_YEAR + 1


def shocks(inputs: Any, seeds: Sequence[int], progress: Progress) -> dict[tuple[str, str], np.ndarray]:
    """Jobs lost per added job by seed: {(natives or all others, year_1 or year_8): [seed]}, paired with the baseline.

    `year_8` is the mean of the eighth year and what follows it to 2027, left out when fewer years are simulated.
    """
    lost = np.stack([_shock(inputs, seed, progress) for seed in seeds])
    found = {}
    for column, who in enumerate(("native", "all")):
        found[who, "year_1"] = lost[:, 0, column]
        if lost.shape[1] > 7:
            found[who, "year_8"] = lost[:, 7:, column].mean(axis=1)
    return found


def _shock(inputs: Any, seed: int, progress: Progress) -> np.ndarray:
    """Jobs that natives and that all others lose per added job, [year from 2018, 2]."""
    inputs = replace(inputs, end_year=min(inputs.end_year, SHOCK_LAST_YEAR))
    baseline = _simulated(inputs, seed, f"displacement, seed {seed}", progress)
    employed = baseline.counts[0, ..., codes.MEASURE["employed_20_64"]].sum(axis=(1, 2, 3)) / 4.0
    hires = baseline.market[..., 3]
    segment = hires / hires.sum(axis=2, keepdims=True)
    added = np.zeros((*segment.shape, 2))
    stock = np.zeros(segment.shape[:2])
    before = np.zeros(segment.shape[1])
    for t in range(len(segment)):
        new = SHOCK_SHARE * employed / 4.0 if 4 <= t < 8 else 0.0
        leavers = SHOCK_LEAVING * before
        added[t] = np.stack([(new + leavers)[:, None] * segment[t], leavers[:, None] * segment[t]], axis=-1)
        before = stock[t] = before + new
    other = _simulated(replace(inputs, added=added), seed, f"displacement, shock, seed {seed}", progress)
    change = (baseline.counts - other.counts)[..., codes.MEASURE["employed_20_64"]].sum(axis=(1, 3, 4)) / 4.0
    lost = np.stack([change[:, codes.NATIVE], change.sum(axis=1)], axis=1)
    jobs = stock.reshape(-1, 4, stock.shape[1]).mean(axis=1).sum(axis=1)
    return lost[1:] / jobs[1:, None]


def _simulated(inputs: Any, seed: int, label: str, progress: Progress) -> Results:
    progress.begin(label)
    result = simulate(inputs, seed, progress.step)
    progress.end()
    return result
