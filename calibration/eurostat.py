"""Figures from Eurostat's dissemination interface (API Statistics, JSON-stat 2.0), in the form of our tables.

calibration/data/eurostat_queries.csv says which dataset and codes give which of our parameters; a code that changes there
is changed in that table. Column `checked` says whether a query was tried against the live service. HTTP by requests and
JSON-stat by pyjstat, the extra `integra[eurostat]`. Every answer is checked before it is used: dimensions, codes, range.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from calibration import tables
from calibration.errors import InputError
from model.codes import MEMBER_STATES

TRIES = 3  # requests of one dataset before giving up on time-outs, server errors and cut answers
PAUSE = 2.0  # seconds before the second try, twice as many before the third
LABELLED = ("origin", "sex", "age", "education", "category")  # columns of our tables that a dimension may fill


class Unreachable(InputError):
    """Eurostat does not answer at all, so that other datasets need not be tried."""


@dataclasses.dataclass(frozen=True)
class Query:
    """Where one parameter comes from: one row of eurostat_queries.csv."""

    parameter: str
    file: str  # table of ours that holds the parameter, without .csv
    dataset: str
    filters: Mapping[str, str]  # dimension: its one code
    geo: tuple[str, ...]
    labels: Mapping[str, tuple[str, Mapping[str, str]]]  # column: dimension, {code: our label}; equal labels are summed
    constants: Mapping[str, str]  # column: label
    years: tuple[int, ...]
    factor: float  # from Eurostat's unit to ours
    low: float  # lowest and highest plausible value, Eurostat's unit
    high: float
    unit: str  # ours

    @property
    def codes(self) -> dict[str, list[str]]:
        """Codes asked for by dimension, geo and time included."""
        asked = {dimension: [code] for dimension, code in self.filters.items()}
        asked |= {dimension: list(labels) for dimension, labels in self.labels.values()}
        return {**asked, "geo": list(self.geo), "time": [str(year) for year in self.years]}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What Eurostat answered to one query."""

    query: Query
    rows: pd.DataFrame  # tables.COLUMNS, one row per cell with a value
    missing: pd.DataFrame  # tables.KEYS of the cells without one
    url: str
    updated: str  # time of Eurostat's last update
    sha256: str  # of the body


def queries(years: Sequence[int] = ()) -> list[Query]:
    """Every query of the table, for `years` in place of its own when given; InputError when the table is damaged."""
    try:
        with (tables.folder() / "eurostat_queries.csv").open(encoding="utf-8") as file:
            rows = pd.read_csv(file, dtype=str, keep_default_na=False).to_dict("records")
        return [_query(row, years) for row in rows]
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, KeyError, ValueError):
        raise InputError("calibration/data/eurostat_queries.csv: missing or damaged; allowed is the file as shipped") from None


def _query(row: Mapping[str, str], years: Sequence[int]) -> Query:
    labels, constants = {}, {}
    for column in LABELLED:
        dimension, colon, codes = row[column].partition(":")
        if colon:
            labels[column] = (dimension, dict(pair.split("=") for pair in codes.split()))
        else:
            constants[column] = row[column]
    own = [year for part in row["years"].split() for year in _span(part)]
    return Query(
        parameter=row["parameter"], file=row["file"], dataset=row["dataset"],
        filters=dict(pair.split("=") for pair in row["filters"].split()),
        geo=tuple(code for part in row["geo"].split() for code in (MEMBER_STATES if part == "states" else [part])),
        labels=labels, constants=constants, years=tuple(years or own),
        factor=float(row["factor"]), low=float(row["low"]), high=float(row["high"]), unit=row["unit"],
    )  # fmt: skip


