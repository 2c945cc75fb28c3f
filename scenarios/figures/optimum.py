"""What a budget buys: gain against cost, and which measure where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from calibration.config import Optimise
from scenarios.figures import style

NORMAL = 1.645  # standard errors in half a 90 % interval


def frontier(path: Path, points: pd.DataFrame, responses: pd.DataFrame, asked: Optimise) -> None:
    """Gain against cost: rows of frontier.csv, and every measure alone at its largest strength everywhere (responses.csv)."""
    drawn, (axes,) = style.figure(height=5.0)
    label = "Best mix, predicted from measures alone"
    axes.plot(points["predicted_cost"], points["predicted_gain"], "--", color=style.GREY, label=label)
    simulated = points.dropna()
    axes.errorbar(
        simulated["cost"], simulated["gain"], xerr=NORMAL * simulated["cost_se"], yerr=NORMAL * simulated["gain_se"], fmt="o",
        color=style.BLUE, capsize=3, label="Best mix, simulated on fresh seeds",
    )  # fmt: skip
    chosen = simulated.iloc[(simulated["budget"] - asked.budget).abs().argmin()]
    axes.plot(chosen["cost"], chosen["gain"], "o", color=style.RED, markersize=9, zorder=5, label="The budget asked for")
    alone = responses[(responses["place"] == responses["place"].iloc[0]) & (responses["multiple"] == asked.strengths[-1])]
    ends = [points[[name, f"predicted_{name}"]].max().max() for name in ("cost", "gain")]
    right, top = (1.15 * end if end > 0.0 else 1.0 for end in ends)
    near = alone[(alone["cost"] <= right) & alone["gain"].between(0.0, top)]
    axes.plot(near["cost"], near["gain"], "x", color=style.ORANGE, label="One measure alone, at its largest strength everywhere")
    for row in near.itertuples():
        axes.annotate(row.measure.replace("_", " "), (row.cost, row.gain), xytext=(5, 3), textcoords="offset points", fontsize=7)
    axes.set_xlim(-0.01 * right, right)
    axes.set_ylim(min(0.0, 1.1 * simulated["gain"].min()), top)
    axes.set_xlabel("Cost, EUR million per year")
    drawn.legend(loc="outside lower center", ncols=2, fontsize=8)
    unit = responses["gain_unit"].iloc[0]
    style.title(axes, "Gain against cost (bars: 90 % Monte Carlo)", unit[0].upper() + unit[1:])
    style.save(drawn, path)


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
    right.set_xlabel("EUR million per year")
    if right.get_legend_handles_labels()[0]:
        drawn.legend(loc="outside lower center", ncols=5, fontsize=8)
    style.title(left, "Strength of each measure", "White: not bought")
    style.title(right, "Spending", "Predicted from measures alone")
    style.save(drawn, path)
