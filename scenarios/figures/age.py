"""The age profile of the net contribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, statistics
from scenarios.figures import style


def profile(path: Path, results: Sequence[Results], accounting: Accounting, hicp: Mapping[int, float]) -> None:
    """Net contribution per head by five-year age band and origin, in 2019 and in the last year.

    Persons are those of 31 December; children are counted at their own age whatever the convention.
    """
    years = sorted({year for year in (2019, results[0].years[-1]) if year in results[0].years})
    drawn, panels = style.figure(len(years), width=5.6 * len(years))
    rows = [results[0].years.index(year) for year in years]
    counts = statistics.mean([result.by_age[rows].sum(axis=1) for result in results])
    net = conventions.signed_parts(counts[..., 1:], years, 0, accounting, hicp).sum(axis=-1) / 1000.0
    values = statistics.per_head(net, counts[..., 0])
    bands = np.arange(len(codes.AGE_BANDS))
    for y, (axes, year) in enumerate(zip(panels, years, strict=True)):
        for o, origin in enumerate(codes.ORIGINS):
            colour, name = style.ORIGIN_COLOURS[origin], style.ORIGIN_NAMES[origin]
            axes.plot(bands, values[y, o], color=colour, linewidth=2, marker="o", markersize=3, label=name)
        axes.axhline(0, color=style.BLACK, linewidth=0.8)
        axes.set_xticks(bands[::3], codes.AGE_BANDS[::3])
        axes.set_xlabel("Age")
        unit = f"Thousand EUR of {accounting.price_year} per head and year"
        style.title(axes, f"Net contribution by age, {year}", unit)
    low = min(axes.get_ylim()[0] for axes in panels)
    high = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)
    panels[0].legend(loc="best")
    style.save(drawn, path)
