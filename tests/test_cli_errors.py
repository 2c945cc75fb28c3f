"""Bad input through real processes: one line, exit status 2, and no folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calibration.tables import FILES, LEVERS, RULES

ROOT = Path(__file__).resolve().parents[1]


def integra(folder, *arguments, path=(ROOT,)):
    """Run the command in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "scenarios.cli", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def refused(done, *words):
    """Assert one line on stderr that holds the words, nothing on stdout, and exit status 2."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("integra: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate"], ["verb=simulate", "run, reproduce, compare"]),
        (["run", "--fast"], ["--fast", "--multirun"]),
        (["run", "population.scal=10"], ["population.scal=10", "population.scale"]),
        (["run", "policy=none"], ["policy=none", "fast_recognition"]),
        (["run", "population.scale=many"], ["population.scale=many", "whole number"]),
        (["run", "population.scale=-1"], ["population.scale=-1", "1 to 100000"]),
        (["run", "member_states=[DE,XX]"], ["member_states=XX", "AT, BE"]),
        (["run", "flows.by_reason.work=-1"], ["flows.by_reason.work=-1", "0 to 10"]),
        (
            ["run", "policy=anti_discrimination", "policy.levers.anti_discrimination.strength=1.5"],
            ["strength=1.5", "0 to 1"],
        ),
        (["reproduce", "run.end_year=2018"], ["run.end_year=2018", "2021"]),
        (["compare", "policies=[none]"], ["policies=none", "fast_recognition"]),
        (["run", "-m", "policy=baseline,none", "seeds=1"], ["policy=none"]),
        (["run", "compute.memory_gib=0.5"], ["population.scale=100", "0.5 GiB"]),
        (["run", "population=one_to_one", "compute.memory_gib=2"], ["population.scale=1 ", "2.0 GiB"]),
    ],
)
def test_bad_settings(tmp_path, arguments, words):
    refused(integra(tmp_path, *arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_output(tmp_path):
    (tmp_path / "outputs").write_text("a file, not a folder")
    done = integra(tmp_path, "run", "member_states=[MT]", "population=small", "seeds=1")
    refused(done, "compute.output=outputs", "a folder that can be written")
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the packages whose tables may be damaged."""
    root = tmp_path_factory.mktemp("copy")
    for package in ("model", "calibration", "scenarios", "conf"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


TABLES = [f"{name}.csv" for name in FILES + RULES + LEVERS]


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        *((table, "missing") for table in TABLES),
        ("population.csv", "cut"),
        ("labour.csv", "cut"),
        ("fiscal.csv", "text"),
    ],
)
def test_missing_or_damaged_table(tmp_path, copy, table, damage):
    file = copy / "calibration" / "data" / table
    whole = file.read_bytes()
    try:
        if damage == "missing":
            file.unlink()
        elif damage == "cut":
            file.write_bytes(whole[: len(whole) // 3])
        else:
            file.write_bytes(b"\xff\xfe not a table\n")
        done = integra(tmp_path, "run", "member_states=[MT]", "population=small", "seeds=1", path=(copy,))
        refused(done, table)
        assert list(tmp_path.iterdir()) == []
    finally:
        file.write_bytes(whole)


def test_a_shadowing_model_is_named(tmp_path):
    (tmp_path / "model.py").write_text("")
    done = integra(tmp_path, "run", path=(tmp_path, ROOT))
    refused(done, str(tmp_path / "model.py"), str(ROOT / "model"))


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"], ["reproduce", "-h"], ["compare", "--help"]])
def test_help(tmp_path, arguments):
    done = integra(tmp_path, *arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: integra ")
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
