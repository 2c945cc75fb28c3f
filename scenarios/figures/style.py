"""Colours, fonts and the saving of figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scenarios import text as words

# Okabe-Ito palette: told apart under the common kinds of colour blindness.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, BLACK)
GREY = "#8C8C8C"
ORIGIN_COLOURS = {"native": BLUE, "eu_born": GREEN, "non_eu_born": RED}
ORIGIN_NAMES = {
    "native": "Native-born",
    "eu_born": "Born in another Member State",
    "non_eu_born": "Born outside the EU",
}
SETTINGS: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "legend.frameon": False,
    "figure.dpi": 100,
    "savefig.dpi": 150,
}


def figure(columns: int = 1, width: float = 7.5, height: float = 4.5) -> tuple[Figure, list[Axes]]:
    """An empty figure with axes side by side."""
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    return drawn, list(drawn.subplots(1, columns, squeeze=False)[0])


def grid(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """An empty figure with panels in rows, row by row."""
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    return drawn, list(drawn.subplots(rows, columns, squeeze=False).ravel())


def place_name(place: str) -> str:
    """Name of a sum of Member States in a title."""
    return {"EU27_2020": "EU-27", "selected": "selected Member States"}[place]


def whole_years(axes: Axes) -> None:
    """Ticks of the horizontal axis at whole years only."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def thousands(axis: Axis) -> None:
    """Numbers at ticks as in tables: `3 500`."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.plain(value)))


def persons_unit(largest: float) -> tuple[float, str]:
    """What to divide numbers of persons by so that the largest can be read, and its name."""
    return next((unit for unit in ((1e6, "Million persons"), (1e3, "Thousand persons")) if largest >= unit[0] / 10), (1.0, "Persons"))


def save(drawn: Figure, path: Path) -> None:
    """Write a PNG without a date or version in it, so that reruns give the same picture."""
    drawn.savefig(path, metadata={"Software": None})


def title(axes: Axes, text: str, unit: str) -> None:
    """Title to the left, unit under it."""
    axes.set_title(f"{text}\n", loc="left", fontweight="bold", fontsize=11)
    # In points, since a share of the height would put it into the title of a tall figure.
    axes.annotate(unit, (0, 1), (0, 5), "axes fraction", "offset points", fontsize=9, color="#555555", va="bottom")
