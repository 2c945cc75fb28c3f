"""The studies' designs inside the model: whom they follow, what sets treated apart from control, what is measured, and when.

Numbers of the designs are rows of calibration/data/trials.csv. Nobody's outcome is set anywhere: an arm changes a waiting
time, places, sign-up, care, an exam, or who attends what; employment, language and pay follow from the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from calibration import tables
from calibration.errors import InputError
from calibration.tables import Parameter, scalar
from model import codes
from model.cell import SHAPE
from model.codes import (
    B1, BRIDGING, BRIDGING_WAITING, COURSE_ATTENDING, COURSE_DONE, DECISION_WAITING, DOCUMENTS, FEMALE, LOW, PROTECTION,
    PRESENT, RECOGNISED, UNEMPLOYED,
)  # fmt: skip
from model.population import weights
from scenarios.trial import estimator
from scenarios.trial.arm import BASELINE, Change, Track, assigned

FASANI = ("AT", "DE", "FR", "SE")  # of the 19 countries of the study, where most refugees came
PLACES_FOR_ALL = 1e9  # persons: more than ever wait
CHILD_Q = 24  # a child under six


def oversampled(inputs: Any) -> Any:
    """Inputs of one Member State in which arrivals with protection that trials follow are laid out with more agents."""
    quarters = slice(calendar().first_arrival, calendar().last_arrival + 1)
    ms = inputs.member_states[0]
    agents = inputs.arrivals[ms, PROTECTION, quarters].sum() / weights(inputs)[ms, PROTECTION]
    finer = np.ones((len(codes.GROUPS), inputs.quarters), dtype=np.int64)
    finer[PROTECTION, quarters] = max(1, round(calendar().agents / max(1.0, agents)))
    return replace(inputs, finer=finer)


class Study(NamedTuple):
    """One published effect and its design."""

    name: str  # category of the effect in calibration/data/effects.csv
    member_states: tuple[str, ...]
    control: Change
    treated: Change
    members: Callable[[np.ndarray], np.ndarray]  # people as laid out -> mask of those followed
    profile: Callable[[Track, Track, int], np.ndarray]  # control, treated, seed -> effect by quarters since the event


class Calendar(NamedTuple):
    """Quarters and ages that all trials share, and how large they are."""

    first_arrival: int
    last_arrival: int
    start: int
    first_ukraine: int
    last_ukraine: int
    youngest: float
    oldest: float
    share: float
    agents: float


@tables.cached
def calendar() -> Calendar:
    """The calendar from calibration/data/trials.csv."""
    names = ("first_arrival", "last_arrival", "start", "first_ukraine", "last_ukraine")
    quarters = [int(Parameter(f"trial_{name}").scalar()) for name in names]
    return Calendar(*quarters, *(Parameter(f"trial_{name}").scalar() for name in ("youngest", "oldest", "share", "agents")))


@tables.cached
def numbers() -> dict[tuple[str, str], float]:
    """Numbers of single studies by (what, study): latest event, horizon, last (quarters followed), dose and ban."""
    found: dict[tuple[str, str], float] = {}
    for name in ("event", "horizon", "last", "dose", "ban"):
        rows = Parameter(f"trial_{name}").rows
        found |= {(name, study): float(value) for study, value in zip(rows["category"], rows["value"], strict=True)}
    return found


def number(name: str, study: str) -> float:
    """A number of one study; a missing one is a mistake of the table."""
    if (name, study) not in numbers():
        raise InputError(f"calibration/data/trials.csv: trial_{name} of {study} is missing; allowed is a row for it")
    return numbers()[name, study]


def lags(study: str) -> range:
    """Quarters since the event that are followed."""
    return range(int(number("last", study)) + 1)


def last_quarter(study: str) -> int:
    """Last quarter of the run that the study looks at: that of the latest event, and what follows it."""
    return int(number("event", study)) + int(number("last", study))


# -- whom ------------------------------------------------------------------------------------------------------------------


def newcomers(
    group: int | None = PROTECTION, sex: int | None = None, education: int | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """Persons of working age who arrive in the quarters of the trials; None means any non-EU-born group, sex, education."""

    def members(people: np.ndarray) -> np.ndarray:
        first, last = calendar().first_arrival, calendar().last_arrival
        found = (people["arrival_q"] >= first) & (people["arrival_q"] <= last) & of_age(people, people["arrival_q"])
        found &= people["group"] >= 2 if group is None else people["group"] == group
        if sex is not None:
            found &= people["sex"] == sex
        if education is not None:
            found &= people["education"] == education
        return found

    return members


def early_newcomers(people: np.ndarray) -> np.ndarray:
    """Newcomers with protection who have come before the trials start."""
    return newcomers()(people) & (people["arrival_q"] < calendar().start)


def of_age(people: np.ndarray, quarter: Any) -> np.ndarray:
    """Whether persons have the age of the trials at a quarter, and have completed their education."""
    age = (quarter - people["birth_q"]) / 4.0
    old_enough = (age >= calendar().youngest) & (age <= calendar().oldest)
    return old_enough & (people["completion_q"] <= quarter)


def residents(people: np.ndarray) -> np.ndarray:
    """Non-EU-born of working age who are there when the trials begin."""
    start = calendar().start
    return (people["group"] >= 2) & (people["arrival_q"] < start) & of_age(people, start)


def qualified(people: np.ndarray) -> np.ndarray:
    """Residents and newcomers with a qualification from abroad in a regulated occupation, who may apply for recognition."""
    arrived = np.maximum(people["arrival_q"], 0)
    return (people["group"] >= 2) & (people["qualification"] == 2) & of_age(people, arrived)


def mothers_of(first: int, last: int) -> Callable[[np.ndarray], np.ndarray]:
    """Women with protection who arrived in the quarters from first to last; their children are looked at later."""

    def members(people: np.ndarray) -> np.ndarray:
        between = (people["arrival_q"] >= first) & (people["arrival_q"] <= last)
        return between & (people["group"] == PROTECTION) & (people["sex"] == FEMALE) & of_age(people, people["arrival_q"])

    return members


# -- what sets arms apart ----------------------------------------------------------------------------------------------------


def _cells_of(inputs: Any, group: int | None = None, sex: int | None = None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """A copy of the cell table in its axes, and the part of it that belongs to the Member State, group and sex."""
    cells = inputs.cells.copy().reshape(SHAPE)
    groups = slice(2, None) if group is None else slice(group, group + 1)
    return cells, (list(inputs.member_states), groups, slice(None) if sex is None else slice(sex, sex + 1))


def _with_cells(inputs: Any, cells: np.ndarray) -> Any:
    return replace(inputs, cells=np.ascontiguousarray(cells.reshape(-1)))


def waiting(quarters: float) -> Change:
    """Work permission of protection so many quarters after arrival, for arrivals of the trials and later."""

    def inputs_at(inputs: Any, quarter: int) -> Any:
        if quarter < calendar().first_arrival:
            return inputs
        cells, part = _cells_of(inputs, PROTECTION)
        cells["work_wait"][part] = quarters
        return _with_cells(inputs, cells)

    return Change(f"wait of {quarters:g} quarters", inputs_at)


def more_job_courses(hazard: float) -> Change:
    """In the first quarter of the trials many sign up for job-related courses, and places are there."""

    def inputs_at(inputs: Any, quarter: int) -> Any:
        if quarter != calendar().start:
            return inputs
        cells, part = _cells_of(inputs)
        cells["advanced_signup"][part] = hazard
        return _with_cells(inputs, cells)

    def before(model: Any, quarter: int) -> None:
        if quarter == calendar().start:
            for ms in model.inputs.member_states:
                model.institutions[ms][0].advanced.carried += PLACES_FOR_ALL

    return Change("more job-related courses", inputs_at, before)


def better_classes(exam: float) -> Change:
    """Language classes for all with protection soon after arrival, with places and a better exam, from the trials' first arrivals."""

    def inputs_at(inputs: Any, quarter: int) -> Any:
        if quarter < calendar().first_arrival:
            return inputs
        cells, part = _cells_of(inputs, PROTECTION)
        cells["signup"][part] = cells["take_up"][part] = 1.0
        par = inputs.parameters.copy()
        par["exam_b1"] = exam
        return replace(_with_cells(inputs, cells), parameters=par)

    def before(model: Any, quarter: int) -> None:
        if quarter >= calendar().first_arrival:
            for ms in model.inputs.member_states:
                model.institutions[ms][0].basic.carried += PLACES_FOR_ALL

    return Change("more and better classes", inputs_at, before)


