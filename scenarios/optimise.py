"""`integra optimise`: a budget shared among measures and Member States so that it gains most, and what that mix does.

Every measure is simulated alone at a few strengths (scenarios.response), the budget shared exactly on these responses
(scenarios.allocation), and the chosen mix simulated as a whole, because measures interact: first on the seeds that
decided, to see whether it keeps to the budget, then on fresh ones, which had no part in the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.config import Config, Optimise, plain_settings
from calibration.draw import Draw
from calibration.levers import model_lever
from calibration.load_inputs import load_inputs
from model import Inputs, Results
from scenarios import draws, figures, mix, objective, optimum, response, simulation, statistics, summary, text
from scenarios.choice import Choice, Estimates, share
from scenarios.folder import final_folder, result_folder
from scenarios.optimum import NAME, Paired
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import result_hash
from scenarios.run import write_common, write_json

OVERRUN = 1.02  # simulated cost over budget beyond which the budget is shared again, once
PREDICTED = 41  # budgets of the frontier as predicted


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
            "responses": optimum.response_table(baseline, asked, policies, estimates),
            "allocation": optimum.allocation_table(baseline, asked, policies, chosen),
            "member_states": optimum.member_state_table(baseline, asked, chosen, verified),
            "frontier": optimum.frontier_table(points),
        }
        scenarios = {baseline.policy.name: fresh, NAME: after}
        write_common(folder, "optimise", configs, [*fresh, *after], scenarios, task.progress, task.hicp, own=own)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.8g", lineterminator="\n")
        aim = asked.objective.replace("_", " ")
        comment = f"EUR {text.plain(asked.budget)} million a year shared for the most {aim} (integra optimise)."
        mix.write(folder / "policy" / f"{NAME}.yaml", config.policy, comment)
        if intervals:
            draws.write(folder / "intervals.csv", intervals)
        found = optimum.summarise(baseline, asked, chosen, tried, verified)
        shared = summary.summarise(baseline.policy.name, fresh, baseline.accounting, task.hicp)
        write_json(folder / "summary.json", {**shared, "optimise": found, "intervals": intervals})
        figures.draw_optimum(folder / "figures", tables, asked)
    place = final_folder(baseline.compute.output, baseline.name, digest)
    return "\n".join([optimum.console(baseline, asked, tables, found, intervals), str(place), task.progress.line])


def simulations(baseline: Config, asked: Optimise) -> int:
    """How many simulations the command makes, one more sharing of the budget included."""
    deciding = len(baseline.seeds) * (3 + len(asked.levers) * len(asked.strengths))
    return (
        deciding
        + len(asked.verification_seeds) * (2 + len(asked.frontier))
        + 2 * draws.simulations(replace(baseline, seeds=asked.verification_seeds))
    )


def responses(task: Task, policies: Sequence[Config], before: Sequence[Results]) -> Estimates:
    """Every measure alone at every strength, everywhere at once."""
    found = [
        [task.paired(replace(job, policy=mix.scaled(job.policy, multiple)), before)[0] for multiple in task.asked.strengths]
        for job in policies
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
    states, tried = task.baseline.member_states, []
    budget, caps = asked.budget, dict(asked.budget_per_member_state)
    while True:
        choice = share(asked, states, estimates, budget, caps)
        found, _ = task.paired(with_mix(task.baseline, policies, choice.multiples), before)
        tried.append((choice, found))
        cost = found.cost.mean(axis=-1)
        spent = dict(zip(states, cost, strict=True))
        over = [cost.sum() / asked.budget, *(spent[state] / cap for state, cap in asked.budget_per_member_state.items())]
        if len(tried) == 2 or max(over) <= OVERRUN:
            return choice._replace(budget=asked.budget), tried
        budget /= max(1.0, over[0])
        caps = {state: cap / max(1.0, ratio) for (state, cap), ratio in zip(caps.items(), over[1:], strict=True)}


def frontier(
    task: Task, policies: Sequence[Config], estimates: Estimates, fresh: Sequence[Results]
) -> list[tuple[Choice, Paired | None]]:
    """Further budgets: those asked for simulated on fresh seeds, many between them as predicted only."""
    asked, states, caps = task.asked, task.baseline.member_states, task.asked.budget_per_member_state
    points: list[tuple[Choice, Paired | None]] = []
    for multiple in asked.frontier:
        choice = share(asked, states, estimates, multiple * asked.budget, caps)
        points.append((choice, task.paired(with_mix(task.baseline, policies, choice.multiples), fresh)[0]))
    largest = asked.budget * max([1.0, *asked.frontier])
    return points + [(share(asked, states, estimates, budget, caps), None) for budget in np.linspace(0.0, largest, PREDICTED)]


def with_mix(baseline: Config, policies: Sequence[Config], multiples: np.ndarray) -> Config:
    """The baseline's job under a mix."""
    return replace(baseline, policy=mix.combined(NAME, [config.policy for config in policies], multiples, baseline.member_states))


def intervals_of(task: Task, config: Config, after: Sequence[Results], before: Sequence[Results]) -> list[dict[str, Any]]:
    """Rows of intervals.csv: gain and cost of the chosen mix over draws of all parameters, none without draws."""
    if not config.draws:
        return []
    place = summary.place(config.member_states)
    year = before[0].years[-1]
    cost = objective.cost_unit(config.accounting)
    units = {"gain": objective.gain_unit(task.asked, config.accounting), "cost": cost, "eu_cost": cost}

    def outcomes(one: Results, other: Results) -> draws.Outcomes:
        found = task.compare(config, [one], [other])
        values = dict(zip(units, (statistics.with_total(part[:, 0], 0) for part in found), strict=True))
        return {
            (geo, task.asked.counted, year, name, unit): float(values[name][p])
            for p, geo in enumerate([place, *config.member_states])
            for name, unit in units.items()
        }

    def simulate(draw: Draw, seed: int, progress: Progress) -> draws.Outcomes:
        jobs = (draws.coarse(config), draws.coarse(task.baseline))
        one, other = (simulation.simulate_draw(job, draw, seed, progress)[1] for job in jobs)
        with draw.in_force():
            return outcomes(one, other)

    centre = [outcomes(*pair) for pair in zip(after, before, strict=True)]
    return draws.intervals(replace(config, seeds=task.asked.verification_seeds), simulate, centre, task.progress)
