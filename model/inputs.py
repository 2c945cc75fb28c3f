"""Everything a run needs, as arrays: the model reads no file. Built by calibration.load_inputs.

Axes: ms = 27 Member States (codes.MEMBER_STATES), group = codes.GROUPS, origin = codes.ORIGINS, sex, education, age in
single years from 15 (rates) or 18 five-year bands (stock), stay = codes.STAY_BANDS.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LARGE_RUN = 20_000_000  # agents laid out at once, at most; larger runs go Member State by Member State
LARGEST_WEIGHT = 65_000  # what the record can hold


def weight_of(persons, scale, minimum_agents):
    """Largest integer weight not above `scale` that leaves at least `minimum_agents` agents (at least 1)."""
    return int(max(1, min(scale, LARGEST_WEIGHT, persons // max(1, minimum_agents))))


@dataclass(frozen=True)
class Inputs:
    """Inputs of simulate(). Persons, hazards per quarter, EUR of 2019 per year."""

    member_states: tuple[int, ...]  # codes of the Member States in the run, ascending
    end_year: int
    scale: int  # most persons per agent, non-EU-born
    scale_comparison: int  # natives and EU-born
    minimum_agents: int  # per Member State and origin
    stock: np.ndarray  # [ms, group, sex, age 18, education, stay] persons on 1 January 2017
    arrivals: np.ndarray  # [ms, group, quarter] persons; births for natives
    arrival_age: np.ndarray  # [group and, last, flight from Ukraine; sex; 6 ages] shares
    arrival_education: np.ndarray  # [ms, origin, sex, education] shares, final education of arrivals and births
    selection: np.ndarray  # [ms, group, sex, quarter] share of arrivals below tertiary whose place a graduate takes
    language_before: np.ndarray  # [ms, education, level] shares before migration
    regulated: np.ndarray  # [sex, education] share of qualifications from abroad in regulated occupations
    completion: np.ndarray  # [education, 2] first and last age at the end of initial education, years
    partner: np.ndarray  # [3 ages, origin, 4] shares
    employment: np.ndarray  # [ms, origin, sex, age 12] employment rate of the reference year, 15-19 to 70-74
    unemployment: np.ndarray  # [ms, origin, sex] unemployment rate of the reference year
    overqualification: np.ndarray  # [ms, origin] share of employed graduates in other jobs, reference year
    employed_profile: np.ndarray  # [ms, origin, sex, education, age 60] share of persons not in education
    cells: np.ndarray  # flat cell table
    parameters: np.ndarray  # [1] structured
    programmes: np.ndarray  # [codes.PROGRAMMES] structured
    rates: np.ndarray  # [ms, origin, sex, education, age 60] structured
    death: np.ndarray  # [period 4, ms, sex, age 101] probability per quarter
    birth: np.ndarray  # [year, ms, age 35] probability per quarter
    retirement_q: np.ndarray  # [ms, sex] quarters of age
    retire: float  # hazard of leaving work past that age
    wage_base: np.ndarray  # [ms, education, segment] log of the average wage
    sex_gap: np.ndarray  # [ms] log
    fiscal: np.ndarray  # [ms] structured
    growth: float  # real wage growth per year
    macro: np.ndarray  # [ms, quarter] factor of job finding
    cycle: np.ndarray  # [ms, origin, quarter] factor of job finding beside macro conditions: how much more an origin feels them
    older_exit: np.ndarray  # [ms, quarter] factor of leaving work for inactivity at ages 55 to 64
    switches: np.ndarray  # [1] structured
    levers: tuple[Any, ...] = ()
    threads: int = 0  # 0 = as many as numba finds
    parity: Any = None  # model.parity.Plan
    market: np.ndarray | None = None  # Results.market of another run, replayed instead of decided

    compared: np.ndarray | None = None  # arrivals of another scenario: who comes beyond them is counted in Results.newcomers
    added: np.ndarray | None = None  # [quarter, ms, segment, 2] search and leavers of jobs added at parity, market on

    @property
    def quarters(self):
        """Number of quarters simulated."""
        return 4 * (self.end_year - 2017 + 1)

    def with_parity(self, plan, market):
        """These inputs for an accounting run at parity: the non-EU-born alone, in the recorded market."""
        stock = self.stock.copy()
        stock[:, :2] = 0.0
        arrivals = self.arrivals.copy()
        arrivals[:, :2] = 0.0
        return replace(self, parity=plan, market=market, stock=stock, arrivals=arrivals)
