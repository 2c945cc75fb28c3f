"""Parity: gaps close to the fixed targets, upward only, on top of unchanged lives, and thresholds are found by
counting.

Runs are deterministic for a seed; bounds on sums over some 100 000 agents are stated where Monte Carlo error
enters.
"""

from dataclasses import replace

import numpy as np
import pytest
from small_run import inputs_for, plan_for, run_to_end

from model import LabourIntegrationModel, parity
from model.codes import COMPONENTS, INACTIVE, MEASURE, NON_EU_BORN, PARITY_VARIANTS, PRESENT, SIGN, UNEMPLOYED
from model.parity import BUCKETS, O_ACTIVE, O_EMPLOYED, O_TERTIARY, O_WAGE, cumulate, threshold
from model.quarter import WAGE_UNITS

START, END = 2018, 2019
FIRST_AFTER = 4 * (END - 2017) + 4  # first quarter after the phase-in


class Paired:
    """A baseline and its parity run, stepped by the quarter, with what the overlay counted in each."""

    def __init__(self, symmetric=False):
        self.inputs = inputs_for(states=("AT", "LU", "MT", "SE"), end_year=2021, scale=1000, minimum_agents=15_000)
        self.baseline, self.model = run_to_end(self.inputs)
        self.plan = plan_for([self.baseline], symmetric, START, END)
        self.paired_model = LabourIntegrationModel(self.inputs.with_parity(self.plan, self.baseline.market), 1)
        self.counted, self.draws = [], []
        while self.paired_model.quarter < self.inputs.quarters:
            self.paired_model.step()
            self.counted.append(self.paired_model._before.copy())
        self.paired = self.paired_model.results()
        self.cells = self.baseline.cells[:, :, NON_EU_BORN]

    def labels(self, variant=None, given=None, reference=None):
        """Indices of the labels with these parts."""
        wanted = (variant, given, reference)
        return [
            i for i, label in enumerate(self.plan.labels)
            if all(w is None or w == part for w, part in zip(wanted, label, strict=True))
        ]  # fmt: skip

    def gain(self, label):
        """Gain by year over all Member States, euro."""
        first = MEASURE[COMPONENTS[0]]
        base = self.baseline.counts[:, :, NON_EU_BORN, ..., first:]
        return ((self.paired.parity.components[label] - base) * np.array(SIGN)).sum(axis=(1, 2, 3, 4)) / 100.0


@pytest.fixture(scope="module")
def upward():
    """Gaps closed upward only, as by default."""
    return Paired()


@pytest.fixture(scope="module")
def both_ways():
    """Gaps closed in both directions."""
    return Paired(symmetric=True)


def missing_persons(run, label, t):
    """Persons [ms, sex, age, education] by which a cell given sex x age x education stays below its target."""
    kind = O_ACTIVE if run.plan.labels[label][0] == "participation" else O_EMPLOYED
    target = run.plan.targets[label][parity.ACTIVE if kind == O_ACTIVE else parity.EMPLOYED]
    return target * run.cells[t, ..., 0] - run.counted[t][label][..., kind]


# -- the gap ----------------------------------------------------------------------------------------------------------


def test_achieved_gap_given_sex_and_age(upward):
    """Given sex x age, for all four variants and both references, the achieved gap is below half a point in every
    quarter after the phase-in; before it, it was points."""
    labels = upward.labels(given="sex_age")
    gap = upward.paired.parity.gap[labels]
    assert len(labels) == 8 and (gap[:, FIRST_AFTER:] < 0.5).all()
    assert (gap[:, 4 * (START - 2017)] > 3.0).all()
    assert (gap[:, : 4 * (START - 2017)] == 0.0).all()  # not yet computed


