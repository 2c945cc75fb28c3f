"""`integra reproduce --check`: rerun with the settings of a reference and compare every number of its tables.

Reads the folder of the reference run (config.yaml, and whatever CSV and JSON tables lie beside it) and the result folder of
the rerun; writes nothing. The same machine type and versions give the same bytes. Elsewhere a different last digit of
an exponential may turn single draws, so numbers are also held against a tolerance taken from the Monte Carlo standard errors
in the reference: `TIMES` standard errors where one stands beside the number, otherwise `TIMES` times the median relative
standard error of the reference times the number (at least the median size of such numbers), plus rounding. Years, seeds,
whole numbers of JSON, names and verdicts must be the same.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from calibration.config import Config, config_from
from calibration.errors import InputError, refuse
from scenarios import compose

FLAG = "--check"
SETTING = "reference"  # of another folder than the default
PLACE = Path("outputs") / "reference"
INSTALLED = "integra_reference"  # where the wheel puts it (pyproject.toml)
SETTINGS_FILE = "config.yaml"
LEFT_OUT = ("provenance.json",)  # holds times
TIMES = 4.0  # standard errors that a number may differ by
OF_ERROR = 0.5  # by which share of itself a standard error may differ
ROUNDING = 1e-9  # relative, numbers written with ten digits
SMALLEST = 1e-6  # differences below it are rounding whatever the number
SHOWN = 12  # differences printed of each table
EXACT = ("year", "seed", "draw", "draws")  # columns that name a row
NO_ERROR = ("share", "ratio")  # endings of columns that the standard error of their row does not belong to


@dataclass(frozen=True)
class Cell:
    """One entry of a table: a number, or anything else as text, which must be the same."""

    value: float | str
    row: str  # for messages
    error: float | None = None  # Monte Carlo standard error beside it
    is_error: bool = False
    rounding: float = 0.0
    kind: tuple[str, ...] = ()  # numbers of the same column and unit


@dataclass(frozen=True)
class Difference:
    """An entry that differs by more than its tolerance (empty: it must be the same), or that only one side has."""

    file: str
    row: str
    column: str
    reference: str
    found: str
    tolerance: str


@dataclass(frozen=True)
class Comparison:
    """What a rerun gave beside the reference."""

    reference: Path
    tables: int
    same_bytes: int  # tables
    numbers: int
    same_numbers: int
    largest: float  # difference of a number as a share of its tolerance
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing differs by more than its tolerance."""
        return not self.differences


