"""Shapley values of a game with few or with many players: exact from all coalitions, or estimated from pairs of them.

A coalition is an integer whose bits are its members. The estimate is the weighted regression on coalition membership whose
solution over all coalitions is the Shapley value (Charnes et al. 1988; Lundberg and Lee 2017), from pairs of a coalition and
its complement (Covert and Lee 2021): parts add up to the value of everybody exactly, and games whose members interact by twos
are solved exactly from any pairs that identify them. Only interactions of three and more leave an error.

Where every value is noisy and few can be had, balanced() says which to take: pairs from the rows of a Hadamard matrix, so that each
player's part is a mean over all pairs (Plackett and Burman 1946), exact too for games whose members interact by twos.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import hadamard


def weights(number: int) -> np.ndarray:
    """[player, coalition]: what the value of each coalition of `number` players counts in each player's Shapley value."""
    sets = np.arange(1 << number)
    size = np.array([bin(one).count("1") for one in sets])
    found = np.zeros((number, len(sets)))
    for player in range(number):
        has = (sets >> player) & 1 == 1
        others = np.where(has, size - 1, size)
        orders = [math.factorial(s) * math.factorial(number - s - 1) if s < number else 0 for s in others]
        found[player] = np.where(has, 1.0, -1.0) * np.array(orders) / math.factorial(number)
    return found


@dataclass(frozen=True)
class Design:
    """Which coalitions are valued: all, or the empty one, everybody, and pairs of complements."""

    players: int
    coalitions: tuple[int, ...]  # the empty one first, everybody second, then pairs of complements
    exact: bool
    stratum: tuple[int, ...] = ()  # of each pair (coalitions 2 and 3, 4 and 5, ...): size of its smaller coalition


