"""`integra data gettsim`: GETTSIM's schedule of Germany on a grid of earnings and households, beside the built-in one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from calibration import fiscal_tables, gettsim_grid
from calibration.config import Gettsim
from calibration.errors import refuse
from calibration.fiscal_profiles import average_wage
from model.codes import MEMBER_STATES
from model.fiscal import POINTS, schedule
from scenarios import text


def gettsim(settings: Gettsim) -> str:
    """Compute the grid, write it with the versions it comes from, and return the comparison for the console."""
    found = gettsim_grid.grid(settings.policy_date)
    versions = " ".join(f"{name.split('/')[1]}=={version}" for name, version in gettsim_grid.versions().items())
    path = Path(settings.file)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        found.assign(policy_date=settings.policy_date, source=versions).to_csv(partial, index=False, lineterminator="\n")
        partial.replace(path)
    except OSError as error:
        raise refuse("file", settings.file, f"a file that can be written ({error.strerror or error})") from error
    compared = compare(found, gettsim_grid.year_of(settings.policy_date))
    return "\n".join(
        [f"Germany, single, EUR per year, {versions}, rules of {settings.policy_date}", report(compared), str(path)]
    )


def compare(grid: pd.DataFrame, year: int) -> pd.DataFrame:
    """The single of the grid beside the built-in schedule: household, earnings, gross, and for income_tax, employee and
    employer `<name>`, `<name>_built_in` and `<name>_difference`, EUR of `year` per year."""
    single = grid[grid["household"] == "single"].reset_index(drop=True)
    wage = average_wage(gettsim_grid.GEO, year)
    built_in = fiscal_tables.unscaled_table()[MEMBER_STATES.index(gettsim_grid.GEO)]
    columns = {name: single[name] for name in ("earnings", "gross")}
    for name in fiscal_tables.SCHEDULES:
        usual = np.array([schedule(built_in[name], x) for x in single["earnings"]]) * wage
        columns |= {name: single[name], f"{name}_built_in": usual, f"{name}_difference": single[name] - usual}
    return pd.DataFrame(columns)


def report(compared: pd.DataFrame) -> str:
    """The comparison at POINTS, and the largest difference between them."""
    rows = []
    for row in compared[compared["earnings"].isin(POINTS)].to_dict("records"):
        cells = [
            f"{round(row[f'{name}{end}'])}" for name in fiscal_tables.SCHEDULES for end in ("", "_built_in", "_difference")
        ]
        rows.append([f"{100 * row['earnings']:.0f} %", f"{row['gross']:.0f}", *cells])
    names = [
        f"{name.replace('_', ' ')}{end}" for name in fiscal_tables.SCHEDULES for end in (" GETTSIM", " built-in", " difference")
    ]
    worst = []
    for name in fiscal_tables.SCHEDULES:
        share = 100 * compared[f"{name}_difference"] / compared["gross"].where(compared["gross"] > 0)
        place = share.abs().idxmax()
        worst.append(f"{name.replace('_', ' ')} {share[place]:+.1f} % of gross at {100 * compared['earnings'][place]:.0f} %")
    return "\n".join(
        [text.table(["average wage", "gross", *names], rows), "largest difference on the grid: " + "; ".join(worst)]
    )
