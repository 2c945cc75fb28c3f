"""Levers: what they change and when, capacity and lags that bind, lock-in, fading, displacement, and their tables.

Runs are paired (same persons, same draws). Where an inequality could fail by chance the docstring says how far it is from doing so.
"""

import csv
import itertools
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_run import differences, inputs_for, run_to_end

from calibration import levers
from calibration.config import LEVERS
from calibration.draw import Draw
from calibration.errors import InputError
from model import lever as model_lever
from model import simulate, simulate_levers
from model.cell import SHAPE
from model.codes import COURSE_DONE, LEVER_BASES, MEASURE, NON_EU_BORN, PROGRAMMES, UNEMPLOYED
from model.labour_market import search
from model.lever import PLACES, apply
from model.person import PERSON, SEARCH
from model.programme import guide
from scenarios import compose

ROOT = Path(__file__).resolve().parents[1]
LEVER_RESULTS = ("lever_units", "lever_costs")
FILE_OF = {"language_places": "language_upon_arrival", "faster_recognition": "fast_recognition", "work_first": "activation",
           "arrivals": "more_arrivals", "education_of_arrivals": "better_educated_arrivals"}  # fmt: skip


@lru_cache
def settings_of(kind):
    """Settings of the lever in its own policy file."""
    return compose.job("run", [f"policy={FILE_OF.get(kind, kind)}"]).policy.levers[0]


def lever_of(kind, **changes):
    """A model lever at the centre of the tables, in full force from 2017 on unless `changes` to its settings say otherwise."""
    return levers.model_lever(replace(settings_of(kind), **{"start": "2017Q1", "phase_in": 0, **changes}))


@lru_cache
def sweden(end_year=2018):
    """Inputs of Sweden, where many come for protection; at least 2 000 agents per origin."""
    return inputs_for(states=("SE",), end_year=end_year, scale=20_000, minimum_agents=2000)


def changed_inputs(cells=(), parameters=(), **others):
    """Inputs of Sweden with fields of every cell of the non-EU-born, and scalar parameters, at other values."""
    inputs = sweden()
    table, par = inputs.cells.copy().reshape(SHAPE), inputs.parameters.copy()
    for name, value in dict(cells).items():
        table[name][:, 2:] = value
    for name, value in dict(parameters).items():
        par[name] = value
    return replace(inputs, cells=table.reshape(-1), parameters=par, **others)


def with_and_without(inputs, *added):
    """Results of a run without and with levers."""
    return run_to_end(replace(inputs, levers=()))[0], run_to_end(replace(inputs, levers=added))[0]


def non_eu_born(results, measure):
    """A measure of the non-EU-born by year."""
    return results.counts[:, :, NON_EU_BORN, ..., MEASURE[measure]].sum(axis=(1, 2, 3)).astype(float)


# -- capacity bites ------------------------------------------------------------------------------------------------------


def test_places_do_not_help_where_sign_up_delay_binds():
    """Few sign up and everybody finds a place at once: still more places change nobody's life, and stay empty at a cost. Where
    people sign up at once and places are few, half as many again are admitted at the least (found: more)."""
    places = lever_of("language_places", strength=1.0)._replace(changes=())
    delay = changed_inputs({"signup": 0.1, "advanced_signup": 0.0})
    before, after = (run_to_end(replace(delay, levers=(places._replace(strength=s),)))[0] for s in (30.0, 60.0))
    assert (before.queues["language_courses"][..., 1] == before.queues["language_courses"][..., 2]).all()
    assert [name for name in differences(before, after) if name not in (*LEVER_RESULTS, "queues.language_courses")] == []
    assert (before.queues["language_courses"][..., 2] == after.queues["language_courses"][..., 2]).all()
    assert after.lever_units.sum() > before.lever_units.sum() > 0 and after.lever_costs.sum() > before.lever_costs.sum()
    scarce = changed_inputs({"signup": 0.9}, {"language_wait": 12.0, "capacity_adjustment": 0.0})
    before, after = with_and_without(scarce, places)
    admitted = [run.queues["language_courses"][..., 2].sum() for run in (before, after)]
    assert admitted[1] > 1.5 * admitted[0] > 0
    assert after.lever_units.sum() == 0.0


