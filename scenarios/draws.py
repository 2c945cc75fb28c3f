"""Intervals: draws of every parameter, with parameter uncertainty and Monte Carlo error told apart.

Draw d uses seed d. The seeds at the centre, simulated as coarsely as the draws, give the Monte Carlo variance of a single
run; what draws vary beyond it is parameter uncertainty. Fewer draws in which only what the data leave open varies, priors
held, give the share of that variance which comes from priors.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from scipy import stats

from calibration.config import Config
from calibration.draw import Draw
from scenarios import statistics
from scenarios.progress import Progress

Key = tuple[str, str, int, str, str]  # place, origin, year, outcome, unit
Outcomes = dict[Key, float]
Found = TypeVar("Found")
WORTH_WORKERS = 60.0  # seconds of simulation below which starting processes costs more than it saves
LOW, HIGH = 5.0, 95.0  # percentiles of an interval
NOISY = 0.5  # share of the squared width of an interval above which Monte Carlo error dominates it
SHARE_OF_DATA = 4  # one draw within the data alone for so many draws of everything
FEWEST_OF_DATA = 8
NUMBERS = ("centre", "monte_carlo_se", "low", "high", "parameter_sd", "prior_share")
OF_PARAMETERS = NUMBERS[2:]  # what only draws can tell
COLUMNS = ("place", "origin", "year", "outcome", "unit", *NUMBERS)


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


class Interval(NamedTuple):
    """A 90 % interval, and the share of its squared width that is Monte Carlo error: above a half, noise dominates it."""

    low: np.ndarray
    high: np.ndarray
    noise_share: np.ndarray


@dataclass(frozen=True)
class Sample:
    """A quantity of any shape over simulations, which are the first axis of every array."""

    full: np.ndarray  # seeds at the centre, full scale
    at_centre: np.ndarray | None = None  # the same seeds as coarse as the draws; None without draws
    drawn: np.ndarray | None = None  # draws of every parameter
    of_data: np.ndarray | None = None  # draws of what the data leave open

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Sample:
        """The sample of another quantity; the function keeps the first axis."""
        return Sample(*(None if part is None else function(part) for part in self.parts))

    @property
    def parts(self) -> tuple[np.ndarray | None, ...]:
        """The arrays in order."""
        return self.full, self.at_centre, self.drawn, self.of_data

    @property
    def centre(self) -> np.ndarray:
        """Mean over seeds."""
        return self.full.mean(axis=0)

    @property
    def monte_carlo_se(self) -> np.ndarray:
        """Standard error of the centre; not-a-number with a single seed."""
        return statistics.standard_error(self.full)

    def _variances(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Monte Carlo variance of a run, variance of the draws, and what of it parameters explain."""
        noise, total = _variance(self.at_centre), _variance(self.drawn)
        return noise, total, np.maximum(total - noise, 0.0)

    def shrunk(self) -> np.ndarray:
        """The draws with the Monte Carlo variance of a run taken out, moved by what the coarse scale changes at the centre."""
        _, total, parameters = self._variances()
        kept = np.sqrt(np.divide(parameters, total, out=np.zeros_like(total), where=total > 0))
        middle = self.drawn.mean(axis=0)
        return middle + (self.drawn - middle) * kept + (self.full.mean(axis=0) - self.at_centre.mean(axis=0))

    def moved(self) -> np.ndarray:
        """The draws as they are, Monte Carlo noise of a coarse run included, moved by what the coarse scale changes at the centre.

        For functions of several quantities and for probabilities: wider than parameter uncertainty alone, never narrower.
        """
        return self.drawn + (self.full.mean(axis=0) - self.at_centre.mean(axis=0))

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of the 90 % interval; not-a-number without draws."""
        if self.drawn is None:
            return np.full(self.full.shape[1:], np.nan), np.full(self.full.shape[1:], np.nan)
        return tuple(percentiles(self.shrunk()))

    def whole_interval(self) -> Interval:
        """The 90 % interval of parameters and Monte Carlo error together, for effects that may be as small as their noise.

        Ends of interval(), each moved away from the mean of the draws by the Monte Carlo error (squares add), so that few simulated
        persons never look like certainty: where noise hides whatever parameters change, the Monte Carlo interval is left. That
        error is the larger of two: of the centre, and of the place of the interval, which is the mean of D draws moved by what the
        coarse scale changes on S seeds; its quantile is Student's with S - 1 degrees of freedom. Without draws the Monte Carlo
        interval around the centre alone; not-a-number with a single seed.

        Where effects are not linear in the parameters the centre may lie outside of nearly all draws: the interval is extended to
        hold it (holding). The share of noise is that before.
        """
        place = self.centre
        ends, error = (place, place), _variance(self.full) / len(self.full)
        if self.drawn is not None:
            noise, move = self._variances()[0], self.full - self.at_centre
            place = self.drawn.mean(axis=0) + move.mean(axis=0)
            ends, error = self.interval(), np.maximum(error, noise / len(self.drawn) + _variance(move) / len(move))
        half = student(len(self.full) - 1) * np.sqrt(error)
        low, high = (np.maximum(sign * (end - place), 0.0) for sign, end in zip((-1, 1), ends))
        noise_share = share(half**2, half**2 + ((low + high) / 2.0) ** 2)
        return Interval(*holding(place - np.hypot(low, half), place + np.hypot(high, half), self.centre), noise_share)

    def draws_median(self) -> np.ndarray:
        """Median of the draws that interval() is made of; not-a-number without draws. The centre is no median of an outcome:
        it has every parameter at its own."""
        return np.full(self.full.shape[1:], np.nan) if self.drawn is None else np.median(self.shrunk(), axis=0)

    def noise_of_draws(self) -> np.ndarray:
        """Share of Monte Carlo noise in the variance of moved(); not-a-number without draws."""
        if self.drawn is None:
            return np.full(self.full.shape[1:], np.nan)
        noise, total, _ = self._variances()
        return np.minimum(share(noise, total), 1.0)

    def columns(self) -> dict[str, np.ndarray]:
        """What tables say of every quantity beside its value."""
        return {"monte_carlo_se": self.monte_carlo_se, **self.whole_interval()._asdict()}

    def parameter_sd(self) -> np.ndarray:
        """Standard deviation that parameters explain; not-a-number without draws."""
        return np.full(self.full.shape[1:], np.nan) if self.drawn is None else np.sqrt(self._variances()[2])

    def prior_share(self) -> np.ndarray:
        """Share of the parameter variance that priors leave open, the data the rest; not-a-number without draws."""
        if self.drawn is None:
            return np.full(self.full.shape[1:], np.nan)
        noise, _, parameters = self._variances()
        left = np.maximum(_variance(self.of_data) - noise, 0.0)
        return np.clip(1.0 - statistics.per_head(left, parameters), 0.0, 1.0)

    def numbers(self, effects: np.ndarray | bool = False) -> dict[str, np.ndarray]:
        """Every number that is told of a quantity whose Monte Carlo error stands apart, by its name in tables (NUMBERS).

        effects: which quantities are effects as small as their noise, whose interval holds the Monte Carlo error in any case, that of
        the centre too. Every interval holds its centre: where draws, coarser and few, leave it outside, the end on its side is there.
        """
        low, high = self.interval()
        if self.drawn is not None:
            # Where noise is most of it, the interval of parameters alone is too narrow more often than not.
            whole = self.whole_interval()
            noisy = effects | (whole.noise_share > NOISY)
            low, high = np.where(noisy, whole.low, low), np.where(noisy, whole.high, high)
            reach = np.where(effects, student(len(self.full) - 1) * self.monte_carlo_se, 0.0)
            low, high = holding(*holding(low, high, self.centre - reach), self.centre + reach)
        told = (self.centre, self.monte_carlo_se, low, high, self.parameter_sd(), self.prior_share())
        return dict(zip(NUMBERS, told, strict=True))

    def told(self) -> dict[str, float | None]:
        """A single number for summary.json."""
        return told({name: statistics.number(value) for name, value in self.numbers().items()})


def percentiles(drawn: np.ndarray) -> np.ndarray:
    """Both ends of an interval from draws [draw, ...]."""
    return np.percentile(drawn, [LOW, HIGH], axis=0, method="weibull")


def holding(low: np.ndarray, high: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of an interval, extended where it does not hold a value; nothing changes where either is not-a-number."""
    return np.where(value < low, value, low), np.where(value > high, value, high)


