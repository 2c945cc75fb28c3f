"""The three groups over time: net contribution, employment, overqualification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from calibration.config import Accounting
from model import Results, codes
from scenarios import statistics, summary
from scenarios.figures import style

Published = Mapping[str, Mapping[str, Mapping[int, float]]]  # indicator, origin, year


Rows = Sequence[Mapping[str, Any]]  # of scenarios.draws; empty without draws


def net_contribution(
    path: Path, results: Sequence[Results], accounting: Accounting, hicp: Mapping[int, float], intervals: Rows
) -> None:
    """Net fiscal contribution per head by origin, 2017 to the last year, with the band of `_lines`."""
    drawn, (axes,) = style.figure()
    band = _lines(axes, results, [summary.net_by_origin(result, accounting, hicp) for result in results], intervals, "net_contribution")
    axes.axhline(0, color=style.BLACK, linewidth=0.8)
    drawn.legend(loc="outside lower center", ncols=3)
    place = style.place_name(summary.place(results[0].member_states))
    style.title(axes, f"Net fiscal contribution by place of birth, {place}", summary.contribution_unit(accounting) + band)
    style.save(drawn, path)


def rates(path: Path, results: Sequence[Results], published: Published, intervals: Rows) -> None:
    """Employment and overqualification rates by origin with the band of `_lines`; published figures of the EU as dots."""
    drawn, panels = style.figure(2, width=10.5)
    names = {"employment_rate": "Employment rate", "overqualification_rate": "Overqualification rate"}
    for axes, (indicator, name) in zip(panels, names.items(), strict=True):
        band = _lines(axes, results, [summary.rates_by_origin(result, indicator) for result in results], intervals, indicator)
        for origin, points in published.get(indicator, {}).items():
            axes.plot(list(points), list(points.values()), "o", color=style.ORIGIN_COLOURS[origin], markersize=4)
        style.title(axes, name, codes.INDICATORS[indicator][3] + band)
    if published:
        panels[0].plot([], [], "o", color="#777777", markersize=4, label="Published (Eurostat)")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    style.save(drawn, path)


def _lines(axes: Axes, results: Sequence[Results], values: Sequence[np.ndarray], intervals: Rows, outcome: str) -> str:
    """One line per origin from [year, origin] arrays, one per seed. The band is the 90 % interval of the outcome where draws tell it,
    else two Monte Carlo standard errors; returns what it is in words."""
    years = results[0].years
    middle, error = statistics.mean(values), statistics.standard_error(values)
    known = summary.by_origin(intervals, outcome)
    for o, origin in enumerate(codes.ORIGINS):
        colour = style.ORIGIN_COLOURS[origin]
        axes.plot(years, middle[:, o], color=colour, linewidth=2, label=style.ORIGIN_NAMES[origin])
        at, low, high = years, middle[:, o] - 2 * error[:, o], middle[:, o] + 2 * error[:, o]
        if known:
            at, low, high = (np.array([row[name] for row in known[origin]], dtype=float) for name in ("year", "low", "high"))
            axes.vlines(at, low, high, color=colour, linewidth=0.8, alpha=0.6)
        axes.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)
    style.whole_years(axes)
    if known:
        return "; band: 90 % interval over draws at the bars, straight between"
    return "; band: two Monte Carlo standard errors" if len(results) > 1 else ""
