"""What the command prints: help, and the tables on the console."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from omegaconf import OmegaConf

from scenarios import compose

WIDTH = 110  # of a line of help
SETTING = re.compile(r"(  )?['\"]?(\w+)['\"]?:")  # a line of YAML, indented once at most
SHOWN = ("default", "baseline", "builtin", "estimated", "latest")  # options of the groups that say what their settings mean
OF_EVERY_JOB = {
    "policy": "levers by label; the files under conf/policy show their settings",
    "name": "of the result folder, <name>-<hash>",
    "member_states": "all, or one or a list such as [DE,FR]",
    "seeds": "how many, or a list such as [1,2]",
    "draws": "of all parameters, for intervals: 0, or 8 to 80",
    "estimates": "shipped, or a folder that integra calibrate has written",
}

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
integra <verb> --help lists the settings, integra data <task> --help those of a task. Results go to outputs/<name>-<hash>/.
Exit status: 0 done, 1 not the same (reproduce --check), 2 refused with one line, 130 interrupted."""


def verb_usage(verb: str, rest: Sequence[str] = ()) -> str:
    """Help of one verb: its settings with their values, and the groups with their options; of `data` only the task in `rest`."""
    if verb in compose.TOOLS:
        return "\n\n".join(_task_usage(verb, task) for task in [task for task in compose.TASKS if task in rest] or compose.TASKS)
    body = _settings(verb)
    groups = "\n".join(
        textwrap.fill(f"  {group:<12}{', '.join(compose.options(group))}", WIDTH, subsequent_indent=" " * 14)
        for group in compose.groups()
    )
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
    """The settings in force without any override, with what the files say of them."""
    comments = OF_EVERY_JOB | _comments(f"{file}.yaml")
    for group in compose.groups():
        for option in SHOWN:
            if (resources.files("conf") / group / f"{option}.yaml").is_file():
                comments |= {f"{group}.{key}": said for key, said in _comments(f"{group}/{option}.yaml").items()}
    lines = OmegaConf.to_yaml(OmegaConf.create(compose.settings(file, []))).splitlines()
    said = [comments.get(key, "") for key in _dotted(lines)]
    return "\n".join(f"  {line:<28}  # {comment}" if comment else f"  {line}" for line, comment in zip(lines, said, strict=True))


def _comments(name: str) -> dict[str, str]:
    """What a shipped file of settings says of each, behind it on the same line."""
    lines = resources.files("conf").joinpath(name).read_text(encoding="utf-8").splitlines()
    found = {key: line.partition("# ")[2] for key, line in zip(_dotted(lines), lines, strict=True)}
    return {key: comment for key, comment in found.items() if key and comment}


def _dotted(lines: Sequence[str]) -> list[str]:
    """The key of each line of YAML, with its group if it is indented once; empty for every other line."""
    keys, group = [], ""
    for line in lines:
        match = SETTING.match(line)
        if match and not match[1]:
            group = match[2]
        keys.append("" if not match else f"{group}.{match[2]}" if match[1] else match[2])
    return keys


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


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = False) -> str:
    """A table for a document; numbers: all columns but the first to the right."""
    rule = ["---", *["---:" if numbers else "---"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def filled(document: str, **blocks: str) -> str:
    """A document with what lies between the markers <!-- name:begin --> and <!-- name:end --> replaced by the block of that name."""
    for name, block in blocks.items():
        new = f"<!-- {name}:begin -->\n{block}\n<!-- {name}:end -->"
        document = re.sub(f"<!-- {name}:begin -->.*?<!-- {name}:end -->", lambda _, new=new: new, document, flags=re.S)
    return document


def estimate(mean: float | None, error: float | None, digits: int = 0) -> str:
    """`1 234 (5)`: mean and Monte Carlo standard error."""
    if mean is None:
        return "-"
    text = f"{round(mean, digits) + 0.0:,.{digits}f}".replace(",", " ")  # no minus before zero
    return text if error is None else f"{text} ({error:,.{max(digits, 0)}f})".replace(",", " ")


def plain(value: float) -> str:
    """A number as it was set, thousands apart: `1 000`, `2.5`."""
    return f"{value:,.10g}".replace(",", " ")


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