def test_decisions_do_not_help_where_documents_are_missing():
    """Without complete files more decisions change nothing; with files and a slow authority they come sooner."""
    staff = lever_of("faster_recognition", strength=0.5)._replace(changes=())
    missing = changed_inputs({"documents": 0.0})
    before, after = with_and_without(missing, staff)
    assert [name for name in differences(before, after) if name not in LEVER_RESULTS] == []
    slow = changed_inputs({"documents": 0.9}, {"decision_wait": 12.0, "capacity_adjustment": 0.0})
    before, after = with_and_without(slow, staff)
    decided = [run.queues["recognition_decisions"][..., 2].sum() for run in (before, after)]
    assert decided[1] > 1.5 * decided[0] > 0


def person_searching(**fields):
    """One unemployed person of the non-EU-born, 30 years old, as a record."""
    people = np.zeros(1, dtype=PERSON)
    plain = dict(group=2, sex=1, education=1, birth_q=-120, arrival_q=-40, completion_q=-60, labour_q=-4, labour=UNEMPLOYED)
    for name, value in {**plain, **fields}.items():
        people[name] = value
    return people


def effective_search(people, cell=None, attended=False):
    """Effective search for skilled and for other jobs at quarter 0, hazards; `attended`: a course this quarter."""
    inputs = sweden()
    index = np.ravel_multi_index((24, 2, 1, 1, 3), SHAPE)
    cell = inputs.cells[index] if cell is None else cell
    search(people[0], 0, inputs.rates[24, 2, 1, 1, 15], cell, inputs.parameters[0], 1.0, attended)
    return np.array([people["search_skilled"][0], people["search_other"][0]]) / SEARCH


def test_courses_and_training_lock_in():
    """Who attends searches less, by exactly the multiplier: of the cell in a course, of the programme in training (to the
    rounding of search to 1/32768)."""
    inputs = sweden()
    free = effective_search(person_searching(course=COURSE_DONE)).sum()
    attending = effective_search(person_searching(course=COURSE_DONE), attended=True).sum()
    cell = inputs.cells[np.ravel_multi_index((24, 2, 1, 1, 3), SHAPE)]
    assert attending / free == pytest.approx(cell["course_search"], abs=4 / SEARCH / free)
    people = person_searching(programme=1 + PROGRAMMES.index("vocational_training"), programme_q=2)
    effective_search(people)
    guide(people[0], 0, inputs.programmes)
    within = (people["search_skilled"][0] + people["search_other"][0]) / SEARCH
    lock_in = inputs.programmes["lock_in"][PROGRAMMES.index("vocational_training")]
    assert lock_in < 1.0 and within / free == pytest.approx(lock_in, abs=4 / SEARCH / free)


def test_lock_in_lowers_employment_while_courses_last():
    """The same courses for all who are willing, with search as before and without any, in the same market: fewer are employed with
    lock-in over the two years, by 0.24 points in the mean of three seeds (standard error 0.14 from 2 000 agents)."""
    lost = []
    for seed in (1, 2, 3):
        twins = [
            changed_inputs({"signup": 0.9, "take_up": 1.0, "course_search": search}, {"language_wait": 0.3}) for search in (1.0, 0.0)
        ]
        free = run_to_end(twins[0], seed)[0]
        locked = run_to_end(replace(twins[1], market=free.market), seed)[0]
        rates = [non_eu_born(run, "employed_20_64") / non_eu_born(run, "persons_20_64") for run in (free, locked)]
        lost.append(rates[0].mean() - rates[1].mean())
    assert np.mean(lost) > 0.0


