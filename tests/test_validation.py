"""Validation: scores and intervals on cases worked out by hand, what may be a target, and the command from end to end."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_cli_errors import integra, refused

from calibration import counterparts, tables, targets, validation
from calibration.errors import InputError
from calibration.moments import Moment, Rule, group_persons
from calibration.tables import EU
from model.codes import LAST_YEAR, MEASURE, MEMBER_STATES, SEXES
from scenarios import published_account
from scenarios.compose import job
from scenarios.displacement import shock_years
from scenarios.prices import consumer_prices
from small_run import inputs_for, run_to_end

COLUMNS = ("place", "year", "observed", "predicted", "break_term", "no_change", "as_natives", "half", "persons")
# The prediction of XA in 2021 is right only with the break; XB in 2022 lies outside its interval either way.
CASE = pd.DataFrame(
    [
        ("XA", 2020, 60.0, 61.0, 0.0, 62.0, 60.5, 2.0, 100.0),
        ("XA", 2021, 61.0, 60.0, -3.0, 62.0, 63.0, 2.0, 100.0),
        ("XB", 2021, 70.0, 71.0, 1.0, 66.0, 69.0, 2.0, 300.0),
        ("XB", 2022, 72.0, 68.0, 1.0, 66.0, 70.0, 2.0, 300.0),
        (EU, 2021, 65.0, 65.5, 0.0, 64.0, 65.2, 1.0, 400.0),
        (EU, 2022, 66.0, 67.5, 0.0, 64.0, 65.2, 1.0, 400.0),
    ],
    columns=COLUMNS,
).assign(figure="employment", origin="non_eu_born", sex="total")
CASE["predicted_without_break"] = CASE["predicted"] - CASE["break_term"]
CASE["low"], CASE["high"] = CASE["predicted"] - CASE["half"], CASE["predicted"] + CASE["half"]
CASE["within"] = CASE["observed"].between(CASE["low"], CASE["high"])


@pytest.fixture(scope="module")
def found():
    return validation.scores(CASE)


def test_mean_absolute_errors(found):
    """Errors of the four cells: model 1, 1, 1, 4; without break 1, 2, 0, 5; no change 2, 1, 4, 6; as natives 0.5, 2, 1, 2."""
    errors = found["2020-2022"]["mean_absolute_error"]
    expected = {"model": 7 / 4, "model_without_break": 2.0, "no_change_since_2019": 13 / 4, "same_change_as_natives": 5.5 / 4}
    assert errors == pytest.approx(expected)
    assert found["2021"]["mean_absolute_error"]["no_change_since_2019"] == pytest.approx(2.5)
    assert found["2021-2022"]["mean_absolute_error"]["model"] == pytest.approx(2.0)


def test_weights_are_persons(found):
    """2021: errors 2 and 0 without break with weights 1 and 3."""
    assert found["2021"]["weighted_mean_absolute_error"]["model_without_break"] == pytest.approx(0.5)


def test_the_eu_rate_with_persons_of_the_survey():
    """All Member States at 60 % but one at 70: the EU's rate lies above 60 by a tenth of that one's share in the survey's persons. A
    table that lacks a Member State has none."""
    persons = tables.Parameter("lfs_persons", origin="non_eu_born").rows.groupby("geo")["value"].sum()
    rows = [(ms, 2021, 60.0, 70.0 if ms == "DE" else 60.0, 0.0, 60.0, 60.0, 2.0, 100.0) for ms in MEMBER_STATES]
    rows.append((EU, 2021, 60.0, 61.0, 0.0, 60.0, 60.0, 2.0, 2700.0))
    case = pd.DataFrame(rows, columns=COLUMNS).assign(figure="employment", origin="non_eu_born", sex="total", within=True)
    case = case.assign(predicted_without_break=case["predicted"], low=0.0, high=100.0)
    error = validation.scores(case)["2021"]["eu_error"]
    assert error["model"] == 1.0 and error[validation.SURVEYED] == pytest.approx(10.0 * persons["DE"] / persons.sum())
    assert 2.5 < error[validation.SURVEYED] < 3.5
    assert validation.SURVEYED not in validation.scores(case[case["place"] != "MT"])["2021"]["eu_error"]


def test_eu_errors_carry_their_sign_and_are_no_member_state(found):
    assert found["2021"]["eu_error"]["no_change_since_2019"] == pytest.approx(-1.0)
    assert found["2022"]["eu_error"]["model"] == pytest.approx(1.5)
    assert found["2021"]["cells"] == 2 and "eu_error" not in found["2020"] and "2023" not in found


def test_forecasts_are_compared_on_the_same_cells():
    """A cell without a naive forecast counts for none of them."""
    lacking = CASE.assign(as_natives=CASE["as_natives"].where(CASE["year"] != 2022))
    errors = validation.scores(lacking)["2020-2022"]["mean_absolute_error"]
    assert errors["model"] == pytest.approx(1.0) and errors["no_change_since_2019"] == pytest.approx(7 / 3)


def test_coverage_with_and_without_break(found):
    """Three of four cells lie within with the break; without it the interval of XA 2021 moves up to 61 to 65: on its edge."""
    assert found["2020-2022"]["coverage"]["total"] == pytest.approx(75.0)
    assert found["2022"]["coverage"]["total"] == pytest.approx(0.0)
    far = CASE.assign(break_term=CASE["break_term"].replace(-3.0, -3.5))
    assert validation.coverage(validation.cells(far).iloc[:4]) == pytest.approx(75.0)
    assert validation.coverage(validation.cells(far).iloc[:4], break_term=False) == pytest.approx(50.0)


def test_coverage_by_sex_looks_at_that_sex():
    women = CASE.assign(sex="female", observed=CASE["observed"] + 100.0)
    coverage = validation.scores(pd.concat([CASE, women]))["2021"]["coverage"]
    assert coverage["total"] == pytest.approx(100.0) and coverage["female"] == pytest.approx(0.0) and coverage["male"] is None


def test_aims(found):
    """EU 2021 is passed (0.5), 2022 missed (1.5), 2023 not judged; the errors beat no change but not the change of natives."""
    reached = validation.aims({**found, "2020-2023": found["2020-2022"]})
    assert [aim["passed"] for aim in reached] == [True, False, None, True, True, False, False]
    assert reached[5]["limit"] == "below 1.38 (same change as natives)" and reached[6]["value"] == pytest.approx(75.0)
    assert all(aim["passed"] is None and aim["value"] is None for aim in validation.aims({}))


def test_only_years_that_are_there_have_a_name_and_only_all_of_them_and_all_member_states_are_judged(found):
    """A run to 2022, to 2021, and of some Member States: no name holds a year that is not there, none comes twice."""
    assert list(found) == ["2020", "2021", "2022", "2021-2022", "2020-2022"]
    assert list(validation.scores(CASE[CASE["year"] < 2022])) == ["2020", "2021", "2020-2021"]
    assert list(validation.scores(CASE[CASE["year"] < 2021])) == ["2020"]
    assert [aim["passed"] for aim in validation.aims(found)] == [True, False, None, None, None, None, None]
    states = CASE[CASE["place"] != EU]
    some = validation.scores(pd.concat([states, states.assign(year=2023)]))
    assert "2020-2023" in some and all(aim["passed"] is None for aim in validation.aims(some))


def test_an_aim_met_exactly():
    """One point is within one point; an error equal to the naive one is not below it."""
    entry = {"mean_absolute_error": {"model": 3.0, "no_change_since_2019": 3.0, "same_change_as_natives": 3.1}}
    at_limit = {"2021": {"eu_error": {"model": -1.0}}, "2020-2023": {**entry, "coverage": {"total": 97.0}}}
    assert [aim["passed"] for aim in validation.aims(at_limit)] == [True, None, None, True, False, True, True]


def test_worst_misses_are_ordered_by_size_and_leave_the_eu_out():
    worst = validation.worst(CASE, count=2)
    assert list(zip(worst["place"], worst["year"]))[0] == ("XB", 2022) and worst["error"].iloc[0] == pytest.approx(-4.0)
    assert EU not in set(validation.worst(CASE)["place"])


def test_interval_adds_four_variances():
    """Draws vary by 4 around seeds that vary by 1 (variance 2 between two seeds, 1 of their mean); sampling error 2,
    shock 3.

    Draws at twice coarser scale carry twice the Monte Carlo variance of a seed, which is taken off.
    """
    row = {"observed": 63.0, "standard_error": 2.0, "shock": 3.0, "break_term": 1.0, "unit": "%"}
    centre, drawn = np.array([[59.0], [61.0]]), np.array([[56.0], [60.0], [64.0]])
    table = validation.compare(pd.DataFrame([row]), centre, drawn, coarser=2)
    assert table["predicted"][0] == pytest.approx(61.0) and table["predicted_without_break"][0] == pytest.approx(60.0)
    assert table["parameter_spread"][0] ** 2 == pytest.approx(16.0 - 2 * 2.0)
    assert table["monte_carlo_error"][0] == pytest.approx(1.0)
    half = 1.6449 * np.sqrt(12.0 + 1.0 + 4.0 + 9.0)
    assert (table["low"][0], table["high"][0]) == pytest.approx((61.0 - half, 61.0 + half))
    assert table["within"][0]
    outside = validation.compare(pd.DataFrame([{**row, "observed": 61.01 + half}]), centre, drawn, coarser=2)
    assert not outside["within"][0]


def test_a_sign_is_met_or_not():
    exact = {"standard_error": 0.0, "shock": 0.0, "break_term": 0.0, "unit": "sign"}
    rows = pd.DataFrame([{"observed": sign, **exact} for sign in (1.0, -1.0)])
    values = np.array([[250.0, 250.0], [260.0, 260.0]])
    assert list(validation.compare(rows, values, values, 1)["within"]) == [True, False]


def test_displacement_is_held_against_its_band():
    empty = pd.DataFrame(columns=["figure", "within"])
    values = {("native", "year_1"): np.array([0.2, 0.3]), ("native", "year_8"): np.array([0.2, 0.2])}
    table = validation.with_displacement(empty, values)
    assert list(table["within"]) == [True, False] and list(table["observed"]) == [0.35, 0.1]
    assert not validation.with_displacement(empty, {("native", "year_1"): np.array([-0.2, -0.1])})["within"][0]


def test_shock_years():
    assert shock_years(LAST_YEAR) == 11 and shock_years(2023) == 7


@pytest.fixture(scope="module")
def every_target():
    return targets.all_targets(MEMBER_STATES, LAST_YEAR)


def _published(parameter, **labels):
    rows = tables.all_tables()
    rows = rows[rows["parameter"] == parameter]
    for column, value in labels.items():
        rows = rows[rows[column] == str(value)]
    return 100.0 * rows["value"].item()


def test_naive_forecasts_from_the_tables(every_target):
    """France 2022: its own 2019, and moved by what natives' published rate changed since."""
    labels = {"geo": "FR", "sex": "total", "age": "20-64"}
    rate = {
        (origin, year): _published("employment_rate", origin=origin, year=year, **labels)
        for origin in ("native", "non_eu_born") for year in (2019, 2022)
    }  # fmt: skip
    rows = validation.cells(every_target)
    row = rows[(rows["place"] == "FR") & (rows["year"] == 2022)].iloc[0]
    assert row["observed"] == pytest.approx(rate["non_eu_born", 2022])
    assert row["no_change"] == pytest.approx(rate["non_eu_born", 2019])
    change = rate["native", 2022] - rate["native", 2019]
    assert change != 0 and row["as_natives"] == pytest.approx(rate["non_eu_born", 2019] + change)


