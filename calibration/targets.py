"""What predictions are compared with: published figures that nobody has fitted, one row each.

`all_targets` gives a DataFrame with the columns COLUMNS. Kinds: `validation` for figures that enter neither inputs nor
estimates; `indicative` for such figures of another definition, age or year; `consistency` for figures that were used, shown
because a reader will ask for them. Rates are percent, money EUR per person and year, counts persons. `standard_error` is the
sampling error of the published figure (calibration.moments.Rule), zero where none is known; `shock` the standard deviation of
what happens to a Member State since 2019, for rates of migrants (calibration.shocks); `break_term` by how much the
published figure exceeds the definition the model is calibrated on.
"""

import numpy as np
import pandas as pd

from calibration import roles, shocks, tables
from calibration.errors import InputError
from calibration.moments import BREAK_YEAR, PUBLISHED, RATES, Moment, Rule, cells, group_persons, yearly_shock
from calibration.tables import EU, Parameter
from model.codes import AGE_BANDS, FIRST_YEAR, MEMBER_STATES, ORIGINS, SEXES

YEARS = (2020, 2021, 2022, 2023)
BASE_YEAR = 2019  # of the naive forecasts
COLUMNS = (
    "figure", "kind", "place", "origin", "sex", "year", "detail", "observed", "standard_error", "shock", "break_term", "no_change",
    "as_natives", "unit", "note",
)  # fmt: skip
EU14 = ("AT", "BE", "DE", "DK", "EL", "ES", "FI", "FR", "IE", "IT", "LU", "NL", "PT", "SE")
# Countries of publications and the Member States simulated for them; the United Kingdom is not.
PLACES = {EU: MEMBER_STATES, "EU28": MEMBER_STATES, "EU15": EU14, "EU14": EU14, **{ms: (ms,) for ms in MEMBER_STATES}}
PERCENT = {"employment": "% of persons 20-64", "unemployment": "% of active 15-74", "recent": "% of persons 20-64"}
# Parameters of validation.csv: the figure they are compared as.
RESULTS = {
    "published_employment_rate": "employment_by_reason",
    "published_activity_rate": "activity_by_reason",
    "published_overqualification_rate": "overqualification_by_reason",
    "published_relative_gap": "relative_gap",
    "published_exit_share": "exit_share",
    "published_language_good": "language_good",
    "published_education_share": "high_education",
    "published_neet_rate": "neet",
    "published_sign": "net_contribution_sign",
    "published_net_contribution": "net_contribution",
    "published_spending": "spending",
}
ACCOUNT = ("net_contribution_sign", "net_contribution", "spending")
CHILDREN = ("own", "parents")  # accounting conventions under which the account is compared
DISPLACEMENT = "published_displacement"
HOUSEHOLDS = (  # compared by scenarios.households
    "published_poverty_risk", "published_income_ratio", "published_benefit_recipients", "published_family_relief",
)  # fmt: skip
NOT_COMPARED = (  # parameter, beginning of the category, why the results hold no counterpart
    ("published_employment_rate", "child_", "results do not tell mothers of small children apart"),
    ("published_employment_gap", "", "results do not tell mothers of small children apart"),
    ("published_motherhood_gap", "", "results do not tell mothers of small children apart"),
    ("published_gain", "", "integra reproduce shows it; never a target"),
    ("published_sign", "gain:", "takes other scenarios: integra reproduce and compare"),
    ("published_b1_share", "", "results do not count exams"),
    ("published_decision_share", "", "results do not tell decisions apart"),
    ("published_decision_days", "", "results do not follow single files"),
    ("published_course_access", "", "the day of entitlement is not simulated"),
    ("published_transition", "", "results count hires and separations, not transitions by state"),
    *((name, "", "takes a household proxy: integra reproduce") for name in HOUSEHOLDS),
)
INDICATIVE = ("relative_gap", "neet")
EXTRA_NOTES = {
    "employment_by_reason": "simulated at 20-64",
    "activity_by_reason": "simulated at 20-64",
    "overqualification_by_reason": "simulated at 20-64",
    "relative_gap": "simulated gap to other reasons, not adjusted for characteristics",
    "exit_share": "simulated: hazards of leaving, arrivals of 2017 to 2019",
    "language_good": "simulated: B1 and above at 20-64, up to four completed years; also behind the prior of informal learning",
    "neet": "simulated at 15-29",
}