def test_effects_of_matching_fade_by_their_half_life():
    """At the end the hazard of finding work is multiplied by exp(effect), after k half-lives by exp(effect / 2^k)."""
    programmes = sweden().programmes.copy()
    programmes["finding"], programmes["skilled"], programmes["half_life"] = 0.8, 0.0, 4.0
    free = effective_search(person_searching()).sum()
    for k in range(4):
        people = person_searching(programme=1, programme_q=-4 * k)
        effective_search(people)
        guide(people[0], 0, programmes)
        found = (people["search_skilled"][0] + people["search_other"][0]) / SEARCH
        assert found / free == pytest.approx(np.exp(0.8 / 2**k), abs=4 / SEARCH / free)


def test_gains_of_matching_fade_and_those_of_language_persist():
    """One year of either measure, four years on. Mentors double search with a half-life of two quarters: what is left of the
    gain in hires from non-employment in the last year is below a fifth of the first year's. Everybody of the second group is
    taught informally at ten times the pace: of the gain in persons at B1 and above after the first year more than half is there
    in the last. Both margins are several times the spread over seeds (paired)."""
    inputs = sweden(2021)
    programmes = inputs.programmes.copy()
    programmes["finding"], programmes["skilled"], programmes["half_life"], programmes["lock_in"] = 0.7, 0.0, 2.0, 1.0
    programmes["length"] = 1.0
    mentors = lever_of("mentoring", strength=1.0, take_up=1.0, end="2017Q4")
    fixed = replace(inputs, programmes=programmes, market=run_to_end(inputs)[0].market)
    before, after = with_and_without(fixed, mentors)
    gain = non_eu_born(after, "employed_20_64") - non_eu_born(before, "employed_20_64")
    assert gain[0] > 0 and gain[-1] < 0.5 * gain.max()
    talk = lever_of("community_sponsorship", strength=1.0, take_up=1.0, end="2017Q4")
    talk = talk._replace(mask=levers.model_lever(settings_of("anti_discrimination")).mask)
    talk = talk._replace(changes=(model_lever.Change("informal", "scale_hazard", False, 9.0),))
    before, after = with_and_without(fixed, talk)
    level = sum(non_eu_born(after, name) - non_eu_born(before, name) for name in ("language_b1", "language_c1"))
    assert level[-1] > 0.5 * level.max() > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_displacement_reduces_gross_effects(seed):
    """In the baseline's own market (nobody reacts) a push to search from 2018 on adds more jobs of the non-EU-born in its first
    year than where openings are limited, because chances fall for everybody: expected hires of the others are their search times
    tightness. On each of three seeds; later, creation follows."""
    inputs = sweden()
    push = lever_of("health_access", strength=1.0, take_up=1.0, reasons=(), start="2018Q1")
    push = push._replace(changes=(model_lever.Change("finding", "log", False, 1.5),))
    base = run_to_end(inputs, seed)[0]
    gross = run_to_end(replace(inputs, levers=(push,), market=base.market), seed)[0]
    net = run_to_end(replace(inputs, levers=(push,)), seed)[0]
    jobs = [run.counts[1, ..., MEASURE["employed_20_64"]].sum(axis=(0, 2, 3)) for run in (base, gross, net)]
    assert (jobs[1] == jobs[0])[:NON_EU_BORN].all()
    assert jobs[1][NON_EU_BORN] > jobs[2][NON_EU_BORN] > jobs[0][NON_EU_BORN]
    assert (net.market[4:6, :, :, 2] < base.market[4:6, :, :, 2]).all()  # then what was left unfilled is carried


# -- when and for whom ------------------------------------------------------------------------------------------------


def test_strength_grows_lasts_and_fades():
    lever = lever_of("faster_recognition", strength=0.8, start="2018Q1", end="2018Q4", phase_in=2, fade_out=3)
    found = [lever.strength_at(t) for t in range(3, 12)]
    assert found == pytest.approx([0.0, 0.4, 0.8, 0.8, 0.8, 0.6, 0.4, 0.2, 0.0])
    cut = lever_of("faster_recognition", strength=0.8, start="2018Q1", end="2018Q2", phase_in=4, fade_out=1)
    assert [cut.strength_at(t) for t in (4, 5, 6, 7)] == pytest.approx([0.2, 0.4, 0.2, 0.0])


