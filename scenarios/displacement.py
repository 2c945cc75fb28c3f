"""Parity with the market on: the added jobs ask for openings like everyone, and others lose some of them.

A second run of everyone, in which the jobs added by one parity label are search and leavers of the labour market. What
natives and EU-born lose against the baseline on the same seed is displacement, and its fiscal cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calibration.config import Accounting, Config
from model import Results, codes, simulate
from model.parity import market_load
from scenarios import conventions, statistics
from scenarios.progress import Progress

LABEL = ("employment", "sex_age", "native")


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
        added, lost, money = [], [], []
        for base, at_parity, other in zip(baseline, paired, market_on, strict=True):
            label = at_parity.parity.labels.index(LABEL)
            added.append(at_parity.parity.added[label, 4 * row : 4 * row + 4].sum(axis=1).mean())
            change = (other.counts[row] - base.counts[row]).sum(axis=(0, 2, 3))
            lost.append(-change[: codes.NON_EU_BORN, employed].sum() / 4)
            heads = base.counts[row, :, codes.NON_EU_BORN, ..., codes.MEASURE["persons"]].sum() / 4
            before, after = (
                conventions.net_contribution(result.counts[[row]], [year], accounting, hicp)[0, :, : codes.NON_EU_BORN]
                for result in (base, other)
            )
            money.append((before.sum() - after.sum()) / heads)
        if min(added) <= 0:
            continue
        found[str(year)] = {
            "added_jobs": statistics.estimate(np.array(added)),
            "others_displaced_per_added_job": statistics.estimate(np.array(lost) / np.array(added)),
            "fiscal_loss_of_others": statistics.estimate(np.array(money)),
        }
    return found
