"""`integra trials`: published studies set up inside the model; simulated effects beside published ones, with verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from calibration import effects
from calibration.config import Config
from calibration.draw import Draw
from calibration.errors import refuse
from calibration.load_inputs import load_inputs
from model.codes import FIRST_YEAR
from scenarios import draws, figures, statistics
from scenarios.folder import final_folder, result_folder
from scenarios.progress import Progress
from scenarios.provenance import provenance, result_hash, result_settings
from scenarios.run import write_json
from scenarios.trial import design, log, report, world
from scenarios.trial.verdict import NORMAL_90, SIGN_ONLY, at_horizon, published_interval, verdict

STRUCTURE_SEEDS = 2  # seeds of a structural alternative
TIE = 2.71  # distances closer than this are not told apart: the 90 % point of a likelihood ratio with one degree of freedom
Profiles = dict[str, np.ndarray]  # by study: [simulation, quarter since the event]


def trials(config: Config, structures: Mapping[str, Config], asked: Sequence[str]) -> str:
    """Simulate, write the result folder, and return the text for the console."""
    studies = chosen(config, asked)
    names = [study.name for study in studies]
    needed = FIRST_YEAR + max(design.last_quarter(name) for name in names) // 4
    if config.run.end_year < needed:
        raise refuse("run.end_year", config.run.end_year, f"{needed} or later, for the longest of the studies")
    plan = {"studies": names, "structures": list(structures)}
    digest = result_hash("trials", [config], plan)
    seeds = config.seeds[:STRUCTURE_SEEDS]
    runs = len(config.seeds) + config.draws + len(structures) * len(seeds)
    progress = Progress(runs * world.lengths(studies))
    with result_folder(config.compute.output, config.name, digest) as folder:
        centre = _simulate(config, names, [(Draw(), seed) for seed in config.seeds], "centre", progress)
        drawn = _simulate(config, names, [(Draw(d), d) for d in range(1, config.draws + 1)], "draw", progress)
        few = [(Draw(), seed) for seed in seeds]
        found = {name: _simulate(other, names, few, name, progress) for name, other in structures.items()}
        progress.close()
        curves = profiles(centre, drawn)
        table = judge(centre, drawn)
        fit = fits({"default": {name: values[: len(seeds)] for name, values in centre.items()}, **found})
        earlier = log.compare(table)
        _write(folder, config, plan, table, curves, fit, progress)
        (folder / "report.md").write_text(report.markdown(table, curves, fit, earlier, config), encoding="utf-8")
        figures.draw_trials(folder / "figures", table, curves)
    place = final_folder(config.compute.output, config.name, digest)
    return "\n".join([report.console(table, fit, earlier, config), "", str(place), progress.line])


def chosen(config: Config, asked: Sequence[str]) -> list[design.Study]:
    """The studies asked for (all if none is) whose Member States are in the run; raises InputError when none is left."""
    every = {study.name: study for study in design.studies()}
    for name in asked:
        if name not in every:
            raise refuse("studies", name, f"all, or a list of {', '.join(every)}")
    names = [name for name in every if name in asked] if asked else list(every)
    left = [every[name] for name in names if set(every[name].member_states) <= set(config.member_states)]
    if not left:
        states = sorted({state for name in names for state in every[name].member_states})
        raise refuse("member_states", list(config.member_states), f"those of a study, here {', '.join(states)}")
    return left


def _simulate(config: Config, names: Sequence[str], wanted: Sequence[tuple[Draw, int]], label: str, progress: Progress) -> Profiles:
    """Profiles of the studies named, stacked over the simulations (draw of parameters, seed); none without simulations."""

    def simulate(draw: Draw, seed: int, progress: Progress) -> Profiles:
        inputs = load_inputs(config, draw)
        with draw.in_force():  # designs read parameters too, such as the wait for work permission
            studies = [study for study in design.studies() if study.name in names]
            return world.effects(inputs, studies, seed, f"{label} {seed}", progress)

    found = draws.each(config, simulate, wanted, progress) if wanted else []
    return {name: np.stack([one[name] for one in found]) for name in names if found}


def profiles(centre: Profiles, drawn: Profiles) -> pd.DataFrame:
    """Rows of profiles.csv: effect by quarters since the event, its Monte Carlo error and 90 % interval over draws."""
    rows = []
    for name, values in centre.items():
        error = statistics.standard_error(values)
        low, high, _ = of_all(values, drawn.get(name)).whole_interval()
        for quarter, effect in enumerate(values.mean(axis=0)):
            rows.append((name, quarter, effect, error[quarter], low[quarter], high[quarter]))
    return pd.DataFrame(rows, columns=["study", "quarter", "effect", "monte_carlo_se", "low", "high"])


def of_all(centre: np.ndarray, drawn: np.ndarray | None) -> draws.Sample:
    """The sample of seeds at the centre and of draws, simulated at one scale."""
    return draws.Sample(centre) if drawn is None else draws.Sample(centre, centre, drawn)


def judge(centre: Profiles, drawn: Profiles) -> pd.DataFrame:
    """Rows of trials.csv: published and simulated effect, intervals, verdict."""
    rows = []
    for name, values in centre.items():
        effect, words = effects.published()[name], effects.words()[name]
        horizon = int(design.number("horizon", name))
        own = at_horizon(values, horizon)
        sample = of_all(own, at_horizon(drawn[name], horizon) if name in drawn else None)
        low, high, noise = sample.whole_interval()
        simulated = float(own.mean()), float(low), float(high)
        published = (effect.value, *published_interval(effect.value, effect.standard_error))
        expected = tuple(filter(None, words["profile"].split("|")))
        sign_only = effect.unit == SIGN_ONLY
        judged = verdict(published, simulated, values.mean(axis=0), horizon, expected, sign_only)
        rows.append({
            "study": name, "label": words["label"], "role": effect.role, "place": effect.place,
            "member_states": " ".join(_study(name).member_states), "outcome": words["outcome"], "unit": effect.unit,
            "horizon": horizon, "published": published[0],
            "published_low": np.nan if sign_only else published[1], "published_high": np.nan if sign_only else published[2],
            "published_status": effect.status, "error_status": effect.error_status,
            "simulated": simulated[0], "monte_carlo_se": float(statistics.standard_error(own)), "low": simulated[1],
            "high": simulated[2], "noise_share": float(noise), "parameter_sd": float(sample.parameter_sd()),
            "interval_overlaps": judged.overlap, "sign_agrees": judged.sign, "profile_agrees": judged.profile, "verdict": judged.word,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _study(name: str) -> design.Study:
    return next(study for study in design.studies() if study.name == name)


def fits(found: Mapping[str, Profiles]) -> pd.DataFrame:
    """Rows of structures.csv: how far each structure is from the published effects, over the studies of a role and over all.

    The distance is the sum over studies of the squared difference in published standard errors, the mean over seeds; `inside` counts
    simulated effects within the published interval. `apart` says whether a distance is more than TIE above the smallest.
    """
    rows = []
    for structure, profile in found.items():
        for role in ("all", *effects.ROLES.values()):
            names = [name for name in profile if _has_size(name) and role in ("all", effects.published()[name].role)]
            if not names:
                continue
            distances = np.sum([_distance(name, profile[name]) for name in names], axis=0)
            inside = sum(bool(_distance(name, profile[name]).mean() <= NORMAL_90**2) for name in names)
            error = float(statistics.standard_error(distances))
            rows.append((structure, role, len(names), float(distances.mean()), error, inside))
    table = pd.DataFrame(rows, columns=["structure", "role", "effects", "distance", "monte_carlo_se", "inside"])
    table["apart"] = table["distance"] - table.groupby("role")["distance"].transform("min") > TIE
    return table


def _has_size(name: str) -> bool:
    return effects.published()[name].standard_error > 0.0


def _distance(name: str, profile: np.ndarray) -> np.ndarray:
    """Squared difference to the published effect in its standard errors, by simulation."""
    effect = effects.published()[name]
    own = at_horizon(profile, int(design.number("horizon", name)))
    return ((own - effect.value) / effect.standard_error) ** 2


def _write(
    folder: Path, config: Config, plan: Mapping[str, Any], table: pd.DataFrame, curves: pd.DataFrame, fit: pd.DataFrame,
    progress: Progress,
) -> None:  # fmt: skip
    """Tables, summary, settings and provenance."""
    text = OmegaConf.to_yaml(OmegaConf.create(result_settings("trials", [config], plan)))
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    write_json(folder / "provenance.json", provenance("trials", [config], progress.person_quarters, progress.seconds, {}))
    for name, rows in (("trials", table), ("profiles", curves), ("structures", fit)):
        rows.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    passed = table.groupby("role")["verdict"].agg(lambda words: int((words == "pass").sum()))
    write_json(folder / "summary.json", {
        "draws": config.draws, "seeds": list(config.seeds), "estimates": log.estimates_hash(),
        "passed": passed.to_dict(), "studies": table.groupby("role").size().to_dict(),
        "trials": [_plain(row) for row in table.to_dict("records")],
        "structures": [_plain(row) for row in fit.to_dict("records")],
    })  # fmt: skip


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a table for JSON: plain numbers, null where there is none."""
    return {str(key): statistics.number(value) if isinstance(value, float) else value for key, value in row.items()}