def validating(rows):
    """The rows themselves; raises InputError unless all of them are kept for validation (calibration/data/roles.csv)."""
    role = roles.assign()[rows.index]
    wrong = role.index[role != "validation"]
    if len(wrong):
        name = f"{roles.label(rows.loc[wrong[0]])} has the role {role[wrong[0]]}"
        raise InputError(f"calibration/data/roles.csv: {name}; allowed is validation for a figure that predictions are checked by")
    return rows


def all_targets(member_states, end_year):
    """Every comparison that a run of these Member States (codes) until end_year can make.

    Raises InputError for a table that is missing or damaged or a target that has another role than validation.
    """
    found = pd.DataFrame([*rates(), *residents(), *flows(), *results()], columns=COLUMNS)
    here = found["place"].map(lambda place: set(PLACES[place]) <= set(member_states))
    return found[here & (found["year"] <= end_year)].reset_index(drop=True)


def _row(figure, row, value, unit, note="", kind="validation", **more):
    """One comparison from a row of the tables (named tuple)."""
    empty = {"standard_error": 0.0, "shock": 0.0, "break_term": 0.0, "no_change": np.nan, "as_natives": np.nan}
    keys = {"place": row.geo, "origin": row.origin, "sex": row.sex, "year": int(row.year), "detail": row.category}
    return {"figure": figure, "kind": kind, **keys, "observed": value, "unit": unit, "note": note, **empty, **more}


def rates():
    """Yield employment, unemployment and employment of recent arrivals from 2020 on, in percent, imputed ones left out.

    Natives' employment of both sexes together sets macro conditions and is no target.
    """
    rule, weights = Rule(), group_persons()
    persons = weights.sum(axis=2)
    shares = dict(zip(ORIGINS, (persons / persons.sum(axis=0)).T))
    breaks = Parameter("break_2021", origin="native").rows.set_index("geo")["value"]
    for figure, (table, labels, native_table, native_labels) in RATES.items():
        rows = Parameter(table, **labels).rows
        rows = rows[rows["status"].isin(PUBLISHED)]
        before = cells(rows[rows["year"] == str(BASE_YEAR)])
        native_rows = Parameter(native_table, origin="native", **native_labels).rows
        natives, status = cells(native_rows), cells(native_rows, "status")
        fitted = (rows["origin"] == "native") & (rows["sex"] == "total")
        shock = {origin: yearly_shock(rule, figure, origin) for origin in ORIGINS[1:]}
        for row in validating(rows[rows["year"].isin(map(str, YEARS)) & ~fitted]).itertuples():
            own = before.get((row.geo, row.origin, row.sex, str(BASE_YEAR)), np.nan)
            now, then = (("native", row.sex, year) for year in (row.year, str(BASE_YEAR)))
            change = natives.get((row.geo, *now), np.nan) - natives.get((row.geo, *then), np.nan)
            broken = figure != "unemployment" and int(row.year) >= BREAK_YEAR
            error = sampling_error(rule, weights, Moment(figure, row.origin, row.sex, int(row.year)), row)
            moved = shocks.deviation(shock.get(row.origin, 0.0), int(row.year), shares[row.origin] if row.geo == EU else (1.0,))
            note = "natives' change follows the whole population" if status.get((row.geo, *now)) == "imputed" else ""
            yield _row(
                figure, row, 100.0 * row.value, PERCENT[figure], note, standard_error=100.0 * error, shock=100.0 * moved,
                break_term=100.0 * breaks[row.geo] if broken else 0.0, no_change=100.0 * own,
                as_natives=np.nan if row.origin == "native" else 100.0 * (own + change),
            )  # fmt: skip


def sampling_error(rule, weights, moment, row):
    """Standard error (share) of a published rate; for the EU that of the mean over Member States, and the floor.

    weights [ms, origin, sex]: persons in the group.
    """
    if row.geo != EU:
        return rule.standard_error(moment, MEMBER_STATES.index(row.geo), row.value, row.status)
    sexes = list(range(len(SEXES))) if moment.sex == "total" else [SEXES.index(moment.sex)]
    origin = ORIGINS.index(moment.origin)
    sample = rule.sample[:, origin, sexes].sum(axis=1) * rule.base[moment.figure]
    share = weights[:, origin, sexes].sum(axis=1)
    share = share / share.sum()
    return float(np.sqrt((share**2 / np.maximum(sample, 1.0)).sum() * row.value * (1.0 - row.value) + rule.floor**2))


