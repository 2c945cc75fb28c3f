"""`integra data update`: fetch the figures in use from Eurostat, compare them with the shipped ones, keep them beside.

Reads calibration/data and the network; writes `<folder>/<date>/`: tables in our form, changes.csv, provenance.json. The
shipped tables and earlier folders are never touched, and nothing is written before every answer was checked.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from calibration import eurostat, tables
from calibration.config import Update
from calibration.errors import InputError, refuse
from scenarios import text

CHANGES = ("new", "revised", "unchanged", "missing")
SHOWN = 10  # largest revisions on the console


def update(settings: Update) -> str:
    """Fetch, compare and write; returns the text for the console.

    Raises InputError, and writes nothing, when a dataset is unknown, Eurostat cannot be reached, or an answer is not
    usable (all such answers are named).
    """
    eurostat.library()
    place = Path(settings.folder).absolute()
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):  # before minutes of asking
        raise refuse("folder", settings.folder, "a folder that can be written")
    queries = eurostat.queries(settings.years)
    known = sorted({query.dataset for query in queries})
    for dataset in settings.datasets:
        if dataset not in known:
            raise refuse("datasets", dataset, f"all, or some of {', '.join(known)}")
    wanted = [query for query in queries if not settings.datasets or query.dataset in settings.datasets]
    day = datetime.date.today().isoformat()
    answers, failures = [], []
    with tqdm(wanted, unit="table", leave=False, disable=None) as bar:
        for query in bar:
            bar.set_description(query.dataset)
            try:
                answers.append(eurostat.fetch(query, settings.base_url, settings.timeout, day))
            except eurostat.Unreachable:
                raise
            except InputError as error:
                failures.append(str(error))
    if failures:
        raise InputError(f"{'; '.join(failures)}; nothing was written, datasets=[...] asks for some tables only")
    shipped = tables.shipped()
    changes = [compare(answer, shipped) for answer in answers]
    place = write(Path(settings.folder), day, answers, pd.concat(changes))
    return report(answers, changes, place)


def compare(answer: eurostat.Answer, shipped: pd.DataFrame) -> pd.DataFrame:
    """Every cell asked for beside the shipped figure: tables.KEYS, dataset, unit, shipped, shipped_status, fetched, change.

    `change` is one of CHANGES; figures are equal when they agree to six digits. A missing cell leaves the shipped one.
    """
    cells = pd.concat([answer.rows, answer.missing], ignore_index=True)
    old = shipped.set_axis(tables.identity(shipped))[["value", "status"]].reindex(tables.identity(cells))
    old_value, new = old["value"].to_numpy(), cells["value"].to_numpy()
    same = np.isclose(new, old_value, rtol=1e-6, atol=1e-7)
    change = np.select([np.isnan(new), np.isnan(old_value), same], ["missing", "new", "unchanged"], "revised")
    return cells[list(tables.KEYS)].assign(
        dataset=answer.query.dataset, unit=answer.query.unit, shipped=old_value, shipped_status=old["status"].to_numpy(),
        fetched=new, change=change,
    )  # fmt: skip


def write(root: Path, day: str, answers: list[eurostat.Answer], changes: pd.DataFrame) -> Path:
    """Write everything into a partial folder and name it `<day>`, or `<day>-2` and so on when that is there already."""
    partial = root / f".partial-{os.getpid()}"
    try:
        partial.mkdir(parents=True)
        for file in tables.FILES:
            rows = [answer.rows for answer in answers if answer.query.file == file]
            if rows:
                _csv(pd.concat(rows), partial / f"{file}.csv")
        _csv(changes, partial / "changes.csv")
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(partial.iterdir())}
        content = {
            "source": "Eurostat, reuse with the source named (CC BY 4.0)",
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "files": files,
            "answers": [
                {
                    "dataset": answer.query.dataset, "parameter": answer.query.parameter, "url": answer.url,
                    "updated": answer.updated, "sha256": answer.sha256,
                    "cells": len(answer.rows), "missing": len(answer.missing),
                }
                for answer in answers
            ],
        }  # fmt: skip
        (partial / "provenance.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        names = itertools.chain([day], (f"{day}-{number}" for number in itertools.count(2)))
        place = next(root / name for name in names if not (root / name).exists())
        partial.rename(place)
    except OSError as error:
        raise refuse("folder", root, f"a folder that can be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return place


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.10g", lineterminator="\n")


def report(answers: list[eurostat.Answer], changes: list[pd.DataFrame], place: Path) -> str:
    """Counts by query, the largest revisions, and the folder."""
    header = ["dataset", "figure", "cells", *CHANGES]
    lines = []
    for answer, change in zip(answers, changes, strict=True):
        counts = change["change"].value_counts()
        figure = [answer.query.dataset, answer.query.parameter, str(len(change))]
        lines.append([*figure, *(str(counts.get(kind, 0)) for kind in CHANGES)])
    parts = [text.table(header, lines)]
    revised = pd.concat(changes).query("change == 'revised'")
    size = (revised["fetched"] - revised["shipped"]).abs() / revised["shipped"].abs().clip(lower=1e-9)
    largest = revised.iloc[np.argsort(-size.to_numpy(), kind="stable")[:SHOWN]]
    if len(largest):
        parts.append("largest revisions, shipped -> fetched (status of the shipped figure):")
    for row in largest.to_dict("records"):
        where = " ".join(row[key] for key in tables.KEYS if row[key])
        parts.append(f"  {where}: {row['shipped']:.6g} -> {row['fetched']:.6g} ({row['shipped_status']})")
    parts.append("used from now on in this folder; tables=shipped leaves them out; scale factors stay as shipped")
    parts.append(str(place))
    return "\n".join(parts)
