"""The headline's tables and words: sums that must agree, readings worked out by hand, and a verdict that follows the numbers."""

import csv
import json
import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

from calibration.config import Accounting
from model import codes
from scenarios import check, compose, conventions, displacement, draws, gain_tables, readings, report, text
from scenarios.cli import main
from scenarios.prices import consumer_prices

SMALL = [
    "population=small", "member_states=[LU,MT]", "run.end_year=2021", "parity.start_year=2018", "parity.end_year=2019", "seeds=2",
    "draws=8",
]  # fmt: skip
ACCOUNTING = compose.job("reproduce", []).accounting


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Result folder of a small `integra reproduce` with draws."""
    root = tmp_path_factory.mktemp("headline")
    assert main(["reproduce", *SMALL, f"compute.output={root}"]) == 0
    (found,) = root.iterdir()
    return found


def rows_of(path):
    """Rows of a csv file, numbers as floats."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: float(value) if value.replace(".", "").replace("-", "").isdigit() else value for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def chosen(rows, **wanted):
    """Rows with these values."""
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_sexes_education_and_components_add_up(folder):
    """In both tables, for every place and label: the sexes, the levels, their crossing and the components each sum to the net."""
    for name, item in (("gains.csv", "variant"), ("decomposition.csv", "factor")):
        rows = chosen(rows_of(folder / name), market="off")
        labels = {tuple(row[key] for key in ("place", "given", "reference", item)) for row in rows}
        assert len(labels) == 3 * 4 * (4 if item == "variant" else 5)
        for place, given, reference, what in labels:
            mine = chosen(rows, place=place, given=given, reference=reference, **{item: what})
            (net,) = (row["value"] for row in chosen(mine, sex="total", education="total", component="net_contribution"))
            for part in (
                [row for row in mine if row["component"] != "net_contribution"],
                [row for row in mine if row["sex"] != "total" and row["education"] == "total"],
                [row for row in mine if row["sex"] == "total" and row["education"] != "total"],
                [row for row in mine if row["sex"] != "total" and row["education"] != "total"],
            ):
                assert sum(row["value"] for row in part) == pytest.approx(net, abs=0.01)


def test_decomposition_adds_up_to_the_full_gain_of_the_tables(folder):
    """Factor by factor in decomposition.csv against variant full in gains.csv, every place, component, sex and level."""
    parts, gains = rows_of(folder / "decomposition.csv"), chosen(rows_of(folder / "gains.csv"), variant="full", market="off")
    keys = ("place", "given", "reference", "sex", "education", "component")
    total = {}
    for row in parts:
        total[tuple(row[key] for key in keys)] = total.get(tuple(row[key] for key in keys), 0.0) + row["value"]
    assert len(gains) > 200
    for row in gains:
        assert total[tuple(row[key] for key in keys)] == pytest.approx(row["value"], abs=0.01)


def test_gains_are_those_of_the_summary(folder):
    """The totals of gains.csv and of readings.csv are the gains of summary.json; market on is less by the loss of others."""
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    rows = chosen(rows_of(folder / "gains.csv"), place="selected", sex="total", education="total", component="net_contribution")
    read = rows_of(folder / "readings.csv")
    for variant in codes.PARITY_VARIANTS:
        label = dict(variant=variant, given="sex_age", reference="native", market="off")
        assert chosen(rows, **label)[0]["value"] == pytest.approx(found["gain_2021"][variant]["mean"], abs=1e-3)
        assert chosen(read, **label)[0]["gain"] == pytest.approx(found["gain_2021"][variant]["mean"], abs=0.01)
    loss = found["market_on"]["2021"]["fiscal_loss_of_others"]["mean"]
    on = chosen(rows, market="on")
    assert [row["variant"] for row in on] == ["employment", "match_and_pay", "full"]
    for row in on:
        assert row["value"] == pytest.approx(found["gain_2021"][row["variant"]]["mean"] - loss, abs=0.01)
    assert len(chosen(read, market="on")) == 3


def test_two_choices_are_reported(folder):
    """sensitivity.csv has four choices by label, report.md the table made from it, and no number is lacking."""
    rows = rows_of(folder / "sensitivity.csv")
    assert [row["choice"] for row in rows[::8]] == ["default", "symmetric", "pay_gap_eu_total", "pay_gap_national_studies"]
    said = (folder / "report.md").read_text(encoding="utf-8")
    assert report.choices_block(rows) in said and "nan" not in said.partition("## Two choices")[2].partition("## ")[0]


