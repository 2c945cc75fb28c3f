"""`integra compare`: policies against a reference on the same seeds: effects, costs, returns, who gains, and how sure it is.

Every simulation is reduced to arrays at once (Outcomes); seeds at the centre give Monte Carlo errors, draws of all parameters give
intervals (scenarios.draws). What the tables hold is said in the modules that make them: effects, fiscal_effect, returns,
winners, scoreboard, measures, ranking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration.config import Accounting, Config, Mix
from calibration.draw import Draw
from calibration.load_inputs import load_policies
from model import Results, codes
from scenarios import (
    draws, effects, figures, fiscal_effect, gains, jobs, measures, policy_table, ranking, returns, scoreboard, simulation, statistics,
    summary, winners,
)  # fmt: skip
from scenarios.folder import final_folder, result_folder
from scenarios.policy_cost import costs
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import result_hash
from scenarios.run import write_common, write_json

# What policies are ranked by: how it is found among levels of effects or the net effect, and whether higher is better.
RANKED = {"employment_rate": True, "overqualification_rate": False, "cumulated_net": True}
FLOWS = ("arrivals", "education_of_arrivals")  # levers that change who comes
PER_HEAD = {"per_head": "value", "per_head_low": "low", "per_head_high": "high"}  # of budgets, and what is divided
DIGITS = "%.10g"  # as statistics.number


@dataclass(frozen=True)
class Outcomes:
    """What is kept of a reference and its policies, of one seed or of several as the first axis."""

    level: np.ndarray  # [scenario, scenarios.effects measure, year, place, origin]
    group: np.ndarray  # [scenario, scenarios.winners measure, year, origin, sex, education 4]
    money: np.ndarray  # [policy, scenarios.fiscal_effect item, year, place]
    jobs: np.ndarray  # [policy, scenarios.jobs item, year, place]
    gain: np.ndarray  # [variant, place] million euro at parity in the last year; no variant where parity is not reached


@dataclass(frozen=True)
class Compared:
    """A comparison as its tables are made from it: names, axes and samples (Outcomes with simulations first)."""

    configs: tuple[Config, ...]
    names: tuple[str, ...]  # of scenarios, the reference first
    years: tuple[int, ...]
    places: tuple[str, ...]  # the sum of all Member States first
    first_year: int  # of the policies
    sample: Mapping[str, draws.Sample]  # by field of Outcomes
    coalitions: tuple[measures.Coalitions, ...]

    @property
    def policies(self) -> tuple[str, ...]:
        """Names without the reference."""
        return self.names[1:]

    @property
    def accounting(self) -> Accounting:
        """Conventions."""
        return self.configs[0].accounting

    def of_policy(self, field: str, position: int, first_year: int | None = None) -> draws.Sample:
        """Sample [simulation, item, year, place] of one policy in its own years, or those from first_year on."""
        first = self.first_year if first_year is None else first_year
        rows = [y for y, year in enumerate(self.years) if year >= first]
        return self.sample[field].map(lambda values: values[:, position][:, :, rows])


def compare(reference: Config, policies: Sequence[Config], mix: Mix) -> str:
    """Simulate all on the same seeds, write the result folder, and return the text for the console."""
    configs = [reference, *policies]
    hicp = consumer_prices()
    inputs = load_policies(configs)
    own = {"mix": asdict(mix)}
    digest = result_hash("compare", configs, own)
    times = len(configs) + parity_is_reached(reference)
    apart = measures.simulations(reference, policies, mix)
    progress = Progress(times * (len(reference.seeds) + draws.simulations(reference)) + apart)
    with result_folder(reference.compute.output, reference.name, digest) as folder:
        names = scenario_names(configs)
        scenarios = {
            name: simulation.simulate_seeds(config, given, progress) for name, config, given in zip(names, configs, inputs, strict=True)
        }
        baseline = scenarios[names[0]]
        paired = _parity(reference, inputs[0], baseline, progress)
        by_seed = list(zip(*scenarios.values(), strict=True))
        full = [outcomes(configs, results, one, hicp) for results, one in zip(by_seed, paired, strict=True)]
        sample = _samples(full, *_drawn(configs, hicp, progress))
        coalitions = measures.simulate(reference, policies, mix, first_year(configs), hicp, progress)
        progress.close()
        simulated = [result for results in scenarios.values() for result in results]
        write_common(folder, "compare", configs, simulated, scenarios, progress, hicp, own=own)
        places = (summary.place(baseline[0].member_states), *baseline[0].member_states)
        years = baseline[0].years
        found = Compared(tuple(configs), names, years, places, first_year(configs), sample, tuple(coalitions))
        shared = summary.summarise(names[0], baseline, reference.accounting, hicp)
        tables = write(folder, found)
        content = {**shared, **summarise(found, tables)}
        write_json(folder / "summary.json", content)
        figures.draw_run(folder / "figures", baseline, reference.accounting, hicp)
        figures.draw_policies(folder / "figures", tables, content)
    place = final_folder(reference.compute.output, reference.name, digest)
    said = [draws.said(reference, "effects.csv", "added"), measures.said(reference, policies, mix)] if reference.draws else []
    return "\n".join([policy_table.console(content), *filter(None, said), str(place), progress.line])


def scenario_names(configs: Sequence[Config]) -> tuple[str, ...]:
    """Names of the policies, the reference first; a policy compared with itself is told apart."""
    first, *others = (config.policy.name for config in configs)
    return (first, *(f"{name}_again" if name == first else name for name in others))


def first_year(configs: Sequence[Config]) -> int:
    """First year in which a lever of any policy is in force, 2025 without levers, within the years simulated."""
    quarters = [lever.first_quarter for config in configs[1:] for lever in config.policy.levers]
    year = codes.FIRST_YEAR + min(quarters) // 4 if quarters else 2025
    return min(year, configs[0].run.end_year)


def parity_is_reached(config: Config) -> bool:
    """Whether the simulated years reach past the phase-in of parity."""
    return config.run.end_year > config.parity.end_year


def _parity(config: Config, inputs: Any, baseline: Sequence[Results], progress: Progress) -> Sequence[Results | None]:
    """The baseline at parity, one per seed; None where the run ends before."""
    if not parity_is_reached(config):
        return [None] * len(baseline)
    return simulation.simulate_parity(config, inputs, baseline, progress)


def outcomes(configs: Sequence[Config], results: Sequence[Results], paired: Results | None, hicp: Mapping[int, float]) -> Outcomes:
    """Reduce the reference and its policies of one seed."""
    before, accounting = results[0], configs[0].accounting
    paid = [costs(config, result, before) for config, result in zip(configs, results, strict=True)]
    pairs = list(zip(results[1:], paid[1:], strict=True))
    gain = np.zeros((0, 1 + len(before.member_states)))
    if paired is not None:
        added = gains.parts(before, paired, replace(accounting, programme_costs=False), hicp, [before.years[-1]])
        gain = statistics.with_total(added[:, 0].sum(axis=-1) / fiscal_effect.MILLION, 1)
    return Outcomes(
        level=np.stack([effects.levels(r, c.direct, accounting, hicp) for r, c in zip(results, paid, strict=True)]),
        group=np.stack([winners.levels(result, accounting, hicp) for result in results]),
        money=np.stack([fiscal_effect.account(before, result, paid[0], cost, accounting, hicp) for result, cost in pairs]),
        jobs=np.stack([jobs.jobs(before, result) for result, _ in pairs]),
        gain=gain,
    )


def _drawn(
    configs: Sequence[Config], hicp: Mapping[int, float], progress: Progress
) -> tuple[list[Outcomes], list[Outcomes], list[Outcomes]]:
    """Coarse outcomes at the centre by seed, by draw, and by draw within the data; nothing without draws."""
    if not configs[0].draws:
        return [], [], []
    coarse = [draws.coarse(config) for config in configs]

    def simulate(draw: Draw, seed: int, progress: Progress) -> Outcomes:
        inputs, results = simulation.simulate_policies(coarse, draw, seed, progress)
        (paired,) = _parity(coarse[0], inputs, results[:1], progress)
        with draw.in_force():  # what is deflated by wage growth takes that of the draw
            return outcomes(coarse, results, paired, hicp)

    return draws.simulated(configs[0], simulate, progress)


def _samples(*parts: Sequence[Outcomes]) -> dict[str, draws.Sample]:
    """By field of Outcomes: simulations at the centre, coarse at the centre, drawn, and drawn within the data."""
    return {
        field: draws.Sample(*(np.stack([getattr(one, field) for one in part]) if part else None for part in parts))
        for field in Outcomes.__dataclass_fields__
    }


def write(folder: Path, found: Compared) -> dict[str, pd.DataFrame]:
    """Write the tables, as CSV for the sum of all Member States or short tables and as Parquet in full; returns them by name."""
    accounting, last = found.accounting, found.years[-1]
    units = measures.units(last, found.first_year, accounting.price_year)
    tables = {
        "effects": effects.table(found.policies, found.sample["level"], found.places, found.years, accounting),
        "budgets": budgets(found),
        "returns": pd.concat(
            [
                returns.table(
                    name, found.of_policy("money", n), found.of_policy("jobs", n), found.places,
                    [year for year in found.years if year >= found.first_year], accounting.price_year,
                )
                for n, name in enumerate(found.policies)
            ]
        ),
        "winners": winners.table(found.policies, found.sample["group"], found.years, accounting),
        "scoreboard": scoreboard.table(found.names, found.sample["level"], found.places, found.years, last),
        "measures": measures.table(found.coalitions, found.places, units),
        "ranking": pd.DataFrame(
            [{"outcome": name, **row, "unit": units[name]} for name, rows in rankings(found).items() for row in rows]
        ),
        "share_of_parity": shares(found),
    }  # fmt: skip
    for name, table in tables.items():
        if not len(table):
            continue
        shown = table[table["place"].isin(["", found.places[0]])] if name in ("effects", "budgets", "measures") else table
        if name == "winners":
            shown = table[table["year"].isin(policy_table.YEARS)]
        shown.to_csv(folder / f"{name}.csv", index=False, float_format=DIGITS, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    return tables


def shares(found: Compared) -> pd.DataFrame:
    """Rows of scenarios.returns.shares of every policy but those that change who arrives, whose effect is not that on the persons
    whom parity is about; none where parity is not reached."""
    rows = []
    gain = found.sample["gain"]
    if gain.full.shape[1]:
        for n, (name, config) in enumerate(zip(found.policies, found.configs[1:], strict=True)):
            if not any(lever.lever in FLOWS for lever in config.policy.levers):
                money = found.sample["money"].map(lambda values, n=n: values[:, n, :, -1])
                rows += returns.shares(money, gain, found.configs[0].parity.variants, found.places, name)
    return pd.DataFrame(rows, columns=list(returns.SHARE_COLUMNS))


def budgets(found: Compared) -> pd.DataFrame:
    """Fiscal effect and cost by policy, item, year and place, total and per head of the reference's non-EU-born."""
    sample = found.sample["money"]
    columns = {"value": sample.centre, "draws_median": sample.draws_median(), **sample.columns()}
    persons = effects.MEASURES.index("persons")
    heads = found.sample["level"].centre[0, persons, :, :, codes.NON_EU_BORN]  # [year, place]
    for name, of in PER_HEAD.items():
        columns[name] = statistics.per_head(fiscal_effect.MILLION * columns[of], np.broadcast_to(heads, sample.centre.shape))
    axes = {"policy": found.policies, "item": fiscal_effect.ITEMS, "year": found.years, "place": found.places}
    table = draws.long_table(axes, columns)
    table["unit"] = f"million EUR of {found.accounting.price_year}; per head of the non-EU-born"
    return table[["policy", "item", "place", "year", *columns, "unit"]]


