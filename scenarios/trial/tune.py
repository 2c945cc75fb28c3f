"""Tune mechanisms to the published effects that may tune: `python -m scenarios.trial.tune [seeds]`.

Three parameters are moved until the simulated effects of the studies with the role `effect_tuning` are nearest to the published
ones, in published standard errors (minimum distance, by scipy's least squares on paired seeds); what else is known of a parameter
counts as one more distance. The command prints values, standard
errors and effects, and writes values and 90 % ranges into mechanisms.csv and standard errors, as prior widths, into priors.csv.
Held-out studies are not simulated. Whoever tunes estimates again afterwards; `integra trials` then judges all studies.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from calibration import effects, tables
from calibration.load_inputs import load_inputs
from scenarios.compose import trials as settings
from scenarios.progress import Progress
from scenarios.trial import design, world
from scenarios.trial.verdict import NORMAL_90, at_horizon

SEEDS = 4
EVALUATIONS = 4  # at most, each with slopes
STEP = 0.15  # of slopes, relative: small ones drown in Monte Carlo noise


class Tuned(NamedTuple):
    """How a parameter of mechanisms.csv is tuned; `prior` is mean and standard deviation of what is known beside the studies."""

    name: str  # in the model
    in_logs: bool
    bounds: tuple[float, float]
    prior: tuple[float, float] | None = None


TUNED = {
    "job_course_search": Tuned("job_course_search", False, (0.0, 3.0)),
    # Recognised against other migrants at their own level: odds of two to four (Brücker et al. 2014, recalled; of all professions,
    # a cross-section of the employed), so half as much or twice as much is within one standard deviation.
    "recognition_odds": Tuned("skilled_regulated_recognised", True, (1.0, 30.0), (float(np.log(2.0)), float(np.log(2.0)))),
    "wait_scar": Tuned("wait_scar", False, (0.0, 1.0)),
}
TOLERANCE = 0.05  # relative change of the parameters below which the search ends


def tuning_studies() -> list[design.Study]:
    """The designs of the studies that may tune."""
    names = effects.tuning()
    return [study for study in design.studies() if study.name in names]


def simulate(inputs: Any, values: Mapping[str, float], seeds: Sequence[int], progress: Progress) -> dict[str, float]:
    """Effect of each tuning study at its horizon, mean over seeds, with the parameters of the model named set to values."""
    studies = tuning_studies()
    parameters = inputs.parameters.copy()
    for name, value in values.items():
        parameters[name] = value
    changed = replace(inputs, parameters=parameters)
    profiles = [world.effects(changed, studies, seed, f"seed {seed}", progress) for seed in seeds]
    return {
        study.name: float(np.mean([at_horizon(one[study.name], int(design.number("horizon", study.name))) for one in profiles]))
        for study in studies
    }


def tune(inputs: Any, start: Mapping[str, float], seeds: Sequence[int], progress: Progress) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(parameters with value and standard error, in logs where tuned in logs; effects with published ones)."""
    published = effects.tuning()
    logs = np.array([one.in_logs for one in TUNED.values()])
    bounds = np.array([one.bounds for one in TUNED.values()])
    bounds[logs] = np.log(bounds[logs])
    found: dict[str, float] = {}

    def values_of(x: np.ndarray) -> dict[str, float]:
        return {one.name: float(value) for one, value in zip(TUNED.values(), np.where(logs, np.exp(x), x), strict=True)}

    def distances(x: np.ndarray) -> np.ndarray:
        found.update(simulate(inputs, values_of(x), seeds, progress))
        from_studies = [(found[name] - one.value) / one.standard_error for name, one in published.items()]
        from_priors = [(at - one.prior[0]) / one.prior[1] for at, one in zip(x, TUNED.values(), strict=True) if one.prior]
        return np.array([*from_studies, *from_priors])

    begin = np.array([np.log(start[name]) if one.in_logs else start[name] for name, one in TUNED.items()])
    solved = least_squares(distances, begin, bounds=bounds.T, diff_step=STEP, xtol=TOLERANCE, max_nfev=EVALUATIONS)
    error = np.sqrt(np.diag(np.linalg.inv(solved.jac.T @ solved.jac)))
    distances(solved.x)
    values = list(values_of(solved.x).values())
    parameters = pd.DataFrame({"parameter": list(TUNED), "value": values, "standard_error": error, "in_logs": logs})
    shown = [(name, one.value, one.standard_error, found[name]) for name, one in published.items()]
    return parameters, pd.DataFrame(shown, columns=["study", "published", "standard_error", "simulated"])


def write(folder: Path, parameters: pd.DataFrame) -> None:
    """Values and 90 % ranges into mechanisms.csv, prior widths into priors.csv."""
    for file, columns in (("mechanisms.csv", ("value", "low", "high")), ("priors.csv", ("sd",))):
        table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
        for row in parameters.itertuples():
            spread = NORMAL_90 * row.standard_error
            low, high = row.value * np.exp([-spread, spread]) if row.in_logs else (max(0.0, row.value - spread), row.value + spread)
            numbers = {"value": row.value, "low": low, "high": high, "sd": row.standard_error}
            mine = table["parameter"] == row.parameter
            for column in columns:
                table.loc[mine, column] = f"{numbers[column]:.3g}"
        table.to_csv(folder / file, index=False, lineterminator="\n")


def main() -> None:
    """Tune on seeds 1 to the number given as the first argument (SEEDS without)."""
    seeds = range(1, 1 + (int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS))
    config, _, _ = settings(["draws=0", "tables=shipped"])
    inputs = load_inputs(config)
    start = {name: tables.scalar(name) for name in TUNED}
    evaluations = 1 + EVALUATIONS * (1 + len(TUNED))
    progress = Progress(evaluations * len(seeds) * world.lengths(tuning_studies()))
    parameters, reached = tune(inputs, start, seeds, progress)
    progress.close()
    write(Path(str(tables.folder())), parameters)
    print(parameters.to_string(index=False))
    print(reached.to_string(index=False))
    print(progress.line)


if __name__ == "__main__":
    main()
