"""The comparison of the three groups: balances that add up, differences split exactly, checks with verdicts known by hand."""

import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from calibration import targets
from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, draws, groups, summary
from scenarios.compose import job
from scenarios.figures import groups as lines_of_groups
from scenarios.figures import style
from scenarios.prices import consumer_prices

DEFAULT = job("reproduce", []).accounting
YEARS = tuple(range(2017, 2036))
HICP = {year: 1.0 for year in range(2015, 2036)}
ADULTS = codes.AGE_BANDS.index("40-44")


def by_hand(native, eu_born, non_eu_born):
    """Results of all Member States in which every group has a million adults each; amounts in EUR per head and component."""
    states = codes.MEMBER_STATES
    counts = np.zeros((len(YEARS), len(states), 3, 2, 4, len(codes.MEASURES)), dtype=np.int64)
    by_age = np.zeros((len(YEARS), len(states), 3, len(codes.AGE_BANDS), 1 + len(codes.COMPONENTS)), dtype=np.int64)
    persons = 1_000_000
    for o, amounts in enumerate((native, eu_born, non_eu_born)):
        cell = counts[:, :, o, codes.FEMALE, codes.HIGH]
        cell[..., [codes.MEASURE["persons"], codes.MEASURE["persons_20_64"]]] = 4 * persons
        by_age[:, :, o, ADULTS, 0] = persons
        for name, amount in amounts.items():
            cell[..., codes.MEASURE[name]] = round(100 * amount * persons)
            by_age[:, :, o, ADULTS, 1 + codes.COMPONENT[name]] = round(100 * amount * persons)
    empty = np.zeros(0, dtype=np.int64)
    return Results(
        seed=1, years=YEARS, member_states=states, counts=counts, by_reason=empty, by_stay=empty, by_age=by_age,
        cells=empty, market=empty, queues={}, treasury=empty, person_quarters=0,
        lever_units=empty, lever_costs=empty,
    )  # fmt: skip


def pension(amount):
    """The pension under every indexation."""
    return {"pension": amount, "pension_price_indexed": amount, "pension_wage_indexed": amount}


@pytest.fixture(scope="module")
def known():
    """Natives' taxes are paid by employers alone, so that leaving these out changes verdicts that can be counted."""
    # Natives 9732 - 9700 = 32; EU-born and non-EU-born together 9710 - 8200 = 1510, both below natives at no age.
    return by_hand(
        {"employer_contributions": 9732, **pension(9700)},
        {"income_tax": 9710 + 500, "health": 8200},
        {"income_tax": 9710 - 500, "health": 8200},
    )


def checks(results, price_year, **drawn):
    """Rows of groups.checks from results of seeds, and of draws where there are any."""
    wanted = groups.published(results[0])
    parts = {"full": results, **drawn}
    every = {id(r): r for part in parts.values() for r in part}
    known = {key: groups.counterparts(r, wanted, price_year, HICP) for key, r in every.items()}
    sample = {name: np.stack([known[id(r)] for r in part]) for name, part in parts.items()}
    return groups.checks(wanted, draws.Sample(**sample), price_year)


def verdicts(checked, words):
    """Passed of the rows whose check holds the words."""
    return checked[checked["check"].str.contains(words, regex=False)]


def test_checks_by_hand(known):
    """Levels as published pass where everything is counted; without employer contributions natives fall below zero."""
    checked = checks([known], 2019)
    combinations = list(conventions.every_convention(2019))
    assert set(checked.groupby("check").size()) == {len(combinations)}
    checked = checked[checked["pension_view"] == "cash"]
    combinations = [one for one in combinations if one.pension_view == "cash"]

    natives = verdicts(checked, "natives 32 EUR")
    assert natives["passed"].astype(bool).equals(natives["employer_contributions"] == "true")
    assert groups.decisive(natives)[0] == "employer_contributions"
    half = len(combinations) // 2
    assert groups.decisive(natives)[1] == {"true": f"{half} of {half}", "false": f"0 of {half}"}

    below = verdicts(checked, "2035: natives below zero")
    assert below["passed"].astype(bool).equals(below["employer_contributions"] == "false")
    assert verdicts(checked, "2035: EU-born above zero")["passed"].all()
    assert not verdicts(checked, "2035: non-EU-born below zero")["passed"].any()
    assert groups.decisive(verdicts(checked, "2035: non-EU-born below zero")) == ("", {})
    spending = verdicts(checked, "spending on all born abroad")
    assert spending["passed"].all() and np.allclose(spending["simulated"], 8200, rtol=0.03)