def test_the_gap_closes_along_the_phase_in(upward):
    """The remaining gap falls as the phase-in share rises: to within a point of one minus that share times the gap at
    the start, in every quarter of it."""
    first, last = 4 * (START - 2017), 4 * (END - 2017) + 3
    for label in upward.labels("employment", "sex_age"):
        gap = upward.paired.parity.gap[label]
        full = gap[first] / (1.0 - upward.plan.phase(first))
        left = np.array([full * (1.0 - upward.plan.phase(t)) for t in range(first, last + 1)])
        assert np.abs(gap[first : last + 1] - left).max() < 1.0
        assert upward.plan.phase(first - 1) == 0.0 and upward.plan.phase(last) == 1.0


def test_what_remains_is_out_of_reach_or_within_a_bucket(upward):
    """Given sex x age x education, an open cell stays below its target after the phase-in only by the rounding inside one
    bucket of draws, or because nobody without work (students and the retired apart) is left in it."""
    model, t = upward.paired_model, upward.inputs.quarters - 1
    draws = np.add.reduceat(model._draws, model._block_starts, axis=0)
    states = list(upward.inputs.member_states)
    weight = np.array([model.people["weight"][model.people["member_state"] == ms].max() for ms in states])
    given = 0
    for label in upward.labels("employment", "sex_age_education"):
        missing = missing_persons(upward, label, t)
        idle = draws[:, parity.IDLE_DRAWS]
        added = upward.counted[t][label][..., O_EMPLOYED] - upward.cells[t][..., 1]
        everybody = added == idle.sum(axis=-1)
        inside = idle.max(axis=-1)
        closed = ~upward.plan.open_cells[label][parity.EMPLOYED]
        assert (added[closed] == 0).all()
        assert ((missing <= inside + weight[:, None, None, None]) | everybody | closed).all()
        given += int(added.sum())
    assert given > 0


def test_pay_reaches_its_target(upward):
    """After the phase-in, full-time pay by open cell given sex x age, times the factor found from the quarter before, falls
    short of the natives' by less than 1 % of the bill for match_and_pay and full; without the factor by more than 3 %."""
    t = upward.inputs.quarters - 1
    for variant in ("match_and_pay", "full"):
        label = upward.labels(variant, "sex_age", "native")[0]
        target = upward.plan.targets[label][parity.WAGE][..., 0]
        open_cells = upward.plan.open_cells[label][parity.WAGE][..., 0]
        now, before = (upward.counted[q][label].sum(axis=3).astype(float) for q in (t, t - 1))
        jobs = now[..., O_EMPLOYED]
        pay = now[..., O_WAGE] / np.maximum(jobs, 1.0) / WAGE_UNITS
        last = before[..., O_WAGE] / np.maximum(before[..., O_EMPLOYED], 1.0) / WAGE_UNITS
        factor = parity.pay_factor(target, last, 1.0, open_cells)
        assert (factor[~open_cells] == 1.0).all()
        bill = (target * jobs)[open_cells].sum()
        assert (np.maximum(target - pay * factor, 0.0) * jobs)[open_cells].sum() < 0.01 * bill
        assert (np.maximum(target - pay, 0.0) * jobs)[open_cells].sum() > 0.03 * bill


def test_better_matches_raise_pay(upward):
    """With natives' job match the wages counted before the pay factor are higher than with employment alone, for
    the same jobs."""
    t = upward.inputs.quarters - 1
    for given in ("sex_age", "sex_age_education"):
        labels = [upward.labels(variant, given, "native")[0] for variant in ("employment", "match_and_pay")]
        plain, matched = (upward.counted[t][label].sum(axis=(0, 1, 2, 3)) for label in labels)
        assert plain[O_EMPLOYED] == matched[O_EMPLOYED] and plain[O_WAGE] < matched[O_WAGE]
        assert plain[O_TERTIARY] == matched[O_TERTIARY]


# -- upward only, and both ways ---------------------------------------------------------------------------------------


def test_upward_only_lowers_nothing(upward):
    """In every quarter, cell and label, employed and active persons are at least the baseline's, and no gain of jobs is
    negative."""
    for t in range(upward.plan.start_q, upward.inputs.quarters):
        base = upward.cells[t][None]
        assert (upward.counted[t][..., O_EMPLOYED] >= base[..., 1]).all()
        assert (upward.counted[t][..., O_ACTIVE] >= base[..., 2]).all()
    assert (upward.paired.parity.added >= 0).all()


