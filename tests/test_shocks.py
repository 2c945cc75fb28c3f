"""Shock tables for euromod-linking: every row against indicators.parquet of a small run, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from calibration.config import Shocks
from scenarios.cli import main
from scenarios.compose import job
from scenarios.data_shocks import COLUMNS, shocks
from scenarios.reproduce import reproduce

PARITY = "parity_employment_given_sex_age_against_native"
EDUCATION = {"deh=0-2": "low", "deh=3-4": "medium", "deh=5-99": "high"}
SEX = {"dgn=0": "female", "dgn=1": "male"}
ORIGIN = {"dcb=1": "native", "dcb=2": "eu_born", "dcb=3": "non_eu_born"}
METRIC = {"employment": "employed_20_64", "unemployment": "unemployed_20_64"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Result folder of a small `integra reproduce`: Luxembourg and Malta, two seeds."""
    root = tmp_path_factory.mktemp("outputs")
    settings = ["population=small", "member_states=[LU,MT]", "run.end_year=2022", "seeds=2", "tables=shipped"]
    reproduce(job("reproduce", [*settings, "parity.variants=[employment]", "parity.given=[sex_age]", f"compute.output={root}"]))
    (folder,) = root.iterdir()
    return folder


@pytest.fixture(scope="module")
def indicators(results):
    """Its indicators as plain text and numbers."""
    table = pd.read_parquet(results / "indicators.parquet")
    return table.astype({column: str for column in table.select_dtypes("category")})


def write(results, folder, **changed):
    """The tables written, {(scenario, Member State): DataFrame}."""
    values = {"scenario": None, "against": 2019, "years": (), "cells": ("education", "sex")} | changed
    shocks(Shocks(str(results), folder=str(folder), **values))
    tables = {}
    for path in folder.iterdir():
        scenario, _, state = path.stem.rpartition("_")
        tables[scenario, state] = pd.read_csv(path, dtype={"period": str})
    return tables


def share(indicators, scenario, state, year, measure, **cell):
    """Persons in a state over persons, from the rows of the file."""
    rows = indicators[
        (indicators["scenario"] == scenario) & (indicators["member_state"] == state) & (indicators["year"] == year)
    ]
    for column, label in cell.items():
        rows = rows[rows[column] == label]
    return rows.loc[rows["measure"] == measure, "value"].sum() / rows.loc[rows["measure"] == "persons_20_64", "value"].sum()


def cell_of(group):
    """Labels of the indicators from a group such as `dag=20-64;deh=0-2;dgn=1`."""
    parts = group.split(";")
    assert parts == sorted(parts) and parts[0] == "dag=20-64"
    names = {"deh": ("education", EDUCATION), "dgn": ("sex", SEX), "dcb": ("origin", ORIGIN)}
    found = {}
    for part in parts[1:]:
        column, labels = names[part.split("=")[0]]
        found[column] = labels[part]
    return found


def test_every_row_against_the_indicators(results, indicators, tmp_path):
    """Growth of the share of the cell since 2019, for every Member State, metric, cell and year: all there, none twice."""
    tables = write(results, tmp_path)
    assert set(tables) == {("baseline", "LU"), ("baseline", "MT")}
    for (_, state), table in tables.items():
        assert tuple(table.columns) == COLUMNS
        assert set(table["channel"]) == {"align"} and set(table["op"]) == {"grow"}
        assert len(table) == 2 * 6 * 3 and not table.duplicated(["metric", "group", "period"]).any()
        assert set(table["period"]) == {"2020", "2021", "2022"}
        for row in table.itertuples():
            now, before = (
                share(indicators, "baseline", state, year, METRIC[row.metric], **cell_of(row.group))
                for year in (int(row.period), 2019)
            )
            assert row.value == pytest.approx(now / before - 1.0, rel=1e-4, abs=1e-6), row


def test_parity_against_the_baseline(results, indicators, tmp_path):
    """Employment of the non-EU-born as at parity, everybody else as in the baseline, no unemployment."""
    tables = write(results, tmp_path, scenario=PARITY, against="baseline", cells=("origin",), years=(2022,))
    for (scenario, state), table in tables.items():
        assert scenario == PARITY and list(table["metric"]) == 3 * ["employment"]
        value = table.set_index("group")["value"]
        assert value["dag=20-64;dcb=1"] == 0.0 and value["dag=20-64;dcb=2"] == 0.0
        rows = indicators[(indicators["member_state"] == state) & (indicators["year"] == 2022)]
        rows = rows[(rows["origin"] == "non_eu_born") & (rows["measure"] == "employed_20_64")]
        employed = rows.groupby("scenario")["value"].sum()
        assert value["dag=20-64;dcb=3"] == pytest.approx(employed[PARITY] / employed["baseline"] - 1.0, rel=1e-4)
        assert value["dag=20-64;dcb=3"] > 0.0


def test_everybody_in_one_cell(results, indicators, tmp_path):
    tables = write(results, tmp_path, cells=(), years=(2021,))
    row = tables["baseline", "MT"].iloc[0]
    assert (row["metric"], row["group"], row["period"]) == ("employment", "dag=20-64", "2021")
    now, before = (share(indicators, "baseline", "MT", year, "employed_20_64") for year in (2021, 2019))
    assert row["value"] == pytest.approx(now / before - 1.0, rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["results=''"], ["results=''", "a folder of results"]),
        (["results=nowhere"], ["results=nowhere", "indicators.parquet"]),
        (["scenario=magic"], ["scenario=magic", "baseline", PARITY]),
        (["against=2030"], ["against=2030", "2017 to 2022"]),
        (["against=2022"], ["against=2022", "before the last"]),
        (["against=magic"], ["against=magic", PARITY]),
        (["years=[2035]"], ["years=2035", "2020, 2021, 2022"]),
        (["cells=[age]"], ["cells=age", "education, sex, origin"]),
        (["folder=''"], ["folder=''"]),
        (["speed=3"], ["speed=3", "unknown key"]),
    ],
)
def test_what_is_wrong_is_one_line(results, tmp_path, monkeypatch, capsys, settings, words):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "shocks", *([] if settings[0].startswith("results") else [f"results={results}"]), *settings]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    for word in words:
        assert word in err
    assert not Path("shocks").exists()


def test_a_damaged_file_is_refused(tmp_path, capsys):
    (tmp_path / "indicators.parquet").write_bytes(b"PAR1 not a table")
    assert main(["data", "shocks", f"results={tmp_path}"]) == 2
    assert "indicators.parquet" in capsys.readouterr().err
