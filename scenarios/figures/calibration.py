"""How the estimates fit, and what the data say of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scenarios.figures import style

FIGURES = {
    "employment": "Employment rate, 20-64",
    "unemployment": "Unemployment rate",
    "overqualification": "Overqualification rate",
    "recent": "Employment rate of recent arrivals",
}
FIT_YEAR = 2019
SHORT = {
    "finding_scale": "Job finding", "activation_scale": "Activation", "skilled_odds_scale": "Odds of a skilled job",
    "separation_scale": "Separation", "recent_finding_scale": "Job finding, recent arrivals", "entry_scale": "Work on arrival",
    "cycle_power": "Power to which macro conditions are felt",
}  # fmt: skip


def fit(path: Path, moments: pd.DataFrame) -> None:
    """Simulated against published moments of 2019, a panel per figure, every Member State labelled."""
    shown = moments[moments["year"] == FIT_YEAR]
    names = [name for name in FIGURES if (shown["figure"] == name).any()]
    drawn = Figure(figsize=(11, 9), layout="constrained")
    FigureCanvasAgg(drawn)
    panels = drawn.subplots(2, 2).ravel()
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(panels, names, strict=False):
        rows = shown[shown["figure"] == name]
        for origin, colour in style.ORIGIN_COLOURS.items():
            mine = rows[rows["origin"] == origin]
            error = 200 * np.hypot(mine["standard_error"], mine["simulation_error"])
            axes.errorbar(
                100 * mine["published"], 100 * mine["simulated"], xerr=error, fmt="o", markersize=4, color=colour, alpha=0.8,
                elinewidth=0.6, label=style.ORIGIN_NAMES[origin],
            )  # fmt: skip
            far = mine[mine["z"].abs() > 2]
            for row in far.itertuples():
                axes.annotate(
                    f"{row.geo} {row.sex[0].upper()}", (100 * row.published, 100 * row.simulated), (4, 4),
                    textcoords="offset points", fontsize=7, color=colour,
                )  # fmt: skip
        ends = [100 * rows[["published", "simulated"]].min().min() - 2, 100 * rows[["published", "simulated"]].max().max() + 2]
        axes.plot(ends, ends, color=style.GREY, linewidth=1)
        axes.set_xlabel("published, %")
        axes.set_ylabel("simulated, %")
        style.title(axes, FIGURES[name], f"{FIT_YEAR}; bars: two standard errors; named beyond two")
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    style.save(drawn, path)


def terms(path: Path, table: pd.DataFrame) -> None:
    """Estimated factors of the non-EU-born by Member State with 90 % intervals, and the prior they are drawn to."""
    mine = table[table["origin"] == "non_eu_born"]
    kinds = list(dict.fromkeys(zip(mine["parameter"], mine["sex"], strict=True)))
    drawn = Figure(figsize=(12, 7), layout="constrained")
    FigureCanvasAgg(drawn)
    panels = drawn.subplots(2, (len(kinds) + 1) // 2, sharey=True).ravel()
    for axes in panels[len(kinds) :]:
        axes.set_visible(False)
    for axes, (name, sex) in zip(panels, kinds, strict=False):
        rows = mine[(mine["parameter"] == name) & (mine["sex"] == sex)]
        places = np.arange(len(rows))[::-1]
        low, high = (rows["prior_mean"].iloc[0] + s * 1.645 * rows["prior_sd"].iloc[0] for s in (-1, 1))
        axes.axvspan(low, high, color=style.SKY, alpha=0.2, label="prior, 90 %")
        informed = rows["informed"] >= 0.5
        for chosen, colour, label in ((informed, style.BLUE, "informed by data"), (~informed, style.ORANGE, "prior-driven")):
            axes.errorbar(
                rows["value"][chosen], places[chosen.to_numpy()], xerr=1.645 * rows["standard_error"][chosen], fmt="o",
                markersize=3, elinewidth=1, color=colour, label=label,
            )  # fmt: skip
        axes.set_yticks(places, rows["geo"], fontsize=7)
        of = "" if sex == "total" else f", {'women' if sex == 'female' else 'men'}"
        style.title(axes, f"{SHORT[name]}{of}", "log factor")
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    style.save(drawn, path)


def macro(path: Path, table: pd.DataFrame) -> None:
    """Macro conditions by Member State: factor of job finding by year, 2019 = 1."""
    rows = table[table["parameter"] == "macro"]
    drawn, (axes,) = style.figure()
    wide = np.exp(rows.pivot(index="year", columns="geo", values="value"))
    wide.index = wide.index.astype(int)
    wide.loc[2019] = 1.0
    wide = wide.sort_index()
    axes.plot(wide.index, wide, color=style.GREY, linewidth=0.8, alpha=0.7)
    axes.plot(wide.index, wide.median(axis=1), color=style.BLACK, linewidth=2, label="median")
    for geo, colour in zip(("DE", "FR", "IT", "ES", "PL"), style.PALETTE, strict=False):
        if geo in wide:
            axes.plot(wide.index, wide[geo], color=colour, linewidth=1.5, label=geo)
    style.whole_years(axes)
    axes.legend(ncols=3)
    style.title(axes, "Macro conditions estimated on natives", "factor of job finding, 2019 = 1; grey: every Member State")
    style.save(drawn, path)
