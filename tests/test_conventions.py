"""Conventions against amounts worked out by hand: two years, one Member State, three origins."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.config import Accounting
from model import codes
from scenarios import conventions

DEFAULT = Accounting(
    children="own",
    employer_contributions=True,
    programme_costs=False,
    price_year=2019,
    denominator="all_ages",
    pension_view="cash",
    pension_indexation="half",
    real_wage_growth="included",
)
YEARS = (2019, 2035)
HICP = {2019: 1.0, 2024: 1.25}
NATIVE, NON_EU = codes.NATIVE, codes.NON_EU_BORN
WOMAN, CHILD = (codes.FEMALE, codes.HIGH), (codes.MALE, codes.UNDER_15)


@pytest.fixture
def counts():
    """Two native women and one non-EU-born woman with one child each; three native children who cost 90 euro in all."""
    counts = np.zeros((2, 1, 3, 2, 4, len(codes.MEASURES)), dtype=np.int64)

    def put(origin, cell, **amounts):
        for name, amount in amounts.items():
            counts[:, 0, origin, cell[0], cell[1], codes.MEASURE[name]] = amount

    # Persons are summed over four quarters, money is in cents.
    put(
        NATIVE, WOMAN, persons=8, persons_20_64=8, children_of_women=8, income_tax=50_000, employer_contributions=20_000
    )
    put(NON_EU, WOMAN, persons=4, persons_20_64=4, children_of_women=4, income_tax=10_000, language_courses=3_000)
    put(NON_EU, WOMAN, pension=7_000, pension_price_indexed=6_000, pension_wage_indexed=8_000, pension_accrual=2_500)
    put(NATIVE, CHILD, persons=12, health=3_000, education=6_000, child_services=9_000)
    return counts


def _by_origin(counts, accounting):
    net = conventions.net_contribution(counts, YEARS, accounting, HICP)
    return net.sum(axis=(1, 3, 4))


def test_default_is_own_group_with_employer_contributions_and_without_programme_costs(counts):
    net = _by_origin(counts, DEFAULT)
    assert net[0] == pytest.approx([500 + 200 - 30 - 60, 0, 100 - 70])
    assert net[1] == pytest.approx(net[0])


def test_employer_contributions_left_out(counts):
    net = _by_origin(counts, replace(DEFAULT, employer_contributions=False))
    assert net[0] == pytest.approx([500 - 90, 0, 30])


def test_programme_costs_counted(counts):
    net = _by_origin(counts, replace(DEFAULT, programme_costs=True))
    assert net[0] == pytest.approx([610, 0, 0])


@pytest.mark.parametrize(("indexation", "pension"), [("half", 70), ("prices", 60), ("wages", 80)])
def test_pension_indexation_picks_the_component(counts, indexation, pension):
    net = _by_origin(counts, replace(DEFAULT, pension_indexation=indexation))
    assert net[0, NON_EU] == pytest.approx(100 - pension)


def test_accrual_counts_rights_when_earned_and_no_pension_paid(counts):
    for indexation in ("half", "prices", "wages"):
        net = _by_origin(counts, replace(DEFAULT, pension_view="accrual", pension_indexation=indexation))
        assert net[0, NON_EU] == pytest.approx(100 - 25)


def test_children_at_parents_moves_a_third_and_keeps_the_sum(counts):
    own, parents = _by_origin(counts, DEFAULT), _by_origin(counts, replace(DEFAULT, children="parents"))
    # One of three children has a mother born outside the EU: 30 of 90 euro move.
    assert parents[0] == pytest.approx([own[0, NATIVE] + 30, 0, own[0, NON_EU] - 30])
    assert parents.sum() == pytest.approx(own.sum())


def test_children_without_any_mother_stay_where_they_are(counts):
    counts[..., codes.MEASURE["children_of_women"]] = 0
    parents = _by_origin(counts, replace(DEFAULT, children="parents"))
    assert parents == pytest.approx(_by_origin(counts, DEFAULT))


def test_price_year_multiplies_everything(counts):
    net = _by_origin(counts, replace(DEFAULT, price_year=2024))
    assert net == pytest.approx(1.25 * _by_origin(counts, DEFAULT))


def test_without_real_wage_growth_amounts_are_deflated_by_wages_since_2019(counts):
    net = _by_origin(counts, replace(DEFAULT, real_wage_growth="none"))
    # Pensions of an economy without growth are the wage-indexed ones deflated.
    assert net[0] == pytest.approx([610, 0, 100 - 80])
    assert net[1] == pytest.approx(np.array([610, 0, 20]) / 1.011**16)


def test_heads(counts):
    everybody = counts.sum(axis=(1, 3, 4))
    assert conventions.heads(everybody, DEFAULT)[0] == pytest.approx([5, 0, 1])
    assert conventions.heads(everybody, replace(DEFAULT, denominator="age_20_64"))[0] == pytest.approx([2, 0, 1])


def test_every_combination_appears_once():
    found = list(conventions.every_convention(2019))
    assert len(found) == len(set(found)) == 2 * 2 * 2 * 2 * (3 + 1) * 2
    assert DEFAULT in found


def test_memoranda_never_count():
    memoranda = {"pension_price_indexed", "pension_wage_indexed", "pension_accrual", "child_services"}
    assert memoranda.isdisjoint(conventions.parts_in_use(replace(DEFAULT, programme_costs=True)))
    assert set(conventions.parts_in_use(replace(DEFAULT, programme_costs=True))) | memoranda == set(codes.COMPONENTS)