def test_only_whom_the_lever_is_for_is_changed():
    """Education, sex, reason, Member State and years since arrival: a cell differs if and only if it is meant."""
    inputs = sweden()
    lever = lever_of(
        "health_access", education=("high",), sexes=("female",), reasons=("family",), member_states=("SE",),
        max_years_since_arrival=4,
    )  # fmt: skip
    cells, _ = apply([lever], inputs.cells, 0)
    differ = (cells["finding"] != inputs.cells["finding"]).reshape(SHAPE)
    meant = np.zeros(SHAPE, dtype=bool)
    meant[24, 3, 0, 2, :2] = True
    assert (differ == meant).all()
    cells, _ = apply([lever_of("community_sponsorship", member_states=("SE",))], inputs.cells, 0)
    differ = (cells["informal"] != inputs.cells["informal"]).reshape(SHAPE)
    meant = np.zeros(SHAPE, dtype=bool)
    meant[24, 5, :, :, 0] = True
    assert (differ == meant).all()


def test_levers_combine():
    """Two levers of different kinds: each field is changed as by its own lever, fields of both one after the other; places add."""
    inputs, pair = sweden(), [lever_of("online_courses"), lever_of("childcare_with_courses")]
    both, _ = apply(pair, inputs.cells, 0)
    first, _ = apply(pair[:1], inputs.cells, 0)
    second, _ = apply(pair[1:], first, 0)
    assert both.tobytes() == second.tobytes()
    a, b = lever_of("language_places", strength=1.0), lever_of("job_related_courses", strength=0.5)
    _, extras = apply([a, b], inputs.cells, 0)
    assert set(extras["language_places"]) == {1.0} and set(extras["advanced_places"]) == {0.5} and not extras["decisions"].any()


def test_early_permission_shortens_the_wait_of_applicants_alone():
    inputs = sweden()
    cells, _ = apply([lever_of("early_work_permission", strength=0.5)], inputs.cells, 0)
    before, after = (table["work_wait"].reshape(SHAPE) for table in (inputs.cells, cells))
    assert (before[:, 5] > 0).all() and (np.delete(before, 5, axis=1) == 0).all()
    assert after == pytest.approx(0.5 * before)


def test_programmes_share_the_offers_of_a_quarter():
    """Offers of several programmes add up to at most one per person; take-up is the share of normal scores above reluctance."""
    pair = [lever_of("mentoring", strength=0.9), lever_of("vocational_training", strength=0.6)]
    cells, _ = apply(pair, sweden().cells, 0)
    reached = cells[pair[0].mask & pair[1].mask]
    assert reached["offers"] == pytest.approx(1.0) and reached["offer"].sum(axis=1) == pytest.approx(1.0)
    assert (apply(pair[:1], sweden().cells, 0)[0]["offers"][pair[0].mask] == 0.9).all()


def test_the_order_of_levers_changes_nobody():
    """Four programmes that offer 1.7 places a person: in every order the same cells, byte for byte, each with its share."""
    strengths = {"mentoring": 0.8, "vocational_training": 0.4, "work_first": 0.3, "entrepreneurs": 0.2}
    items = [lever_of(kind, strength=strength) for kind, strength in strengths.items()]
    tables = {apply(list(order), sweden().cells, 0)[0].tobytes() for order in itertools.permutations(items)}
    assert len(tables) == 1
    cells, _ = apply(items, sweden().cells, 0)
    everywhere = np.logical_and.reduce([item.mask for item in items])
    for kind, strength in strengths.items():
        assert cells["offer"][everywhere, PROGRAMMES.index(kind)] == pytest.approx(strength / 1.7)


