"""A second, independent engine: one person at a time, in plain Python, on the same draws as the model.

It is slow and meant to be read: every process of the quarter is a method that follows its description, with numbers
as Python ints and floats. A person is an object with the fields of model.person.PERSON; the tables are those of
Inputs. Only three things are done for the sake of identical bytes: keys are masked to 64 bits, fields kept as
32-bit floats are rounded when written (`f4`), and products that the compiled model takes in 32 bits are rounded
likewise.
"""

import math
from types import SimpleNamespace

import numpy as np

from model.codes import (
    A2, B1, BRIDGING, BRIDGING_WAITING, C1, COMPONENTS, COURSE_ATTENDING, COURSE_DONE, COURSE_WAITING, DEAD,
    DECISION_WAITING, DOCUMENTS, EMIGRATED, FEMALE, FUTURE, HIGH, INACTIVE, JOB_COURSE_DONE, NO_COURSE, NOT_APPLIED, OTHER, PARTIAL,
    PRESENT, RECOGNISED, REFUSED, RETIRED, SKILLED, STUDENT, UNEMPLOYED,
)  # fmt: skip
from model.person import NO_CHILD, PERSON

# -- draws: SplitMix64 in whole numbers -------------------------------------------------------------------------------

MASK = (1 << 64) - 1
PROCESS = {
    "death": 2, "departure": 3, "birth": 4, "naturalisation": 5, "retirement": 6, "signup": 10,
    "language_queue": 11, "course": 12,
    "informal": 13, "take_up": 14, "apply": 20, "documents": 21, "recognition_queue": 22, "decision": 23,
    "bridging": 24,
    "separation": 30, "activity": 31, "hiring": 32, "job_change": 33, "match": 34, "hours": 35, "coverage": 40,
    "assistance": 41, "programme": 70,
}  # fmt: skip
PERMANENT = -100_000


def mix(z):
    """Finaliser of SplitMix64."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def person_key(seed, quarter, uid):
    """Key of one person in one quarter."""
    a = mix((uid + 0x9E3779B97F4A7C15 * (seed + 1)) & MASK)
    return mix((a + 0xD1B54A32D192ED03 * (quarter + 200_000)) & MASK)


def bits(key, number, index=0):
    """The 52 bits behind a uniform draw of the process with this number."""
    return mix((key + 0x8CB92BA72F3D8DD7 * (number * 64 + index + 1)) & MASK) >> 12


def uniform(key, process, index=0):
    """Uniform on (0, 1) for a process named in PROCESS."""
    return (bits(key, PROCESS[process], index) + 0.5) / 2.0**52


def normal(key, process, index=0):
    """Standard normal from draws `index` and the next."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, process, index)))
    return radius * math.cos(2.0 * math.pi * uniform(key, process, index + 1))


def f4(x):
    """A number as a 32-bit float keeps it."""
    return float(np.float32(x))


# -- persons and tables -----------------------------------------------------------------------------------------------


def person_of(record):
    """A person as an object with plain Python numbers."""
    return SimpleNamespace(**{name: record[name].item() for name in PERSON.names})


def named(record):
    """A table's record as an object with floats, or tuples of floats."""
    values = {}
    for name in record.dtype.names:
        values[name] = tuple(record[name].tolist()) if record[name].shape else float(record[name])
    return SimpleNamespace(**values)


def working(p):
    return p.labour in (SKILLED, OTHER)


def idle(p):
    return p.labour in (UNEMPLOYED, INACTIVE)


def youngest_under(p, t, quarters):
    return p.youngest_q != NO_CHILD and 0 <= t - p.youngest_q < quarters