def texts_of(path):
    """Rows of a csv file as they are written."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(row, names=draws.OF_PARAMETERS):
    """Numbers of a row of any table with four decimals, None where there is none."""
    return [None if row[name] in ("", None) else f"{float(row[name]):.4f}" for name in names]


def test_market_on_has_an_interval_for_every_variant_and_place(folder):
    """gains.csv, intervals.csv, readings.csv and summary.json tell the same interval, apart from the Monte Carlo error; so do
    jobs lost by others and their fiscal loss by year."""
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["market_on"]
    intervals = {(row["place"], row["year"], row["outcome"]): row for row in texts_of(folder / "intervals.csv")}
    on = chosen(texts_of(folder / "gains.csv"), market="on")
    variants = ("employment", "match_and_pay", "full")
    assert {(row["place"], row["variant"]) for row in on} == {(p, v) for p in ("selected", "LU", "MT") for v in variants}
    for row in on:
        same = intervals[row["place"], "2021", f"market_on_gain_{row['variant']}_sex_age_native"]
        assert float(row["parameter_sd"]) >= 0.0 and float(row["monte_carlo_se"]) > 0.0
        assert written(row) == written(same) and float(row["low"]) < float(row["high"])
        if row["place"] == "selected":
            assert written(row) == written(found["gain_2021"][row["variant"]])
    for row in chosen(texts_of(folder / "readings.csv"), market="on"):
        entry = found["gain_2021"][row["variant"]]
        for name in ("low", "high"):
            assert row[name] == ("" if entry[name] is None else f"{entry[name]:.2f}")
    assert {"2018", "2019", "2020", "2021"} <= set(found)
    for year in ("2018", "2021"):
        for name in ("added_jobs", "others_displaced_per_added_job", "fiscal_loss_of_others"):
            entry, row = found[year][name], intervals["selected", year, name]
            assert written({**entry, "centre": entry["mean"]}, draws.NUMBERS) == written(row, draws.NUMBERS)


def test_every_row_of_the_gain_has_an_interval_and_parts_of_the_first_label_alone(folder):
    """gains.csv: every row tells what parameters change, and its net rows what intervals.csv tells; decomposition.csv: the rows
    of the label whose factors are simulated in draws, and no other."""
    intervals = {(row["place"], row["outcome"]): row for row in texts_of(folder / "intervals.csv")}
    rows = chosen(texts_of(folder / "gains.csv"), market="off")
    assert all(row["parameter_sd"] for row in rows)
    net = chosen(rows, sex="total", education="total", component="net_contribution")
    for row in net:
        outcome = f"gain_{row['variant']}_{row['given']}_{row['reference']}"
        assert written(row) == written(intervals[row["place"], outcome])
    assert all(float(row["low"]) <= float(row["high"]) for row in rows)
    for row in texts_of(folder / "decomposition.csv"):
        assert (row["parameter_sd"] != "") == ((row["given"], row["reference"]) == ("sex_age", "native"))


def test_components_of_the_report_add_up():
    """Groups of components of every label, other included, sum to the net gain, of the centre and so of its mean over seeds."""
    g = np.random.default_rng(3)
    used = conventions.parts_in_use(ACCOUNTING)
    amounts = g.normal(size=(4, 2, 3, 2, 4, len(used)))
    sample = draws.Sample(gain_tables.by_item(amounts))
    labels = [("employment", "sex_age", "native"), ("full", "sex_age", "native")]
    rows = gain_tables.grouped(sample, labels, ACCOUNTING, report.COMPONENTS)
    assert {row["group"] for row in rows} == {*report.COMPONENTS, "other"}
    for n, (variant, _, _) in enumerate(labels):
        total = sum(row["centre"] for row in rows if row["variant"] == variant)
        assert total == pytest.approx(amounts[:, n, 0].sum(axis=(1, 2, 3)).mean())


def test_items_are_in_the_order_of_their_sums():
    """Every row of a place and label against the sum over what it names."""
    g = np.random.default_rng(4)
    components = ("income_tax", "pension", "health")
    amounts = g.normal(size=(5, 2, 4, 3))
    found = gain_tables.by_item(amounts)
    items = gain_tables.items(components)
    assert found.shape == (5, len(items))
    for n, (sex, level, component) in enumerate(items):
        sexes = slice(None) if sex == "total" else [codes.SEXES.index(sex)]
        levels = slice(None) if level == "total" else [codes.EDUCATION.index(level)]
        parts = slice(None) if component == "net_contribution" else [components.index(component)]
        assert found[:, n] == pytest.approx(amounts[:, sexes][:, :, levels][..., parts].sum(axis=(1, 2, 3)))


@pytest.mark.parametrize(
    ("file", "column"), [("gains.csv", "low"), ("gains.csv", "parameter_sd"), ("decomposition.csv", "high"),
                         ("conventions_table.csv", "gain_2021_full_sex_age_native_high"), ("intervals.csv", "low")]
)  # fmt: skip
def test_intervals_are_checked_against_a_reference(folder, tmp_path, file, column):
    """A changed end of an interval is found in each table, and nothing else."""
    other = tmp_path / "other"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("figures", "*.parquet"))
    assert check.compare(folder, other).passed
    rows = texts_of(other / file)
    row = next(row for row in rows if row[column])
    row[column] = str(float(row[column]) + 1e7)
    with (other / file).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (difference,) = check.compare(folder, other).differences
    assert (difference.file, difference.column) == (file, column)


def test_readings_follow_from_each_other(folder):
    """Price years only rescale; the undiscounted sum of years is at least the last year; ratios are to 3 500; every switch
    of the accounting is turned."""
    rows = chosen(rows_of(folder / "readings.csv"), variant="full", given="sex_age", reference="native", market="off")
    first = rows[0]
    hicp = consumer_prices()
    assert {row["price_year"] for row in rows} == {2015.0, 2019.0, 2024.0}
    same = [name for name in (field.name for field in fields(Accounting)) if name != "price_year"]
    for row in rows:
        if row["measure"] == "annual":
            assert row["ratio"] == pytest.approx(row["gain"] / 3500, abs=1e-4)
            if all(row[name] == first[name] for name in same):
                assert row["gain"] == pytest.approx(first["gain"] * hicp[int(row["price_year"])], abs=0.02)
    sums = [row for row in chosen(rows, measure="discounted_sum") if row["real_wage_growth"] == first["real_wage_growth"]]
    assert [row["discount_rate"] for row in sums] == [0.0, 0.03, 0.04]
    assert sums[0]["gain"] > sums[1]["gain"] > sums[2]["gain"] > first["gain"]
    for name, values in readings.alternatives(ACCOUNTING).items():
        assert {str(row[name]) for row in rows} >= {str(float(v)) if name == "price_year" else str(v).lower() for v in values}


def line_of(folder, first):
    """Cells of the one line of report.md's tables that begins so."""
    lines = (folder / "report.md").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("| ").split("|")]


