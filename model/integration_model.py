"""The model: a Mesa model of cohorts and institutions, stepped by the quarter.

People are records of one array, not Python objects; a Cohort is the slice of them that shares Member State, origin or
reason, and arrival period. Between the two passes over persons the institutions of each Member State decide.
"""

import copy
import time
from dataclasses import fields, replace

import mesa
import numba
import numpy as np

from model import history, lever, parity
from model.accounting import count_person, education_out, indicator
from model.codes import (
    ARRIVAL_PERIODS, BRIDGING, BRIDGING_WAITING, COMPONENTS, DECISION_WAITING, DOCUMENTS, FIRST_YEAR, GROUPS, INDICATORS,
    MEASURE, MEASURES, MEMBER_STATES, NO_COURSE, NON_EU_BORN, NOT_APPLIED, ORIGINS, PRESENT, REASONS, STAY_MEASURES,
    YEARS_SINCE_ARRIVAL,
)  # fmt: skip
from model.inputs import LARGE_RUN
from model.institution import LabourMarket, LanguageCourseProvider, RecognitionAuthority, Treasury
from model.labour_market import rates_at
from model.person import SEARCH
from model.population import lay_out, weights
from model.quarter import (
    CELL_SUMS, ESTABLISHED, ESTABLISHED_EMPLOYED, HIRES_OTHER, HIRES_SKILLED, LEAVERS_OTHER, LEAVERS_SKILLED,
    M_COMPONENTS, PERSONS, QUARTER, SEARCH_OTHER, SEARCH_SKILLED, SUMS, after_market, before_market, education_now, origin_of,
)  # fmt: skip
from model.queue import waits_for
from model.results import ParityResults, Results, join

QUEUES = ("language_courses", "job_related_courses", "recognition_decisions", "bridging_places")


@numba.njit(cache=True)
def count_slice(people, start, stop, t, average_wage):
    """Counts (codes.MEASURES) of the persons present in people[start:stop] at the end of quarter t, int64 [2, 4, M]."""
    rows = np.zeros((2, 4, len(MEASURES)), dtype=np.int64)
    for i in range(start, stop):
        p = people[i]
        if p.presence == PRESENT:
            age_q = t - p.birth_q
            column = education_out(education_now(p, t), age_q)
            count_person(p, t, np.int64(p.weight), age_q, rows[p.sex, column], average_wage)
    return rows


@numba.njit(cache=True)
def gather(queued, n_queued, starts):
    """The indices written per chunk, joined."""
    out = np.empty(n_queued.sum(), dtype=np.int64)
    n = 0
    for k in range(len(starts)):
        for j in range(n_queued[k]):
            out[n] = queued[starts[k] + j]
            n += 1
    return out


@numba.njit(cache=True)
def count_waiting(people, start, stop):
    """Persons waiting in each of the four queues, int64 [4]."""
    waiting = np.zeros(4, dtype=np.int64)
    for i in range(start, stop):
        p = people[i]
        if p.presence == PRESENT:
            for kind in range(4):
                if waits_for(p, kind):
                    waiting[kind] += p.weight
    return waiting


class Cohort(mesa.Agent):
    """The slice of persons of one Member State, origin (or reason) and arrival period."""

    def __init__(self, model, member_state, group, period, start, stop):
        super().__init__(model)
        self.member_state = MEMBER_STATES[member_state]
        self.origin = ORIGINS[origin_of(group)]
        self.reason = GROUPS[group] if group >= 2 else ""
        self.arrival_period = ARRIVAL_PERIODS[period]
        self.start, self.stop = start, stop

    def counts(self):
        """Weighted counts of the cohort now, int64 [sex, education 4, measure]."""
        wage = self.model.average_wage(self.member_state)
        return count_slice(self.model.people, self.start, self.stop, max(0, self.model.quarter - 1), wage)


