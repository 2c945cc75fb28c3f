"""The fiscal account of a run beside published levels and signs (calibration.targets.ACCOUNT)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from calibration.config import Accounting
from calibration.counterparts import ORIGINS_OF, Run
from calibration.targets import ACCOUNT
from model import codes
from scenarios import conventions

SPENT = [
    c for c, (name, sign) in enumerate(zip(codes.COMPONENTS, codes.SIGN, strict=True))
    if sign < 0 and name not in codes.PROGRAMME_COSTS
]  # fmt: skip


def functions(accounting: Accounting, hicp: Mapping[int, float]) -> dict[str, Callable[[Run, Any], float]]:
    """The figures of the account as functions of a Run and a row; conventions are the given ones but for children."""

    def net(run: Run, row: Any) -> float:
        words, _, children = row.detail.partition("; children ")
        chosen = replace(accounting, children=children)
        if "at_given_age" in words:
            per_head = _at_age_of_natives(run, row, chosen, hicp)
        else:
            per_head = _per_head(run, row, chosen, hicp)
        other = next((part[len("less_") :] for part in words.split(":") if part.startswith("less_")), None)
        return per_head(row.origin) - (per_head(other) if other else 0.0)

    def spending(run: Run, row: Any) -> float:
        chosen = replace(accounting, children=row.detail.partition("; children ")[2])
        year = run.year(row)
        counts = run.results.counts[year : year + 1, run.states(row)]
        factor = conventions.euro_factor([run.results.years[year]], chosen, hicp)[0]
        cents = counts[..., codes.MEASURE[codes.COMPONENTS[0]] :][..., SPENT].sum(axis=-1)
        spent = cents * factor + _children_moved(counts, [run.results.years[year]], chosen, hicp)
        origins = list(ORIGINS_OF[row.origin])
        return spent[:, :, origins].sum() / conventions.heads(counts[:, :, origins], chosen).sum()

    return dict(zip(ACCOUNT, (net, net, spending), strict=True))


def _per_head(run: Run, row: Any, accounting: Accounting, hicp: Mapping[int, float]) -> Callable[[str], float]:
    """Net contribution per head of an origin in the row's year and place."""
    year = run.year(row)
    counts = run.results.counts[year : year + 1, run.states(row)]
    net = conventions.net_contribution(counts, [run.results.years[year]], accounting, hicp)

    def per_head(origin: str) -> float:
        origins = list(ORIGINS_OF[origin])
        return net[:, :, origins].sum() / conventions.heads(counts[:, :, origins], accounting).sum()

    return per_head


def _children_moved(
    counts: np.ndarray, years: list[int], accounting: Accounting, hicp: Mapping[int, float]
) -> np.ndarray | float:
    """Spending that the convention on children moves into a cell."""
    own, chosen = (
        conventions.net_contribution(counts, years, replace(accounting, children=children), hicp)
        for children in ("own", accounting.children)
    )
    return own - chosen


def _at_age_of_natives(run: Run, row: Any, accounting: Accounting, hicp: Mapping[int, float]) -> Callable[[str], float]:
    """Net contribution per head of an origin if its ages were those of natives."""
    year = run.year(row)
    by_age = run.results.by_age[year, run.states(row)].sum(axis=0)  # [origin, age, 1 + component]
    parts = conventions.signed_parts(by_age[None, ..., 1:], [run.results.years[year]], 0, accounting, hicp)[0]
    net, persons = parts.sum(axis=-1), by_age[..., 0].astype(float)
    share = persons[codes.NATIVE] / persons[codes.NATIVE].sum()

    def per_head(origin: str) -> float:
        (o,) = ORIGINS_OF[origin]
        return float((net[o] / np.maximum(persons[o], 1.0)) @ share)

    return per_head
