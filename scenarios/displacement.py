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
from scenarios import conventions, statistics
from scenarios.progress import Progress

LABEL = ("employment", "sex_age", "native")
SHOCK_SHARE, SHOCK_LEAVING = 0.01, 0.03  # of employment in a year; of the added jobs in a quarter
SHOCK_LAST_YEAR = 2027


def simulate_market_on(
    config: Config, inputs: Any, baseline: Sequence[Results], paired: Sequence[Results], progress: Progress
) -> list[Results]:
    """One run of everyone per seed with the added jobs of LABEL in the market; none if the label was not asked for."""
    if LABEL not in paired[0].parity.labels:
        return []
    results = []
    for base, at_parity in zip(baseline, paired, strict=True):
        progress.begin(f"parity with the market on, seed {base.seed}")
        added = market_load(base, at_parity, LABEL)
        results.append(simulate(replace(inputs, added=added), base.seed, progress.step))
        progress.end()
    return results


def summarise(
    accounting: Accounting,
    baseline: Sequence[Results],
    paired: Sequence[Results],
    market_on: Sequence[Results],
    hicp: Mapping[int, float],
) -> dict[str, Any]:
    """By year: added jobs, native and EU-born jobs lost per added job, and their fiscal loss per non-EU-born head."""
    employed = codes.MEASURE["employed_20_64"]
    found: dict[str, Any] = {"label": " / ".join(LABEL), "unit_loss": "EUR per non-EU-born head and year"}
    for year in baseline[0].years:
        row = year - codes.FIRST_YEAR
        added, lost = [], []
        for base, at_parity, other in zip(baseline, paired, market_on, strict=True):
            label = at_parity.parity.labels.index(LABEL)
            added.append(at_parity.parity.added[label, 4 * row : 4 * row + 4].sum(axis=1).mean())
            change = (other.counts[row] - base.counts[row]).sum(axis=(0, 2, 3))
            lost.append(-change[: codes.NON_EU_BORN, employed].sum() / 4)
        if min(added) <= 0:
            continue
        found[str(year)] = {
            "added_jobs": statistics.estimate(np.array(added)),
            "others_displaced_per_added_job": statistics.estimate(np.array(lost) / np.array(added)),
            "fiscal_loss_of_others": statistics.estimate(
                loss_per_head(replace(accounting, denominator="all_ages"), baseline, market_on, hicp, year)[:, 0]
            ),
        }
    return found


def same_jobs(label: tuple[str, str, str]) -> bool:
    """Whether a label adds the jobs of LABEL, so that others lose the same under it: match, pay and hours add none."""
    return label[1:] == LABEL[1:] and factors_of(label[0]) & EMPLOYMENT == EMPLOYMENT


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