def ranked(found: Compared, outcome: str) -> draws.Sample:
    """Levels [simulation, scenario] by which policies are ranked: rates of the last year, or the net effect over all years."""
    if outcome in effects.MEASURES:
        m = effects.MEASURES.index(outcome)
        return found.sample["level"].map(lambda values: values[:, :, m, -1, 0, codes.NON_EU_BORN])
    rows = [y for y, year in enumerate(found.years) if year >= found.first_year]
    net = found.sample["money"].map(lambda values: values[:, :, fiscal_effect.ITEM["net"], :, 0][..., rows].sum(axis=-1))
    return net.map(lambda values: np.concatenate([np.zeros((len(values), 1)), values], axis=1))


def rankings(found: Compared) -> dict[str, list[dict[str, Any]]]:
    """Rows of scenarios.ranking by outcome."""
    return {name: ranking.rank(found.names, ranked(found, name), higher) for name, higher in RANKED.items()}


def summarise(found: Compared, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """What summary.json says of the policies, the sum of all Member States alone."""
    total = found.places[0]
    sample = found.sample["gain"]
    columns = {"mean": sample.centre, **sample.columns()}
    persons = found.sample["level"].centre[0, effects.MEASURES.index("persons"), -1, 0, codes.NON_EU_BORN]
    per_head = fiscal_effect.MILLION / persons
    return {
        "draws": found.configs[0].draws,
        "first_year": found.first_year,
        "last_year": found.years[-1],
        "policies": list(found.policies),
        "parity_gain_per_head": {
            variant: {
                name: statistics.number(values[v, 0] * (1.0 if name == "noise_share" else per_head)) for name, values in columns.items()
            }
            for v, variant in enumerate(found.configs[0].parity.variants[: len(sample.centre)])
        },
        "effects": _records(tables["effects"][tables["effects"]["year"].isin(policy_table.YEARS + found.years[-1:])], total),
        "returns": _records(tables["returns"], total),
        "share_of_parity": _records(tables["share_of_parity"], total),
        "measures": _records(tables["measures"], total),
        "rankings": rankings(found),
        "not_told_apart": {name: ranking.pairs(found.names, ranked(found, name), higher) for name, higher in RANKED.items()},
    }


def _records(table: pd.DataFrame, place: str) -> list[dict[str, Any]]:
    """Rows of a place as plain values, None for what is empty."""
    if not len(table):
        return []
    rows = table[table["place"] == place].to_dict("records")
    return [{name: statistics.number(value) if isinstance(value, float) else value for name, value in row.items()} for row in rows]
