"""`integra data shocks`: labour-market states of a run as shock tables for JRC's euromod-linking.

Reads indicators.parquet of a folder of results; writes one file per Member State with the columns of that program: channel,
metric, group, period, op, value. `align` moves persons of a EUROMOD data set between states until employment and unemployment
of each cell have changed as told. Its population stays as it is, so the change is that of the *share* of persons aged 20 to 64
in the cell: value = share / share compared with - 1, op `grow`, on the survey's own level.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from calibration.config import Shocks
from calibration.errors import refuse

COLUMNS = ("channel", "metric", "group", "period", "op", "value")
METRICS = {"employment": "employed_20_64", "unemployment": "unemployed_20_64"}
PERSONS = "persons_20_64"
# Cells in EUROMOD's input variables; dcb (country of birth) was not checked to be accepted as a cell.
GROUPS = {
    "education": {"low": "deh=0-2", "medium": "deh=3-4", "high": "deh=5-99"},
    "sex": {"female": "dgn=0", "male": "dgn=1"},
    "origin": {"native": "dcb=1", "eu_born": "dcb=2", "non_eu_born": "dcb=3"},
}
AGES = "dag=20-64"


def shocks(settings: Shocks) -> str:
    """Write the tables and return their places; raises InputError for a folder, scenario or year that is not there."""
    counts = read(Path(settings.results))
    names = list(counts["scenario"].cat.categories)
    scenario = names[0] if settings.scenario is None else settings.scenario
    if scenario not in names:
        raise refuse("scenario", scenario, ", ".join(names))
    found = table(states(counts, scenario), *_reference(settings, counts, scenario, names), settings)
    folder = Path(settings.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        places = []
        for state, rows in found.groupby("member_state", sort=True):
            places.append(folder / f"{scenario}_{state}.csv")
            rows[list(COLUMNS)].to_csv(places[-1], index=False, float_format="%.6g", lineterminator="\n")
    except OSError as error:
        raise refuse("folder", settings.folder, f"a folder that can be written ({error.strerror or error})") from error
    return "\n".join([f"{len(found)} shocks, ages 20 to 64, mean over seeds", *map(str, places)])


def read(folder: Path) -> pd.DataFrame:
    """The rows of indicators.parquet on persons, employed and unemployed at 20 to 64; InputError if it cannot be used."""
    path, wanted = folder / "indicators.parquet", ("scenario", "year", "member_state", *GROUPS, "measure", "value")
    try:
        counts = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:80]
        raise refuse("results", folder, f"a folder of results with indicators.parquet ({reason})") from None
    missing = [column for column in wanted if column not in counts.columns]
    if missing:
        raise refuse("results", folder, f"a folder of results; its indicators.parquet has no column {missing[0]}")
    return counts.loc[counts["measure"].isin([PERSONS, *METRICS.values()]), list(wanted)]


def states(counts: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """The rows of a scenario. A scenario of parity holds employed persons born outside the EU only: everybody else, and the
    number of persons, are those of the first scenario, and there is no unemployment."""
    mine = counts[counts["scenario"] == scenario]
    if PERSONS in set(mine["measure"]):
        return mine
    first = counts[counts["scenario"] == counts["scenario"].cat.categories[0]]
    replaced = (first["measure"] == METRICS["employment"]) & first["origin"].isin(mine["origin"].unique())
    kept = first[~replaced & (first["measure"] != METRICS["unemployment"])]
    return pd.concat([kept, mine])


def _reference(settings: Shocks, counts: pd.DataFrame, scenario: str, names: list[str]) -> tuple[pd.DataFrame, int | None]:
    """(rows compared with, their one year or None for the same years)."""
    against = settings.against
    if isinstance(against, str):
        if against not in names or against == scenario:
            others = [name for name in names if name != scenario]
            raise refuse(
                "against", against, f"a year, or another scenario of the folder: {', '.join(others) or 'there is none'}"
            )
        return states(counts, against), None
    rows = states(counts, scenario)
    if against not in set(rows["year"]):
        raise refuse("against", against, f"a year of the run: {rows['year'].min()} to {rows['year'].max()}")
    return rows[rows["year"] == against], against


def table(rows: pd.DataFrame, reference: pd.DataFrame, year: int | None, settings: Shocks) -> pd.DataFrame:
    """Shocks of every Member State, cell and year: member_state and COLUMNS, sorted.

    reference: rows compared with, of one `year` or, None, of the same years. A share that was zero has no growth and no row.
    """
    there = sorted(set(rows["year"]) if year is None else {one for one in rows["year"] if one > year})
    for asked in settings.years:
        if asked not in there:
            raise refuse("years", asked, f"{', '.join(map(str, there))}, the years of the run that can be compared")
    if not there:
        raise refuse("against", str(settings.against), "a year before the last of the run")
    cells = ["member_state", *[cell for cell in GROUPS if cell in settings.cells]]
    now = _shares(rows[rows["year"].isin(settings.years or there)], [*cells, "year"])
    before = _shares(reference, [*cells, "year"])
    if year is not None:
        before = before.droplevel("year")
    found = []
    for metric, measure in METRICS.items():
        if measure not in now or measure not in before:
            continue
        was = before[measure].reindex(now.index.droplevel("year") if year is not None else now.index).to_numpy()
        change = (now[measure] / was - 1.0)[was > 0.0].rename("value").reset_index()
        found.append(change.assign(metric=metric))
    shocks = pd.concat(found)
    groups = [
        ";".join(sorted([AGES, *(GROUPS[cell][label] for cell, label in zip(cells[1:], labels, strict=True))]))
        for labels in shocks[cells[1:]].itertuples(index=False)
    ]
    shocks = shocks.assign(channel="align", group=groups, period=shocks["year"].astype(str), op="grow")
    order = ["member_state", "metric", "group", "period"]
    return shocks.sort_values(order)[["member_state", *COLUMNS]].reset_index(drop=True)


def _shares(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Employed and unemployed over persons, by `keys` in the index; cells without persons are not there."""
    sums = rows.astype({key: str for key in keys if key != "year"}).groupby([*keys, "measure"], observed=True)["value"].sum()
    sums = sums.unstack("measure", fill_value=0.0)
    sums = sums[sums[PERSONS] > 0]
    return sums.drop(columns=PERSONS).div(sums[PERSONS], axis=0)
