"""Natives, EU-born and non-EU-born compared, 2017 to the last year: balances, age profiles, and checks against what is known.

Reads results of the baseline; writes `groups.csv` (balance per head and its components by place, origin and year),
`age_profile.csv` (the same by five-year age band), `group_differences.csv` (migrants minus natives, split into age structure
and differences at the same age) and `group_checks.csv` (published levels and signs, calibration.targets.ACCOUNT, under every
combination of conventions). Nothing is fitted to these figures.

Published levels of 2015 and 2014-18 lie before the simulation: they are set beside 2017, its first year, with simulated amounts
in prices of the published year and no correction for two years of real growth. A sign passes when the mean over seeds has it, and
is not told where the 90 % interval over draws holds zero. A level or difference passes within `TOLERANCE` of published spending per
head of natives, a difference only with its sign.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration import targets
from calibration.config import Accounting
from calibration.counterparts import ORIGINS_OF, Run
from model import Results, codes
from scenarios import conventions, draws, figures, published_account, statistics, summary, text

TOLERANCE = 0.1
EARLIEST_PRICES = 2015  # first year of the price index
SWITCHES = tuple(field.name for field in fields(Accounting) if field.name != "price_year")
MIGRANTS = ("foreign_born", "eu_born", "non_eu_born")
AGE_GROUPS = {"under_20": slice(0, 4), "20-64": slice(4, 13), "65+": slice(13, 18), "all": slice(0, 18)}
LARGEST = 4  # components named
PASS, FAIL, NOT_TOLD = "pass", "FAIL", "sign not told"
NAMES = {"native": "natives", "eu_born": "EU-born", "non_eu_born": "non-EU-born", "foreign_born": "all born abroad"}

Hicp = Mapping[int, float]


def write(folder: Path, results: Sequence[Results], checked: pd.DataFrame, accounting: Accounting, hicp: Hicp) -> list[str]:
    """Write the four tables and the figure, `checked` from `checks`; returns the lines for the console."""
    profile = list(age_profile(results, accounting, hicp))
    _write_rows(folder / "groups.csv", list(balances(results, accounting, hicp)))
    _write_rows(folder / "age_profile.csv", profile)
    apart = differences(results, accounting, hicp)
    apart.to_csv(folder / "group_differences.csv", index=False, float_format="%.2f", lineterminator="\n")
    checked.to_csv(folder / "group_checks.csv", index=False, float_format="%.2f", lineterminator="\n")
    levels = _published_levels(results[0], accounting, hicp)
    figures.draw_groups(
        folder / "figures", results, over_conventions(results, accounting, hicp), pd.DataFrame(profile), levels, accounting
    )
    return console(checked, apart, accounting)


def balances(results: Sequence[Results], accounting: Accounting, hicp: Hicp) -> Iterator[dict[str, Any]]:
    """One row per place, origin and year: persons, net contribution and its components per head, with standard errors.

    The last component is what the convention on children moves (zero where they count where they were born), so that
    components add up to the net contribution.
    """
    found = np.stack([statistics.with_total(_balance(result, accounting, hicp), 0) for result in results])
    heads = np.stack([statistics.with_total(_heads(result, accounting), 0) for result in results])
    places = [summary.place(results[0].member_states), *results[0].member_states]
    years = list(results[0].years)
    columns = ["net_contribution", *conventions.parts_in_use(accounting), "children_moved"]
    values = statistics.per_head(found, np.broadcast_to(heads[..., None], found.shape))
    yield from _rows({"place": places, "origin": codes.ORIGINS, "year": years}, heads, values, columns, accounting)


def _heads(result: Results, accounting: Accounting) -> np.ndarray:
    """Persons [member state, origin, year]."""
    return np.moveaxis(conventions.heads(result.counts.sum(axis=(3, 4)), accounting), 0, -1)


def _balance(result: Results, accounting: Accounting, hicp: Hicp) -> np.ndarray:
    """Euro [member state, origin, year, 1 + components in use + 1]: net, components, moved with children."""
    first = codes.MEASURE[codes.COMPONENTS[0]]
    cents = result.counts.sum(axis=(3, 4))[..., first:]
    parts = conventions.signed_parts(cents, result.years, 0, accounting, hicp)
    net = conventions.net_contribution(result.counts, result.years, accounting, hicp).sum(axis=(3, 4))[..., None]
    moved = net - parts.sum(axis=-1, keepdims=True)
    return np.moveaxis(np.concatenate([net, parts, moved], axis=-1), 0, 2)


def over_conventions(results: Sequence[Results], accounting: Accounting, hicp: Hicp) -> np.ndarray:
    """Net contribution per head [combination, year, origin], mean over seeds: the given conventions, and all with their denominator."""
    every = conventions.every_convention(accounting.price_year)
    chosen = [accounting, *(other for other in every if other.denominator == accounting.denominator)]
    return np.stack([statistics.mean([summary.net_by_origin(result, other, hicp) for result in results]) for other in chosen])


def age_profile(results: Sequence[Results], accounting: Accounting, hicp: Hicp) -> Iterator[dict[str, Any]]:
    """One row per year, origin and age band of all simulated Member States together, children at their own age."""
    cents = np.stack([result.by_age.sum(axis=1) for result in results])  # [seed, year, origin, age, 1 + component]
    parts = conventions.signed_parts(cents[..., 1:], results[0].years, 1, accounting, hicp)
    values = np.concatenate([parts.sum(axis=-1, keepdims=True), parts], axis=-1)
    persons = np.moveaxis(cents[..., 0].astype(float), 1, 3)
    values = statistics.per_head(np.moveaxis(values, 1, 3), np.broadcast_to(persons[..., None], np.moveaxis(values, 1, 3).shape))
    axes = {"origin": codes.ORIGINS, "age": codes.AGE_BANDS, "year": list(results[0].years)}
    columns = ["net_contribution", *conventions.parts_in_use(accounting)]
    all_ages = replace(accounting, denominator="all_ages", children="own")
    yield from _rows(axes, persons, values, columns, all_ages)


def _rows(
    axes: Mapping[str, Sequence[Any]], heads: np.ndarray, values: np.ndarray, columns: Sequence[str], accounting: Accounting
) -> Iterator[dict[str, Any]]:
    """Rows from heads [seed, axes] and values [seed, axes, column]; empty cells are left out."""
    middle, error, persons = statistics.mean(values), statistics.standard_error(values), statistics.mean(heads)
    for index in np.ndindex(persons.shape):
        if persons[index] <= 0:
            continue
        row = {name: labels[i] for (name, labels), i in zip(axes.items(), index, strict=True)}
        row |= {"unit": summary.contribution_unit(accounting), "persons": f"{persons[index]:.0f}"}
        for c, column in enumerate(columns):
            row |= {column: _money(middle[index][c]), f"{column}_se": _money(error[index][c])}
        yield row


def _money(value: float) -> str:
    return f"{value + 0.0:.2f}" if np.isfinite(value) else ""


def _write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def checks(wanted: pd.DataFrame, sample: draws.Sample, price_year: int) -> pd.DataFrame:
    """One row per published level or sign (rows of `published`) and combination of conventions, from a sample of `counterparts`.

    Columns: the check, its place and year, the simulated year, price_year, the switches, unit, published, simulated with
    monte_carlo_se, `low` and `high` of its 90 % interval (missing without draws), tolerance (missing for signs), `passed` by the
    mean over seeds alone (missing where the combination gives no such figure: children at their parents have no age), and the
    verdict, which is `sign not told` instead of pass or FAIL where the interval of a sign holds zero.
    """
    limit = TOLERANCE * _spending_of_natives()
    numbers = sample.numbers()
    rows = []
    for c, chosen in enumerate(conventions.every_convention(price_year)):
        switches = {name: str(getattr(chosen, name)).lower() for name in SWITCHES}
        for w, row in enumerate(wanted.itertuples()):
            sign = row.unit == "sign"
            value, error, low, high = (float(numbers[name][c, w]) for name in ("centre", "monte_carlo_se", "low", "high"))
            passed = None if np.isnan(value) else _passes(row, value, limit)
            rows.append({
                "check": row.check, "place": row.place, "year": row.year, "simulated_year": max(row.year, codes.FIRST_YEAR),
                "price_year": _prices(row, price_year), **switches, "unit": row.unit, "published": row.observed,
                "simulated": value, "monte_carlo_se": error, "low": low, "high": high, "tolerance": np.nan if sign else limit,
                "passed": passed, "verdict": _verdict(passed, sign and low <= 0.0 <= high),
            })  # fmt: skip
    names = ["check", "place", "year", "simulated_year", "price_year", *SWITCHES, "unit", "published", "simulated", "monte_carlo_se"]
    return pd.DataFrame(rows, columns=[*names, "low", "high", "tolerance", "passed", "verdict"])


def counterparts(result: Results, wanted: pd.DataFrame, price_year: int, hicp: Hicp) -> np.ndarray:
    """What one seed gives for rows of `published` under each combination [combination, row]; not-a-number where it gives nothing."""
    run = Run(result)
    every = list(conventions.every_convention(price_year))
    found = np.full((len(every), len(wanted)), np.nan)
    for w, row in enumerate(wanted.itertuples()):
        for c, chosen in enumerate(every):
            found[c, w] = _simulated(run, row, replace(chosen, price_year=_prices(row, price_year)), hicp)
    return found


def _prices(row: Any, price_year: int) -> int:
    """Year of the prices a published row is compared in."""
    return price_year if row.unit == "sign" else max(row.year, EARLIEST_PRICES)


def published(result: Results) -> pd.DataFrame:
    """Published levels and signs that the run can be held against, with the name of the check; one row each.

    None unless all Member States of the figure are simulated in its year.
    """
    rows = pd.DataFrame([*targets.results()], columns=targets.COLUMNS)
    here = rows["place"].map(lambda place: set(targets.PLACES[place]) <= set(result.member_states))
    rows = rows[here & rows["figure"].isin(targets.ACCOUNT) & (rows["year"] <= result.years[-1])]
    rows = rows[rows["detail"].str.endswith("; children own")]
    return rows.assign(check=[_name(row) for row in rows.itertuples()])


def _published_levels(result: Results, accounting: Accounting, hicp: Hicp) -> pd.DataFrame:
    """Published net contributions per head that are no differences, in the price year: origin, year, value, place."""
    rows = published(result)
    rows = rows[(rows["figure"] == "net_contribution") & ~rows["detail"].str.contains("less_")]
    value = [row.observed * hicp[accounting.price_year] / hicp[max(row.year, EARLIEST_PRICES)] for row in rows.itertuples()]
    return rows[["origin", "year", "place"]].assign(value=value)


def _spending_of_natives() -> float:
    """Published public spending per native, the yardstick of the tolerance."""
    rows = targets.of_validation_file()
    return float(rows.loc[(rows["parameter"] == "published_spending") & (rows["origin"] == "native"), "value"].iloc[0])


def _name(row: Any) -> str:
    """The check in words."""
    words, _, _ = row.detail.partition("; children ")
    other = _other(row)
    subject = NAMES[row.origin] + (f" minus {NAMES[other]}" if other else "")
    subject += " at the same age" if "at_given_age" in words else ""
    if row.figure == "spending":
        subject = f"spending on {subject}"
    wanted = ("above zero" if row.observed > 0 else "below zero") if row.unit == "sign" else f"{row.observed:g} EUR"
    return f"{row.place} {row.year}: {subject} {wanted}"


def _other(row: Any) -> str | None:
    parts = row.detail.partition("; children ")[0].split(":")
    return next((part[len("less_") :] for part in parts if part.startswith("less_")), None)


def _simulated(run: Run, row: Any, accounting: Accounting, hicp: Hicp) -> float:
    """Counterpart of a published row, not-a-number where the convention has none."""
    words = row.detail.partition("; children ")[0]
    if "at_given_age" in words and accounting.children != "own":
        return np.nan
    function = published_account.functions(accounting, hicp)[row.figure]
    asked = row._replace(detail=f"{words}; children {accounting.children}")
    return float(function(run, asked))


def _verdict(passed: bool | None, open_sign: bool) -> str:
    if passed is None:
        return ""
    return NOT_TOLD if open_sign else PASS if passed else FAIL


def _passes(row: Any, value: float, limit: float) -> bool:
    if row.unit == "sign":
        return bool(np.sign(value) == row.observed)
    near = abs(value - row.observed) <= limit
    return bool(near and (_other(row) is None or np.sign(value) == np.sign(row.observed)))


def differences(results: Sequence[Results], accounting: Accounting, hicp: Hicp) -> pd.DataFrame:
    """Migrants minus natives per head by place, year, origin, component and age group, over the mean of seeds.

    The difference is split as by Kitagawa: `age_structure` is the difference in age shares times the mean of both groups'
    amounts at that age, `at_given_age` the difference in amounts times the mean share. Persons are those of 31 December and
    children count at their own age, whatever the conventions. Rows of one component add up over age groups to `all`.
    """
    states, years = results[0].member_states, results[0].years
    places = {summary.place(states): list(range(len(states)))}
    if set(targets.EU14) <= set(states):
        places["EU14"] = [states.index(state) for state in targets.EU14]
    parts = ("net_contribution", *conventions.parts_in_use(accounting))
    rows = []
    for place, chosen in places.items():
        for year in sorted({years[0], *{2019, years[-1]} & set(years)}):
            y = years.index(year)
            split = {origin: np.stack([_split(r.by_age[y, chosen].sum(axis=0), year, origin, accounting, hicp) for r in results])
                     for origin in MIGRANTS}  # fmt: skip
            for origin, values in split.items():
                for group, ages in AGE_GROUPS.items():
                    summed = values[:, :, ages].sum(axis=2)  # [seed, structure or amounts, part]
                    middle, error = statistics.mean(summed), statistics.standard_error(summed)
                    whole, whole_error = (f(summed.sum(axis=1)) for f in (statistics.mean, statistics.standard_error))
                    for p, part in enumerate(parts):
                        rows.append({
                            "place": place, "year": year, "origin": origin, "component": part, "age": group,
                            "difference": whole[p], "difference_se": whole_error[p],
                            "age_structure": middle[0, p], "age_structure_se": error[0, p],
                            "at_given_age": middle[1, p], "at_given_age_se": error[1, p],
                        })  # fmt: skip
    unit = summary.contribution_unit(replace(accounting, denominator="all_ages"))
    return pd.DataFrame(rows).assign(unit=unit)


def _split(by_age: np.ndarray, year: int, origin: str, accounting: Accounting, hicp: Hicp) -> np.ndarray:
    """Difference to natives [structure or amounts, age, net and components] of by_age [origin, age, 1 + component]."""
    groups = np.stack([by_age[list(ORIGINS_OF[name])].sum(axis=0) for name in ("native", origin)])
    parts = conventions.signed_parts(groups[None, ..., 1:], [year], 0, accounting, hicp)[0]
    amounts = np.concatenate([parts.sum(axis=-1, keepdims=True), parts], axis=-1)
    persons = groups[..., 0].astype(float)
    share = persons / persons.sum(axis=1, keepdims=True)
    mean = np.divide(amounts, persons[..., None], out=np.full_like(amounts, np.nan), where=persons[..., None] > 0)
    # Where one group has nobody of an age, the other's amounts stand for it: all of the difference is structure.
    mean = np.nan_to_num(np.where(np.isnan(mean), mean[::-1], mean))
    structure = (share[1] - share[0])[:, None] * mean.mean(axis=0)
    return np.stack([structure, share.mean(axis=0)[:, None] * (mean[1] - mean[0])])


def decisive(checked: pd.DataFrame) -> tuple[str, dict[str, str]]:
    """The switch that changes the verdict of one check most often while the others stay, and passes by its options.

    Empty when no switch changes it.
    """
    judged = checked[checked["passed"].notna()].astype({"passed": bool})
    changes = {}
    for switch in SWITCHES:
        others = [name for name in SWITCHES if name != switch]
        changes[switch] = int((judged.groupby(others)["passed"].nunique() > 1).sum())
    switch = max(changes, key=lambda name: changes[name])
    if not changes[switch]:
        return "", {}
    counts = judged.groupby(switch, sort=False)["passed"].agg(["sum", "size"])
    return switch, {str(option): f"{row['sum']} of {row['size']}" for option, row in counts.iterrows()}


def console(checked: pd.DataFrame, apart: pd.DataFrame, accounting: Accounting) -> list[str]:
    """Verdict and passes of every check, which convention decides, and where the model departs."""
    if checked.empty:
        return ["Published levels and signs of the three groups: not checked, they need all 27 Member States", ""]
    rows = []
    for name, mine in checked.groupby("check", sort=False):
        judged = mine[mine["passed"].notna()]
        default = _at(mine, accounting)
        switch, counts = decisive(mine)
        deciding = f"{switch}: " + ", ".join(f"{option} {count}" for option, count in counts.items()) if switch else "none"
        numbers = {name: statistics.number(default[name]) for name in ("simulated", "monte_carlo_se", "low", "high")}
        simulated = text.interval(numbers | {"centre": numbers["simulated"]})
        rows.append([name, simulated, default["verdict"] or "-", f"{int(judged['passed'].sum())} of {len(judged)}", deciding])
    header = ["published", "simulated, default", "verdict", "combinations that pass", "convention that decides"]
    lines = [
        "Groups against what is known (figures before 2017 beside 2017, in prices of their year; see group_checks.csv)",
        text.table(header, rows),
        *passes(checked, accounting),
        *departures(checked, apart, accounting),
    ]
    return [*lines, ""]


def passes(checked: pd.DataFrame, accounting: Accounting) -> list[str]:
    """In words: how many checks pass under the given conventions, which signs are not told, what the best combination passes, and
    what none does. Empty without checks; a combination passes all if it passes every check it gives a figure for."""
    if checked.empty:
        return []
    judged = checked[checked["passed"].notna()].astype({"passed": bool})
    mine = pd.DataFrame([_at(one, accounting) for _, one in checked.groupby("check", sort=False)])
    mine = mine[mine["passed"].notna()].astype({"passed": bool})
    combined = judged.groupby(list(SWITCHES), sort=False)["passed"].agg(["sum", "size"])
    best = combined["sum"].idxmax()  # the first of equals
    switches = ", ".join(f"{name} {value}" for name, value in zip(SWITCHES, best, strict=True))
    by_check = judged.groupby("check", sort=False)["passed"].any()
    never, all_of_them = list(by_check.index[~by_check]), int((combined["sum"] == combined["size"]).sum())
    unsure = list(mine.loc[mine["verdict"] == NOT_TOLD, "check"])
    lines = [
        f"By the mean over seeds {mine['passed'].sum()} of {len(mine)} checks pass under the conventions of this run. The most that "
        f"any of {len(combined)} combinations passes is {combined.loc[best, 'sum']}, of the {combined.loc[best, 'size']} it gives a "
        f"figure for ({switches}); {all_of_them or 'none'} passes all. No convention is chosen by this."
    ]
    if never:
        lines.append(f"Under every combination fails: {'; '.join(never)}.")
    if unsure:
        lines.append(f"The 90 % interval of {len(unsure)} signs holds zero under the conventions of this run, so they are not told: "
                     f"{'; '.join(unsure)}.")  # fmt: skip
    return lines


def _at(checked: pd.DataFrame, accounting: Accounting) -> pd.Series:
    """The row of one check under the given conventions."""
    mine = checked
    for name in SWITCHES:
        mine = mine[mine[name] == str(getattr(accounting, name)).lower()]
    return mine.iloc[0]


def departures(checked: pd.DataFrame, apart: pd.DataFrame, accounting: Accounting) -> list[str]:
    """For the first and the last year: migrants minus natives by age structure, at the same age, and largest components."""
    lines = []
    for (place, year, origin), mine in apart[apart["age"] == "all"].groupby(["place", "year", "origin"], sort=False):
        if (year, origin) not in ((apart["year"].min(), "foreign_born"), (apart["year"].max(), "non_eu_born")):
            continue
        net = mine[mine["component"] == "net_contribution"].iloc[0]
        parts = mine[mine["component"] != "net_contribution"].set_index("component")
        order = parts["difference"].abs().sort_values(ascending=False, kind="stable").index[:LARGEST]
        largest = ", ".join(f"{name.replace('_', ' ')} {_signed(parts.loc[name, 'difference'])}" for name in order)
        lines.append(
            f"  {place} {year}, {NAMES[origin]} minus natives {_signed(net['difference'])}: age structure "
            f"{_signed(net['age_structure'])}, at the same age {_signed(net['at_given_age'])}; largest components {largest}"
        )
    unit = f"per head; with published figures in prices of their year, otherwise in EUR of {accounting.price_year}"
    return [f"Where the model departs under the default conventions ({unit})", *_sides(checked, accounting), *lines]


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace(",", " ")


def _sides(checked: pd.DataFrame, accounting: Accounting) -> list[str]:
    """Revenue (net plus spending, derived) and spending per head beside the published ones, where both are published."""
    lines = []
    for who in NAMES.values():
        found = {}
        for side, prefix in (("net", ""), ("spending", "spending on ")):
            mine = checked[checked["check"].str.contains(f": {prefix}{who} [0-9]+ EUR$", regex=True)]
            if not mine.empty:
                found[side] = _at(mine, accounting)
        if len(found) < 2:
            continue
        spending = found["spending"]
        revenue = {column: found["net"][column] + spending[column] for column in ("simulated", "published")}
        words = (f"{side['simulated']:.0f} (published {side['published']:.0f}" for side in (revenue, spending))
        lines.append(f"  {spending['place']} {spending['year']}, {who}: revenue {next(words)}, derived), spending {next(words)})")
    return lines
