"""The consumer price index that puts amounts of 2019 into another price year."""

from __future__ import annotations

from calibration.tables import EU, Parameter


def consumer_prices() -> dict[int, float]:
    """HICP of the EU by year, 2019 = 1; raises InputError when the table is missing or damaged."""
    rows = Parameter("hicp", geo=EU).rows
    return {int(year): float(value) for year, value in zip(rows["year"], rows["value"], strict=True)}
