"""Results of one run: additive integers by year, Member State, origin, sex and education, and what institutions did."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ParityResults:
    """Accounting counterfactuals of the non-EU-born (model/parity.py), one row per label."""

    labels: tuple[tuple[str, str, str], ...]  # (variant, given, reference)
    components: np.ndarray  # [label, year, ms, sex, education 4, component] cents
    employed: np.ndarray  # [label, year, ms, sex, education 4] person-quarters employed at 20-64
    gap: np.ndarray  # [label, quarter] points: weighted mean absolute remaining gap over cells


@dataclass(frozen=True)
class Results:
    """Counts and sums are over the four quarters of a year, flows are events, components are cents."""

    seed: int
    years: tuple[int, ...]
    member_states: tuple[str, ...]
    counts: np.ndarray  # [year, ms, origin, sex, education 4, measure] int64
    by_reason: np.ndarray  # [year, ms, reason, arrival period, measure] int64
    by_age: np.ndarray  # [year, ms, origin, age band 18, 1 + component] int64: persons on 31 December, cents
    cells: np.ndarray  # [quarter, ms, origin, sex, age 9, education, quarter.CELL_SUMS] int64
    market: np.ndarray  # [quarter, ms, segment, 5] openings, effective searchers, tightness, hires, contacts
    queues: dict[str, np.ndarray]  # name -> [quarter, ms, 3] places, waiting, admitted
    treasury: np.ndarray  # [year, ms, component] cents as booked by the treasuries
    person_quarters: int
    seconds: dict[str, float] = field(default_factory=dict)
    parity: ParityResults | None = None