def test_member_states_and_levels_stand_with_their_intervals(folder):
    """report.md: the full gain of each Member State as gains.csv tells it, with its side of 3 500 and whether its pay gap was seen
    (Luxembourg's was, Malta's not), and how many lie where; levels of the three groups as intervals.csv tells them."""
    rows = chosen(texts_of(folder / "gains.csv"), variant="full", market="off", given="sex_age", reference="native")
    rows = chosen(rows, sex="total", education="total", component="net_contribution")
    places = []
    for state, published in (("LU", "national"), ("MT", "EU value")):
        (row,) = chosen(rows, place=state)
        low, high = float(row["low"]), float(row["high"])
        places.append("below" if high < 3500 else "above" if low > 3500 else "holds")
        numbers = {name: float(row[name]) for name in ("low", "high", "monte_carlo_se")}
        assert line_of(folder, state) == [state, text.interval({**numbers, "centre": float(row["value"])}), places[-1], published]
    counts = [places.count(place) for place in ("above", "holds", "below")]
    said = "{} lie wholly above, {} hold it, {} lie wholly below".format(*counts)
    assert said in (folder / "report.md").read_text(encoding="utf-8")
    levels = chosen(texts_of(folder / "intervals.csv"), place="selected", outcome="net_contribution")
    for origin in codes.ORIGINS:
        mine = [{name: float(row[name]) for name in draws.NUMBERS[:4]} for row in chosen(levels, origin=origin)]
        assert line_of(folder, origin.replace("_", "-")) == [origin.replace("_", "-"), *(text.interval(row) for row in mine)]


