"""The fit table of a run that reaches the years of the projection."""

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
    expected = {"stock": 16, "employment_rate": 6, "overqualification_rate": 6, "population": 2, "raked_margins": 2}
    assert counts["size"].to_dict() == expected and (counts["nunique"] == 2).all()
    malta = table[(table["figure"] == "population") & (table["place"] == "MT")].iloc[0]
    assert malta["published"] == Parameter("projection", year=2025, geo="MT", category="variant_b").rows["value"].sum()
    assert 0.8 < malta["simulated"] / malta["published"] < 1.2
    assert any("employment 2019" in line for line in fit_lines(table))
