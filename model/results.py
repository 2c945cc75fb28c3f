"""Results of one run: additive integers by year, Member State and group of persons, and what institutions did."""

from dataclasses import dataclass, field, fields

import numpy as np


@dataclass(frozen=True)
class ParityResults:
    """Accounting counterfactuals of the non-EU-born (model/parity.py), one row per label."""

    labels: tuple[tuple[str, str, str], ...]  # (variant, given, reference)
    components: np.ndarray  # [label, year, ms, sex, education 4, component] cents
    employed: np.ndarray  # [label, year, ms, sex, education 4] person-quarters employed at 20-64
    gap: np.ndarray  # [label, quarter] points: weighted mean absolute remaining gap over cells
    added: np.ndarray  # [label, quarter, ms] persons with an added job

    def first(self, number):
        """Those of the first labels alone, which do not keep the others in memory."""
        labels, *arrays = (getattr(self, one.name)[:number] for one in fields(self))
        return ParityResults(labels, *(array.copy() for array in arrays))


@dataclass(frozen=True)
class Results:
    """Counts and sums are over the four quarters of a year, flows are events, components are cents."""

    seed: int
    years: tuple[int, ...]
    member_states: tuple[str, ...]
    counts: np.ndarray  # [year, ms, origin, sex, education 4, measure] int64
    by_reason: np.ndarray  # [year, ms, reason, arrival period, measure] int64
    by_stay: np.ndarray  # [year, ms, reason, sex, completed years since arrival 11, STAY_MEASURES] int64: ages 20-64
    by_age: np.ndarray  # [year, ms, origin, age band 18, 1 + component] int64: persons on 31 December, cents
    cells: np.ndarray  # [quarter, ms, origin, sex, age 9, education, quarter.CELL_SUMS] int64
    market: np.ndarray  # [quarter, ms, segment, 5] openings, effective searchers, tightness, hires, contacts
    queues: dict[str, np.ndarray]  # name -> [quarter, ms, 3] places, waiting, admitted
    treasury: np.ndarray  # [year, ms, component] cents as booked by the treasuries
    person_quarters: int
    lever_units: np.ndarray  # [lever, quarter, ms] what of each lever was used: its unit is lever.Lever.base
    lever_costs: np.ndarray  # [lever, quarter, ms] EUR of 2019, beside what the account's components carry
    seconds: dict[str, float] = field(default_factory=dict)
    parity: ParityResults | None = None
    newcomers: np.ndarray | None = None  # [year, ms, measure] the non-EU-born beyond Inputs.compared


def join(parts):
    """Results of several Member States as one, in the given order; they were run apart and do not interact."""
    first = parts[0]
    parity = None
    if first.parity is not None:
        # Persons aged 20-64 of each quarter, over which the gap of each part is a mean.
        persons = np.array([p.cells[:, :, 2, ..., 0].sum(axis=(1, 2, 3, 4)) for p in parts], dtype=float)
        parity = ParityResults(
            labels=first.parity.labels,
            components=np.concatenate([p.parity.components for p in parts], axis=2),
            employed=np.concatenate([p.parity.employed for p in parts], axis=2),
            added=np.concatenate([p.parity.added for p in parts], axis=2),
            gap=(np.array([p.parity.gap for p in parts]) * persons[:, None]).sum(axis=0) / persons.sum(axis=0),
        )
    seconds = {}
    for part in parts:
        for name, value in part.seconds.items():
            seconds[name] = seconds.get(name, 0.0) + value
    axis_1 = {
        name: np.concatenate([getattr(p, name) for p in parts], axis=1)
        for name in ("counts", "by_reason", "by_stay", "by_age", "cells", "market", "treasury")
    }
    axis_2 = {name: np.concatenate([getattr(p, name) for p in parts], axis=2) for name in ("lever_units", "lever_costs")}
    if first.newcomers is not None:
        axis_1["newcomers"] = np.concatenate([p.newcomers for p in parts], axis=1)
    return Results(
        seed=first.seed,
        years=first.years,
        member_states=tuple(code for p in parts for code in p.member_states),
        queues={name: np.concatenate([p.queues[name] for p in parts], axis=1) for name in first.queues},
        person_quarters=sum(p.person_quarters for p in parts),
        seconds=seconds,
        parity=parity,
        **axis_1,
        **axis_2,
    )
