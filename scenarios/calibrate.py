"""`integra calibrate`: estimates from published figures, with their uncertainty, in a result folder.

Each step is kept beside the results (outputs/.calibrate-<hash>): started again with the same settings, an interrupted
calibration goes on where it stopped.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf
from scipy.stats import chi2
from tqdm import tqdm

from calibration import calibrate as calibration
from calibration import estimate, tables
from calibration.config import Config
from scenarios import figures, text
from scenarios.folder import final_folder, result_folder
from scenarios.provenance import provenance, result_hash, result_settings
from scenarios.run import write_json


def calibrate(config: Config) -> str:
    """Estimate, write the result folder, and return the text for the console."""
    digest = result_hash("calibrate", [config])
    kept = Path(config.compute.output) / f".calibrate-{digest}"
    steps = Steps()
    with result_folder(config.compute.output, config.name, digest) as folder:
        found = calibration.calibrate(config, calibration.Checkpoints(kept), steps)
        steps.close()
        calibration.write(found, folder)
        text = OmegaConf.to_yaml(OmegaConf.create(result_settings("calibrate", [config])))
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        write_json(folder / "provenance.json", provenance("calibrate", [config], 0, steps.seconds, {}))
        moments, identified = calibration.fitted(found), calibration.identification(found)
        tables.use_estimates(str(folder))
        terms = estimate.read()
        tables.use_estimates(config.estimates)
        figures.draw_calibration(folder / "figures", moments, terms[terms["geo"].isin(config.member_states)])
        lines = console(moments, identified)
    shutil.rmtree(kept, ignore_errors=True)
    place = final_folder(config.compute.output, config.name, digest)
    return "\n".join([*lines, "", f"{place}: use it with estimates={place}"])


def console(moments: pd.DataFrame, identified: pd.DataFrame) -> list[str]:
    """The fit by figure and origin, the worst moments, and the test of overidentification."""
    gaps = moments.assign(gap=100 * (moments["simulated"] - moments["published"]))
    rows = []
    for (figure, origin), mine in gaps.groupby(["figure", "origin"], sort=False):
        worst = mine.loc[mine["z"].abs().idxmax()]
        name = f"{worst['geo']} {worst['sex']} {worst['year']} {worst['gap']:+.1f}"
        within = f"{100 * (mine['z'].abs() < 2).mean():.0f} %"
        rows.append([f"{figure}, {origin.replace('_', '-')}", str(len(mine)), f"{mine['gap'].abs().mean():.2f}", within, name])
    distance, degrees = identified["distance"].sum(), int(identified["degrees"].sum())
    return [
        text.table(["moments", "number", "mean miss, points", "within two errors", "furthest"], rows),
        f"Overidentification: distance {distance:.0f} with {degrees} degrees of freedom, p = {chi2.sf(distance, degrees):.2g}; "
        f"{int((identified['p_value'] < 0.05).sum())} of {len(identified)} Member States below 5 %",
    ]


class Steps:
    """A bar on stderr per step, with the number done."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._step = ""
        self.seconds = 0.0

    def __call__(self, step: str, done: int, of: int) -> None:
        if step != self._step:
            self.close()
            self._step = step
            self._bar = tqdm(total=of, initial=done, desc=step, leave=True, dynamic_ncols=True, file=sys.stderr)
        assert self._bar is not None
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self.seconds += self._bar.format_dict["elapsed"]
            self._bar.close()
            self._bar = None