def test_levers_simulated_together_are_those_simulated_alone():
    """No lever, one, three from different quarters, other arrivals: the same bytes as each by itself; they do differ. Inputs come as a
    process that simulates gets them, where nothing is the same object."""
    base = sweden(2019)
    starts = {"mentoring": "2018Q3", "health_access": "2019Q1", "bridging_courses": "2018Q4"}
    mentors, health, bridge = (lever_of(kind, start=start) for kind, start in starts.items())
    variants = [replace(base, levers=some) for some in ((), (mentors,), (mentors, health, bridge), (health,))]
    variants.append(replace(base, arrivals=1.1 * base.arrivals, levers=(mentors,)))
    seen = []
    sent = [pickle.loads(pickle.dumps(one)) for one in variants]
    together = list(simulate_levers(sent, 2, lambda *counts: seen.append(counts)))
    alone = [simulate(one, 2) for one in variants]
    assert [differences(*pair) for pair in zip(alone, together, strict=True)] == [[]] * 5
    assert all(differences(alone[0], other) for other in alone[1:])
    assert len(seen) == 5 * base.quarters and seen[-1][2] < sum(one.person_quarters for one in alone)


def test_who_joins_is_counted_and_the_more_employable_join():
    """Starts are those of the records; take-up below one leaves out the less employable (correlation 0.2; with some hundred
    participants the difference of means is over three standard errors away from zero)."""
    inputs = sweden()
    programmes = inputs.programmes.copy()
    programmes["selection"] = 0.9
    mentors = lever_of("mentoring", strength=1.0, take_up=0.5, end="2017Q1")
    results, model = run_to_end(replace(inputs, programmes=programmes, levers=(mentors,)))
    joined = model.people["programme"] == 1 + PROGRAMMES.index("mentoring")
    assert results.lever_units[0, 0].sum() == model.people["weight"][joined].sum() > 0 and not results.lever_units[0, 1:].any()
    others = (model.people["group"] >= 2) & ~joined & (model.people["presence"] == 1)
    assert model.people["employability"][joined].mean() > model.people["employability"][others].mean() + 0.3 * 4096


# -- tables ---------------------------------------------------------------------------------------------------------------


def test_every_lever_has_its_row_its_unit_and_something_to_change():
    table, effects = levers.table(), levers.effects()
    assert set(table.index) == set(LEVERS) and set(table["base"]) <= set(LEVER_BASES)
    at_layout = {"arrivals", "education_of_arrivals"}
    assert set(effects["lever"]) | set(PLACES) | at_layout == set(LEVERS)
    assert set(PROGRAMMES) == set(effects["lever"][effects["operation"] == "programme"])
    for kind in LEVERS:
        lever = lever_of(kind)
        assert 0.0 <= lever.take_up <= 1.0 and (lever.unit_cost >= 0.0).all()
    assert (table["source"] != "").all() and (effects["source"] != "").all()


def test_draws_of_a_figure_have_the_percentiles_of_the_table():
    """Over 4 000 draws the shares below low, value and high are 5, 50 and 95 % within five standard errors (error rate below one
    in a million each), the share at zero is `null`, and draw 0 is the mean."""
    low, value, high, null = -0.1, 0.15, 0.4, 0.25
    found = np.array([levers.drawn(n, "a lever size", value, low, high, null) for n in range(1, 4001)])
    assert (found == 0.0).mean() == pytest.approx(null, abs=5 * np.sqrt(null * (1 - null) / 4000))
    drawn = found[found != 0.0]
    for share, at in ((0.05, low), (0.5, value), (0.95, high)):
        assert (drawn < at).mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / len(drawn)))
    assert levers.drawn(0, "a lever size", value, low, high, null) == pytest.approx(0.75 * value)


