"""How well a baseline meets the published figures it was laid out and scaled to: margins, stock, employment, match.

Simulated annual means of the non-EU-born stock are compared with published New Year stocks, interpolated. Nothing
here is a validation: these figures were used.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calibration.load_inputs import demography
from calibration.tables import Parameter, where_given
from model.accounting import indicator
from model.codes import AGE_BANDS, FIRST_YEAR, MEASURE, MEMBER_STATES, NON_EU_BORN, ORIGINS, SEXES
from model.results import Results

LAST_STOCK = 2025
PROJECTED = (2025, 2030, 2035)  # years of projection variant B in the tables
MIDDLE = 0.625  # counts are taken at the end of each quarter, after arrivals: on average so far through the year
EU = "EU27_2020"


def fit_table(results: Sequence[Results]) -> pd.DataFrame:
    """Simulated against published, mean over seeds: columns figure, place, origin, year, simulated, published, unit.

    Figures: stock of the non-EU-born (annual mean, persons), employment rate and overqualification rate of 2019 (percent,
    when simulated), the largest error of a raked margin (share of the stock) and, as a check of figures that were not used, the
    population of all groups against the projection.
    """
    first = results[0]
    rows = [(MEMBER_STATES.index(code), row) for row, code in enumerate(first.member_states)]
    counts = np.mean([r.counts.sum(axis=(3, 4)) for r in results], axis=0)
    every = len(rows) == len(MEMBER_STATES)
    found = []
    stock = Parameter("stock", origin="non_eu_born").by_state(("year", range(FIRST_YEAR, LAST_STOCK + 1)))
    for year in [y for y in first.years if y < LAST_STOCK]:
        y = year - FIRST_YEAR
        simulated = counts[y, :, NON_EU_BORN, MEASURE["persons"]] / 4
        published = (1.0 - MIDDLE) * stock[:, y] + MIDDLE * stock[:, y + 1]
        for ms, row in rows:
            found.append(("stock", MEMBER_STATES[ms], "non_eu_born", year, simulated[row], published[ms], "persons"))
        if every:
            found.append(("stock", EU, "non_eu_born", year, simulated.sum(), published.sum(), "persons"))
    if 2019 in first.years:
        year = counts[2019 - FIRST_YEAR]
        for figure, key in (("employment_rate", {"age": "20-64"}), ("overqualification_rate", {})):
            published = Parameter(figure, year=2019, sex="total", **key)
            table = 100 * published.by_state(("origin", ORIGINS))
            of_eu = 100 * published.array(("geo", [EU]), ("origin", ORIGINS))[0]
            simulated = indicator(figure, year)
            total = indicator(figure, year.sum(axis=0))
            for o, origin in enumerate(ORIGINS):
                for ms, row in rows:
                    found.append((figure, MEMBER_STATES[ms], origin, 2019, simulated[row, o], table[ms, o], "%"))
                if every:
                    found.append((figure, EU, origin, 2019, total[o], of_eu[o], "%"))
    for year in [y for y in PROJECTED if y in first.years]:
        projection = Parameter("projection", year=year, category=projection_in_use())
        projected = projection.by_state(("sex", SEXES), ("age", AGE_BANDS)).sum(axis=(1, 2))
        simulated = counts[year - FIRST_YEAR, ..., MEASURE["persons"]].sum(axis=1) / 4
        for ms, row in rows:
            found.append(("population", MEMBER_STATES[ms], "all", year, simulated[row], projected[ms], "persons"))
        if every:
            found.append(("population", EU, "all", year, simulated.sum(), projected.sum(), "persons"))
    margins = demography()[1].set_index("member_state")["largest_error"]
    for ms, _ in rows:
        found.append(("raked_margins", MEMBER_STATES[ms], "non_eu_born", 2017, margins.iloc[ms], 0.0, "share"))
    return pd.DataFrame(found, columns=["figure", "place", "origin", "year", "simulated", "published", "unit"])


def projection_in_use() -> str:
    """Category of the projection compared with: Eurostat's by Member State where it was fetched, else our variant B."""
    axes = (("geo", MEMBER_STATES), ("sex", SEXES), ("age", AGE_BANDS), ("year", [str(year) for year in PROJECTED]))
    given = where_given("projection", *axes, category="europop2023")
    return "europop2023" if np.isfinite(given).all() else "variant_b"


def fit_lines(table: pd.DataFrame) -> list[str]:
    """The fit in a few lines for the console: margins, stock, employment and overqualification."""
    states = table[table["place"] != EU]
    margin = states.loc[states["figure"] == "raked_margins", "simulated"].max()
    lines = [f"Fit to the figures used: raked margins within {100 * margin:.3f} % of the stock"]
    stock = table[table["figure"] == "stock"]
    if len(stock):
        error = 100 * (stock["simulated"] / stock["published"] - 1)
        worst = error[stock["place"] != EU].abs().idxmax()
        of_eu = error[stock["place"] == EU].abs()
        total = f"within {of_eu.max():.1f} % (EU), " if len(of_eu) else ""
        where = f"{stock.loc[worst, 'place']} {stock.loc[worst, 'year']}"
        lines[0] += f"; stock to {stock['year'].max()} {total}worst Member State {error[worst]:+.1f} % ({where})"
    for figure, name in (("employment_rate", "employment 2019"), ("overqualification_rate", "overqualification 2019")):
        part = states[states["figure"] == figure]
        if part.empty:
            continue
        gap = part["simulated"] - part["published"]
        words = []
        for origin in ORIGINS:
            mine = gap[part["origin"] == origin]
            worst = mine.abs().idxmax()
            eu = table[(table["figure"] == figure) & (table["place"] == EU) & (table["origin"] == origin)]
            total = f"EU {eu['simulated'].iloc[0] - eu['published'].iloc[0]:+.1f}, " if len(eu) else ""
            words.append(f"{origin.replace('_', '-')} {total}worst {mine[worst]:+.1f} ({part.loc[worst, 'place']})")
        lines.append(f"  {name}, points from published: " + "; ".join(words))
    people = table[(table["figure"] == "population") & (table["place"] == EU)]
    if len(people):
        gaps = 100 * (people["simulated"] / people["published"] - 1)
        shown = ", ".join(f"{year} {gap:+.1f} %" for year, gap in zip(people["year"], gaps))
        lines.append(f"  population of all groups against projection {projection_in_use()} (not used): {shown}")
    return lines
