"""Policies compared: effects over time, cost against gain, a mix by measure, and a grid of Member States."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from model import codes
from scenarios import draws
from scenarios.figures import style

MIGRANTS = codes.ORIGINS[codes.NON_EU_BORN]
PANELS = {
    "employment_rate": "Employment rate",
    "overqualification_rate": "Overqualification rate",
    "net_contribution_after_costs": "Net contribution after costs",
}
# Column and row of each Member State in a grid that looks like the map.
TILES = {
    "IE": (0, 2), "PT": (0, 6), "ES": (1, 6), "FR": (1, 4), "NL": (2, 2), "BE": (1, 3), "LU": (2, 3), "DK": (3, 1), "DE": (3, 2),
    "SE": (4, 0), "FI": (5, 0), "EE": (6, 0), "LV": (6, 1), "LT": (5, 1), "PL": (4, 2), "CZ": (4, 3), "SK": (5, 3), "AT": (3, 3),
    "HU": (5, 4), "SI": (3, 4), "HR": (4, 4), "IT": (3, 5), "RO": (6, 4), "BG": (6, 5), "EL": (5, 6), "MT": (3, 7), "CY": (7, 7),
}  # fmt: skip
COLUMNS, ROWS = 8, 8
MILLION_PER_BILLION = 1000.0
NOT_TOLD_MARK = "~"  # as between two policies that cannot be told apart (scenarios.ranking)
WORDS = {  # names that underscores do not spell
    "womens_measures": "women's measures", "womens_participation": "women's participation",
    "anti_discrimination": "anti-discrimination", "job_related_courses": "job-related courses",
}  # fmt: skip


def words(name: str) -> str:
    """Name of a policy or measure in a figure."""
    return WORDS.get(name, name.replace("_", " ")).capitalize()


def over_time(path: Path, effects: pd.DataFrame, content: Mapping[str, Any]) -> None:
    """Effects on the non-EU-born by year, one line per policy, with their 90 % intervals as bands."""
    drawn, panels = style.figure(len(PANELS), width=15, height=4.9)
    rows = effects[(effects["place"] == content["place"]) & (effects["origin"] == MIGRANTS)]
    rows = rows[rows["year"] >= content["first_year"] - 1]
    for axes, (measure, name) in zip(panels, PANELS.items(), strict=True):
        for number, policy in enumerate(content["policies"]):
            mine = rows[(rows["measure"] == measure) & (rows["policy"] == policy)]
            colour = style.PALETTE[number % len(style.PALETTE)]
            axes.plot(mine["year"], mine["effect"], color=colour, linewidth=2, label=words(policy))
            axes.fill_between(mine["year"], mine["low"], mine["high"], color=colour, alpha=0.15, linewidth=0)
        axes.axhline(0, color=style.BLACK, linewidth=0.8)
        style.whole_years(axes)
        style.title(axes, name, _unit(rows, measure))
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=min(5, len(content["policies"])))
    drawn.suptitle(f"Effect on persons born outside the EU, {style.place_name(content['place'])}{_bands(content)}", x=0.01, ha="left")
    style.save(drawn, path)


def _unit(rows: pd.DataFrame, measure: str) -> str:
    units = rows.loc[rows["measure"] == measure, "unit"]
    return f"Difference to the reference, {units.iloc[0]}" if len(units) else ""


def _bands(content: Mapping[str, Any]) -> str:
    return f"; bands: 90 % intervals {_over(content)}"


def _over(content: Mapping[str, Any]) -> str:
    return "over draws of all parameters and seeds" if content["draws"] else "of Monte Carlo error alone"


def cost_and_gain(path: Path, content: Mapping[str, Any]) -> None:
    """Every policy by its cost and its gross effect on public budgets, cumulated; above the line it has paid back."""
    drawn, (axes,) = style.figure(width=7.5, height=5.6)
    rows = {(row["policy"], row["measure"]): row for row in content["returns"]}
    for number, policy in enumerate(content["policies"]):
        cost, gross = (rows[policy, f"cumulated_{name}"] for name in ("cost", "gross"))
        x, y = cost["value"] / MILLION_PER_BILLION, gross["value"] / MILLION_PER_BILLION
        colour = style.PALETTE[number % len(style.PALETTE)]
        if gross["low"] is not None:
            axes.plot([x, x], [gross[end] / MILLION_PER_BILLION for end in ("low", "high")], color=colour, linewidth=1.5)
            axes.plot([cost[end] / MILLION_PER_BILLION for end in ("low", "high")], [y, y], color=colour, linewidth=1.5)
        axes.plot(x, y, "o", color=colour, markersize=8, label=words(policy))
    ends = (*axes.get_xlim(), *axes.get_ylim())
    axes.axline((0, 0), slope=1, color=style.GREY, linewidth=1, linestyle="--", label="Gain equals cost")
    axes.axhline(0, color=style.BLACK, linewidth=0.8)
    axes.set_xlim(min(0.0, ends[0]), ends[1])
    axes.set_ylim(min(0.0, ends[2]), ends[3])
    axes.set_xlabel(f"Cost, billion EUR of {content['price_year']}")
    drawn.legend(loc="outside lower center", ncols=3)
    span = f"{content['first_year']} to {content['last_year']}"
    end = ", 90 % intervals" if content["draws"] else ""
    unit = f"Gross effect on public budgets, {span}, billion EUR{end}"
    style.title(axes, f"Cost and gain, {style.place_name(content['place'])}", unit)
    style.save(drawn, path)


def waterfall(path: Path, table: pd.DataFrame, content: Mapping[str, Any], policy: str) -> None:
    """Shapley values of the measures of a mix: net effect on budgets over all years, and employment in the last. Of each, how the parts
    add up, and every part with its 90 % interval from zero, dotted where it is mostly Monte Carlo noise."""
    rows = table[(table["policy"] == policy) & (table["place"] == content["place"])]
    names = [name for name in dict.fromkeys(rows["measure"]) if name != "all"]
    last, span = content["last_year"], f"{content['first_year']} to {content['last_year']}"
    shown = {
        "cumulated_net": ("Net effect on public budgets", f"Million EUR of {content['price_year']}, {span}", 0),
        "employment_rate": ("Employment rate", f"Percentage points in {last}", 3),
    }
    drawn, panels = style.figure(2 * len(shown), width=8.6 * len(shown), height=1.9 + 0.42 * len(names))
    for (steps, spans), (outcome, (name, unit, digits)) in zip((panels[:2], panels[2:]), shown.items(), strict=True):
        mine = rows[rows["outcome"] == outcome].set_index("measure").loc[[*names, "all"]]
        parts = mine["part"].to_numpy()
        starts = np.concatenate([[0.0], np.cumsum(parts[:-2]), [0.0]])
        colours = [*np.where(parts[:-1] >= 0, style.BLUE, style.RED), style.BLACK]
        steps.barh(range(len(parts)), parts, 0.66, left=starts, color=colours)
        said = []
        for place, row in enumerate(mine.itertuples()):
            spans.plot(row.part, place, "o", color=colours[place], markersize=5, zorder=3)
            line = ":" if row.noise_share > draws.NOISY else "-"
            spans.plot([row.low, row.high], [place, place], line, color=style.GREY, linewidth=1.4)
            spans.plot([row.low, row.high], [place, place], "|", color=style.GREY, markersize=7)
            part, low, high = (f"{number:+,.{digits}f}".replace(",", " ") for number in (row.part, row.low, row.high))
            said.append(part if np.isnan(row.low) else f"{part} [{low} to {high}]")
        for axes in (steps, spans):
            axes.set_yticks(range(len(parts)), [*map(words, names), "All together"])
            axes.set_ylim(len(names) + 0.6, -0.6)
            axes.axvline(0, color=style.BLACK, linewidth=0.8)
            axes.grid(axis="y", visible=False)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.xaxis.set_major_formatter(lambda value, _, digits=digits: f"{value:,.{2 if digits else 0}f}".replace(",", " "))
        spans.yaxis.tick_right()
        spans.tick_params(axis="y", length=0)
        spans.set_yticklabels(said, fontsize=8.5)
        style.title(steps, name, f"{unit}, adding up")
        style.title(spans, "90 % intervals", "the same unit")
    panels[2].set_yticklabels([])
    name = f"{words(policy)} by measure, {style.place_name(content['place'])}"
    drawn.suptitle(f"{name} (Shapley values; dotted: mostly Monte Carlo noise)", x=0.01, ha="left")
    style.save(drawn, path)


def effect_label(effect: float, low: float, high: float) -> str:
    """`+0.12`, marked where the interval holds zero."""
    return f"{effect:+.2f}{NOT_TOLD_MARK if low <= 0.0 <= high else ''}"


def tile_grid(path: Path, effects: pd.DataFrame, content: Mapping[str, Any], policies: Sequence[str]) -> None:
    """Effect on employment of the non-EU-born in the last year by Member State, one grid per policy; marked where its 90 % interval
    holds zero."""
    rows = effects[(effects["origin"] == MIGRANTS) & (effects["measure"] == "employment_rate")]
    rows = rows[(rows["year"] == content["last_year"]) & rows["place"].isin(codes.MEMBER_STATES)]
    columns = min(3, len(policies))
    lines = -(-len(policies) // columns)
    drawn, _ = style.figure(columns, width=4.6 * columns, height=5.0 * lines)
    drawn.clear()
    panels = list(drawn.subplots(lines, columns, squeeze=False).flat)
    largest = max(rows["effect"].abs().max(), 1e-9)
    norm = Normalize(-largest, largest)
    colours = colormaps["RdBu"]
    for axes, policy in zip(panels, policies, strict=False):
        mine = rows[rows["policy"] == policy].set_index("place")
        for state, (column, row) in TILES.items():
            known = state in mine.index
            effect = mine.loc[state, "effect"] if known else np.nan
            colour = colours(norm(effect)) if known else "#F3F3F3"
            axes.add_patch(Rectangle((column, row), 0.94, 0.94, facecolor=colour, edgecolor="none"))
            dark = known and abs(norm(effect) - 0.5) > 0.33
            ink = "white" if dark else style.BLACK if known else "#AAAAAA"
            axes.text(column + 0.47, row + 0.36, state, ha="center", va="center", fontsize=9, fontweight="bold", color=ink)
            if known:
                label = effect_label(*mine.loc[state, ["effect", "low", "high"]])
                axes.text(column + 0.47, row + 0.7, label, ha="center", va="center", fontsize=7, color=ink)
        axes.set_xlim(0, COLUMNS)
        axes.set_ylim(ROWS, 0)
        axes.set_aspect("equal")
        axes.set_title(words(policy), loc="left", fontweight="bold", fontsize=11)
    for axes in panels:
        axes.axis("off")
    drawn.suptitle(
        f"Points of the employment rate in {content['last_year']}, born outside the EU\n"
        f"{NOT_TOLD_MARK} not told from zero: its 90 % interval,\n{_over(content)}, holds zero",
        x=0.01, ha="left", fontsize=10,
    )  # fmt: skip
    style.save(drawn, path)
