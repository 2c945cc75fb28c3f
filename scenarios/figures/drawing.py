"""Which figures a command draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context

from calibration.config import Accounting, Optimise
from model import Results, codes
from scenarios.figures import (
    age, calibration, comparison, groups, headline, optimum, parity, pipeline, policy, style, trials, validation,
)  # fmt: skip
from scenarios.published import published_rates


def draw_run(
    folder: Path,
    results: Sequence[Results],
    accounting: Accounting,
    hicp: Mapping[int, float],
    intervals: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Figures of one scenario; published figures are shown when all Member States are simulated. intervals: rows of draws."""
    folder.mkdir()
    published = published_rates() if tuple(results[0].member_states) == codes.MEMBER_STATES else {}
    with rc_context(style.SETTINGS):
        groups.net_contribution(folder / "net_contribution.png", results, accounting, hicp, intervals)
        groups.rates(folder / "employment_and_overqualification.png", results, published, intervals)
        pipeline.pipeline(folder / "language_and_recognition.png", results)
        pipeline.employment_by_arrival(folder / "employment_by_arrival.png", results)
        age.profile(folder / "age_profile.png", results, accounting, hicp)


def draw_gains(folder: Path, found: Mapping[str, Any], year: int) -> None:
    """Figures of the gain at parity from the content of summary.json, when parity with natives was computed."""
    if not found[f"gain_{year}"]:
        return
    with rc_context(style.SETTINGS):
        parity.gains(folder / "gain.png", found, str(year))
        parity.gain_parts(folder / "gain_parts.png", found, str(year))


def draw_groups(
    folder: Path,
    results: Sequence[Results],
    balances: np.ndarray,
    profile: pd.DataFrame,
    published: pd.DataFrame,
    accounting: Accounting,
) -> None:
    """The comparison of natives, EU-born and non-EU-born (scenarios.groups)."""
    with rc_context(style.SETTINGS):
        comparison.comparison(folder / "groups.png", results, balances, profile, published, accounting)


def draw_headline(
    folder: Path, found: Mapping[str, Any], read: Sequence[Mapping[str, Any]], intervals: Mapping[tuple[str, str], Any], year: int
) -> None:
    """The argument about the headline: `found` of summary.json, rows of readings.csv, intervals by place and outcome."""
    with rc_context(style.SETTINGS):
        headline.readings(folder / "readings.png", read, found, str(year))
        if any(key.endswith("_native") for key in found[f"decomposition_{year}"]):
            headline.waterfall(folder / "decomposition.png", found, str(year))
        if found[f"gain_{year}"]:
            headline.member_states(folder / "gain_by_member_state.png", found, intervals, str(year))


def draw_policies(folder: Path, tables: Mapping[str, pd.DataFrame], content: Mapping[str, Any]) -> None:
    """Figures of a comparison from its tables (scenarios.compare.write) and the content of summary.json."""
    names = content["policies"]
    with rc_context(style.SETTINGS):
        policy.over_time(folder / "effects.png", tables["effects"], content)
        policy.cost_and_gain(folder / "cost_and_gain.png", content)
        policy.tile_grid(folder / "member_states.png", tables["effects"], content, names)
        for name in dict.fromkeys(row["policy"] for row in content["measures"]):
            policy.waterfall(folder / f"measures_{name}.png", tables["measures"], content, name)


def draw_calibration(folder: Path, moments: pd.DataFrame, terms: pd.DataFrame) -> None:
    """Fit of the moments and estimated terms; `terms` as calibration.estimate.read returns them."""
    folder.mkdir()
    with rc_context(style.SETTINGS):
        calibration.fit(folder / "fit.png", moments)
        calibration.terms(folder / "terms.png", terms)
        calibration.macro(folder / "macro.png", terms)


def draw_validation(
    folder: Path, table: pd.DataFrame, results: Sequence[Results], paths: Mapping[str, np.ndarray]
) -> None:
    """Figures of integra validate: table of validation.csv, results at the centre, paths of the draws (draw first)."""
    folder.mkdir(exist_ok=True)
    with rc_context(style.SETTINGS):
        validation.fit(folder / "fit_of_years_not_used.png", table)
        validation.errors(folder / "error_by_member_state.png", table)
        validation.path(folder / "employment_path.png", results, paths["employment"])
        if "by_stay" in paths:
            validation.by_stay(folder / "protection_in_germany.png", results, paths["by_stay"], table)


def draw_trials(folder: Path, table: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Figures of integra trials: rows of trials.csv and profiles.csv."""
    folder.mkdir()
    with rc_context(style.SETTINGS):
        trials.forest(folder / "forest.png", table)
        trials.profiles(folder / "profiles.png", table, curves)


def draw_optimum(folder: Path, tables: Mapping[str, pd.DataFrame], asked: Optimise) -> None:
    """Figures of integra optimise from its tables."""
    folder.mkdir()
    with rc_context(style.SETTINGS):
        optimum.frontier(folder / "frontier.png", tables["frontier"], tables["responses"], asked)
        optimum.allocation(folder / "allocation.png", tables["allocation"], asked)
