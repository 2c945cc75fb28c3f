"""With arrivals held at their level of 2017 and macro conditions held at those of 2017, the start is a state the model keeps.

Every figure is read before the first quarter (1 January 2017, after raking) and after each of the eight quarters to
2018Q4, from cohorts of all 27 Member States. Four seeds; the standard error of a drift is below 0.3 points (0.5 for
overqualification of the EU-born), so a figure that does not drift at all passes one point by more than three standard
errors (two)."""

from dataclasses import replace

import numpy as np
import pytest

from model import LabourIntegrationModel
from model.accounting import indicator
from model.codes import MEASURE, MEASURES, NON_EU_BORN, ORIGINS

SETTINGS = (
    "population.scale=400", "population.scale_comparison=2500", "population.minimum_agents=2500", "macro=constant",
    "macro.year=2017",
    "run.end_year=2018",
)  # fmt: skip
SEEDS = (1, 2, 3, 4)
QUARTERS = 8
MOST = 1.0  # point
LEVELS = ("language_a1", "language_a2", "language_b1", "language_c1")
# Share of one measure in others, percent, of the non-EU-born.
SHARES = {
    **{name: ((name,), LEVELS) for name in LEVELS},
    "course_waiting": (("course_waiting",), ("persons",)),
    "course_attending": (("course_attending",), ("persons",)),
    "recognition_documents": (("recognition_documents",), ("qualified_abroad",)),
    "recognition_waiting": (("recognition_waiting",), ("qualified_abroad",)),
    "bridging": (("bridging",), ("qualified_abroad",)),
    "recognised": (("recognised",), ("qualified_abroad",)),
}


def _now(model):
    """Measures by origin, all Member States, [origin, measure]."""
    found = np.zeros((len(ORIGINS), len(MEASURES)))
    for cohort in model.cohorts:
        found[ORIGINS.index(cohort.origin)] += cohort.counts().sum(axis=(0, 1))
    return found


@pytest.fixture(scope="module")
def path(make_inputs):
    """Measures before the first and after each of eight quarters, [seed, 9, origin, measure]."""
    inputs = make_inputs(*SETTINGS)
    arrivals = inputs.arrivals.copy()
    arrivals[:, :, 4:] = np.tile(arrivals[:, :, :4], (1, 1, arrivals.shape[2] // 4 - 1))
    inputs = replace(inputs, arrivals=arrivals)
    found = []
    for seed in SEEDS:
        model = LabourIntegrationModel(inputs, seed)
        rows = [_now(model)]
        for _ in range(QUARTERS):
            model.step()
            rows.append(_now(model))
        found.append(rows)
    return np.array(found)


def _keeps(values, what):
    """Mean over seeds of [seed, 9] leaves the start by no more than MOST in any quarter."""
    drift = (values - values[:, :1]).mean(axis=0)
    assert np.abs(drift).max() <= MOST, f"{what}: {values[:, 0].mean():.2f}, then {drift[1:].round(2)} points"


# Measured over eight quarters, a little more than a point: employment of the non-EU-born +1.1, their unemployment -1.2,
# overqualification of the EU-born +1.1 (its start is a proxy by citizenship, fitted to sixteen Member States).
DRIFTING = {("employment_rate", 2), ("unemployment_rate", 2), ("overqualification_rate", 1)}


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        pytest.param(
            name, origin, id=f"{name}-{ORIGINS[origin]}",
            marks=[pytest.mark.xfail(reason="the start of 2017 is not the estimates' own state", strict=True)]
            if (name, origin) in DRIFTING else [],
        )
        for name in ("employment_rate", "unemployment_rate", "overqualification_rate")
        for origin in range(3)
    ],
)  # fmt: skip
def test_rates_keep_their_level(path, name, origin):
    """EU employment, unemployment and overqualification of each origin stay within one point of the start."""
    _keeps(indicator(name, path)[..., origin], f"{name} of {ORIGINS[origin]}")


@pytest.mark.parametrize("name", SHARES)
def test_language_queues_and_recognition_keep_their_level(path, name):
    """Shares of language levels, of those waiting and attending, and of the recognised among the non-EU-born stay
    within one point of the start."""
    tops, bottoms = SHARES[name]
    own = path[:, :, NON_EU_BORN]
    share = 100.0 * sum(own[..., MEASURE[n]] for n in tops) / sum(own[..., MEASURE[n]] for n in bottoms)
    _keeps(share, name)
