"""How far parameters may be from their values: every one the code reads is drawn, estimated or exact for a reason."""

import numpy as np
import pytest

from calibration import priors, roles, tables
from calibration.errors import InputError
from model.codes import MEMBER_STATES

DRAWN = ("input", "prior", "factor")


@pytest.fixture(scope="module")
def rows():
    """Every shipped row with its role and the position of its prior."""
    return tables.all_tables().assign(role=roles.assign(), prior=priors.assign_rules())


def _refused():
    with pytest.raises(InputError) as error:
        priors.check()
    text = str(error.value)
    assert "\n" not in text and "allowed is" in text and "priors.csv" in text, text
    return text


def _add(folder, line):
    path = folder / "priors.csv"
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


def test_only_inputs_priors_and_factors_are_drawn(rows):
    """At most one rule per row (assign_rules refuses two), and none for moments, validation and effects."""
    assert set(rows[rows.prior >= 0].role) == set(DRAWN)
    assert set(rows.prior) == {-1, *range(len(priors.read()))}


def test_every_parameter_in_use_is_drawn_estimated_or_exact(rows, asked):
    """The list of all parameters the code reads: none is forgotten, none is both drawn and exact, no reason is idle."""
    exact = dict(priors.EXACT)
    assert len(exact) == len(priors.EXACT) and all(exact.values())
    drawn = set(rows[rows.prior >= 0].parameter)
    calibrated = rows.groupby("parameter").role.agg(lambda role: not set(role) & set(DRAWN))
    forgotten = sorted(name for name in asked if name not in drawn and name not in exact and not calibrated[name])
    assert not forgotten, forgotten
    assert not drawn & set(exact), drawn & set(exact)
    assert set(exact) | drawn <= asked, sorted((set(exact) | drawn) - asked)


def test_rows_without_a_rule_of_a_drawn_parameter_are_references(rows):
    """Of a parameter that is drawn a row stays exact only as a reference or a zero."""
    drawn = rows[rows.parameter.isin(rows[rows.prior >= 0].parameter)]
    left = drawn[drawn.prior < 0]
    reference = {
        "contacts": left.value == 1.0, "protection_search": left.value == 1.0, "saving_rate": left.value == 0.0,
        "wage_gap_scale": left.value == 0.0, "transition": left.category.isin(["E_to_I", "I_to_U"]),
        "employment_odds_ratio": left.education == "medium", "separation_education": left.education == "medium",
        "unemployment_education": left.education == "medium", "wage_relative": left.education == "medium",
        "separation_age": left.age == "35-54", "unemployment_age": left.age == "35-54",
    }  # fmt: skip
    assert set(left.parameter) == set(reference)
    for name, allowed in reference.items():
        assert allowed[left.parameter == name].all(), name


def test_widths_are_sensible(rows):
    """One standard deviation moves no level and no odds by more than 2.1; what shifts by Member State has them all."""
    table = priors.read()
    assert (table.sd[table["transform"] != "identity"] < np.log(2.1)).all()
    states = rows[rows.geo.isin(MEMBER_STATES)].groupby("parameter").geo.nunique()
    assert (states.reindex(table[table.scope == "state"].parameter) == len(MEMBER_STATES)).all()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("gdp,,,,,square,0.1,,,common,none,assumed,", "transform=square"),
        ("gdp,,,,,log,0,,,common,none,assumed,", "sd=0"),
        ("gdp,,,,,log,-0.1,,,common,none,assumed,", "sd=-0.1"),
        ("gdp,,,,,log,wide,,,common,none,assumed,", "sd=wide"),
        ("gpd,,,,,log,0.1,,,common,none,assumed,", "parameter=gpd"),
        ("gdp,,,,,log,0.1,,,world,none,assumed,", "scope=world"),
        ("gdp,,,,,log,0.1,,,common,none,heard,", "status=heard"),
        ("gdp,,,,,log,0.1,few,,common,none,assumed,", "low=few"),
        ("gdp,,,,,log,0.1,,5,common,none,assumed,", "gdp, geo="),
        ("gdp,,,,,logit,0.1,,,common,none,assumed,", "logit within"),
        ("gdp,native,,,,log,0.1,,,common,none,assumed,", "origin=native"),
        ("migrant_pay_gap,,,,,identity,0.03,,,state,none,assumed,", "role moment"),
        ("exam_c1,,,,,logit,0.4,,,common,none,assumed,", "too"),
        ("course_take_up,non_eu_born,,,,logit,0.4,,,common,none,assumed,", "too"),
    ],
)
def test_a_damaged_table_is_refused(copied, line, word):
    _add(copied, line)
    assert word in _refused()


def test_a_missing_table_is_named(copied):
    (copied / "priors.csv").unlink()
    assert "missing" in _refused()
