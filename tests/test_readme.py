"""The README: its library example and its short commands run as written, and its two commands exist."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios import finding, policy_table, text

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.S)
COMMANDS = [
    line
    for language, block in BLOCKS
    if not language
    for line in block.splitlines()
    if line.startswith("integra ") and "<verb>" not in line
]


def run(arguments, folder):
    """A real process in an empty folder, with this interpreter."""
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=600)


def test_library_example_runs_as_written(tmp_path):
    """The notebook lines print an employment rate in percent."""
    code = next(block for language, block in BLOCKS if language == "python")
    done = run(["-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert 20 < float(done.stdout) < 100


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs_as_written(command, tmp_path):
    """Every short command ends with status 0 and leaves complete result folders only."""
    done = run(["-m", "scenarios.cli", *shlex.split(command)[1:]], tmp_path)
    assert done.returncode == 0, done.stderr
    folders = [path.name for path in (tmp_path / "outputs").iterdir()]
    assert folders and not any(name.startswith(".") for name in folders)


def test_two_set_up_commands():
    """The set-up commands are the ones that exist: a package with constraints, and the script of the tests."""
    assert "pip install -c constraints.txt ." in README and "integra reproduce" in README
    assert "sh .ci/run" in README and (ROOT / ".ci" / "run").is_file()
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert pins and all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins)


def test_finding_is_the_reference_run():
    """Every number of the finding's tables is the mean or standard error in outputs/reference/summary.json, rounded."""
    found = json.loads((ROOT / "outputs" / "reference" / "summary.json").read_text(encoding="utf-8"))
    rows = re.search(r"<!-- finding:begin -->(.*)<!-- finding:end -->", README, flags=re.S)[1].splitlines()
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if re.search(r"\(\d+\)", row)]
    keys = (
        "gain_2035", "gain_2035_by_education", "gain_2035_against_eu_born", "gain_2035_by_education_against_eu_born",
        "gain_2035_age_20_64",
    )  # fmt: skip
    variants = ("participation", "employment", "match_and_pay", "full")
    wanted = [[found[key][variant] for variant in variants] for key in keys]
    levels = found["net_contribution"]
    wanted += [[levels[origin][year] for year in ("2019", "2025", "2030", "2035")] for origin in levels]
    assert len(rows) == len(wanted) == 8
    for row, entries in zip(rows, wanted):
        for cell, entry in zip(row[1:], entries):
            shown = f"{entry['mean']:,.0f} ({entry['monte_carlo_se']:.0f})".replace(",", " ")
            assert cell == shown


def test_intervals_are_the_reference_run():
    """Every end of the tables of intervals is in outputs/reference/summary.json, rounded: gains of 2035, then levels by year."""
    found = json.loads((ROOT / "outputs" / "reference" / "summary.json").read_text(encoding="utf-8"))
    known = {(row["origin"], row["year"], row["outcome"]): row for row in found["intervals"]}
    rows = re.search(r"<!-- intervals:begin -->(.*)<!-- intervals:end -->", README, flags=re.S)[1].splitlines()
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if re.search(r"\d to ", row)]
    variants = ("participation", "employment", "match_and_pay", "full")
    wanted = [
        [("non_eu_born", 2035, f"gain_{variant}_{given}_{reference}") for variant in variants]
        for given in ("sex_age", "sex_age_education") for reference in ("native", "eu_born")
    ]  # fmt: skip
    wanted += [[(origin, year, "net_contribution") for year in (2019, 2025, 2030, 2035)] for origin in found["net_contribution"]]
    assert len(rows) == len(wanted) == 7
    for row, keys in zip(rows, wanted):
        ends = [[f"{known[key][end]:,.0f}".replace(",", " ") for end in ("low", "high")] for key in keys]
        assert row[1:] == [" to ".join(pair) for pair in ends]


def test_policy_block_is_the_reference_comparison():
    """The table of policies is made from outputs/reference/compare, character by character; empty as long as there is none."""
    kept = ROOT / "outputs" / "reference" / "compare" / "summary.json"
    shown = re.search(r"<!-- policy:begin -->\n(.*)<!-- policy:end -->", README, flags=re.S)[1].strip()
    wanted = policy_table.block(json.loads(kept.read_text(encoding="utf-8"))) if kept.is_file() else ""
    assert shown == wanted


def test_sensitivity_block_is_the_reference_run():
    """The table of the two choices is that of outputs/reference/report.md, line by line."""
    said = (ROOT / "outputs" / "reference" / "report.md").read_text(encoding="utf-8")
    section = said.partition("## Two choices that move the result")[2].partition("\n## ")[0]
    wanted = [line for line in section.splitlines() if line.startswith("|")]
    shown = re.search(r"<!-- sensitivity:begin -->(.*)<!-- sensitivity:end -->", README, flags=re.S)[1].split("\n")
    assert [line for line in shown if line] == wanted and len(wanted) > 8


def test_the_readme_is_what_its_script_writes(monkeypatch):
    """`python -m scenarios.finding` without a folder leaves the README as it is."""
    monkeypatch.chdir(ROOT)
    assert text.filled(README, **finding.blocks()) == README