def test_a_sign_is_not_told_where_draws_disagree(known):
    """Natives stand 32 EUR above zero here. Draws 100 EUR up or down leave every verdict on their sign open, though `passed` stays
    that of the mean; draws 10 EUR up or down tell it. Levels have no open verdict. The sentence names the checks."""
    eu_born, non_eu_born = {"income_tax": 9710 + 500, "health": 8200}, {"income_tax": 9710 - 500, "health": 8200}

    def moved(amount):
        both = [by_hand({"employer_contributions": 9732 + a, **pension(9700)}, eu_born, non_eu_born) for a in (-amount, amount)]
        return both * 4

    alone = checks([known, known], 2019)
    assert alone["low"].isna().all() and groups.NOT_TOLD not in set(alone["verdict"])
    for amount, told in ((100, False), (10, True)):
        drawn = moved(amount)
        found = checks([known, known], 2019, at_centre=[known, known], drawn=drawn, of_data=drawn)
        assert found["passed"].equals(alone["passed"]) and found["simulated"].equals(alone["simulated"])
        natives = verdicts(found, "2035: natives below zero")
        row = groups._at(natives, DEFAULT)
        assert (row["low"], row["high"]) == pytest.approx((32 - amount, 32 + amount), abs=0.1)
        assert row["verdict"] == ("FAIL" if told else groups.NOT_TOLD)
        levels = found[found["unit"] != "sign"]
        assert set(levels["verdict"]) <= {"pass", "FAIL"} and levels["low"].notna().all()
        assert (found["verdict"] == "").equals(found["passed"].isna())
        said = " ".join(groups.passes(found, DEFAULT))
        assert ("natives below zero" in said.partition("not told")[2]) != told


def test_how_many_pass_in_words(known):
    """Counted by hand over the rows: under the conventions of the run, under the best combination, and what fails under each."""
    checked = checks([known], 2019)
    said = " ".join(groups.passes(checked, DEFAULT))
    by_combination = {}
    for row in checked.to_dict("records"):
        key = tuple(row[name] for name in groups.SWITCHES)
        by_combination.setdefault(key, []).append(row["passed"])
    mine = by_combination[tuple(str(getattr(DEFAULT, name)).lower() for name in groups.SWITCHES)]
    assert f"{sum(value is True for value in mine)} of {len(mine)} checks pass" in said
    assert "of 12 checks pass" in groups.passes(checked, replace(DEFAULT, children="parents"))[0]
    best = max(sum(value is True for value in values) for values in by_combination.values())
    assert f"any of {len(by_combination)} combinations passes is {best}, of the" in said and "none passes all" in said
    never = [name for name, rows in checked.groupby("check") if not (rows["passed"] == True).any()]  # noqa: E712
    failing = said.partition("Under every combination fails: ")[2]
    assert never and all(name in failing for name in never)


def test_same_age_is_not_judged_with_children_at_their_parents(known):
    checked = checks([known], 2019)
    at_age = verdicts(checked, "at the same age")
    assert at_age["check"].nunique() == 2
    assert at_age["passed"].isna().equals(at_age["children"] == "parents")


def test_every_check_follows_a_published_row(known):
    """No check without a row of validation.csv; prices are those of the published year, and 2017 stands for earlier years."""
    checked = checks([known], 2024)
    rows = targets.of_validation_file()
    account = rows[rows["parameter"].map(targets.RESULTS.get).isin(targets.ACCOUNT)]
    compared = [not targets.why_not(row.parameter, row.category) for row in account.itertuples()]
    assert checked["check"].nunique() == sum(compared)
    levels = checked[checked["unit"] != "sign"]
    assert (levels["price_year"] == levels["year"]).all() and (levels["simulated_year"] == 2017).all()
    assert (checked.loc[checked["unit"] == "sign", "price_year"] == 2024).all()


def test_a_difference_passes_only_near_and_with_its_sign():
    row = pd.Series({"unit": "EUR per head and year", "observed": 250.0, "detail": "less_native:x; children own"})
    assert [groups._passes(row, value, 970.0) for value in (-10.0, 10.0, 1219.0, 1221.0)] == [False, True, True, False]
    level = pd.Series({"unit": "EUR per head and year", "observed": 32.0, "detail": "level:x; children own"})
    assert groups._passes(level, -500.0, 970.0)


def test_balances_add_up(four_states_run):
    """Components and what children move add up to the net contribution, the total is the weighted mean of Member States, and
    both children conventions give the same total."""
    result, _ = four_states_run
    hicp = consumer_prices()
    totals = {}
    for children in ("own", "parents"):
        accounting = replace(DEFAULT, children=children, programme_costs=True)
        rows = pd.DataFrame(groups.balances([result], accounting, hicp))
        assert len(rows) == (1 + len(result.member_states)) * 3 * len(result.years)
        parts = [*conventions.parts_in_use(accounting), "children_moved"]
        numbers = rows[[*parts, "net_contribution", "persons"]].astype(float)
        assert numbers[parts].sum(axis=1).to_numpy() == pytest.approx(numbers["net_contribution"].to_numpy(), abs=0.15)
        assert (numbers["children_moved"].abs().max() > 1) == (children == "parents")
        euro = (numbers["net_contribution"] * numbers["persons"]).groupby([rows["place"] == "selected", rows["year"]]).sum()
        assert euro[True].to_numpy() == pytest.approx(euro[False].to_numpy(), rel=1e-3, abs=1e6)
        totals[children] = euro[True].to_numpy()
        levels = rows[rows["place"] == "selected"].pivot(index="year", columns="origin", values="net_contribution").astype(float)
        expected = summary.net_by_origin(result, accounting, hicp)
        assert levels[list(codes.ORIGINS)].to_numpy() == pytest.approx(expected, abs=0.01)
    assert totals["own"] == pytest.approx(totals["parents"], rel=1e-3, abs=1e6)


