"""Every row of the tables has exactly one role, and what validates is not what was fitted to."""

import pytest

from calibration import roles, tables
from calibration.errors import InputError
from model.codes import MEMBER_STATES


@pytest.fixture(scope="module")
def rows():
    """Every shipped row with its role."""
    return tables.all_tables().assign(role=roles.assign())


def _add(folder, line):
    path = folder / "roles.csv"
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


def _refused():
    with pytest.raises(InputError) as error:
        roles.assign()
    text = str(error.value)
    assert "\n" not in text and "allowed is" in text and "roles.csv" in text, text
    return text


def test_every_row_has_one_role(rows):
    assert rows.role.notna().all() and set(rows.role) == set(roles.ROLES)


def test_every_rule_matches_rows():
    """No rule is left over from a row that is gone, but those for cells that only fetched tables hold."""
    table = roles.rules()
    used = set(roles.rule_of_row("roles", table, tables.all_tables()))
    assert set(table[~table.index.isin(used)].note) == {roles.FETCHED}


def test_a_second_matching_rule_is_refused(copied):
    _add(copied, "employment_rate,native,total,20-64,,,2019,2019,validation,")
    text = _refused()
    assert "employment_rate" in text and "year=2019" in text and "too" in text


def test_a_row_without_a_rule_is_refused(copied):
    path = copied / "roles.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(x for x in lines if not x.startswith("language_current,")) + "\n", encoding="utf-8")
    text = _refused()
    assert "language_current" in text and "geo=EU27_2020" in text and "no role" in text


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("gdp,,,,,,,,guess,", "role=guess"),
        ("gpd,,,,,,,,input,", "parameter=gpd"),
        ("gdp,,,,,,now,,input,", "year_from=now"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(copied, line, word):
    _add(copied, line)
    assert word in _refused()


def test_later_years_of_migrants_are_never_fitted_to(rows):
    """What is published from 2020 on and is not about natives as a whole validates; the start year is an input."""
    rates = rows[rows.parameter.isin(["employment_rate", "unemployment_rate", "employment_rate_recent"])]
    later = rates[(rates.year >= "2020") & (rates.origin != "native")]
    assert len(later) > 1000 and set(later.role) == {"validation"}
    by_sex = rates[(rates.year >= "2020") & (rates.sex != "total")]
    assert set(by_sex.role) == {"validation"}
    assert set(rates[rates.year == "2017"].role) == {"input"}
    moments = rows[rows.role == "moment"]
    assert set(moments[moments.parameter == "employment_rate"].query("origin != 'native'").year) == {"2018", "2019"}


def test_published_results_only_validate(rows):
    assert set(rows[rows.parameter.str.startswith("published_")].role) == {"validation"}
    assert set(rows[rows.file == "validation"].role) == {"validation"}
    assert set(rows[rows.file == "scale_factors"].role) == {"factor"}
    assert set(rows[rows.file == "effects"].role) == {"effect_tuning", "effect_held_out"}
    assert not rows[rows.role.str.startswith("effect")].file.isin(["labour", "integration", "assumptions"]).any()


def test_studies_that_may_tune(rows):
    tuning = rows[(rows.file == "effects") & (rows.role == "effect_tuning")]
    assert {name.split("_")[0] for name in tuning.category} == {"lang", "brucker", "hainmueller"}


def test_break_of_2021_follows_from_the_rows_beside_it(rows):
    """Own change of natives 2019 to 2021 less the change of the whole population that is adjusted for breaks."""

    def column(parameter, year, **labels):
        found = rows[(rows.parameter == parameter) & (rows.year == str(year)) & (rows.age == "20-64")]
        for name, value in labels.items():
            found = found[found[name] == value]
        return found.set_index("geo").value

    natives = {"origin": "native", "sex": "total"}
    own = column("employment_rate", 2021, **natives) - column("employment_rate", 2019, **natives)
    whole = column("employment_rate_adjusted", 2021) - column("employment_rate_adjusted", 2019)
    published = column("break_2021", 2021)
    assert set(published.index) == {*MEMBER_STATES, tables.EU}
    assert (own - whole).round(6).reindex(published.index).tolist() == pytest.approx(published.tolist(), abs=1e-9)
    assert published["RO"] == pytest.approx(-0.058, abs=5e-4) and published["DE"] == pytest.approx(-0.007, abs=5e-4)
