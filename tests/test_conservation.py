"""Nothing appears or vanishes: persons, course places, decisions, openings, euro cents, and states of persons
20-64.

The records of all persons are copied before and after every quarter and counted again in plain NumPy; institutions
are overheard. All comparisons are of integers and exact, so there is no error rate, except where balances are
floats (1e-9 relative).
"""

from collections import defaultdict

import numpy as np
import pytest

from model import LabourIntegrationModel
from model.accounting import indicator
from model.codes import (
    B1, BRIDGING, BRIDGING_WAITING, COMPONENTS, COUNTS, COURSE_ATTENDING, COURSE_WAITING, DEAD, DECISION_WAITING,
    DOCUMENTS, EMIGRATED, FUTURE, HIGH, INACTIVE, INDICATORS, LANGUAGE, MEASURE, NON_EU_BORN, OTHER, PRESENT,
    RECOGNISED, RETIRED, SIGN, SKILLED, STAY_MEASURES, STUDENT, UNEMPLOYED, YEARS_SINCE_ARRIVAL,
)  # fmt: skip
from model.institution import LabourMarket, Places
from model.quarter import CELL_SUMS, origin_of
from model.queue import BASIC, BRIDGING_PLACES, DECISIONS

FIRST_COMPONENT = MEASURE[COMPONENTS[0]]