def children_at_home(p, t):
    """Children under 18, born four and a half years apart."""
    left = 72 - (t - p.youngest_q)
    if p.children == 0 or left <= 0:
        return 0
    return min(p.children, 1 + (left - 1) // 18)


class Queue:
    """Limited places of one institution: first protection (in courses), then who waits longest, then by keyed tie."""

    def __init__(self, engine, waits_for, course, kind, wait):
        self.engine, self.waits_for, self.course, self.kind, self.wait = engine, waits_for, course, kind, wait
        self.left = sum(p.weight for p in engine.people if p.presence == PRESENT and waits_for(p))
        self.plan, self.carried = self.left / wait, 0.0

    def admit(self, t):
        places = self.plan * 1.0 + self.carried
        waiting = [p for p in self.engine.in_queue if self.waits_for(p)]
        total = sum(p.weight for p in waiting)

        def order(p):
            joined = p.course_q if self.course else p.recognition_q
            later = 1 if self.course and p.group != 5 else 0
            key = person_key(self.engine.seed, t, p.uid)
            tie = uniform(key, "language_queue" if self.course else "recognition_queue", self.kind)
            return later, -min(119, max(0, t - joined)), tie

        admitted = 0
        for p in sorted(waiting, key=order):
            if admitted + p.weight > places:
                break
            admitted += p.weight
            self.engine.grant(p, t, self.kind)
        entrants = max(0, total - self.left)
        self.left = total - admitted
        self.carried = places - admitted if self.left > 0 else 0.0
        backlog = max(0.0, self.left - self.wait * self.plan)
        self.plan += self.engine.par.capacity_adjustment * (entrants + backlog - self.plan)


class Market:
    """Openings and tightness of one segment."""

    def __init__(self, elasticity, speed):
        self.elasticity, self.speed = elasticity, speed
        self.creation, self.vacated, self.balance = None, 0.0, 0.0

    def open(self, search, leavers, macro):
        leavers = leavers + self.vacated
        wanted = macro * search - leavers
        if self.creation is None:
            self.creation = wanted
        else:
            self.creation += self.speed * (wanted - self.creation)
        self.openings = max(leavers + self.creation + self.balance, 0.05 * search)
        ratio = self.openings / (macro * search) if search > 0 else 1.0
        return macro * ratio ** (1.0 - self.elasticity)

    def close(self, hires, vacated):
        self.balance = min(self.openings, max(-self.openings, self.openings - hires))
        self.vacated = float(vacated)


# What the institutions are told of a quarter, persons (search: persons times 32768).
SUMS = (
    "search_skilled", "search_other", "left_skilled", "left_other", "established", "at_work",
    "hired_skilled", "hired_other", "upgraded",
)  # fmt: skip


class PersonEngine:
    """One Member State lived person by person. `people` are the records after the initial history."""

    def __init__(self, inputs, seed, people):
        (self.ms,) = inputs.member_states
        self.inputs, self.seed, self.quarter = inputs, seed, 0
        self.people = [person_of(record) for record in people]
        self.par, self.fiscal = named(inputs.parameters[0]), named(inputs.fiscal[self.ms])
        self.on = SimpleNamespace(**{name: bool(inputs.switches[name][0]) for name in inputs.switches.dtype.names})
        self.cells, self.rates = {}, {}
        par = self.par
        self.basic = Queue(self, lambda p: p.course == COURSE_WAITING and p.language < B1, True, 0, par.language_wait)
        self.advanced = Queue(
            self, lambda p: p.course == COURSE_WAITING and p.language >= B1, True, 1, par.language_wait
        )
        self.decisions = Queue(self, lambda p: p.recognition == DECISION_WAITING, False, 2, par.decision_wait)
        self.places = Queue(self, lambda p: p.recognition == BRIDGING_WAITING, False, 3, par.bridging_wait)
        self.markets = [Market(par.matching_elasticity, par.creation_speed) for _ in range(2)]
        self.contacts, self.first_share = 1.0, None
        self.treasury = [[0] * len(COMPONENTS) for _ in range(inputs.quarters // 4)]

    # -- tables --
    def cell(self, p, t):
        """Parameters of the person's cell."""
        stay = t - p.arrival_q
        band = sum(stay >= 4 * years for years in (2, 5, 10, 20))
        key = (((self.ms * 7 + p.group) * 2 + p.sex) * 3 + p.education) * 5 + band
        if key not in self.cells:
            self.cells[key] = named(self.inputs.cells[key])
        return self.cells[key]

    def rate(self, p, t):
        """Labour-market hazards of the person's origin, sex, education and age."""
        age = min(74, max(15, (t - p.birth_q) // 4)) - 15
        key = (min(p.group, 2), p.sex, p.education, age)
        if (t, key) not in self.rates:
            hazards = named(self.inputs.rates[(self.ms, *key)])
            hazards.finding = float(np.float32(hazards.finding * self.inputs.cycle[self.ms, key[0], t]))
            if 40 <= age < 50:
                hazards.to_inactive = float(np.float32(hazards.to_inactive * self.inputs.older_exit[self.ms, t]))
            self.rates[t, key] = hazards
        return self.rates[t, key]

    # -- the quarter --
    def step(self):
        """One quarter: everyone up to the search for work, the institutions, everyone again."""
        t, inputs = self.quarter, self.inputs
        self.wage_index = (1.0 + inputs.growth) ** (2017 + t // 4 - 2019)
        self.sums = dict.fromkeys(SUMS, 0)
        self.in_queue = []
        for p in self.people:
            if p.presence <= PRESENT and p.arrival_q <= t:
                self.before_market(p, t)
        self.institutions(t)
        for p in self.people:
            if p.arrival_q <= t:
                self.after_market(p, t)
        self.markets[0].close(self.sums["hired_skilled"], 0)
        self.markets[1].close(self.sums["hired_other"], self.sums["upgraded"])
        self.quarter += 1

    def before_market(self, p, t):
        sums, w = self.sums, p.weight
        if p.presence == FUTURE and not self.on.arrivals:
            return
        key = person_key(self.seed, t, p.uid)
        age_q, stay = t - p.birth_q, t - p.arrival_q
        cell = self.cell(p, t)
        job = p.labour
        if p.presence == FUTURE:
            self.arrive(p, t, key, cell)
        elif self.on.demography and self.dies_or_leaves(p, t, key, cell):
            self.job_left(job, w)
            return
        if age_q < 60:
            return
        if self.on.demography:
            job = p.labour
            self.family_and_age(p, t, key, cell)
            if p.labour == RETIRED:
                self.job_left(job, w)
        employed, attended = working(p), p.group >= 2 and p.course == COURSE_ATTENDING
        if p.group >= 2:
            self.learn_language(p, t, key, cell, employed)
            if p.qualification > 0 and self.on.recognition and p.labour != RETIRED:
                self.pursue_recognition(p, t, key, cell)
            if p.course == COURSE_WAITING or p.recognition in (DECISION_WAITING, BRIDGING_WAITING):
                self.in_queue.append(p)
            if stay >= 20 and 80 <= age_q < 260:
                sums["established"] += w
                sums["at_work"] += w if employed else 0
        p.search_skilled = p.search_other = 0
        if p.labour in (STUDENT, RETIRED) or not self.on.labour_market:
            return
        rate = self.rate(p, t)
        if employed:
            job = p.labour
            if self.loses_job(p, t, key, rate, cell):
                self.job_left(job, w)
        elif p.labour_q < t and t != p.completion_q:
            self.change_activity(p, t, key, rate, cell)
        if cell.offers > 0.0:
            self.offer_programme(p, t, key, cell)
        self.search(p, t, rate, cell, attended)
        if p.programme:
            self.guide(p, t)
        sums["search_skilled"] += p.search_skilled * w
        sums["search_other"] += p.search_other * w

    def job_left(self, job, weight):
        if job in (SKILLED, OTHER):
            self.sums["left_skilled" if job == SKILLED else "left_other"] += weight

    # -- demography --
    def arrive(self, p, t, key, cell):
        p.presence, p.labour_q = PRESENT, t
        if p.group == 0 or t < p.completion_q:
            p.labour = STUDENT
        else:
            p.labour = UNEMPLOYED if uniform(key, "activity", 1) < cell.entry_active else INACTIVE

    def dies_or_leaves(self, p, t, key, cell):
        rate = float(self.inputs.death[min(3, t // 20), self.ms, p.sex, min((t - p.birth_q) // 4, 100)])
        if uniform(key, "death") < rate * cell.mortality:
            p.presence, p.course_q = DEAD, t
            return True
        if cell.exit > 0.0 and t > p.arrival_q:
            if uniform(key, "departure") < cell.exit * math.exp(self.par.selection_exit * (p.employability / 4096.0)):
                p.presence, p.course_q = EMIGRATED, t
                return True
        return False

    def family_and_age(self, p, t, key, cell):
        age_q, stay = t - p.birth_q, t - p.arrival_q
        if p.group >= 2 and not p.naturalised and stay >= 20 and uniform(key, "naturalisation") < cell.naturalisation:
            p.naturalised = 1
        if p.sex == FEMALE and 60 <= age_q < 200 and p.children < 9 and not youngest_under(p, t, 4):
            rate = float(self.inputs.birth[t // 4, self.ms, age_q // 4 - 15])
            if uniform(key, "birth") < rate * cell.fertility:
                p.children += 1
                p.youngest_q = t
        pension_age = int(self.inputs.retirement_q[self.ms, p.sex])
        if p.labour == STUDENT:
            if t >= p.completion_q:
                p.labour, p.labour_q = UNEMPLOYED, t - 1
        elif working(p):
            if age_q >= pension_age and (age_q >= 300 or uniform(key, "retirement") < self.inputs.retire):
                self.retire(p, t)
        elif idle(p):
            soon = age_q >= pension_age - 4.0 * self.par.early_years and p.contribution_q >= 4.0 * self.par.early_contributions
            early = p.labour == INACTIVE and soon
            if age_q >= pension_age or early:
                self.retire(p, t)
        if p.labour == RETIRED:  # courses and procedures end
            if p.course in (COURSE_ATTENDING, COURSE_WAITING):
                p.course = COURSE_DONE
            if p.recognition in (DOCUMENTS, DECISION_WAITING):
                p.recognition = NOT_APPLIED
            elif p.recognition in (BRIDGING_WAITING, BRIDGING):
                p.recognition = PARTIAL

    def retire(self, p, t):
        """The pension: accrual by contribution years times mean relative earnings, at least a floor that grows with
        stay."""
        par, f = self.par, self.fiscal
        level = 0.0
        if p.contribution_q > 0:
            years = p.contribution_q * 0.25
            level = f.pension_factor * min(1.0, years / par.pension_years) * min(2.5, max(0.15, p.earned / years))
        floor = f.pension_floor * min(1.0, (t - p.arrival_q) / (4.0 * par.pension_years))
        p.pension = f4(max(level, floor))
        p.labour, p.labour_q = RETIRED, t

    # -- language --
    def learn_language(self, p, t, key, cell, employed):
        par = self.par
        if p.language >= C1 or not self.on.language:
            return
        age_q, stay = t - p.birth_q, t - p.arrival_q
        if p.course == COURSE_ATTENDING:
            p.course_quarters += 1
            if uniform(key, "course") < cell.course_dropout:
                p.course = COURSE_DONE
            elif t >= p.course_q:
                self.take_exam(p, key)
        elif p.course == COURSE_WAITING:
            if uniform(key, "signup") < par.queue_leave:
                p.course = NO_COURSE
        elif p.course == NO_COURSE and 64 <= age_q < 260 and p.labour not in (STUDENT, RETIRED) and not self.in_programme(p, t):
            if p.language == B1:
                hazard = cell.advanced_signup
            else:
                willing = uniform(person_key(self.seed, PERMANENT, p.uid), "take_up") < cell.take_up
                hazard = cell.signup if stay < par.course_latest_stay and willing else 0.0
            if p.sex == FEMALE and youngest_under(p, t, 24):
                hazard *= cell.care_course
            if uniform(key, "signup") < hazard:
                p.course, p.course_q = COURSE_WAITING, t
        # The exam of this quarter may have raised the level to C1: nothing is left to learn then.
        if p.course != COURSE_ATTENDING and p.language < C1:
            hazard = cell.informal * (par.informal_at_work if employed else par.informal_without_work)
            if p.language == B1:
                hazard *= 0.5
            if uniform(key, "informal") < hazard:
                p.language += 1
                if p.language >= B1 and p.course == COURSE_WAITING:
                    p.course = NO_COURSE

    def take_exam(self, p, key):
        u = uniform(key, "course", 1)
        if p.language == B1:
            p.course = JOB_COURSE_DONE
            if u < self.par.exam_c1:
                p.language = C1
        elif u < self.par.exam_b1:
            p.language, p.course = B1, NO_COURSE
        else:
            p.course = COURSE_DONE
            if p.language < A2 and uniform(key, "course", 2) < self.par.exam_a2:
                p.language = A2

    # -- recognition --
    def pursue_recognition(self, p, t, key, cell):
        par, stay = self.par, t - p.arrival_q
        if p.recognition == NOT_APPLIED and stay < par.apply_latest_stay:
            late = par.apply_late if stay >= par.apply_late_stay else 1.0
            hazard = cell.apply * (par.apply_language if p.language >= B1 else 1.0) * late
            if uniform(key, "apply") < hazard:
                p.recognition, p.recognition_q = DOCUMENTS, t
        elif p.recognition == DOCUMENTS:
            if uniform(key, "documents") < cell.documents:
                p.recognition, p.recognition_q = DECISION_WAITING, t
        elif p.recognition == BRIDGING:
            p.recognition_cost += 10
            if uniform(key, "bridging") < par.bridging_finish:
                p.recognition = RECOGNISED if uniform(key, "bridging", 1) < par.bridging_completion else PARTIAL

    def grant(self, p, t, kind):
        """A place in a course (0, 1), a decision (2), a place in bridging (3)."""
        par = self.par
        if kind < 2:
            length = par.course_quarters_advanced if p.language >= B1 else par.course_quarters_basic
            if p.language == A2:
                length = 0.5 * length
            if p.sex == FEMALE and youngest_under(p, t, 24):
                length *= par.course_care
            p.course, p.course_q = COURSE_ATTENDING, t + max(1, int(length + 0.5))
        elif kind == 2:
            u = uniform(person_key(self.seed, t, p.uid), "decision")
            p.recognition_cost += 1
            p.recognition_q = t
            if p.qualification == 2:
                full, middle, outcome = (
                    par.decision_full_regulated,
                    par.decision_compensation_regulated,
                    BRIDGING_WAITING,
                )
            else:
                full, middle, outcome = par.decision_full_other, par.decision_partial_other, PARTIAL
            p.recognition = RECOGNISED if u < full else outcome if u < full + middle else REFUSED
        else:
            p.recognition, p.recognition_q = BRIDGING, t

    # -- labour market --
    def loses_job(self, p, t, key, rate, cell):
        factor = cell.care_separation if p.sex == FEMALE and youngest_under(p, t, 8) else 1.0
        u = uniform(key, "separation")
        if u < rate.to_unemployed * factor:
            p.labour, p.labour_q = UNEMPLOYED, t
            insured = p.contribution_q >= 4 and uniform(key, "coverage") < self.fiscal.coverage
            p.covered_q = int(self.par.insurance_quarters) if insured else 0
            return True
        if u < f4(rate.to_unemployed + rate.to_inactive) * factor:
            p.labour, p.labour_q, p.covered_q = INACTIVE, t, 0
            return True
        return False

    def change_activity(self, p, t, key, rate, cell):
        u = uniform(key, "activity")
        if p.labour == UNEMPLOYED and u < rate.give_up:
            p.labour, p.labour_q = INACTIVE, t
        elif p.labour == INACTIVE and u < rate.activate * cell.activation:
            p.labour, p.labour_q = UNEMPLOYED, t

    def skilled_odds(self, p, cell):
        return cell.skilled_odds * self.access(p)

    def access(self, p):
        if p.group < 2:
            return 1.0
        par = self.par
        odds = (par.skilled_a1, par.skilled_a2, 1.0, par.skilled_c1)[p.language]
        recognised = p.recognition == RECOGNISED
        if p.qualification == 2:
            odds *= par.skilled_regulated_recognised if recognised else par.skilled_regulated_unrecognised
        elif p.qualification == 1 and recognised:
            odds *= par.skilled_other_recognised
        return odds

    def effectiveness(self, p, t, cell, attended):
        par = self.par
        value = cell.finding * math.exp(par.employability_search * (p.employability / 4096.0))
        if par.scarring > 0.0:
            value *= math.exp(-par.scarring * min(float(t - p.labour_q), par.scarring_longest))
        if p.group >= 2:
            if p.language >= B1:
                value *= math.exp(par.language_search_b1)
            elif p.language == A2:
                value *= math.exp(par.language_search_a2)
            if p.course == JOB_COURSE_DONE:
                value *= math.exp(par.job_course_search)
            if p.waited > 0:
                value *= math.exp(-par.wait_scar * p.waited * max(0.0, 1.0 - (t - p.arrival_q) / par.wait_fade))
            value *= cell.hiring
            value *= 1.0 - par.contact_share + par.contact_share * cell.contacts * self.contacts
            if attended:
                value *= cell.course_search
            if p.recognition == BRIDGING:
                value *= par.bridging_search
        if p.sex == FEMALE and youngest_under(p, t, 24):
            value *= cell.care_search
        return value

    def search(self, p, t, rate, cell, attended):
        if p.labour == OTHER and p.education == HIGH:
            p.search_skilled = int(min(rate.upgrade * self.skilled_odds(p, cell) * cell.hiring, 0.5) * 32768.0)
        if not idle(p):
            return
        just_arrived = t == p.arrival_q and p.group > 0
        if p.labour_q == t and not just_arrived:
            return
        from_ukraine = 20 <= p.arrival_q < 28
        if t - p.arrival_q < cell.work_wait and not from_ukraine:
            p.waited += 1
            return
        if just_arrived:
            hazard = cell.entry_job
        elif t == p.completion_q:
            hazard = rate.entry * min(1.0, self.effectiveness(p, t, cell, attended))
        else:
            hazard = rate.finding * self.effectiveness(p, t, cell, attended)
            if p.labour == INACTIVE:
                hazard *= rate.attached
        weight = rate.skilled * cell.skilled_odds
        share = weight / (weight + 1.0 - rate.skilled)
        skilled, other = hazard * share * self.access(p), hazard * (1.0 - share)
        kept = min(1.0, 0.95 / max(skilled + other, 0.95))
        p.search_skilled = int(skilled * kept * 32768.0)
        p.search_other = int(other * kept * 32768.0)

    # -- programmes --
    def in_programme(self, p, t):
        return p.programme > 0 and t < p.programme_q

    def offer_programme(self, p, t, key, cell):
        lately = p.programme > 0 and t < p.programme_q + 8
        busy = p.course == COURSE_ATTENDING or p.recognition == BRIDGING
        if p.labour != UNEMPLOYED or t - p.birth_q >= 260 or busy or lately:
            return
        u = uniform(key, "programme")
        if u >= cell.offers:
            return
        kind = 0
        while kind < len(cell.offer) - 1 and u >= cell.offer[kind]:
            u -= cell.offer[kind]
            kind += 1
        programme = named(self.inputs.programmes[kind])
        trait = p.employability / 4096.0
        own = normal(person_key(self.seed, PERMANENT, p.uid), "programme", 1 + 2 * kind)
        score = programme.selection * trait + math.sqrt(1.0 - programme.selection**2) * own
        if score >= cell.reluctance[kind]:
            p.programme, p.programme_q = kind + 1, t + max(1, int(programme.length + 0.5))

    def guide(self, p, t):
        programme = named(self.inputs.programmes[p.programme - 1])
        finding, odds = programme.lock_in, 1.0
        if t >= p.programme_q:
            left = math.exp(-math.log(2.0) * (t - p.programme_q) / programme.half_life)
            finding, odds = math.exp(programme.finding * left), math.exp(programme.skilled * left)
        before, skilled, other = p.search_skilled, p.search_skilled * odds, p.search_other
        if p.labour != UNEMPLOYED:
            p.search_skilled = int(min(skilled, 0.95 * 32768.0))
        elif before + other > 0:
            hazard = min((before + other) * finding, 0.95 * 32768.0)
            p.search_skilled = int(hazard * skilled / (skilled + other))
            p.search_other = int(hazard * other / (skilled + other))

    def institutions(self, t):
        sums = self.sums
        self.basic.admit(t)
        self.advanced.admit(t)
        self.places.admit(t)
        self.decisions.admit(t)
        share = sums["at_work"] / max(1, sums["established"])
        if t == 0:
            self.first_share = share
        if self.first_share > 0.0:
            self.contacts = share / self.first_share
        macro = float(self.inputs.macro[self.ms, t])
        self.tightness = [
            self.markets[0].open(sums["search_skilled"] / 32768.0, sums["left_skilled"], macro),
            self.markets[1].open(sums["search_other"] / 32768.0, sums["left_other"], macro),
        ]

    def hire(self, p, t, key, cell):
        skilled = min(p.search_skilled / 32768.0 * self.tightness[0], 0.95)
        other = min(p.search_other / 32768.0 * self.tightness[1], 0.95)
        u, job = uniform(key, "hiring"), p.labour
        if u < skilled:
            p.labour = SKILLED
            self.sums["hired_skilled"] += p.weight
            self.sums["upgraded"] += p.weight if job == OTHER else 0
        elif job != OTHER and u < skilled + other:
            p.labour = OTHER
            self.sums["hired_other"] += p.weight
        else:
            return False
        p.labour_q = t
        return job != OTHER  # who moves up keeps hours and the luck of the match

    # -- pay --
    def draw_job(self, p, key, cell):
        p.match = int(max(-4.0, min(4.0, normal(key, "match"))) * 4096.0)
        p.hours = int(100 * self.par.part_time_hours) if uniform(key, "hours") < cell.part_time else 100

    def set_wage(self, p, t, cell):
        par = self.par
        years = p.experience_q * 0.25
        if p.qualification != 0 or p.group != 0:
            years += par.foreign_experience * max(0.0, (p.arrival_q - p.completion_q) * 0.25)
        x = min(years, 35.0)
        log_wage = float(self.inputs.wage_base[self.ms, p.education, 0 if p.labour == SKILLED else 1])
        log_wage += par.experience * x + par.experience_squared * x * x
        if p.sex == FEMALE:
            log_wage += float(self.inputs.sex_gap[self.ms])
        if p.group >= 2:
            if p.language >= C1:
                log_wage += par.language_pay_c1
            elif p.language >= B1:
                log_wage += par.language_pay_b1
            if p.naturalised:
                log_wage += par.naturalisation_pay
        log_wage += cell.wage_gap
        log_wage += par.trait_pay * (p.earning_power / 4096.0) + par.match_pay * (p.match / 4096.0)
        log_wage -= 0.5 * (par.trait_pay * par.trait_pay + par.match_pay * par.match_pay)
        p.wage = f4(math.exp(log_wage))

    # -- after the market --
    def after_market(self, p, t):
        f = self.fiscal
        if p.presence == FUTURE:
            return
        if p.presence > PRESENT:
            quarters = self.quarters_here(p, t) - 1
            if p.course_q == t and quarters > 0:
                self.settle(p, t - 1, quarters, self.pension_of_year(p, t - 1, quarters))
            return
        key = person_key(self.seed, t, p.uid)
        age_q, cell = t - p.birth_q, self.cell(p, t)
        new_job = (p.search_skilled > 0 or p.search_other > 0) and self.hire(p, t, key, cell)
        if working(p):
            if p.labour_q < t and uniform(key, "job_change") < self.par.job_change:
                new_job = True
            if new_job:
                self.draw_job(p, key, cell)
            if new_job or (t - p.labour_q) % 4 == 0:
                self.set_wage(p, t, cell)
            pay = 0.25 * p.wage * p.hours * 0.01
            p.earned = f4(p.earned + pay)
            p.earnings += int(100.0 * pay * f.average_wage * self.wage_index)
            p.experience_q += 1
            p.contribution_q += 1
        p.search_skilled = p.search_other = 0
        if idle(p):
            if p.covered_q > 0 and p.labour == UNEMPLOYED:
                p.search_skilled = self.insurance_benefit(p)
                p.unemployment_benefit += 100 * p.search_skilled
                p.covered_q -= 1
            if p.search_skilled == 0 and 72 <= age_q < 260:
                p.search_other = self.assistance(p, t)
                p.social_assistance += 100 * p.search_other
        if t % 4 == 3:
            quarters = self.quarters_here(p, t)
            self.settle(p, t, quarters, self.pension_of_year(p, t, quarters))
            p.earnings = p.unemployment_benefit = p.social_assistance = p.course_quarters = p.recognition_cost = 0

    def pension_of_year(self, p, t, quarters):
        """Pension of the quarters retired up to t, of those present in the year."""
        if p.labour != RETIRED:
            return 0.0
        return 0.25 * min(quarters, t - p.labour_q + 1) * self.pension(p, t, 0.5)

    def quarters_here(self, p, t):
        """Quarters of this calendar year up to now."""
        return t - max(t - t % 4, p.arrival_q) + 1

    # -- fiscal account --
    def insurance_benefit(self, p):
        """Whole euros of one quarter."""
        f = self.fiscal
        paid = self.par.insurance_quarters - p.covered_q  # quarters of the claim so far
        rate = f.replacement[sum(paid >= bound for bound in (2, 4))]
        gross = f4(p.wage * p.hours) * 0.01
        net = gross - schedule(f.income_tax, gross) - schedule(f.employee, gross)
        return int(0.25 * rate * max(net, 0.0) * f.average_wage * self.wage_index)

    def assistance(self, p, t):
        """Whole euros of one quarter; nothing with an earning partner; take-up is drawn once a year."""
        f, par = self.fiscal, self.par
        take_up = par.assistance_unemployed if p.labour == UNEMPLOYED else par.assistance_inactive
        if (
            p.partner > 1
            or uniform(person_key(self.seed, t - t % 4, p.uid), "assistance") >= take_up * f.assistance_factor
        ):
            return 0
        share = self.par.couple_share if p.partner == 1 else 1.0
        return int(0.25 * share * f.minimum_income * self.wage_index)

    def pension(self, p, t, indexation):
        """Annual pension, wages of 2019: the award in wages of its year, then indexed (0 prices, 1 wages)."""
        growth, years = math.log1p(self.inputs.growth), (t - max(p.labour_q, 0)) * 0.25
        return p.pension * (self.wage_index * math.exp(-growth * years)) * math.exp(indexation * growth * years)

    def settle(self, p, t, quarters, pension):
        """The account of the year, cents by component, times the weight into the treasury."""
        f, par = self.fiscal, self.par
        wage, present, age = f.average_wage * self.wage_index, 0.25 * quarters, (t - p.birth_q) // 4
        yearly = self.wage_index * present
        gross = p.earnings / 100.0
        x, pension_eur = gross / wage, pension * f.average_wage
        tax = wage * schedule(f.income_tax, x + pension_eur / wage)
        tax += wage * f.second_earner * min(x, 0.67) if p.partner in (2, 3) else 0.0
        employee = wage * schedule(f.employee, x)
        employer = wage * schedule(f.employer, x)
        adult = yearly if age >= 18 else 0.0
        family = children_at_home(p, t) * f.child_benefit * self.wage_index * present if p.sex == FEMALE else 0.0
        cash = f.other_cash * self.wage_index * present if 18 <= age < 65 else 0.0
        benefit, aid = p.unemployment_benefit, p.social_assistance
        disposable = gross - tax - employee + benefit / 100.0 + aid / 100.0 + family + cash + pension_eur
        indirect = f.indirect_per_adult * adult
        if disposable > 0.0:
            relative = disposable / max(present, 0.25) / (f.median * wage)
            spent = disposable * (1.0 - f.saving[sum(relative >= bound for bound in (0.6, 1.0, 1.5))])
            indirect += f.indirect_rate * (spent * (1.0 - par.remittances) if p.group >= 2 else spent)
        school = 0.0
        if age <= 15:
            school = f.schooling[age]
        elif p.labour == STUDENT:
            school = f.student[0] if age < 19 else f.student[1]
        paid = (p.recognition_cost % 10) * f.decision + (p.recognition_cost // 10) * f.bridging_quarter
        received = 0
        if p.group == 5:  # quarters of this year within the first four of stay
            received = max(0, min(t, p.arrival_q + 3) - max(t - quarters + 1, p.arrival_q) + 1)
        accrual = 0.0
        if gross > 0.0 and age < 75:
            right = f.pension_factor * gross / par.pension_years * 18.0
            accrual = right * math.exp(-math.log1p(par.discount_rate) * max(0.0, 65.0 - age))
        prices = wages = 0.0
        if p.labour == RETIRED and pension > 0.0:
            scale = pension_eur / max(self.pension(p, t, 0.5), 1e-12)
            prices, wages = scale * self.pension(p, t, 0.0), scale * self.pension(p, t, 1.0)
        health = f.health[min(age, 100)] * self.wage_index * present
        euro = {
            "income_tax": tax + f.income_tax_per_adult * adult,
            "employee_contributions": employee + f.contribution_per_adult * adult,
            "employer_contributions": employer,
            "indirect_tax": indirect,
            "family_benefit": family,
            "other_cash": cash,
            "pension": pension_eur,
            "health": health,
            "long_term_care": f.long_term_care[min(age, 100)] * self.wage_index * present,
            "education": school * yearly,
            "housing": f.housing * self.wage_index * present,
            "language_courses": p.course_quarters * f.course_quarter * self.wage_index,
            "recognition": paid * self.wage_index,
            "reception": f.reception * self.wage_index * 0.25 * received,
            "pension_price_indexed": prices,
            "pension_wage_indexed": wages,
            "pension_accrual": accrual,
        }
        cents = {name: int(100.0 * value) for name, value in euro.items()}
        cents.update(unemployment_benefit=benefit, social_assistance=aid)
        cents["child_services"] = cents["health"] + cents["education"] if age < 18 else 0
        book = self.treasury[t // 4]
        for c, name in enumerate(COMPONENTS):
            book[c] += cents[name] * p.weight


def schedule(points, x):
    """Piecewise-linear schedule through 0, 25, 50, 67, 100 and 167 % of the average wage; the last slope goes on."""
    bounds = (0.0, 0.25, 0.5, 0.67, 1.0, 1.67)
    k = next((k for k in range(4) if x <= bounds[k + 1]), 4)
    width = (0.25, 0.25, 0.17, 0.33, 0.67)[k]
    return points[k] + (points[k + 1] - points[k]) * (x - bounds[k]) / width
