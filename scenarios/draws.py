"""Intervals: draws of every parameter, with parameter uncertainty and Monte Carlo error told apart.

Draw d uses seed d. The seeds at the centre, simulated as coarsely as the draws, give the Monte Carlo variance of a single
run; what draws vary beyond it is parameter uncertainty. Fewer draws in which only what the data leave open varies, priors
held, give the share of that variance which comes from priors.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.config import Config
from calibration.draw import Draw
from scenarios import statistics

Key = tuple[str, str, int, str, str]  # place, origin, year, outcome, unit
Outcomes = dict[Key, float]
LOW, HIGH = 5.0, 95.0  # percentiles of an interval
SHARE_OF_DATA = 4  # one draw within the data alone for so many draws of everything
FEWEST_OF_DATA = 8
COLUMNS = (
    "place", "origin", "year", "outcome", "unit", "centre", "monte_carlo_se", "low", "high", "parameter_sd", "prior_share",
)  # fmt: skip


def coarse(config: Config) -> Config:
    """The settings of a draw: fewer simulated persons."""
    population, times = config.population, config.population.draws_coarser
    population = replace(
        population,
        scale=min(100_000, population.scale * times),
        scale_comparison=min(100_000, population.scale_comparison * times),
        minimum_agents=max(100, population.minimum_agents // times),
    )
    return replace(config, population=population)


def simulations(config: Config) -> int:
    """How many times the outcomes of a scenario are simulated for intervals."""
    return config.draws + data_only(config.draws) + len(config.seeds) if config.draws else 0


def data_only(number: int) -> int:
    """Draws within the data alone."""
    return max(FEWEST_OF_DATA, number // SHARE_OF_DATA)


def intervals(config: Config, simulate: Callable[[Draw, int], Outcomes], centre: Sequence[Outcomes]) -> list[dict[str, Any]]:
    """One row (COLUMNS) per outcome: its mean over seeds at the centre with Monte Carlo error, and its 90 % interval.

    simulate(draw, seed) gives the outcomes of a coarse run; centre: outcomes of the seeds at full scale. `low` and `high` are
    percentiles of the draws with the Monte Carlo variance of a run taken out, moved by what the coarse scale changes at the
    centre; `prior_share` is the share of the parameter variance that priors leave open, the data the rest.
    """
    keys = list(centre[0])
    at_centre = _stack(keys, (simulate(Draw(), seed) for seed in config.seeds))
    drawn = _stack(keys, (simulate(Draw(d), d) for d in range(1, config.draws + 1)))
    number = data_only(config.draws)
    of_data = _stack(keys, (simulate(Draw(d, "data"), d) for d in range(1, number + 1)))
    noise = _variance(at_centre)
    full = _stack(keys, centre)
    shrunk, parameters = without_noise(drawn, noise)
    shrunk += full.mean(axis=0) - at_centre.mean(axis=0)
    low, high = np.percentile(shrunk, [LOW, HIGH], axis=0, method="weibull")
    left = np.maximum(_variance(of_data) - noise, 0.0)
    prior = np.clip(1.0 - statistics.per_head(left, parameters), 0.0, 1.0)
    error = statistics.standard_error(full)
    columns = (full.mean(axis=0), error, low, high, np.sqrt(parameters), prior)
    return [
        dict(zip(COLUMNS, [*key, *(statistics.number(column[k]) for column in columns)], strict=True))
        for k, key in enumerate(keys)
    ]


def without_noise(drawn: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draws (first axis) drawn together around their mean until the Monte Carlo variance `noise` of a run is out of them, and the
    variance that is left, that of the parameters."""
    total = _variance(drawn)
    parameters = np.maximum(total - noise, 0.0)
    kept = np.sqrt(np.divide(parameters, total, out=np.zeros_like(total), where=total > 0))
    return drawn.mean(axis=0) + (drawn - drawn.mean(axis=0)) * kept, parameters


def interval(drawn: np.ndarray, at_centre: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """5th and 95th percentile of draws without the Monte Carlo variance of the seeds at the centre, and the standard deviation
    that is left to the parameters; first axis draws and seeds, simulated at the same scale."""
    shrunk, parameters = without_noise(np.asarray(drawn, dtype=float), _variance(np.asarray(at_centre, dtype=float)))
    low, high = np.percentile(shrunk, [LOW, HIGH], axis=0, method="weibull")
    return low, high, np.sqrt(parameters)


def _stack(keys: Sequence[Key], outcomes: Iterable[Outcomes]) -> np.ndarray:
    return np.array([[one[key] for key in keys] for one in outcomes], dtype=float)


def _variance(values: np.ndarray) -> np.ndarray:
    """Sample variance over the first axis, exactly zero where all are the same, which rounding of their mean would hide."""
    return np.where(np.ptp(values, axis=0) == 0.0, 0.0, values.var(axis=0, ddof=1))


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write intervals.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)


def said(config: Config) -> str:
    """One line for the console: how intervals were made."""
    population = coarse(config).population
    return (
        f"Intervals: 5th to 95th percentile of {config.draws} draws of all parameters, seeds 1 to {config.draws}, at scale "
        f"{population.scale}/{population.scale_comparison} (at least {population.minimum_agents} simulated persons per group); "
        "Monte Carlo error apart. Share from priors in intervals.csv."
    )