def _span(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def fetch(query: Query, base_url: str, timeout: float, day: str) -> Answer:
    """Ask Eurostat for one query and check the answer; `day` is the date of extraction, `timeout` in seconds.

    Raises InputError, one line that names the dataset, for an answer that is an error, cut off, of another shape, without
    a code that was asked for, out of range or empty; Unreachable when there is no answer.
    """
    address = f"{base_url.rstrip('/')}/{query.dataset}"
    filters = [("format", "JSON"), ("lang", "EN")]
    filters += [(dimension, code) for dimension, codes in query.codes.items() for code in codes]
    url, body = _download(query.dataset, address, filters, timeout)
    content = json.loads(body)
    _check_codes(query, content)
    cells = _cells(query, content)
    given = cells["value"].notna()
    if not given.any():
        raise InputError(f"{query.dataset}: Eurostat has no value for {query.parameter}, none of {len(cells)} cells")
    implausible = cells[given & ~cells["value"].between(query.low, query.high)]
    if len(implausible):
        cell = implausible.iloc[0]
        where = " ".join(filter(None, cell[list(tables.KEYS)]))
        raise InputError(f"{query.dataset}: {where} is {cell['value']:g}; plausible is {query.low:g} to {query.high:g}")
    rows = cells[given].assign(
        value=(query.factor * cells["value"][given]).round(10), unit=query.unit, dataset=query.dataset,
        source=f"Eurostat, extracted {day}", note=cells["flags"][given].map(lambda flags: flags and f"flag {flags}"),
        status="derived" if any(_summed(labels) for _, labels in query.labels.values()) else "seen",
    )  # fmt: skip
    digest = hashlib.sha256(body).hexdigest()
    missing = cells.loc[~given, list(tables.KEYS)]
    return Answer(query, rows[list(tables.COLUMNS)], missing, url, str(content.get("updated", "")), digest)


def _summed(labels: Mapping[str, str]) -> bool:
    return len(set(labels.values())) < len(labels)


def library() -> tuple[Any, Any]:
    """The packages requests and pyjstat.pyjstat; raises InputError when they are not installed."""
    try:
        import requests
        from pyjstat import pyjstat
    except ImportError as error:
        raise InputError(f'package {error.name} is missing: pip install "integra[eurostat]"') from None
    return requests, pyjstat


def _download(dataset: str, address: str, filters: list[tuple[str, str]], timeout: float) -> tuple[str, bytes]:
    """URL asked and body of an answer that is a JSON object and no error; tried TRIES times when that may help."""
    requests, _ = library()
    for attempt in range(TRIES):
        time.sleep(PAUSE * attempt)
        kind = InputError
        try:
            answer = requests.get(address, params=filters, timeout=timeout)
        except requests.exceptions.ChunkedEncodingError:
            problem = "the answer was cut off"
            continue
        except requests.Timeout:
            kind, problem = Unreachable, f"no answer within {timeout:g} seconds"
            continue
        except requests.ConnectionError:
            kind, problem = Unreachable, f"no connection to {address}"
            continue
        except requests.RequestException as error:
            raise Unreachable(f"{dataset}: {address} cannot be asked ({error})") from error
        said = _said(answer.content)
        if answer.status_code >= 500 or "ASYNCHRONOUS_RESPONSE" in said:
            problem = f"Eurostat answered {said or answer.status_code}"
        elif answer.status_code != 200 or said:
            raise InputError(f"{dataset}: Eurostat answered {said or answer.status_code}")
        elif not _is_object(answer.content):
            problem = f"the answer is cut off or no JSON ({len(answer.content)} bytes)"
        else:
            return answer.url, answer.content
    raise kind(f"{dataset}: {problem}; tried {TRIES} times")


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _said(body: bytes) -> str:
    """Status and label of an answer {"error": [{status, id, label}]} or {"warning": {status, label}}; else empty."""
    if not _is_object(body):
        return ""
    content = json.loads(body)
    for key in ("error", "warning"):
        found = content.get(key)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, dict):
            return f"{found.get('status', '')} {found.get('label', '')}".strip() or key
        if found:
            return str(found)
    return ""


def _check_codes(query: Query, content: Mapping[str, Any]) -> None:
    """Raise InputError when the answer lacks a dimension or code, or is broken down by something not asked for.

    A Member State or year that is absent is a missing cell, not a changed code.
    """
    try:
        categories = {name: content["dimension"][name]["category"] for name in content["id"]}
        known = {name: list(category.get("index", category.get("label"))) for name, category in categories.items()}
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{query.dataset}: the answer is not JSON-stat 2.0") from None
    for dimension, codes in query.codes.items():
        if dimension not in known:
            raise InputError(f"{query.dataset}: dimension {dimension} is gone; there are {', '.join(known)}")
        gone = [code for code in codes if code not in known[dimension]]
        if gone and dimension not in ("geo", "time"):
            there = ", ".join(known[dimension][:12]) or "none"
            raise InputError(f"{query.dataset}: {dimension} {gone[0]} is gone from the answer; there are {there}")
    for dimension, codes in known.items():
        if dimension not in query.codes and len(codes) != 1:
            raise InputError(f"{query.dataset}: the answer is also broken down by {dimension}: {', '.join(codes[:12])}")


def _cells(query: Query, content: Mapping[str, Any]) -> pd.DataFrame:
    """Every cell asked for: tables.KEYS, value (Eurostat's unit, NaN where absent) and flags."""
    frame = _frame(query.dataset, content)
    for dimension, codes in query.codes.items():
        frame = frame[frame[dimension].isin(codes)]
    for column, (dimension, labels) in query.labels.items():
        frame = frame.assign(**{column: frame[dimension].map(labels)})
    axes = {"geo": query.geo, "year": query.codes["time"]}
    axes |= {column: list(dict.fromkeys(labels.values())) for column, (_, labels) in query.labels.items()}
    groups = frame.rename(columns={"time": "year"}).groupby(list(axes))
    complete = groups["value"].count() == groups.size()
    cells = pd.DataFrame({"value": groups["value"].sum().where(complete), "flags": groups["flags"].sum()})
    cells = cells.reindex(pd.MultiIndex.from_product(axes.values(), names=list(axes))).reset_index()
    cells["flags"] = cells["flags"].fillna("").map(lambda flags: "".join(sorted(set(flags))))
    return cells.assign(parameter=query.parameter, **query.constants)


def _frame(dataset: str, content: Mapping[str, Any]) -> pd.DataFrame:
    """The whole answer by pyjstat: a column of codes per dimension, value (NaN where absent) and flags (text)."""
    _, pyjstat = library()
    read = pyjstat.Dataset.read(OrderedDict(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyjstat's own hint on an older function that it calls itself
            frame = read.write("dataframe", naming="id")
            flags = read.write("dataframe", naming="id", value="status")["status"] if content.get("status") else ""
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{dataset}: the answer is not JSON-stat 2.0 ({type(error).__name__} {error})") from None
    value = pd.to_numeric(frame["value"], errors="coerce")
    wrong = frame["value"][value.isna() & frame["value"].notna()]
    if len(wrong):
        raise InputError(f"{dataset}: {wrong.iloc[0]!r} is there in place of a number")
    frame["value"] = value.astype(np.float64)
    frame["flags"] = flags
    frame["flags"] = frame["flags"].astype(object).where(frame["flags"].notna(), "")
    return frame
