"""The keyed generator: uniform and independent over neighbours in every part of the key, and the same in any order.

Seeds are fixed, so the tests are deterministic; ERROR_RATE is the chance that a perfect generator would have failed
one of them for the seeds chosen, Bonferroni over the comparisons inside the test.
"""

import math
from itertools import permutations

import numpy as np
import person_engine
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy.stats import chi2, kstest, norm

from model import draw
from model.codes import MEMBER_STATES
from model.person import pack_uid

ERROR_RATE = 1e-6
N = 200_000
CELLS = 64
FIRST_UID = int(pack_uid(MEMBER_STATES.index("DE"), 5, 31, 0))
# Draws of seed 1, first quarter, person 0 of those who came to Germany for protection in the last quarter of 2024.
KNOWN = [0.49739054773507185, 0.6296497869883536, 0.7851763662947023]
AXES = ("uid", "quarter", "process", "index", "seed")


@njit
def draws(seed, quarter, uid, process, index):
    """Uniform draws for arrays of keys."""
    out = np.empty(len(uid))
    for i in range(len(uid)):
        out[i] = draw.uniform(draw.person_key(seed[i], quarter[i], uid[i]), process[i], index[i])
    return out


@njit
def normals(seed, quarter, uid, process):
    """Standard normal draws for arrays of keys."""
    out = np.empty(len(uid))
    for i in range(len(uid)):
        out[i] = draw.normal(draw.person_key(seed, quarter, uid[i]), process)
    return out


def along(axis, n=N, **fixed):
    """Uniform draws where one part of the key takes n neighbouring values and the others stay fixed."""
    start = {"seed": 1, "quarter": -40, "uid": FIRST_UID, "process": 1, "index": 0, **fixed}
    key = {name: np.full(n, value, dtype=np.uint64 if name == "uid" else np.int64) for name, value in start.items()}
    key[axis] = key[axis] + np.arange(n).astype(key[axis].dtype)
    return draws(*(key[name] for name in ("seed", "quarter", "uid", "process", "index")))


def chi_square(counts, expected):
    """Upper tail probability of Pearson's statistic."""
    return chi2.sf(((counts - expected) ** 2 / expected).sum(), counts.size - 1)


# -- uniformity and independence --------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", AXES)
def test_neighbouring_draws_are_uniform(axis):
    """200 000 neighbours along one part of the key fill 64 cells evenly: chi-square, for the leading bits and, after
    scaling, for bits 20 and 40. Error rate 1e-6."""
    u = along(axis)
    for scale in (1.0, 2.0**20, 2.0**40):
        part = (u * scale) % 1.0
        counts = np.bincount((part * CELLS).astype(int), minlength=CELLS)
        assert chi_square(counts, N / CELLS) > ERROR_RATE / 3, scale
    assert kstest(u, "uniform").pvalue > ERROR_RATE


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("lag", [1, 2, 4, 64])
def test_neighbouring_draws_are_independent(axis, lag):
    """Pairs of draws one, two, four and 64 steps apart fill a 16 x 16 table evenly: chi-square. Error rate 1e-6."""
    u = along(axis)
    table = np.bincount((u[:-lag] * 16).astype(int) * 16 + (u[lag:] * 16).astype(int), minlength=256)
    assert chi_square(table, (N - lag) / 256.0) > ERROR_RATE


@pytest.mark.parametrize(("one", "other"), list(permutations(AXES, 2)))
def test_draws_of_neighbouring_keys_are_independent(one, other):
    """Draws along one axis and the draws of the same keys with another part of the key moved by one: a 16 x 16 table is
    filled evenly. Error rate 1e-6 for each pair of axes."""
    start = {"seed": 1, "quarter": -40, "uid": FIRST_UID, "process": 1, "index": 0}
    u, v = along(one), along(one, **{other: start[other] + 1})
    table = np.bincount((u * 16).astype(int) * 16 + (v * 16).astype(int), minlength=256)
    assert chi_square(table, N / 256.0) > ERROR_RATE