def each(
    config: Config, simulate: Callable[..., Found], jobs: Sequence[tuple[Any, ...]], progress: Progress
) -> list[Found]:
    """simulate(*job, progress) of every job, in their order; side by side in processes of one thread each where that is
    worth their start, since at the scale of draws much of a simulation is no work for threads. Changes no result."""
    started = time.perf_counter()
    first = simulate(*jobs[0], progress)
    rest = jobs[1:]
    cores = os.cpu_count() or 1
    workers = min(config.compute.threads or cores, cores, len(rest))
    if workers < 2 or (time.perf_counter() - started) * len(rest) < WORTH_WORKERS:
        return [first, *(simulate(*job, progress) for job in rest)]
    found = [first]
    started = time.perf_counter()
    with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
        for one, done in Parallel(return_as="generator")(delayed(_in_worker)(simulate, *job) for job in rest):
            progress.elsewhere(done, f"{workers} runs side by side")
            found.append(one)
    progress.seconds += time.perf_counter() - started
    return found


def _in_worker(simulate: Callable[..., Found], *job: Any) -> tuple[Found, Progress]:
    progress = Progress(shown=False)
    return simulate(*job, progress), progress


def simulated(
    config: Config, simulate: Callable[[Draw, int, Progress], Found], progress: Progress
) -> tuple[list[Found], list[Found], list[Found]]:
    """What simulate(draw, seed, progress) gives at the centre by seed, for every draw, and for every draw within the data alone."""
    jobs = [(Draw(), seed) for seed in config.seeds]
    jobs += [(Draw(d), d) for d in range(1, config.draws + 1)]
    jobs += [(Draw(d, "data"), d) for d in range(1, data_only(config.draws) + 1)]
    found = each(config, simulate, jobs, progress)
    seeds = len(config.seeds)
    return found[:seeds], found[seeds : seeds + config.draws], found[seeds + config.draws :]


