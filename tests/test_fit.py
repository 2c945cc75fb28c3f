"""The fit table: every figure for each Member State, and what the EU's published rates are made of."""

import numpy as np
import pytest

from calibration.fit import fit_lines, fit_table
from calibration.load_inputs import load_inputs
from calibration.tables import Parameter
from model import simulate
from scenarios.compose import job


def test_every_figure_is_there_for_each_member_state():
    """Two Member States to 2025: margins, stock of eight years, rates of three origins, and the population of 2025 beside the
    projection, summed by hand."""
    config = job("run", ["population=small", "member_states=[LU,MT]", "run.end_year=2025"])
    table = fit_table([simulate(load_inputs(config), 1)])
    counts = table.groupby("figure")["place"].agg(["size", "nunique"])
    expected = {
        "stock": 16, "employment_rate": 18, "unemployment_rate": 6, "overqualification_rate": 6, "population": 2, "raked_margins": 2
    }  # fmt: skip
    assert counts["size"].to_dict() == expected and (counts["nunique"] == 2).all()
    malta = table[(table["figure"] == "population") & (table["place"] == "MT")].iloc[0]
    assert malta["published"] == Parameter("projection", year=2025, geo="MT", category="variant_b").rows["value"].sum()
    assert 0.8 < malta["simulated"] / malta["published"] < 1.2
    lines = fit_lines(table)
    assert any("employment 2019" in line for line in lines)
    gaps = table[table["figure"] == "population"].set_index("place")
    gaps = 100 * (gaps["simulated"] / gaps["published"] - 1)
    (line,) = (line for line in lines if "population of all groups" in line)
    order = sorted(gaps.index, key=lambda place: -abs(gaps[place]))
    assert line.endswith("2025 worst " + ", ".join(f"{gaps[place]:+.1f} % ({place})" for place in order))


@pytest.fixture(scope="module")
def of_all():
    """The fit of all Member States to 2019, eight seeds."""
    config = job("run", ["run.end_year=2019", "population.scale=200", "population.scale_comparison=700"])
    inputs = load_inputs(config)
    return fit_table([simulate(inputs, seed) for seed in range(1, 9)])


def test_published_rates_add_up_with_the_persons_of_the_survey(of_all):
    """Published employment of the non-EU-born by Member State gives that of the EU with the survey's numbers of persons, to 0.1
    points (EU-born to half a point), and misses it for women with those of the registers."""
    rates = of_all[(of_all["place"] == "EU27_2020") & (of_all["figure"] == "employment_rate")]
    gap = (rates["of_member_states"] - rates["published"]).abs()
    survey = rates["weights"] == "survey"
    assert gap[survey & (rates["origin"] == "non_eu_born")].max() < 0.1 and gap[survey].max() < 0.5
    women = (rates["origin"] == "non_eu_born") & (rates["sex"] == "female")
    assert gap[~survey & women].iloc[0] > 0.4


def test_the_estimates_reproduce_2019(of_all):
    """EU employment by origin and sex and unemployment of natives and non-EU-born lie within half a point of what is published,
    with the survey's persons (natives: the simulated ones), overqualification of the non-EU-born within a point. Employment by Member
    State lies within the aim but for Slovakia's EU-born, whose published rate jumped within a year; Hungary's non-EU-born are at the
    edge. The closest EU rate stands two Monte Carlo errors (0.05) inside: one of fifty other sets of seeds would fail."""
    rates = of_all[(of_all["place"] == "EU27_2020") & of_all["aim"].notna()]
    rates = rates[(rates["weights"] == "survey") | (rates["origin"] == "native")].set_index(["figure", "origin", "sex"])
    proxies = [("unemployment_rate", "eu_born", "total"), ("overqualification_rate", "eu_born", "total")]
    assert len(rates) == 15 and rates.drop(proxies)["within"].all()
    assert rates.drop(proxies)["monte_carlo_se"].max() < 0.125
    states = of_all[of_all["aim"].notna() & (of_all["place"] != "EU27_2020")]
    missed = states[~states["within"].astype(bool)]
    assert {("SK", "eu_born")} <= set(zip(missed["place"], missed["origin"])) <= {("SK", "eu_born"), ("HU", "non_eu_born")}


def test_aims_and_their_verdicts(of_all):
    """Aims by hand: half a point for the EU, two points or two sampling errors for a Member State, none for imputed figures."""
    judged = of_all[of_all["aim"].notna()]
    of_eu = judged["place"] == "EU27_2020"
    assert judged[of_eu].groupby("figure")["aim"].unique().map(list).to_dict() == {
        "employment_rate": [0.5], "unemployment_rate": [0.5], "overqualification_rate": [1.0]
    }  # fmt: skip
    states = judged[~of_eu]
    assert set(states["figure"]) == {"employment_rate"} and set(states["sex"]) == {"total"} and "imputed" not in set(states["status"])
    assert states.loc[(states["place"] == "DE") & (states["origin"] == "native"), "aim"].tolist() == [2.0]
    assert states.loc[(states["place"] == "SK") & (states["origin"] == "eu_born"), "aim"].iloc[0] > 3.0
    np.testing.assert_array_equal(
        judged["within"].astype(bool), (judged["simulated"] - judged["published"]).abs() <= judged["aim"]
    )
    lines = fit_lines(of_all)
    (line,) = (line for line in lines if "within the aim" in line)
    assert f"by Member State {int(states['within'].astype(bool).sum())} of {len(states)}" in line
    assert any("SK eu-born employment" in line for line in lines)
