"""How well a baseline meets the published figures it was laid out, estimated and scaled to: margins, stock, rates of 2019.

Simulated annual means of the non-EU-born stock are compared with published New Year stocks, interpolated. Nothing
here is a validation: these figures were used.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calibration.load_inputs import demography
from calibration.moments import PUBLISHED, REFERENCE_YEAR, Moment, Rule
from calibration.tables import Parameter, where_given
from model.codes import AGE_BANDS, FIRST_YEAR, MEASURE, MEMBER_STATES, NON_EU_BORN, ORIGINS, SEXES
from model.results import Results

LAST_STOCK = 2025
PROJECTED = (2025, 2030, 2035)  # years of projection variant B in the tables
MIDDLE = 0.625  # counts are taken at the end of each quarter, after arrivals: on average so far through the year
EU = "EU27_2020"
NAMES = {"employment_rate": "employment", "unemployment_rate": "unemployment", "overqualification_rate": "overqualification"}
AGES = ("20-64", "15-74")
BY_SEX = "employment_rate"  # the figure compared by sex too
EU_AIM = {"employment_rate": 0.5, "unemployment_rate": 0.5, "overqualification_rate": 1.0}  # points
MEMBER_STATE_AIM = 2.0  # points of employment, or twice the sampling error where that is more
MISSES_SHOWN = 10
FURTHEST_SHOWN = 3  # Member States from the projection
SIMULATED, SURVEYED = "simulated", "survey"  # numbers of persons with which Member States add up to the EU
COLUMNS = (
    "figure", "place", "origin", "sex", "year", "weights", "simulated", "monte_carlo_se", "published", "status", "of_member_states",
    "aim", "within", "unit",
)  # fmt: skip


def fit_table(results: Sequence[Results]) -> pd.DataFrame:
    """Simulated against published, mean over seeds, with COLUMNS.

    Figures: stock of the non-EU-born (annual mean, persons), employment rate (by sex too), unemployment rate and
    overqualification rate of 2019 (percent, when simulated), the largest error of a raked margin (share of the stock) and, as a
    check of figures that were not used, the population of all groups against the projection. `monte_carlo_se` is the standard error
    of the mean over seeds, `aim` the distance in points within which an estimate is to reproduce a published rate. The EU's rates
    of migrants stand with the simulated numbers of persons and with those of the survey (`weights`), which published ones are made
    of; `of_member_states` is what the published rates of Member States add up to with these numbers.
    """
    first = results[0]
    rows = [(MEMBER_STATES.index(code), row) for row, code in enumerate(first.member_states)]
    every = len(rows) == len(MEMBER_STATES)
    counts = np.stack([r.counts.sum(axis=4) for r in results])  # [seed, year, row, origin, sex, measure]
    persons = counts[..., MEASURE["persons"]].sum(axis=4) / 4  # [seed, year, row, origin]
    found = []
    stock = Parameter("stock", origin="non_eu_born").by_state(("year", range(FIRST_YEAR, LAST_STOCK + 1)))
    for year in [y for y in first.years if y < LAST_STOCK]:
        y = year - FIRST_YEAR
        simulated = persons[:, y, :, NON_EU_BORN]
        published = (1.0 - MIDDLE) * stock[:, y] + MIDDLE * stock[:, y + 1]
        label = ("non_eu_born", "total", year)
        found += [_row("stock", MEMBER_STATES[ms], label, simulated[:, row], published[ms], "persons") for ms, row in rows]
        if every:
            found.append(_row("stock", EU, label, simulated.sum(axis=1), published.sum(), "persons"))
    if REFERENCE_YEAR in first.years:
        found += _rates(counts[:, REFERENCE_YEAR - FIRST_YEAR], first.member_states)
    for year in [y for y in PROJECTED if y in first.years]:
        projection = Parameter("projection", year=year, category=projection_in_use())
        projected = projection.by_state(("sex", SEXES), ("age", AGE_BANDS)).sum(axis=(1, 2))
        simulated = persons[:, year - FIRST_YEAR].sum(axis=2)
        label = ("all", "total", year)
        found += [_row("population", MEMBER_STATES[ms], label, simulated[:, row], projected[ms], "persons") for ms, row in rows]
        if every:
            found.append(_row("population", EU, label, simulated.sum(axis=1), projected.sum(), "persons"))
    margins = demography()[1].set_index("member_state")["largest_error"]
    label = ("non_eu_born", "total", FIRST_YEAR)
    found += [_row("raked_margins", MEMBER_STATES[ms], label, margins.iloc[[ms]].to_numpy(), 0.0, "share") for ms, _ in rows]
    return pd.DataFrame(found, columns=COLUMNS)


def _row(figure, place, label, simulated, published, unit, status="", aim=None, weights=SIMULATED, of_member_states=None):
    """One row of fit_table from the value of every seed."""
    error = simulated.std(ddof=1) / np.sqrt(len(simulated)) if len(simulated) > 1 else np.nan
    within = None if aim is None else bool(abs(simulated.mean() - published) <= aim)
    return (figure, place, *label, weights, simulated.mean(), error, published, status, of_member_states, aim, within, unit)


def _rates(counts, codes):
    """Rows of the rates of REFERENCE_YEAR from counts [seed, row, origin, sex, measure], one per published figure and weights."""
    rule = Rule()
    every = len(codes) == len(MEMBER_STATES)
    weighted = {SIMULATED: counts} | ({SURVEYED: counts * _survey_weights(counts)[..., None]} if every else {})
    found = []
    for figure in NAMES:
        table = Parameter(figure, year=REFERENCE_YEAR).rows
        table = table[table["age"].isin(AGES) & table["geo"].isin([*codes, *([EU] if every else [])])]
        if figure != BY_SEX:
            table = table[table["sex"] == "total"]
        for (origin, sex, age), rows in table.groupby(["origin", "sex", "age"], sort=False):
            of_states = rows.set_index("geo")["value"].reindex(codes).to_numpy()
            known = np.isfinite(of_states)
            for weights, people in weighted.items():
                if weights == SURVEYED and origin == ORIGINS[0]:
                    continue  # natives have the same weights twice
                top, bottom = _quotient(figure, age, people[:, :, ORIGINS.index(origin), _sexes(sex)].sum(axis=2))
                added = np.average(of_states[known], weights=bottom.mean(axis=0)[known])
                for row in rows.itertuples():
                    if row.geo == EU:
                        simulated = top.sum(axis=1) / bottom.sum(axis=1)
                    elif weights == SIMULATED:
                        ms = codes.index(row.geo)
                        simulated = np.divide(top[:, ms], bottom[:, ms], out=np.full(len(top), np.nan), where=bottom[:, ms] > 0)
                    else:
                        continue
                    label, aim = (origin, sex, REFERENCE_YEAR), _aim(rule, figure, row)
                    of_eu = 100 * added if row.geo == EU else None
                    found.append(_row(figure, row.geo, label, 100 * simulated, 100 * row.value, "%", row.status, aim, weights, of_eu))
    return found


def _sexes(sex):
    return slice(None) if sex == "total" else [SEXES.index(sex)]


def _quotient(figure, age, counts):
    """Numerator and denominator [...] of a rate at the published ages, from counts [..., measure]."""
    ages = age.replace("-", "_")
    top, bottom = {
        "employment_rate": (f"employed_{ages}", f"persons_{ages}"),
        "unemployment_rate": (f"unemployed_{ages}", f"employed_{ages}"),
        "overqualification_rate": (f"overqualified_{ages}", f"tertiary_employed_{ages}"),
    }[figure]
    top, bottom = counts[..., MEASURE[top]].astype(float), counts[..., MEASURE[bottom]].astype(float)
    return top, bottom + top if figure == "unemployment_rate" else bottom


def _aim(rule, figure, row):
    """Points within which the estimates are to reproduce a published figure; None where no aim was set."""
    if row.geo == EU:
        return EU_AIM[figure]
    if figure != BY_SEX or row.sex != "total" or row.status not in PUBLISHED:
        return None
    moment = Moment("employment", row.origin, row.sex, REFERENCE_YEAR)
    return max(MEMBER_STATE_AIM, 200 * rule.standard_error(moment, MEMBER_STATES.index(row.geo), row.value, row.status))


def _survey_weights(counts):
    """Persons aged 20-64 in the survey per simulated person [seed, row, origin, sex]; one for natives. All Member States."""
    persons = counts[..., MEASURE["persons_20_64"]]
    migrants = Parameter("lfs_persons").by_state(("origin", ORIGINS[1:]), ("sex", SEXES))
    weights = np.ones(persons.shape)
    weights[:, :, 1:] = migrants / persons[:, :, 1:]
    return weights


def projection_in_use() -> str:
    """Category of the projection compared with: Eurostat's by Member State where it was fetched, else our variant B."""
    axes = (("geo", MEMBER_STATES), ("sex", SEXES), ("age", AGE_BANDS), ("year", [str(year) for year in PROJECTED]))
    given = where_given("projection", *axes, category="europop2023")
    return "europop2023" if np.isfinite(given).all() else "variant_b"


