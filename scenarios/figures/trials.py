"""Virtual trials: simulated beside published effects, and their course over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.figures import style

COLUMNS = 4


def forest(path: Path, table: pd.DataFrame) -> None:
    """Published and simulated effect of each study with 90 % intervals, tuning studies above held-out ones; rows of trials.csv."""
    rows = table[table["published_low"].notna()].iloc[::-1].reset_index(drop=True)
    drawn, (axes,) = style.figure(width=11, height=1.8 + 0.42 * len(rows))
    axes.axvline(0, color=style.BLACK, linewidth=0.8)
    for name, colour, shift in (("published", style.GREY, 0.16), ("simulated", style.BLUE, -0.16)):
        low, high = ("published_low", "published_high") if name == "published" else ("low", "high")
        centre = 100.0 * rows[name]
        # An interval may lie beside its centre when draws are few or skewed.
        error = np.maximum([centre - 100.0 * rows[low], 100.0 * rows[high] - centre], 0.0)
        axes.errorbar(centre, rows.index + shift, xerr=error, fmt="o", markersize=5, color=colour, capsize=2, label=name.capitalize())
    names = [f"{row.label}{'' if row.role == 'tuning' else ' *'}" for row in rows.itertuples()]
    axes.set_yticks(rows.index, names)
    for tick, row in zip(axes.get_yticklabels(), rows.itertuples(), strict=True):
        tick.set_color(style.GREEN if row.verdict == "pass" else style.RED)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("Points, or percent where the study reports a ratio. Names in green pass, in red fail; * held out")
    drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    axes.set_title("Effects of policies, published and simulated, with 90 % intervals", loc="left", fontweight="bold", fontsize=11)
    style.save(drawn, path)


def profiles(path: Path, table: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Effect by quarters since the event, one panel per study with its 90 % band, and the published effect at its horizon."""
    columns = min(COLUMNS, len(table))
    height = -(-len(table) // columns)
    drawn, panels = style.grid(height, columns, width=max(10.0, 3.75 * columns), height=0.6 + 2.7 * height)
    for axes, row in zip(panels, table.itertuples()):
        curve = curves[curves["study"] == row.study]
        colour = style.GREEN if row.verdict == "pass" else style.RED
        axes.axhline(0, color=style.BLACK, linewidth=0.8)
        axes.plot(curve["quarter"] / 4.0, 100.0 * curve["effect"], color=colour, linewidth=1.8)
        axes.fill_between(curve["quarter"] / 4.0, 100.0 * curve["low"], 100.0 * curve["high"], color=colour, alpha=0.2, linewidth=0)
        if not np.isnan(row.published_low):
            error = [[100.0 * (row.published - row.published_low)], [100.0 * (row.published_high - row.published)]]
            axes.errorbar([row.horizon / 4.0], [100.0 * row.published], yerr=error, fmt="D", markersize=4, color=style.BLACK, capsize=2)
        axes.set_title(row.label, loc="left", fontsize=8)
    for axes in panels[len(table) :]:
        axes.set_visible(False)
    drawn.supxlabel("Years since the event. Line and band: simulated, 90 %; diamond: published; green passes, red fails")
    drawn.supylabel("Points, or percent")
    style.save(drawn, path)
