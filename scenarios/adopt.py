"""Make a calibration the shipped one: `python -m scenarios.adopt <result folder of integra calibrate>`.

Copies its files into calibration/estimates/ and rewrites the tables of calibration/README.md between their markers from what
lies there; without a folder only the tables, for instance after a new recovery study.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from calibration import tables
from calibration.estimate import TERMS

FILES = (
    "estimates.csv", "common.csv", "draws.parquet", "moments.csv", "identification.csv", "config.yaml", "provenance.json",
    "figures/fit.png", "figures/terms.png", "figures/macro.png",
)  # fmt: skip
SHOWN = 0.1  # share of the prior variance that data must remove for a common parameter to be listed
FAILED = 0.05  # p-value of the overidentification test


def main() -> None:
    """Copy and rewrite."""
    shipped = Path(str(tables.folder())).parent / "estimates"
    for folder in map(Path, sys.argv[1:]):
        for name in FILES:
            shutil.copy(folder / name, shipped / Path(name).name)
    readme = shipped.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, found in (("fit", fit(shipped)), ("terms", terms(shipped)), ("common", common(shipped)), ("recovery", recovery(shipped))):
        block = f"<!-- {name}:begin -->\n{found}\n<!-- {name}:end -->"
        text = re.sub(f"<!-- {name}:begin -->.*?<!-- {name}:end -->", lambda _: block, text, flags=re.S)  # noqa: B023
    readme.write_text(text, encoding="utf-8")


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _origin(name: str) -> str:
    return name.replace("_", "-").replace("eu-born", "EU-born").replace("non-eu", "non-EU")


def fit(folder: Path) -> str:
    """How the moments are met, by figure and origin, and the overidentification test."""
    moments, tests = pd.read_csv(folder / "moments.csv"), pd.read_csv(folder / "identification.csv")
    rows = []
    for (figure, origin), mine in moments.groupby(["figure", "origin"], sort=False):
        off = 100.0 * (mine["simulated"] - mine["published"])
        far = mine.loc[mine["z"].abs().idxmax()]
        furthest = f"{far['geo']} {far['sex']} {far['year']} {off[far.name]:+.1f}"
        share = f"{100 * (mine['z'].abs() <= 2).mean():.0f} %"
        rows.append((f"{figure}, {_origin(origin)}", str(len(mine)), f"{off.abs().mean():.2f}", share, furthest))
    header = ("moments", "number", "mean miss, points", "within two errors", "furthest in errors, points")
    failed = tests[tests["p_value"] < FAILED]
    named = ", ".join(f"{row.geo} ({row.p_value:.1g})" for row in failed.itertuples()) or "none"
    words = f"Overidentification: distance {tests['distance'].sum():.0f} with {tests['degrees'].sum()} degrees of freedom"
    return f"{_markdown(header, rows)}\n\n{words}; below {100 * FAILED:.0f} %: {named}."


def terms(folder: Path) -> str:
    """Factors of each term over Member States, with errors and what the data inform."""
    table = pd.read_csv(folder / "estimates.csv")
    rows = []
    for term in TERMS:
        keys = zip(("parameter", "origin", "sex", "year"), term)
        mine = table[np.logical_and.reduce([table[key].astype(str) == value for key, value in keys])]
        low, high = mine.loc[mine["value"].idxmin()], mine.loc[mine["value"].idxmax()]
        span = f"{low['value']:.2f} ({low['geo']}) to {high['value']:.2f} ({high['geo']})"
        name = f"{term.name} {term.year}" if term.name == "macro" else term.name
        middle = mine[["value", "standard_error", "informed"]].median()
        rows.append((name, _origin(term.origin), term.sex, f"{middle['value']:.2f}", span,
                     f"{middle['standard_error']:.2f}", f"{middle['informed']:.2f}"))  # fmt: skip
    header = ("term", "origin", "sex", "median factor", "lowest and highest Member State", "standard error (log), median",
              "informed share, median")  # fmt: skip
    return _markdown(header, rows)


def common(folder: Path) -> str:
    """Common parameters that the data inform, most informed first."""
    table = pd.read_csv(folder / "common.csv", keep_default_na=False).sort_values("informed", ascending=False, kind="stable")
    known = table[table["informed"] >= SHOWN]
    labels = [column for column in table.columns if column not in ("mean", "sd", "informed", "step")]
    rows = [
        (" ".join(str(row[label]) for label in labels if row[label] != "").replace("|", ", "), f"{row['mean']:+.2f}",
         f"{row['sd']:.2f}", f"{row['informed']:.2f}")
        for _, row in known.iterrows()
    ]  # fmt: skip
    header = ("common parameter", "mean, prior standard deviations", "standard deviation", "informed share")
    left = len(table) - len(known)
    words = f"The other {left} common parameters are prior-driven: the data remove less than a tenth of their prior variance."
    return f"{_markdown(header, rows)}\n\n{words}"


def recovery(folder: Path) -> str:
    """Coverage, bias and size of errors of the recovery study, by parameter."""
    file = folder / "recovery.csv"
    if not file.exists():
        return "No recovery study of these terms has been made."
    table = pd.read_csv(file, keep_default_na=False)
    every = table[table["parameter"] == "all"].iloc[0]
    rows = []
    for name, mine in table.groupby("parameter", sort=False):
        middle = mine[["coverage", "bias", "rmse_ratio", "informed"]].astype(float).mean()
        rows.append((str(name), f"{100 * middle['coverage']:.0f} %", f"{middle['bias']:+.2f}", f"{middle['rmse_ratio']:.2f}",
                     f"{middle['informed']:.2f}"))  # fmt: skip
    header = ("parameter", "coverage of 90 % intervals", "mean distance, standard errors", "error over standard error",
              "informed share")  # fmt: skip
    words = f"{every['replications']} replications; {100 * float(every['coverage']):.1f} % of all intervals hold the true term."
    return f"{words}\n\n{_markdown(header, rows)}"


if __name__ == "__main__":
    main()