def childcare() -> Change:
    """Care of a child under six no longer holds women with protection back from courses and search, from the trials' start on."""

    def inputs_at(inputs: Any, quarter: int) -> Any:
        if quarter < calendar().start:
            return inputs
        cells, part = _cells_of(inputs, PROTECTION, FEMALE)
        cells["care_course"][part] = cells["care_search"][part] = 1.0
        return _with_cells(inputs, cells)

    return Change("childcare", inputs_at)


def attend(people: np.ndarray, learners: np.ndarray, quarter: int, parameters: np.ndarray) -> int:
    """Put persons into a basic class from this quarter on; returns the quarter in which it ends."""
    ends = quarter + max(1, int(float(parameters["course_quarters_basic"][0]) + 0.5))
    people["course"][learners] = COURSE_ATTENDING
    people["course_q"][learners] = ends
    return ends


def classes_assigned(members: Callable[[np.ndarray], np.ndarray], share: float) -> tuple[Change, Change]:
    """Control and treated arm of an assignment to basic classes at arrival: nobody followed attends otherwise; in the treated arm a
    keyed random share attends from the quarter after arrival."""

    def before(attending: bool) -> Callable[[Any, int], None]:
        def assign(model: Any, quarter: int) -> None:
            arrived = np.flatnonzero((model.people["arrival_q"] == quarter - 1) & members(model.people))
            if not len(arrived):
                return
            model.people["course"][arrived] = COURSE_DONE
            if attending:
                learners = arrived[model.people["language"][arrived] < B1]
                learners = learners[assigned(model.people["uid"][learners], share, model.seed_number)]
                attend(model.people, learners, quarter, model.inputs.parameters)

        return assign

    return Change("no classes", before=before(False)), Change("classes assigned", before=before(True))


