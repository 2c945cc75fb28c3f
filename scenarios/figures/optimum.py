"""What a budget buys: gain against cost, and which measure where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from calibration.config import Optimise
from scenarios.figures import style


def frontier(path: Path, points: pd.DataFrame, responses: pd.DataFrame, asked: Optimise) -> None:
    """Gain against cost: rows of frontier.csv, and every measure alone at its largest strength everywhere (responses.csv)."""
    drawn, (axes,) = style.figure()
    start = pd.DataFrame({"predicted_cost": [0.0], "predicted_gain": [0.0]})
    line = pd.concat([start, points[list(start)]])
    axes.plot(line["predicted_cost"], line["predicted_gain"], "--", color=style.GREY, label="Best mix, predicted from measures alone")
    axes.errorbar(
        points["cost"], points["gain"], xerr=1.645 * points["cost_se"], yerr=1.645 * points["gain_se"], fmt="o-", color=style.BLUE,
        capsize=3, label="Best mix, simulated on fresh seeds",
    )  # fmt: skip
    chosen = points.iloc[(points["budget"] - asked.budget).abs().argmin()]
    axes.plot(chosen["cost"], chosen["gain"], "o", color=style.RED, markersize=9, zorder=5, label="The budget asked for")
    alone = responses[(responses["place"] == responses["place"].iloc[0]) & (responses["multiple"] == asked.strengths[-1])]
    right, top = 1.1 * points["cost"].max(), 1.15 * points["gain"].max()
    near = alone[(alone["cost"] <= right) & alone["gain"].between(0.0, top)]
    axes.plot(near["cost"], near["gain"], "x", color=style.ORANGE, label="One measure alone, at its largest strength everywhere")
    for row in near.itertuples():
        axes.annotate(row.measure.replace("_", " "), (row.cost, row.gain), xytext=(5, -3), textcoords="offset points", fontsize=8)
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("Cost, EUR million per year")
    drawn.legend(loc="outside lower center", ncols=2, fontsize=8)
    style.title(axes, "Gain against cost (bars: 90 % Monte Carlo)", responses["gain_unit"].iloc[0].capitalize())
    style.save(drawn, path)


def allocation(path: Path, rows: pd.DataFrame, asked: Optimise) -> None:
    """Rows of allocation.csv: strength of every measure in every Member State, and spending."""
    measures = list(dict.fromkeys(rows["measure"]))
    states = list(dict.fromkeys(rows["place"]))
    strengths = rows.pivot(index="place", columns="measure", values="multiple").loc[states, measures]
    cost = rows.pivot(index="place", columns="measure", values="cost").loc[states, measures]
    drawn, (left, right) = style.figure(2, width=12, height=max(3.0, 1.8 + 0.26 * len(states)))
    shown = left.imshow(np.ma.masked_equal(strengths, 0.0), cmap="viridis_r", vmin=0.0, vmax=asked.strengths[-1], aspect="auto")
    left.set_xticks(range(len(measures)), [name.replace("_", " ") for name in measures], rotation=60, ha="right", fontsize=8)
    left.set_yticks(range(len(states)), states)
    left.grid(False)
    drawn.colorbar(shown, ax=left, label="Strength, as a multiple of the policy's own")
    start = np.zeros(len(states))
    for m, name in enumerate(measures):
        amount = np.maximum(cost[name].to_numpy(), 0.0)
        if amount.sum() > 0:
            colour, hatch = style.PALETTE[m % len(style.PALETTE)], "" if m < len(style.PALETTE) else "///"
            right.barh(range(len(states)), amount, left=start, color=colour, hatch=hatch, label=name.replace("_", " "))
            start += amount
    right.set_yticks(range(len(states)), states)
    right.set_ylim(left.get_ylim())
    right.set_xlabel("EUR million per year")
    if right.get_legend_handles_labels()[0]:
        right.legend(fontsize=8, loc="lower right")
    style.title(left, "Strength of each measure", "White: not bought")
    style.title(right, "Spending", "Predicted from measures alone")
    style.save(drawn, path)