def intervals(
    config: Config, simulate: Callable[[Draw, int, Progress], Outcomes], centre: Sequence[Outcomes], progress: Progress
) -> list[dict[str, Any]]:
    """One row (COLUMNS) per outcome: its mean over seeds at the centre with Monte Carlo error, and its 90 % interval.

    simulate(draw, seed, progress) gives the outcomes of a coarse run; centre: outcomes of the seeds at full scale. `low` and `high` are
    percentiles of the draws with the Monte Carlo variance of a run taken out, moved by what the coarse scale changes at the
    centre, and of both together (`whole_interval`) where Monte Carlo error dominates, and reach to the centre; `prior_share` is
    the share of the parameter variance that priors leave open, the data the rest.
    """
    return rows(centre, *simulated(config, simulate, progress))


def rows(centre: Sequence[Outcomes], *drawn: Sequence[Outcomes], effects: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Rows of `intervals` from outcomes of the seeds at full scale and what `simulated` gives; without draws no interval.

    effects: names of outcomes whose interval holds the Monte Carlo error in any case (Sample.numbers).
    """
    keys = list(centre[0])
    found = Sample(*(_stack(keys, part) for part in (centre, *drawn))).numbers(np.array([key[3] in effects for key in keys]))
    return [
        dict(zip(COLUMNS, [*key, *(statistics.number(column[k]) for column in found.values())], strict=True))
        for k, key in enumerate(keys)
    ]


def told(row: Mapping[str, Any]) -> dict[str, float | None]:
    """A row of intervals for summary.json: mean and Monte Carlo error, and what draws tell where there are any."""
    found = {"mean": row["centre"], "monte_carlo_se": row["monte_carlo_se"]}
    with_draws = row["parameter_sd"] is not None
    return found | ({name: row[name] for name in OF_PARAMETERS} if with_draws else {})


def _stack(keys: Sequence[Key], outcomes: Iterable[Outcomes]) -> np.ndarray:
    return np.array([[one[key] for key in keys] for one in outcomes], dtype=float)


def student(freedom: int) -> float:
    """Half the width of a 90 % interval in standard errors estimated with so many degrees of freedom; not-a-number with none."""
    return float(stats.t.ppf(HIGH / 100.0, freedom)) if freedom > 0 else np.nan


def long_table(axes: Mapping[str, Sequence[Any]], columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """One row per entry of arrays of one shape, whose axes are named and labelled in order."""
    index = pd.MultiIndex.from_product(axes.values(), names=list(axes))
    return pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index).reset_index()


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part of a whole, zero where the whole is, not-a-number where it is undefined."""
    return np.divide(part, whole, out=np.where(np.isnan(whole), np.nan, 0.0), where=whole > 0)


def _variance(values: np.ndarray) -> np.ndarray:
    """Sample variance over the first axis, exactly zero where all are the same, which rounding of their mean would hide;
    not-a-number for a single one."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return np.where(np.ptp(values, axis=0) == 0.0, 0.0, values.var(axis=0, ddof=1))


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write intervals.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)


def said(config: Config, file: str = "intervals.csv", error: str = "apart") -> str:
    """One line for the console: how intervals were made; `error`: where the Monte Carlo error is."""
    population = coarse(config).population
    return (
        f"Intervals: 5th to 95th percentile of {config.draws} draws of all parameters, seeds 1 to {config.draws}, at scale "
        f"{population.scale}/{population.scale_comparison} (at least {population.minimum_agents} simulated persons per group); "
        f"Monte Carlo error {error}. Share from priors in {file}."
    )
