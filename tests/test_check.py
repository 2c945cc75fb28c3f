"""`integra reproduce --check` through real processes, on a small reference, and the tolerances by hand."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli_errors import integra, refused

from calibration.errors import InputError
from scenarios import check
from scenarios.provenance import result_hash

SETTINGS = ("population=small", "member_states=[MT,LU]", "run.end_year=2021", "seeds=2")
TABLES = ("conventions_table.csv", "fit.csv", "summary.json")
ROOT = Path(__file__).resolve().parents[1]


def run(folder, *arguments):
    """The command in a folder, with this interpreter."""
    return subprocess.run(
        [sys.executable, "-m", "scenarios.cli", *arguments], cwd=folder, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a reference made by a small run."""
    folder = tmp_path_factory.mktemp("made")
    done = run(folder, "reproduce", *SETTINGS)
    assert done.returncode == 0, done.stderr
    (result,) = (folder / "outputs").iterdir()
    reference = folder / "outputs" / "reference"
    reference.mkdir()
    for name in (*TABLES, "config.yaml"):
        shutil.copy(result / name, reference / name)
    return folder


@pytest.fixture
def copy(made, tmp_path):
    """Reference and result of the small run; the reference may be changed."""
    reference = shutil.copytree(made / "outputs" / "reference", tmp_path / "reference")
    config, _ = check.settings([f"reference={reference}"])
    return reference, made / "outputs" / f"{config.name}-{result_hash('reproduce', [config])}"


def test_a_rerun_is_identical_and_other_settings_are_told(made):
    """The reference of the current folder is found; the rerun meets it byte for byte. Other settings give other numbers."""
    done = run(made, "reproduce", "--check")
    assert done.returncode == 0, done.stderr
    assert "PASS: identical" in done.stdout and "3 tables" in done.stdout

    other = shutil.copytree(made / "outputs" / "reference", made / "other")
    (other / "config.yaml").write_text(
        (other / "config.yaml").read_text(encoding="utf-8").replace("- LU\n", ""), encoding="utf-8"
    )
    done = run(made, "reproduce", "--check", "reference=other", "compute.threads=1")
    assert done.returncode == 1, done.stderr
    assert "FAIL" in done.stdout and "  fit.csv, line 2 (stock LU" in done.stdout


def test_one_tampered_number(copy):
    reference, result = copy
    found = json.loads((reference / "summary.json").read_text(encoding="utf-8"))
    entry = found["net_contribution"]["native"]["2019"]
    shift = 4.1 * entry["monte_carlo_se"]
    entry["mean"] -= shift
    (reference / "summary.json").write_text(json.dumps(found), encoding="utf-8")
    compared = check.compare(reference, result)
    (difference,) = compared.differences
    assert (difference.file, difference.row, difference.column) == ("summary.json", "net_contribution / native / 2019", "mean")
    assert float(difference.found) - float(difference.reference) == pytest.approx(shift)
    assert not compared.passed and "summary.json, net_contribution / native / 2019, mean" in check.console(compared)

    entry["mean"] += 0.2 * entry["monte_carlo_se"]
    (reference / "summary.json").write_text(json.dumps(found), encoding="utf-8")
    compared = check.compare(reference, result)
    assert compared.passed and compared.same_bytes == 2 and compared.same_numbers == compared.numbers - 1
    assert compared.largest == pytest.approx(3.9 / 4, abs=1e-3)
    assert "PASS: within tolerance" in check.console(compared)