def test_the_break_holds_from_2021_on_and_for_employment(every_target):
    rows = validation.cells(every_target)
    romania = rows[rows["place"] == "RO"].set_index("year")["break_term"]
    assert romania[2020] == 0.0 and romania[2021] == romania[2023] == pytest.approx(-5.8, abs=0.05)
    assert (every_target.loc[every_target["figure"] == "unemployment", "break_term"] == 0.0).all()
    assert every_target["standard_error"].notna().all() and (rows["standard_error"] > 0.2 - 1e-9).all()


def test_sampling_error_of_the_eu_is_that_of_a_weighted_mean():
    """The EU's is below that of Germany alone, and not below the rounding floor; equal to the sum over Member States."""
    rule, weights = Rule(), group_persons()
    moment = Moment("employment", "non_eu_born", "male", 2022)
    eu, germany = (
        targets.sampling_error(rule, weights, moment, pd.Series({"geo": geo, "value": 0.7, "status": "seen"})) for geo in (EU, "DE")
    )
    assert rule.floor < eu < germany
    share = weights[:, 2, SEXES.index("male")] / weights[:, 2, SEXES.index("male")].sum()
    sample = rule.sample[:, 2, SEXES.index("male")] * rule.base["employment"]
    assert eu**2 == pytest.approx((share**2 * 0.7 * 0.3 / sample).sum() + rule.floor**2)


