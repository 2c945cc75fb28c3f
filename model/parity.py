"""Parity: the accounting counterfactual. Jobs are added to the baseline lives of the non-EU-born; nobody is displaced.

Targets are the reference group's expected cell rates in the baseline (mean over seeds and quarters), fixed. In every quarter
each cell's gap is closed upward by the phase-in share: who gets a job is decided by a permanent keyed draw against
a threshold, found by counting, so that the cell meets its target. The same persons live, arrive and leave as in the
baseline; per label only the differences of the year's account are added up.

A label closes a set of factors, a bit each: participation, unemployment, job match, hourly pay, hours. What a factor means
without the others: participation alone gives a job to the share of the added that their cell has; unemployment alone gives
active persons natives' share of employed among the active; match, pay and hours are those of whoever works. Hourly pay is pay
in the same job: what stays of the gap once the job match is closed, whether it is closed under the label or not.
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit, prange

from model.cell import cell_index, stay_band
from model.codes import (
    FUTURE, HIGH, INACTIVE, MEASURE, NON_EU_BORN, ORIGINS, OTHER, PARITY_FACTORS, PARITY_VARIANTS, PRESENT, RETIRED, SKILLED,
    STUDENT, UNEMPLOYED,
)  # fmt: skip
from model.accounting import education_out
from model.demography import pension_level
from model.draw import P_PARITY, PERMANENT, normal, person_key, uniform
from model.fiscal import CENTS, settle
from model.labour_market import skilled_ratio
from model.pay import FULL_TIME, wage_in
from model.person import TRAIT
from model.quarter import (
    N_COMPONENTS, WAGE_UNITS, age_index, close_year, education_now, pension_of_year, quarters_present,
)  # fmt: skip

BUCKETS = 256
# Bits of the factors that a label closes, in the order of PARITY_FACTORS.
PARTICIPATION, UNEMPLOYMENT, MATCH, PAY, WORKING_TIME = (1 << bit for bit in range(5))
EMPLOYMENT = PARTICIPATION | UNEMPLOYMENT
# Kinds of target per cell; the last is the share of employed among the active.
EMPLOYED, ACTIVE, SKILLED_SHARE, WAGE, HOURS, EMPLOYED_OF_ACTIVE = range(6)
# What the overlay counts per label and cell.
O_EMPLOYED, O_ACTIVE, O_TERTIARY, O_SKILLED, O_WAGE, O_HOURS = range(6)
INACTIVE_DRAWS, IDLE_DRAWS, EMPLOYED_DRAWS = range(3)
OVERLAY = np.dtype(
    [
        ("earnings", "i4"),  # difference of the year's earnings, cents
        ("benefit", "i4"),
        ("aid", "i4"),
        ("earned", "f4"),  # difference of career earnings, average wages
        ("contribution_q", "i2"),
    ]
)


@dataclass(frozen=True)
class Plan:
    """Labels (variant, given, reference), their fixed targets [label, kind, ms, sex, age 9, education], and in which cells
    there is a gap to close: where the target is above the non-EU-born's own expected rate (everywhere if symmetric).

    Cells are judged by expectations, not by the sample of a quarter: closing whatever gap chance opens in a small cell,
    and never one it shuts, would add to the gain."""

    labels: tuple[tuple[str, str, str], ...]
    targets: np.ndarray
    open_cells: np.ndarray
    factors: np.ndarray  # [label] bits of the factors closed
    by_education: np.ndarray  # [label] whether cells are split by education
    symmetric: bool
    start_q: int
    end_q: int

    def phase(self, t):
        """Share of the gap closed at quarter t, linear from the first to the last quarter of the phase-in."""
        return min(1.0, max(0.0, (t - self.start_q + 1) / (self.end_q - self.start_q + 1)))


def joined(plans):
    """One plan with the labels of all, in their order: what is simulated in one go is gone through once. Labels do not interact."""
    arrays = ("targets", "open_cells", "factors", "by_education")
    return replace(
        plans[0],
        labels=tuple(label for plan in plans for label in plan.labels),
        **{name: np.concatenate([getattr(plan, name) for plan in plans]) for name in arrays},
    )


def part_of(plan, row):
    """The plan for the Member State in this row alone; None stays None."""
    return None if plan is None else replace(
        plan, targets=plan.targets[:, :, [row]], open_cells=plan.open_cells[:, :, [row]]
    )


def factors_of(variant):
    """Bits of the factors a variant closes: a name of PARITY_VARIANTS, or names of PARITY_FACTORS joined by "+"."""
    if variant in PARITY_VARIANTS:
        names = PARITY_VARIANTS[variant]
    else:
        names = variant.split("+")
    return sum(1 << PARITY_FACTORS.index(name) for name in names)


def cell_rates(cells, given):
    """Target kinds from reference-group cell sums [..., ms, sex, age, education, CELL_SUMS] summed over leading axes.

    Returns [kind, ms, sex, age, education]; with given="sex_age" every education has the value of all. Cells without
    persons get zero, hence no gap upward.
    """
    total = cells.astype(float)
    if given == "sex_age":
        total = np.broadcast_to(total.sum(axis=3, keepdims=True), total.shape)
    persons, employed, active, tertiary, skilled, wage, hours = (total[..., i] for i in range(7))

    return np.stack(
        [
            ratio(employed, persons, 0.0), ratio(active, persons, 0.0), ratio(skilled, tertiary, 0.0),
            ratio(wage, employed, 0.0) / WAGE_UNITS, ratio(hours, employed, 0.0), ratio(employed, active, 0.0),
        ]
    )  # fmt: skip


def parity_plan(baselines, variants, given, references, symmetric, start_year, end_year):
    """Fixed targets from baseline runs (list of Results of the same Member States, one per seed).

    Returns a Plan with one label for each combination; variants as in `factors_of`. Years are calendar years; the phase-in
    runs from the first quarter of start_year to the last of end_year.
    """
    labels, targets, own = [], [], []
    non_eu_born = sum(b.cells[:, :, NON_EU_BORN].sum(axis=0) for b in baselines)
    for reference in references:
        origin = ORIGINS.index(reference)
        sums = sum(b.cells[:, :, origin].sum(axis=0) for b in baselines)
        for g in given:
            rates = cell_rates(sums, g)
            for variant in variants:
                labels.append((variant, g, reference))
                targets.append(rates)
                own.append(cell_rates(non_eu_born, g))
    return Plan(
        labels=tuple(labels),
        targets=np.array(targets),
        open_cells=(np.array(targets) > np.array(own)) | bool(symmetric),
        factors=np.array([factors_of(v) for v, _, _ in labels]),
        by_education=np.array([g == "sex_age_education" for _, g, _ in labels]),
        symmetric=bool(symmetric),
        start_q=4 * (start_year - 2017),
        end_q=4 * (end_year - 2017) + 3,
    )


def blocks_of(chunks, states, number=64):
    """Runs of chunks of one Member State with about equal persons: (first chunk, chunk after the last) rows, and the
    first block of each Member State. Sums kept per block are few enough to be cleared every quarter."""
    persons = chunks["stop"] - chunks["start"]
    largest = persons.sum() / number
    blocks, starts = [], []
    for ms in states:
        first, after = np.searchsorted(chunks["member_state"], [ms, ms + 1])
        starts.append(len(blocks))
        begin, size = first, 0
        for k in range(first, after):
            size += persons[k]
            if size >= largest or k == after - 1:
                blocks.append((begin, k + 1))
                begin, size = k + 1, 0
    return np.array(blocks, dtype=np.int64), np.array(starts, dtype=np.int64)


@njit
def place_in_line(p, key):
    """Permanent draw that orders who is given (or loses) a job: persons in education come after all others without work."""
    u = uniform(key, P_PARITY)
    if p.labour == SKILLED or p.labour == OTHER:
        return u
    return 0.5 + 0.5 * u if p.labour == STUDENT else 0.5 * u


@njit(parallel=True, cache=True)
def draws_by_cell(people, chunks, blocks, t, seed, counts):
    """Weights by cell and bucket of the permanent draw: counts [block, 3, sex, age 9, education, BUCKETS] of the
    inactive (persons in education last), of all without work and not retired, and of the employed at 20-64."""
    for b in prange(len(blocks)):
        counts[b] = 0
        for k in range(blocks[b, 0], blocks[b, 1]):
            chunk = chunks[k]
            if chunk.first_arrival > t:
                continue
            for i in range(chunk.start, chunk.stop):
                p = people[i]
                if p.presence != PRESENT:
                    continue
                age_q = t - p.birth_q
                if age_q < 80 or age_q >= 260 or p.labour == RETIRED:
                    continue
                u = int(place_in_line(p, person_key(seed, PERMANENT, p.uid)) * BUCKETS)
                a, e = age_q // 20 - 4, education_now(p, t)
                if p.labour == SKILLED or p.labour == OTHER:
                    counts[b, EMPLOYED_DRAWS, p.sex, a, e, u] += p.weight
                else:
                    counts[b, IDLE_DRAWS, p.sex, a, e, u] += p.weight
                    if p.labour != UNEMPLOYED:
                        counts[b, INACTIVE_DRAWS, p.sex, a, e, u] += p.weight


def cumulate(counts):
    """Running sums of counts [..., BUCKETS] that begin with zero, [..., BUCKETS + 1] float."""
    padded = np.zeros(counts.shape[:-1] + (BUCKETS + 1,))
    np.cumsum(counts, axis=-1, out=padded[..., 1:])
    return padded


def threshold(cumulated, wanted):
    """Draw below which persons weighing `wanted` lie: cumulated [..., BUCKETS + 1], linear inside the boundary bucket."""
    below = np.maximum((cumulated <= wanted[..., None]).sum(axis=-1) - 1, 0)
    bucket = np.minimum(below, BUCKETS - 1)[..., None]
    start = np.take_along_axis(cumulated, bucket, axis=-1)[..., 0]
    inside = np.take_along_axis(cumulated, bucket + 1, axis=-1)[..., 0] - start
    part = np.divide(wanted - start, inside, out=np.zeros_like(wanted), where=inside > 0)
    return np.where(below >= BUCKETS, 1.0, (bucket[..., 0] + np.clip(part, 0.0, 1.0)) / BUCKETS)


def ratio(a, b, empty):
    """a / b, and `empty` where b is zero."""
    return np.divide(a, b, out=np.full(np.broadcast_shapes(a.shape, b.shape), empty), where=b > 0)


# Per kind of target: columns of the cell sums with the persons a share is of, and with those who count.
BASE_AND_REACHED = {EMPLOYED: (0, 1), ACTIVE: (0, 2), EMPLOYED_OF_ACTIVE: (2, 1)}


def level_of(factors):
    """Kind of target that says how many are added: none without participation and unemployment among the factors."""
    return {0: None, PARTICIPATION: ACTIVE, UNEMPLOYMENT: EMPLOYED_OF_ACTIVE, EMPLOYMENT: EMPLOYED}[factors & EMPLOYMENT]


def addable(draws, level):
    """Running sums of the draws of who may be added: the inactive, the unemployed, or both. draws [ms, 3, ...]."""
    if level == ACTIVE:
        return draws[:, INACTIVE_DRAWS]
    return draws[:, IDLE_DRAWS] - draws[:, INACTIVE_DRAWS] if level == EMPLOYED_OF_ACTIVE else draws[:, IDLE_DRAWS]


def decide(plan, t, cells, counts, before):
    """Thresholds and factors of the quarter by label.

    cells [ms, sex, age, education, CELL_SUMS] of the non-EU-born; counts [ms, 3, sex, age, education, BUCKETS];
    before [label, ms, sex, age, education, 6]: what the overlay counted in the quarter before.
    Returns [label, ms, sex, age, education, 6]: add below, share of the added with a job, remove below, upgrade share,
    wage factor, hours factor. Without education in the cells, every education has the value of all.
    """
    phase = plan.phase(t)
    orders = np.zeros((len(plan.labels),) + cells.shape[:4] + (6,))
    grouped = {
        False: (cells.sum(axis=3, keepdims=True), cumulate(counts.sum(axis=4, keepdims=True))),
        True: (cells, cumulate(counts)),
    }
    for n in range(len(plan.labels)):
        by_education = bool(plan.by_education[n])
        own, draws = grouped[by_education]
        last = before[n] if by_education else before[n].sum(axis=3, keepdims=True)
        target = plan.targets[n] if by_education else plan.targets[n][..., :1]
        open_cells = plan.open_cells[n] if by_education else plan.open_cells[n][..., :1]
        factors = plan.factors[n]
        level = level_of(factors)
        out = np.zeros(own.shape[:-1] + (6,))
        if level is not None:
            base, reached = BASE_AND_REACHED[level]
            wanted = target[level] * own[..., base].astype(float) - own[..., reached].astype(float)
            wanted = np.where(open_cells[level], phase * wanted, 0.0)
            out[..., 0] = threshold(addable(draws, level), np.maximum(wanted, 0.0))
            out[..., 1] = ratio(own[..., 1].astype(float), own[..., 2], 1.0) if level == ACTIVE else 1.0
            if plan.symmetric:
                out[..., 2] = threshold(draws[:, EMPLOYED_DRAWS], np.maximum(-wanted, 0.0))
        out[..., 4:] = 1.0
        if factors & (MATCH | PAY):
            share = ratio(last[..., O_SKILLED].astype(float), last[..., O_TERTIARY], 1.0)
            missing = np.where(open_cells[SKILLED_SHARE], np.maximum(target[SKILLED_SHARE] - share, 0.0), 0.0)
            out[..., 3] = phase * ratio(missing, 1.0 - share, 0.0)
        if factors & PAY:
            wages = ratio(last[..., O_WAGE] / WAGE_UNITS, last[..., O_EMPLOYED], 0.0)
            out[..., 4] = pay_factor(target[WAGE], wages, phase, open_cells[WAGE])
        if factors & WORKING_TIME:
            hours = ratio(last[..., O_HOURS].astype(float), last[..., O_EMPLOYED], 0.0)
            out[..., 5] = pay_factor(target[HOURS], hours, phase, open_cells[HOURS])
        orders[n] = out
    return orders


def pay_factor(target, mean, phase, open_cells):
    """Factor that moves the mean of open cells to its target by the phase-in share."""
    known = open_cells & (mean > 0) & (target > 0)
    return 1.0 + phase * (np.where(known, ratio(target, mean, 1.0), 1.0) - 1.0)


@njit(parallel=True, cache=True)
def account(
    people, chunks, blocks, t, seed, cells, par, rates, wage_base, sex_gap, fiscal, wage_index, growth, orders, factors,
    overlay, counted, gains, jobs, buffer,
):  # fmt: skip
    """Third pass, at parity: jobs added in this quarter and, in the last quarter of a year or on leaving, the accounts.

    orders [label, ms, sex, age, education, 6] from `decide`; overlay [person, label]; counted [block, label,
    sex, age, education, 6] of this quarter before wage and hours factors; gains [block, label, sex, education 4,
    component] cents, difference to the baseline; jobs [block, label, sex, education 4] persons employed at 20-64;
    buffer [block, 2, component].
    """
    last = t % 4 == 3
    n_labels = len(factors)
    for b in prange(len(blocks)):
        counted[b] = 0
        for k in range(blocks[b, 0], blocks[b, 1]):
            chunk = chunks[k]
            if chunk.first_arrival > t:
                continue
            ms = chunk.member_state
            f = fiscal[ms]
            for i in range(chunk.start, chunk.stop):
                p = people[i]
                if p.presence == FUTURE:
                    if p.arrival_q > t:
                        break
                    continue
                left = p.presence > PRESENT
                if left and p.course_q != t:
                    continue
                w = np.int64(p.weight)
                age_q = t - p.birth_q
                level = education_now(p, t)
                column = education_out(level, age_q)
                mine = overlay[i]
                if not left and 80 <= age_q < 260:
                    key = person_key(seed, PERMANENT, p.uid)
                    u = place_in_line(p, key)
                    a = age_q // 20 - 4
                    employed = p.labour == SKILLED or p.labour == OTHER
                    idle = p.labour == UNEMPLOYED or p.labour == INACTIVE or p.labour == STUDENT
                    cell = cells[cell_index(ms, p.group, p.sex, p.education, stay_band(t - p.arrival_q))]
                    offered = 0.0  # wage of an added job, computed once for all labels
                    offered_skilled = False
                    offered_match = 0.0
                    offered_hours = 0
                    better = 0.0  # wage of the same person in a skilled job
                    for n in range(n_labels):
                        order = orders[n, ms, p.sex, a, level]
                        working = employed
                        active = employed or p.labour == UNEMPLOYED
                        wage, hours = p.wage, np.int64(p.hours)
                        skilled = p.labour == SKILLED
                        closed = factors[n]
                        if idle and u < order[0] and closed & (UNEMPLOYMENT if p.labour == UNEMPLOYED else PARTICIPATION):
                            active = True
                            working = closed & UNEMPLOYMENT != 0 or uniform(key, P_PARITY, 1) < order[1]
                            if working:
                                if offered == 0.0:
                                    rate = rates[ms, 2, p.sex, p.education, age_index(age_q)]
                                    odds = rate.skilled * skilled_ratio(p, cell, par[0])
                                    share = odds / (odds + 1.0 - rate.skilled)
                                    offered_match = normal(key, P_PARITY, 8)
                                    offered_skilled = uniform(key, P_PARITY, 2) < share
                                    offered = wage_in(
                                        p, t, offered_skilled, offered_match, cell, par[0],
                                        wage_base[ms, p.education, 0], wage_base[ms, p.education, 1], sex_gap[ms],
                                    )  # fmt: skip
                                    short = uniform(key, P_PARITY, 3) < cell.part_time
                                    offered_hours = int(FULL_TIME * par[0].part_time_hours) if short else FULL_TIME
                                wage, hours, skilled = offered, np.int64(offered_hours), offered_skilled
                        elif employed and u < order[2]:
                            working = False
                            active = closed & UNEMPLOYMENT != 0
                        c = counted[b, n, p.sex, a, level]
                        if active:
                            c[O_ACTIVE] += w
                        if working:
                            matched = wage  # with the job match closed, whether it counts under the label or not
                            c[O_EMPLOYED] += w
                            jobs[b, n, p.sex, column] += w
                            if level == HIGH:
                                c[O_TERTIARY] += w
                                if skilled:
                                    c[O_SKILLED] += w
                                elif order[3] > 0.0 and uniform(key, P_PARITY, 4) < order[3]:
                                    if better == 0.0:
                                        better = wage_in(
                                            p, t, True, p.match / TRAIT if employed else offered_match, cell, par[0],
                                            wage_base[ms, p.education, 0], wage_base[ms, p.education, 1], sex_gap[ms],
                                        )  # fmt: skip
                                    matched = max(wage, better)
                                    if closed & MATCH:
                                        wage = matched
                            c[O_WAGE] += np.int64(matched * WAGE_UNITS) * w
                            c[O_HOURS] += hours * w
                            pay = 0.25 * wage * hours * 0.01 * order[4] * order[5]
                        else:
                            pay = 0.0
                        base = 0.25 * p.wage * p.hours * 0.01 if employed else 0.0
                        if pay != base:
                            o = mine[n]
                            o.earned += pay - base
                            o.earnings += int(CENTS * (pay - base) * f.average_wage * wage_index)
                        if working and not employed:
                            o = mine[n]
                            o.contribution_q += 1
                            o.benefit -= 100 * np.int32(p.search_skilled)
                            o.aid -= 100 * np.int32(p.search_other)
                        elif employed and not working:
                            mine[n].contribution_q -= 1
                if not last and not left:
                    continue
                quarters = quarters_present(p, t) - (1 if left else 0)
                if quarters > 0:
                    settled = False
                    now = t - 1 if left else t
                    pension = pension_of_year(p, now, quarters, wage_index, growth)
                    base_out, out = buffer[b, 0], buffer[b, 1]
                    for n in range(n_labels):
                        o = mine[n]
                        retired = p.labour == RETIRED and (o.earned != 0.0 or o.contribution_q != 0) and pension > 0.0
                        if o.earnings == 0 and o.benefit == 0 and o.aid == 0 and not retired:
                            continue
                        if not settled:
                            settled = True
                            settle(
                                p, now, quarters, f, par[0], wage_index, growth,
                                p.earnings, p.unemployment_benefit, p.social_assistance, pension, base_out,
                            )  # fmt: skip
                        changed = pension
                        if retired:
                            level_now = pension_level(
                                p.contribution_q + o.contribution_q, p.earned + o.earned, p.labour_q - p.arrival_q, par[0], f
                            )
                            changed = pension * level_now / max(p.pension, 1e-9)
                        settle(
                            p, now, quarters, f, par[0], wage_index, growth,
                            p.earnings + o.earnings, max(0, p.unemployment_benefit + o.benefit),
                            max(0, p.social_assistance + o.aid), changed, out,
                        )  # fmt: skip
                        for c in range(N_COMPONENTS):
                            gains[b, n, p.sex, column, c] += (out[c] - base_out[c]) * w
                        o.earnings = 0
                        o.benefit = 0
                        o.aid = 0
                if not left:
                    close_year(p)


def remaining_gap(plan, cells, counted):
    """Population-weighted mean absolute remaining gap by label, points; zero under labels that add nobody.

    cells [ms, sex, age, education, CELL_SUMS] and counted [label, ms, sex, age, education, 6] of the same quarter.
    """
    gap = np.zeros(len(plan.labels))
    for n in range(len(plan.labels)):
        level = level_of(plan.factors[n])
        if level is None:
            continue
        base, _ = BASE_AND_REACHED[level]
        wide, persons = cells[..., 0].astype(float), cells[..., base].astype(float)
        reached = counted[n][..., O_ACTIVE if level == ACTIVE else O_EMPLOYED].astype(float)
        target, open_cells = plan.targets[n][level], plan.open_cells[n][level]
        if not plan.by_education[n]:
            wide, persons, reached = wide.sum(axis=3), persons.sum(axis=3), reached.sum(axis=3)
            target, open_cells = target[..., 0], open_cells[..., 0]
        missing = np.where(open_cells, target * persons - reached, 0.0)
        missing = np.abs(missing) if plan.symmetric else np.maximum(missing, 0.0)
        gap[n] = 100.0 * missing.sum() / wide.sum()
    return gap


def market_load(baseline, paired, label):
    """What the jobs added under one label ask of the market: [quarter, ms, segment, 2] search and leavers, persons.

    Added jobs are left at the non-EU-born's own separation rate and must be found again; segments as all hires.
    For a second run with the market on, which reports displacement (Inputs.added).
    """
    index = paired.parity.labels.index(label)
    stock = paired.parity.added[index]
    counts = baseline.counts[:, :, NON_EU_BORN].sum(axis=(2, 3)).astype(float)
    separation = ratio(counts[..., MEASURE["separations"]], counts[..., MEASURE["employed_20_64"]], 0.0)
    leavers = np.repeat(separation, 4, axis=0) * np.concatenate([np.zeros((1, stock.shape[1])), stock[:-1]])
    search = np.maximum(np.diff(stock, axis=0, prepend=0.0) + leavers, 0.0)
    hires = baseline.market[..., 3]
    share = ratio(hires, hires.sum(axis=2, keepdims=True), 0.5)
    return np.stack([search[:, :, None] * share, leavers[:, :, None] * share], axis=-1)