def test_every_interval_holds_its_centre(folder):
    """In each table of the run with draws, what others lose with the market on included, by its Monte Carlo error too."""
    for name, centre in (
        ("intervals.csv", "centre"), ("gains.csv", "value"), ("decomposition.csv", "value"), ("readings.csv", "gain"),
    ):  # fmt: skip
        rows = [row for row in texts_of(folder / name) if row["low"]]
        assert rows and all(float(row["low"]) <= float(row[centre]) <= float(row["high"]) for row in rows)
    rows = [row for row in texts_of(folder / "intervals.csv") if row["outcome"] in displacement.EFFECTS]
    assert {row["year"] for row in rows} == {"2018", "2019", "2020", "2021"} and len(rows) == 8
    for row in rows:
        half = draws.student(1) * float(row["monte_carlo_se"])
        assert float(row["low"]) <= float(row["centre"]) - half + 1e-6 and float(row["high"]) >= float(row["centre"]) + half - 1e-6
        assert line_of(folder, row["year"])[-1] in ("others lose", "others gain", "not told from zero")


def test_every_reading_once():
    """Three price years x growth x denominator, every other switch turned alone, three rates with and without growth."""
    every = readings.readings(ACCOUNTING)
    assert every[0].accounting == ACCOUNTING and len(set(every)) == len(every)
    values = readings.alternatives(ACCOUNTING)
    others = sum(len(values[name]) - 1 for name in values if name not in readings.COMBINED)
    assert len(every) == 3 * 2 * 2 + others + 3 * 2


def test_conventions_table_holds_every_price_year(folder):
    """Each combination of switches in three price years; 2019 levels of every origin and a gain for each label, with their
    Monte Carlo errors and intervals."""
    rows = rows_of(folder / "conventions_table.csv")
    assert len(rows) == 3 * len(list(conventions.every_convention(2019)))
    hicp = consumer_prices()
    first, second = rows[0], rows[1]
    for name, value in first.items():
        if name.startswith(("gain_", "level_")) and value != "":
            assert second[name] == pytest.approx(value * hicp[int(second["price_year"])], abs=0.02)


def test_report_is_about_its_run(folder):
    """A run of two Member States to 2021 is not compared with the headline; claim and sections are there; no number missing."""
    said = (folder / "report.md").read_text(encoding="utf-8")
    assert report.CLAIM in said and "nothing is compared with it" in said
    sections = ("Each reading", "What the full gain of 2021 is made of", "By component", "Conventions", "By Member State")
    for section in (*sections, "Net contribution of the groups", "With the market on"):
        assert f"## {section}" in said
    assert "nan" not in said and "None" not in said
    for name in ("readings.png", "decomposition.png", "gain_by_member_state.png"):
        assert (folder / "figures" / name).stat().st_size > 10_000


# -- words follow numbers ---------------------------------------------------------------------------------------------


def reading(variant, gain, low=None, high=None, **switches):
    """A row as readings.table gives it."""
    settings = {field.name: getattr(ACCOUNTING, field.name) for field in fields(Accounting)}
    measure = switches.pop("measure", "annual")
    row = dict(variant=variant, given="sex_age", reference="native", market="off", measure=measure, discount_rate=None)
    ending = dict(gain=gain, monte_carlo_se=5.0, low=low, high=high, ratio=gain / 3500, unit="EUR")
    return {**row, **settings, **switches, **ending}


WHOLE = {"place": "EU27_2020"}


def test_verdict_names_the_closest_and_what_is_ruled_out():
    """Intervals on either side and around 3 500."""
    rows = [reading("participation", 900, 500, 1300), reading("employment", 3000, 2500, 3600), reading("full", 4400, 3600, 5000)]
    said = " ".join(report.verdict(WHOLE, rows, 2035))
    assert "closest to 3 500 is employment" in said and "500 less, 86 % of it" in said
    assert "holds 3 500 under 1 of these 3 readings (given sex and age, against natives: employment)" in said
    assert "wholly below under 1 (given sex and age, against natives: participation)" in said
    assert "wholly above under 1 (given sex and age, against natives: full)" in said
    other = [replace_gain(row, 3490 if row["variant"] == "full" else 100) for row in rows]
    assert "closest to 3 500 is full" in " ".join(report.verdict(WHOLE, other, 2035))


