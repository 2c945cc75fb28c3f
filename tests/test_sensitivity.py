"""Two choices that move the gain, on tiny runs: rows, what must be zero, and who moves where."""

import csv
from functools import lru_cache

import pytest

from calibration.load_inputs import load_inputs
from model.codes import PARITY_GIVEN, PARITY_VARIANTS
from scenarios import compose, gains, report, sensitivity, simulation
from scenarios.prices import consumer_prices
from scenarios.progress import Progress

TINY = (
    "population=small", "population.minimum_agents=400", "run.end_year=2020", "parity.start_year=2018", "parity.end_year=2019",
    "seeds=2",
)  # fmt: skip


def settings(*overrides):
    return compose.job("reproduce", [*TINY, *overrides])


@lru_cache(maxsize=4)
def table(state):
    """Rows of one Member State, and the gains of the run they belong to [seed, label]."""
    config, hicp, progress = settings(f"member_states={state}"), consumer_prices(), Progress(shown=False)
    inputs = load_inputs(config)
    baseline = simulation.simulate_seeds(config, inputs, progress)
    paired = simulation.simulate_parity(config, inputs, baseline, progress)
    rows = sensitivity.rows(config, inputs, baseline, paired, hicp, progress)
    return rows, gains.per_head(baseline, paired, config.accounting, hicp, [2020])[:, :, 0, 0].sum(axis=-1)


def by_label(rows, choice):
    return {(row["given"], row["variant"]): row for row in rows if row["choice"] == choice}


def test_choices_change_one_setting_each():
    """From the default; from a run with other choices the way back is among them."""
    chosen = sensitivity.choices(settings())
    assert list(chosen) == ["default", "symmetric", "pay_gap_eu_total", "pay_gap_national_studies"]
    assert chosen["default"] == settings() and chosen["symmetric"] == settings("parity.symmetric=true")
    assert chosen["pay_gap_eu_total"] == settings("structure.pay_gap=eu_total")
    other = sensitivity.choices(settings("parity.symmetric=true", "structure.pay_gap=eu_total"))
    assert list(other) == ["default", "upward_only", "pay_gap_shipped", "pay_gap_national_studies"]
    assert sensitivity.simulations(settings()) == 2 * (1 + 3 + 3)


def test_a_row_per_choice_and_label():
    """The default is the run's own gain against natives; every difference is that of the gains."""
    rows, gain = table("MT")
    labels = [(given, variant) for given in PARITY_GIVEN for variant in PARITY_VARIANTS]
    assert [(row["given"], row["variant"]) for row in rows] == 4 * labels and {row["reference"] for row in rows} == {"native"}
    for row, wanted in zip(by_label(rows, "default").values(), gain.mean(axis=0)[:8], strict=True):
        assert row["difference"] == row["difference_se"] == 0.0 and row["gain"] == pytest.approx(wanted)
    for row in rows:
        default = by_label(rows, "default")[row["given"], row["variant"]]
        assert row["difference"] == pytest.approx(row["gain"] - default["gain"], abs=1e-6)
        assert row["natives_employment_rate"] == rows[0]["natives_employment_rate"]


def test_a_national_figure_is_not_touched():
    """Luxembourg has a figure of its own and is in no study: both choices of the pay gap change exactly nothing."""
    rows, _ = table("LU")
    for choice in ("pay_gap_eu_total", "pay_gap_national_studies"):
        assert all(row["difference"] == row["difference_se"] == 0.0 for row in by_label(rows, choice).values())


def test_a_smaller_pay_gap_leaves_less_to_close_and_no_job_changes():
    """Malta, 9 % or 1.9 %: added jobs pay more, equal pay adds less, employment is the same; no study has a figure for it."""
    rows, _ = table("MT")
    default, smaller = by_label(rows, "default"), by_label(rows, "pay_gap_eu_total")
    for label, row in smaller.items():
        assert row["employment_rate"] == default[label]["employment_rate"]
    for given in PARITY_GIVEN:
        assert smaller[given, "employment"]["difference"] > 0.0 > smaller[given, "match_and_pay"]["difference"]
    assert all(row["difference"] == 0.0 for row in by_label(rows, "pay_gap_national_studies").values())


def test_both_ways_employs_fewer_than_upward_only():
    rows, _ = table("MT")
    upward, both = by_label(rows, "default"), by_label(rows, "symmetric")
    assert all(both[label]["employment_rate"] <= upward[label]["employment_rate"] for label in upward)
    full = ("sex_age_education", "full")
    assert both[full]["employment_rate"] < upward[full]["employment_rate"]


def test_the_file_holds_every_row(tmp_path):
    rows, _ = table("MT")
    sensitivity.write(tmp_path / "sensitivity.csv", rows)
    with (tmp_path / "sensitivity.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert tuple(written[0]) == sensitivity.COLUMNS and len(written) == len(rows)
    for one, row in zip(written, rows):
        assert one["choice"] == row["choice"] and float(one["difference"]) == row["difference"] and one["unit"] == row["unit"]


def test_words_by_hand():
    """Upward only employs 80 %, natives 78 %, both ways 77 %."""
    label = {"given": "sex_age", "reference": "native", "variant": "full"}
    numbers = {**label, "gain": 4000.0, "gain_se": 5.0, "natives_employment_rate": 78.0}
    rows = [
        {**numbers, "choice": "default", "difference": 0.0, "difference_se": 0.0, "employment_rate": 80.0},
        {**numbers, "choice": "symmetric", "gain": 3700.0, "difference": -300.0, "difference_se": 2.0, "employment_rate": 77.0},
    ]
    said = " ".join(report.two_choices(rows))
    assert "80.0 % of the non-EU-born" in said and "2.0 points more than the 78.0 % of natives; closed both ways 77.0 %" in said
    assert "| given sex and age, gaps closed both ways | 3 700, -300 (2) | 77.0 |" in said
