"""`integra optimise`: a budget shared among measures and Member States so that it gains most, and what that mix does.

Every measure is simulated alone at a few strengths (scenarios.response), the budget shared exactly on these responses
(scenarios.allocation), and the chosen mix simulated as a whole, because measures interact: first on the seeds that
decided, to see whether it keeps to the budget, then on fresh ones, which had no part in the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from calibration.config import Config, Optimise, plain_settings
from calibration.draw import Draw
from calibration.levers import model_lever
from calibration.load_inputs import load_inputs
from model import Inputs, Results
from scenarios import allocation, draws, figures, mix, objective, response, simulation, statistics, summary, text
from scenarios.folder import final_folder, result_folder
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import result_hash
from scenarios.run import write_common, write_json

OVERRUN = 1.02  # simulated cost over budget beyond which the budget is shared again, once
NAME = "optimal_mix"
PREDICTED = 41  # budgets of the frontier as predicted


class Paired(NamedTuple):
    """A policy against the baseline on the same seeds, [Member State, seed]."""

    gain: np.ndarray  # unit of the objective
    cost: np.ndarray  # EUR million per year
    eu: np.ndarray  # part of the cost paid by the EU budget


@dataclass(frozen=True)
class Task:
    """What all simulations of one command share."""

    baseline: Config
    inputs: Inputs  # of the baseline
    asked: Optimise
    hicp: Mapping[int, float]
    progress: Progress

    def simulate(self, config: Config, seeds: Sequence[int]) -> list[Results]:
        """Results of a job on these seeds; jobs differ by levers only, none of which acts on arrivals."""
        inputs = replace(self.inputs, levers=tuple(model_lever(item) for item in config.policy.levers))
        return simulation.simulate_seeds(replace(config, seeds=tuple(seeds)), inputs, self.progress)

    def paired(self, config: Config, before: Sequence[Results]) -> tuple[Paired, list[Results]]:
        """A job against the baseline on the seeds of `before`."""
        after = self.simulate(config, [result.seed for result in before])
        return self.compare(config, after, before), after

    def compare(self, config: Config, after: Sequence[Results], before: Sequence[Results]) -> Paired:
        """Gain and cost of results of a job against those of the baseline."""
        pairs = list(zip(after, before, strict=True))
        gain = [objective.gain(one, other, config, self.asked, self.hicp) for one, other in pairs]
        cost, eu = zip(*(objective.cost(one, other, config, self.asked) for one, other in pairs), strict=True)
        return Paired(*(np.stack(values, axis=-1) for values in (gain, cost, eu)))


class Estimates(NamedTuple):
    """Responses of the measures alone, [measure, strength, Member State]."""

    gain: np.ndarray  # as simulated, mean over seeds
    error: np.ndarray  # its Monte Carlo standard error
    shrunk: np.ndarray  # drawn towards the other Member States: what the choice is made on
    cost: np.ndarray
    cost_error: np.ndarray


class Choice(NamedTuple):
    """A budget, shared: multiples of the measures' own strengths, cost and gain, [measure, Member State]."""

    budget: float
    multiples: np.ndarray
    cost: np.ndarray
    gain: np.ndarray
    estimated: np.ndarray  # the gain before it was drawn towards other Member States
    error: np.ndarray  # its Monte Carlo standard error
    shadow_price: float


def optimise(baseline: Config, asked: Optimise, policies: Sequence[Config]) -> str:
    """Simulate, choose, verify, write the result folder, and return the text for the console."""
    own = plain_settings(asked)
    configs = [baseline, *policies]
    digest = result_hash("optimise", configs, own)
    task = Task(baseline, load_inputs(baseline), asked, consumer_prices(), Progress(simulations(baseline, asked)))
    with result_folder(baseline.compute.output, baseline.name, digest) as folder:
        before = task.simulate(baseline, baseline.seeds)
        estimates = responses(task, policies, before)
        chosen, tried = choose(task, policies, estimates, before)
        fresh = task.simulate(baseline, asked.verification_seeds)
        config = with_mix(baseline, policies, chosen.multiples)
        verified, after = task.paired(config, fresh)
        points = [(chosen, verified), *frontier(task, policies, estimates, fresh)]
        intervals = intervals_of(task, config, after, fresh)
        task.progress.close()
        tables = {
            "responses": response_table(task, policies, estimates),
            "allocation": allocation_table(task, policies, chosen),
            "member_states": member_state_table(task, chosen, verified),
            "frontier": frontier_table(points),
        }
        scenarios = {baseline.policy.name: fresh, NAME: after}
        write_common(folder, "optimise", configs, [*fresh, *after], scenarios, task.progress, task.hicp, own=own)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.8g", lineterminator="\n")
        comment = f"EUR {asked.budget:g} million a year shared for the most {asked.objective.replace('_', ' ')} (integra optimise)."
        mix.write(folder / "policy" / f"{NAME}.yaml", config.policy, comment)
        if intervals:
            draws.write(folder / "intervals.csv", intervals)
        found = summarise(task, chosen, tried, verified)
        shared = summary.summarise(baseline.policy.name, fresh, baseline.accounting, task.hicp)
        write_json(folder / "summary.json", {**shared, "optimise": found, "intervals": intervals})
        figures.draw_optimum(folder / "figures", tables, asked)
    place = final_folder(baseline.compute.output, baseline.name, digest)
    return "\n".join([console(task, tables, found, intervals), str(place), task.progress.line])