def programme_of(kind: str, members: Callable[[np.ndarray], np.ndarray], share: float, classes: bool = False) -> Change:
    """A keyed random share joins a programme (model/programme.py) in the quarter after arrival, with `classes` after a basic class
    that begins at once."""
    number_of = codes.PROGRAMMES.index(kind)

    def before(model: Any, quarter: int) -> None:
        people = model.people
        joining = np.flatnonzero((people["arrival_q"] == quarter - 1) & members(people))
        joining = joining[assigned(people["uid"][joining], share, model.seed_number)]
        begin = np.full(len(joining), quarter)
        if classes:
            learners = people["language"][joining] < B1
            begin[learners] = attend(people, joining[learners], quarter, model.inputs.parameters)
        _join(model, joining, number_of, begin)

    return Change(f"{kind} on arrival{' after classes' if classes else ''}", before=before)


def programme_for_unemployed(kind: str, members: Callable[[np.ndarray], np.ndarray], share: float) -> Change:
    """A keyed random share of the unemployed joins a programme when the trials start."""
    number_of = codes.PROGRAMMES.index(kind)

    def before(model: Any, quarter: int) -> None:
        if quarter == calendar().start:
            people = model.people
            joining = np.flatnonzero(members(people) & (people["labour"] == UNEMPLOYED) & (people["presence"] == PRESENT))
            joining = joining[assigned(people["uid"][joining], share, model.seed_number)]
            _join(model, joining, number_of, np.full(len(joining), quarter))

    return Change(f"{kind} of the unemployed", before=before)


def _join(model: Any, joining: np.ndarray, kind: int, begin: np.ndarray) -> None:
    length = max(1, int(float(model.inputs.programmes["length"][kind]) + 0.5))
    model.people["programme"][joining] = kind + 1
    model.people["programme_q"][joining] = begin + length


# -- what is measured ----------------------------------------------------------------------------------------------------------


def paired(
    study: str, outcome: Callable[[Track], np.ndarray], ratio: bool = False, scale: float = 1.0
) -> Callable[[Track, Track, int], np.ndarray]:
    """Difference (or relative difference) between arms by quarters since arrival, times `scale`."""
    compare = estimator.relative if ratio else estimator.difference

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        at = (control.arrival_q, lags(study))
        return scale * compare(estimator.since(outcome(treated), *at), estimator.since(outcome(control), *at))

    return profile


