"""The compiled model and a person-at-a-time engine in plain Python live identical lives, quarter by quarter.

Exact comparison of every field of every record, so there is no error rate; see tests/person_engine.py.
"""

from dataclasses import replace

import numpy as np
import pytest
from person_engine import PersonEngine
from small_run import inputs_for

from model import LabourIntegrationModel
from model.codes import (
    COMPONENTS, COURSE, EDUCATION, GROUPS, JOB_COURSE_DONE, LABOUR, LANGUAGE, MEMBER_STATES, PRESENCE, PRESENT, REASONS, RECOGNITION,
    SEXES,
)  # fmt: skip
from model.person import PERSON

FLOATS = ("wage", "earned", "pension")
CASES = {
    # Malta: about 1 500 persons, two years.
    "malta": dict(states=("MT",), end_year=2018, minimum_agents=450),
    # Estonia through 2022 and 2023: published labour demand, and the flight from Ukraine.
    "estonia": dict(states=("EE",), end_year=2023, minimum_agents=150),
    # Sweden: many with protection, hence waiting for language courses, in finer agents.
    "sweden": dict(states=("SE",), end_year=2018, minimum_agents=700),
    # The same with offers of every programme from the start, some of whose participants have finished by the end.
    "programmes": dict(states=("SE",), end_year=2018, minimum_agents=700),
}
SETTINGS = {"estonia": ("macro=estimated",)}


def both(case, seed):
    """The model and the engine at the same start: after layout and initial history."""
    inputs = inputs_for(*SETTINGS.get(case, ()), scale=20_000, **CASES[case])
    if case == "programmes":
        cells = inputs.cells.copy()
        cells["offer"], cells["reluctance"], cells["offers"] = (0.1, 0.15, 0.2, 0.05), (0.5, 0.0, -1.0, 0.2), 0.5
        inputs = replace(inputs, cells=cells)
    model = LabourIntegrationModel(inputs, seed)
    return model, PersonEngine(inputs, seed, model.people)


def first_difference(people, persons, t):
    """A sentence on the first field and person that differ, or an empty string."""
    for name in PERSON.names:
        mine = np.array([getattr(p, name) for p in persons], dtype=PERSON[name])
        theirs = people[name]
        same = mine == theirs
        if name == "wage":
            same = np.abs(mine - theirs) <= 1e-6 * np.abs(theirs)
        if not same.all():
            i = int(np.flatnonzero(~same)[0])
            who = f"quarter {t}, {name} of person {i} ({people['uid'][i]})"
            return f"{who}: engine {mine[i]}, model {theirs[i]}; {(~same).sum()} differ"
    return ""


@pytest.mark.parametrize(("case", "seed"), [("malta", 2), ("estonia", 1), ("sweden", 1), ("programmes", 1)])
def test_life_courses_are_identical(case, seed):
    """Every field of every record is the same after every quarter (wages to 1e-6, all else exactly), and the treasury's
    cents of every year are the sum over persons' accounts, by component."""
    model, engine = both(case, seed)
    queues = (("language_courses", engine.basic), ("job_related_courses", engine.advanced))
    queues += (("recognition_decisions", engine.decisions), ("bridging_places", engine.places))
    while model.quarter < model.inputs.quarters:
        t = model.quarter
        model.step()
        engine.step()
        assert first_difference(model.people, engine.people, t) == ""
        assert engine.tightness == pytest.approx(list(model._market[t, 0, :, 2]), rel=1e-12)
        assert [m.openings for m in engine.markets] == pytest.approx(list(model._market[t, 0, :, 0]), rel=1e-12)
        provider, authority, _, _ = model.institutions[engine.ms]
        plans = (provider.basic, provider.advanced, authority.decisions, authority.bridging)
        for (name, queue), places in zip(queues, plans, strict=True):
            assert queue.plan == pytest.approx(places.per_quarter, rel=1e-12), name
            assert queue.carried == pytest.approx(places.carried, rel=1e-9, abs=1e-9), name
    if case == "programmes":
        joined = np.bincount(model.people["programme"], minlength=5)
        assert (joined[1:] > 0).all() and joined[0] > 0
    treasury = model.results().treasury[:, 0]
    for year, book in enumerate(engine.treasury):
        assert dict(zip(COMPONENTS, book, strict=True)) == dict(zip(COMPONENTS, treasury[year].tolist(), strict=True))


def test_the_comparison_reaches_every_process():
    """The lives compared are eventful: in Sweden's two years every group is present and each process changes
    somebody."""
    model, _ = both("sweden", seed=1)
    start = model.people.copy()
    model.run()
    end, here = model.people, model.people["presence"] == PRESENT
    for group in range(2 + len(REASONS)):
        assert (here & (end["group"] == group)).sum() > 10
    for name in (
        "presence", "labour", "language", "course", "recognition", "naturalised", "children", "wage", "hours",
        "match", "pension",
        "earned", "covered_q", "experience_q", "contribution_q",
    ):  # fmt: skip
        assert (start[name] != end[name]).sum() > 5, name
    assert (end["course"] == JOB_COURSE_DONE).sum() > 5 and (end["waited"] > 0).sum() >= 5


@pytest.fixture(scope="module")
def many_people():
    """Everyone of a larger run, some 200 000 records, at its end."""
    inputs = inputs_for(states=("MT", "SE"), end_year=2021, scale=1000, minimum_agents=20_000)
    model = LabourIntegrationModel(inputs, 1)
    model.run()
    return model.people


@pytest.mark.parametrize(
    ("field", "codes"),
    [
        ("member_state", MEMBER_STATES),
        ("group", GROUPS),
        ("sex", SEXES),
        ("education", EDUCATION),
        ("presence", PRESENCE),
        ("partner", ("none", "not working", "low earner", "high earner")),
        ("language", LANGUAGE),
        ("course", COURSE),
        ("recognition", RECOGNITION),
        ("qualification", ("none or host", "abroad", "abroad and regulated")),
        ("labour", LABOUR),
        ("naturalised", ("no", "yes")),
        ("children", range(10)),
        ("hours", range(101)),
        ("course_quarters", range(5)),
        ("covered_q", range(60)),
    ],
)  # fmt: skip
def test_codes_stay_in_their_lists(field, codes, many_people):
    """No person ever holds a code that its list does not know, nor a count outside its range."""
    values = many_people[field]
    assert 0 <= values.min() and values.max() < len(codes)


def test_spans_of_time_are_possible(many_people):
    """Nobody has worked or contributed longer than the time since age 15 and arrival (and a year, as the years
    before the simulated history are counted by completed years of age), and amounts are never negative."""
    people = many_people
    here = people["presence"] == PRESENT
    span = 20 - np.maximum(people["arrival_q"], people["birth_q"] + 60).astype(int)
    for name in ("experience_q", "contribution_q"):
        assert (people[name][here] <= np.maximum(span, 0)[here] + 4).all(), name
    for name in ("wage", "earned", "pension", "earnings", "unemployment_benefit", "social_assistance"):
        assert people[name].min() >= 0, name
