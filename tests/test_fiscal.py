"""The fiscal account: schedules, annual tax, benefits with limits, pensions from contributions, indexation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.fiscal_tables import fiscal_table
from calibration.load_inputs import parameters
from calibration.tables import Parameter
from model import LabourIntegrationModel
from model.codes import (
    COMPONENT,
    COMPONENTS,
    INACTIVE,
    MEMBER_STATES,
    OTHER,
    PRESENT,
    RETIRED,
    STUDENT,
    UNEMPLOYED,
)  # fmt: skip
from model.demography import award_pension, pension_level
from model.draw import person_key
from model.fiscal import (
    CENTS,
    POINTS,
    assistance,
    net_pay,
    open_claim,
    pension_now,
    schedule,
    settle,
    unemployment_benefit,
)
from model.pay import FULL_TIME
from model.person import NO_CHILD, PERSON

SCHEDULES = ("income_tax", "employee", "employer")
PUBLISHED = {"income_tax": "income_tax", "employee": "employee_contributions", "employer": "employer_contributions"}
T = 8 * 4 + 3  # the last quarter of 2025
WAGE_INDEX = 1.0
GROWTH = 0.011
TOLERANCE_CENTS = 2  # amounts are cut to whole cents


@pytest.fixture(scope="module")
def fiscal():
    """The fiscal table of the 27 Member States."""
    return fiscal_table()


@pytest.fixture(scope="module")
def par():
    """Mechanism parameters, one record."""
    return parameters()[0]


def person(**fields):
    """A childless man of 40 born outside the EU, with a partner who earns, present for ten years."""
    record = np.zeros(1, dtype=PERSON)[0]
    values = {
        "uid": 12345, "group": 6, "sex": 1, "education": 1, "presence": PRESENT, "labour": OTHER, "hours": FULL_TIME,
        "wage": 1.0, "birth_q": T - 160, "arrival_q": T - 40, "completion_q": T - 80, "labour_q": T - 20, "partner": 3,
        "youngest_q": NO_CHILD, "weight": 1,
    }  # fmt: skip
    for name, value in {**values, **fields}.items():
        record[name] = value
    return record


def account(p, f, par, earnings=0, benefit=0, aid=0, pension=0.0, quarters=4):
    """The year's account in cents by component."""
    out = np.zeros(len(COMPONENTS), dtype=np.int64)
    settle(p, T, quarters, f, par, WAGE_INDEX, GROWTH, earnings, benefit, aid, pension, out)
    return out


# -- schedules -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_the_tabulated_points(fiscal, name):
    """At each tabulated point the schedule is the published amount over the average wage, and zero at zero."""
    wage = Parameter("average_wage", year=2019).by_state()
    for point in POINTS:
        for ms, code in enumerate(MEMBER_STATES):
            published = 0.0
            if point > 0.0:
                category = "1.0" if point == 1.0 else f"{point:g}"
                amount = Parameter(PUBLISHED[name], year=2019, geo=code, category=category).scalar()
                published = amount / wage[ms]
            assert schedule(fiscal[ms][name], point) == pytest.approx(published, abs=1e-12), f"{code} at {point}"


@pytest.mark.parametrize("name", SCHEDULES)
@settings(max_examples=60, deadline=None)
@given(x=st.floats(0.0, 10.0), step=st.floats(0.0, 2.0), ms=st.integers(0, 26))
def test_schedules_are_monotone_and_continuous(fiscal, name, x, step, ms):
    """More gross pay never means less tax or lower contributions, in any Member State, beyond the last point too."""
    points = fiscal[ms][name]
    assert schedule(points, x + step) >= schedule(points, x) - 1e-12
    steepest = np.abs(np.diff(points) / np.diff(POINTS)).max()
    assert schedule(points, x + step) - schedule(points, x) <= steepest * step + 1e-12


