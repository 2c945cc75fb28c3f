"""The Zaragoza indicators by Member State under the reference and every policy, and which of them a run does not produce.

Indicators agreed at the ministerial conference of Zaragoza in 2010 and collected by Eurostat (Indicators of Immigrant
Integration, a pilot study, 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from model import codes
from scenarios import draws, effects

COLUMNS = (
    "area", "indicator", "place", "year", "scenario", "non_eu_born", "monte_carlo_se", "low", "high", "noise_share",
    "native", "native_low", "native_high", "effect", "effect_low", "effect_high", "effect_noise_share", "unit", "note",
)  # fmt: skip


class Indicator(NamedTuple):
    """One of the list: `measure` of scenarios.effects, or empty with the reason in `note`."""

    area: str
    name: str
    measure: str
    note: str = ""


INDICATORS = (
    Indicator("employment", "employment rate", "employment_rate"),
    Indicator("employment", "unemployment rate", "unemployment_rate"),
    Indicator("employment", "activity rate", "activity_rate"),
    Indicator("employment", "overqualification", "overqualification_rate", "Member States: proxy by citizenship"),
    Indicator("employment", "self-employment", "", "no self-employed in the model"),
    Indicator("education", "highest educational attainment (tertiary)", "tertiary_share"),
    Indicator("education", "tertiary attainment at 30-34", "", "education is reported for 20-64 together"),
    Indicator("education", "low achievers at 15 in reading, mathematics, science", "", "no schooling in the model"),
    Indicator("education", "early leavers from education and training", "", "final education is drawn at birth or arrival"),
    Indicator("education", "neither in employment nor in education, 15-29", "neet_rate"),
    Indicator("social inclusion", "median net income", "", "a household proxy, not a result (households.csv of reproduce)"),
    Indicator("social inclusion", "at risk of poverty", "", "a household proxy, not a result (households.csv of reproduce)"),
    Indicator("social inclusion", "self-perceived health", "", "no health state in the model"),
    Indicator("social inclusion", "property ownership", "", "no wealth in the model"),
    Indicator("active citizenship", "naturalised", "naturalised_share", "share of residents, not of those entitled"),
    Indicator("active citizenship", "permanent or long-term residence permits", "", "permits are not simulated"),
    Indicator("active citizenship", "elected representatives", "", "no politics in the model"),
)


def _notes(one: Indicator, place: str, first: bool, counted: np.ndarray) -> str:
    """What a row says of itself and of its empty cells; counted: whether the non-EU-born and natives have the rate."""
    said = {
        one.note: place in codes.MEMBER_STATES or not one.note.startswith("Member States"),
        "nobody to count": not counted[0],
        "not counted for natives": not counted[1],
        "the reference: no effect": first,
    }
    return "; ".join(words for words, applies in said.items() if applies and words)


def table(scenarios: Sequence[str], sample: draws.Sample, places: Sequence[str], years: Sequence[int], year: int) -> pd.DataFrame:
    """Rows (COLUMNS) of one year from levels [simulation, scenario, measure, year, place, origin]; those not produced last."""
    at = list(years).index(year)
    levels = sample.map(lambda values: values[:, :, :, at])
    change = levels.map(lambda values: values[:, :, ..., codes.NON_EU_BORN] - values[:, :1, ..., codes.NON_EU_BORN])
    level = {"value": levels.centre, **levels.columns()}
    effect = {"value": change.centre, **change.whole_interval()._asdict()}
    rows = []
    for one in INDICATORS:
        if not one.measure:
            continue
        m = effects.MEASURES.index(one.measure)
        for p, place in enumerate(places):
            for s, scenario in enumerate(scenarios):
                numbers = [values[s, m, p, codes.NON_EU_BORN] for values in level.values()]
                numbers += [level[name][s, m, p, codes.NATIVE] for name in ("value", "low", "high")]
                moved = [values[s, m, p] if s else np.nan for values in effect.values()]
                counted = np.isfinite(levels.centre[s, m, p, [codes.NON_EU_BORN, codes.NATIVE]])
                unit = f"{effects.UNITS[one.measure]}; effect in percentage points"
                rows.append([one.area, one.name, place, year, scenario, *numbers, *moved, unit, _notes(one, place, not s, counted)])
    left = [one for one in INDICATORS if not one.measure]
    rows += [[one.area, one.name, "", year, "", *[np.nan] * 12, "", f"not produced: {one.note}"] for one in left]
    return pd.DataFrame(rows, columns=list(COLUMNS))
