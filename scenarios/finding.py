"""The finding of the README: tables of outputs/reference/summary.json and report.md.

`python -m scenarios.finding <result folder of integra reproduce>`, in the repository, keeps the result in outputs/reference and
rewrites what lies between the markers finding, intervals and sensitivity of the README. Without a folder it rewrites from what is kept.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model import codes
from scenarios import report, text

KEPT = Path("outputs") / "reference"
FILES = (
    "summary.json", "config.yaml", "report.md", "readings.csv", "sensitivity.csv", "conventions_table.csv", "pay_gap.csv",
    "reconciliation.csv", "marginal_take.csv", "group_checks.csv", "group_differences.csv", "age_profile.csv", "households.csv",
    "fit.csv", "figures/gain.png", "figures/gain_by_member_state.png", "figures/decomposition.png", "figures/readings.png",
    "figures/net_contribution.png", "figures/groups.png",
)  # fmt: skip
YEARS = (2019, 2025, 2030, 2035)  # of levels
LAST = YEARS[-1]
NAMES = ("natives", "born in another Member State", "born outside the EU")  # of codes.ORIGINS
GAINS = {
    f"gain_{LAST}": "given sex and age, against natives",
    f"gain_{LAST}_by_education": "given education too, against natives",
    f"gain_{LAST}_against_eu_born": "given sex and age, against EU-born",
    f"gain_{LAST}_by_education_against_eu_born": "given education too, against EU-born",
    f"gain_{LAST}_age_20_64": "per person aged 20-64, sex and age, natives",
}
HEADER = [*(name for variant, name in report.VARIANT.items() if variant != "full"), "full (hours too)"]


def finding(found: Mapping[str, Any]) -> str:
    """Gains of 2035 and levels by year with Monte Carlo standard errors, from summary.json."""
    gains = [[name, *(_estimate(found[key][variant]) for variant in report.VARIANT)] for key, name in GAINS.items()]
    levels = [
        [name, *(_estimate(found["net_contribution"][origin][str(year)]) for year in YEARS)]
        for origin, name in zip(codes.ORIGINS, NAMES, strict=True)
    ]
    return "\n\n".join(
        [
            text.markdown([f"gain in {LAST}", *HEADER], gains, numbers=True),
            text.markdown(["net contribution per head, default conventions", *map(str, YEARS)], levels, numbers=True),
        ]
    )


def intervals(found: Mapping[str, Any]) -> str:
    """The same with 90 % intervals over draws."""
    known = {(row["origin"], row["year"], row["outcome"]): row for row in found["intervals"]}
    migrants = codes.ORIGINS[codes.NON_EU_BORN]
    gains = [
        [f"{given}, {against}", *(_ends(known[migrants, LAST, f"gain_{variant}_{g}_{r}"]) for variant in report.VARIANT)]
        for g, given in report.GIVEN.items()
        for r, against in report.REFERENCE.items()
    ]
    levels = [
        [name, *(_ends(known[origin, year, "net_contribution"]) for year in YEARS)]
        for origin, name in zip(codes.ORIGINS, NAMES, strict=True)
    ]
    return "\n\n".join(
        [
            text.markdown([f"90 % interval of the gain in {LAST}", *HEADER], gains, numbers=True),
            text.markdown(["90 % interval of the net contribution per head", *map(str, YEARS)], levels, numbers=True),
        ]
    )


def sensitivity(said: str) -> str:
    """The table of the two choices in report.md."""
    section = said.partition(f"{report.CHOICES}\n")[2].partition("\n## ")[0]
    return "\n".join(line for line in section.splitlines() if line.startswith("|"))


def _estimate(entry: Mapping[str, Any]) -> str:
    return text.estimate(entry["mean"], entry["monte_carlo_se"])


def _ends(row: Mapping[str, Any]) -> str:
    return " to ".join(text.estimate(row[end], None) for end in ("low", "high"))


def blocks() -> dict[str, str]:
    """What stands between the markers of the README, by their name, from what is kept."""
    found = json.loads((KEPT / "summary.json").read_text(encoding="utf-8"))
    said = (KEPT / "report.md").read_text(encoding="utf-8")
    return {"finding": finding(found), "intervals": intervals(found), "sensitivity": sensitivity(said)}


def main(arguments: Sequence[str]) -> None:
    """Keep the files of a result folder and fill the README."""
    for folder in map(Path, arguments):
        for name in FILES:
            shutil.copy(folder / name, KEPT / Path(name).name)
    readme = Path("README.md")
    readme.write_text(text.filled(readme.read_text(encoding="utf-8"), **blocks()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
