"""The household proxy by hand, on a run, and its table."""

import numpy as np
import pandas as pd
import pytest
from small_run import differences, inputs_for

from calibration import targets
from model import LabourIntegrationModel, codes, household
from model.fiscal import net_pay
from scenarios import households

PRESENT_ALL_YEAR = {
    "weight": 1.0, "age": 40, "origin": codes.NATIVE, "citizen": 1, "sex": codes.MALE, "labour": codes.OTHER, "counted": 1,
}  # fmt: skip


def people(*rows):
    """INCOME of persons who are 40, native men in work and alone, but for what is named."""
    found = np.zeros(len(rows), dtype=household.INCOME)
    for row, keys in zip(found, rows):
        for name, value in {**PRESENT_ALL_YEAR, **keys}.items():
            row[name] = value
    return found


def test_incomes_by_hand():
    """Four earners of 10, 20, 30 and 40 thousand: the lower half has 15 on average, the upper half 35."""
    earners = [{"own": 10_000.0 * k, "sex": codes.FEMALE, "age": 60} for k in (1, 2, 3, 4)]
    income = people(
        *earners,
        {"own": 0.0, "labour": codes.INACTIVE, "partner": household.LOW_EARNER},
        {"own": 0.0, "labour": codes.INACTIVE, "partner": household.HIGH_EARNER},
        {"own": 6_000.0, "aid": 6_000.0, "labour": codes.INACTIVE, "partner": household.NOT_WORKING},
        {"own": 9_000.0, "pension": 9_000.0, "labour": codes.RETIRED, "partner": household.NOT_WORKING, "age": 70},
        {"own": 15_000.0, "pension": 15_000.0, "labour": codes.RETIRED, "age": 70},
        {"own": 8_000.0, "labour": codes.INACTIVE, "sex": codes.FEMALE, "children": 2, "per_child": 1_000.0},
    )
    euro, for_children = household.equivalised(income)
    expected = [10_000, 20_000, 30_000, 40_000, 15_000 / 1.5, 35_000 / 1.5, 12_000 / 1.5, (9_000 + 12_000) / 1.5, 15_000, 10_000 / 1.6]
    assert euro == pytest.approx(expected)
    assert list(for_children) == [0.0] * 9 + [2_000.0]


def test_partnered_men_live_with_the_children_of_women_alike():
    """Women with a partner aged 40-44 have three children and none: men with a partner have 1.5, single men none; other
    origins and ages do not count."""
    mother = {"sex": codes.FEMALE, "partner": household.HIGH_EARNER, "age": 42}
    income = people(
        {**mother, "children": 3}, mother, {**mother, "children": 9, "age": 45}, {**mother, "children": 9, "origin": codes.EU_BORN},
        {"partner": household.NOT_WORKING, "own": 21_000.0, "per_child": 1_000.0, "age": 44}, {"own": 21_000.0, "per_child": 1_000.0},
    )  # fmt: skip
    euro, for_children = household.equivalised(income)
    assert list(for_children[4:]) == [1_500.0, 0.0]
    assert euro[4:] == pytest.approx([22_500.0 / (1.5 + 0.3 * 1.5), 21_000.0])


def test_weighted_median():
    assert household.weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])) == 2.0
    assert household.weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0])) == 3.0


def test_keeping_the_sums_of_the_year_changes_no_result():
    """The simulation that households read is the one that results come from."""
    inputs = inputs_for(states=("LU", "MT"), end_year=2018)
    plain = LabourIntegrationModel(inputs, 1).run()
    kept = LabourIntegrationModel(inputs, 1)
    while kept.quarter < inputs.quarters:
        kept.keep_year = kept.quarter == inputs.quarters - 1
        kept.step()
    assert differences(plain, kept.results()) == []
    assert kept.people["earnings"].sum() > 0


def test_incomes_of_a_run_are_those_of_the_account():
    """Full-year earners without anything else have the net pay of the schedule; pensions add up to the account's but for
    those who left, and a Member State alone gives the same incomes."""
    inputs = inputs_for(states=("LU", "MT"), end_year=2019)
    both = dict(household.simulate_incomes(inputs, 1, 2019))
    assert set(both) == {codes.MEMBER_STATES.index(state) for state in ("LU", "MT")}
    results = LabourIntegrationModel(inputs, 1).run()
    for row, state in enumerate(("LU", "MT")):
        ms = codes.MEMBER_STATES.index(state)
        income, f = both[ms], inputs.fiscal[ms]
        plain = (income["earnings"] > 0) & (income["benefits"] == 0) & (income["pension"] == 0) & (income["age"] < 64)
        plain &= income["partner"] <= household.NOT_WORKING  # an earning partner adds the second-earner trap
        assert plain.sum() > 100
        for one in income[plain][:20]:
            expected = f["average_wage"] * net_pay.py_func(inputs.fiscal.view(np.recarray)[ms], one["earnings"] / f["average_wage"])
            assert one["own"] == pytest.approx(expected + f["other_cash"], abs=0.05)
        pensions = (income["pension"] * income["weight"]).sum()
        account = results.counts[2, row, ..., codes.MEASURE["pension"]].sum() / 100.0
        assert 0.9 * account < pensions <= account
        assert income["age"].min() >= household.FIRST_AGE and codes.STUDENT not in income["labour"]
    (alone,) = household.simulate_incomes(inputs_for(states=("MT",), end_year=2019), 1, 2019)
    assert alone[1].tobytes() == both[alone[0]].tobytes()


def test_table_of_a_small_run(tmp_path):
    """Observed figures are those of the tables, differences are simulated minus observed, shares lie between 0 and 100 and the
    poverty of the non-EU-born lies between those of its two ages."""
    inputs = inputs_for(states=("LU", "MT"), end_year=2021)
    found = households.table([households.outcomes(inputs, seed) for seed in (1, 2)], households.relief(inputs))
    assert set(found["outcome"]) == set(households.OUTCOMES) and set(found["place"]) == {"LU", "MT"}
    both = found.dropna(subset=["observed"])
    assert (both["simulated"] - both["observed"]).to_numpy() == pytest.approx(both["difference"].to_numpy())
    cells = found.set_index(["outcome", "place"])["simulated"]
    shares = cells[[name for name in households.OUTCOMES if name.startswith(("poverty", "benefit"))]]
    assert shares.between(0, 100).all()
    for place in ("LU", "MT"):
        young, old = (cells[f"poverty_risk_non_eu_born_{ages}", place] for ages in ("under_65", "65_and_over"))
        assert min(young, old) <= cells["poverty_risk_non_eu_born", place] <= max(young, old)
    rows = targets.of_validation_file()
    risk = rows[(rows["parameter"] == "published_poverty_risk") & (rows["geo"] == "LU") & (rows["origin"] == "non_eu_born")]
    observed = found.set_index(["outcome", "place"])["observed"]
    assert observed["poverty_risk_non_eu_born", "LU"] == pytest.approx(100 * risk["value"].iloc[0])
    shown = "\n".join(households.console(found))
    assert all(words in shown for _, words, _ in households.OUTCOMES.values() if words)


def test_published_figures_lie_in_their_range():
    """Every household figure is a share or a ratio of a Member State or the EU, once per place and outcome."""
    rows = targets.of_validation_file()
    mine = rows[rows["parameter"].isin(targets.HOUSEHOLDS)]
    assert mine["value"].between(0.01, 1.5).all()
    keys = pd.MultiIndex.from_frame(mine[["parameter", "geo", "origin"]])
    assert keys.is_unique and len(households.published()) > len(mine)