def fewest(players: int) -> int:
    """How many coalitions an estimate needs: every player alone, everybody else, and two pairs of each other size."""
    return 1 << players if players <= 3 else min(1 << players, 2 + 2 * players + 4 * (players // 2 - 1))


def design(players: int, most: int, seed: int) -> Design:
    """The coalitions to value, at most `most` of them; raises ValueError below fewest(players).

    Pairs with one player alone are all in; the others are drawn without replacement within sizes, in proportion to the weight
    of the size in the regression, at least two of each size.
    """
    everybody = (1 << players) - 1
    if 1 << players <= most:
        halves = [coalition for one in range(1, 1 << (players - 1)) for coalition in (one, everybody ^ one)]
        return Design(players, (0, everybody, *halves), True)
    if most < fewest(players):
        raise ValueError(f"{players} players need {fewest(players)} coalitions")
    chosen, stratum = [1 << player for player in range(players)], [1] * players
    sizes = list(range(2, players // 2 + 1))
    generator = np.random.Generator(np.random.PCG64(seed))
    for size, number in zip(sizes, _allocate(players, sizes, (most - 2) // 2 - players), strict=True):
        taken: set[int] = set()
        while len(taken) < number:
            members = generator.choice(players, size, replace=False)
            one = int(sum(1 << int(player) for player in members))
            if 2 * size == players and not one & 1:
                one = everybody ^ one  # of two complements of the same size the one with the first player
            taken.add(one)
        chosen += sorted(taken)
        stratum += [size] * number
    pairs = [coalition for one in chosen for coalition in (one, everybody ^ one)]
    return Design(players, (0, everybody, *pairs), False, tuple(stratum))


def pairs_of_size(players: int, size: int) -> int:
    """How many pairs of complements have a smaller coalition of this size."""
    return math.comb(players, size) // (2 if 2 * size == players else 1)


def _mass(players: int, size: int) -> float:
    """Weight of all pairs of a size in the regression."""
    return (2.0 - (2 * size == players)) * (players - 1) / (size * (players - size))


def _allocate(players: int, sizes: list[int], pairs: int) -> list[int]:
    """How many pairs of each size: two each, the others one by one where weight per pair is largest, as far as there are any."""
    number = [min(2, pairs_of_size(players, size)) for size in sizes]
    while sum(number) < pairs:
        left = [_mass(players, size) / n if n < pairs_of_size(players, size) else 0.0 for size, n in zip(sizes, number, strict=True)]
        number[int(np.argmax(left))] += 1
    return number


def estimate(chosen: Design, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parts [player, ...] and their standard error from the choice of coalitions, from values [coalition, ...].

    Values are those of Design.coalitions in order, less that of the empty one. The error is a stratified jackknife over the
    pairs that were drawn, with finite-population correction; zero when all coalitions are valued.
    """
    values = np.asarray(values, dtype=float) - np.asarray(values, dtype=float)[:1]
    if chosen.exact:
        ordered = np.empty_like(values)
        ordered[list(chosen.coalitions)] = values
        parts = np.tensordot(weights(chosen.players), ordered, axes=1)
        return parts, np.zeros_like(parts)
    players, stratum = chosen.players, np.array(chosen.stratum)
    members = np.array([[one >> player & 1 for player in range(players)] for one in chosen.coalitions[2::2]], dtype=float)
    everybody = values[1].reshape(-1)
    odd = ((values[2::2] - values[3::2] + values[1]) / 2.0).reshape(len(stratum), -1)

    def solve(kept: np.ndarray) -> np.ndarray:
        weight = np.zeros(len(stratum))
        for size in np.unique(stratum):
            mine = kept & (stratum == size)
            weight[mine] = _mass(players, int(size)) / mine.sum()
        return _constrained(members, odd, weight, everybody)

    every = np.ones(len(stratum), dtype=bool)
    parts = solve(every)
    variance = np.zeros_like(parts)
    for size in np.unique(stratum):
        mine = np.flatnonzero(stratum == size)
        known = len(mine) / pairs_of_size(players, int(size))
        if known == 1.0:
            continue
        without = []
        for pair in mine:
            kept = every.copy()
            kept[pair] = False
            without.append(solve(kept))
        spread = ((np.stack(without) - np.mean(without, axis=0)) ** 2).sum(axis=0)
        variance += (1.0 - known) * (len(mine) - 1) / len(mine) * spread
    shape = (players, *values.shape[1:])
    return parts.reshape(shape), np.sqrt(variance).reshape(shape)


def order(players: int) -> int:
    """Pairs of a balanced choice: the smallest power of two that is not below the number of players, at least two."""
    return max(2, 1 << (players - 1).bit_length())


def balanced(players: int, seed: int) -> tuple[Design, np.ndarray]:
    """Coalitions for parts from noisy values, and the signs [pair, player] by which balanced_parts() reads them.

    The first pair is everybody and nobody; which player has which column is drawn.
    """
    size = order(players)
    columns = np.random.Generator(np.random.PCG64(seed)).permutation(size)[:players]
    signs = hadamard(size)[:, columns]
    members = [int(sum(1 << player for player in range(players) if row[player] > 0)) for row in signs]
    everybody = (1 << players) - 1
    pairs = [coalition for one in members[1:] for coalition in (one, everybody ^ one)]
    return Design(players, (0, everybody, *pairs), False), signs


def contrasts(values: np.ndarray) -> np.ndarray:
    """Value of one of each pair less that of its complement [pair, ...], everybody and nobody first, from values [coalition, ...]
    of a Design."""
    return np.concatenate([values[1:2] - values[:1], values[2::2] - values[3::2]])


def balanced_parts(signs: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Parts [player, ...] from values [coalition, ...] of balanced(): the mean of signed contrasts."""
    return np.tensordot(signs.T, contrasts(values), axes=1) / len(signs)


def _constrained(members: np.ndarray, odd: np.ndarray, weight: np.ndarray, everybody: np.ndarray) -> np.ndarray:
    """Least squares of odd [pair, value] on members [pair, player], parts adding up to `everybody`: [player, value]."""
    players = members.shape[1]
    normal = np.zeros((players + 1, players + 1))
    normal[:players, :players] = members.T @ (weight[:, None] * members)
    normal[players, :players] = normal[:players, players] = 1.0
    right = np.vstack([members.T @ (weight[:, None] * odd), everybody])
    return np.linalg.solve(normal, right)[:players]
