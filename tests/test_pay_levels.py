"""Pay by education and occupation in the inputs against the published premium."""

import numpy as np
import pytest

from calibration.load_inputs import wages
from calibration.tables import Parameter, scalar
from model.codes import HIGH, LOW, MEDIUM


def test_graduates_earn_the_published_premium():
    """At natives' shares of skilled jobs, mean pay of graduates over that of medium education is the OECD's figure of each
    Member State; the penalty of a job below the qualification and all other ratios stay those of the EU."""
    base, _ = wages(np.linspace(0.7, 1.1, 27))
    pay = np.exp(base)
    matched = 1.0 - Parameter("overqualification_rate", sex="total", year=2019, origin="native").by_state()
    skilled = scalar("skilled_share", origin="native", education="medium")
    graduates = matched * pay[:, HIGH, 0] + (1.0 - matched) * pay[:, HIGH, 1]
    medium = skilled * pay[:, MEDIUM, 0] + (1.0 - skilled) * pay[:, MEDIUM, 1]
    assert graduates / medium == pytest.approx(Parameter("tertiary_premium").by_state())
    relative = Parameter("wage_relative").array(("education", ("low", "medium", "high")), ("category", ("skilled", "other")))
    assert pay[:, :, 1] / pay[:, :, 0] == pytest.approx(np.tile(relative[:, 1] / relative[:, 0], (27, 1)))
    assert pay[:, LOW] / pay[:, MEDIUM] == pytest.approx(np.tile(relative[LOW] / relative[MEDIUM], (27, 1)))
