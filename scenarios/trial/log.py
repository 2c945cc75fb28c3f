"""The log of verdicts, calibration/estimates/trials.csv: computed once per committed estimate and kept.

`python -m scenarios.trial.log <result folder of integra trials>` adds the verdicts of a run to the log, where what is there for the
same estimates and the same code stays as it is, and rewrites the table of README.md between its markers.
"""

from __future__ import annotations

import hashlib
import sys
from io import StringIO
from pathlib import Path

import pandas as pd

from calibration import tables
from calibration.errors import InputError
from scenarios import text
from scenarios.provenance import code_hash
from scenarios.trial import report

NAME = "trials.csv"
COLUMNS = ("estimates", "code", "study", "role", "published", "simulated", "low", "high", "verdict")
DIGITS = 12


def estimates_hash() -> str:
    """Twelve hexadecimal digits over the files of the estimates in use."""
    digest = hashlib.sha256()
    for name in tables.ESTIMATES:
        digest.update(tables.estimates_file(name))
    return digest.hexdigest()[:DIGITS]


def read() -> pd.DataFrame:
    """The log beside the estimates in use, empty where there is none."""
    try:
        found = tables.estimates_file(NAME).decode("utf-8")
    except InputError:
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(StringIO(found))


def compare(table: pd.DataFrame) -> list[str]:
    """What the log says of the verdicts of trials.csv under the same estimates, in lines: the same, another, or nothing."""
    logged = read()
    logged = logged[logged["estimates"] == estimates_hash()]
    if logged.empty:
        return ["The log of verdicts has none for these estimates."]
    last = logged.drop_duplicates("study", keep="last").set_index("study")["verdict"]
    lines = []
    for row in table.itertuples():
        if row.study not in last.index:
            lines.append(f"{row.study}: not in the log of verdicts")
        elif last[row.study] != row.verdict:
            lines.append(f"{row.study}: {row.verdict} here, {last[row.study]} in the log for the same estimates")
    return lines or ["The log of verdicts holds the same for these estimates."]


def added(logged: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """A log with the verdicts of a result folder added, each once per estimates, code and study."""
    table = pd.read_csv(folder / NAME)
    table = table.assign(estimates=estimates_hash(), code=code_hash()[:DIGITS])[list(COLUMNS)]
    return pd.concat([logged, table], ignore_index=True).drop_duplicates(["estimates", "code", "study"], keep="first")


def main() -> None:
    """Add the verdicts of the result folder named, and show them in the README."""
    folder, root = Path(sys.argv[1]), Path(str(tables.folder())).parents[1]
    added(read(), folder).to_csv(root / "calibration" / "estimates" / NAME, index=False, float_format="%.6g", lineterminator="\n")
    readme = root / "README.md"
    found = report.verdicts(pd.read_csv(folder / NAME))
    readme.write_text(text.filled(readme.read_text(encoding="utf-8"), trials=found), encoding="utf-8")


if __name__ == "__main__":
    main()