def test_a_draw_moves_costs_take_up_and_sizes():
    """Draw 1 differs from the centre in each of them, draw 2 from draw 1; settings of the policy override the table."""
    item = settings_of("mentoring")
    found = [levers.model_lever(item, number) for number in (0, 1, 2)]
    for name in ("unit_cost", "take_up"):
        assert len({np.ravel(getattr(lever, name))[0] for lever in found}) == 3
    assert len({levers.programmes(number).tobytes() for number in (0, 1, 2)}) == 3
    own = levers.model_lever(replace(item, take_up=0.25, unit_cost=10.0), 1)
    assert own.take_up == 0.25 and own.unit_cost.mean() < 10.0 < own.unit_cost.max()
    assert Draw(1).number == 1 and Draw(1, "data").number == 0  # what the data leave open holds levers at the centre


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("levers.csv", "mentoring,starts", "mentoring,hours", "base='hours'"),
        ("levers.csv", "mentoring,starts,1000", "mentoring,starts,many", "unit_cost='many'"),
        ("lever_effects.csv", "mentoring,length,programme", "mentoring,luck,programme", "name='luck'"),
        ("lever_effects.csv", "work_first,activation,log", "work_first,activation,sing", "operation='sing'"),
    ],
)
def test_a_damaged_row_is_named(copied, file, old, new, message):
    path = copied / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(message)):
        levers.programmes()


def test_every_action_of_the_plan_has_a_lever_or_a_reason():
    with (resources.files("calibration") / "data" / "action_plan.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["section"] for row in rows} == {
        "education", "employment_and_skills", "health", "housing", "partnerships", "funding", "participation", "digital", "monitoring",
    }  # fmt: skip
    for row in rows:
        assert bool(row["lever"]) != bool(row["reason"]), row
        assert row["lever"] in ("", *LEVERS), row
    mapped = {row["lever"] for row in rows} - {""}
    mix = compose.job("run", ["policy=action_plan_mix"]).policy.levers
    assert {item.lever for item in mix} == mapped
    for item in mix:
        assert item.strength == pytest.approx(0.5 * settings_of(item.lever).strength)


# -- users' own settings ----------------------------------------------------------------------------------------------


def run_own(folder, *arguments):
    """`integra run` with the user's folder in a process of its own, in that folder."""
    command = [sys.executable, "-m", "scenarios.cli", "run", "--config-dir=mine", *arguments]
    settings = ("population=small", "member_states=[MT]", "run.end_year=2017", "seeds=1")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([*command, *settings], cwd=folder, capture_output=True, text=True, env=environment, timeout=600)


def test_the_ten_lines_of_the_readme_run(tmp_path):
    """The policy shown in the README, in a user's folder, is found and simulated; its levers stand in config.yaml."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n# mine/policy/my_mix.yaml\n(.*?)```", readme, re.S)[1]
    assert len(shown.splitlines()) <= 10
    (tmp_path / "mine" / "policy").mkdir(parents=True)
    (tmp_path / "mine" / "policy" / "my_mix.yaml").write_text(shown, encoding="utf-8")
    done = run_own(tmp_path, "policy=my_mix")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs").iterdir()
    written = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    own = yaml.safe_load(shown)["levers"]
    for label, given in own.items():
        for name, value in given.items():
            assert written["policy"]["levers"][label][name] == value


@pytest.fixture
def own_folder(tmp_path):
    """A user's folder that is forgotten afterwards."""
    (tmp_path / "policy").mkdir()
    yield tmp_path
    compose.use_own(None)


def test_own_settings_that_cannot_be_used_are_refused(own_folder):
    with pytest.raises(InputError, match="--config-dir=nowhere: allowed is a folder"):
        compose.use_own("nowhere")
    file = own_folder / "policy" / "mine.yaml"
    file.write_text("name: mine\nlevers: {}\n")
    compose.use_own(str(own_folder))
    assert "mine" in compose.options("policy") and compose.job("run", ["policy=mine"]).policy.levers == ()
    file.write_text("name: mine\nlevers: {once: {lever: mentoring}}\n")
    with pytest.raises(InputError, match="policy=mine: policy.levers.once.strength: missing, every one of lever, strength, start"):
        compose.comparison(["policies=[mine]"])
    file.unlink()
    (own_folder / "policy" / "baseline.yaml").write_text("name: baseline\nlevers: {}\n")
    with pytest.raises(InputError, match="another name, policy/baseline.yaml is shipped"):
        compose.use_own(str(own_folder))


BUILT_ON = "defaults: [fast_recognition, _self_]\nname: mine\nlevers: "