def test_imputed_figures_and_moments_are_no_targets(every_target):
    rows = tables.all_tables()
    imputed = rows[(rows["parameter"] == "employment_rate") & (rows["age"] == "20-64") & (rows["status"] == "imputed")]
    imputed = set(zip(imputed["geo"], imputed["origin"], imputed["sex"], imputed["year"].astype(int)))
    mine = every_target[(every_target["figure"] == "employment") & (every_target["kind"] == "validation")]
    keys = set(zip(mine["place"], mine["origin"], mine["sex"], mine["year"]))
    assert imputed and not imputed & keys
    assert not ((mine["origin"] == "native") & (mine["sex"] == "total")).any()
    assert mine["year"].min() >= 2020


def test_a_target_with_another_role_is_refused(monkeypatch):
    """Were 2019 among the years that are compared, the moments of 2019 would be found out; so would macro conditions."""
    monkeypatch.setattr(targets, "YEARS", (2019, 2020))
    with pytest.raises(InputError, match="employment_rate.*year=2019 has the role moment; allowed is validation"):
        list(targets.rates())
    rows = tables.all_tables()
    with pytest.raises(InputError, match="native_employment_rate.*has the role moment"):
        targets.validating(rows[rows["parameter"] == "native_employment_rate"])


def test_every_published_result_is_compared_or_named(every_target):
    """A row of validation.csv is a target, belongs to displacement, or has a stated reason."""
    for row in targets.of_validation_file().itertuples():
        if row.parameter == targets.DISPLACEMENT or targets.why_not(row.parameter, row.category):
            continue
        mine = every_target[(every_target["place"] == row.geo) & (every_target["year"] == int(row.year))]
        assert mine["detail"].str.startswith(row.category).any(), row
    assert len(targets.not_compared()) > 10


