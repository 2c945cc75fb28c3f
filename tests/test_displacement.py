"""The market: more people who take jobs displace some of the others at first, and hardly any after eight years.

Jobs worth one percent of employment are added over the four quarters of 2018 and kept by replacing who leaves them; the
rest of the population lives the same lives but for the tightness of the market. DEFINITIONS of the project: between 0 and
0.35 others per added job in the first year, less than 0.1 after eight years."""

from dataclasses import replace

import numpy as np
import pytest
from small_run import inputs_for, plan_for

from model import simulate
from model.parity import market_load
from scenarios import compose, displacement, gains
from scenarios.displacement import shocks
from scenarios.prices import consumer_prices
from scenarios.progress import Progress

STATES = ("IT", "SE")
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def displaced():
    """Others without work per added job, by seed, both Member States together: {(who, when): [seed]}."""
    inputs = inputs_for(states=STATES, end_year=2027, scale=3000, minimum_agents=8000)
    return shocks(inputs, SEEDS, Progress(2 * len(SEEDS)))


@pytest.fixture(scope="module")
def at_parity():
    """(inputs, baseline, parity) of four small Member States to 2019, phase-in in 2018 and 2019."""
    inputs = inputs_for()
    baseline = simulate(inputs, 1)
    return inputs, baseline, simulate(inputs.with_parity(plan_for([baseline]), baseline.market), 1)


def outcomes(baseline, paired, other):
    """displacement.outcomes from 2018 under the default conventions, by place, year and outcome."""
    accounting = compose.job("reproduce", []).accounting
    found = displacement.outcomes(baseline, paired, other, accounting, consumer_prices(), 2018)
    return {(place, year, name): value for (place, _, year, name, _), value in found.items()}


def test_a_market_without_added_jobs_is_the_market_off(at_parity):
    """Nobody is displaced, nobody loses, and every gain is that with the market off, for every place, to the last bit."""
    inputs, baseline, paired = at_parity
    nothing = np.zeros_like(market_load(baseline, paired, displacement.LABEL))
    found = outcomes(baseline, paired, simulate(replace(inputs, added=nothing), 1))
    accounting = compose.job("reproduce", []).accounting
    gain = gains.per_head([baseline], [paired], accounting, consumer_prices(), [2019])[0, :, 0].sum(axis=-1)
    for p, place in enumerate(["selected", *baseline.member_states]):
        for n, label in enumerate(paired.parity.labels):
            key = (place, 2019, displacement.gain_name(label))
            assert (key in found) == (label[1:] == ("sex_age", "native") and label[0] != "participation")
            assert found.get(key, gain[n, p]) == gain[n, p]
    for year in (2018, 2019):
        assert found["selected", year, "added_jobs"] > 0
        assert found["selected", year, "others_displaced_per_added_job"] == found["selected", year, "fiscal_loss_of_others"] == 0


def test_others_lose_with_the_added_jobs_in_the_market(at_parity):
    """The gain of every label falls by the same loss, of all and of each Member State."""
    inputs, baseline, paired = at_parity
    other = simulate(replace(inputs, added=market_load(baseline, paired, displacement.LABEL)), 1)
    on, off = outcomes(baseline, paired, other), outcomes(baseline, paired, baseline)
    for place in ["selected", *baseline.member_states]:
        keys = [key for key in on if key[0] == place and key[2].startswith(displacement.GAIN)]
        losses = [off[key] - on[key] for key in keys]
        assert len(keys) == 3 and losses == pytest.approx([losses[0]] * 3, abs=1e-6) and losses[0] != 0.0
        if place == "selected":
            assert losses[0] == pytest.approx(on[place, 2019, "fiscal_loss_of_others"], abs=1e-6)


def test_first_year(displaced):
    """Between 0 and 0.35 others per added job, mean of three paired seeds (standard error about 0.02)."""
    assert 0.0 < displaced["all", "year_1"].mean() <= 0.35


def test_after_eight_years(displaced):
    """Less than a tenth, either way, from the eighth year on, mean of two years and three paired seeds."""
    assert np.abs(displaced["all", "year_8"].mean()) < 0.1