class Watched:
    """A whole run with what happened in each quarter: people before and after, admissions and market days."""

    def __init__(self, inputs):
        self.people, self.admissions, self.markets, self.cohort_counts, self.rates = [], [], [], [], []
        admit, open_, close = Places.admit, LabourMarket.open, LabourMarket.close
        now = {}

        def heard_admit(places, people, queued, kind, t, *rest):
            plan, carried = places.per_quarter, places.carried
            extra = rest[-1]
            outcome = admit(places, people, queued, kind, t, *rest)
            self.admissions.append((t, places, kind, plan, carried, extra, outcome, places.carried))
            return outcome

        def heard_open(market, search, leavers, macro):
            vacated, balance = market.vacated.copy(), market.balance.copy()
            before = None if market.creation is None else market.creation.copy()
            tightness = open_(market, search, leavers, macro)
            now[market] = dict(
                market=market.member_state, search=np.array(search), leavers=np.array(leavers), vacated=vacated,
                balance=balance,
                creation_before=before, creation=market.creation.copy(), openings=market.openings.copy(),
                tightness=tightness.copy(), macro=float(macro),
            )  # fmt: skip
            return tightness

        def heard_close(market, hires, taken, vacated):
            result = close(market, hires, taken, vacated)
            self.markets.append(
                dict(now.pop(market), hires=np.array(hires), carried=market.balance.copy(), left=np.array(vacated))
            )
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Places, "admit", heard_admit)
            patch.setattr(LabourMarket, "open", heard_open)
            patch.setattr(LabourMarket, "close", heard_close)
            self.model = LabourIntegrationModel(inputs, 3)
            self.people.append(self.model.people.copy())
            while self.model.quarter < inputs.quarters:
                self.model.step()
                self.people.append(self.model.people.copy())
                self.cohort_counts.append({name: self.model.count(name) for name in COUNTS})
                self.rates.append({name: self.model.rate(name) for name in INDICATORS})
        self.results = self.model.results()
        self.weight = self.model.people["weight"].astype(np.int64)
        self.origin = np.minimum(self.model.people["group"], 2)
        states = list(inputs.member_states)
        self.row = np.array([states.index(ms) for ms in self.model.people["member_state"]])
        self.quarters = range(inputs.quarters)

    def sums(self, chosen, weight=None):
        """Weights of the chosen persons by Member State and origin, int64 [ms, origin]."""
        out = np.zeros((len(self.results.member_states), 3), dtype=np.int64)
        weight = self.weight if weight is None else self.weight * weight
        np.add.at(out, (self.row[chosen], self.origin[chosen]), weight[chosen])
        return out

    def by_year(self, count):
        """count(t, before, after) -> [ms, origin], added up over the quarters of each year: [year, ms, origin]."""
        out = np.zeros((len(self.results.years), len(self.results.member_states), 3), dtype=np.int64)
        for t in self.quarters:
            out[t // 4] += count(t, self.people[t], self.people[t + 1])
        return out

    def table(self, measure):
        """A measure of the results, [year, ms, origin]."""
        return self.results.counts[..., MEASURE[measure]].sum(axis=(3, 4))


@pytest.fixture(scope="module")
def watched(four_states):
    """The watched run of the four Member States."""
    return Watched(four_states)


def is_employed(people):
    return (people["labour"] == SKILLED) | (people["labour"] == OTHER)


def came(t, before, after):
    return (before["presence"] == FUTURE) & (after["presence"] == PRESENT)


def gone(before, after, how):
    return (before["presence"] == PRESENT) & (after["presence"] == how)


# -- persons ----------------------------------------------------------------------------------------------------------


def test_persons_are_conserved(watched):
    """In every year, Member State and origin the stock at the end is the stock before plus arrivals (births laid
    out, for natives) minus deaths and departures as the tables count them."""
    stock = watched.sums(watched.people[0]["presence"] == PRESENT)
    arrived = watched.by_year(lambda t, before, after: watched.sums(came(t, before, after)))
    arrivals, deaths, departures = (watched.table(name) for name in ("arrivals", "deaths", "departures"))
    assert (arrivals[..., 1:] == arrived[..., 1:]).all() and (arrivals[..., 0] == 0).all()
    december = watched.results.by_age[..., 0].sum(axis=3)
    for year in range(len(watched.results.years)):
        stock = stock + arrived[year] - deaths[year] - departures[year]
        assert (december[year] == stock).all(), watched.results.years[year]
    assert deaths.sum(axis=0).min() > 0 and departures[..., 1:].sum() > 0 and arrived.min() > 0


def test_everyone_due_has_arrived_and_nobody_else(watched):
    """Who arrives in a quarter is exactly who was laid out for it; whoever died or left never comes back."""
    for t in watched.quarters:
        before, after = watched.people[t], watched.people[t + 1]
        assert (came(t, before, after) == (after["arrival_q"] == t)).all()
        assert ((after["presence"] == FUTURE) == (after["arrival_q"] > t)).all()
        absent = before["presence"] > PRESENT
        assert (after["presence"][absent] == before["presence"][absent]).all()


@pytest.mark.parametrize(
    ("measure", "event"),
    [
        ("deaths", lambda t, b, a: gone(b, a, DEAD)),
        ("departures", lambda t, b, a: gone(b, a, EMIGRATED)),
        ("hires", lambda t, b, a: is_employed(a) & (a["presence"] == PRESENT) & ~is_employed(b)),
        (
            "separations",
            lambda t, b, a: (a["presence"] == PRESENT) & is_employed(b) & np.isin(a["labour"], (UNEMPLOYED, INACTIVE)),
        ),
    ],
)
def test_events_are_the_changes_of_persons(measure, event, watched):
    """Deaths, departures, hires and separations in the tables are the changes between the records of two quarters."""
    seen = watched.by_year(lambda t, b, a: watched.sums(event(t, b, a)))
    assert (watched.table(measure) == seen).all() and seen.sum() > 0


def test_births_are_children_of_women(watched):
    """The births of the tables are the children added to the records."""
    seen = watched.by_year(
        lambda t, b, a: watched.sums(np.ones(len(a), bool), a["children"].astype(np.int64) - b["children"])
    )
    assert (watched.table("births") == seen).all() and seen[..., NON_EU_BORN].min() > 0


# -- states -----------------------------------------------------------------------------------------------------------


def states_of(people, t):
    """Masks of codes.COUNTS that a person can be in, recomputed in NumPy from the records after quarter t."""
    here = people["presence"] == PRESENT
    age = t - people["birth_q"].astype(int)
    core, wide = here & (age >= 80) & (age < 260), here & (age >= 60) & (age < 300)
    young = here & (age >= 60) & (age < 120)
    labour, employed = people["labour"], is_employed(people)
    migrant = here & (age >= 60) & (people["group"] >= 2)
    trained = migrant & (people["qualification"] > 0)
    tertiary = core & employed & (people["education"] == HIGH)
    masks = {
        "persons": here,
        "persons_20_64": core,
        "employed_20_64": core & employed,
        "unemployed_20_64": core & (labour == UNEMPLOYED),
        "inactive_20_64": core & (labour == INACTIVE),
        "students_20_64": core & (labour == STUDENT),
        "persons_15_74": wide,
        "employed_15_74": wide & employed,
        "unemployed_15_74": wide & (labour == UNEMPLOYED),
        "tertiary_employed_20_64": tertiary,
        "overqualified_20_64": tertiary & (labour == OTHER),
        "course_waiting": migrant & (people["course"] == COURSE_WAITING),
        "course_attending": migrant & (people["course"] == COURSE_ATTENDING),
        "qualified_abroad": trained,
        "recognition_documents": trained & (people["recognition"] == DOCUMENTS),
        "recognition_waiting": trained & (people["recognition"] == DECISION_WAITING),
        "bridging": trained & (people["recognition"] == BRIDGING),
        "recognised": trained & (people["recognition"] == RECOGNISED),
        "naturalised": migrant & (people["naturalised"] == 1),
        "persons_15_29": young,
        "neet_15_29": young & ~employed & (labour != STUDENT),
    }
    for level in range(len(LANGUAGE)):
        masks[f"language_{('a1', 'a2', 'b1', 'c1')[level]}"] = migrant & (people["language"] == level)
    return masks


def test_counts_are_recounted(watched):
    """Every count of the tables, and of the cohorts in every quarter, is that of the records; only the counts of
    children are not recomputed here."""
    seen = defaultdict(int)
    for t in watched.quarters:
        for name, mask in states_of(watched.people[t + 1], t).items():
            one = watched.sums(mask)
            assert watched.cohort_counts[t][name] == one.sum(), (name, t)
            year = np.zeros((len(watched.results.years), *one.shape), dtype=np.int64)
            year[t // 4] = one
            seen[name] = seen[name] + year
    assert set(seen) == set(COUNTS) - {"children_of_women"}
    for name, total in seen.items():
        assert (watched.table(name) == total).all(), name


def test_states_add_up_to_persons(watched):
    """Employed, unemployed, inactive, students and retired are the persons 20-64; so in the tables (retired being
    counted in the records) and in the cell sums of every quarter."""
    retired = watched.by_year(lambda t, b, a: watched.sums(states_of(a, t)["persons_20_64"] & (a["labour"] == RETIRED)))
    parts = [f"{name}_20_64" for name in ("employed", "unemployed", "inactive", "students")]
    assert (sum(watched.table(name) for name in parts) + retired == watched.table("persons_20_64")).all()
    assert retired.sum() > 0
    cells = watched.results.cells.reshape(len(watched.results.years), 4, *watched.results.cells.shape[1:])
    for column, name in ((0, "persons_20_64"), (1, "employed_20_64"), (7, "students_20_64"), (6, "hours_sum")):
        assert (cells[..., column].sum(axis=(1, 4, 5, 6)) == watched.table(name)).all(), CELL_SUMS[column]
    active = watched.table("employed_20_64") + watched.table("unemployed_20_64")
    assert (cells[..., 2].sum(axis=(1, 4, 5, 6)) == active).all()
    assert (cells[..., 3].sum(axis=(1, 4, 5, 6)) == watched.table("tertiary_employed_20_64")).all()
    matched = watched.table("tertiary_employed_20_64") - watched.table("overqualified_20_64")
    assert (cells[..., 4].sum(axis=(1, 4, 5, 6)) == matched).all()


def test_rates_of_the_model_are_ratios_of_its_counts(watched):
    """model.rate() over all cohorts is numerator over denominator of model.count(), in every quarter."""
    for counts, rates in zip(watched.cohort_counts, watched.rates, strict=True):
        row = np.zeros(len(MEASURE))
        for name, value in counts.items():
            row[MEASURE[name]] = value
        for name in ("employment_rate", "unemployment_rate", "overqualification_rate", "neet_rate", "recognised_share"):
            assert rates[name] == pytest.approx(float(indicator(name, row)), rel=1e-12)


# -- queues -----------------------------------------------------------------------------------------------------------


def test_places_are_conserved(watched):
    """In every queue and quarter: places are the plan with the policy's addition plus what was carried; no more are
    admitted than wait or than there are places; what is left under a queue is carried, and only that; less than a
    person's weight is ever left while somebody waits."""
    largest = int(watched.weight.max())
    carried_on = {}
    for _, places, kind, plan, carried, extra, (offered, waiting, admitted), left in watched.admissions:
        assert carried == carried_on.get((places, kind), 0.0)
        assert offered == pytest.approx(plan * (1.0 + extra) + carried, rel=1e-12)
        assert 0 <= admitted <= waiting and admitted <= offered
        if waiting > admitted:
            assert left == pytest.approx(offered - admitted, abs=1e-6) and left < largest
        else:
            assert left == 0.0
        carried_on[places, kind] = left
    admitted, waiting = (sum(a[6][i] for a in watched.admissions) for i in (2, 1))
    assert 0 < admitted < waiting


def test_admissions_are_the_changes_of_persons(watched):
    """Courses begun and files decided in the records are what the institutions admitted, by Member State and
    quarter."""
    series = watched.results.queues
    for t in watched.quarters:
        before, after = watched.people[t], watched.people[t + 1]
        here = after["presence"] == PRESENT
        started = here & (before["course"] != COURSE_ATTENDING) & (after["course"] == COURSE_ATTENDING)
        # Who attends B1 and more takes a job-related course; the level does not change when a course begins.
        basic = watched.sums(started & (after["language"] < B1)).sum(axis=1)
        advanced = watched.sums(started & (after["language"] >= B1)).sum(axis=1)
        assert (series["language_courses"][t, :, 2] == basic).all()
        assert (series["job_related_courses"][t, :, 2] == advanced).all()
        open_before = np.isin(before["recognition"], (DOCUMENTS, DECISION_WAITING)) | (before["presence"] == FUTURE)
        closed = here & open_before & (after["recognition"] > DECISION_WAITING)
        assert (series["recognition_decisions"][t, :, 2] == watched.sums(closed).sum(axis=1)).all()
        bridging = here & (before["recognition"] == BRIDGING_WAITING) & (after["recognition"] == BRIDGING)
        assert (series["bridging_places"][t, :, 2] == watched.sums(bridging).sum(axis=1)).all()
    assert series["language_courses"][..., 2].sum() > 0 and series["recognition_decisions"][..., 2].sum() > 0


def test_who_waits_is_in_the_queue(watched):
    """Persons waiting at the end of a quarter are those counted before admission less those admitted."""
    queued = {BASIC: "language_courses", DECISIONS: "recognition_decisions", BRIDGING_PLACES: "bridging_places"}
    for t in watched.quarters:
        people = watched.people[t + 1]
        here = people["presence"] == PRESENT
        waits = {
            BASIC: (people["course"] == COURSE_WAITING) & (people["language"] < B1),
            DECISIONS: people["recognition"] == DECISION_WAITING,
            BRIDGING_PLACES: people["recognition"] == BRIDGING_WAITING,
        }
        for kind, name in queued.items():
            places = watched.results.queues[name][t]
            left = watched.sums(here & waits[kind]).sum(axis=1)
            decided = np.zeros(len(left))
            if (
                kind == BRIDGING_PLACES
            ):  # decisions of the same quarter, taken after bridging places are granted, join it
                before = watched.people[t]
                open_before = np.isin(before["recognition"], (DOCUMENTS, DECISION_WAITING))
                decided = watched.sums(here & open_before & waits[kind]).sum(axis=1)
            assert (places[:, 1] - places[:, 2] + decided == left).all(), (name, t)


def test_decisions_of_the_year_are_those_the_authority_took(watched):
    """Decisions in the tables are the authority's, those on persons gone by the end of the year included."""
    taken = (
        watched.results.queues["recognition_decisions"][..., 2].reshape(len(watched.results.years), 4, -1).sum(axis=1)
    )
    counted = watched.table("decisions").sum(axis=2)
    assert (counted == taken).all()


# -- market -----------------------------------------------------------------------------------------------------------


def test_openings_are_conserved(watched):
    """Openings are those of leavers and of jobs left by upgrading, plus creation, plus what the quarter before left
    (never below a twentieth of search); hires are taken off and the difference is carried."""
    elasticity = float(watched.model.inputs.parameters["matching_elasticity"][0])
    speed = float(watched.model.inputs.parameters["creation_speed"][0])
    carried, left = defaultdict(lambda: np.zeros(2)), defaultdict(lambda: np.zeros(2))
    assert len(watched.markets) == len(watched.quarters) * len(watched.results.member_states)
    for day in watched.markets:
        name = day["market"]
        assert (day["balance"] == carried[name]).all() and (day["vacated"] == left[name]).all()
        leavers = day["leavers"] + day["vacated"]
        if day["creation_before"] is None:
            # In the first quarter openings are what macro conditions ask for, and tightness is their factor.
            assert day["tightness"] == pytest.approx([day["macro"]] * 2)
            creation = day["macro"] * day["search"] - leavers
        else:
            creation = day["creation_before"] + speed * (day["macro"] * day["search"] - leavers - day["creation_before"])
        assert day["creation"] == pytest.approx(creation, rel=1e-9)
        expected = np.maximum(leavers + creation + day["balance"], 0.05 * day["search"])
        assert day["openings"] == pytest.approx(expected, rel=1e-9)
        ratio = day["openings"] / (day["macro"] * day["search"])
        assert day["tightness"] == pytest.approx(day["macro"] * ratio ** (1.0 - elasticity), rel=1e-9)
        rest = np.clip(day["openings"] - day["hires"], -day["openings"], day["openings"])
        assert day["carried"] == pytest.approx(rest, rel=1e-9, abs=1e-9)
        carried[name], left[name] = day["carried"], day["left"]


def test_market_counts_persons(watched):
    """Leavers, hires and upgrades of every market day are the changes between the records of two quarters."""
    names = list(watched.results.member_states)
    days = iter(watched.markets)
    for t in watched.quarters:
        before, after = watched.people[t], watched.people[t + 1]
        here, upgraded = after["presence"] == PRESENT, (before["labour"] == OTHER) & (after["labour"] == SKILLED)
        upgraded &= here & (before["presence"] == PRESENT)
        lost = (before["presence"] == PRESENT) & (~here | ~is_employed(after))
        leavers = [watched.sums(lost & (before["labour"] == segment)).sum(axis=1) for segment in (SKILLED, OTHER)]
        new = here & ~(is_employed(before) & (before["presence"] == PRESENT))
        hires = [
            watched.sums((new & (after["labour"] == s)) | (upgraded if s == SKILLED else False)).sum(axis=1)
            for s in (SKILLED, OTHER)
        ]
        left = watched.sums(upgraded).sum(axis=1)
        for _ in names:
            day = next(days)
            row = names.index(day["market"])
            assert [x[row] for x in leavers] == list(day["leavers"]), (t, day["market"])
            assert [x[row] for x in hires] == list(day["hires"]), (t, day["market"])
            assert day["left"][0] == 0 and day["left"][1] == left[row]
            assert list(watched.results.market[t, row, :, 3]) == list(day["hires"])


# -- money ------------------------------------------------------------------------------------------------------------


def test_money_is_conserved_to_the_cent(watched):
    """Persons' components are the same cents by sex and education, by age, for the non-EU-born by reason and arrival
    period, and in the treasuries, whose balance is taxes minus benefits and services. (That they are the sum of
    persons' accounts is proved by the person-at-a-time engine, tests/test_person_engine.py.)"""
    results = watched.results
    by_group = results.counts[..., FIRST_COMPONENT:].sum(axis=(3, 4))
    assert (by_group == results.by_age[..., 1:].sum(axis=3)).all()
    assert (by_group[:, :, NON_EU_BORN] == results.by_reason[..., FIRST_COMPONENT:].sum(axis=(2, 3))).all()
    assert (by_group.sum(axis=2) == results.treasury).all()
    for row, ms in enumerate(watched.model.inputs.member_states):
        treasury = watched.model.institutions[ms][3]
        for year in range(len(results.years)):
            assert treasury.balance(year) == sum(
                s * int(c) for s, c in zip(SIGN, results.treasury[year, row], strict=True)
            )
    # Receipts and outlays all move; programme costs need migrants, so they are the non-EU-born's alone.
    assert (np.abs(by_group[:, :, NON_EU_BORN]).sum(axis=(0, 1)) > 0).all()
    own = [COMPONENTS.index(name) for name in ("language_courses", "recognition", "reception")]
    assert by_group[:, :, :NON_EU_BORN][..., own].sum() == 0


def test_every_measure_of_the_non_eu_born_is_the_same_by_reason(watched):
    """The second table (reason, arrival period) adds up to the first for every measure, in integers."""
    results = watched.results
    assert (results.counts[:, :, NON_EU_BORN].sum(axis=(2, 3)) == results.by_reason.sum(axis=(2, 3))).all()


def test_counts_by_stay_add_up_to_those_by_reason(watched):
    """Over sex and years since arrival, what both tables count at 20-64 is the same integers by year, Member State and
    reason."""
    results = watched.results
    shared = [name for name in STAY_MEASURES if name.endswith("20_64")]
    by_stay = results.by_stay[..., [STAY_MEASURES.index(name) for name in shared]].sum(axis=(3, 4))
    by_reason = results.by_reason[..., [MEASURE[name] for name in shared]].sum(axis=3)
    assert len(shared) == 5 and (by_stay == by_reason).all()


def test_counts_by_stay_are_recounted(watched):
    """Every count by reason, sex and years since arrival, language levels included, is that of the records."""
    seen, longest = np.zeros_like(watched.results.by_stay), len(YEARS_SINCE_ARRIVAL) - 1
    for t in watched.quarters:
        people = watched.people[t + 1]
        masks = states_of(people, t)
        working_age = masks["persons_20_64"] & (people["group"] >= 2)
        stay = np.minimum(longest, (t - people["arrival_q"].astype(int)) // 4)
        for m, name in enumerate(STAY_MEASURES):
            who = working_age & masks[name]
            group, sex = people["group"][who] - 2, people["sex"][who]
            np.add.at(seen, (t // 4, watched.row[who], group, sex, stay[who], m), watched.weight[who])
    assert (seen == watched.results.by_stay).all() and seen.sum(axis=(0, 1, 2, 3)).min() > 0


def test_ages_add_up(watched):
    """Persons by age on 31 December are the records present then."""
    for year in range(len(watched.results.years)):
        present = watched.people[4 * year + 4]["presence"] == PRESENT
        assert (watched.results.by_age[year, ..., 0].sum(axis=2) == watched.sums(present)).all()


def test_origin_of_group():
    """Groups 0, 1 and 2 to 6 are natives, EU-born and non-EU-born."""
    assert [origin_of(group) for group in range(7)] == [0, 1, 2, 2, 2, 2, 2]