def fit_lines(table: pd.DataFrame) -> list[str]:
    """The fit in a few lines for the console: margins, stock, rates of 2019, and population beside the projection."""
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
    for figure, name in NAMES.items():
        part = table[(table["figure"] == figure) & (table["sex"] == "total") & (table["weights"] == SIMULATED)]
        if part.empty:
            continue
        gap = part["simulated"] - part["published"]
        words = []
        for origin in ORIGINS:
            mine = gap[(part["origin"] == origin) & (part["place"] != EU)]
            worst = mine.abs().idxmax()
            eu = gap[(part["origin"] == origin) & (part["place"] == EU)]
            total = f"EU {eu.iloc[0]:+.1f}, " if len(eu) else ""
            words.append(f"{origin.replace('_', '-')} {total}worst {mine[worst]:+.1f} ({part.loc[worst, 'place']})")
        lines.append(f"  {name} {REFERENCE_YEAR}, points from published: " + "; ".join(words))
    lines += _aim_lines(table)
    people = table[table["figure"] == "population"]
    if len(people):
        gaps = 100 * (people["simulated"] / people["published"] - 1)
        words = []
        for year, mine in gaps.groupby(people["year"]):
            of_eu = people.loc[mine.index, "place"] == EU
            far = mine[~of_eu].abs().nlargest(FURTHEST_SHOWN).index
            total = "".join(f"EU {gap:+.1f} %, " for gap in mine[of_eu])
            named = ", ".join(f"{mine[i]:+.1f} % ({people.loc[i, 'place']})" for i in far)
            words.append(f"{year} {total}worst {named}")
        lines.append(f"  population of all groups against projection {projection_in_use()} (not used): {'; '.join(words)}")
    return lines