def settings(overrides: Sequence[str]) -> tuple[Config, Path]:
    """The settings of the reference and its folder; overrides may name the folder and the machine (compute.*).

    Raises InputError for any other override, a folder without settings and tables of a reproduce run, or a table that cannot be
    read, which would be found after the whole rerun otherwise.
    """
    named = [text.partition("=")[2] for text in overrides if text.partition("=")[0] == SETTING]
    machine = [text for text in overrides if text.partition("=")[0] != SETTING]
    for text in machine:
        if text.partition("=")[0].partition(".")[0] != "compute":
            allowed = f"{SETTING}=<folder> and compute.*, because {FLAG} takes the settings of the reference"
            raise InputError(f"{text}: not with {FLAG}, allowed is {allowed}")
    folder = reference_folder(named[-1] if named else None)
    try:
        plain = OmegaConf.to_container(OmegaConf.load(folder / SETTINGS_FILE))
    except Exception as error:  # a file that is no YAML raises errors of several libraries
        raise InputError(f"{folder / SETTINGS_FILE}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(plain, Mapping) or plain.get("verb") != "reproduce":
        raise InputError(f"{folder / SETTINGS_FILE}: allowed is what integra reproduce writes (verb: reproduce)")
    if not tables_of(folder):
        raise refuse(SETTING, str(folder), "a folder with CSV or JSON tables of integra reproduce")
    for name in tables_of(folder):
        _cells(folder / name)
    jobs = {name: value for name, value in plain.items() if name != "verb"}
    try:
        return config_from({**jobs, "compute": compose.settings("reproduce", machine)["compute"]}), folder
    except InputError as error:
        raise InputError(f"{folder / SETTINGS_FILE}: {error}") from error


def reference_folder(named: str | None) -> Path:
    """The folder named, or the first there is: outputs/reference in the current folder, in the repository, the one installed.

    Raises InputError that names the folders looked into.
    """
    root = Path(__file__).resolve().parents[1]
    candidates = [Path(named)] if named is not None else [PLACE, root / PLACE, root / INSTALLED]
    for folder in candidates:
        if (folder / SETTINGS_FILE).is_file():
            return folder
    looked = ", ".join(str(folder) for folder in candidates)
    raise refuse(SETTING, named or "", f"a folder that holds {SETTINGS_FILE} and tables of a run (looked for {looked})")


def tables_of(folder: Path) -> list[str]:
    """Names of the tables of a folder that are compared."""
    names = (path.name for path in folder.iterdir() if path.suffix in (".csv", ".json"))
    return sorted(name for name in names if name not in LEFT_OUT)


def compare(reference: Path, result: Path) -> Comparison:
    """Every table of the reference against that of the result folder; raises InputError for a table that cannot be read."""
    names = tables_of(reference)
    before = {name: _cells(reference / name) for name in names}
    relative = _relative_error(before.values())
    differences: list[Difference] = []
    same_bytes = numbers = same_numbers = 0
    largest = 0.0
    for name in names:
        numbers += sum(isinstance(cell.value, float) for cell in before[name].values())
        if not (result / name).is_file():
            differences.append(Difference(name, "", "", "a table", "not written by this run", ""))
            continue
        if (reference / name).read_bytes() == (result / name).read_bytes():
            same_bytes += 1
            same_numbers += sum(isinstance(cell.value, float) for cell in before[name].values())
            continue
        after = _cells(result / name)
        sizes = _sizes(before[name])
        for key, cell in before[name].items():
            other = after.get(key)
            if other is None:
                differences.append(Difference(name, cell.row, key[1], _shown(cell.value), "missing", ""))
            elif isinstance(cell.value, float) and isinstance(other.value, float):
                allowed = _tolerance(cell, relative, sizes)
                apart = abs(other.value - cell.value)
                same_numbers += apart == 0.0
                largest = max(largest, apart / allowed)
                if not apart <= allowed:
                    shown = (_shown(cell.value), _shown(other.value), f"{allowed:.3g}")
                    differences.append(Difference(name, cell.row, key[1], *shown))
            elif cell.value != other.value:
                differences.append(Difference(name, cell.row, key[1], _shown(cell.value), _shown(other.value), ""))
        for key, cell in after.items():
            if key not in before[name]:
                differences.append(Difference(name, cell.row, key[1], "missing", _shown(cell.value), ""))
    return Comparison(reference, len(names), same_bytes, numbers, same_numbers, largest, tuple(differences))


def console(found: Comparison) -> str:
    """The verdict, and what differs."""
    size = f"{found.tables} tables with {found.numbers} numbers".replace(",", " ")
    if found.passed:
        if found.same_bytes == found.tables:
            return f"PASS: identical to {found.reference} ({size}, the same bytes)"
        share = f"{found.same_numbers} of the numbers identical, the largest difference {found.largest:.2f} of its tolerance"
        return f"PASS: within tolerance of {found.reference} ({size}; {share})"
    lines = [f"FAIL: {len(found.differences)} entries differ from {found.reference} ({size})"]
    for file in dict.fromkeys(entry.file for entry in found.differences):
        mine = [entry for entry in found.differences if entry.file == file]
        for entry in mine[:SHOWN]:
            where = ", ".join(filter(None, (file, entry.row, entry.column)))
            allowed = f", tolerance {entry.tolerance}" if entry.tolerance else ""
            lines.append(f"  {where}: reference {entry.reference}, found {entry.found}{allowed}")
        if len(mine) > SHOWN:
            lines.append(f"  {file}: and {len(mine) - SHOWN} more")
    return "\n".join(lines)


Cells = dict[tuple[str, str], Cell]  # line or keys, column


def _cells(path: Path) -> Cells:
    try:
        text = path.read_text(encoding="utf-8")
        return _of_csv(text) if path.suffix == ".csv" else dict(_of_json(json.loads(text), "", ()))
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error


def _of_csv(text: str) -> Cells:
    """Entries of a table by line; for messages a row is named by its texts too."""
    found: Cells = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if None in row or None in row.values():
            raise ValueError(f"line {line} has another number of fields than the first")
        values = {column: _number(entry) for column, entry in row.items() if not _is_exact(column)}
        words = [entry for column, entry in row.items() if column != "unit" and values.get(column) is None and entry]
        name = f"line {line} ({' '.join(words)})" if words else f"line {line}"
        for column, entry in row.items():
            value = values.get(column)
            if value is None:
                found[str(line), column] = Cell(entry, name)
                continue
            error = _number(row.get(f"{column}_se", "")) or _error_beside(column, _number(row.get("monte_carlo_se", "")))
            kind = (column, row.get("unit", ""))
            found[str(line), column] = Cell(value, name, error, _is_error(column), _last_digit(entry), kind)
    return found


def _of_json(value: Any, name: str, path: tuple[str, ...], error: float | None = None) -> Iterator[tuple[tuple[str, str], Cell]]:
    """Entries of nested dictionaries and lists; the keys above the last one name the row. Whole numbers are exact."""
    if isinstance(value, Mapping):
        beside = value.get("monte_carlo_se")
        for key, entry in value.items():
            yield from _of_json(entry, key, (*path, key), _error_beside(key, beside))
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            yield from _of_json(entry, name, (*path, str(i)))
    else:
        key = (" / ".join(path[:-1]), path[-1] if path else "")
        if isinstance(value, float):
            yield key, Cell(value, key[0], error, _is_error(name), ROUNDING * abs(value), (name,))
        else:
            yield key, Cell("" if value is None else str(value), key[0])


def _error_beside(column: str, error: float | None) -> float | None:
    return None if _is_error(column) or column.endswith(NO_ERROR) else error


def _is_error(column: str) -> bool:
    return column.endswith("_se")


def _is_exact(column: str) -> bool:
    return column in EXACT or column.endswith("_year")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _last_digit(text: str) -> float:
    """One unit of the last digit written; of a number without decimals its sixth digit (`113905` may be rounded or not)."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    if not digits and not exponent:
        return 1e-5 * abs(float(text))
    return 10.0 ** (int(exponent or 0) - digits)


def _relative_error(tables: Any) -> float:
    """Median Monte Carlo standard error over the number it belongs to, zero when there is none."""
    found = [
        cell.error / abs(cell.value)
        for cells in tables for cell in cells.values()
        if isinstance(cell.value, float) and cell.error and cell.value
    ]  # fmt: skip
    return float(np.median(found)) if found else 0.0


def _sizes(cells: Cells) -> dict[tuple[str, ...], float]:
    """Median size of the numbers of each kind."""
    found: dict[tuple[str, ...], list[float]] = {}
    for cell in cells.values():
        if isinstance(cell.value, float):
            found.setdefault(cell.kind, []).append(abs(cell.value))
    return {kind: float(np.median(values)) for kind, values in found.items()}


def _tolerance(cell: Cell, relative: float, sizes: Mapping[tuple[str, ...], float]) -> float:
    assert isinstance(cell.value, float)
    rounding = cell.rounding + SMALLEST
    if cell.is_error:
        return OF_ERROR * abs(cell.value) + rounding
    if cell.error is not None:
        return TIMES * cell.error + rounding
    return TIMES * relative * max(abs(cell.value), sizes[cell.kind]) + rounding


def _shown(value: float | str) -> str:
    return f"{value:.10g}" if isinstance(value, float) else value or "nothing"
