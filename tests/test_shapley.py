"""Shapley values from all coalitions and from some: efficiency, exactness where it is promised, and an error that is one."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from scenarios import shapley
from scenarios.measures import Coalitions, intervals


def members(coalition, players):
    return np.array([coalition >> player & 1 for player in range(players)], dtype=float)


def game(players, g, triples=0.0):
    """Value of a coalition: its members' own, their pairs', and as much as said of interactions of three."""
    own, pairs = g.normal(size=players), np.triu(g.normal(size=(players, players)), 1)
    three = triples * g.normal(size=(players, players, players))

    def value(coalition):
        x = members(coalition, players)
        return own @ x + x @ pairs @ x + np.einsum("ijk,i,j,k", three, x, x, x)

    return value


def of_all(players, value):
    """Averaged over all orders, by definition."""
    parts = np.zeros(players)
    orders = list(itertools.permutations(range(players)))
    for order in orders:
        coalition, before = 0, value(0)
        for player in order:
            coalition |= 1 << player
            after = value(coalition)
            parts[player] += after - before
            before = after
    return parts / len(orders)


@pytest.mark.parametrize("players", [2, 3, 6])
def test_all_coalitions_give_the_mean_over_orders(players):
    value = game(players, np.random.default_rng(players), triples=1.0)
    chosen = shapley.design(players, 64, 1)
    assert chosen.exact and sorted(chosen.coalitions) == list(range(1 << players))
    parts, error = shapley.estimate(chosen, [value(one) for one in chosen.coalitions])
    assert parts == pytest.approx(of_all(players, value), rel=1e-9, abs=1e-12) and not error.any()


@pytest.mark.parametrize("players", [4, 5, 7, 8, 10, 12])
def test_interactions_of_two_are_solved_exactly_from_pairs(players):
    """And so is any number of values at once; never more than the coalitions asked for, none twice."""
    most = max(shapley.fewest(players), 30) if players > 5 else shapley.fewest(players)
    value = game(players, np.random.default_rng(players))
    chosen = shapley.design(players, most, 5)
    assert len(chosen.coalitions) == len(set(chosen.coalitions)) <= most
    values = np.array([[value(one), -2.0 * value(one)] for one in chosen.coalitions])
    parts, error = shapley.estimate(chosen, values)
    every = np.array([value(one) for one in range(1 << players)])
    exact = shapley.weights(players) @ every
    assert parts == pytest.approx(np.stack([exact, -2.0 * exact], axis=1), abs=1e-9)
    assert error == pytest.approx(0.0, abs=1e-9)


def test_parts_add_up_whatever_the_game():
    """Efficiency holds exactly for estimates too, and a measure without any effect that interacts with none gets nothing."""
    g = np.random.default_rng(3)
    base = game(9, g, triples=1.0)
    chosen = shapley.design(10, 64, 2)
    values = np.array([base(one & 0b111111111) for one in chosen.coalitions])
    parts, error = shapley.estimate(chosen, values)
    assert parts.sum() == pytest.approx(values[1], rel=1e-9)
    assert abs(parts[9]) < 5 * error[9]


def test_the_standard_error_is_that_of_the_choice():
    """Games with interactions of three, ten players, 64 coalitions: over 60 choices the distance from the truth has the size of the
    stated error. 600 distances in errors, far from independent within a choice; within 0.7 to 1.4 the error rate is below 1e-3."""
    g = np.random.default_rng(4)
    value = game(10, g, triples=0.2)
    every = np.array([value(one) for one in range(1 << 10)])
    exact = shapley.weights(10) @ every
    distances = []
    for choice in range(60):
        chosen = shapley.design(10, 64, choice)
        parts, error = shapley.estimate(chosen, every[list(chosen.coalitions)])
        distances.append((parts - exact) / error)
    assert 0.7 < np.sqrt(np.mean(np.square(distances))) < 1.4


@pytest.mark.parametrize("players", range(2, 16))
def test_fewest_is_enough(players):
    """As few as fewest() says identify every part; one fewer is refused."""
    needed = shapley.fewest(players)
    chosen = shapley.design(players, needed, 1)
    value = game(players, np.random.default_rng(1))
    parts, _ = shapley.estimate(chosen, [value(one) for one in chosen.coalitions])
    assert np.isfinite(parts).all()
    with pytest.raises(ValueError, match=str(needed)):
        shapley.design(players, needed - 1, 1)


@pytest.mark.parametrize("players", [2, 3, 5, 11, 16, 17])
def test_balanced_coalitions_solve_interactions_of_two_exactly(players):
    """Twice as many coalitions as the next power of two, none twice; players without interactions of three get their exact part."""
    value = game(players, np.random.default_rng(players))
    chosen, signs = shapley.balanced(players, 7)
    assert len(set(chosen.coalitions)) == len(chosen.coalitions) == 2 * shapley.order(players) < 4 * players + 1
    values = np.array([value(one) for one in chosen.coalitions])
    alone = np.array([value(1 << player) - value(0) for player in range(players)])
    everybody = (1 << players) - 1
    last = np.array([value(everybody) - value(everybody ^ 1 << player) for player in range(players)])
    assert shapley.balanced_parts(signs, values) == pytest.approx((alone + last) / 2.0, abs=1e-9)


def test_noise_of_balanced_parts_is_that_of_a_contrast_over_their_number():
    """Values that are noise of variance one, 2 000 times: parts of variance 2 / 16, to within five standard errors of a variance."""
    chosen, signs = shapley.balanced(11, 1)
    noise = np.random.default_rng(2).normal(size=(len(chosen.coalitions), 2000))
    found = shapley.balanced_parts(signs, noise).var(axis=1, ddof=1)
    assert found == pytest.approx(np.full(11, 2.0 / 16.0), rel=5 * np.sqrt(2 / 2000))


def small_mix(parameters, noise, draws, seeds, g, measures=6):
    """Coalitions of a constructed mix of one outcome and place: parts that add up, plus noise of every run."""
    own = np.linspace(1.0, 3.0, measures)
    chosen = shapley.design(measures, 64, 1)

    def runs(coalitions, part):
        return np.array([members(one, measures) @ part for one in coalitions]) + noise * g.normal(size=len(coalitions))

    values = np.stack([runs(chosen.coalitions, own) for _ in range(seeds)])
    values -= values[:, :1]
    drawn = np.zeros((draws, measures + 1))
    for d in range(draws):
        pairs, signs = shapley.balanced(measures, d)
        found = runs(pairs.coalitions, own + parameters * g.normal(size=measures))
        drawn[d] = [*shapley.balanced_parts(signs, found), found[1] - found[0]]
    labels = tuple(map(str, range(measures)))
    return own, Coalitions("mix", labels, chosen, values[..., None, None], drawn[..., None, None])


@pytest.mark.parametrize("away", [-20.0, 0.0, 20.0])
def test_an_interval_of_parts_holds_the_error_at_the_centre(away):
    """Draws far from the centre: the interval reaches from around their mean to the centre and its error there, which without draws is
    the whole interval."""
    _, one = small_mix(0.3, 1.0, 4, 2, np.random.default_rng(6))
    one = replace(one, drawn=one.drawn + away)
    low, high, _ = intervals(one)
    own_low, own_high, _ = intervals(replace(one, drawn=one.drawn[:0]))
    place = one.drawn.mean(axis=0)
    assert (low <= own_low).all() and (high >= own_high).all() and ((low <= place) & (place <= high)).all()
    if away:
        near, wanted = (high, own_high) if away < 0 else (low, own_low)
        assert near == pytest.approx(wanted)
    alone = replace(one, values=one.values[:1])
    low, high, _ = intervals(alone)  # a single seed has no error: the centre itself is held
    middle = shapley.estimate(alone.chosen, alone.values[0])[0]
    assert (low[:-1] <= middle).all() and (middle <= high[:-1]).all()


@pytest.mark.parametrize(("parameters", "noise", "draws"), [(0.0, 1.0, 4), (0.3, 1.0, 4), (1.0, 1.0, 4), (1.0, 0.0, 4), (0.0, 1.0, 0)])
def test_intervals_of_parts_hold_what_they_promise(parameters, noise, draws):
    """200 constructed mixes of six measures: the part in a further draw is inside in 90 % (found: 0.89 to 0.99; at least 0.87, three
    standard errors below 0.9); without noise none is said to be noise, without parameters most is."""
    g = np.random.default_rng(5)
    inside, shares = [], []
    for _ in range(200):
        own, one = small_mix(parameters, noise, draws, 2, g)
        low, high, share = (values[:-1, 0, 0] for values in intervals(one))
        true = own + parameters * g.normal(size=len(own))
        inside.append((low <= true) & (true <= high))
        shares.append(share)
    assert np.mean(inside) > 0.87
    if noise == 0.0:
        assert np.max(shares) < 1e-9
    elif parameters < 0.5:
        assert np.median(shares) > 0.5
    else:
        assert 0.1 < np.median(shares) < 0.9