def after_decision(study: str, short: float, long: float) -> Callable[[Track, Track, int], np.ndarray]:
    """Employment by quarters since work permission, longer against shorter wait, per year of waiting."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        early = estimator.since(control.employed(), control.arrival_q + int(short), lags(study))
        late = estimator.since(treated.employed(), treated.arrival_q + int(long), lags(study))
        return estimator.difference(late, early) / ((long - short) / 4.0)

    return profile


def of_compliers(study: str) -> Callable[[Track, Track, int], np.ndarray]:
    """Wald ratio among persons unemployed at level B1 when the trials start: employment over taking a job-related course."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        start = calendar().start
        eligible = (control.quarters["labour"][start - 1] == UNEMPLOYED) & (control.quarters["language"][start - 1] == B1)
        took = [(track.quarters["course"][start] == COURSE_ATTENDING)[eligible] for track in (treated, control)]
        at = (np.full(eligible.sum(), start), lags(study))
        values = [estimator.since(track.employed()[:, eligible], *at) for track in (treated, control)]
        return estimator.wald(*values, *took)

    return profile


def by_decision(study: str, outcome: Callable[[Track], np.ndarray], log: bool = False) -> Callable[[Track, Track, int], np.ndarray]:
    """Event study of full recognition among applicants, against those not yet recognised; log outcomes become relative ones."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        state = control.quarters["recognition"]
        new = (state[1:] == RECOGNISED) & (state[:-1] != RECOGNISED)
        when = np.where(new.any(axis=0), new.argmax(axis=0) + 1, -1)
        open_files = np.isin(state, (DOCUMENTS, DECISION_WAITING, BRIDGING_WAITING, BRIDGING))
        found = estimator.event_study(outcome(control), when, open_files, lags(study), int(number("event", study)))
        return np.expm1(found) if log else found

    return profile


def _mothers(track: Track, quarter: np.ndarray) -> np.ndarray:
    """Whether each has a child under six at her quarter."""
    youngest = estimator.since(track.quarters["youngest_q"], quarter, [0])[0]
    return (quarter - youngest < CHILD_Q) & (quarter >= youngest)


def integration_index(study: str) -> Callable[[Track, Track, int], np.ndarray]:
    """Relative change of an index of language and work (mean of level over its highest and employment), mothers of young children."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        start = np.full(len(control.uid), calendar().start)
        mine = _mothers(control, start)

        def index(track: Track) -> np.ndarray:
            values = 0.5 * track.employed() + 0.5 * track.quarters["language"] / (len(codes.LANGUAGE) - 1)
            return estimator.since(values[:, mine], start[mine], lags(study))

        return estimator.relative(index(treated), index(control))

    return profile


def course_participation(study: str) -> Callable[[Track, Track, int], np.ndarray]:
    """Share of mothers of young children on arrival who have ever attended a course, difference by quarters since arrival."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        mine = _mothers(control, control.arrival_q.astype(int))

        def ever(track: Track) -> np.ndarray:
            attending = track.quarters["course"][:, mine] == COURSE_ATTENDING
            attended = np.maximum.accumulate(attending, axis=0).astype(float)
            return estimator.since(attended, track.arrival_q[mine], lags(study))

        return estimator.difference(ever(treated), ever(control))

    return profile


def among_assigned(
    study: str, outcome: Callable[[Track], np.ndarray], share: float, hundreds: float
) -> Callable[[Track, Track, int], np.ndarray]:
    """Difference between arms of those assigned, who had not reached B1, by quarters since arrival, per hundred hours."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        on_arrival = estimator.since(control.quarters["language"], control.arrival_q, [0])[0]
        mine = (on_arrival < B1) & assigned(control.uid, share, seed)
        at = (control.arrival_q[mine], lags(study))
        found = [estimator.since(outcome(track)[:, mine], *at) for track in (treated, control)]
        return estimator.difference(*found) / hundreds

    return profile


