"""What language, recognition, courses and waiting do to search: exact multipliers on one person."""

from dataclasses import replace

import numpy as np
import pytest
from small_run import inputs_for

from model.cell import SHAPE
from model.codes import (
    A1, A2, B1, C1, COURSE_DONE, JOB_COURSE_DONE, MEMBER_STATES, NOT_APPLIED, OTHER, PROTECTION, RECOGNISED, REFUSED, UNEMPLOYED,
)  # fmt: skip
from model.labour_market import LONGEST_SEARCH, UKRAINE_FIRST_Q, search
from model.person import PERSON, SEARCH

ROUNDING = 1.5 / SEARCH  # search is written in whole 1/32768
SE, HIGH, MALE = MEMBER_STATES.index("SE"), 2, 1


@pytest.fixture(scope="module")
def inputs():
    return inputs_for()


def graduate(**fields):
    """One unemployed graduate of the non-EU-born with protection, 30 years old, at quarter 0."""
    people = np.zeros(1, dtype=PERSON)
    plain = dict(
        member_state=SE, group=PROTECTION, sex=MALE, education=HIGH, birth_q=-120, arrival_q=-12, completion_q=-30, labour_q=-4,
        labour=UNEMPLOYED, language=B1,
    )  # fmt: skip
    for name, value in {**plain, **fields}.items():
        people[name] = value
    return people


def found(inputs, people, t=0, finding=None, wait=0.0):
    """Search for skilled and for other jobs, hazards."""
    cells = inputs.cells.reshape(SHAPE)[SE, PROTECTION, MALE, HIGH, 1].copy()
    cells["work_wait"] = wait
    rate = inputs.rates[SE, 2, MALE, HIGH, 15].copy()
    if finding is not None:
        rate["finding"] = finding
    search(people[0], t, rate, cells, inputs.parameters[0], 1.0, False)
    return people["search_skilled"][0] / SEARCH, people["search_other"][0] / SEARCH


def test_recognition_opens_skilled_jobs_and_takes_no_other_job_away(inputs):
    """From unrecognised to recognised in a regulated profession search for skilled jobs rises by the ratio of the two parameters and
    search for other jobs stays; refused counts as unrecognised."""
    par = inputs.parameters[0]
    closed = found(inputs, graduate(qualification=2, recognition=NOT_APPLIED), finding=0.02)
    opened = found(inputs, graduate(qualification=2, recognition=RECOGNISED), finding=0.02)
    ratio = par["skilled_regulated_recognised"] / par["skilled_regulated_unrecognised"]
    assert ratio > 5.0
    assert opened[0] / closed[0] == pytest.approx(ratio, rel=2 * ROUNDING / closed[0])
    assert opened[1] == closed[1] > 0.0
    assert found(inputs, graduate(qualification=2, recognition=REFUSED), finding=0.02) == closed


def test_language_opens_skilled_jobs_beside_what_it_adds_to_all(inputs):
    """C1 against B1: the same search for other jobs, `skilled_c1` as much for skilled ones; below B1 both fall with language_search."""
    par = inputs.parameters[0]
    middle, high = (found(inputs, graduate(language=level), finding=0.05) for level in (B1, C1))
    assert high[1] == middle[1]
    assert high[0] / middle[0] == pytest.approx(par["skilled_c1"], rel=2 * ROUNDING / middle[0])
    for level, search_name, skilled_name in ((A2, "language_search_a2", "skilled_a2"), (A1, None, "skilled_a1")):
        low = found(inputs, graduate(language=level), finding=0.05)
        less = np.exp((par[search_name] if search_name else 0.0) - par["language_search_b1"])
        assert low[1] / middle[1] == pytest.approx(less, rel=2 * ROUNDING / low[1])
        assert low[0] / middle[0] == pytest.approx(less * par[skilled_name], rel=2 * ROUNDING / low[0])


def test_search_stays_below_its_bound_at_the_same_odds(inputs):
    """Where access would bring the hazards above 0.95 both are scaled down alike."""
    skilled, other = found(inputs, graduate(qualification=2, recognition=RECOGNISED), finding=0.9)
    free = found(inputs, graduate(qualification=2, recognition=RECOGNISED), finding=0.02)
    assert skilled + other == pytest.approx(LONGEST_SEARCH, abs=2 * ROUNDING)
    assert skilled / other == pytest.approx(free[0] / free[1], rel=0.01)


def test_a_completed_job_related_course_multiplies_search(inputs):
    par = inputs.parameters[0]
    before, after = (found(inputs, graduate(course=course), finding=0.05) for course in (COURSE_DONE, JOB_COURSE_DONE))
    assert sum(after) / sum(before) == pytest.approx(np.exp(par["job_course_search"]), rel=3 * ROUNDING / sum(before))


def test_waiting_is_counted_and_leaves_a_scar_that_fades(inputs):
    """A quarter without permission is a quarter of no search that is counted; later each lowers log search by `wait_scar`, less with
    stay, nothing after `wait_fade`. Who came from Ukraine may work at once."""
    par = inputs.parameters[0]
    waiting = graduate(arrival_q=-2)
    assert found(inputs, waiting, wait=4.0) == (0.0, 0.0) and waiting["waited"][0] == 1
    ukraine = graduate(arrival_q=UKRAINE_FIRST_Q, labour_q=UKRAINE_FIRST_Q)
    assert sum(found(inputs, ukraine, t=UKRAINE_FIRST_Q + 1, wait=4.0)) > 0.0 and ukraine["waited"][0] == 0
    plain = sum(found(inputs, graduate(), finding=0.2))
    scarred = sum(found(inputs, graduate(waited=3), finding=0.2))
    left = 1.0 - 12.0 / par["wait_fade"]
    assert np.log(plain / scarred) == pytest.approx(3 * par["wait_scar"] * left, abs=3 * ROUNDING / scarred)
    faded = graduate(waited=3, arrival_q=-int(par["wait_fade"]) - 1)
    assert sum(found(inputs, faded, finding=0.2)) == plain


def test_access_changes_nothing_for_others(inputs):
    """Natives and EU-born have access one whatever the fields of the others say."""
    for group in (0, 1):
        people = graduate(group=group, language=A1, arrival_q=-120 if group == 0 else -12)
        same = graduate(group=group, language=C1, arrival_q=-120 if group == 0 else -12)
        abroad = graduate(group=group, qualification=2, recognition=NOT_APPLIED, arrival_q=-120 if group == 0 else -12)
        assert found(inputs, people) == found(inputs, same) == found(inputs, abroad)


def test_upgrading_needs_access(inputs):
    """Graduates in other jobs search for skilled ones in proportion to access."""
    par = inputs.parameters[0]
    rare = replace(inputs, rates=inputs.rates.copy())
    rare.rates["upgrade"] = 0.02
    closed, opened = (
        found(rare, graduate(labour=OTHER, qualification=2, recognition=state))[0] for state in (NOT_APPLIED, RECOGNISED)
    )
    ratio = par["skilled_regulated_recognised"] / par["skilled_regulated_unrecognised"]
    assert opened / closed == pytest.approx(ratio, rel=2 * ROUNDING / closed)
