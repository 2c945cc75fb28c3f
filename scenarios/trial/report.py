"""What `integra trials` says: the console table and report.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from calibration import effects
from calibration.config import Config
from scenarios import text
from scenarios.trial.verdict import SIGN_ONLY

HORIZONS = (2, 4, 8, 12, 16, 24, 40)  # quarters of a profile that the report shows


def _number(value: float, unit: str) -> str:
    """An effect in points or percent."""
    return "-" if pd.isna(value) else f"{100.0 * value:+.1f}" + (" %" if unit == "relative" else "")


def _interval(low: float, high: float, unit: str) -> str:
    return "sign only" if pd.isna(low) else f"{_number(low, unit)} to {_number(high, unit)}"


def console(table: pd.DataFrame, fit: pd.DataFrame, earlier: Sequence[str], config: Config) -> str:
    """One line per study, structures, and what the log says."""
    lines = []
    for role, mine in table.groupby("role", sort=False):
        rows = []
        for row in mine.itertuples():
            interval = _interval(row.low, row.high, row.unit)
            simulated = f"{_number(row.simulated, row.unit)} [{interval}] ({100.0 * row.monte_carlo_se:.1f})"
            rows.append([row.label, _published(row), simulated, row.verdict])
        passed = int((mine["verdict"] == "pass").sum())
        lines += [f"Effects {_of(role)}: {passed} of {len(mine)} pass. Points or percent, 90 % intervals (Monte Carlo error)"]
        lines += [text.table(["", "published", "simulated", "verdict"], rows), ""]
    lines += [_uncertainty(config), ""]
    if fit["structure"].nunique() > 1:
        lines += ["Distance of structures from the published effects (sum of squares, in standard errors)", structures(fit), ""]
    return "\n".join([*lines, *earlier])


def _of(role: str) -> str:
    return "that may tune mechanisms" if role == "tuning" else "held out"


def _uncertainty(config: Config) -> str:
    if not config.draws:
        return f"Intervals: Monte Carlo error of {len(config.seeds)} seeds alone (draws=0)."
    return (
        f"Intervals of simulated effects: {config.draws} draws of all parameters, widened by the Monte Carlo error of "
        f"{len(config.seeds)} seeds, which also stands apart. Published standard errors are assumptions where the table says so."
    )


def structures(fit: pd.DataFrame) -> str:
    """Structures by distance over all studies, with those that cannot be told from the nearest."""
    order = fit[fit["role"] == "all"].sort_values("distance", kind="stable")
    rows = []
    for row in order.itertuples():
        by_role = fit[(fit["structure"] == row.structure) & (fit["role"] != "all")].set_index("role")["distance"]
        roles = [f"{by_role[name]:.1f}" if name in by_role else "-" for name in effects.ROLES.values()]
        found = text.estimate(row.distance, row.monte_carlo_se, 1)
        said = "" if row.apart else "nearest, or not told from it"
        rows.append([row.structure.replace("_", " "), found, *roles, f"{row.inside} of {row.effects}", said])
    return text.table(["", "all", *effects.ROLES.values(), "within published", ""], rows)


def markdown(table: pd.DataFrame, curves: pd.DataFrame, fit: pd.DataFrame, earlier: Sequence[str], config: Config) -> str:
    """report.md: verdicts, each study in words with its profile, structures, and how to read it."""
    lines = ["# Virtual trials", ""]
    for role, mine in table.groupby("role", sort=False):
        lines += [f"Of {len(mine)} effects {_of(role)}, {int((mine['verdict'] == 'pass').sum())} pass.", ""]
    lines.append(verdicts(table))
    lines += ["", _uncertainty(config), "", "![Simulated beside published](figures/forest.png)", ""]
    lines += [
        "A trial passes when the 90 % intervals overlap, the sign agrees (where the published interval leaves one) and the course "
        "over time is the published one (lock-in, lasting, fading). Effects are in points of the outcome, or in percent.", "",
        "![Course over time](figures/profiles.png)", "", "## The studies", "",
    ]  # fmt: skip
    for row in table.itertuples():
        lines += _study(row, curves[curves["study"] == row.study])
    if fit["structure"].nunique() > 1:
        lines += ["## Structural alternatives", "", "```", structures(fit), "```", "", _caution(), ""]
    return "\n".join([*lines, "## Log of verdicts", "", *(f"- {line}" for line in earlier), ""])


def verdicts(table: pd.DataFrame) -> str:
    """The rows of trials.csv as a table in Markdown, one line per study."""
    rows = [
        (row.label, row.role, _published(row), _number(row.simulated, row.unit), _interval(row.low, row.high, row.unit),
         f"{100.0 * row.monte_carlo_se:.2f}", row.verdict)
        for row in table.itertuples()
    ]  # fmt: skip
    return text.markdown(("study", "role", "published", "simulated", "90 % interval", "Monte Carlo error", "verdict"), rows)


def _published(row: Any) -> str:
    if row.unit == SIGN_ONLY:
        return "positive" if row.published > 0 else "negative"
    return f"{_number(row.published, row.unit)} ({_interval(row.published_low, row.published_high, row.unit)})"


def _study(row: Any, curve: pd.DataFrame) -> list[str]:
    """One study in words: design, what is simulated, effect over time, and why it may fail."""
    effect, words = effects.published()[row.study], effects.words()[row.study]
    error = f", standard error {effect.error_status}" if effect.error_status else ""
    found = f"{_number(row.simulated, row.unit)}, {_interval(row.low, row.high, row.unit)}"
    lines = [
        f"### {row.label}", "", f"{effect.source}: {words['design']}.",
        f"{words['outcome'].capitalize()}: {_published(row)} ({effect.status}{error}).",
        f"Simulated: {words['simulated']}.", "", f"**{row.verdict.capitalize()}.** {found}.",
    ]  # fmt: skip
    if row.verdict != "pass" and words["why"]:
        lines.append(words["why"])
    shown = curve[curve["quarter"].isin(HORIZONS)]
    cells = [f"{_number(point.effect, row.unit)} ({_interval(point.low, point.high, row.unit)})" for point in shown.itertuples()]
    header = ["quarters since", *shown["quarter"].astype(str)]
    return [*lines, "", text.markdown(header, [["effect", *cells]]), ""]


def _caution() -> str:
    return (
        "Distances take the effects as independent, though some share a study, and lean on assumed standard errors. Estimates are "
        "those of the default structure and are not made anew, so an alternative also moves levels of employment. Alternatives are "
        "simulated at the centre of the parameters; intervals belong to the default."
    )
