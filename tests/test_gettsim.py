"""GETTSIM as an engine for Germany: its grid agrees with the built-in schedule, and the extra is asked for only where used.

tests/gettsim_de_2019.csv was written by `integra data gettsim` with the versions in its column `source`; with the extra
installed GETTSIM itself runs and must give that table again.
"""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import fiscal_engine, fiscal_tables, gettsim_grid
from calibration.config import Fiscal
from model.codes import MEMBER_STATES
from model.fiscal import POINTS
from scenarios.cli import main
from scenarios.data_gettsim import compare, report

GRID = Path(__file__).with_name("gettsim_de_2019.csv")
DATE = "2019-07-01"
DE = MEMBER_STATES.index("DE")
INSTALLED = importlib.util.find_spec("gettsim") is not None
with_gettsim = pytest.mark.skipif(not INSTALLED, reason='needs the optional extra: pip install "integra[gettsim]"')


@pytest.fixture(scope="module")
def written():
    """The committed grid."""
    return pd.read_csv(GRID)


def test_published_points_are_met_to_the_euro(written):
    """At 67, 100 and 167 % of the average wage income tax and employee contributions are those Eurostat publishes."""
    compared = compare(written, 2019).set_index("earnings").loc[[0.67, 1.0, 1.67]]
    for name in ("income_tax", "employee"):
        assert compared[f"{name}_difference"].abs().max() < 1.0, name


@pytest.mark.parametrize(("name", "bound"), [("income_tax", 1.5), ("employee", 0.8), ("employer", 1.0)])
def test_schedules_agree_between_the_points(written, name, bound):
    """From 30 to 167 % of the average wage the piecewise-linear schedule is within `bound` % of gross pay."""
    compared = compare(written, 2019)
    compared = compared[compared["earnings"].between(0.3, POINTS[-1])]
    assert len(compared) > 25
    assert (100 * compared[f"{name}_difference"] / compared["gross"]).abs().max() < bound


def test_families_pay_as_german_law_says(written):
    """Joint taxation: a couple with one earner never pays more than a single; contributions are those of the single; child
    benefit is EUR 204 a month, and a parent pays no surcharge for the childless."""
    table = written.pivot(index="earnings", columns="household")
    single, couple, parent = (
        (slice(None), "single"),
        (slice(None), "couple, one earner"),
        (slice(None), "single parent, one child"),
    )
    assert (table.loc[:, couple]["income_tax"].to_numpy() <= table.loc[:, single]["income_tax"].to_numpy()).all()
    assert (table.loc[:, couple]["employee"].to_numpy() == table.loc[:, single]["employee"].to_numpy()).all()
    assert (table.loc[:, parent]["child_benefit"].to_numpy() == 12 * 204).all()
    assert (table.loc[:, parent]["employee"].to_numpy() <= table.loc[:, single]["employee"].to_numpy()).all()


def test_the_table_names_its_versions_and_is_complete(written):
    assert set(written["source"]) == {"gettsim==1.3.1 ttsim-backend==1.3.2"} and set(written["policy_date"]) == {DATE}
    assert len(written) == len(gettsim_grid.HOUSEHOLDS) * len(gettsim_grid.EARNINGS)
    assert set(POINTS) <= set(written["earnings"])


def test_the_comparison_says_where_it_is_worst(written):
    shown = report(compare(written, 2019))
    assert "167 %" in shown and "employee -20.1 % of gross at 5 %" in shown


def test_the_readme_shows_the_comparison(written):
    """Every pair of numbers of the table in the README, GETTSIM / built-in, in euros."""
    text = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    rows = re.search(r"<!-- gettsim:begin -->(.*)<!-- gettsim:end -->", text, flags=re.S)[1].strip().splitlines()[2:]
    compared = compare(written, 2019).set_index("earnings").loc[POINTS[1:]]
    assert len(rows) == len(compared)
    for line, (earnings, row) in zip(rows, compared.iterrows()):
        pairs = [f"{round(row[name])} / {round(row[f'{name}_built_in'])}" for name in ("income_tax", "employee", "employer")]
        assert [cell.strip() for cell in line.strip("|").split("|")] == [f"{round(100 * earnings)} %", *pairs]


def test_nothing_imports_gettsim_before_it_is_asked_for():
    """The command, the inputs and the comparison load without the extra."""
    code = "import sys, scenarios.cli, scenarios.data_gettsim, calibration.load_inputs; sys.exit('gettsim' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(INSTALLED, reason="the extra is installed")
@pytest.mark.parametrize("arguments", [["run", "fiscal=gettsim"], ["data", "gettsim"], ["compare", "fiscal=gettsim"]])
def test_without_the_extra_it_is_one_line(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (
        out == ""
        and err == 'integra: fiscal=gettsim: allowed is this engine with the extra installed: pip install "integra[gettsim]"\n'
    )
    assert list(tmp_path.iterdir()) == []


@with_gettsim
def test_gettsim_gives_the_committed_table(written):
    """One call for the whole grid, to the cent of rounding."""
    found = gettsim_grid.grid(DATE)
    assert list(found["household"]) == list(written["household"])
    for name in ("earnings", "gross", *gettsim_grid.AMOUNTS):
        assert np.abs(found[name].to_numpy() - written[name].to_numpy()).max() < 0.02, name


@with_gettsim
def test_the_engine_replaces_schedules_and_child_benefit_of_germany():
    """Values of the grid at POINTS over the average wage; child benefit times the factor to national accounts."""
    table, usual = fiscal_engine.fiscal_table(Fiscal("gettsim", None, DATE)), fiscal_tables.fiscal_table()
    grid = gettsim_grid.grid(DATE)
    single = grid[grid["household"] == "single"].set_index("earnings").loc[POINTS]
    for column in table.dtype.names:
        if column in ("income_tax", "employee", "employer"):
            assert table[column][DE] == pytest.approx(single[column].to_numpy() / usual["average_wage"][DE])
        elif column == "child_benefit":
            assert table[column][DE] == pytest.approx(usual[column][DE])  # the table, too, holds EUR 204 a month
        else:
            assert table[column].tobytes() == usual[column].tobytes(), column
    others = np.arange(len(MEMBER_STATES)) != DE
    assert table[others].tobytes() == usual[others].tobytes()
    assert set(fiscal_engine.hashes(Fiscal("gettsim", None, DATE))) == {"fiscal/gettsim", "fiscal/ttsim-backend"}


@with_gettsim
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["member_states=[MT]"], "fiscal=gettsim: allowed is member_states with DE"),
        (["member_states=[DE]", "fiscal.policy_date=2018-01-01"], "year=2018 (DE): allowed is 2015, 2019, 2023"),
    ],
)
def test_what_gettsim_cannot_serve(capsys, settings, words):
    assert main(["run", "fiscal=gettsim", *settings]) == 2
    assert words in capsys.readouterr().err
