"""Simulating one job for all its seeds, with progress; the only place that calls the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from calibration.config import Config
from calibration.draw import Draw
from calibration.load_inputs import load_inputs, load_policies
from model import Results, parity_plan, simulate, simulate_levers
from model.parity import joined
from scenarios.progress import Progress


def simulate_seeds(config: Config, inputs: Any, progress: Progress) -> list[Results]:
    """One result per seed."""
    return [_timed(inputs, seed, f"{config.policy.name}, seed {seed}", progress) for seed in config.seeds]


def simulate_draw(config: Config, draw: Draw, seed: int, progress: Progress) -> tuple[Any, Results]:
    """Inputs and the result of one draw of the parameters."""
    inputs = load_inputs(config, draw)
    return inputs, _timed(inputs, seed, f"{draw.label}, {config.policy.name}", progress)


def simulate_policies(
    configs: Sequence[Config], draw: Draw, seed: int, progress: Progress
) -> tuple[Any, list[Results]]:
    """Inputs of the first and the results of all, of settings that differ in the policy alone, in one draw."""
    inputs = load_policies(configs, draw)
    return inputs[0], list(simulate_together(inputs, seed, f"{draw.label}, {configs[0].policy.name} and others", progress))


def simulate_together(inputs: Sequence[Any], seed: int, label: str, progress: Progress) -> Iterator[Results]:
    """Yields the results of inputs that differ in levers, on the same seed; what comes before any lever is simulated once."""
    progress.begin(label)
    yield from simulate_levers(inputs, seed, progress.step)
    progress.end()


def simulate_parity(
    config: Config,
    inputs: Any,
    baseline: Sequence[Results],
    progress: Progress,
    asked: Sequence[tuple[Sequence[str], Sequence[str], Sequence[str]]] = (),
) -> list[Results]:
    """Per seed the non-EU-born of the baseline, at parity: same persons, same market, fixed targets.

    `asked`: variants, given and references, every combination of each in one go; those of the settings unless named.
    """
    parity = config.parity
    asked = asked or [(parity.variants, parity.given, parity.references)]
    plan = joined(
        [parity_plan(list(baseline), *one, parity.symmetric, parity.start_year, parity.end_year) for one in asked]
    )
    return [
        _timed(inputs.with_parity(plan, market=result.market), result.seed, f"parity, seed {result.seed}", progress)
        for result in baseline
    ]


def _timed(inputs: Any, seed: int, label: str, progress: Progress) -> Results:
    progress.begin(label)
    result = simulate(inputs, seed, progress.step)
    progress.end()
    return result


def seconds_per_process(results: Sequence[Results]) -> dict[str, float]:
    """Seconds of each process over all simulations, longest first."""
    total: dict[str, float] = {}
    for result in results:
        for name, seconds in result.seconds.items():
            total[name] = total.get(name, 0.0) + seconds
    return dict(sorted(total.items(), key=lambda item: -item[1]))