def test_differences_are_split_exactly(four_states_run):
    """Age structure and differences at the same age add up to the difference of means; age groups add up to all ages."""
    result, _ = four_states_run
    hicp = consumer_prices()
    rows = groups.differences([result], DEFAULT, hicp)
    whole = rows["age_structure"] + rows["at_given_age"]
    assert whole.to_numpy() == pytest.approx(rows["difference"].to_numpy())
    keys = ["place", "year", "origin", "component"]
    all_ages = rows[rows["age"] == "all"].set_index(keys)["difference"]
    by_group = rows[rows["age"] != "all"].groupby(keys)["difference"].sum()
    assert by_group.reindex(all_ages.index).to_numpy() == pytest.approx(all_ages.to_numpy(), abs=1e-6)

    by_age = result.by_age[0].sum(axis=0)
    net = conventions.signed_parts(by_age[None, ..., 1:], [2017], 0, DEFAULT, hicp)[0].sum(axis=(1, 2)) / by_age[..., 0].sum(axis=1)
    assert all_ages["selected", 2017, "non_eu_born", "net_contribution"] == pytest.approx(net[2] - net[0])


def test_equal_ages_leave_no_structure(known):
    rows = groups.differences([known], DEFAULT, HICP)
    mine = rows[(rows["place"] == "EU14") & (rows["year"] == 2017) & (rows["age"] == "20-64")]
    net = mine[mine["component"] == "net_contribution"].set_index("origin")
    assert net["age_structure"].abs().max() == 0
    assert net["at_given_age"].to_dict() == pytest.approx({"foreign_born": 1478, "eu_born": 1978, "non_eu_born": 978})


def test_tables_figure_and_console(known, tmp_path):
    """The four tables and the figure of all Member States; the console names every check once."""
    (tmp_path / "figures").mkdir()
    lines = groups.write(tmp_path, [known, known], checks([known, known], 2019), DEFAULT, HICP)
    assert {path.name for path in tmp_path.iterdir()} == {
        "groups.csv", "age_profile.csv", "group_differences.csv", "group_checks.csv", "figures",
    }  # fmt: skip
    assert (tmp_path / "figures" / "groups.png").stat().st_size > 10_000
    with (tmp_path / "group_checks.csv").open(encoding="utf-8", newline="") as file:
        names = {row["check"] for row in csv.DictReader(file)}
    shown = "\n".join(lines)
    assert all(sum(line.startswith(name) for line in shown.splitlines()) == 1 for name in names)
    assert "EU14 2016, natives: revenue 9732 (published 9732, derived), spending 9700 (published 9700)" in shown
    assert "EU14 2016, all born abroad: revenue 9710 (published 9710, derived), spending 8200 (published 8200)" in shown


def test_the_band_is_the_interval_where_draws_tell_it(known):
    """The band of a figure: with draws both ends of each row at its year, without them two Monte Carlo errors, with one seed none;
    the words say which."""
    _, (axes,) = style.figure()
    values = [summary.net_by_origin(known, DEFAULT, HICP) + seed for seed in (0.0, 2.0)]
    words = lines_of_groups._lines(axes, [known, known], values, (), "net_contribution")
    assert "two Monte Carlo standard errors" in words
    middle = values[0][0, 0] + 1.0  # of 2017, natives; the error of two seeds two apart is 1
    band = axes.collections[0].get_paths()[0].vertices
    assert sorted({y for x, y in band if x == 2017}) == pytest.approx([middle - 2.0, middle + 2.0])
    assert lines_of_groups._lines(style.figure()[1][0], [known], values[:1], (), "net_contribution") == ""

    _, (axes,) = style.figure()
    rows = [
        {"place": "EU27_2020", "origin": origin, "year": year, "outcome": "net_contribution", "low": -10.0 * year, "high": 10.0 * year}
        for origin in codes.ORIGINS for year in (2017, 2025)
    ]  # fmt: skip
    words = lines_of_groups._lines(axes, [known, known], values, rows, "net_contribution")
    assert "90 % interval over draws" in words
    band = next(one for one in axes.collections if len(one.get_paths()) == 1).get_paths()[0].vertices
    assert {(x, y) for x, y in band} == {(year, end * year) for year in (2017, 2025) for end in (-10.0, 10.0)}


def test_few_member_states_are_not_checked(four_states_run, tmp_path):
    (tmp_path / "figures").mkdir()
    result, _ = four_states_run
    checked = checks([result], 2019)
    assert checked.empty and groups.passes(checked, DEFAULT) == []
    lines = groups.write(tmp_path, [result], checked, DEFAULT, consumer_prices())
    assert "not checked" in lines[0] and (tmp_path / "group_checks.csv").read_text(encoding="utf-8").count("\n") == 1


def test_switches_are_those_of_accounting():
    assert {*groups.SWITCHES, "price_year"} == set(Accounting.__dataclass_fields__)
