"""The population of 1 January 2017 meets its tables; the stock and employment follow the published ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.load_inputs import demography
from calibration.tables import EU, Parameter
from model import LabourIntegrationModel
from model.accounting import indicator
from model.codes import (
    EU_BORN,
    GROUPS,
    INACTIVE,
    MEASURE,
    MEMBER_STATES,
    NATIVE,
    NON_EU_BORN,
    ORIGINS,
    OTHER,
    PRESENT,
    SEXES,
    SKILLED,
    STAY_BANDS,
    UNEMPLOYED,
)  # fmt: skip
from model.inputs import LARGEST_WEIGHT, weight_of
from model.population import allocate

STOCK_YEARS = range(2018, 2025)
FIGURES_YEAR = 2019 - 2017


@pytest.fixture(scope="module")
def start(make_inputs):
    """The model of four Member States before the first quarter, with enough agents to see a cell."""
    settings = ("population.scale=500", "population.scale_comparison=5000", "population.minimum_agents=3000")
    return LabourIntegrationModel(make_inputs(*settings, "member_states=[AT,IT,MT,SE]", "run.end_year=2017"), 1)


def test_raked_margins_are_met():
    """Sex x age, education, reason and years since arrival are met within 0.1 % of the stock in every Member State."""
    _, fit, _ = demography()
    assert list(fit.member_state) == list(MEMBER_STATES)
    worst = fit.loc[fit.largest_error.idxmax()]
    assert worst.largest_error < 1e-3, f"{worst.member_state}: {worst.largest_error:.2e}"


def test_origins_add_up_to_the_published_population():
    """The non-EU-born are the published stock, and the three origins together the published population of each Member
    State, within 1 % (natives are what is left, with a floor)."""
    table, _, _ = demography()
    persons = table.sum(axis=(2, 3, 4, 5))
    stock = Parameter("stock", origin="non_eu_born", year=2017).by_state()
    np.testing.assert_allclose(persons[:, 2:].sum(axis=1), stock, rtol=1e-3)
    everyone = Parameter("population", year=2017).rows
    everyone = everyone[everyone.geo.isin(MEMBER_STATES) & everyone.sex.isin(SEXES)].groupby("geo")["value"].sum()
    np.testing.assert_allclose(persons.sum(axis=1), everyone[list(MEMBER_STATES)], rtol=0.01)


def test_nobody_is_here_longer_than_alive(start):
    """In the table, no cell has years since arrival above its age; among agents, no arrival precedes birth."""
    table, _, _ = demography()
    foreign = table[:, 1:].sum(axis=(0, 1, 2, 4))
    for band, lowest in enumerate(STAY_BANDS):
        too_young = [a for a in range(18) if 5 * a + 5 <= lowest]
        assert foreign[too_young, band].sum() == 0.0
    people = start.people
    assert (people["arrival_q"] >= people["birth_q"]).all()
    assert (people["arrival_q"][people["presence"] == PRESENT] < 0).all()


@given(
    persons=st.lists(st.floats(0, 1e5), min_size=1, max_size=60),
    weight=st.integers(1, 5000),
)
def test_cells_are_filled_to_within_one_agent(persons, weight):
    """Every run of neighbouring cells holds its persons over the weight, within one agent."""
    counts = allocate(persons, weight)
    assert (counts >= 0).all()
    edges = np.concatenate([[0.0], np.cumsum(persons)]) / weight
    sums = np.concatenate([[0], np.cumsum(counts)])
    for i in range(len(edges)):
        difference = (sums[i:] - sums[i]) - (edges[i:] - edges[i])
        assert (np.abs(difference) <= 1.0 + 1e-6).all()


@given(
    persons=st.floats(0, 1e8), scale=st.integers(1, 100_000), minimum=st.integers(100, 100_000),
)  # fmt: skip
def test_weight_is_the_largest_that_leaves_enough_agents(persons, scale, minimum):
    """The weight is at least one, not above the scale, leaves the asked number of agents, and one more would not."""
    weight = weight_of(persons, scale, minimum)
    highest = min(scale, LARGEST_WEIGHT)
    assert isinstance(weight, int) and 1 <= weight <= highest
    if weight > 1:
        assert persons / weight >= minimum
    if weight < highest:
        assert persons / (weight + 1) < minimum


def _origin(people):
    return np.minimum(people["group"], 2)


def test_agents_meet_the_stock_by_sex_and_age(start):
    """Agents present on 1 January 2017 by group, sex and five-year age are the table within one agent."""
    table = start.inputs.stock
    people = start.people[start.people["presence"] == PRESENT]
    for ms in start.inputs.member_states:
        for group in range(table.shape[1]):
            own = people[(people["member_state"] == ms) & (people["group"] == group)]
            weight = float(own["weight"][0])
            found = np.zeros((2, 18))
            np.add.at(found, (own["sex"], np.minimum((-1 - own["birth_q"].astype(int)) // 20, 17)), 1)
            wanted = table[ms, group].sum(axis=(2, 3)) / weight
            assert np.abs(found - wanted).max() <= 1.0, f"{MEMBER_STATES[ms]} {GROUPS[group]}"


def test_employment_after_raking_is_the_table(start):
    """Before the first quarter, employed agents by Member State, origin, sex and five-year age 15-74 are the published
    rate times the agents within 1.5 agents: without exception at 25-59; below and above as far as persons are out of
    education and not retired (the model knows no working students or pensioners)."""
    people = start.people[start.people["presence"] == PRESENT]
    labour = people["labour"]
    employed = (labour == SKILLED) | (labour == OTHER)
    able = employed | (labour == UNEMPLOYED) | (labour == INACTIVE)
    age = -people["birth_q"].astype(int)
    inside = (age >= 60) & (age < 300)
    index = (people["member_state"], _origin(people), people["sex"], np.clip((age - 60) // 20, 0, 11))
    index = tuple(np.asarray(part, dtype=np.int64)[inside] for part in index)
    agents, jobs, most = np.zeros((3, 27, 3, 2, 12))
    np.add.at(agents, index, 1)
    np.add.at(jobs, index, employed[inside])
    np.add.at(most, index, able[inside])
    wanted = agents * start.inputs.employment
    for miss in (jobs - np.minimum(wanted, most), (jobs - wanted)[..., 2:9]):
        ms, origin, sex, band = np.unravel_index(np.abs(miss).argmax(), miss.shape)
        where = f"{MEMBER_STATES[ms]} {ORIGINS[origin]} {SEXES[sex]}, age band {band}"
        assert abs(miss[ms, origin, sex, band]) <= 1.5, f"{where}: {miss[ms, origin, sex, band]:.1f} agents"


def test_unemployment_after_raking_is_the_table(start):
    """Before the first quarter, unemployed agents by Member State, origin and sex are what the published rate asks for
    given the employed, within 1.5 agents."""
    people = start.people[start.people["presence"] == PRESENT]
    age = -people["birth_q"].astype(int)
    people = people[(age >= 60) & (age < 300)]
    for ms in start.inputs.member_states:
        for origin in range(3):
            for sex in range(2):
                own = people[(people["member_state"] == ms) & (_origin(people) == origin) & (people["sex"] == sex)]
                employed = ((own["labour"] == SKILLED) | (own["labour"] == OTHER)).sum()
                rate = start.inputs.unemployment[ms, origin, sex]
                unemployed = (own["labour"] == UNEMPLOYED).sum()
                wanted = rate / (1.0 - rate) * employed
                assert abs(unemployed - wanted) <= 1.5, f"{MEMBER_STATES[ms]} {ORIGINS[origin]} {SEXES[sex]}"


def test_stock_follows_the_published_one(eu27_to_2024):
    """On 1 January 2018 to 2024 the simulated non-EU-born are the published stock within 2 % in the EU and 5 % in each
    Member State. Mean of four seeds: departures and deaths of at least 1 500 agents leave a standard error of 0.7 % or
    so (1.2 % at most), so a true miss of 1 % fails by chance less than once in 1 000."""
    published = Parameter("stock", origin="non_eu_born").by_state(("year", STOCK_YEARS)).T
    years = len(STOCK_YEARS)
    found = np.mean([r.by_age[:years, :, NON_EU_BORN, :, 0].sum(axis=2) for r in eu27_to_2024], axis=0)
    miss = found.sum(axis=1) / published.sum(axis=1) - 1.0
    assert np.abs(miss).max() < 0.02, dict(zip(STOCK_YEARS, np.round(miss, 4), strict=True))
    miss = found / published - 1.0
    year, ms = np.unravel_index(np.abs(miss).argmax(), miss.shape)
    assert abs(miss[year, ms]) < 0.05, f"{MEMBER_STATES[ms]} {STOCK_YEARS[year]}: {miss[year, ms]:.3f}"


def _employment(results):
    """Simulated and published employment rates of 2019: ([seed, ms, origin], [ms, origin], [seed, origin]) in percent.

    The published rate of a Member State is weighted by the simulated sexes, because the table is by sex."""
    counts = np.array([r.counts[FIGURES_YEAR].sum(axis=3) for r in results])
    table = 100.0 * Parameter("employment_rate", age="20-64", year=2019).by_state(("origin", ORIGINS), ("sex", SEXES))
    persons = counts[..., MEASURE["persons_20_64"]].mean(axis=0)
    published = (table * persons).sum(axis=2) / persons.sum(axis=2)
    return (
        indicator("employment_rate", counts.sum(axis=3)),
        published,
        indicator("employment_rate", counts.sum(axis=(1, 3))),
    )


@pytest.mark.parametrize("origin", [NATIVE, NON_EU_BORN])
def test_employment_of_2019_in_the_eu(eu27_to_2019, origin):
    """Simulated EU employment 20-64 of 2019 is within 3 points of the published one. Four seeds: standard error 0.3
    points, so a true miss of 2 points fails less than once in 1 000."""
    _, _, found = _employment(eu27_to_2019)
    published = (
        100.0
        * Parameter("employment_rate", geo=EU, origin=ORIGINS[origin], sex="total", age="20-64", year=2019).scalar()
    )
    assert abs(found[:, origin].mean() - published) < 3.0


@pytest.mark.parametrize("origin", [NATIVE, NON_EU_BORN])
def test_employment_of_2019_in_each_member_state(eu27_to_2019, origin):
    """Simulated employment 20-64 of 2019 is within 6 points of the published one in each Member State. At least 2 000
    agents and four seeds: standard error about 0.6 points, 1 at most, so a true miss of 2.5 points in each of the 27
    fails by chance less than once in 100."""
    found, published, _ = _employment(eu27_to_2019)
    miss = (found.mean(axis=0) - published)[:, origin]
    worst = np.abs(miss).argmax()
    assert abs(miss[worst]) < 6.0, f"{MEMBER_STATES[worst]}: {miss[worst]:.1f} points"


@pytest.mark.parametrize("origin", [NATIVE, EU_BORN, NON_EU_BORN])
def test_overqualification_of_2019_in_the_eu(eu27_to_2019, origin):
    """Simulated EU overqualification of 2019 is within 5 points of the published one. Four seeds: standard error 0.6
    points, so a true miss of 3 points fails less than once in 1 000."""
    counts = np.array([r.counts[FIGURES_YEAR].sum(axis=(0, 2, 3)) for r in eu27_to_2019])
    found = indicator("overqualification_rate", counts)[:, origin].mean()
    published = (
        100.0 * Parameter("overqualification_rate", geo=EU, origin=ORIGINS[origin], sex="total", year=2019).scalar()
    )
    assert abs(found - published) < 5.0