def test_tolerance_without_a_standard_error(copy, tmp_path):
    """Four times the median relative standard error, of the number or of the median of its column if that is larger."""
    reference, result = copy[0], shutil.copytree(copy[1], tmp_path / "result")
    rows = _rows(reference / "fit.csv")
    largest = max((row for row in rows if row["unit"] == "persons"), key=lambda row: float(row["simulated"]))
    line = 2 + rows.index(largest)
    largest["monte_carlo_se"] = ""
    for folder in (reference, result):
        _write(folder / "fit.csv", rows)
    relative = check._relative_error([check._cells(reference / name) for name in TABLES])
    for times, passes in ((3.9, True), (4.1, False)):
        changed = [dict(row) for row in rows]
        changed[line - 2]["simulated"] = repr(float(largest["simulated"]) / (1.0 - times * relative))
        _write(reference / "fit.csv", changed)
        compared = check.compare(reference, result)
        assert compared.passed == passes
        if not passes:
            (difference,) = compared.differences
            assert difference.row.startswith(f"line {line} (") and difference.column == "simulated"


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_missing_tables_rows_and_columns(copy):
    reference, result = copy
    (reference / "other.csv").write_text("part,value\npay,12.5\n", encoding="utf-8")
    found = json.loads((reference / "summary.json").read_text(encoding="utf-8"))
    del found["achieved_gap"]
    found["seeds"] = [1, 3]
    (reference / "summary.json").write_text(json.dumps(found), encoding="utf-8")
    text = (reference / "fit.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (reference / "fit.csv").write_text("".join(text[:-1]), encoding="utf-8")
    differences = check.compare(reference, result).differences
    by_file = {name: [d for d in differences if d.file == name] for name in ("other.csv", "summary.json", "fit.csv")}
    assert [d.found for d in by_file["other.csv"]] == ["not written by this run"]
    assert {(d.row, d.column, d.reference) for d in by_file["summary.json"] if not d.row.startswith("achieved_gap")} == {
        ("seeds", "1", "3")
    }
    assert all(d.reference == "missing" for d in by_file["summary.json"] if d.row.startswith("achieved_gap"))
    assert len(by_file["fit.csv"]) == len(text[0].split(",")) and all(d.reference == "missing" for d in by_file["fit.csv"])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("no settings", ["reference=", "config.yaml"]),
        ("other verb", ["config.yaml", "verb: reproduce"]),
        ("other key", ["config.yaml", "accounting.children=neither", "own, parents"]),
        ("no tables", ["reference=", "tables"]),
        ("torn", ["config.yaml", "cannot be read"]),
        ("torn table", ["summary.json", "cannot be read"]),
        ("cut table", ["fit.csv", "cannot be read", "number of fields"]),
    ],
)
def test_references_that_cannot_be_used(made, tmp_path, damage, words):
    """Whatever is wrong is told before the rerun."""
    reference = shutil.copytree(made / "outputs" / "reference", tmp_path / "damaged")
    settings = reference / "config.yaml"
    text = settings.read_text(encoding="utf-8")
    if damage == "no settings":
        settings.unlink()
    elif damage == "other verb":
        settings.write_text(text.replace("verb: reproduce", "verb: run"), encoding="utf-8")
    elif damage == "other key":
        settings.write_text(text.replace("children: own", "children: neither"), encoding="utf-8")
    elif damage == "torn":
        settings.write_text("a: [", encoding="utf-8")
    elif damage == "torn table":
        (reference / "summary.json").write_bytes((reference / "summary.json").read_bytes()[:1000])
    elif damage == "cut table":
        (reference / "fit.csv").write_bytes((reference / "fit.csv").read_bytes()[:-10])
    else:
        for name in TABLES:
            (reference / name).unlink()
    with pytest.raises(InputError) as refusal:
        check.settings([f"reference={reference}"])
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reproduce", "--check", "seeds=3"], ["seeds=3", "reference=<folder>", "compute"]),
        (["reproduce", "--check", "-m"], ["-m", "--check"]),
        (["reproduce", "--check", "reference=nowhere"], ["reference=nowhere", "config.yaml"]),
        (["reproduce", "--check", "compute.threads=0"], ["compute.threads=0", "1 to 64"]),
        (["reproduce", "reference=nowhere"], ["reference=nowhere", "unknown key"]),
        (["run", "--check"], ["--check", "unknown option"]),
    ],
)
def test_bad_settings(tmp_path, arguments, words):
    refused(integra(tmp_path, *arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_reference_is_found_from_anywhere(tmp_path, monkeypatch):
    """Without outputs/reference in the current folder the one of the package is used, and its settings compose."""
    monkeypatch.chdir(tmp_path)
    config, folder = check.settings([])
    assert folder == ROOT / "outputs" / "reference" and config.name == "reproduce"
    assert set(check.tables_of(folder)) >= {"conventions_table.csv", "summary.json"}
    compared = check.compare(folder, folder)
    assert compared.passed and compared.same_bytes == compared.tables and compared.numbers == compared.same_numbers > 1000