@pytest.mark.parametrize(
    ("content", "message", "allowed"),
    [
        (BUILT_ON + "{faster_recogniton: {strength: 0.5}}",
         "policy.levers.faster_recogniton: unknown label, did you mean faster_recognition; allowed is a lever that is there "
         "(faster_recognition) or one of your own with all its settings, lever: language_places, ", ", education_of_arrivals"),
        ("name: mine\nlevers: {once: {strength: 0.5}}",
         "policy.levers.once: unknown label; allowed is one of your own with all its settings, lever: language_places, ", ""),
        (BUILT_ON + "{faster_recognition: {label: x}}",
         "policy.levers.faster_recognition.label=x: unknown key, a lever has that of its table", ""),
        (BUILT_ON + "{faster_recognition: {strenght: 0.6}}",
         "policy.levers.faster_recognition.strenght=0.6: unknown key, allowed is lever, strength, start, ", "fund"),
        ("defaults: [nosuch, _self_]\nname: mine", "{file}: defaults=nosuch: allowed is action_plan_", ", work_first"),
        ("defaults: [/flows: nosuch]\nname: mine", "{file}: defaults=flows/nosuch: allowed is baseline, high, low", ""),
    ],
)  # fmt: skip
def test_a_name_that_nothing_has_is_named(own_folder, content, message, allowed):
    """A label, a key of a lever, a file to build on: what it is, where, and what there is in its place."""
    file = own_folder / "policy" / "mine.yaml"
    file.write_text(content, encoding="utf-8")
    compose.use_own(str(own_folder))
    with pytest.raises(InputError) as caught:
        compose.job("run", ["policy=mine", "seeds=2"])
    said = str(caught.value)
    assert said.startswith(message.replace("{file}", str(file.resolve()))) and said.endswith(allowed)


def test_an_option_that_nothing_has_is_named_in_an_experiment(own_folder):
    (own_folder / "experiment").mkdir()
    file = own_folder / "experiment" / "mine.yaml"
    file.write_text("# @package _global_\ndefaults:\n  - override /policy: nosuch\n", encoding="utf-8")
    compose.use_own(str(own_folder))
    with pytest.raises(InputError) as caught:
        compose.job("run", ["experiment=mine", "seeds=2"])
    assert str(caught.value).startswith(f"{file.resolve()}: defaults=policy/nosuch: allowed is action_plan_")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no settings"),
        (b"- mentoring\n", "holds no settings"),
        (b"5\n", "cannot be read"),
        (b"name: [mine\n", "cannot be read"),
        (b"name: mine\nname: mine\n", "duplicate key name"),
        (b"\xff\xfe", "cannot be read"),
        (b"levers: {}\n", "policy.name=null: allowed is mine, the name of its file"),
        (b"name: yours\nlevers: {}\n", "policy.name=yours: allowed is mine, the name of its file"),
        (b"defaults: mentoring\nname: mine\n", "defaults=mentoring: allowed is a list"),
        (b"defaults: [mine, _self_]\nname: mine\n", "defaults=[mine,_self_]: allowed is a list of other files"),
    ],
)
def test_a_file_that_is_no_policy_is_named(own_folder, content, words):
    """Before anything is composed, by its path, with one line."""
    file = own_folder / "policy" / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        compose.use_own(str(own_folder))
    assert str(caught.value).startswith(str(file)) and words in str(caught.value)


@pytest.mark.parametrize("content", ["policies: [mentoring]\n", "colour: red\n", "policy: {name: mine}\n"])
def test_an_experiment_may_hold_only_what_the_verb_has(own_folder, content):
    """Keys of another verb, of none, and a file that lacks the line which makes its keys settings."""
    (own_folder / "experiment").mkdir()
    header = "" if content.startswith("policy:") else "# @package _global_\n"
    (own_folder / "experiment" / "mine.yaml").write_text(header + content)
    compose.use_own(str(own_folder))
    with pytest.raises(InputError, match="experiment=mine: allowed is "):
        compose.job("run", ["experiment=mine"])