@pytest.fixture(scope="module")
def small():
    """Results of two Member States to 2021."""
    return run_to_end(inputs_for("macro=estimated", states=("LU", "MT"), end_year=2021, scale=2000))[0]


def _target(**keys):
    row = {"figure": "employment", "place": "MT", "origin": "non_eu_born", "sex": "total", "year": 2021, "detail": ""}
    return pd.DataFrame([{**row, **keys}])


def test_counterparts_are_the_cells_they_name(small):
    """Against sums over the arrays written out: employment of women in Malta 2021, recent arrivals, and the stock."""
    women = small.counts[4, 1, 2, 0].sum(axis=0)
    expected = 100.0 * women[MEASURE["employed_20_64"]] / women[MEASURE["persons_20_64"]]
    assert counterparts.predict(small, _target(sex="female"), {})[0] == pytest.approx(expected)
    stays = small.by_stay[4, 1, :, :, :5].sum(axis=(0, 1, 2))
    assert counterparts.predict(small, _target(figure="recent"), {})[0] == pytest.approx(100.0 * stays[1] / stays[0])
    protection = small.by_stay[4, 1, 3, 1, 8:9].sum(axis=0)
    late = _target(figure="employment_by_reason", sex="male", detail="protection:year_8_and_over")
    if protection[0]:
        assert counterparts.predict(small, late, {})[0] == pytest.approx(100.0 * protection[1] / protection[0])
    stock = counterparts.predict(small, _target(figure="stock"), {})[0]
    assert stock == small.by_age[3, 1, 2, :, 0].sum() > 0
    path = counterparts.employment_path(small)
    both = small.counts[4, :, 2].sum(axis=(0, 1, 2))
    assert path[4, 2, 2] == pytest.approx(100.0 * both[MEASURE["employed_20_64"]] / both[MEASURE["persons_20_64"]])