def test_cells_above_their_target_are_left_alone(upward):
    """A cell that exceeds its target in the baseline keeps exactly its employed, quarter by quarter."""
    checked = 0
    for label in upward.labels("employment", "sex_age_education"):
        target = upward.plan.targets[label][parity.EMPLOYED]
        for t in range(upward.plan.start_q, upward.inputs.quarters):
            above = upward.cells[t][..., 1] > target * upward.cells[t][..., 0]
            assert (upward.counted[t][label][..., O_EMPLOYED][above] == upward.cells[t][..., 1][above]).all()
            checked += int(above.sum())
    assert checked > 100


def test_symmetric_parity_lowers_cells_above_their_target(both_ways):
    """With the switch, such cells come down to the target: the remaining absolute gap given sex x age is below half a
    point for the variants of employment, and somebody has lost a job."""
    labels = [i for v in list(PARITY_VARIANTS)[1:] for i in both_ways.labels(v, "sex_age")]
    assert (both_ways.paired.parity.gap[labels][:, FIRST_AFTER:] < 0.5).all()
    t = both_ways.inputs.quarters - 1
    fewer = [(both_ways.counted[t][i][..., O_EMPLOYED] < both_ways.cells[t][..., 1]).sum() for i in labels]
    assert min(fewer) > 0


def test_symmetric_participation_lowers_activity(both_ways):
    """With the switch, activity above the target comes down, too: absolute gap below half a point given sex x age."""
    assert (both_ways.paired.parity.gap[both_ways.labels("participation", "sex_age")][:, FIRST_AFTER:] < 0.5).all()


# -- the gain ---------------------------------------------------------------------------------------------------------


def test_no_gain_before_the_start(upward):
    """Before the phase-in every component of every cell is the baseline's to the cent."""
    first = MEASURE[COMPONENTS[0]]
    base = upward.baseline.counts[0, :, NON_EU_BORN, ..., first:]
    assert (upward.paired.parity.components[:, 0] == base[None]).all()
    assert (upward.paired.parity.added[:, : upward.plan.start_q] == 0).all()


def test_jobs_before_the_start_are_the_baseline_s(upward):
    """Persons employed at parity are those of the baseline before the phase-in starts."""
    base = upward.baseline.counts[0, :, NON_EU_BORN, ..., MEASURE["employed_20_64"]]
    assert (upward.paired.parity.employed[:, 0] == base[None]).all()


def test_gains_are_ordered(upward):
    """Summed over Member States: participation <= employment <= match_and_pay <= full, every year from the start,
    for each given and reference, and all positive."""
    for given in ("sex_age", "sex_age_education"):
        for reference in ("native", "eu_born"):
            gains = np.array([upward.gain(upward.labels(v, given, reference)[0]) for v in PARITY_VARIANTS])
            assert (gains[:, 0] == 0.0).all()
            assert (gains[0, 1:] > 0.0).all()
            assert (np.diff(gains, axis=0)[:, 1:] >= 0.0).all()


def test_jobs_added_are_the_difference_of_employed(upward):
    """Person-quarters employed at parity less those of the baseline are the added jobs summed over the year's
    quarters."""
    base = upward.baseline.counts[:, :, NON_EU_BORN, ..., MEASURE["employed_20_64"]].sum(axis=(2, 3))
    jobs = upward.paired.parity.employed.sum(axis=(3, 4)) - base[None]
    years = len(upward.baseline.years)
    added = upward.paired.parity.added.reshape(len(upward.plan.labels), years, 4, -1).sum(axis=2)
    assert (jobs[:, 1:] == added[:, 1:]).all()


def test_nobody_is_displaced(upward):
    """The lives of the non-EU-born under the accounts at parity are the baseline's, byte for byte; natives are not
    in the run, so none can lose a job."""
    mine = upward.model.people[upward.model.people["group"] >= 2]
    assert mine.tobytes() == upward.paired_model.people.tobytes()


