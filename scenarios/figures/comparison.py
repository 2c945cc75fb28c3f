"""The three groups compared: balances under every convention, published levels beside them, and age profiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.config import Accounting
from model import Results, codes
from scenarios import summary
from scenarios.figures import style


def comparison(
    path: Path, results: Sequence[Results], balances: np.ndarray, profile: pd.DataFrame, published: pd.DataFrame, accounting: Accounting
) -> None:
    """Left: net contribution by year; right: by age in 2019 (dashed) and the last year.

    balances [combination, year, origin], the default conventions first; the band spans all of them. profile: rows of
    age_profile.csv. published: levels with the columns origin, year, value and place, drawn as diamonds.
    """
    drawn, (left, right) = style.figure(2, width=12)
    years = results[0].years
    for o, origin in enumerate(codes.ORIGINS):
        colour = style.ORIGIN_COLOURS[origin]
        left.plot(years, balances[0, :, o] / 1000.0, color=colour, linewidth=2, label=style.ORIGIN_NAMES[origin])
        low, high = balances[:, :, o].min(axis=0) / 1000.0, balances[:, :, o].max(axis=0) / 1000.0
        left.fill_between(years, low, high, color=colour, alpha=0.15, linewidth=0)
        for year, line in {years[-1]: "-", 2019: "--"}.items():
            mine = profile[(profile["origin"] == origin) & (profile["year"] == year)].set_index("age")
            values = pd.to_numeric(mine["net_contribution"].reindex(codes.AGE_BANDS), errors="coerce") / 1000.0
            right.plot(range(len(codes.AGE_BANDS)), values, line, color=colour, linewidth=1.5)
    for row in published.itertuples():
        colour = style.ORIGIN_COLOURS.get(row.origin, style.GREY)
        name = {"foreign_born": "All born abroad"}.get(row.origin) or style.ORIGIN_NAMES[row.origin]
        label = f"{name}, published, {row.place}"
        left.plot([row.year], [row.value / 1000.0], "D", color=colour, markeredgecolor=style.BLACK, label=label)
    for axes in (left, right):
        axes.axhline(0, color=style.BLACK, linewidth=0.8)
    style.whole_years(left)
    right.set_xticks(range(0, len(codes.AGE_BANDS), 3), codes.AGE_BANDS[::3])
    right.set_xlabel("Age")
    drawn.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    unit = "Thousand " + summary.contribution_unit(accounting)
    place = style.place_name(summary.place(results[0].member_states))
    style.title(left, f"Net contribution, {place} (band: all conventions)", unit)
    style.title(right, f"By age in {years[-1]} (dashed: 2019)", f"Thousand EUR of {accounting.price_year} per head and year")
    style.save(drawn, path)