def among_all_assigned(study: str, share: float) -> Callable[[Track, Track, int], np.ndarray]:
    """Difference in employment between arms of those assigned on arrival, by quarters since arrival."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        mine = assigned(control.uid, share, seed)
        at = (control.arrival_q[mine], lags(study))
        found = [estimator.since(track.employed()[:, mine], *at) for track in (treated, control)]
        return estimator.difference(*found)

    return profile


def among_unemployed(study: str, share: float, joined: float) -> Callable[[Track, Track, int], np.ndarray]:
    """Difference in employment between arms of those unemployed and assigned at the start, times the share of them who joined."""

    def profile(control: Track, treated: Track, seed: int) -> np.ndarray:
        start = calendar().start
        there = (control.quarters["presence"][start - 1] == PRESENT) & (control.quarters["labour"][start - 1] == UNEMPLOYED)
        mine = there & assigned(control.uid, share, seed)
        at = (np.full(mine.sum(), start), lags(study))
        found = [estimator.since(track.employed()[:, mine], *at) for track in (treated, control)]
        return joined * estimator.difference(*found)

    return profile


# -- the studies -----------------------------------------------------------------------------------------------------------------


def studies() -> list[Study]:
    """Every study in the order of calibration/data/effects.csv, roles tuning before held out."""
    lang, swiss = "lang_2018_job_language_de", "hainmueller_2016_waiting_ch"
    found = [
        Study(lang, ("DE",), BASELINE, more_job_courses(number("dose", lang)), residents, of_compliers(lang)),
    ]
    for name, outcome, log in (
        ("brucker_2021_recognition_employment_de", Track.employed, False),
        ("brucker_2021_recognition_wage_de", Track.log_wage, True),
    ):
        found.append(Study(name, ("DE",), BASELINE, BASELINE, qualified, by_decision(name, outcome, log)))
    short = scalar("work_permission")
    long = short + number("dose", swiss)
    found.append(Study(swiss, ("AT",), waiting(short), waiting(long), newcomers(), after_decision(swiss, short, long)))
    share, dahlberg = calendar().share, "dahlberg_2024_early_package_se"
    low = newcomers(education=LOW)
    package = programme_of("work_first", low, share, classes=True)
    found.append(Study(dahlberg, ("SE",), BASELINE, package, low, among_all_assigned(dahlberg, share)))
    for name, outcome in (
        ("fasani_2021_employment_ban_eu", Track.employed),
        ("fasani_2021_employment_ban_participation_eu", Track.active),
    ):
        ban = waiting(number("dose", name))
        found.append(Study(name, FASANI, waiting(0.0), ban, newcomers(), paired(name, outcome)))
    marbach = "marbach_2018_employment_ban_de"
    short, added = number("ban", marbach), float(round(number("dose", marbach)))
    # Waits count in whole quarters: the effect of the months of the study is that of whole quarters in proportion.
    longer = paired(marbach, Track.employed, scale=number("dose", marbach) / added)
    found.append(Study(marbach, ("DE",), waiting(short), waiting(short + added), newcomers(), longer))
    for name, outcome, ratio in (
        ("arendt_2020_language_reform_employment_dk", Track.employed, False),
        ("arendt_2020_language_reform_earnings_dk", Track.earnings, True),
    ):
        classes = better_classes(number("dose", name))
        found.append(Study(name, ("DK",), BASELINE, classes, newcomers(), paired(name, outcome, ratio)))
    for name, outcome in (
        ("lochmann_2019_language_participation_fr", Track.active), ("lochmann_2018_language_employment_fr", Track.employed),
    ):  # fmt: skip
        hundreds = number("dose", name)
        arms = classes_assigned(newcomers(None), share)
        per_hundred = hundreds if name.endswith("participation_fr") else 1.0
        found.append(Study(name, ("FR",), *arms, newcomers(None), among_assigned(name, outcome, share, per_hundred)))
    index, sign = "gambaro_2021_childcare_index_de", "gambaro_2024_childcare_course_sign_de"
    refugees = mothers_of(calendar().first_arrival, calendar().last_arrival)
    ukrainians = mothers_of(calendar().first_ukraine, calendar().last_ukraine)
    found.append(Study(index, ("DE",), BASELINE, childcare(), refugees, integration_index(index)))
    found.append(Study(sign, ("DE",), BASELINE, childcare(), ukrainians, course_participation(sign)))
    early = early_newcomers
    mentoring = programme_for_unemployed("mentoring", early, share)
    for name in ("mentoring_jaschke_2022_de", "mentoring_battisti_2019_month_6_de", "mentoring_battisti_2019_month_12_de"):
        found.append(Study(name, ("DE",), BASELINE, mentoring, early, among_unemployed(name, share, number("dose", name))))
    joona = "mentoring_joona_2012_coaching_se"
    coaching = programme_of("mentoring", newcomers(), share)
    found.append(Study(joona, ("SE",), BASELINE, coaching, newcomers(), among_all_assigned(joona, share)))
    return found