@settings(max_examples=200, deadline=None)
@given(x=st.floats(0.0, 8.0), step=st.floats(0.01, 2.0), ms=st.integers(0, 26))
def test_net_pay_increases_with_gross_pay(fiscal, x, step, ms):
    """After tax and contributions more gross pay leaves more net pay everywhere."""
    assert net_pay(fiscal[ms], x + step) > net_pay(fiscal[ms], x), MEMBER_STATES[ms]


def test_no_marginal_rate_reaches_one(fiscal):
    """Every slope of tax plus employee contributions is below 100 % in every Member State; the worst is
    named."""
    slope = np.diff(fiscal["income_tax"] + fiscal["employee"], axis=1) / np.diff(POINTS)
    ms, k = np.unravel_index(slope.argmax(), slope.shape)
    assert slope[ms, k] < 1.0, f"{MEMBER_STATES[ms]} from {POINTS[k]} to {POINTS[k + 1]}: {slope[ms, k]:.2f}"


def test_an_earning_partner_adds_the_second_earner_trap(fiscal, par):
    """From nothing to 67 % of the average wage the take is the published second-earner trap; beyond, and without an earning
    partner, the schedule's."""
    trap = Parameter("inactivity_trap_second_earner").by_state()
    taxed = [COMPONENT["income_tax"], COMPONENT["employee_contributions"]]
    for f, published in zip(fiscal, trap, strict=True):
        wage = CENTS * f["average_wage"]
        paid = {(partner, pay): account(person(partner=partner), f, par, int(pay * wage))[taxed].sum()
                for partner in range(4) for pay in (0.0, 0.67, 1.0)}  # fmt: skip
        for partner in (2, 3):
            assert (paid[partner, 0.67] - paid[partner, 0.0]) / (0.67 * wage) == pytest.approx(published, abs=1e-4)
        rise = {partner: paid[partner, 1.0] - paid[partner, 0.67] for partner in range(4)}
        assert max(rise.values()) - min(rise.values()) <= 2 * TOLERANCE_CENTS
        assert paid[0, 0.67] == paid[1, 0.67]


