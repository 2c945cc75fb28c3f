"""`integra data euromod`: profiles for the fiscal account from the output of EUROMOD.

Reads files named xx_yyyy_std.txt; writes `<folder>/profiles.csv`, `singles.csv` (calibration.fiscal_profiles) and
`coverage.csv`: what share of persons is in cells of their own and in pooled ones. Member States that are there already and
are not read again stay; nothing is written before every file has passed its checks.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration import euromod as source
from calibration import fiscal_profiles, fiscal_tables
from calibration.config import Euromod
from calibration.errors import refuse
from model.codes import MEMBER_STATES
from model.fiscal import POINTS
from scenarios import text

COVERAGE = "coverage.csv"
Levels = dict[str, dict[str, Any]]  # Member State -> column of FISCAL -> value


def euromod(settings: Euromod) -> str:
    """Read, average and write; returns the coverage and the levels found, for the console.

    Raises InputError, and writes nothing, for a file that cannot be used and for a Member State that is given twice.
    """
    systems = [source.system_of(file) for file in settings.files]
    states = [geo for geo, _ in systems]
    if len(set(states)) < len(states):
        raise refuse("files", ",".join(settings.files), "one file for each Member State")
    cells, bands, shares = [], [], []
    for file, (geo, year) in zip(settings.files, systems, strict=True):
        people = source.persons(file, settings.exchange_rate, settings.origin)
        found, coverage = source.profiles(people, settings.smallest_cell)
        cells.append(found)
        bands.append(source.singles(people, settings.smallest_cell))
        shares += [(geo, year, pooled, len(people), share) for pooled, share in coverage.items()]
    if all(found.empty for found in cells):
        raise refuse("smallest_cell", settings.smallest_cell, "a size that some cell of the data has")
    tables = {
        fiscal_profiles.FILES[0]: pd.concat(cells),
        fiscal_profiles.FILES[1]: pd.concat(bands),
        COVERAGE: pd.DataFrame(shares, columns=["geo", "year", "pooled", "n_obs", "share"]),
    }
    levels = _write(Path(settings.folder), states, tables)
    return report(settings, tables[COVERAGE], {geo: levels[geo] for geo in states})


def _write(folder: Path, states: list[str], tables: dict[str, pd.DataFrame]) -> Levels:
    """Write the tables, with the rows of other Member States that are there, and return the levels in them.

    Everything is written and read back beside its place first, so that a table that cannot be used replaces nothing.
    """
    there = any((folder / name).exists() for name in fiscal_profiles.FILES)
    if there:
        fiscal_profiles.read(folder)  # what is there can be used, or the user hears of it
    partial = folder / f".partial-{os.getpid()}"
    try:
        partial.mkdir(parents=True)
        for name, table in tables.items():
            if there:
                kept = pd.read_csv(folder / name)
                table = pd.concat([rows for rows in (kept[~kept["geo"].isin(states)], table) if len(rows)] or [table])
            table = table.sort_values("geo", kind="stable")
            table.to_csv(partial / name, index=False, float_format="%.10g", lineterminator="\n")
        levels = fiscal_profiles.levels(partial)
        for name in tables:
            (partial / name).replace(folder / name)
    except OSError as error:
        raise refuse("folder", folder, f"a folder that can be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return levels


def report(settings: Euromod, coverage: pd.DataFrame, levels: Levels) -> str:
    """Coverage by what was pooled, and the levels beside the built-in ones."""
    shares = coverage.pivot_table(index="geo", columns="pooled", values="share", sort=False)
    rows = [[str(geo), *(f"{100 * share:.1f}" for share in row)] for geo, row in shares.iterrows()]
    lines = ["Share of persons (%) in cells of their own, in cells pooled over what is named, and in none"]
    lines.append(text.table(["", *map(str, shares.columns)], rows))
    built_in = fiscal_tables.unscaled_table()
    lines.append("Levels found / built-in, before factors to national accounts (taxes and contributions at the average wage)")
    for geo, found in levels.items():
        cells = []
        for column in fiscal_profiles.LEVELS:
            usual = built_in[MEMBER_STATES.index(geo)][column]
            cells.append([column, _shown(found[column]) if column in found else "not found", _shown(usual)])
        lines.append(text.table([geo, "found", "built-in"], cells))
    lines.append(f"integra run fiscal=profiles fiscal.folder={settings.folder} uses them")
    return "\n".join(lines)


def _shown(level: Any) -> str:
    """A level; of a schedule that at the average wage."""
    if np.shape(level) == POINTS.shape:
        return f"{np.interp(1.0, POINTS, level):.4f}"
    first = float(np.ravel(level)[0])
    return f"{first:.4g}" if first < 100 else f"{first:,.0f}".replace(",", " ")