def test_account_by_convention(small, monkeypatch):
    """Spending per head of everybody does not depend on where children count; the difference of a group to itself is zero."""
    monkeypatch.setitem(targets.PLACES, "both", ("LU", "MT"))
    functions = published_account.functions(job("run", []).accounting, consumer_prices())

    def ask(figure, origin, detail):
        return counterparts.predict(small, _target(figure=figure, origin=origin, detail=detail, place="both"), functions)[0]

    own, parents = (ask("spending", "all", f"level; children {children}") for children in ("own", "parents"))
    assert own > 0 and own == pytest.approx(parents)
    assert ask("spending", "native", "level; children own") != pytest.approx(ask("spending", "native", "level; children parents"))
    assert ask("net_contribution", "native", "less_native:x; children own") == 0.0
    at_own_age = ask("net_contribution_sign", "native", "net_contribution:at_given_age; children own")
    people = small.by_age[4, :, 0].sum(axis=0)
    assert people[:, 0].sum() > 0 and abs(at_own_age) < 50_000


def test_employment_by_stay_of_nobody_is_no_number(small):
    found = counterparts.employment_by_stay(replace(small, by_stay=np.zeros_like(small.by_stay)), "MT", "protection", 2021)
    assert found.shape == (3, 11) and np.isnan(found).all()


SMALL = ("member_states=[LU,MT]", "population=small", "run.end_year=2021", "seeds=2", "draws=8")


def test_command_from_end_to_end(tmp_path):
    done = integra(tmp_path, "validate", *SMALL)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs").iterdir()
    assert folder.name.startswith("validate-") and str(folder.name) in done.stdout
    for words in ("Aims", "not judged", "Largest misses", "same change as natives", "coverage (%), female"):
        assert words in done.stdout
    table = pd.read_csv(folder / "validation.csv")
    employment = validation.cells(table)
    assert set(zip(employment["place"], employment["year"])) == {("LU", 2020), ("LU", 2021), ("MT", 2020), ("MT", 2021)}
    assert (employment["high"] - employment["low"] > 0.3).all()
    assert {"employment", "unemployment", "recent", "arrivals", "net_migration", "displacement"} == set(table["figure"])
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["validation"]
    errors = (employment["predicted"] - employment["observed"]).abs()
    reported = summary["scores"]["employment_non_eu_born"]["2020-2021"]["mean_absolute_error"]["model"]
    assert reported == pytest.approx(errors.mean(), abs=1e-3)
    assert len(summary["worst_misses"]) == 4 and len(summary["aims"]) == 7
    assert all(aim["passed"] is None for aim in summary["aims"]) and "2023" not in done.stdout.split("Aims")[0]
    drawn = {path.name for path in (folder / "figures").iterdir()}
    assert {"fit_of_years_not_used.png", "error_by_member_state.png", "employment_path.png"} <= drawn
    assert {"config.yaml", "provenance.json", "summary.csv"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("run.end_year=2019", ["run.end_year=2019", "2020"]),
        ("seeds=1", ["seeds=[1]", "two or more"]),
        ("draws=0", ["draws=0", "8 or more"]),
        ("draws=5", ["draws=5", "8 to 80"]),
        ("estimates=nowhere", ["estimates=nowhere", "shipped"]),
    ],
)
def test_what_cannot_be_validated_is_refused(tmp_path, setting, words):
    refused(integra(tmp_path, "validate", *SMALL, setting), *words)
    assert list(tmp_path.iterdir()) == []
