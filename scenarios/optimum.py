"""The optimal mix in tables and words: what was chosen, what it was predicted to gain, and what it gains on fresh seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from calibration.config import Config, Optimise
from scenarios import draws, objective, statistics, summary, text
from scenarios.choice import Choice, Estimates

NAME = "optimal_mix"
NOTHING = "No measure gains anything: the best mix is the baseline."


class Paired(NamedTuple):
    """A policy against the baseline on the same seeds, [Member State, seed]."""

    gain: np.ndarray  # unit of the objective
    cost: np.ndarray  # EUR million per year
    eu: np.ndarray  # part of the cost paid by the EU budget


def response_table(baseline: Config, asked: Optimise, policies: Sequence[Config], estimates: Estimates) -> pd.DataFrame:
    """responses.csv: one row per measure, multiple of its strength and place, the sum of all places first.

    The sum is not drawn anywhere; its error adds up those of independent Member States.
    """
    sums = [statistics.with_total(values, 2) for values in (estimates.gain, estimates.error**2, estimates.shrunk, estimates.cost)]
    error = np.sqrt(sums[1])
    cost_error = np.sqrt(statistics.with_total(estimates.cost_error**2, 2))
    places = [summary.place(baseline.member_states), *baseline.member_states]
    rows = [
        {
            "place": place,
            "measure": config.policy.name,
            "multiple": multiple,
            "strength": config.policy.levers[0].strength * multiple,
            "gain": sums[0][m, k, p],
            "gain_se": error[m, k, p],
            "gain_shrunk": sums[2][m, k, p],
            "gain_unit": objective.gain_unit(asked, baseline.accounting),
            "cost": sums[3][m, k, p],
            "cost_se": cost_error[m, k, p],
            "cost_unit": objective.cost_unit(baseline.accounting),
        }
        for m, config in enumerate(policies)
        for k, multiple in enumerate(asked.strengths)
        for p, place in enumerate(places)
    ]
    return pd.DataFrame(rows)


def allocation_table(baseline: Config, asked: Optimise, policies: Sequence[Config], chosen: Choice) -> pd.DataFrame:
    """allocation.csv: one row per Member State and measure, predicted cost and gain of each alone."""
    rows = [
        {
            "place": state,
            "measure": config.policy.name,
            "multiple": chosen.multiples[m, s],
            "strength": config.policy.levers[0].strength * chosen.multiples[m, s],
            "cost": chosen.cost[m, s],
            "cost_unit": objective.cost_unit(baseline.accounting),
            "gain": chosen.gain[m, s],
            "gain_estimated": chosen.estimated[m, s],
            "gain_se": chosen.error[m, s],
            "gain_unit": objective.gain_unit(asked, baseline.accounting),
        }
        for s, state in enumerate(baseline.member_states)
        for m, config in enumerate(policies)
    ]
    return pd.DataFrame(rows)


def member_state_table(baseline: Config, asked: Optimise, chosen: Choice, verified: Paired) -> pd.DataFrame:
    """member_states.csv: the mix as predicted from its measures alone and as simulated on fresh seeds, all places first."""
    parts = {name: statistics.with_total(part, 0) for name, part in verified._asdict().items()}
    means = {name: part.mean(axis=-1) for name, part in parts.items()}
    errors = {name: statistics.standard_error(part.T) for name, part in parts.items()}
    return pd.DataFrame(
        {
            "place": [summary.place(baseline.member_states), *baseline.member_states],
            "predicted_gain": statistics.with_total(chosen.gain.sum(axis=0), 0),
            "gain": means["gain"],
            "gain_se": errors["gain"],
            "gain_unit": objective.gain_unit(asked, baseline.accounting),
            "predicted_cost": statistics.with_total(chosen.cost.sum(axis=0), 0),
            "cost": means["cost"],
            "cost_se": errors["cost"],
            "eu_cost": means["eu"],
            "national_cost": means["cost"] - means["eu"],
            "cost_unit": objective.cost_unit(baseline.accounting),
        }
    )


def frontier_table(points: Sequence[tuple[Choice, Paired | None]]) -> pd.DataFrame:
    """frontier.csv: one row per budget, as predicted, and as simulated on fresh seeds where it was."""
    rows = []
    for choice, found in sorted(points, key=lambda point: point[0].budget):
        row = {"budget": choice.budget, "predicted_cost": choice.cost.sum(), "predicted_gain": choice.gain.sum()}
        if found is not None:
            for name, part in (("cost", found.cost.sum(axis=0)), ("gain", found.gain.sum(axis=0))):
                row |= {name: part.mean(), f"{name}_se": statistics.standard_error(part)}
        rows.append({**row, "gain_per_further_million": choice.shadow_price})
    columns = ["budget", "predicted_cost", "cost", "cost_se", "predicted_gain", "gain", "gain_se", "gain_per_further_million"]
    return pd.DataFrame(rows, columns=columns)


def summarise(
    baseline: Config, asked: Optimise, chosen: Choice, tried: Sequence[tuple[Choice, Paired]], verified: Paired
) -> dict[str, Any]:
    """Promise and performance of the chosen mix, all Member States together, for summary.json."""
    sums = {name: part.sum(axis=0) for name, part in verified._asdict().items()}
    first = tried[0][1].cost.sum(axis=0)
    return {
        "objective": asked.objective,
        "counted": asked.counted,
        "gain_unit": objective.gain_unit(asked, baseline.accounting),
        "cost_unit": objective.cost_unit(baseline.accounting),
        "budget": asked.budget,
        "shared_again_because_simulated_cost_was": statistics.number(first.mean()) if len(tried) > 1 else None,
        "gain": {
            "sum_of_measures_as_estimated": statistics.number(chosen.estimated.sum()),
            "predicted": statistics.number(chosen.gain.sum()),
            "mix_on_seeds_of_the_choice": statistics.estimate(tried[-1][1].gain.sum(axis=0)),
            "mix_on_fresh_seeds": statistics.estimate(sums["gain"]),
        },
        "cost": {
            "predicted": statistics.number(chosen.cost.sum()),
            "mix_on_seeds_of_the_choice": statistics.estimate(tried[-1][1].cost.sum(axis=0)),
            "mix_on_fresh_seeds": statistics.estimate(sums["cost"]),
            "eu_budget": statistics.estimate(sums["eu"]),
        },
        "gain_per_further_million": statistics.number(chosen.shadow_price),
    }


def console(
    baseline: Config,
    asked: Optimise,
    tables: Mapping[str, pd.DataFrame],
    found: Mapping[str, Any],
    intervals: Sequence[Mapping[str, Any]],
) -> str:
    """What is bought, what it was predicted to gain and what it gains on fresh seeds, and the frontier."""
    place = summary.place(baseline.member_states)
    whose = {"non_eu_born": "the non-EU-born", "everybody": "everybody"}[asked.counted]
    years = f"{asked.first_year} to {baseline.run.end_year}, discounted at {100 * asked.discount_rate:g} %"
    lines = [
        f"Budget {text.plain(asked.budget)} {found['cost_unit']}, {place}; gain: {found['gain_unit']}, of {whose}; means of {years}",
        _measures(tables["allocation"]),
        "",
    ]
    gain, cost = found["gain"], found["cost"]
    both = [
        ("mix simulated, seeds that decided", "mix_on_seeds_of_the_choice"), ("mix simulated, fresh seeds", "mix_on_fresh_seeds"),
    ]  # fmt: skip
    rows = [
        ["sum of measures alone, as estimated", text.estimate(gain["sum_of_measures_as_estimated"], None, 1), ""],
        ["the same, drawn towards other Member States", *(text.estimate(part["predicted"], None, 1) for part in (gain, cost))],
        *[[name, *(text.estimate(part[key]["mean"], part[key]["monte_carlo_se"], 1) for part in (gain, cost))] for name, key in both],
    ]
    lines += [text.table(["Promise and performance (Monte Carlo standard error)", "gain", "cost"], rows)]
    if found["shared_again_because_simulated_cost_was"] is not None:
        first = found["shared_again_because_simulated_cost_was"]
        lines.append(f"The first sharing cost {first:.1f} when simulated; the budget was shared again, once, less that overrun.")
    eu = cost["eu_budget"]["mean"]
    lines.append(f"EU budget {eu:.1f}, national budgets {cost['mix_on_fresh_seeds']['mean'] - eu:.1f} of the cost")
    rows = [
        [text.plain(row.budget), text.estimate(row.predicted_gain, None, 1), text.estimate(row.gain, row.gain_se, 1),
         text.estimate(row.cost, row.cost_se, 1), f"{row.gain_per_further_million:.3g}"]
        for row in tables["frontier"].dropna().itertuples()
    ]  # fmt: skip
    if asked.objective == "net_contribution":
        last = found["gain_per_further_million"]
        lines.append(f"The last million gains {last:.2g} million, {'more' if last > 1.0 else 'less'} than it costs.")
    lines += ["", text.table(["Budget", "gain predicted", "gain, fresh seeds", "cost, fresh seeds", "per further million"], rows)]
    shown = [row for row in intervals if row["place"] == place]
    if shown:
        cells = [[row["outcome"].replace("_", " "), text.interval(row, 1)] for row in shown]
        lines += ["", text.table(["The mix with 90 % intervals", ""], cells), draws.said(baseline)]
    return "\n".join(lines)


def _measures(rows: pd.DataFrame) -> str:
    """The measures bought, dearest first: cost, gain alone, and in how many Member States."""
    rows = rows[rows["multiple"] > 0].assign(states=1, variance=rows["gain_se"] ** 2)
    taken = rows.groupby("measure")[["cost", "gain", "states", "variance"]].sum()
    if taken.empty:
        return NOTHING
    cells = [
        [
            measure.replace("_", " "), text.estimate(row["cost"], None, 1), text.estimate(row["gain"], row["variance"] ** 0.5, 1),
            f"{row['states']:.0f}",
        ]
        for measure, row in taken.sort_values("cost", ascending=False).iterrows()
    ]  # fmt: skip
    return text.table(["Measure", "cost", "gain alone", "Member States"], cells)
