"""Intervals over draws: centre, Monte Carlo error, percentiles and shares from hand-made outcomes, and one real run."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from calibration import draw
from scenarios import draws, simulation
from scenarios.compose import job
from scenarios.draws import intervals
from scenarios.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
KEY = ("MT", "native", 2019, "employment_rate", "%")
COLUMNS = [
    "place", "origin", "year", "outcome", "unit", "centre", "monte_carlo_se", "low", "high", "parameter_sd", "prior_share",
]  # fmt: skip


class Named(NamedTuple):
    """Stands for a Draw: what was asked for, nothing read."""

    number: int = 0
    part: str = "all"


@pytest.fixture
def named(monkeypatch):
    """intervals() with Named in place of Draw."""
    monkeypatch.setattr(draws, "Draw", Named)


def settings(number, seeds):
    """What intervals() reads of the settings."""
    return SimpleNamespace(draws=number, seeds=tuple(seeds), compute=SimpleNamespace(threads=1))


def of_arrays(every, data, coarse):
    """A closure `simulate` that looks outcomes up: draws of everything, draws within the data, seeds at the centre."""

    def simulate(one, seed, progress):
        if one == Named():
            return {KEY: coarse[seed]}
        assert seed == one.number >= 1
        return {KEY: (every if one.part == "all" else data)[one.number - 1]}

    return simulate


def row_of(every, data, coarse, full):
    """The one row of intervals() for outcomes given as lists; `coarse` is {seed: outcome}."""
    (row,) = intervals(settings(len(every), coarse), of_arrays(every, data, coarse), [{KEY: value} for value in full], Progress())
    return row


def variance(values):
    """Sample variance by hand."""
    middle = math.fsum(values) / len(values)
    return math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)


def weibull(values, percent):
    """Percentile whose position among n ordered values is percent * (n + 1), held within the values."""
    ordered, n = sorted(values), len(values)
    position = min(max(percent / 100.0 * (n + 1), 1.0), float(n))
    below = int(position)
    above = min(below + 1, n)
    return ordered[below - 1] + (position - below) * (ordered[above - 1] - ordered[below - 1])


# -- exactly ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [8, 39, 50, 80])
def test_a_row_is_what_the_definitions_say(named, number):
    """Every column against the definitions written with plain numbers, to ten digits."""
    g = np.random.default_rng(number)
    every = (70.0 + 3.0 * g.normal(size=number)).tolist()
    data = (70.0 + 2.0 * g.normal(size=draws.data_only(number))).tolist()
    coarse = {3: 71.0, 5: 69.5, 9: 70.25}
    full = [72.0, 72.5, 73.5]
    row = row_of(every, data, coarse, full)
    noise = variance(list(coarse.values()))
    parameters = variance(every) - noise
    assert 0.0 < noise < parameters
    middle, kept = sum(every) / number, math.sqrt(parameters / variance(every))
    move = sum(full) / 3 - sum(coarse.values()) / 3
    moved = [middle + (value - middle) * kept + move for value in every]
    share = 1.0 - (variance(data) - noise) / parameters
    assert 0.0 < share < 1.0
    wanted = {
        "centre": sum(full) / 3,
        "monte_carlo_se": math.sqrt(variance(full) / 3),
        "low": weibull(moved, 5.0),
        "high": weibull(moved, 95.0),
        "parameter_sd": math.sqrt(parameters),
        "prior_share": share,
    }
    assert list(row) == COLUMNS == list(draws.COLUMNS)
    assert tuple(row.values())[:5] == KEY
    for name, value in wanted.items():
        assert row[name] == pytest.approx(value, rel=2e-9), name


def test_percentiles_without_monte_carlo_error_are_order_statistics(named):
    """39 draws, no Monte Carlo error: the second and the second to last draw; moved by what the coarse scale changes."""
    every = np.random.default_rng(1).permutation(np.arange(1.0, 40.0) ** 2).tolist()
    data = [400.0] * draws.data_only(39)
    same = row_of(every, data, {1: 400.0, 2: 400.0}, [400.0, 400.0])
    assert (same["low"], same["high"]) == (4.0, 38.0**2)
    assert same["monte_carlo_se"] == 0.0
    moved = row_of(every, data, {1: 400.0, 2: 400.0}, [385.0, 385.0])
    assert (moved["low"], moved["high"]) == (4.0 - 15.0, 38.0**2 - 15.0)
    assert moved["centre"] == 385.0 and moved["parameter_sd"] == same["parameter_sd"]


def test_eight_draws_span_all_of_them(named):
    """Below 19 draws no percentile lies outside the draws: the interval is their range."""
    every = [5.0, 1.0, 2.0, 8.0, 3.0, 4.0, 7.0, 6.0]
    row = row_of(every, every, {1: 4.0, 2: 4.0}, [4.0, 4.0])
    assert (row["low"], row["high"]) == (1.0, 8.0)


def test_monte_carlo_variance_is_taken_out(named):
    """Draws of variance 25 at a Monte Carlo variance of 16 are kept to 3/5 of their distance from their mean. Of many seeds that leaves
    the interval, of two the row tells the wider one that holds the Monte Carlo error."""
    every = np.arange(39.0)
    every = (every - every.mean()) / every.std(ddof=1) * 5.0 + 100.0
    coarse = {1: 100.0 - math.sqrt(8.0), 2: 100.0 + math.sqrt(8.0)}
    few = row_of(every.tolist(), [100.0] * 9, coarse, [100.0, 100.0])
    spread = 4.0 * math.sqrt(199 / 200)
    many = {seed: 100.0 + (spread if seed % 2 else -spread) for seed in range(1, 201)}
    row = row_of(every.tolist(), [100.0] * 9, many, list(many.values()))
    ends = 100.0 + 0.6 * (every[1] - 100.0), 100.0 + 0.6 * (every[-2] - 100.0)
    assert few["parameter_sd"] == pytest.approx(3.0, rel=1e-9) and row["parameter_sd"] == pytest.approx(3.0, rel=1e-9)
    assert (row["low"], row["high"]) == pytest.approx(ends, rel=1e-9)
    assert few["low"] < ends[0] and few["high"] > ends[1]


@pytest.mark.parametrize(("spread", "share"), [(0.0, 1.0), (1.0, 0.75), (math.sqrt(2.0), 0.5), (2.0, 0.0), (3.0, 0.0)])
def test_share_of_priors(named, spread, share):
    """One where the data leave nothing open, nothing where they leave as much as everything, held within 0 and 1."""
    every = np.linspace(-2.0, 2.0, 39)
    data = np.linspace(-1.0, 1.0, 9)
    every, data = 2.0 * every / every.std(ddof=1), spread * data / data.std(ddof=1)
    row = row_of(every.tolist(), data.tolist(), {1: 0.0, 2: 0.0}, [0.0, 0.0])
    assert row["parameter_sd"] == pytest.approx(2.0)
    assert row["prior_share"] == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("value", [0.0, 100.0, 0.1, 1.0 / 3.0, 72.05359255])
def test_no_variance_at_all(named, value):
    """An outcome that no draw and no seed changes: an interval of width zero at the centre, no share."""
    row = row_of([value] * 39, [value] * 9, {1: value, 2: value, 3: value}, [value] * 3)
    assert row["low"] == row["high"] == row["centre"] == pytest.approx(value, rel=1e-9)
    assert row["parameter_sd"] == 0.0 and row["prior_share"] is None
    assert row["monte_carlo_se"] == pytest.approx(0.0, abs=1e-12)


def test_monte_carlo_error_above_the_variance_of_draws(named):
    """The error of a run hides whatever parameters change: its own interval stands, no share; centre and error stay. Noise of one
    of 40 draws has the variance 50, what the coarse scale changes is 7 or -1, so the error of the place is sqrt(50 / 40 + 32 / 2)."""
    row = row_of([4.0, 6.0] * 20, [5.0] * 10, {1: 0.0, 2: 10.0}, [7.0, 9.0])
    half = stats.t.ppf(0.95, 1) * math.sqrt(50 / 40 + 32 / 2)
    assert (row["low"], row["high"]) == pytest.approx((8.0 - half, 8.0 + half))
    assert row["parameter_sd"] == 0.0 and row["prior_share"] is None
    assert row["centre"] == 8.0 and row["monte_carlo_se"] == pytest.approx(1.0)


def test_monte_carlo_error_and_interval_are_told_apart():
    """Draws change no centre and no Monte Carlo error; seeds at full scale no parameter uncertainty, and move an interval only."""
    g = np.random.default_rng(5)
    full, at_centre, every, data = (g.normal(size=(n, 3, 2)) for n in (4, 4, 40, 10))
    alone, told = draws.Sample(full).numbers(), draws.Sample(full, at_centre, 9.0 * every, 5.0 * data).numbers()
    for name in ("centre", "monte_carlo_se"):
        assert (alone[name] == told[name]).all()
    assert all(np.isnan(alone[name]).all() for name in draws.OF_PARAMETERS)
    other = draws.Sample(3.0 * full + 7.0, at_centre, 9.0 * every, 5.0 * data).numbers()
    assert other["monte_carlo_se"] == pytest.approx(3.0 * told["monte_carlo_se"])
    assert (other["parameter_sd"] == told["parameter_sd"]).all()
    assert other["high"] - other["low"] == pytest.approx(told["high"] - told["low"])


def test_effects_hold_the_monte_carlo_error_of_draws_and_centre(named):
    """Draws 11 to 49, four seeds at 30 as coarse and at 9, 9, 11, 11: an effect has the ends of whole_interval, reaching to the
    Monte Carlo interval of its centre; another outcome those of the draws, reaching to the centre. By hand."""
    other = (*KEY[:3], "effect", "EUR")
    every = [float(n) for n in range(11, 50)]
    coarse, full = [29.0, 31.0, 29.0, 31.0], [9.0, 9.0, 11.0, 11.0]
    plain, effect = draws.rows(*([{KEY: v, other: v} for v in part] for part in (full, coarse, every, every[:9])), effects=["effect"])
    t, noise = stats.t.ppf(0.95, 3), variance(coarse)
    move = [one - two for one, two in zip(full, coarse)]
    half = t * math.sqrt(max(variance(full) / 4, noise / 39 + variance(move) / 4))
    kept, place = math.sqrt((variance(every) - noise) / variance(every)), 30.0 + sum(move) / 4
    assert plain["low"] == pytest.approx(place - 18.0 * kept) and plain["high"] == pytest.approx(place + 18.0 * kept)
    assert effect["low"] == pytest.approx(place - math.hypot(18.0 * kept, half))
    assert effect["high"] == pytest.approx(place + math.hypot(18.0 * kept, half))
    # Draws far above the centre: the interval of the effect reaches below it by its Monte Carlo error.
    far = [v + 100.0 for v in every]
    plain, effect = draws.rows(*([{KEY: v, other: v} for v in part] for part in (full, coarse, far, far[:9])), effects=["effect"])
    assert plain["low"] == plain["centre"] == 10.0
    assert effect["low"] == pytest.approx(10.0 - t * math.sqrt(variance(full) / 4))


def test_an_undefined_outcome_is_null_and_leaves_others_alone(named):
    """Not-a-number in one outcome (nobody counted): None in its row, and numbers in the next."""
    other = (*KEY[:3], "overqualification_rate", "%")

    def simulate(one, seed, progress):
        return {KEY: math.nan if one.number == 3 else 1.0 * seed, other: 2.0 * seed}

    full = [{KEY: 1.0, other: 2.0}, {KEY: 3.0, other: 6.0}]
    first, second = intervals(settings(39, [1, 2]), simulate, full, Progress())
    assert first["centre"] == 2.0 and second["centre"] == 4.0
    assert [first[name] for name in COLUMNS[7:]] == [None] * 4
    assert all(math.isfinite(second[name]) for name in COLUMNS[5:])


def test_rows_keep_the_order_of_outcomes_and_their_numbers(named):
    """Outcomes of very different sizes, given in another order by draws: each row has its own, and every interval holds its centre."""
    keys = [(place, "native", 2019, "persons", "persons") for place in ("selected", "MT", "DE")]
    size = dict(zip(keys, (1e9, 1.0, 1e-6)))

    def simulate(one, seed, progress):
        return {key: size[key] * (10.0 + one.number) for key in reversed(keys)}

    rows = intervals(settings(39, [1, 2]), simulate, [{key: 10.0 * size[key] for key in keys}] * 2, Progress())
    assert [tuple(row.values())[:5] for row in rows] == keys
    for row, key in zip(rows, keys):
        # draws are 11 to 49 times the size, so their interval starts at 12 and reaches down to the centre
        assert [row["centre"], row["low"], row["high"]] == pytest.approx([w * size[key] for w in (10.0, 10.0, 48.0)])


# -- in distribution --------------------------------------------------------------------------------------------------


def test_known_variances_are_recovered(named):
    """Normal outcomes: parameters 2, Monte Carlo 1, within the data 1.2 (standard deviations), and full scale 0.7 above coarse.
    40 000 draws, 10 000 within the data and 10 000 seeds. Error rate below 1e-5: each bound is five standard errors."""
    g = np.random.default_rng(2024)
    number, seeds = 40_000, range(1, 10_001)
    noise = g.normal(size=number + 20_001)
    everything, within = 2.0 * g.normal(size=number + 1), 1.2 * g.normal(size=number + 1)

    def simulate(one, seed, progress):
        if one == Named():
            return {KEY: 50.0 + noise[number + seed]}
        if one.part == "data":
            return {KEY: 50.0 + within[one.number] + noise[number + 10_000 + seed]}
        return {KEY: 50.0 + everything[one.number] + noise[seed - 1]}

    full = [{KEY: value} for value in 50.7 + 0.5 * g.normal(size=10_000)]
    (row,) = intervals(settings(number, seeds), simulate, full, Progress())
    # variances: of draws 5 (se 5 sqrt(2/n)), of the centre 1, of the data 2.44
    se_total, se_noise, se_data = 5.0 * math.sqrt(2 / 40_000), math.sqrt(2 / 10_000), 2.44 * math.sqrt(2 / 10_000)
    se = math.hypot(se_total, se_noise)
    assert abs(row["parameter_sd"] ** 2 - 4.0) < 5 * se
    assert abs(row["prior_share"] - (1.0 - 1.44 / 4.0)) < 5 * math.hypot(se_data, se_noise, 0.36 * se) / 4.0
    # percentiles of N(50 + full - coarse, 2): se of the 5th is sqrt(0.05 * 0.95 / n) / density; of the mean and scale besides
    at_centre = 50.0 + noise[number + 1 : number + 10_001].mean()
    middle = 50.0 + row["centre"] - at_centre
    se_percentile = math.hypot(math.sqrt(0.05 * 0.95 / number) * 2.0 / 0.10314, 1.645 * se / 4.0)
    assert abs(row["low"] - (middle - 1.64485 * 2.0)) < 5 * se_percentile
    assert abs(row["high"] - (middle + 1.64485 * 2.0)) < 5 * se_percentile
    assert row["centre"] == pytest.approx(np.mean([one[KEY] for one in full]), rel=1e-9)


def test_an_interval_of_eighty_draws_covers_a_further_draw(named):
    """Draws and the truth alike, with Monte Carlo error: covered 90 % of the time. 2 000 repetitions as outcomes of one call;
    error rate below 1e-6 (five standard errors, and 0.6 points for the width that four seeds leave uncertain)."""
    g = np.random.default_rng(7)
    keys = [(f"{k}", *KEY[1:]) for k in range(2000)]
    parts = {"all": g.normal(size=(81, 2000)), "data": np.zeros((81, 2000))}

    def simulate(one, seed, progress):
        value = (parts[one.part][one.number] if one.number else 0.0) + 0.3 * g.normal(size=2000)
        return dict(zip(keys, value))

    full = [dict(zip(keys, 0.3 * g.normal(size=2000))) for _ in range(20)]
    rows = intervals(settings(80, range(1, 21)), simulate, full, Progress())
    truth = g.normal(size=2000)
    covered = np.mean([row["low"] <= value <= row["high"] for row, value in zip(rows, truth)])
    assert abs(covered - 0.9) < 5 * math.sqrt(0.09 / 2000) + 0.006, covered


# -- what is simulated ------------------------------------------------------------------------------------------------


def test_simulations_counts_the_runs_of_intervals():
    """Real draws: the centre with the seeds given, draw d with seed d, a quarter as many within the data, and the count of
    simulations() is the number of calls."""
    for number, seeds, wanted in ((8, 2, 8 + 8 + 2), (40, 3, 40 + 10 + 3)):
        config = job("run", ["member_states=[MT]", "population=small", f"draws={number}", f"seeds={seeds}"])
        calls = []

        def simulate(one, seed, progress, calls=calls):
            calls.append((one.number, seed, one.logs.copy(), one.common.copy()))
            return {KEY: float(seed)}

        intervals(config, simulate, [{KEY: 1.0}] * seeds, Progress())
        assert len(calls) == draws.simulations(config) == wanted
        centre, every, data = calls[:seeds], calls[seeds : seeds + number], calls[seeds + number :]
        plain = draw.Draw()
        for got, expected in zip(centre, range(1, seeds + 1)):
            assert got[:2] == (0, expected) and (got[2] == plain.logs).all() and (got[3] == plain.common).all()
        for part, group in (("all", every), ("data", data)):
            for d, got in enumerate(group, start=1):
                one = draw.Draw(d, part)
                assert got[:2] == (d if part == "all" else 0, d)
                assert (got[2] == one.logs).all() and (got[3] == one.common).all()


@pytest.mark.parametrize(("number", "wanted"), [(8, 8), (32, 8), (36, 9), (80, 20)])
def test_draws_within_the_data(number, wanted):
    """A quarter of the draws, and no fewer than eight."""
    assert draws.data_only(number) == wanted


def test_no_simulations_without_draws():
    assert draws.simulations(job("run", ["draws=0", "seeds=4"])) == 0


def test_coarse_scales_the_population_and_nothing_else():
    """So many times more persons per simulated person, so many times fewer at least; within what settings allow."""
    sizes = ["population.scale=100", "population.scale_comparison=1000", "population.minimum_agents=5000"]
    config = job("run", ["draws=8", "seeds=2", *sizes, "population.draws_coarser=7"])
    wanted = job(
        "run",
        ["draws=8", "seeds=2", "population.scale=700", "population.scale_comparison=7000", "population.minimum_agents=714"]
        + ["population.draws_coarser=7"],
    )
    assert draws.coarse(config) == wanted
    assert config.population.scale == 100
    same = job("run", ["draws=8", "seeds=2", *sizes, "population.draws_coarser=1"])
    assert draws.coarse(same) == same
    sizes = ["population.scale=60000", "population.scale_comparison=1500", "population.minimum_agents=3000"]
    held = draws.coarse(job("run", ["draws=8", "seeds=2", *sizes, "population.draws_coarser=100"])).population
    assert (held.scale, held.scale_comparison, held.minimum_agents) == (100_000, 100_000, 100)


def test_written_rows_are_read_again(tmp_path):
    """intervals.csv: the columns in order, None as an empty cell."""
    row = dict(zip(COLUMNS, ["MT", "native", 2019, "employment_rate", "% of persons, all", 72.5, 0.25, 70.0, 75.0, 1.5, None]))
    draws.write(tmp_path / "intervals.csv", [row, {**row, "year": 2020, "prior_share": 0.5}])
    with (tmp_path / "intervals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == COLUMNS
    assert rows[1] == ["MT", "native", "2019", "employment_rate", "% of persons, all", "72.5", "0.25", "70.0", "75.0", "1.5", ""]
    assert rows[2][2] == "2020" and rows[2][-1] == "0.5" and len(rows) == 3


# -- a real run -------------------------------------------------------------------------------------------------------


def run(folder):
    """The result folder of a small run with draws, made in an empty folder."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    arguments = ["run", "population=small", "member_states=[MT]", "run.end_year=2018", "seeds=2", "draws=8"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scenarios.cli", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "8 draws of all parameters" in done.stdout
    (result,) = (folder / "outputs").iterdir()
    return result