def test_every_process_of_a_person_quarter_is_independent_of_every_other():
    """The first draws of all pairs of processes, over 20 000 persons, are uncorrelated: largest of some 325
    correlations. Error rate 1e-6 (normal approximation, Bonferroni)."""
    n = 20_000
    u = np.array([along("uid", n, process=number) for number in draw.PROCESS.values()])
    r = np.corrcoef(u)[np.triu_indices(len(u), 1)]
    assert np.abs(r).max() * math.sqrt(n) < norm.isf(ERROR_RATE / 2 / r.size)


def test_cells_of_the_population_do_not_share_draws():
    """Persons with the same number in neighbouring Member States, groups and arrival quarters have independent draws:
    chi-square over a 16 x 16 table of 100 000 pairs each. Error rate 1e-6 (Bonferroni over three)."""
    n = 100_000
    first = int(pack_uid(5, 4, 10, 0))
    u = along("uid", n, uid=first)
    for neighbour in (pack_uid(6, 4, 10, 0), pack_uid(5, 5, 10, 0), pack_uid(5, 4, 11, 0)):
        v = along("uid", n, uid=int(neighbour))
        table = np.bincount((u * 16).astype(int) * 16 + (v * 16).astype(int), minlength=256)
        assert chi_square(table, n / 256.0) > ERROR_RATE / 3


def test_bits_are_fair():
    """Each of the 52 leading bits is set in half of 200 000 draws. Error rate 1e-6 (Bonferroni over 52 two-sided z-tests)."""
    integers = (along("uid") * 2.0**52).astype(np.int64)
    ones = np.array([(integers >> bit & 1).sum() for bit in range(52)])
    assert np.abs((ones - N / 2) / math.sqrt(N / 4)).max() < norm.isf(ERROR_RATE / 2 / 52)


def test_keys_of_persons_and_quarters_do_not_collide():
    """Keys of 2 000 persons in 100 quarters under 3 seeds are all different (chance of a collision: 1e-8)."""
    keys = {
        int(draw.person_key(seed, quarter, np.uint64(FIRST_UID + i)))
        for seed in (0, 1, 2) for quarter in range(-40, 60) for i in range(2_000)
    }  # fmt: skip
    assert len(keys) == 3 * 100 * 2_000


# -- range ------------------------------------------------------------------------------------------------------------


def scaled(bits):
    """What draw.uniform makes of 52 bits, written as there."""
    return (float(np.int64(bits)) + 0.5) * 2.220446049250313e-16


def test_never_zero_nor_next_to_the_bounds():
    """(bits + 0.5) / 2^52 of the lowest bits is above zero, so logarithms are finite, and of all but the very highest
    below one; over two million draws none comes near."""
    assert scaled(0) == 2.0**-53
    assert scaled(2**52 - 2) < 1.0
    u = np.concatenate([along("uid", 1_000_000), along("quarter", 1_000_000)])
    assert u.min() > 0.0 and u.max() < 1.0


def test_never_one():
    """The highest 52 bits, too, give a draw below one."""
    assert scaled(2**52 - 1) < 1.0


def test_draws_have_52_bits():
    """Draws are the 52-bit integers of the pure Python engine plus one half over 2^52, exactly."""
    for i in range(2_000):
        key = person_engine.person_key(3, i % 7, FIRST_UID + i)
        bits = person_engine.bits(key, draw.PROCESS["hiring"], i % 3)
        assert 0 <= bits < 2**52
        u = draw.uniform(np.uint64(key), draw.PROCESS["hiring"], i % 3)
        assert u == (bits + 0.5) / 2.0**52 and 0.0 < u < 1.0


@given(
    seed=st.integers(0, 2**31), quarter=st.integers(-360, 80), uid=st.integers(0, 2**64 - 1), process=st.integers(1,
    60),
    index=st.integers(0, 63),
)  # fmt: skip
def test_compiled_and_whole_number_draws_agree(seed, quarter, uid, process, index):
    """The compiled generator equals the one in whole numbers masked to 64 bits, for any key: no overflow, no sign."""
    key = draw.person_key(seed, quarter, np.uint64(uid))
    assert int(key) == person_engine.person_key(seed, quarter, uid)
    bits = person_engine.bits(int(key), process, index)
    assert draw.uniform(np.uint64(key), process, index) == (bits + 0.5) / 2.0**52


