"""Virtual trials: estimators on arrays small enough to check by hand, verdicts on constructed cases, a trial of nothing that finds
nothing, one small trial as a process, and that no published effect is an input."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_run import inputs_for
from test_cli_errors import integra, refused

from calibration import effects, moments, scale_factors, tables
from calibration import load_inputs as loading
from calibration.errors import InputError
from calibration.tables import Parameter
from model.codes import MEMBER_STATES, PROTECTION
from model.draw import P_TRIAL, PERMANENT, person_key, uniform
from scenarios import trials
from scenarios.compose import job
from scenarios.compose import trials as settings
from scenarios.progress import Progress
from scenarios.trial import arm, design, estimator, log, tune, verdict, world

ROOT = Path(__file__).resolve().parents[1]
NAN = np.nan


# -- estimators --------------------------------------------------------------------------------------------------------------


def test_values_since_each_persons_own_event():
    values = np.array([[0, 10], [1, 11], [2, 12]])
    found = estimator.since(values, np.array([0, 2]), [-1, 0, 1])
    assert np.array_equal(found, [[NAN, 11], [0, 12], [1, NAN]], equal_nan=True)


def test_difference_and_ratio_leave_out_who_is_not_observed():
    treated, control = np.array([[1, 1, NAN]]), np.array([[1, 0, NAN]])
    assert estimator.difference(treated, control) == [0.5]
    assert estimator.relative(treated, control) == [1.0]
    assert np.isnan(estimator.relative(treated, np.zeros((1, 3)))).all()


def test_wald_is_the_effect_on_those_moved():
    """Of four persons two are moved into treatment, and one of them finds work: half a job per person moved."""
    treated, control = np.array([[1.0, 0, 1, 0]]), np.array([[0.0, 0, 1, 0]])
    took = np.array([1, 1, 1, 0]), np.array([0, 0, 1, 0])
    assert estimator.wald(treated, control, *took) == [0.5]
    assert np.isnan(estimator.wald(treated, control, took[0], took[0])).all()


def test_event_study_takes_those_still_waiting_as_controls():
    """Person 0 is treated at 1 and gains a job; 1 waits throughout and gains none; 2 is treated at 2 and serves as control
    before; 3 has not applied and serves never. At lag 0 of the event at 1 both 1 and 2 are controls, at lag 1 only 1 is."""
    values = np.array([[0, 0, 0, 0], [1, 0, 1, 1], [1, 0, 1, 1]])
    waiting = np.array([[1, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0]], dtype=bool)
    when = np.array([1, -1, 2, -1])
    first = estimator.event_study(values, when, waiting, [0, 1], latest=1)
    assert first.tolist() == [1.0 - 0.5, 1.0]
    both = estimator.event_study(values, when, waiting, [0], latest=2)
    assert both.tolist() == [(0.5 + 0.0) / 2]


def test_member_states_count_by_persons():
    assert estimator.weighted([np.array([1.0]), np.array([4.0])], [2, 1]) == [2.0]


def test_assignment_is_keyed_and_of_the_share():
    """The draw of each person is the keyed one; of 4 000 persons a share of 0.3 is assigned within 4.2 standard deviations (two-sided
    error 3 in 100 000)."""
    uids = np.arange(4000, dtype=np.uint64) << np.uint64(40)
    found = arm.assigned(uids, 0.3, seed=3)
    assert found[7] == (uniform(np.uint64(person_key(3, PERMANENT, int(uids[7]))), P_TRIAL) < 0.3)
    assert abs(found.mean() - 0.3) < 4.2 * np.sqrt(0.3 * 0.7 / 4000)
    assert np.array_equal(arm.assigned(uids[:10], 0.3, 3), found[:10])


# -- verdicts ----------------------------------------------------------------------------------------------------------------

FLAT = np.full(9, 0.05)


@pytest.mark.parametrize(
    ("published", "simulated", "word"),
    [
        ((0.07, 0.02, 0.12), (0.05, 0.03, 0.07), "pass"),
        ((0.07, 0.02, 0.12), (0.005, -0.01, 0.019), "fail (interval)"),
        ((0.07, 0.02, 0.12), (-0.005, -0.04, 0.03), "fail (sign)"),
        ((0.07, 0.02, 0.12), (-0.03, -0.04, -0.02), "fail (interval, sign)"),
        ((0.00, -0.05, 0.05), (-0.03, -0.04, -0.02), "pass"),  # nothing was found: there is no sign to agree with
    ],
)
def test_interval_and_sign(published, simulated, word):
    assert verdict.verdict(published, simulated, FLAT, 4, ()).word == word


@pytest.mark.parametrize(
    ("name", "profile", "holds"),
    [
        ("lock_in", [0, -0.02, 0.01, 0.02, 0.05, 0.05, 0.05, 0.05, 0.05], True),
        ("lock_in", [0.01, 0.02, 0.01, 0.03, 0.05, 0.05, 0.05, 0.05, 0.05], False),
        ("lasts", [0, 0, 0, 0.05, 0.05, 0.03, 0.03, 0.03, 0.03], True),
        ("lasts", [0, 0, 0, 0.05, 0.05, 0.01, 0.01, 0.01, 0.01], False),
        ("lasts", [0, 0, 0, -0.05, -0.05, -0.05, -0.05, -0.05, -0.05], True),
        ("lasts", [0, 0, 0, -0.05, -0.05, 0.05, 0.05, 0.05, 0.05], False),
        ("fades", [0, 0, 0, 0.06, 0.06, 0.03, 0.02, 0.02, 0.02], True),
        ("fades", [0, 0, 0, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06], False),
    ],
)
def test_course_over_time(name, profile, holds):
    found = verdict.verdict((0.05, -1, 1), (0.05, 0.04, 0.06), np.array(profile, dtype=float), 4, (name,))
    assert found.profile is holds and found.passed is holds


def test_a_published_sign_needs_an_interval_on_its_side():
    assert verdict.verdict((1, 1, 1), (0.1, 0.01, 0.2), FLAT, 4, (), sign_only=True).passed
    assert not verdict.verdict((1, 1, 1), (0.1, -0.01, 0.2), FLAT, 4, (), sign_only=True).passed
    assert verdict.verdict((-1, -1, -1), (-0.1, -0.2, -0.01), FLAT, 4, (), sign_only=True).passed


def test_an_unknown_profile_is_refused():
    with pytest.raises(InputError, match="profile=shrinks"):
        verdict.verdict((1, 1, 1), (0.1, 0.01, 0.2), FLAT, 4, ("shrinks",))


def test_published_interval_is_90_percent():
    assert verdict.published_interval(0.1, 0.02) == pytest.approx((0.0671, 0.1329))


# -- trials ------------------------------------------------------------------------------------------------------------------


def _inputs(*states):
    return inputs_for("macro=constant", states=states, end_year=2030)


def test_every_effect_has_a_design_and_words():
    """Each published effect has one design, one row of words and a horizon within what is followed."""
    names = [study.name for study in design.studies()]
    assert sorted(names) == sorted(effects.published()) == sorted(effects.words())
    for study in design.studies():
        assert 0 < design.number("horizon", study.name) < design.number("last", study.name)
        assert set(study.member_states) <= set(MEMBER_STATES)
        assert design.last_quarter(study.name) < 4 * (2030 - 2017 + 1)


def test_a_trial_of_nothing_finds_exactly_nothing():
    """Equal arms of different name: every profile of every kind is zero where it is a number, to the last bit."""
    wait = design.waiting(2.0)
    again = wait._replace(name="the same wait again")
    name = "fasani_2021_employment_ban_eu"
    study = design.Study(name, ("MT",), wait, again, design.newcomers(), design.paired(name, arm.Track.employed))
    nobody = design.programme_of("mentoring", design.newcomers(), 0.0)
    joona = "mentoring_joona_2012_coaching_se"
    empty = design.Study(joona, ("MT",), arm.BASELINE, nobody, design.newcomers(), design.among_all_assigned(joona, 0.5))
    found = world.effects(_inputs("MT"), [study, empty], 1, "nothing", Progress(1))
    assert all(np.all(values == 0.0) for values in found.values())


def test_a_longer_ban_costs_jobs_while_it_lasts_and_nobody_works_under_it():
    """Nobody who arrives works before permission but those with a job on arrival; the ban of a year lowers employment at its
    end in every Member State tried."""
    inputs = design.oversampled(replace(_inputs("LU"), member_states=(MEMBER_STATES.index("LU"),)))
    tracks = [arm.simulate(inputs, 1, design.waiting(q), [design.newcomers()], 32)[0] for q in (0.0, 4.0)]
    assert np.array_equal(tracks[0].uid, tracks[1].uid) and len(tracks[0].uid) > 200
    free, banned = (estimator.mean(estimator.since(t.employed(), t.arrival_q, range(5))) for t in tracks)
    assert banned[3] <= banned[0] + 0.01 and free[3] > banned[3] + 0.05


def test_arms_are_simulated_once():
    """The baseline of Germany serves several studies; an arm is as long as the longest of its studies."""
    studies = design.studies()
    found = world.arms(studies)
    keys = [(state, change.name) for state, change, _ in found]
    assert len(set(keys)) == len(keys)
    users = next(users for state, change, users in found if (state, change.name) == ("DE", "baseline"))
    assert len({i for i, _ in users}) > 4
    assert world.quarters_of(studies, users) == 1 + max(design.last_quarter(studies[i].name) for i, _ in users)


def test_more_agents_stand_for_the_same_persons():
    """Arrivals laid out finer: the persons they stand for are the same to within one agent per quarter, others are untouched."""
    inputs = replace(_inputs("SE"), member_states=(MEMBER_STATES.index("SE"),))
    quarters = slice(design.calendar().first_arrival, design.calendar().last_arrival + 1)
    fine = design.oversampled(inputs)
    assert (fine.finer[PROTECTION, quarters] > 1).all() and fine.finer.sum() > fine.finer.size
    people = {}
    for name, given in (("plain", inputs), ("fine", fine)):
        laid_out = arm.LabourIntegrationModel(given, 1).people
        followed = (laid_out["group"] == PROTECTION) & np.isin(laid_out["arrival_q"], range(quarters.start, quarters.stop))
        people[name] = laid_out[followed], laid_out[~followed]
    plain, many = people["plain"][0], people["fine"][0]
    assert len(many) > 5 * len(plain)
    allowed = int(plain["weight"].max()) * (quarters.stop - quarters.start)
    assert abs(int(many["weight"].sum()) - int(plain["weight"].sum())) <= allowed
    assert people["plain"][1].tobytes() == people["fine"][1].tobytes()


def test_structures_are_compared_by_distance():
    """Two structures, one published effect of 0.07 with standard error 0.03: distances are squared standardised differences."""
    name = "lang_2018_job_language_de"
    at = {"near": 0.07, "far": 0.01}
    profiles = {key: {name: np.full((2, 17), value)} for key, value in at.items()}
    table = trials.fits(profiles).query("role == 'all'").set_index("structure")
    assert table.loc["near", "distance"] == pytest.approx(0.0) and table.loc["far", "distance"] == pytest.approx(4.0)
    assert table["apart"].to_dict() == {"near": False, "far": True} and table["inside"].to_dict() == {"near": 1, "far": 0}


def test_settings_of_structures():
    """Each alternative differs from the default in one switch."""
    config, others, named = settings([])
    assert named == [] and len(others) == 5
    for other in others.values():
        assert replace(other, structure=config.structure) == config
        switches = ("scarring", "displacement", "search_adaptation")
        assert other.structure.pay_gap == "shipped"  # it changes no effect on the labour market
        assert sum(getattr(other.structure, s) != getattr(config.structure, s) for s in switches) == 1


def test_a_small_trial_end_to_end(tmp_path):
    """A real process: one study, two seeds, no draws; tables, report and figures are complete and agree."""
    done = integra(
        tmp_path, "trials", "studies=[dahlberg_2024_early_package_se]", "structures=[scarring]", "draws=0", "seeds=2",
        "population=small", "population.minimum_agents=300",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs").iterdir()
    table = pd.read_csv(folder / "trials.csv")
    curve = pd.read_csv(folder / "profiles.csv")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert table["study"].tolist() == ["dahlberg_2024_early_package_se"] and table["role"].tolist() == ["held out"]
    horizon = int(table["horizon"].iloc[0])
    three = curve["effect"].iloc[horizon - 1 : horizon + 2].mean()
    assert table["simulated"].iloc[0] == pytest.approx(three, abs=1e-6)
    assert curve["effect"].max() > 0.01 and curve["effect"].iloc[0] == 0.0
    assert set(pd.read_csv(folder / "structures.csv")["structure"]) == {"default", "scarring"}
    assert summary["trials"][0]["verdict"] == table["verdict"].iloc[0] and summary["trials"][0]["verdict"] in done.stdout
    assert {path.name for path in (folder / "figures").iterdir()} == {"forest.png", "profiles.png"}
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "Dahlberg" in report and "nan" not in report
    logged = log.added(log.read().iloc[:0], folder)
    assert logged[["verdict", "estimates"]].to_numpy().tolist() == [[table["verdict"].iloc[0], log.estimates_hash()]]
    other = logged.assign(verdict="another")
    assert log.added(other, folder)["verdict"].tolist() == ["another"]  # what is there for the same code stays
    assert log.added(other.assign(code="older"), folder)["verdict"].tolist() == ["another", table["verdict"].iloc[0]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["studies=[smith]"], ["studies=smith", "lang_2018"]),
        (["structures=[none]"], ["structures=none", "scarring"]),
        (["structures=scarring"], ["structures=scarring", "a list"]),
        (["member_states=[MT]"], ["member_states=[MT]", "DE"]),
        (["run.end_year=2020"], ["run.end_year=2020", "2030"]),
        (["seeds=1", "draws=0"], ["seeds=1", "2 or more"]),
        (["draws=4"], ["draws=4", "8 to 80"]),
        (["structure.scarring=strong"], ["structure.scarring=strong", "none, moderate"]),
        (["structure.pay_gap=ilo"], ["structure.pay_gap=ilo", "shipped, eu_total, national_studies"]),
    ],
)
def test_bad_settings(tmp_path, arguments, words):
    refused(integra(tmp_path, "trials", *arguments), *words)
    assert list(tmp_path.iterdir()) == []


# -- the log -----------------------------------------------------------------------------------------------------------------


def test_the_log_says_when_it_holds_another_verdict(monkeypatch):
    row = {"study": "a", "role": "held out", "published": 0, "simulated": 0, "low": 0, "high": 0}
    held = pd.DataFrame([{**row, "estimates": log.estimates_hash(), "code": "0", "verdict": "pass"}])
    monkeypatch.setattr(log, "read", lambda: held)
    assert log.compare(pd.DataFrame([{**row, "verdict": "pass"}])) == ["The log of verdicts holds the same for these estimates."]
    (line,) = log.compare(pd.DataFrame([{**row, "verdict": "fail (sign)"}]))
    assert "fail (sign) here, pass in the log" in line
    monkeypatch.setattr(log, "read", lambda: held.assign(estimates="other"))
    assert log.compare(pd.DataFrame([{**row, "verdict": "pass"}])) == ["The log of verdicts has none for these estimates."]


# -- effects are outputs -------------------------------------------------------------------------------------------------------

EFFECTS = ("effect", "effect_se")


def test_no_input_moment_or_factor_asks_for_an_effect(monkeypatch):
    """While inputs with every lever, moments and scale factors are made, no published effect is asked for."""
    names = set()
    original = tables.rows_of
    monkeypatch.setattr(tables, "rows_of", lambda name: names.add(name) or original(name))
    tables.forget()
    loading.load_inputs(job("run", ["policy=action_plan_mix"]) if "action_plan_mix" in _policies() else job("run", []))
    moments.published()
    scale_factors.targets()
    tables.forget()
    assert len(names) > 80 and not names & set(EFFECTS)


def _policies():
    return {path.stem for path in (ROOT / "conf" / "policy").glob("*.yaml")}


def test_only_verdicts_read_effects():
    """In the source, the name of the effects' parameter stands in calibration/effects.py alone, and only trials import that; the
    module that tunes takes nothing from it but the effects that may tune."""
    readers, importers, taken = set(), set(), set()
    for package in ("model", "calibration", "scenarios"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = getattr(node, "func", None)
                if getattr(called, "id", getattr(called, "attr", "")) in ("Parameter", "scalar", "where_given", "rows_of"):
                    if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in EFFECTS:
                        readers.add(name)
                if isinstance(node, ast.ImportFrom) and node.module == "calibration" and "effects" in [a.name for a in node.names]:
                    importers.add(name)
                if isinstance(node, ast.ImportFrom | ast.Import) and "calibration.effects" in ast.unparse(node):
                    importers.add(name)
                if name == "scenarios/trial/tune.py" and isinstance(node, ast.Attribute) and ast.unparse(node.value) == "effects":
                    taken.add(node.attr)
    assert readers == {"calibration/effects.py"}
    assert importers <= {"scenarios/trials.py", "scenarios/trial/report.py", "scenarios/trial/tune.py"}
    assert taken == {"tuning"} and {effect.role for effect in effects.tuning().values()} == {"tuning"}


def test_effects_have_no_prior_and_no_role_among_inputs():
    from calibration import priors, roles

    rows = tables.all_tables()
    mine = rows["parameter"].isin(EFFECTS)
    assert mine.sum() > 30 and set(roles.assign()[mine]) == {"effect_tuning", "effect_held_out"}
    assert (priors.assign_rules()[mine] == -1).all()
    assert Parameter("effect").rows["category"].is_unique


def test_an_interval_is_never_narrower_than_its_monte_carlo_error():
    """Draws that vary less than seeds leave no variance to parameters; the interval is then that of the seeds around the draws."""
    sample = trials.of_all(np.array([0.0, 2.0]), np.full(8, 1.5))
    low, high, noise = sample.whole_interval()
    half = stats.t.ppf(0.95, 1)
    assert sample.parameter_sd() == 0.0 and (low, high, noise) == pytest.approx((1.5 - half, 1.5 + half, 1.0))
    same = trials.of_all(np.array([1.0, 1.0]), np.arange(1.0, 20.0))
    assert same.whole_interval() == pytest.approx((1.0, 19.0, 0.0))
    assert same.parameter_sd() == pytest.approx(np.arange(1.0, 20.0).std(ddof=1))


# -- tuning ------------------------------------------------------------------------------------------------------------------


def test_tuning_looks_at_the_studies_that_may_tune_alone():
    """Four effects of the three studies that DEFINITIONS names; every tuned parameter has a value, a width and the role of a prior."""
    names = [study.name for study in tune.tuning_studies()]
    assert names == [name for name, effect in effects.published().items() if effect.role == "tuning"]
    assert {name.split("_")[0] for name in names} == {"lang", "brucker", "hainmueller"} and len(names) == 4
    widths = pd.read_csv(ROOT / "calibration" / "data" / "priors.csv").set_index("parameter")["sd"]
    for name, one in tune.TUNED.items():
        assert one.bounds[0] < tables.scalar(name) < one.bounds[1] and widths[name] > 0.0


def test_effects_answer_to_the_parameter_tuned_to_them():
    """Without what a completed course adds, and without the scar of waiting, effects lie below and above those with them, far beyond
    Monte Carlo error (paired; the differences are over five of its standard errors at one seed of this scale)."""
    config, _, _ = settings(["draws=0"])
    inputs, par = loading.load_inputs(config), {}
    for name in ("job_course_search", "wait_scar", "skilled_regulated_recognised"):
        par[name] = float(inputs.parameters[name][0])
    with_them = tune.simulate(inputs, par, [1], Progress(1e9, shown=False))
    nothing = dict.fromkeys(par, 0.0) | {"skilled_regulated_recognised": 1.0}
    without = tune.simulate(inputs, nothing, [1], Progress(1e9, shown=False))
    assert with_them["lang_2018_job_language_de"] > without["lang_2018_job_language_de"] + 0.02
    assert with_them["hainmueller_2016_waiting_ch"] < without["hainmueller_2016_waiting_ch"] - 0.03
    for study in ("brucker_2021_recognition_employment_de", "brucker_2021_recognition_wage_de"):
        assert with_them[study] > without[study] + 0.05


def test_tuned_values_go_into_the_tables_and_nothing_else_changes(tmp_path):
    folder = ROOT / "calibration" / "data"
    for file in ("mechanisms.csv", "priors.csv"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    found = pd.DataFrame({"parameter": ["wait_scar", "recognition_odds"], "value": [0.5, 4.0], "standard_error": [0.1, 0.2],
                          "in_logs": [False, True]})  # fmt: skip
    tune.write(tmp_path, found)
    before, after = (pd.read_csv(place / "mechanisms.csv", dtype=str, keep_default_na=False) for place in (folder, tmp_path))
    changed = (before != after).any(axis=1)
    assert set(before["parameter"][changed]) <= {"wait_scar", "recognition_odds"}
    same = [column for column in before if column not in ("value", "low", "high")]
    assert before[same].equals(after[same])
    rows = after.set_index("parameter")
    assert tuple(rows.loc["wait_scar", ["value", "low", "high"]]) == ("0.5", "0.336", "0.664")
    assert tuple(rows.loc["recognition_odds", ["value", "low", "high"]]) == ("4", "2.88", "5.56")
    before, after = (pd.read_csv(place / "priors.csv", dtype=str, keep_default_na=False) for place in (folder, tmp_path))
    assert set(before["parameter"][(before != after).any(axis=1)]) <= {"wait_scar", "recognition_odds"}
    assert before.drop(columns="sd").equals(after.drop(columns="sd"))
    widths = after.set_index("parameter")["sd"]
    assert widths["wait_scar"] == "0.1" and widths["recognition_odds"] == "0.2"