def _aim_lines(table):
    """How many rates lie within the aim, and those furthest out of it."""
    judged = table[table["aim"].notna()]
    if judged.empty:
        return []
    met, of_eu = judged["within"].astype(bool), judged["place"] == EU
    counted = {"EU": of_eu, "employment by Member State": ~of_eu}
    words = [f"{name} {met[places].sum()} of {places.sum()}" for name, places in counted.items() if places.any()]
    far = (judged["simulated"] - judged["published"]).abs() / judged["aim"]
    missed = judged[~met].loc[far[~met].sort_values(ascending=False).index]
    left = len(missed) - MISSES_SHOWN
    lines = [f"  rates of {REFERENCE_YEAR} within the aim: " + ", ".join(words) + ("; outside:" if len(missed) else "")]
    lines += [f"    {_missed(row)}" for row in missed.head(MISSES_SHOWN).itertuples()]
    return lines + ([f"    and {left} more in fit.csv"] if left > 0 else [])


def _missed(row):
    sex = "" if row.sex == "total" else f" {row.sex}"
    error = "" if np.isnan(row.monte_carlo_se) else f", Monte Carlo error {row.monte_carlo_se:.2f}"
    made_of = f"; Member States add up to {row.of_member_states - row.published:+.2f} with {row.weights} persons"
    what = f"{row.place} {row.origin.replace('_', '-')}{sex} {NAMES[row.figure]}"
    gap = f"{row.simulated - row.published:+.2f} (aim {row.aim:.2f}{error}{made_of if row.place == EU else ''})"
    return f"{what} {gap}"
