"""The three groups over time: net contribution, employment, overqualification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from calibration.config import Accounting
from model import Results, codes
from scenarios import statistics, summary
from scenarios.figures import style

Published = Mapping[str, Mapping[str, Mapping[int, float]]]  # indicator, origin, year


def net_contribution(path: Path, results: Sequence[Results], accounting: Accounting, hicp: Mapping[int, float]) -> None:
    """Net fiscal contribution per head by origin, 2017 to the last year, with two standard errors."""
    drawn, (axes,) = style.figure()
    _lines(axes, results, [summary.net_by_origin(result, accounting, hicp) for result in results])
    axes.axhline(0, color=style.BLACK, linewidth=0.8)
    drawn.legend(loc="outside lower center", ncols=3)
    place = style.place_name(summary.place(results[0].member_states))
    style.title(axes, f"Net fiscal contribution by place of birth, {place}", summary.contribution_unit(accounting))
    style.save(drawn, path)


def rates(path: Path, results: Sequence[Results], published: Published) -> None:
    """Employment and overqualification rates by origin; published figures of the EU as dots."""
    drawn, panels = style.figure(2, width=10.5)
    names = {"employment_rate": "Employment rate", "overqualification_rate": "Overqualification rate"}
    for axes, (indicator, name) in zip(panels, names.items(), strict=True):
        _lines(axes, results, [summary.rates_by_origin(result, indicator) for result in results])
        for origin, points in published.get(indicator, {}).items():
            axes.plot(list(points), list(points.values()), "o", color=style.ORIGIN_COLOURS[origin], markersize=4)
        style.title(axes, name, codes.INDICATORS[indicator][3])
    if published:
        panels[0].plot([], [], "o", color="#777777", markersize=4, label="Published (Eurostat)")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    style.save(drawn, path)


def _lines(axes: Axes, results: Sequence[Results], values: Sequence[np.ndarray]) -> None:
    """One line per origin from [year, origin] arrays, one per seed; the band is two standard errors."""
    years = results[0].years
    middle, error = statistics.mean(values), statistics.standard_error(values)
    for o, origin in enumerate(codes.ORIGINS):
        colour = style.ORIGIN_COLOURS[origin]
        axes.plot(years, middle[:, o], color=colour, linewidth=2, label=style.ORIGIN_NAMES[origin])
        low, high = middle[:, o] - 2 * error[:, o], middle[:, o] + 2 * error[:, o]
        axes.fill_between(years, low, high, color=colour, alpha=0.2, linewidth=0)
    style.whole_years(axes)