# -- annual tax ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", ["DE", "FR", "IT", "SE"])
def test_tax_is_of_the_annual_sum(fiscal, par, code):
    """Half a year's work at the average wage pays the tax of half the wage, which is less than half the annual tax."""
    f = fiscal[MEMBER_STATES.index(code)]
    year = int(CENTS * f["average_wage"])
    half = account(person(partner=0), f, par, earnings=year // 2)[COMPONENT["income_tax"]]
    full = account(person(partner=0), f, par, earnings=year)[COMPONENT["income_tax"]]
    rest = CENTS * f["income_tax_per_adult"]
    expected = CENTS * f["average_wage"] * schedule(f["income_tax"], 0.5)
    assert half - rest == pytest.approx(expected, abs=TOLERANCE_CENTS)
    assert half - rest < 0.5 * (full - rest) - CENTS


@settings(max_examples=100, deadline=None)
@given(earnings=st.integers(0, 20_000_000), aid=st.integers(0, 1_000_000), ms=st.integers(0, 26))
def test_brackets_and_benefits_follow_wages(fiscal, par, earnings, aid, ms):
    """Constant policy: with wages twice as high and money amounts twice as large, every component is twice as large."""
    p, f = person(labour_q=T - 3), fiscal[ms]
    out = np.zeros((2, len(COMPONENTS)), dtype=np.int64)
    for k in range(2):
        index = 1.0 + k
        settle(p, T, 4, f, par, index, GROWTH, (1 + k) * earnings, 0, (1 + k) * aid, 0.0, out[k])
    assert np.abs(out[1] - 2 * out[0]).max() <= 2 * TOLERANCE_CENTS


@settings(max_examples=100, deadline=None)
@given(earnings=st.integers(0, 20_000_000), benefit=st.integers(0, 2_000_000), ms=st.integers(0, 26))
def test_indirect_tax_is_paid_out_of_disposable_income(fiscal, par, earnings, benefit, ms):
    """Apart from the amount per adult, indirect tax is not negative and not above the implicit rate on all disposable
    income; the non-EU-born pay less by what they remit."""
    f = fiscal[ms].copy()
    for name in ("income_tax_per_adult", "contribution_per_adult", "indirect_per_adult"):
        f[name] = 0.0
    mine, native = (account(person(group=group), f, par, earnings, benefit) for group in (6, 0))
    name = COMPONENT["indirect_tax"]
    disposable = earnings + benefit - mine[COMPONENT["income_tax"]] - mine[COMPONENT["employee_contributions"]]
    disposable += mine[COMPONENT["other_cash"]]
    assert 0 <= mine[name] <= f["indirect_rate"] * max(0, disposable) + TOLERANCE_CENTS
    assert mine[name] == pytest.approx((1.0 - par["remittances"]) * native[name], abs=TOLERANCE_CENTS)


@settings(max_examples=100, deadline=None)
@given(earnings=st.integers(0, 20_000_000), more=st.integers(0, 5_000_000), ms=st.integers(0, 26))
def test_revenue_outside_the_schedules_is_the_same_for_every_adult(fiscal, par, earnings, more, ms):
    """Each of the three amounts per adult adds exactly itself, whatever the earnings, origin and pay rise, for adults alone."""
    f, plain = fiscal[ms], fiscal[ms].copy()
    parts = {"income_tax_per_adult": "income_tax", "contribution_per_adult": "employee_contributions",
             "indirect_per_adult": "indirect_tax"}  # fmt: skip
    for name in parts:
        plain[name] = 0.0
    for p in (person(group=0), person(group=6), person(birth_q=T - 71, labour=STUDENT)):
        adult = (T - p["birth_q"]) // 4 >= 18
        for gross in (earnings, earnings + more):
            added = account(p, f, par, gross) - account(p, plain, par, gross)
            for name, component in parts.items():
                expected = CENTS * f[name] if adult else 0.0
                assert added[COMPONENT[component]] == pytest.approx(expected, abs=TOLERANCE_CENTS)
            assert np.abs(np.delete(added, [COMPONENT[c] for c in parts.values()])).max() == 0


def test_services_follow_presence(fiscal, par):
    """Health, long-term care, housing and other cash of half a year are half of a year's."""
    for f in fiscal:
        half, full = (account(person(), f, par, quarters=q) for q in (2, 4))
        for name in ("health", "long_term_care", "housing", "other_cash"):
            assert 2 * half[COMPONENT[name]] == pytest.approx(full[COMPONENT[name]], abs=TOLERANCE_CENTS)
            assert full[COMPONENT[name]] >= 0


def test_family_benefit_goes_to_mothers_of_minors(fiscal, par):
    """A mother of two minors gets the benefit of two children, one whose youngest is of age none, a father none."""
    f = fiscal[MEMBER_STATES.index("DE")]
    name = COMPONENT["family_benefit"]
    two = account(person(sex=0, children=2, youngest_q=T - 20), f, par)[name]
    assert two == pytest.approx(CENTS * 2 * f["child_benefit"], abs=TOLERANCE_CENTS) and two > 0
    assert account(person(sex=0, children=2, youngest_q=T - 72), f, par)[name] == 0
    assert account(person(sex=1, children=2, youngest_q=T - 20), f, par)[name] == 0


def test_reception_is_paid_for_the_first_year_of_stay(fiscal, par):
    """Reception costs arise for protection seekers over their first four quarters, in all the amount of the table, and for
    nobody else."""
    name = COMPONENT["reception"]
    for f in fiscal:
        whole = account(person(group=5, arrival_q=T - 3), f, par)[name]
        assert whole > 0
        assert account(person(group=5, arrival_q=T - 5), f, par)[name] == pytest.approx(whole / 2, abs=1)
        assert account(person(group=5, arrival_q=T - 7), f, par)[name] == 0
        assert account(person(group=3, arrival_q=T - 3), f, par)[name] == 0


# -- benefits --------------------------------------------------------------------------------------------------------
def test_a_claim_needs_contributions(fiscal, par):
    """Without a year of contributions no claim opens; with it, the covered share of people gets the longest duration.
    Share over 4 000 people within four standard errors (6 in 100 000)."""
    f = fiscal[MEMBER_STATES.index("DE")]
    opened = []
    for uid in range(4000):
        p = person(uid=uid, labour=UNEMPLOYED, contribution_q=int(par["insured_after"]) - 1, covered_q=3)
        key = np.uint64(person_key(1, T, p["uid"]))
        open_claim(p, key, f, par)
        assert p["covered_q"] == 0
        p["contribution_q"] = par["insured_after"]
        open_claim(p, key, f, par)
        assert p["covered_q"] in (0, par["insurance_quarters"])
        opened.append(p["covered_q"] > 0)
        p["labour"] = INACTIVE
        open_claim(p, key, f, par)
        assert p["covered_q"] == 0
    error = (f["coverage"] * (1.0 - f["coverage"]) / len(opened)) ** 0.5
    assert abs(np.mean(opened) - f["coverage"]) <= 4.0 * error + 1e-9


def test_insurance_benefit_is_the_replacement_rate_of_net_pay(fiscal, par):
    """Each part of a claim pays its net replacement rate of former net pay, in whole euros a quarter."""
    longest = int(par["insurance_quarters"])
    for f in fiscal:
        net = net_pay(f, 0.8 * 0.5) * f["average_wage"]
        for elapsed, part in enumerate((0, 0, 1, 1, 2, 2)):
            covered, rate = longest - elapsed, f["replacement"][part]
            p = person(labour=UNEMPLOYED, covered_q=covered, wage=0.8, hours=50)
            paid = unemployment_benefit(p, f, par, WAGE_INDEX) / CENTS
            assert 0.25 * rate * net - 1.01 <= paid <= 0.25 * rate * net + 0.01


def test_assistance_depends_on_the_partner(fiscal, par):
    """Alone all of the minimum income, three quarters with a partner without work, nothing with an earning one."""
    f = fiscal[MEMBER_STATES.index("FR")]
    for uid in range(200):
        alone, couple, low, high = (
            assistance(person(uid=uid, labour=UNEMPLOYED, partner=k), T, 1, f, par, WAGE_INDEX) for k in range(4)
        )
        assert low == high == 0
        assert alone in (0, 100 * int(0.25 * f["minimum_income"]))
        assert couple == (100 * int(0.25 * 0.75 * f["minimum_income"]) if alone else 0)


@pytest.mark.parametrize("state", [INACTIVE, UNEMPLOYED])
def test_take_up_of_assistance(fiscal, par, state):
    """The share of eligible people who receive assistance is the take-up of their state, within four standard errors
    of 4 000 people (6 in 100 000), and nobody changes within a calendar year."""
    f = fiscal[MEMBER_STATES.index("IT")]
    share = par["assistance_unemployed" if state == UNEMPLOYED else "assistance_inactive"] * f["assistance_factor"]
    share = min(1.0, share)
    paid = np.zeros((4, 4000))
    for uid in range(paid.shape[1]):
        p = person(uid=uid, labour=state, partner=0)
        for q in range(4):
            paid[q, uid] = assistance(p, T - q, 1, f, par, WAGE_INDEX) > 0
    assert (paid == paid[0]).all()
    assert abs(paid.mean() - share) <= 4.0 * (share * (1.0 - share) / paid.shape[1]) ** 0.5 + 1e-9


@pytest.fixture(scope="module")
def insured(make_inputs):
    """Three years of everyone aged 25-59 out of work, with a full claim and the average wage before, nothing else
    going on: Member State -> (insurance benefit, assistance) received by quarter and person, bool, and the longest
    duration."""
    found = {}
    off = "integration.off=[demography,labour_market,language,recognition]"
    for state in ("SE", "SI", "MT"):
        inputs = make_inputs(
            f"member_states=[{state}]",
            "population.scale=20000",
            "population.minimum_agents=300",
            "run.end_year=2019",
            off,
        )
        model = LabourIntegrationModel(inputs, 1)
        people, longest = model.people, int(inputs.parameters["insurance_quarters"][0])
        age = -people["birth_q"].astype(int)
        mine = (people["presence"] == PRESENT) & (age >= 100) & (age < 240)
        people["labour"][mine], people["labour_q"][mine] = UNEMPLOYED, -1
        people["covered_q"][mine] = longest
        people["wage"][mine], people["hours"][mine] = 1.0, FULL_TIME
        paid = []
        while model.quarter < inputs.quarters:
            model.step()
            paid.append((people["search_skilled"][mine] > 0, people["search_other"][mine] > 0))
        found[state] = (*np.moveaxis(paid, 1, 0), longest)
    return found


def test_benefits_stop_at_their_limit(insured):
    """In Sweden, where both years are paid, everyone insured and out of work gets insurance for exactly the longest
    duration, then assistance or nothing; never both in one quarter."""
    insurance, aid, longest = insured["SE"]
    assert 4 < longest < len(insurance) - 1, "the run is too short to see the limit"
    assert insurance[:longest].all() and not insurance[longest:].any()
    assert not (insurance & aid).any()
    assert aid[longest:].any()


@pytest.mark.parametrize("state", ["SI", "MT"])
def test_a_claim_that_pays_nothing_leaves_assistance(insured, state):
    """Where the replacement rate of a year is zero (Malta both, Slovenia the second), insured people without other
    income are not worse off than the uninsured: some receive assistance in every quarter without insurance benefit."""
    insurance, aid, _ = insured[state]
    for q in np.flatnonzero(~insurance.any(axis=1)):
        assert aid[q].any(), f"quarter {q}: neither insurance nor assistance for any of {aid.shape[1]} unemployed"


# -- pensions --------------------------------------------------------------------------------------------------------
@settings(max_examples=200, deadline=None)
@given(
    quarters=st.integers(0, 240), mean=st.floats(0.2, 2.4), stay=st.integers(0, 280), ms=st.integers(0, 26),
)  # fmt: skip
def test_pension_accrues_with_contribution_years_above_a_floor(fiscal, par, quarters, mean, stay, ms):
    """The award is the replacement rate times mean earnings times years over the full career, not above it, and not
    below the floor, which grows with residence."""
    f, years = fiscal[ms], quarters / 4.0
    level = pension_level(quarters, mean * years, stay, par, f)
    earned = f["pension_factor"] * mean * min(1.0, years / par["pension_years"]) if quarters else 0.0
    floor = f["pension_floor"] * min(1.0, stay / 4.0 / par["pension_years"])
    assert level == pytest.approx(max(earned, floor), rel=1e-9, abs=1e-12)
    more = pension_level(quarters + 4, mean * (years + 1.0), stay, par, f)
    assert more >= level - 1e-9
    assert pension_level(quarters, mean * years, stay + 4, par, f) >= level


def test_who_never_worked_and_just_came_gets_no_pension(fiscal, par):
    """No contributions, no residence: nothing; a full residence: the floor."""
    full = int(4 * par["pension_years"])
    for f in fiscal:
        assert pension_level(0, 0.0, 0, par, f) == 0.0
        assert pension_level(0, 0.0, full, par, f) == pytest.approx(f["pension_floor"])


@settings(max_examples=100, deadline=None)
@given(years=st.integers(0, 8), award=st.floats(0.01, 2.0))
def test_indexation_variants_are_ordered(years, award):
    """Prices at most half, half at most wages; all equal in the quarter of the award; wages keep the award's value in
    wages, prices its value in money."""
    p = person(labour=RETIRED, labour_q=T - 4 * years, pension=award)
    index = (1.0 + GROWTH) ** 6
    prices, half, wages = (pension_now(p, T, index, GROWTH, kind) for kind in (0.0, 0.5, 1.0))
    assert prices <= half * (1 + 1e-12) and half <= wages * (1 + 1e-12)
    assert wages == pytest.approx(float(p["pension"]) * index)
    assert prices == pytest.approx(float(p["pension"]) * index / (1.0 + GROWTH) ** years)
    if years == 0:
        assert prices == pytest.approx(wages)


def test_indexation_variants_are_ordered_in_a_run(eu27_to_2024):
    """Booked by the treasuries, price-indexed pensions are at most the default and these at most the wage-indexed, in
    every year and Member State, and by 2024 strictly so."""
    for results in eu27_to_2024[:1]:
        prices, half, wages = (
            results.treasury[..., COMPONENT[name]]
            for name in ("pension_price_indexed", "pension", "pension_wage_indexed")
        )
        slack = 1e-9 * half + 1e6
        assert (prices <= half + slack).all() and (half <= wages + slack).all()
        assert (prices[-1] < half[-1]).all() and (half[-1] < wages[-1]).all()


def test_retiring_awards_the_pension_earned(fiscal, par):
    """award_pension writes the level, the state and the quarter."""
    f = fiscal[MEMBER_STATES.index("SE")]
    p = person(contribution_q=80, earned=18.0)
    award_pension(p, T, par, f, 100)
    assert p["pension"] == pytest.approx(pension_level(80, 18.0, 100, par, f), rel=1e-6)
    assert p["labour"] == RETIRED and p["labour_q"] == T


def test_pensions_of_a_run_follow_contribution_histories(four_states, four_states_run):
    """Whoever retired during the run has the award of the contributions paid by then; people who came after 45 have at most the
    quarters since arrival, hence shorter careers and lower pensions than natives."""
    people = four_states_run[1].people
    par, first = four_states.parameters[0], people["labour_q"] >= 0
    retired = people[(people["presence"] == PRESENT) & (people["labour"] == RETIRED) & first]
    assert len(retired) > 100
    for p in retired[:: max(1, len(retired) // 500)]:
        stay = int(p["labour_q"]) - int(p["arrival_q"])
        award = pension_level(p["contribution_q"], p["earned"], stay, par, four_states.fiscal[p["member_state"]])
        assert p["pension"] == pytest.approx(award, rel=1e-5)
    late = retired[(retired["group"] >= 2) & (retired["arrival_q"].astype(int) - retired["birth_q"] >= 4 * 45)]
    natives = retired[retired["group"] == 0]
    assert (late["contribution_q"] <= late["labour_q"].astype(int) - late["arrival_q"]).all()
    assert late["contribution_q"].mean() < 0.5 * natives["contribution_q"].mean()
    assert late["pension"].mean() < 0.6 * natives["pension"].mean()


def test_rights_accrue_with_pay_in_working_age(fiscal, par):
    """A year's accrual is in proportion to pay, worth more the nearer to 65, nothing without pay; a full career of rights at 65 is
    the pension of that career over the years it is paid."""
    name = COMPONENT["pension_accrual"]
    for f in fiscal:
        wage = int(CENTS * f["average_wage"])
        young, old = (account(person(birth_q=T - 4 * age), f, par, wage)[name] for age in (30, 64))
        assert 0 < young < old
        assert account(person(birth_q=T - 4 * 64), f, par, 2 * wage)[name] == pytest.approx(2 * old, abs=TOLERANCE_CENTS)
        assert account(person(), f, par)[name] == 0
        at_65 = account(person(birth_q=T - 4 * 65), f, par, wage)[name] * par["pension_years"]
        assert at_65 == pytest.approx(f["pension_factor"] * wage * par["annuity_years"], rel=1e-4)


def test_students_cost_their_level(fiscal, par):
    """A student from 19 costs the tertiary unit cost, a child of eight the school's, a worker nothing."""
    name = COMPONENT["education"]
    for f in fiscal:
        assert account(person(labour=STUDENT, birth_q=T - 80), f, par)[name] == pytest.approx(
            CENTS * f["student"][1], abs=1
        )
        assert account(person(birth_q=T - 32), f, par)[name] == pytest.approx(CENTS * f["schooling"][8], abs=1)
        assert account(person(), f, par)[name] == 0
