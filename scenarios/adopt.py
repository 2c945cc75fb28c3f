"""Make a calibration the shipped one: `python -m scenarios.adopt <result folder of integra calibrate>`.

Copies its files into calibration/estimates/ and rewrites the tables of calibration/README.md between their markers from what
lies there; without a folder only the tables, for instance after a new recovery study. Of a result folder of `integra run` it takes
the fit of 2019.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from calibration import tables
from calibration.estimate import TERMS
from calibration.fit import EU, NAMES, SIMULATED, SURVEYED
from scenarios import text

FILES = (
    "estimates.csv", "common.csv", "draws.parquet", "moments.csv", "identification.csv", "config.yaml", "provenance.json",
    "figures/fit.png", "figures/terms.png", "figures/macro.png",
)  # fmt: skip
SHOWN = 0.1  # share of the prior variance that data must remove for a common parameter to be listed
FIT = "fit_2019.csv"
FAILED = 0.05  # p-value of the overidentification test


def main() -> None:
    """Copy and rewrite."""
    shipped = Path(str(tables.folder())).parent / "estimates"
    for folder in map(Path, sys.argv[1:]):
        if (folder / "fit.csv").exists():
            shutil.copy(folder / "fit.csv", shipped / FIT)
            continue
        for name in FILES:
            shutil.copy(folder / name, shipped / Path(name).name)
    readme = shipped.parent / "README.md"
    blocks = {name: made(shipped) for name, made in TABLES.items()}
    readme.write_text(text.filled(readme.read_text(encoding="utf-8"), **blocks), encoding="utf-8")


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
    return f"{text.markdown(header, rows)}\n\n{words}; below {100 * FAILED:.0f} %: {named}."


def fit_of_2019(folder: Path) -> str:
    """The EU's rates of 2019, simulated and published, by both numbers of persons, and how many aims are met."""
    table = pd.read_csv(folder / FIT)
    judged = table[table["aim"].notna()]
    rates = judged[judged["place"] == EU]
    rows = []
    for (figure, origin, sex), mine in rates.groupby(["figure", "origin", "sex"], sort=False):
        by = mine.set_index("weights")
        cells = []
        for weights in (SIMULATED, SURVEYED):
            if weights not in by.index:
                cells += ["", ""]
                continue
            one = by.loc[weights]
            cells += [f"{one['simulated']:.2f} ({one['monte_carlo_se']:.2f})", f"{one['of_member_states']:.2f}"]
        first = mine.iloc[0]
        rows.append((f"{NAMES[figure]}, {_origin(origin)}, {sex}", f"{first['published']:.1f}", *cells, f"{first['aim']:g}"))
    header = ("EU 2019, %", "published", "simulated (Monte Carlo error)", "published of Member States, added up",
              "simulated, persons of the survey", "published of Member States, persons of the survey", "aim, points")  # fmt: skip
    states = judged[judged["place"] != EU]
    met = states["within"].astype(str) == "True"
    missed = "; ".join(
        f"{row.place} {_origin(row.origin)} {row.simulated - row.published:+.2f} (aim {row.aim:.2f}, "
        f"Monte Carlo error {row.monte_carlo_se:.2f})"
        for row in states[~met].itertuples()
    )
    words = f"Employment by Member State and origin lies within the aim in {met.sum()} of {len(states)}; outside: {missed or 'none'}."
    return f"{text.markdown(header, rows)}\n\n{words}"


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
    return text.markdown(header, rows)


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
    return f"{text.markdown(header, rows)}\n\n{words}"


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
    return f"{words}\n\n{text.markdown(header, rows)}"


TABLES = {"fit": fit, "fit_2019": fit_of_2019, "terms": terms, "common": common, "recovery": recovery}  # by mark in the README


if __name__ == "__main__":
    main()
