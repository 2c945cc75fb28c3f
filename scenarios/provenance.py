"""What a result came from: hashes of settings, tables and code; versions; git state; time per process."""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from calibration import fiscal_engine, tables
from calibration.config import Config, settings_of

_CODE = ("model", "calibration", "scenarios")
_PACKAGES = (
    "numpy", "scipy", "pandas", "pyarrow", "mesa", "numba", "llvmlite", "hydra-core", "omegaconf", "matplotlib", "ipfn",
)  # fmt: skip


def code_hash() -> str:
    """SHA-256 over the source files of the packages."""
    digest = hashlib.sha256()
    for package in _CODE:
        for name, file in _sources(resources.files(package), package):
            digest.update(name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable, name: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            found += _sources(entry, path)
        elif entry.name.endswith(".py"):
            found.append((path, entry))
    return found


def result_settings(verb: str, configs: list[Config], own: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Content of config.yaml: the settings that decide the result, the machine left out, compared policies and the verb's
    `own` settings added."""
    jobs = [settings_of(config) for config in configs]
    for job in jobs:
        del job["compute"]
    compared = {"policies": [job["policy"] for job in jobs[1:]]} if jobs[1:] else {}
    return {"verb": verb, **jobs[0], **(own or {}), **compared}


def input_hashes(config: Config) -> dict[str, str]:
    """SHA-256 of every table and file a result is made from, and versions of what a fiscal engine calls."""
    return tables.hashes() | fiscal_engine.hashes(config.fiscal)


def result_hash(verb: str, configs: list[Config], own: Mapping[str, Any] | None = None) -> str:
    """Twelve hexadecimal digits over settings, data tables and code: the same hash promises the same result."""
    content = [result_settings(verb, configs, own), input_hashes(configs[0]), code_hash()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def provenance(
    verb: str, configs: list[Config], person_quarters: int, wall: float, seconds: dict[str, float]
) -> dict[str, Any]:
    """What provenance.json holds; `wall` are the seconds spent simulating, `seconds` those of each process."""
    return {
        "command": verb,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "version": _version("integra"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "git": git_state(Path(__file__).resolve().parents[1]),
        "code_hash": code_hash(),
        "input_hashes": input_hashes(configs[0]),
        "compute": settings_of(configs[0])["compute"],
        "seeds": list(configs[0].seeds),
        "person_quarters": person_quarters,
        "seconds_simulating": round(wall, 3),
        "person_quarters_per_second": round(person_quarters / wall) if wall > 0 else None,
        "seconds_per_process": {name: round(value, 3) for name, value in seconds.items()},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def git_state(root: Path) -> dict[str, Any] | None:
    """Commit and whether files differ from it; None outside a git checkout."""
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
        return run.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