def test_the_same_persons_are_given_jobs_in_the_next_quarter(upward):
    """Who gets a job is a permanent draw: among persons idle in the last two quarters of the run, no one who had an
    added job loses it when the cell's order does not fall."""
    people, t = upward.paired_model.people, upward.inputs.quarters - 1
    idle = (
        (people["presence"] == PRESENT)
        & np.isin(people["labour"], (INACTIVE, UNEMPLOYED))
        & (people["labour_q"] < t - 8)
    )
    age = t - people["birth_q"].astype(int)
    overlay = upward.paired_model._overlay["contribution_q"][idle & (age >= 100) & (age < 240)]
    label = upward.labels("employment", "sex_age", "native")[0]
    quarters = overlay[:, label]
    # Idle for more than two years after the phase-in: whoever has a job at all has it nearly all the time.
    assert quarters.max() >= 8
    assert ((quarters > 0) & (quarters < 4)).sum() < 0.15 * (quarters > 0).sum()


# -- thresholds -------------------------------------------------------------------------------------------------------


def counts_of(**weights):
    """Counts by bucket, [1, BUCKETS], from b<number>=weight."""
    counts = np.zeros((1, BUCKETS), dtype=np.int64)
    for name, weight in weights.items():
        counts[0, int(name[1:])] = weight
    return counts


@pytest.mark.parametrize(
    ("counts", "wanted", "expected"),
    [
        (dict(b0=10, b1=10, b2=10, b3=10), 20.0, 2 / BUCKETS),  # whole buckets
        (dict(b0=10, b1=10, b2=10, b3=10), 25.0, 2.5 / BUCKETS),  # half of a bucket
        (dict(b7=8), 2.0, 7.25 / BUCKETS),  # empty buckets before
        (dict(b255=4), 3.0, 255.75 / BUCKETS),  # the last bucket
        (dict(b0=10, b1=10), 20.0, 1.0),  # everybody
        (dict(b0=10, b1=10), 99.0, 1.0),  # more than there are
        (dict(b3=1000), 1000.0, 1.0),
    ],
)
def test_threshold_on_counts_made_by_hand(counts, wanted, expected):
    """The draw below which persons weighing `wanted` lie is exact at bucket bounds and linear inside a bucket."""
    assert threshold(cumulate(counts_of(**counts)), np.array([wanted]))[0] == expected


@pytest.mark.parametrize("counts", [dict(b0=10), dict(b5=3, b9=1), {}])
def test_nothing_wanted_reaches_nobody(counts):
    """With nothing wanted no person has a draw below the threshold."""
    table = counts_of(**counts)
    bound = threshold(cumulate(table), np.array([0.0]))[0]
    reached = table[0, : int(np.ceil(bound * BUCKETS))].sum() if counts else 0
    assert reached == 0


def test_threshold_selects_the_wanted_weight():
    """On random counts, the weight of whole buckets below the threshold is wanted to within the boundary bucket."""
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 40, (60, BUCKETS))
    wanted = rng.uniform(0.0, 1.1, 60) * counts.sum(axis=1)
    bound = threshold(cumulate(counts), wanted) * BUCKETS
    for row in range(60):
        whole = int(np.floor(bound[row]))
        below = counts[row, :whole].sum()
        part = counts[row, whole] * (bound[row] - whole) if whole < BUCKETS else 0.0
        assert below + part == pytest.approx(min(wanted[row], counts[row].sum()), rel=1e-9)


def test_the_plan_is_cut_by_member_state(upward):
    """part_of keeps one Member State's targets and nothing else; None stays None."""
    part = parity.part_of(upward.plan, 2)
    assert (part.targets[:, :, 0] == upward.plan.targets[:, :, 2]).all() and part.labels == upward.plan.labels
    assert parity.part_of(None, 0) is None
    assert replace(part, targets=upward.plan.targets).start_q == upward.plan.start_q