# -- normals ----------------------------------------------------------------------------------------------------------


def test_normal_moments():
    """Mean, variance, skewness and kurtosis of 200 000 normal draws, and their distribution. Error rate 1e-6
    (Bonferroni over four z-tests and a Kolmogorov-Smirnov test)."""
    uid = np.uint64(FIRST_UID) + np.arange(N, dtype=np.uint64)
    x = normals(1, 3, uid, draw.PROCESS["match"])
    bound = norm.isf(ERROR_RATE / 2 / 5)
    assert abs(x.mean()) * math.sqrt(N) < bound
    assert abs((x**2).mean() - 1.0) * math.sqrt(N / 2) < bound
    assert abs((x**3).mean()) * math.sqrt(N / 15) < bound
    assert abs((x**4).mean() - 3.0) * math.sqrt(N / 96) < bound
    assert kstest(x, "norm").pvalue > ERROR_RATE / 5


# -- table of processes and order -------------------------------------------------------------------------------------


def test_process_table_is_frozen():
    """Process ids are part of every key. A new process is appended here and in model/draw.py; none is ever
    renumbered."""
    assert draw.PROCESS == {
        "layout": 1, "death": 2, "departure": 3, "birth": 4, "naturalisation": 5, "retirement": 6,
        "language_signup": 10,
        "language_queue": 11, "language_course": 12, "language_informal": 13, "language_take_up": 14,
        "recognition_apply": 20,
        "recognition_documents": 21, "recognition_queue": 22, "recognition_decision": 23, "bridging": 24,
        "separation": 30,
        "activity": 31, "hiring": 32, "job_change": 33, "match": 34, "hours": 35, "benefit_coverage": 40,
        "assistance_take_up": 41,
        "parity": 50, "history": 60, "programme": 70, "trial": 80,
    }  # fmt: skip
    assert len(set(draw.PROCESS.values())) == len(draw.PROCESS)
    names = {name: value for name, value in vars(draw).items() if name.startswith("P_")}
    assert sorted(names.values()) == sorted(draw.PROCESS.values())


def test_one_process_never_reads_another_s_draws():
    """Draw indices stay below 64, the room of one process in the key, wherever the model draws."""
    import re
    from pathlib import Path

    for path in Path(draw.__file__).parent.glob("*.py"):
        for index in re.findall(
            r"(?:uniform|normal)\([^()]*(?:\([^()]*\))?[^()]*P_\w+, (\d+)", path.read_text("utf-8")
        ):
            assert int(index) < 62, path.name


def test_processes_and_indices_do_not_share_draws():
    """All processes with all 64 indices of one person-quarter give different draws: no two are the same key."""
    key = draw.person_key(1, 0, np.uint64(FIRST_UID))
    seen = {draw.uniform(key, number, index) for number in draw.PROCESS.values() for index in range(64)}
    assert len(seen) == 64 * len(draw.PROCESS)


def test_known_values():
    """Three draws written down: they change only if the generator does, and with it every result ever published."""
    key = draw.person_key(1, 0, np.uint64(FIRST_UID))
    assert int(key) == person_engine.person_key(1, 0, FIRST_UID)
    seen = [draw.uniform(key, draw.PROCESS[name]) for name in ("death", "hiring", "parity")]
    assert seen == KNOWN


def test_draws_do_not_depend_on_order():
    """The same keys drawn forwards, backwards, shuffled or alone give the same numbers."""
    n = 5_000
    forward = along("uid", n)
    order = np.random.default_rng(1).permutation(n)
    uid = np.uint64(FIRST_UID) + order.astype(np.uint64)
    one = np.ones(n, dtype=np.int64)
    shuffled = draws(one, -40 * one, uid, one, 0 * one)
    assert (shuffled == forward[order]).all()
    for i in (0, 17, n - 1):
        assert draw.uniform(draw.person_key(1, -40, np.uint64(FIRST_UID + i)), 1) == forward[i]