def residents():
    """Yield the stock of the non-EU-born and the population of all groups on 1 January, persons."""
    note = "arrivals are solved so that the stock follows: no prediction"
    for name in ("stock", "stock_published"):
        rows = Parameter(name, origin="non_eu_born").rows
        for row in rows[(rows["status"] == "seen") & (rows["year"] > str(FIRST_YEAR))].itertuples():
            more = f"{note}; {row.note}" if row.note else note
            yield _row("stock", row, row.value, "persons on 1 January", more, "consistency")
    rows = validating(Parameter("projection", category="variant_b").rows)
    rows = rows[rows["age"].isin(AGE_BANDS)]
    yield from _summed("population", rows, "all", "persons on 1 January", "projection variant B")


def flows():
    """Yield arrivals from outside the EU against immigration of citizens of other countries, and net migration."""
    note = "published by citizenship and without the United Kingdom, simulated by birth and without those who soon leave again"
    rows = validating(Parameter("immigration").rows)
    yield from _summed("arrivals", rows, "non_eu_born", "persons per year", note, "indicative")
    observed, assumed = Parameter("net_migration_observed").rows, Parameter("net_migration").rows
    yield from _summed("net_migration", validating(observed), "all", "persons per year", "with statistical adjustment")
    later = assumed["year"] > observed["year"].max()
    projected = "assumption of projection variant B"
    yield from _summed("net_migration", validating(assumed[later]), "all", "persons per year", projected)


def _summed(figure, rows, origin, unit, note, kind="validation"):
    """Yield sums over sex and age by Member State and year, and of the EU."""
    rows = rows[rows["geo"].isin(MEMBER_STATES)]
    by_state = rows.groupby(["geo", "year"], as_index=False)["value"].sum()
    of_eu = by_state.groupby("year", as_index=False)["value"].sum().assign(geo=EU)
    for row in pd.concat([by_state, of_eu]).assign(origin=origin, sex="total", category="").itertuples():
        yield _row(figure, row, row.value, unit, note, kind)


def of_validation_file():
    """Rows of validation.csv, all of them kept for validation."""
    rows = tables.all_tables()
    return validating(rows[rows["file"] == "validation"])


def why_not(parameter, category):
    """Why a row of validation.csv has no counterpart in the results; empty when it has one."""
    reasons = [why for name, start, why in NOT_COMPARED if name == parameter and category.startswith(start)]
    return reasons[0] if reasons else ""


def not_compared():
    """Published results without a counterpart: DataFrame parameter, place, category, year, reason."""
    rows = [(r.parameter, r.geo, r.category, r.year, why_not(r.parameter, r.category)) for r in of_validation_file().itertuples()]
    found = pd.DataFrame(rows, columns=["parameter", "place", "category", "year", "reason"])
    return found[found["reason"] != ""].reset_index(drop=True)


def results():
    """Yield published results of surveys and studies (validation.csv), but for displacement, which takes runs of its own.

    Figures of years before the simulation are set beside its first year.
    """
    for row in of_validation_file().itertuples():
        if row.parameter == DISPLACEMENT or why_not(row.parameter, row.category):
            continue
        figure, value, unit, kind = RESULTS[row.parameter], row.value, row.unit, "validation"
        if "action_plan" in row.category and figure.endswith("_by_reason"):
            figure = figure.removesuffix("_by_reason")
        if figure in INDICATIVE or (figure not in ACCOUNT and int(row.year) < FIRST_YEAR and figure != "exit_share"):
            kind = "indicative"
        if "not an independent check" in row.note:
            kind = "consistency"
        if figure not in ACCOUNT:
            value, unit = 100.0 * value, unit.replace("share of", "% of").replace("relative to", "% relative to")
        words = [row.note, f"{row.age} published" if row.age not in ("", "20-64") else "", EXTRA_NOTES.get(figure, "")]
        if int(row.year) < FIRST_YEAR:
            words.append(f"simulated {FIRST_YEAR}")
        note = "; ".join(filter(None, words))
        if figure not in ACCOUNT:
            yield _row(figure, row, value, unit, note, kind)
            continue
        for children in CHILDREN:
            if children == "own" or "at_given_age" not in row.category:
                yield _row(figure, row, value, unit, note, kind, detail=f"{row.category}; children {children}")