def test_what_holds_under_the_default_conventions_alone_is_said_to():
    """Employment lies below under the run's conventions, and not per person of 2024: counted over all annual rows, and named. The
    closest of all rows is not that of the default ones."""
    rows = [
        reading("employment", 1600, 1000, 2450), reading("employment", 2800, 1850, 4250, price_year=2024, denominator="age_20_64"),
        reading("employment", 1500, 900, 2400, price_year=2015), reading("full", 4200, 3200, 6500),
        reading("full", 3490, 2600, 5200, price_year=2015), reading("full", 3500, 3000, 4000, measure="discounted_sum"),
    ]  # fmt: skip
    said = report.other_conventions(rows)
    assert "Of all 5 annual rows" in said[0] and "full, given sex and age, against natives with price year 2015: 3 490" in said[0]
    assert said[1].endswith("employment 2 of 3; full 0 of 2.")
    assert said[2].count("employment") == 1 and "price year 2024, denominator age_20_64 [1 850 to 4 250]" in said[2]
    assert "full" not in said[2]
    alone = [reading("employment", 1600), reading("employment", 2800, price_year=2024)]
    assert len(report.other_conventions(alone)) == 1 and report.other_conventions(alone[:1]) == []


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        ({"mean": -13.0, "monte_carlo_se": 3.0, "low": -61.0, "high": 38.0}, "not told from zero"),
        ({"mean": -13.0, "monte_carlo_se": 3.0, "low": -61.0, "high": -2.0}, "others gain"),
        ({"mean": 22.0, "monte_carlo_se": 1.0, "low": 14.0, "high": 40.0}, "others lose"),
        ({"mean": 22.0, "monte_carlo_se": 1.0}, "others lose"),  # without draws: 22 +- 6.3
        ({"mean": -6.0, "monte_carlo_se": 1.0}, "not told from zero"),
        ({"mean": 22.0, "monte_carlo_se": None}, "not told from zero"),  # one seed
    ],
)
def test_what_others_lose_is_worded_by_sign_and_interval(loss, wanted):
    """Two seeds: the Monte Carlo interval is 6.3 standard errors on either side."""
    assert report.loss_told({"fiscal_loss_of_others": loss}, 2) == wanted


def replace_gain(row, gain):
    """The row with another gain."""
    return {**row, "gain": gain}


def test_verdict_without_draws_rules_nothing_out():
    """No interval, no verdict on it."""
    said = " ".join(report.verdict(WHOLE, [reading("participation", 900), reading("full", 4400)], 2035))
    assert "none is ruled out" in said and "wholly" not in said and "Less than half" in said


def test_what_would_settle_it_is_ordered_by_what_it_moves():
    """The denominator moves more than the price year, which moves more than nothing; what moves nothing is not named."""
    rows = [
        reading("full", 3400), reading("full", 4800, denominator="age_20_64"), reading("full", 3000, price_year=2015),
        reading("full", 3400, children="parents"),
    ]  # fmt: skip
    assert report.spreads(rows, rows[0]) == [("denominator", 1400), ("price_year", 400)]


@pytest.mark.parametrize(("place", "last"), [("selected", 2035), ("EU27_2020", 2030)])
def test_only_the_eu_in_2035_is_compared(place, last):
    """Otherwise the verdict says so."""
    assert "nothing is compared" in report.verdict({"place": place}, [reading("full", 3500)], last)[0]


def test_discounting_by_hand(monkeypatch):
    """Gains of 100, 200 and 300 from 2033 on at 4 %, discounted to 2033."""
    yearly = {2033: 100.0, 2034: 200.0, 2035: 300.0}

    def per_head(baseline, paired, accounting, hicp, years):
        return np.array([yearly[year] for year in years])[None, None, :, None, None]

    monkeypatch.setattr(readings.gains, "per_head", per_head)
    before = type("R", (), {"years": (2033, 2034, 2035)})()
    one = readings.Reading(replace(ACCOUNTING), 0.04)
    assert readings.values(before, None, one, {}, 2033)[0] == pytest.approx(100 + 200 / 1.04 + 300 / 1.04**2)
    assert readings.values(before, None, readings.Reading(ACCOUNTING), {}, 2033)[0] == 300.0