def test_workers_change_no_outcome(monkeypatch):
    """Draws simulated side by side in two processes: the same numbers in the same order as one after the other, all
    person-quarters counted."""
    arguments = ["population=small", "member_states=[MT]", "run.end_year=2017", "seeds=2", "draws=8"]
    counted = []

    def found(threads):
        config = job("run", [*arguments, f"compute.threads={threads}"])
        progress = Progress()

        def simulate(one, seed, progress):
            _, result = simulation.simulate_draw(config, one, seed, progress)
            return int(result.counts.sum()), os.getpid()

        numbers, processes = zip(*draws.each(config, simulate, [(draw.Draw(d), d) for d in range(1, 6)], progress))
        counted.append(progress.person_quarters)
        return numbers, set(processes)

    alone, (mine,) = found(1)
    monkeypatch.setattr(draws, "WORTH_WORKERS", 0.0)
    together, processes = found(2)
    assert together == alone and len(set(alone)) == 5
    assert mine in processes and len(processes) > 1
    assert counted[0] == counted[1] > 0


def test_a_small_run_writes_the_same_intervals_twice(tmp_path):
    """intervals.csv with its columns, in the order and with the centre of summary.csv; the sum again in summary.json; a rerun
    in another process gives the same bytes."""
    first = run(tmp_path / "first")
    content = (first / "intervals.csv").read_bytes()
    rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    assert list(rows[0]) == COLUMNS
    with (first / "summary.csv").open(encoding="utf-8", newline="") as file:
        plain = list(csv.DictReader(file))
    keys = [tuple(row[name] for name in COLUMNS[:5]) for row in rows]
    assert keys == [tuple(row[name] for name in ("place", "origin", "year", "indicator", "unit")) for row in plain]
    assert {key[0] for key in keys} == {"selected", "MT"} and {key[1] for key in keys} == {"native", "eu_born", "non_eu_born"}
    for row, other in zip(rows, plain):
        for mine, theirs in (("centre", "mean"), ("monte_carlo_se", "monte_carlo_se")):
            assert (row[mine] == "") == (other[theirs] == "")
            assert row[mine] == "" or float(row[mine]) == pytest.approx(float(other[theirs]), rel=1e-5)
    full = [row for row in rows if all(row[name] for name in COLUMNS)]
    assert len(full) > 0.5 * len(rows)
    assert all(float(row["low"]) <= float(row["high"]) and 0.0 <= float(row["prior_share"]) <= 1.0 for row in full)
    assert all(float(row["low"]) < float(row["high"]) for row in full)
    assert all(float(row["low"]) <= float(row["centre"]) <= float(row["high"]) for row in full)

    summary = json.loads((first / "summary.json").read_text(encoding="utf-8"))
    assert summary["draws"] == 8
    total = [row for row in rows if row["place"] == "selected"]
    written = [{name: "" if value is None else str(value) for name, value in row.items()} for row in summary["intervals"]]
    assert written == total

    second = run(tmp_path / "second")
    assert second.name == first.name
    assert (second / "intervals.csv").read_bytes() == content
