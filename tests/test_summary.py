"""Which years tables show, and units of figures."""

import pytest

from scenarios import compose, summary
from scenarios.figures import style
from scenarios.prices import consumer_prices


def test_the_last_year_of_a_run_is_shown(parity_pair):
    """A run to 2021 shows 2017, 2019 and its end; one to 2035 the years that are always chosen."""
    accounting = compose.job("run", []).accounting
    result = parity_pair[2][0]
    found = summary.outcomes(result, accounting, consumer_prices())
    assert {key[2] for key in found} == {2017, 2019, 2021}
    assert summary.chosen_years(summary.CSV_YEARS, range(2017, 2036)) == list(summary.CSV_YEARS)


@pytest.mark.parametrize(
    ("largest", "unit"),
    [(420_000.0, (1e6, "Million persons")), (1_800.0, (1e3, "Thousand persons")), (60.0, (1.0, "Persons")), (0.0, (1.0, "Persons"))],
)
def test_persons_are_shown_in_a_unit_that_can_be_read(largest, unit):
    assert style.persons_unit(largest) == unit