def simulations(baseline: Config, asked: Optimise) -> int:
    """How many simulations the command makes, one more sharing of the budget included."""
    deciding = len(baseline.seeds) * (3 + len(asked.levers) * len(asked.strengths))
    return deciding + len(asked.verification_seeds) * (2 + len(asked.frontier)) + 2 * draws.simulations(
        replace(baseline, seeds=asked.verification_seeds)
    )


def responses(task: Task, policies: Sequence[Config], before: Sequence[Results]) -> Estimates:
    """Every measure alone at every strength, everywhere at once."""
    found = [
        [task.paired(replace(config, policy=mix.scaled(config.policy, multiple)), before)[0] for multiple in task.asked.strengths]
        for config in policies
    ]
    gain, cost = (np.array([[getattr(one, name) for one in row] for row in found]) for name in ("gain", "cost"))
    error = response.noise(gain)
    persons = np.mean([objective.persons(result, task.asked) for result in before], axis=0)
    mean = gain.mean(axis=-1)
    shrunk = response.shrink(mean, error, persons)
    return Estimates(mean, error, shrunk, cost.mean(axis=-1), statistics.standard_error(np.moveaxis(cost, -1, 0)))


def choose(
    task: Task, policies: Sequence[Config], estimates: Estimates, before: Sequence[Results]
) -> tuple[Choice, list[tuple[Choice, Paired]]]:
    """The budget shared, and each sharing as simulated on the seeds that decided; shared again, once, if it cost too much.

    Interactions change cost too: the second time every bound is lowered by its own overrun.
    """
    asked = task.asked
    tried = []
    budget, caps = asked.budget, dict(asked.budget_per_member_state)
    while True:
        choice = share(task, estimates, budget, caps)
        found, _ = task.paired(with_mix(task.baseline, policies, choice.multiples), before)
        tried.append((choice, found))
        cost = found.cost.mean(axis=-1)
        spent = dict(zip(task.baseline.member_states, cost, strict=True))
        over = [cost.sum() / asked.budget, *(spent[state] / cap for state, cap in asked.budget_per_member_state.items())]
        if len(tried) == 2 or max(over) <= OVERRUN:
            return choice._replace(budget=asked.budget), tried
        budget /= max(1.0, over[0])
        caps = {state: cap / max(1.0, ratio) for (state, cap), ratio in zip(caps.items(), over[1:], strict=True)}


def share(task: Task, estimates: Estimates, budget: float, caps: Mapping[str, float] | None = None) -> Choice:
    """The budget shared on the responses; `caps`: bounds of single Member States, those of the settings unless given."""
    asked, states = task.asked, task.baseline.member_states
    caps = asked.budget_per_member_state if caps is None else caps
    measures, _, places = estimates.gain.shape
    if asked.by_member_state:
        curves = [
            allocation.curve(asked.strengths, estimates.cost[m, :, s], estimates.shrunk[m, :, s])
            for m in range(measures)
            for s in range(places)
        ]
        bounds = [(range(states.index(state), len(curves), places), cap) for state, cap in caps.items()]
        found = allocation.allocate(curves, budget, bounds)
        owner = np.arange(len(curves)).reshape(measures, places)
    else:
        curves = [allocation.curve(asked.strengths, estimates.cost[m].sum(axis=-1), estimates.gain[m].sum(axis=-1)) for m in range(measures)]
        found = allocation.allocate(curves, budget)
        owner = np.repeat(np.arange(measures)[:, None], places, axis=1)

    def along(values: np.ndarray) -> np.ndarray:
        """Values [measure, strength, Member State] on the efficient part, at the chosen strengths."""
        grid = np.array([0.0, *asked.strengths])
        out = np.zeros(owner.shape)
        for m, s in np.ndindex(*owner.shape):
            vertices = curves[owner[m, s]].strength
            out[m, s] = np.interp(found.strength[owner[m, s]], vertices, np.interp(vertices, grid, [0.0, *values[m, :, s]]))
        return out

    gain = estimates.shrunk if asked.by_member_state else estimates.gain
    along_all = (along(values) for values in (estimates.cost, gain, estimates.gain, estimates.error))
    return Choice(budget, found.strength[owner], *along_all, found.shadow_price)


