"""Who gains and who is displaced: effects of a policy by origin, sex and education over all simulated Member States."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, draws, effects, statistics, summary

MEASURES = ("persons", "employed_20_64", "employment_rate", "net_contribution_total", "net_contribution")
COLUMNS = ("policy", "origin", "sex", "education", "year", "measure", "effect", "monte_carlo_se", "low", "high", "noise_share", "unit")
MILLION = 1e6


def levels(result: Results, accounting: Accounting, hicp: Mapping[int, float]) -> np.ndarray:
    """Outcomes [measure, year, origin, sex, education 4] of one seed; the contribution before costs of measures."""
    counts = result.counts.sum(axis=1)
    persons = counts[..., codes.MEASURE["persons"]] / 4.0
    employed, adults = (counts[..., codes.MEASURE[name]] / 4.0 for name in ("employed_20_64", "persons_20_64"))
    used = replace(accounting, programme_costs=False)
    net = conventions.net_contribution(result.counts, result.years, used, hicp).sum(axis=1)
    per_head = statistics.per_head(net, conventions.heads(counts, accounting))
    return np.stack([persons, employed, 100.0 * statistics.per_head(employed, adults), net / MILLION, per_head])


def units(accounting: Accounting) -> dict[str, str]:
    """Unit of the effect on each measure."""
    million = f"million EUR of {accounting.price_year} per year"
    return dict(zip(MEASURES, ("persons", "persons", "percentage points", million, summary.contribution_unit(accounting)), strict=True))


def table(policies: Sequence[str], sample: draws.Sample, years: Sequence[int], accounting: Accounting) -> pd.DataFrame:
    """Rows (COLUMNS) from levels [simulation, scenario, measure, year, origin, sex, education]."""
    effect = sample.map(effects.of_policies)
    axes = {
        "policy": policies, "measure": MEASURES, "year": years,
        "origin": codes.ORIGINS, "sex": codes.SEXES, "education": codes.EDUCATION_OUT,
    }  # fmt: skip
    found = draws.long_table(axes, {"effect": effect.centre, **effect.columns()})
    found["unit"] = found["measure"].map(units(accounting))
    return found.loc[found["effect"].notna(), list(COLUMNS)].reset_index(drop=True)
