"""What the command prints: help, and the tables on the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf

from scenarios import compose

CHECKING = """
  --check [reference=<folder>] [compute.threads=<n>]
      rerun with the settings of the reference run (outputs/reference of the current folder, else the one that came with
      the package) and compare every number of its tables: PASS, or what differs and exit status 1
"""


def usage() -> str:
    """Help of the command."""
    verbs = "\n".join(f"  {verb:<11}{meaning}" for verb, meaning in (compose.VERBS | compose.TOOLS).items())
    return f"""usage: integra <verb> [key=value ...] [-m]

{verbs}

Settings are Hydra overrides, for example
  integra run policy=fast_recognition member_states=[DE,FR] seeds=2
  integra run -m policy=baseline,fast_recognition     several jobs, all checked before the first starts
  integra compare policies=[fast_recognition,language_upon_arrival]
  integra run population=small                        a first look in seconds
  integra run --config-dir=mine policy=my_mix         with files of your own, here mine/policy/my_mix.yaml
integra <verb> --help lists the settings. Results go to outputs/<name>-<hash>/."""


def verb_usage(verb: str) -> str:
    """Help of one verb: its settings with their values, and the groups with their options."""
    if verb in compose.TOOLS:
        return "\n\n".join(_task_usage(verb, task) for task in compose.TASKS)
    body = _settings(verb)
    groups = "\n".join(f"  {group:<12}{', '.join(compose.options(group))}" for group in compose.groups())
    checking = CHECKING if verb == "reproduce" else ""
    return f"""usage: integra {verb} [key=value ...] [-m]

{compose.VERBS[verb]}
{checking}
groups (choose with group=option, an experiment with experiment=option)
{groups}

settings
{body}"""


def _task_usage(verb: str, task: str) -> str:
    file, meaning = compose.TASKS[task]
    return f"usage: integra {verb} {task} [key=value ...]\n\n{meaning}\n\nsettings\n{_settings(file)}"


def _settings(file: str) -> str:
    values = OmegaConf.to_yaml(OmegaConf.create(compose.settings(file, [])))
    return "\n".join("  " + line for line in values.splitlines())


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, the first to the left, the others to the right."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def estimate(mean: float | None, error: float | None, digits: int = 0) -> str:
    """`1 234 (5)`: mean and Monte Carlo standard error."""
    if mean is None:
        return "-"
    text = f"{round(mean, digits) + 0.0:,.{digits}f}".replace(",", " ")  # no minus before zero
    return text if error is None else f"{text} ({error:,.{max(digits, 0)}f})".replace(",", " ")


def interval(row: Mapping[str, Any], digits: int = 0) -> str:
    """`1 234 [900 to 1 500] (5)`: centre, 90 % interval where one is known, Monte Carlo standard error."""
    if row["low"] is None:
        return estimate(row["centre"], row["monte_carlo_se"], digits)
    low, high = (estimate(row[name], None, digits) for name in ("low", "high"))
    error = row["monte_carlo_se"]
    end = "" if error is None else f" ({error:,.{digits}f})".replace(",", " ")
    return f"{estimate(row['centre'], None, digits)} [{low} to {high}]{end}"


def told(entry: Mapping[str, Any], digits: int = 0) -> str:
    """`interval` of an entry of summary.json."""
    return interval({"low": None, "centre": entry["mean"], **entry}, digits)