def frontier(
    task: Task, policies: Sequence[Config], estimates: Estimates, fresh: Sequence[Results]
) -> list[tuple[Choice, Paired | None]]:
    """Further budgets: those asked for simulated on fresh seeds, many between them as predicted only."""
    asked = task.asked
    simulated = [share(task, estimates, multiple * asked.budget) for multiple in asked.frontier]
    points = [(choice, task.paired(with_mix(task.baseline, policies, choice.multiples), fresh)[0]) for choice in simulated]
    largest = asked.budget * max(1.0, *asked.frontier)
    return points + [(share(task, estimates, budget), None) for budget in np.linspace(0.0, largest, PREDICTED)]


def with_mix(baseline: Config, policies: Sequence[Config], multiples: np.ndarray) -> Config:
    """The baseline's job under a mix."""
    return replace(baseline, policy=mix.combined(NAME, [config.policy for config in policies], multiples, baseline.member_states))


def intervals_of(task: Task, config: Config, after: Sequence[Results], before: Sequence[Results]) -> list[dict[str, Any]]:
    """Rows of intervals.csv: gain and cost of the chosen mix over draws of all parameters, none without draws."""
    if not config.draws:
        return []
    place = summary.place(config.member_states)
    year = before[0].years[-1]
    units = {"gain": objective.UNITS[task.asked.objective], "cost": objective.COST_UNIT, "eu_cost": objective.COST_UNIT}

    def outcomes(one: Results, other: Results) -> draws.Outcomes:
        found = task.compare(config, [one], [other])
        values = dict(zip(units, (statistics.with_total(part[:, 0], 0) for part in found), strict=True))
        return {
            (geo, task.asked.counted, year, name, unit): float(values[name][p])
            for p, geo in enumerate([place, *config.member_states])
            for name, unit in units.items()
        }

    def simulate(draw: Draw, seed: int) -> draws.Outcomes:
        jobs = (draws.coarse(config), draws.coarse(task.baseline))
        one, other = (simulation.simulate_draw(job, draw, seed, task.progress)[1] for job in jobs)
        with draw.in_force():
            return outcomes(one, other)

    centre = [outcomes(*pair) for pair in zip(after, before, strict=True)]
    return draws.intervals(replace(config, seeds=task.asked.verification_seeds), simulate, centre)


def response_table(task: Task, policies: Sequence[Config], estimates: Estimates) -> pd.DataFrame:
    """responses.csv: one row per measure, multiple of its strength and place, the sum of all places first.

    The sum is not drawn anywhere; its error adds up those of independent Member States.
    """
    sums = [statistics.with_total(values, 2) for values in (estimates.gain, estimates.error**2, estimates.shrunk, estimates.cost)]
    error = np.sqrt(sums[1])
    cost_error = np.sqrt(statistics.with_total(estimates.cost_error**2, 2))
    places = [summary.place(task.baseline.member_states), *task.baseline.member_states]
    rows = [
        {
            "place": place,
            "measure": config.policy.name,
            "multiple": multiple,
            "strength": config.policy.levers[0].strength * multiple,
            "gain": sums[0][m, k, p],
            "gain_se": error[m, k, p],
            "gain_shrunk": sums[2][m, k, p],
            "gain_unit": objective.UNITS[task.asked.objective],
            "cost": sums[3][m, k, p],
            "cost_se": cost_error[m, k, p],
            "cost_unit": objective.COST_UNIT,
        }
        for m, config in enumerate(policies)
        for k, multiple in enumerate(task.asked.strengths)
        for p, place in enumerate(places)
    ]
    return pd.DataFrame(rows)


def allocation_table(task: Task, policies: Sequence[Config], chosen: Choice) -> pd.DataFrame:
    """allocation.csv: one row per Member State and measure, predicted cost and gain of each alone."""
    rows = [
        {
            "place": state,
            "measure": config.policy.name,
            "multiple": chosen.multiples[m, s],
            "strength": config.policy.levers[0].strength * chosen.multiples[m, s],
            "cost": chosen.cost[m, s],
            "cost_unit": objective.COST_UNIT,
            "gain": chosen.gain[m, s],
            "gain_estimated": chosen.estimated[m, s],
            "gain_se": chosen.error[m, s],
            "gain_unit": objective.UNITS[task.asked.objective],
        }
        for s, state in enumerate(task.baseline.member_states)
        for m, config in enumerate(policies)
    ]
    return pd.DataFrame(rows)