class LabourIntegrationModel(mesa.Model):
    """Everyone of the chosen Member States, from the first quarter of 2017 on.

    Parameters: inputs (model.Inputs), seed (int >= 0). `step()` simulates one quarter; `run()` the rest and returns
    Results. `rate(name, agents)` gives an indicator of codes.INDICATORS over cohorts, in its unit.
    """

    def __init__(self, inputs, seed=1):
        super().__init__(rng=int(seed))
        if inputs.threads:
            numba.set_num_threads(min(inputs.threads, numba.config.NUMBA_NUM_THREADS))
        self.inputs, self.seed_number, self.quarter = inputs, int(seed), 0
        self.keep_year = False  # True leaves the sums of a year on the records when it closes (model/household.py)
        self.seconds = {}
        self._clock = time.perf_counter()
        self.people, self.chunks, cohorts = lay_out(inputs, self.seed_number)
        self._took("layout")
        self._prepare_history()
        self._took("initial history")
        self._make_agents(cohorts)
        self._make_arrays(cohorts)

    # -- set-up ------------------------------------------------------------------------------------------------
    def _prepare_history(self):
        inputs = self.inputs
        par = inputs.parameters[0]
        self.waits = np.array(
            [par["language_wait"], par["language_wait"], par["decision_wait"], par["bridging_wait"]]
        )
        profile = np.ascontiguousarray(inputs.employed_profile)
        history.live(
            self.people, self.chunks, self.seed_number, inputs.cells, inputs.parameters,
            rates_at(inputs.rates, inputs.older_exit, inputs.cycle, 0), profile,
            np.cumsum(profile, axis=-1), inputs.retirement_q, inputs.retire, inputs.wage_base, inputs.sex_gap,
            inputs.fiscal, self.waits, np.ascontiguousarray(inputs.macro[:, 0]),
        )  # fmt: skip
        history.rake(self.people, self.chunks, self.seed_number, inputs)
        if not inputs.switches["language"][0]:
            self.people["course"] = NO_COURSE
        if not inputs.switches["recognition"][0]:
            open_files = np.isin(self.people["recognition"], (DOCUMENTS, DECISION_WAITING, BRIDGING_WAITING, BRIDGING))
            self.people["recognition"][open_files] = NOT_APPLIED

    def _make_agents(self, cohorts):
        par = self.inputs.parameters[0]
        self.cohorts = [Cohort(self, *cohort) for cohort in cohorts]
        self.institutions = {}
        states = self.inputs.member_states
        for ms in states:
            mine = [c for c in self.cohorts if c.member_state == MEMBER_STATES[ms]]
            waiting = sum(count_waiting(self.people, c.start, c.stop) for c in mine)
            adjustment = par["capacity_adjustment"]
            self.institutions[ms] = (
                LanguageCourseProvider(self, MEMBER_STATES[ms], waiting, self.waits, adjustment),
                RecognitionAuthority(self, MEMBER_STATES[ms], waiting, self.waits, adjustment),
                LabourMarket(self, MEMBER_STATES[ms], par["matching_elasticity"], par["creation_speed"]),
                Treasury(self, MEMBER_STATES[ms], self.inputs.quarters // 4),
            )

    def _make_arrays(self, cohorts):
        chunks, states, quarters = self.chunks, self.inputs.member_states, self.inputs.quarters
        n, years, m = len(chunks), quarters // 4, len(MEASURES)
        self._acc = np.zeros((n, 2, 4, m), dtype=np.int64)
        self._by_age = np.zeros((n, 18, 1 + len(COMPONENTS)), dtype=np.int64)
        self._by_stay = np.zeros((n, 2, len(YEARS_SINCE_ARRIVAL), len(STAY_MEASURES)), dtype=np.int64)
        self._cells = np.zeros((n, 2, 9, 3, len(CELL_SUMS)), dtype=np.int64)
        self._sums = np.zeros((n, len(SUMS)), dtype=np.int64)
        self._buffer = np.zeros((n, len(COMPONENTS)), dtype=np.int64)
        # Room for everyone of a chunk to wait; pages never written to take no memory.
        self._queued = np.zeros(len(self.people), dtype=np.int64)
        self._n_queued = np.zeros(n, dtype=np.int64)
        self._weights = self.people["weight"][chunks["start"]].astype(np.int64)
        self._ms_starts = np.searchsorted(chunks["member_state"], states)
        origin = np.minimum(chunks["group"], 2)
        key = chunks["member_state"] * 3 + origin
        self._origin_starts = np.flatnonzero(np.diff(key, prepend=-1))
        self._origin_rows = [(states.index(int(k) // 3), int(k) % 3) for k in key[self._origin_starts]]
        self._cohort_starts = np.searchsorted(chunks["cohort"], np.arange(len(cohorts)))
        self._cohort_rows = [(states.index(ms), group, period) for ms, group, period, _, _ in cohorts]
        shape = (years, len(states))
        self._counts = np.zeros(shape + (3, 2, 4, m), dtype=np.int64)
        self._reasons = np.zeros(shape + (len(REASONS), len(ARRIVAL_PERIODS), m), dtype=np.int64)
        self._stays = np.zeros(shape + (len(REASONS), *self._by_stay.shape[1:]), dtype=np.int64)
        self._ages = np.zeros(shape + (3, 18, 1 + len(COMPONENTS)), dtype=np.int64)
        self._cell_series = np.zeros((quarters, len(states), 3, 2, 9, 3, len(CELL_SUMS)), dtype=np.int64)
        self._market = np.zeros((quarters, len(states), 2, 5))
        self._queue_series = {name: np.zeros((quarters, len(states), 3)) for name in QUEUES}
        self._newcomers = np.zeros(shape + (m,), dtype=np.int64)
        self._newcomer_rows = np.flatnonzero((chunks["newcomers"] == 1) & (chunks["group"] >= 2))
        self._newcomer_states = np.searchsorted(states, chunks["member_state"][self._newcomer_rows])
        self._make_lever_arrays()
        self._tightness = np.ones((len(MEMBER_STATES), 2))
        self._contacts = np.ones(len(MEMBER_STATES))
        self._established = np.zeros(len(MEMBER_STATES))
        self.person_quarters = 0
        if self.inputs.parity is not None:
            self._make_parity_arrays(years, quarters)

    def _make_lever_arrays(self):
        levers, quarters, states = len(self.inputs.levers), self.inputs.quarters, len(self.inputs.member_states)
        self._reached = np.zeros((len(self.chunks) if levers else 0, lever.CELLS, len(lever.COLUMNS)), dtype=np.int64)
        self._lever_units = np.zeros((levers, quarters, states))
        self._lever_costs = np.zeros((levers, quarters, states))

    def _make_parity_arrays(self, years, quarters):
        labels = len(self.inputs.parity.labels)
        states = len(self.inputs.member_states)
        self._blocks, self._block_starts = parity.blocks_of(self.chunks, self.inputs.member_states)
        n = len(self._blocks)
        self._overlay = np.zeros((len(self.people), labels), dtype=parity.OVERLAY)
        self._draws = np.zeros((n, 3, 2, 9, 3, parity.BUCKETS), dtype=np.int64)
        self._counted = np.zeros((n, labels, 2, 9, 3, 6), dtype=np.int64)
        self._account_buffer = np.zeros((n, 2, len(COMPONENTS)), dtype=np.int64)
        self._before = np.zeros((labels, states, 2, 9, 3, 6), dtype=np.int64)
        self._gains = np.zeros((n, labels, 2, 4, len(COMPONENTS)), dtype=np.int64)
        self._jobs = np.zeros((n, labels, 2, 4), dtype=np.int64)
        self._gap = np.zeros((labels, quarters))
        self._added = np.zeros((labels, quarters, states))
        self._parity_gains = np.zeros((years, states, labels, 2, 4, len(COMPONENTS)), dtype=np.int64)
        self._parity_jobs = np.zeros((years, states, labels, 2, 4), dtype=np.int64)

    def _took(self, name):
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._clock
        self._clock = now

    # -- the quarter -------------------------------------------------------------------------------------------
    def step(self):
        """Simulate one quarter: first pass, institutions, second pass, and at parity the third."""
        inputs, t = self.inputs, self.quarter
        if t >= inputs.quarters:
            raise ValueError(f"the last quarter is {inputs.quarters}; nothing is left to simulate")
        self._clock = time.perf_counter()
        year = t // 4
        index = (1.0 + inputs.growth) ** (FIRST_YEAR + year - 2019)
        cells, extras = lever.apply(inputs.levers, inputs.cells, t)
        rates = rates_at(inputs.rates, inputs.older_exit, inputs.cycle, t)
        period = min(3, year // 5)
        at_parity = inputs.parity is not None and t >= inputs.parity.start_q
        if inputs.market is not None:
            self._contacts[list(inputs.member_states)] = inputs.market[t, :, 0, 4]
        before_market(
            self.people, self.chunks, t, self.seed_number, inputs.switches, cells, inputs.parameters, inputs.programmes,
            rates, inputs.death[period], inputs.birth[year], inputs.retirement_q, inputs.retire, inputs.fiscal, self._contacts,
            self._acc, self._sums, self._queued, self._n_queued, self._reached,
        )  # fmt: skip
        self._took("before_market")
        sums = np.add.reduceat(self._sums, self._ms_starts, axis=0)
        self.person_quarters += self._agents_present()
        self._read_leavers = sums[:, LEAVERS_OTHER].copy()
        self._institutions_decide(t, sums, extras)
        self._count_levers(t, extras, index)
        self._took("institutions")
        self._cells[:] = 0
        after_market(
            self.people, self.chunks, t, self.seed_number, cells, inputs.parameters, rates, inputs.wage_base,
            inputs.sex_gap, inputs.fiscal, index, inputs.growth, self._tightness, self._acc, self._sums, self._cells,
            self._by_age, self._by_stay, self._buffer, at_parity or self.keep_year,
        )  # fmt: skip
        self._took("after_market")
        self._close_market(t)
        for row, (ms, origin) in zip(np.add.reduceat(self._cells, self._origin_starts, axis=0), self._origin_rows):
            self._cell_series[t, ms, origin] = row
        if at_parity:
            self._account_parity(t, cells, index)
        if t % 4 == 3:
            self._close_year(year)
        self._took("accounting")
        self.quarter += 1

    def _agents_present(self):
        return int((self._sums[:, PERSONS] // self._weights).sum())

    def _institutions_decide(self, t, sums, extras):
        inputs = self.inputs
        edges = np.append(self._ms_starts, len(self.chunks))
        for row, ms in enumerate(inputs.member_states):
            provider, authority, market, _ = self.institutions[ms]
            part = slice(edges[row], edges[row + 1])
            queued = gather(self._queued, self._n_queued[part], self.chunks["start"][part].astype(np.int64))
            extra = {name: float(values[ms]) for name, values in extras.items()}
            joined = sums[row]
            shared = (self.people, queued, t, self.seed_number, inputs.parameters)
            outcomes = provider.admit(*shared, extra) + authority.admit(*shared, extra)
            for name, outcome in zip(QUEUES, outcomes):
                self._queue_series[name][t, row] = outcome
            established = joined[ESTABLISHED_EMPLOYED] / max(1, joined[ESTABLISHED])
            if t == 0:
                self._established[ms] = established
            if inputs.market is not None:
                self._tightness[ms] = inputs.market[t, row, :, 2]
                self._market[t, row] = inputs.market[t, row]
                continue
            self._market[t, row, :, 4] = self._contacts[ms]
            if self._established[ms] > 0.0:
                self._contacts[ms] = established / self._established[ms]
            search, leavers = joined[[SEARCH_SKILLED, SEARCH_OTHER]] / SEARCH, joined[[LEAVERS_SKILLED, LEAVERS_OTHER]]
            if inputs.added is not None:
                search, leavers = search + inputs.added[t, row, :, 0], leavers + inputs.added[t, row, :, 1]
            self._tightness[ms] = market.open(search, leavers, inputs.macro[ms, t])
            self._market[t, row, :, 0] = market.openings
            self._market[t, row, :, 1] = market.search
            self._market[t, row, :, 2] = market.tightness

    def _count_levers(self, t, extras, index):
        """Units and costs of every lever in force; index turns unit costs of 2019 into those of the year."""
        if not self.inputs.levers:
            return
        states = list(self.inputs.member_states)
        table = lever.by_cell(self._reached, self.chunks)
        idle = {base: np.zeros(len(MEMBER_STATES)) for base in lever.IDLE}
        for ms in states:
            provider, authority, *_ = self.institutions[ms]
            for base, places in zip(lever.IDLE, (provider.basic, provider.advanced, authority.bridging)):
                idle[base][ms] = places.idle
        for n, one in enumerate(self.inputs.levers):
            units = lever.units(one, t, table, idle, extras)[states]
            self._lever_units[n, t] = units
            self._lever_costs[n, t] = units * one.unit_cost[states] * index

    def _close_market(self, t):
        if self.inputs.market is not None:
            return
        # Leavers of the first pass were read before; what the second pass added are jobs left by upgrading.
        after = np.add.reduceat(self._sums, self._ms_starts, axis=0)
        for row, ms in enumerate(self.inputs.member_states):
            market = self.institutions[ms][2]
            taken = 0.0 if self.inputs.added is None else self.inputs.added[t, row, :, 0] * market.tightness
            vacated = np.array([0.0, after[row, LEAVERS_OTHER] - self._read_leavers[row]])
            self._market[t, row, :, 3] = market.close(after[row, [HIRES_SKILLED, HIRES_OTHER]], taken, vacated)

    def _account_parity(self, t, cells, index):
        inputs, plan = self.inputs, self.inputs.parity
        parity.draws_by_cell(self.people, self.chunks, self._blocks, t, self.seed_number, self._draws)
        draws = np.add.reduceat(self._draws, self._block_starts, axis=0)
        own = self._cell_series[t, :, NON_EU_BORN]
        orders = np.zeros((len(plan.labels), len(MEMBER_STATES), 2, 9, 3, 6))
        states = list(inputs.member_states)
        orders[:, states] = parity.decide(plan, t, own, draws, self._before)
        parity.account(
            self.people, self.chunks, self._blocks, t, self.seed_number, cells, inputs.parameters, inputs.rates,
            inputs.wage_base, inputs.sex_gap, inputs.fiscal, index, inputs.growth, orders, plan.factors, self._overlay,
            self._counted, self._gains, self._jobs, self._account_buffer,
        )  # fmt: skip
        self._before = np.moveaxis(np.add.reduceat(self._counted, self._block_starts, axis=0), 0, 1)
        self._added[:, t] = (self._before[..., 0] - own[None, ..., 1]).sum(axis=(2, 3, 4))
        self._gap[:, t] = parity.remaining_gap(plan, own, self._before)
        self._took("parity")

    def _close_year(self, year):
        for row, (ms, origin) in zip(np.add.reduceat(self._acc, self._origin_starts, axis=0), self._origin_rows):
            self._counts[year, ms, origin] = row
        by_cohort = np.add.reduceat(self._acc, self._cohort_starts, axis=0).sum(axis=(1, 2))
        np.add.at(self._newcomers[year], self._newcomer_states, self._acc[self._newcomer_rows].sum(axis=(1, 2)))
        by_stay = np.add.reduceat(self._by_stay, self._cohort_starts, axis=0)
        for row, stay_row, (ms, group, arrived) in zip(by_cohort, by_stay, self._cohort_rows):
            if group >= 2:
                self._reasons[year, ms, group - 2, arrived] += row
                self._stays[year, ms, group - 2] += stay_row
        for row, (ms, origin) in zip(np.add.reduceat(self._by_age, self._origin_starts, axis=0), self._origin_rows):
            self._ages[year, ms, origin] = row
        for row, ms in enumerate(self.inputs.member_states):
            components = self._counts[year, row, ..., M_COMPONENTS:].sum(axis=(0, 1, 2))
            self.institutions[ms][3].receive(year, components)
        if self.inputs.parity is not None:
            self._parity_gains[year] = np.add.reduceat(self._gains, self._block_starts, axis=0)
            self._parity_jobs[year] = np.add.reduceat(self._jobs, self._block_starts, axis=0)
            if 4 * year + 3 < self.inputs.parity.start_q:
                self._parity_jobs[year] = self._counts[year, :, None, NON_EU_BORN, :, :, MEASURE["employed_20_64"]]
            self._gains[:] = 0
            self._jobs[:] = 0
        self._acc[:] = 0
        self._by_age[:] = 0
        self._by_stay[:] = 0

    # -- what users read ---------------------------------------------------------------------------------------
    def average_wage(self, member_state):
        """Average wage of a Member State this year, EUR of 2019."""
        year = max(0, self.quarter - 1) // 4
        growth = (1.0 + self.inputs.growth) ** (FIRST_YEAR + year - 2019)
        return float(self.inputs.fiscal["average_wage"][MEMBER_STATES.index(member_state)]) * growth

    def rate(self, name, agents=None):
        """An indicator (codes.INDICATORS) of the cohorts in `agents` (default: all), as numerator over denominator."""
        if name not in INDICATORS:
            raise KeyError(f"{name} is not an indicator; allowed: {', '.join(INDICATORS)}")
        cohorts = self.cohorts if agents is None else [a for a in agents if isinstance(a, Cohort)]
        total = sum((cohort.counts().sum(axis=(0, 1)) for cohort in cohorts), np.zeros(len(MEASURES), dtype=np.int64))
        return float(indicator(name, total))

    def count(self, measure, agents=None):
        """A measure of codes.COUNTS added up over cohorts, persons."""
        cohorts = self.cohorts if agents is None else [a for a in agents if isinstance(a, Cohort)]
        return int(sum(cohort.counts()[..., MEASURE[measure]].sum() for cohort in cohorts))

    def processes(self):
        """The quarter as a table: name, step, reads, writes, and seconds of the step so far."""
        return [(*process, self.seconds.get(process.step, 0.0)) for process in QUARTER]

    def run(self, progress=None):
        """Simulate the remaining quarters and return Results; progress(quarter, quarters, person_quarters) is called
        after each."""
        while self.quarter < self.inputs.quarters:
            self.step()
            if progress is not None:
                progress(self.quarter, self.inputs.quarters, self.person_quarters)
        return self.results()

    def release(self):
        """Let the model and its people be freed: Mesa's count of agents by model would keep every model in memory."""
        mesa.Agent._ids.pop(self, None)

    def results(self):
        """Results of the quarters simulated so far (full years)."""
        inputs = self.inputs
        paired = None
        if inputs.parity is not None:
            base = self._counts[:, :, NON_EU_BORN, :, :, M_COMPONENTS:]
            paired = ParityResults(
                labels=inputs.parity.labels,
                components=np.moveaxis(self._parity_gains, 2, 0) + base[None],
                employed=np.moveaxis(self._parity_jobs, 2, 0),
                gap=self._gap,
                added=self._added,
            )
        return Results(
            seed=self.seed_number,
            years=tuple(range(FIRST_YEAR, FIRST_YEAR + inputs.quarters // 4)),
            member_states=tuple(MEMBER_STATES[ms] for ms in inputs.member_states),
            counts=self._counts,
            by_reason=self._reasons,
            by_stay=self._stays,
            by_age=self._ages,
            cells=self._cell_series,
            market=self._market,
            queues=self._queue_series,
            treasury=np.stack([self.institutions[ms][3].cents for ms in inputs.member_states], axis=1),
            person_quarters=self.person_quarters,
            seconds=dict(self.seconds),
            parity=paired,
            newcomers=None if inputs.compared is None else self._newcomers,
            lever_units=self._lever_units,
            lever_costs=self._lever_costs,
        )


def expected_agents(inputs):
    """Agents laid out over the whole run by Member State, from stock and arrivals (before rounding)."""
    weight = weights(inputs)
    persons = inputs.stock.sum(axis=(2, 3, 4, 5)) + inputs.arrivals[:, :, : inputs.quarters].sum(axis=2)
    return {ms: float((persons[ms] / weight[ms]).sum()) for ms in inputs.member_states}


def _run(inputs, seed, progress):
    model = LabourIntegrationModel(inputs, seed)
    try:
        return model.run(progress)
    finally:
        model.release()


def simulate(inputs, seed, progress=None):
    """Run the model: the same inputs and seed give the same bytes, whatever the threads and the other Member States.

    Above LARGE_RUN agents the Member States are run one after another, which changes nothing but memory.
    progress(quarter, quarters, person_quarters) is called after every quarter.
    """
    agents = expected_agents(inputs)
    if sum(agents.values()) <= LARGE_RUN or len(agents) == 1:
        return _run(inputs, seed, progress)
    parts, done = [], 0
    for row, ms in enumerate(inputs.member_states):
        market = None if inputs.market is None else inputs.market[:, [row]]
        added = None if inputs.added is None else inputs.added[:, [row]]
        plan = parity.part_of(inputs.parity, row)
        alone = replace(inputs, member_states=(ms,), market=market, added=added, parity=plan)

        def report(quarter, quarters, person_quarters, row=row, before=done):
            if progress is not None:
                progress(row * quarters + quarter, len(agents) * quarters, before + person_quarters)

        parts.append(_run(alone, seed, report))
        done += parts[-1].person_quarters
    return join(parts)


def simulate_levers(variants, seed, progress=None):
    """Yields the Results of every Inputs of `variants`, the same bytes as simulate() gives of each, in less time.

    Those that differ from the first in levers alone share the quarters before the first lever of any of them is in force, where
    nothing a lever does can differ: the model is simulated up to there once, and copied. progress as in simulate(), for each of them in
    turn, shared quarters included, with the person-quarters simulated of all so far.
    """
    first = variants[0]
    together = [_levers_alone(first, one) for one in variants]
    starts = [one.start_q for inputs, alike in zip(variants, together) if alike for one in inputs.levers]
    until = min([first.quarters, *starts])
    if sum(together) < 2 or until == 0 or sum(expected_agents(first).values()) > LARGE_RUN:
        together, until = [False] * len(variants), 0
    trunk, done = None, 0

    def report(quarter, quarters, person_quarters):
        if progress is not None:
            progress(quarter, quarters, done + person_quarters)

    try:
        for inputs, alike in zip(variants, together):
            if not alike:
                found = simulate(inputs, seed, report)
                done += found.person_quarters
                yield found
                continue
            if trunk is None:
                trunk = LabourIntegrationModel(replace(first, levers=()), seed)
                while trunk.quarter < until:
                    trunk.step()
            for quarter in range(until):
                report(quarter + 1, trunk.inputs.quarters, trunk.person_quarters)
            found = _branch(trunk, inputs).run(report)
            done += found.person_quarters - trunk.person_quarters
            yield found
    finally:
        if trunk is not None:
            trunk.release()


def _levers_alone(one, other):
    """Whether two Inputs differ in levers at most."""
    if one.parity is not None or other.parity is not None:
        return False
    for name in (field.name for field in fields(one) if field.name not in ("levers", "parity")):
        left, right = getattr(one, name), getattr(other, name)
        if left is not right and not (np.array_equal(left, right) if isinstance(left, np.ndarray) else left == right):
            return False
    return True


def _branch(model, inputs):
    """A copy of the model as it stands, to be run to its end with the levers of `inputs`, none of which has been in force yet."""
    found = copy.deepcopy(model, {id(model.inputs): model.inputs})
    found.inputs = inputs
    found._make_lever_arrays()
    return found
