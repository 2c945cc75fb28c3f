"""Predicted against published figures that nobody has fitted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from calibration import counterparts
from calibration.tables import EU, Parameter
from calibration.targets import PUBLISHED
from calibration.validation import NORMAL_90, cells, span
from model import Results, codes
from scenarios.figures import style

YEARS = (2021, 2022, 2023)
PATH_YEARS = (2017, 2023)
SEX_COLOURS = {"female": style.PURPLE, "male": style.BLUE, "total": style.BLACK}
SEX_NAMES = {"female": "Women", "male": "Men", "total": "Both"}
# Offsets of a code from its point, in typographic points.
BESIDE = ((-10, 5), (10, -5), (10, 5), (-10, -5), (0, 10), (0, -10), (-13, 0), (13, 0), (-18, 9), (18, -9), (18, 9), (-18, -9))
STAY_YEAR = 2022  # the survey's latest
ERRORS = (
    ("no_change", "No change since 2019", style.GREY, "s"),
    ("as_natives", "Same change as natives", style.SKY, "D"),
    ("predicted", "Model", style.RED, "o"),
)


def fit(path: Path, table: pd.DataFrame) -> None:
    """Employment of the non-EU-born, predicted against published, one panel per simulated year, Member States named."""
    rows, years = _compared(table)
    if not years:
        return
    drawn, panels = style.figure(len(years), width=max(8.0, 5.7 * len(years)), height=6.6)
    low = 5 * np.floor(rows[["observed", "low"]].min().min() / 5)
    high = 5 * np.ceil(rows[["observed", "high"]].max().max() / 5)
    for axes, year in zip(panels, years, strict=True):
        mine = rows[rows["year"] == year]
        axes.plot([low, high], [low, high], color=style.GREY, linewidth=1, zorder=1)
        for within, colour in ((True, style.BLUE), (False, style.RED)):
            part = mine[mine["within"].astype(bool) == within]
            error = [part["predicted"] - part["low"], part["high"] - part["predicted"]]
            axes.errorbar(
                part["observed"], part["predicted"], yerr=error, fmt="o", markersize=4, color=colour, elinewidth=0.6, alpha=0.7
            )
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_xlabel("Published, %")
        unit = "Predicted employment rate of persons born outside the EU, % of persons 20-64" if year == years[0] else ""
        style.title(axes, str(year), unit)
    panels[0].plot([], [], "o", color=style.BLUE, label="Published figure within the 90 % interval")
    panels[0].plot([], [], "o", color=style.RED, label="Outside")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    drawn.draw_without_rendering()
    for axes, year in zip(panels, years, strict=True):
        _name_points(axes, rows[rows["year"] == year])
    style.save(drawn, path)


def _compared(table: pd.DataFrame) -> tuple[pd.DataFrame, list[int]]:
    """Rows of employment of YEARS, and those of these years that there are."""
    rows = cells(table)
    rows = rows[rows["year"].isin(YEARS)]
    return rows, sorted(rows["year"].unique())


def _name_points(axes: Axes, rows: pd.DataFrame) -> None:
    """Codes beside the points, each where it covers fewest points and other codes."""
    scale = 72.0 / axes.figure.dpi
    points = scale * axes.transData.transform(rows[["observed", "predicted"]].to_numpy()) if len(rows) else np.zeros((0, 2))
    taken = [*points]
    for point, row in zip(points, rows.itertuples(), strict=True):
        free = [min((np.abs(point + shift - other) / (14, 9)).max() for other in taken if other is not point) for shift in BESIDE]
        shift = np.array(BESIDE[int(np.argmax(np.minimum(free, 1.0)))])
        taken.append(point + shift)
        axes.annotate(
            "EU" if row.place == EU else row.place, (row.observed, row.predicted), shift, textcoords="offset points", ha="center",
            va="center", fontsize=8, fontweight="bold" if row.place == EU else "normal",
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": style.GREY, "shrinkB": 2} if abs(shift).sum() > 20 else None,
        )  # fmt: skip


def errors(path: Path, table: pd.DataFrame) -> None:
    """Mean absolute error over the simulated of YEARS by Member State, of the model and of both naive forecasts."""
    rows, years = _compared(table)
    if not years:
        return
    rows = rows.dropna(subset=[column for column, *_ in ERRORS])
    found = pd.DataFrame(
        {column: (rows[column] - rows["observed"]).abs().groupby(rows["place"]).mean() for column, *_ in ERRORS}
    )
    found = found.sort_values("predicted")
    drawn, (axes,) = style.figure(width=8, height=0.22 * len(found) + 2)
    places = np.arange(len(found))
    for column, name, colour, marker in ERRORS:
        axes.plot(found[column], places, marker, color=colour, label=name, markersize=6, alpha=0.85)
    axes.set_yticks(places, ["EU" if place == EU else place for place in found.index])
    axes.set_ylim(-0.7, len(found) - 0.3)
    axes.set_xlim(left=0)
    axes.set_xlabel("Points")
    drawn.legend(loc="outside lower center", ncols=3)
    title = f"Mean absolute error of employment of the non-EU-born, {span(years).replace('-', ' to ')}"
    axes.set_title(title, loc="left", fontweight="bold", fontsize=11)
    style.save(drawn, path)


def path(path: Path, results: Sequence[Results], drawn_paths: np.ndarray) -> None:
    """Employment of the non-EU-born by sex with the band of the draws, natives beside, published figures as dots.

    drawn_paths [draw, year, origin, sex]. Published figures are on the definition of their year.
    """
    drawn, panels = style.figure(2, width=12, height=4.8)
    years = [year for year in results[0].years if year <= PATH_YEARS[1]]
    centre = np.mean([counterparts.employment_path(result) for result in results], axis=0)[: len(years)]
    half = NORMAL_90 * drawn_paths.std(axis=0, ddof=1)[: len(years)]
    geo = EU if tuple(results[0].member_states) == codes.MEMBER_STATES else results[0].member_states[0]
    single = geo == EU or len(results[0].member_states) == 1
    for axes, (o, name) in zip(panels, ((2, "Born outside the EU"), (0, "Native-born")), strict=True):
        for s, (sex, colour) in enumerate(SEX_COLOURS.items()):
            axes.plot(years, centre[:, o, s], color=colour, linewidth=2, label=SEX_NAMES[sex])
            low, high = centre[:, o, s] - half[:, o, s], centre[:, o, s] + half[:, o, s]
            axes.fill_between(years, low, high, color=colour, alpha=0.15, linewidth=0)
            if single:
                points = _published(geo, codes.ORIGINS[o], sex, years)
                axes.plot(list(points), list(points.values()), "o", color=colour, markersize=5)
        axes.axvspan(years[0] - 0.5, 2019.5, color="#F0F0F0", zorder=0, linewidth=0)
        axes.set_xlim(years[0] - 0.3, years[-1] + 0.3)
        style.whole_years(axes)
        style.title(axes, name, "% of persons 20-64; published figures of 2021 on by a new definition")
    if single:
        panels[0].plot([], [], "o", color="#777777", label="Published")
    panels[0].fill_between([], [], [], color="#F0F0F0", label="Used: start and moments")
    panels[0].fill_between([], [], [], color="#777777", alpha=0.3, label="90 % band of the draws")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    style.save(drawn, path)


def _published(geo: str, origin: str, sex: str, years: Sequence[int]) -> dict[int, float]:
    rows = Parameter("employment_rate", geo=geo, origin=origin, sex=sex, age="20-64").rows
    rows = rows[rows["status"].isin(PUBLISHED) & rows["year"].isin(map(str, years))]
    return {int(year): 100.0 * value for year, value in zip(rows["year"], rows["value"], strict=True)}


def by_stay(path: Path, results: Sequence[Results], drawn_stays: np.ndarray, table: pd.DataFrame) -> None:
    """Employment of persons under protection in Germany by sex and completed years since arrival, beside the survey.

    drawn_stays [draw, year, sex, completed years].
    """
    drawn, (axes,) = style.figure(width=8, height=5)
    year = min(STAY_YEAR, results[0].years[-1])
    column = year - codes.FIRST_YEAR
    centre = np.mean([counterparts.employment_by_stay(result, "DE", "protection", year) for result in results], axis=0)
    half = NORMAL_90 * drawn_stays.std(axis=0, ddof=1)[column]
    stays = np.arange(10)
    for s, (sex, colour) in enumerate(SEX_COLOURS.items()):
        middle, spread = centre[s, :10], half[s, :10]
        axes.plot(stays, middle, color=colour, linewidth=2, label=f"{SEX_NAMES[sex]}, simulated {year}")
        low, high = np.maximum(0, middle - spread), np.minimum(100, middle + spread)
        axes.fill_between(stays, low, high, color=colour, alpha=0.15, linewidth=0)
    rows = table[(table["figure"] == "employment_by_reason") & (table["place"] == "DE")]
    for sex, colour in SEX_COLOURS.items():
        mine = rows[rows["sex"] == sex]
        when = mine["detail"].str.extract(r"year_(\d+)")[0].astype(float)
        axes.plot(when, mine["observed"], "o", color=colour, markersize=6, label=f"{SEX_NAMES[sex]}, survey")
    axes.set_xlabel("Completed years since arrival (8: 8 and over)")
    axes.set_ylim(0, 101)
    axes.set_xticks(stays)
    drawn.legend(loc="outside lower center", ncols=3)
    style.title(axes, "Employment of persons under protection in Germany", "% of persons 20-64; survey IAB-BAMF-SOEP 2016 to 2022")
    style.save(drawn, path)
