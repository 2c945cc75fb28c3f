"""The market: more people who take jobs displace some of the others at first, and hardly any after eight years.

Jobs worth one percent of employment are added over the four quarters of 2018 and kept by replacing who leaves them; the
rest of the population lives the same lives but for the tightness of the market. DEFINITIONS of the project: between 0 and
0.35 others per added job in the first year, less than 0.1 after eight years."""

import numpy as np
import pytest
from small_run import inputs_for

from scenarios.displacement import shocks
from scenarios.progress import Progress

STATES = ("IT", "SE")
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def displaced():
    """Others without work per added job, by seed, both Member States together: {(who, when): [seed]}."""
    inputs = inputs_for(states=STATES, end_year=2027, scale=3000, minimum_agents=8000)
    return shocks(inputs, SEEDS, Progress(2 * len(SEEDS)))


def test_first_year(displaced):
    """Between 0 and 0.35 others per added job, mean of three paired seeds (standard error about 0.02)."""
    assert 0.0 < displaced["all", "year_1"].mean() <= 0.35


def test_after_eight_years(displaced):
    """Less than a tenth, either way, from the eighth year on, mean of two years and three paired seeds."""
    assert np.abs(displaced["all", "year_8"].mean()) < 0.1
