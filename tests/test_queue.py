"""Queue discipline: class before wait before keyed tie; never more persons than places; fractions are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.load_inputs import parameters
from model import queue
from model.codes import (
    A1,
    B1,
    BRIDGING,
    BRIDGING_WAITING,
    COURSE_ATTENDING,
    COURSE_WAITING,
    DECISION_WAITING,
    PRESENT,
)  # fmt: skip
from model.institution import Places
from model.person import NO_CHILD, PERSON

T, SEED = 20, 7
KINDS = (queue.BASIC, queue.ADVANCED, queue.DECISIONS, queue.BRIDGING_PLACES)


@pytest.fixture(scope="module")
def par():
    """Mechanism parameters, [1]."""
    return parameters()


def waiting(kind, joined, weight=1, group=6, uid=None):
    """People waiting in one queue: joined, weight, group [n] or scalars; uid 1000, 1001, ... unless given."""
    joined = np.atleast_1d(joined)
    people = np.zeros(len(joined), dtype=PERSON)
    people["uid"] = np.arange(1000, 1000 + len(joined)) if uid is None else uid
    people["presence"], people["weight"], people["group"] = PRESENT, weight, group
    people["birth_q"], people["arrival_q"], people["youngest_q"] = T - 120, T - 30, NO_CHILD
    people["sex"], people["education"], people["qualification"] = 1, 2, 2
    if kind <= queue.ADVANCED:
        people["course"], people["course_q"] = COURSE_WAITING, joined
        people["language"] = A1 if kind == queue.BASIC else B1
    else:
        people["recognition"] = DECISION_WAITING if kind == queue.DECISIONS else BRIDGING_WAITING
        people["recognition_q"] = joined
    return people


def served(people, kind):
    """Who got a place."""
    if kind <= queue.ADVANCED:
        return people["course"] == COURSE_ATTENDING
    if kind == queue.DECISIONS:
        return people["recognition"] != DECISION_WAITING
    return people["recognition"] == BRIDGING


def admit(people, kind, par, places, queued=None, t=T, seed=SEED):
    """queue.admit over everyone, or over the given indices."""
    queued = np.arange(len(people)) if queued is None else np.asarray(queued, dtype=np.int64)
    return queue.admit(people, queued, kind, t, seed, par, float(places))


people_in_queue = st.lists(
    st.tuples(st.integers(T - 40, T), st.integers(1, 300), st.sampled_from([2, 3, 5, 6])), min_size=1, max_size=40
)


@settings(max_examples=150, deadline=None)
@given(rows=people_in_queue, kind=st.sampled_from(KINDS), places=st.floats(0.0, 4000.0))
def test_never_more_than_places_and_the_rest_is_returned(par, rows, kind, places):
    """Admitted persons are at most the places, what is left over is returned, and a place is left only if the next in
    line does not fit whole."""
    people = waiting(kind, *map(np.array, zip(*rows, strict=True)))
    before, admitted, left = admit(people, kind, par, places)
    got = served(people, kind)
    assert before == people["weight"].astype(int).sum()
    assert admitted == people["weight"][got].astype(int).sum() <= places
    assert left == pytest.approx(places - admitted)
    if not got.all():
        assert left < people["weight"][~got].max()


@settings(max_examples=150, deadline=None)
@given(rows=people_in_queue, kind=st.sampled_from(KINDS), places=st.floats(0.0, 4000.0))
def test_class_before_wait(par, rows, kind, places):
    """Nobody is admitted while somebody of a better class, or of the same class with a longer wait, is left waiting.
    Protection is the better class in language courses; in recognition there is one class."""
    people = waiting(kind, *map(np.array, zip(*rows, strict=True)))
    admit(people, kind, par, places)
    got = served(people, kind)
    rank = np.where((people["group"] == queue.PROTECTION) | (kind > queue.ADVANCED), 0, 1)
    joined = np.array([row[0] for row in rows])
    place = rank * 1000 + joined
    if got.any() and not got.all():
        assert place[got].max() <= place[~got].min()


@settings(max_examples=100, deadline=None)
@given(
    rows=people_in_queue,
    kind=st.sampled_from(KINDS),
    places=st.floats(0.0, 4000.0),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_the_array_is_irrelevant(par, rows, kind, places, order):
    """The same persons are admitted however they stand in the array and in the list of the waiting."""
    columns = list(map(np.array, zip(*rows, strict=True)))
    people = waiting(kind, *columns)
    admit(people, kind, par, places)
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    others = waiting(kind, *(column[shuffled] for column in columns), uid=1000 + np.array(shuffled))
    backwards = np.arange(len(rows))[::-1]
    admit(others, kind, par, places, queued=backwards)
    first = set(people["uid"][served(people, kind)].tolist())
    assert first == set(others["uid"][served(others, kind)].tolist())


def test_ties_are_keyed(par):
    """Among equals the seed and the quarter decide, not the identifier: over 200 quarters each of ten equals is
    admitted to three places in 30 % of cases within four standard errors (ten people: 6 in 10 000)."""
    times = np.zeros(10)
    for t in range(200):
        people = waiting(queue.BASIC, np.full(10, t - 5))
        assert admit(people, queue.BASIC, par, 3, t=t)[1] == 3
        times += served(people, queue.BASIC)
    error = (0.3 * 0.7 / 200) ** 0.5
    assert np.abs(times / 200 - 0.3).max() < 4.0 * error
    chosen = [tuple(_admitted(par, seed)) for seed in range(20)]
    assert len(set(chosen)) > 10
    assert chosen == [tuple(_admitted(par, seed)) for seed in range(20)]


def _admitted(par, seed):
    people = waiting(queue.BASIC, np.full(10, T - 5))
    admit(people, queue.BASIC, par, 3, seed=seed)
    return np.flatnonzero(served(people, queue.BASIC))


def test_one_more_at_the_end_of_the_line_changes_nobody_ahead(par):
    """A latecomer does not change who of the others is admitted."""
    joined = np.array([T - 6, T - 6, T - 6, T - 3, T - 3, T - 1])
    people, more = waiting(queue.BASIC, joined), waiting(queue.BASIC, np.append(joined, T))
    for some in (people, more):
        admit(some, queue.BASIC, par, 4)
    np.testing.assert_array_equal(served(people, queue.BASIC), served(more, queue.BASIC)[:-1])


@pytest.mark.parametrize("kind", KINDS)
def test_only_who_waits_in_this_queue_is_admitted(par, kind):
    """People in the three other queues, or in none, are neither counted nor served."""
    people = np.concatenate([waiting(other, T - 3) for other in KINDS] + [np.zeros(1, dtype=PERSON)])
    before = people.copy()
    found, admitted, left = admit(people, kind, par, 100)
    assert (found, admitted, left) == (1, 1, 99)
    changed = [i for i in range(len(people)) if people[i] != before[i]]
    assert changed == [kind]


def test_an_empty_queue_leaves_every_place(par):
    """Nobody waits: nobody is admitted, all places come back."""
    people = np.zeros(3, dtype=PERSON)
    assert admit(people, queue.BASIC, par, 5.5) == (0, 0, 5.5)
    assert admit(people, queue.BASIC, par, 5.5, queued=[]) == (0, 0, 5.5)


def test_very_long_waits_count_as_the_longest(par):
    """Waits beyond the longest counted one share a bucket and still come before shorter ones."""
    people = waiting(queue.BASIC, np.array([T - 500, T - 10, T - 300]))
    admit(people, queue.BASIC, par, 2)
    np.testing.assert_array_equal(served(people, queue.BASIC), [True, False, True])


def test_fractions_of_a_place_carry_over(par):
    """With three quarters of a place a quarter and people of weight one, three are admitted in four quarters; without a
    queue nothing is saved up."""
    places = Places(0.75, wait=1.0, adjustment=0.0)
    people = waiting(queue.BASIC, np.full(10, T - 5))
    queued = np.arange(len(people))
    admitted = [places.admit(people, queued, queue.BASIC, T + q, SEED, par, 0.0)[2] for q in range(4)]
    assert admitted == [0, 1, 1, 1]
    for q in range(3):
        places.admit(people, queued[:0], queue.BASIC, T + q, SEED, par, 0.0)
    assert places.carried == 0.0
