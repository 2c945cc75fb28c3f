"""Published rates of the EU, shown as dots beside simulated lines."""

from __future__ import annotations

from calibration.tables import EU, Parameter
from model import codes

INDICATORS = ("employment_rate", "overqualification_rate")


def published_rates() -> dict[str, dict[str, dict[int, float]]]:
    """Rates of the EU in percent by indicator, origin and year, imputed ones left out."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    for indicator in INDICATORS:
        rows = Parameter(indicator, geo=EU, sex="total", age="20-64").rows
        rows = rows[rows["status"].isin(("seen", "derived"))]
        for origin in codes.ORIGINS:
            mine = rows[rows["origin"] == origin]
            points = {int(year): 100.0 * value for year, value in zip(mine["year"], mine["value"], strict=True)}
            found.setdefault(indicator, {})[origin] = points
    return found