def member_state_table(task: Task, chosen: Choice, verified: Paired) -> pd.DataFrame:
    """member_states.csv: the mix as predicted from its measures alone and as simulated on fresh seeds, all places first."""
    parts = {name: statistics.with_total(part, 0) for name, part in verified._asdict().items()}
    means = {name: part.mean(axis=-1) for name, part in parts.items()}
    errors = {name: statistics.standard_error(part.T) for name, part in parts.items()}
    return pd.DataFrame(
        {
            "place": [summary.place(task.baseline.member_states), *task.baseline.member_states],
            "predicted_gain": statistics.with_total(chosen.gain.sum(axis=0), 0),
            "gain": means["gain"],
            "gain_se": errors["gain"],
            "gain_unit": objective.UNITS[task.asked.objective],
            "predicted_cost": statistics.with_total(chosen.cost.sum(axis=0), 0),
            "cost": means["cost"],
            "cost_se": errors["cost"],
            "eu_cost": means["eu"],
            "national_cost": means["cost"] - means["eu"],
            "cost_unit": objective.COST_UNIT,
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
    task: Task, chosen: Choice, tried: Sequence[tuple[Choice, Paired]], verified: Paired
) -> dict[str, Any]:
    """Promise and performance of the chosen mix, all Member States together, for summary.json."""
    sums = {name: part.sum(axis=0) for name, part in verified._asdict().items()}
    return {
        "objective": task.asked.objective,
        "counted": task.asked.counted,
        "gain_unit": objective.UNITS[task.asked.objective],
        "cost_unit": objective.COST_UNIT,
        "budget": task.asked.budget,
        "shared_again_because_simulated_cost_was": statistics.number(tried[0][1].cost.sum(axis=0).mean()) if len(tried) > 1 else None,
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
    task: Task, tables: Mapping[str, pd.DataFrame], found: Mapping[str, Any], intervals: Sequence[Mapping[str, Any]]
) -> str:
    """What is bought, what it was predicted to gain and what it gains on fresh seeds, and the frontier."""
    asked = task.asked
    place = summary.place(task.baseline.member_states)
    whose = {"non_eu_born": "the non-EU-born", "everybody": "everybody"}[asked.counted]
    years = f"{asked.first_year} to {task.baseline.run.end_year}, discounted at {100 * asked.discount_rate:g} %"
    lines = [
        f"Budget EUR {asked.budget:g} million per year, {place}; gain: {found['gain_unit']}, of {whose}; means of {years}",
        _measures(tables["allocation"]),
        "",
    ]
    gain, cost = found["gain"], found["cost"]
    both = [("mix simulated, seeds that decided", "mix_on_seeds_of_the_choice"), ("mix simulated, fresh seeds", "mix_on_fresh_seeds")]
    rows = [
        ["sum of measures alone, as estimated", text.estimate(gain["sum_of_measures_as_estimated"], None, 1), ""],
        ["the same, drawn towards other Member States", text.estimate(gain["predicted"], None, 1), text.estimate(cost["predicted"], None, 1)],
        *[[name, *(text.estimate(*part[key].values(), 1) for part in (gain, cost))] for name, key in both],
    ]
    lines += [text.table(["Promise and performance (Monte Carlo standard error)", "gain", "cost"], rows)]
    if found["shared_again_because_simulated_cost_was"] is not None:
        first = found["shared_again_because_simulated_cost_was"]
        lines.append(f"The first sharing cost {first:.1f} when simulated; the budget was shared again, once, with that overrun taken off.")
    eu = cost["eu_budget"]["mean"]
    lines.append(f"EU budget {eu:.1f}, national budgets {cost['mix_on_fresh_seeds']['mean'] - eu:.1f} of the cost")
    rows = [
        [f"{row.budget:,.0f}".replace(",", " "), text.estimate(row.predicted_gain, None, 1), text.estimate(row.gain, row.gain_se, 1),
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
        lines += ["", text.table(["The mix with 90 % intervals", ""], cells), draws.said(task.baseline)]
    return "\n".join(lines)


def _measures(rows: pd.DataFrame) -> str:
    """The measures bought, dearest first: cost, gain alone, and in how many Member States."""
    rows = rows[rows["multiple"] > 0].assign(states=1, variance=rows["gain_se"] ** 2)
    taken = rows.groupby("measure")[["cost", "gain", "states", "variance"]].sum()
    if taken.empty:
        return "No measure gains anything: the best mix is the baseline."
    cells = [
        [measure.replace("_", " "), text.estimate(row["cost"], None, 1), text.estimate(row["gain"], row["variance"] ** 0.5, 1), f"{row['states']:.0f}"]
        for measure, row in taken.sort_values("cost", ascending=False).iterrows()
    ]
    return text.table(["Measure", "cost", "gain alone", "Member States"], cells)
