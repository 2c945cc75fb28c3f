"""What a budget buys: gain against cost, and which measure where."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.config import Optimise
from scenarios import draws, text
from scenarios.figures import style
from scenarios.optimum import NOTHING

WIDTH = 95  # characters under the axes
ROOM = 1.15  # how far a measure may lie beyond the mixes, as a multiple of these


def frontier(path: Path, points: pd.DataFrame, responses: pd.DataFrame, asked: Optimise) -> None:
    """Gain against cost: rows of frontier.csv, and every measure alone at its largest strength everywhere (responses.csv).

    Measures far from the mixes, which would leave no room for these, are named under the axes.
    """
    drawn, (axes,) = style.figure(height=5.0)
    label = "Best mix, predicted from measures alone"
    axes.plot(points["predicted_cost"], points["predicted_gain"], "--", color=style.GREY, label=label)
    simulated = points.dropna()
    times = draws.student(len(asked.verification_seeds) - 1)
    half = {name: times * simulated[f"{name}_se"] for name in ("cost", "gain")}
    axes.errorbar(
        simulated["cost"], simulated["gain"], xerr=half["cost"], yerr=half["gain"], fmt="o", color=style.BLUE, capsize=3,
        label="Best mix, simulated on fresh seeds",
    )  # fmt: skip
    chosen = simulated.iloc[(simulated["budget"] - asked.budget).abs().argmin()]
    axes.plot(chosen["cost"], chosen["gain"], "o", color=style.RED, markersize=9, zorder=5, label="The budget asked for")
    alone = responses[(responses["place"] == responses["place"].iloc[0]) & (responses["multiple"] == asked.strengths[-1])]
    near = alone[beside(alone, points, half)]
    axes.plot(near["cost"], near["gain"], "x", color=style.ORANGE, label="One measure alone, at its largest strength everywhere")
    axes.margins(0.08)
    middle = np.mean(axes.get_xlim())
    for row in near.itertuples():
        shift, side = ((5, 3), "left") if row.cost < middle else ((-5, 3), "right")
        axes.annotate(row.measure.replace("_", " "), (row.cost, row.gain), shift, textcoords="offset points", ha=side, fontsize=7)
    style.thousands(axes.xaxis)
    style.thousands(axes.yaxis)
    named = [
        f"{row.measure.replace('_', ' ')} ({text.estimate(row.cost, None, 1)}, {text.estimate(row.gain, None, 1)})"
        for row in alone.drop(near.index).itertuples()
    ]
    beyond = f"\nBeyond the axes (cost, gain alone): {', '.join(named)}" if named else ""
    axes.set_xlabel("\n".join(textwrap.fill(line, WIDTH) for line in f"Cost, {responses['cost_unit'].iloc[0]}{beyond}".split("\n")))
    drawn.legend(loc="outside lower center", ncols=2, fontsize=8)
    unit = responses["gain_unit"].iloc[0]
    nothing = "" if points["predicted_cost"].max() > 0.0 else f". {NOTHING}"
    style.title(axes, "Gain against cost (bars: 90 % Monte Carlo)", unit[0].upper() + unit[1:] + nothing)
    style.save(drawn, path)


def beside(alone: pd.DataFrame, points: pd.DataFrame, half: Mapping[str, pd.Series]) -> pd.Series:
    """Which measures alone (cost, gain) lie no further out than the mixes with their bars; all of them where nothing is bought.

    points: rows of frontier.csv; half: half the bars of those that were simulated, by name.
    """
    if points["predicted_cost"].max() <= 0.0:
        return alone["cost"].notna()
    right, top = (ROOM * max(points[f"predicted_{name}"].max(), (points[name] + half[name]).max()) for name in ("cost", "gain"))
    bottom = ROOM * min(0.0, (points["gain"] - half["gain"]).min())
    return (alone["cost"] <= right) & alone["gain"].between(bottom, top)


def allocation(path: Path, rows: pd.DataFrame, asked: Optimise) -> None:
    """Rows of allocation.csv: strength of every measure in every Member State, and spending."""
    measures = list(dict.fromkeys(rows["measure"]))
    states = list(dict.fromkeys(rows["place"]))
    strengths = rows.pivot(index="place", columns="measure", values="multiple").loc[states, measures]
    cost = rows.pivot(index="place", columns="measure", values="cost").loc[states, measures]
    drawn, (left, right) = style.figure(2, width=12, height=max(4.5, 2.2 + 0.26 * len(states)))
    shown = left.imshow(np.ma.masked_equal(strengths, 0.0), cmap="viridis_r", vmin=0.0, vmax=asked.strengths[-1], aspect="auto")
    left.set_xticks(range(len(measures)), [name.replace("_", " ") for name in measures], rotation=60, ha="right", fontsize=8)
    left.set_yticks(range(len(states)), states)
    left.grid(False)
    drawn.colorbar(shown, ax=left, label="Multiple of the policy's own")
    start = np.zeros(len(states))
    for m, name in enumerate(measures):
        amount = np.maximum(cost[name].to_numpy(), 0.0)
        if amount.sum() > 0:
            colour, hatch = style.PALETTE[m % len(style.PALETTE)], "" if m < len(style.PALETTE) else "///"
            right.barh(range(len(states)), amount, left=start, color=colour, hatch=hatch, label=name.replace("_", " "))
            start += amount
    right.set_yticks(range(len(states)), states)
    right.set_ylim(left.get_ylim())
    right.set_xlabel(rows["cost_unit"].iloc[0])
    style.thousands(right.xaxis)
    if not start.any():
        right.text(0.5, 0.5, NOTHING, transform=right.transAxes, ha="center")
    if right.get_legend_handles_labels()[0]:
        drawn.legend(loc="outside lower center", ncols=5, fontsize=8)
    style.title(left, "Strength of each measure", "White: not bought")
    style.title(right, "Spending", "Predicted from measures alone")
    style.save(drawn, path)
