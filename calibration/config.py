"""The settings of a run: frozen dataclasses, without defaults, mirrored key by key by the files under conf/.

A setting is a choice (which scenario, at what strength, until when); parameter values live in calibration/data.
`config_from` checks keys and types and builds a Config; every class checks its own ranges. Whatever is wrong
raises InputError with the text `<key>=<value>: allowed is ...`.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from calibration.errors import InputError, refuse
from model import codes

PROCESS_NAMES = (
    "demography", "language", "recognition", "labour_market", "discrimination", "contacts", "care", "pay_growth",
)  # fmt: skip
DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-(\d+))?")  # folder of fetched figures: a date, and a number if not the first
FISCAL_ENGINES = ("builtin", "profiles", "gettsim")
PAY_GAPS = ("shipped", "eu_total", "national_studies")  # of the non-EU-born (calibration.structure)
OBJECTIVES = ("net_contribution", "employment", "overqualification")  # of integra optimise
DRAWS, FEWEST_DRAWS = 80, 8  # shipped with the estimates; a spread from fewer says nothing
MOST_COALITIONS = 64
SEVERAL_SEEDS = "how many, 1 to 1000, or a list such as [1,2]"
# Lever: lowest and highest strength, and what the strength means.
LEVERS = {
    "language_places": (0.0, 5.0, "extra places as a share of the baseline"),
    "job_related_courses": (0.0, 5.0, "extra places as a share of the baseline"),
    "bridging_courses": (0.0, 5.0, "extra places as a share of the baseline"),
    "faster_recognition": (0.0, 0.95, "share of waiting and document time removed"),
    "childcare_with_courses": (0.0, 1.0, "share of those attending who are offered childcare"),
    "online_courses": (0.0, 1.0, "share of courses that can be taken online"),
    "civic_orientation": (0.0, 1.0, "share of newcomers offered the course"),
    "early_skills_assessment": (0.0, 1.0, "share of newcomers offered an assessment"),
    "vocational_training": (0.0, 1.0, "chance per quarter that an unemployed person is offered a place"),
    "mentoring": (0.0, 1.0, "chance per quarter that an unemployed person is offered a place"),
    "work_first": (0.0, 1.0, "chance per quarter that an unemployed person is called in"),
    "entrepreneurs": (0.0, 1.0, "chance per quarter that an unemployed person is offered support"),
    "womens_measures": (0.0, 1.0, "share of women without work who are offered support"),
    "anti_discrimination": (0.0, 1.0, "share of hiring that is covered"),
    "health_access": (0.0, 1.0, "share of persons offered care"),
    "autonomous_housing": (0.0, 1.0, "share of newcomers offered help with housing"),
    "early_work_permission": (0.0, 1.0, "share of the wait for permission removed"),
    "community_sponsorship": (0.0, 1.0, "share of newcomers offered a sponsor"),
    "arrivals": (-1.0, 5.0, "multiplier of arrivals minus one"),
    "education_of_arrivals": (0.0, 0.95, "share of arrivals below tertiary education whose place a graduate takes"),
}
AT_LAYOUT = ("arrivals", "education_of_arrivals")  # levers that act where the population is laid out
FUNDS = ("AMIF", "ESF+", "ERDF", "Erasmus+", "none")
# Levers that reach some people only: {lever: (setting, the code that must be asked for, if any is)}.
ONLY = {
    "early_work_permission": ("reasons", "protection"),
    "community_sponsorship": ("reasons", "protection"),
    "womens_measures": ("sexes", "female"),
}
# Settings that would do nothing for a lever, and must be left open.
OPEN = {
    "arrivals": ("sexes", "education", "max_years_since_arrival"),
    "education_of_arrivals": ("education", "max_years_since_arrival"),
}


def _within(key: str, value: float, low: float, high: float, what: str = "") -> None:
    if not low <= value <= high:
        raise refuse(key, value, f"{low:.12g} to {high:.12g}{' (' + what + ')' if what else ''}")


def _above_zero(key: str, value: float, what: str) -> None:
    if not 0 < value <= 1e7:
        raise refuse(key, value, f"more than 0, to 10000000 ({what})")


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise refuse(key, value, ", ".join(allowed))


def _once(key: str, values: tuple[Any, ...]) -> None:
    if len(set(values)) < len(values):
        raise refuse(key, values, "each entry once")


def _some_of(key: str, values: tuple[str, ...], allowed: tuple[str, ...], empty: bool = False) -> None:
    for value in values:
        _one_of(key, value, allowed)
    _once(key, values)
    if not values and not empty:
        raise refuse(key, values, f"at least one of {', '.join(allowed)}")


def quarter_index(key: str, when: str | int, last: bool) -> int:
    """Quarters since 2017Q1 of `2021Q3` or of a year (its first quarter, or its last one if `last`)."""
    match = re.fullmatch(r"(\d{4})(?:Q([1-4]))?", str(when))
    year = int(match[1]) if match else 0
    if not match or not codes.FIRST_YEAR <= year <= codes.LAST_YEAR:
        raise refuse(key, when, f"a quarter such as 2021Q1, or a year, {codes.FIRST_YEAR} to {codes.LAST_YEAR}")
    quarter = int(match[2]) - 1 if match[2] else (3 if last else 0)
    return (year - codes.FIRST_YEAR) * 4 + quarter


@dataclasses.dataclass(frozen=True)
class Population:
    """How many real persons one simulated person stands for, at most."""

    scale: int  # persons per simulated person born outside the EU
    scale_comparison: int  # the same for natives and persons born in other Member States
    minimum_agents: int  # simulated persons per Member State and origin below which the weight is reduced
    draws_coarser: int  # draws of parameters use so many times fewer simulated persons than the seeds at the centre

    def __post_init__(self) -> None:
        _within("population.scale", self.scale, 1, 100_000, "persons per simulated person")
        _within("population.scale_comparison", self.scale_comparison, 1, 100_000, "persons per simulated person")
        _within("population.minimum_agents", self.minimum_agents, 100, 10_000_000)
        _within("population.draws_coarser", self.draws_coarser, 1, 100)


@dataclasses.dataclass(frozen=True)
class Flows:
    """Multipliers of the baseline arrivals from `start_year` on."""

    non_eu_arrivals: float
    by_reason: dict[str, float]
    eu_born_arrivals: float
    start_year: int

    def __post_init__(self) -> None:
        _within("flows.non_eu_arrivals", self.non_eu_arrivals, 0, 10, "multiplier of the baseline")
        _within("flows.eu_born_arrivals", self.eu_born_arrivals, 0, 10, "multiplier of the baseline")
        _within("flows.start_year", self.start_year, codes.FIRST_YEAR, codes.LAST_YEAR)
        for reason, value in self.by_reason.items():
            _one_of("flows.by_reason", reason, codes.REASONS)
            _within(f"flows.by_reason.{reason}", value, 0, 10, "multiplier of the baseline")
        if set(self.by_reason) != set(codes.REASONS):
            given = ", ".join(self.by_reason)
            raise refuse("flows.by_reason", given, f"one multiplier each for {', '.join(codes.REASONS)}")


@dataclasses.dataclass(frozen=True)
class Macro:
    """Labour demand by Member State and year, estimated on natives (calibration.estimate)."""

    conditions: str  # constant: those of `year` throughout; estimated: each year's own up to `year`, which then stay
    year: int

    def __post_init__(self) -> None:
        _one_of("macro.conditions", self.conditions, ("constant", "estimated"))
        _within("macro.year", self.year, codes.FIRST_YEAR, 2025, "years with published employment of natives")


@dataclasses.dataclass(frozen=True)
class Structure:
    """Structural alternatives (calibration.structure)."""

    scarring: str
    displacement: str
    search_adaptation: str
    pay_gap: str

    def __post_init__(self) -> None:
        _one_of("structure.scarring", self.scarring, ("none", "moderate"))
        _one_of("structure.displacement", self.displacement, ("central", "low", "high"))
        _one_of("structure.search_adaptation", self.search_adaptation, ("central", "none", "full"))
        _one_of("structure.pay_gap", self.pay_gap, PAY_GAPS)


@dataclasses.dataclass(frozen=True)
class Integration:
    """Processes that are switched off, for knock-out experiments."""

    off: tuple[str, ...]

    def __post_init__(self) -> None:
        _some_of("integration.off", self.off, PROCESS_NAMES, empty=True)


@dataclasses.dataclass(frozen=True)
class Lever:
    """One policy lever: what, how strong, from when to when, for whom. Empty lists mean everybody."""

    label: str  # its key under policy.levers
    lever: str
    strength: float  # see LEVERS
    start: str | int  # "2021Q1", or a year: its first quarter
    end: str | int | None  # last quarter of the full strength, or a year: its last quarter; None: never
    phase_in: int  # quarters from start to full strength, linear
    fade_out: int  # quarters from the end to zero, linear
    member_states: tuple[str, ...]
    sexes: tuple[str, ...]
    reasons: tuple[str, ...]
    education: tuple[str, ...]
    max_years_since_arrival: int | None
    # What follows is None for the value of calibration/data/levers.csv.
    take_up: float | None  # share of those reached who accept
    unit_cost: float | None  # EUR of 2019 per unit at the EU's average wage
    eu_share: float | None  # share of the cost paid by the EU's budget
    fund: str | None

    def __post_init__(self) -> None:
        key = f"policy.levers.{self.label}"
        _one_of(f"{key}.lever", self.lever, tuple(LEVERS))
        low, high, what = LEVERS[self.lever]
        _within(f"{key}.strength", self.strength, low, high, what)
        _within(f"{key}.phase_in", self.phase_in, 0, 76, "quarters")
        _some_of(f"{key}.member_states", self.member_states, codes.MEMBER_STATES, empty=True)
        _some_of(f"{key}.sexes", self.sexes, codes.SEXES, empty=True)
        _some_of(f"{key}.reasons", self.reasons, codes.REASONS, empty=True)
        _some_of(f"{key}.education", self.education, codes.EDUCATION, empty=True)
        _within(f"{key}.fade_out", self.fade_out, 0, 76, "quarters")
        if self.max_years_since_arrival is not None:
            _within(f"{key}.max_years_since_arrival", self.max_years_since_arrival, 0, 100, "years")
        first = quarter_index(f"{key}.start", self.start, last=False)
        if self.end is not None and quarter_index(f"{key}.end", self.end, last=True) < first:
            raise refuse(f"{key}.end", self.end, f"the start {self.start} or later, or null")
        if self.end is None and self.fade_out:
            raise refuse(f"{key}.fade_out", self.fade_out, "0 while end is null")
        for name, highest in (("take_up", 1.0), ("unit_cost", 1e6), ("eu_share", 1.0)):
            if getattr(self, name) is not None:
                _within(f"{key}.{name}", getattr(self, name), 0.0, highest)
        if self.fund is not None:
            _one_of(f"{key}.fund", self.fund, FUNDS)
        if self.fund == "none" and self.eu_share:
            raise refuse(f"{key}.eu_share", self.eu_share, "0 or null with fund none")
        if self.lever in ONLY:
            setting, code = ONLY[self.lever]
            asked = getattr(self, setting)
            if asked and code not in asked:
                raise refuse(f"{key}.{setting}", asked, f"[{code}], whom {self.lever} is for, or []")
        for setting in OPEN.get(self.lever, ()):
            asked = getattr(self, setting)
            if asked not in ((), None):
                raise refuse(f"{key}.{setting}", asked, f"nothing ([] or null) for {self.lever}")

    @property
    def first_quarter(self) -> int:
        """First quarter in force, counted from 2017Q1 = 0."""
        return quarter_index("start", self.start, last=False)

    @property
    def last_quarter(self) -> int | None:
        """Last quarter in full force, counted from 2017Q1 = 0; None when the lever has no end."""
        return None if self.end is None else quarter_index("end", self.end, last=True)

    def overlaps(self, other: Lever) -> bool:
        """Whether some person could be reached by both in the same quarter."""
        for name in ("member_states", "sexes", "reasons", "education"):
            mine, theirs = set(getattr(self, name)), set(getattr(other, name))
            if mine and theirs and not mine & theirs:
                return False

        def last(lever: Lever) -> float:
            return math.inf if lever.last_quarter is None else lever.last_quarter + lever.fade_out

        return self.first_quarter <= last(other) and other.first_quarter <= last(self)


@dataclasses.dataclass(frozen=True)
class Policy:
    """A named set of levers; the baseline has none."""

    name: str
    levers: tuple[Lever, ...]

    def __post_init__(self) -> None:
        _file_name("policy.name", self.name)
        for i, lever in enumerate(self.levers):
            for other in self.levers[:i]:
                if other.lever == lever.lever and lever.overlaps(other):
                    raise refuse(
                        f"policy.levers.{lever.label}.lever",
                        lever.lever,
                        f"one lever of a kind for the same people at the same time; {other.label} is there already",
                    )


@dataclasses.dataclass(frozen=True)
class Parity:
    """The counterfactuals, phased in linearly from the first quarter of start_year to the last of end_year."""

    variants: tuple[str, ...]
    given: tuple[str, ...]
    references: tuple[str, ...]
    symmetric: bool  # False: gaps are closed upward only
    decomposition: bool  # the gain apart by factor, as Shapley values
    start_year: int
    end_year: int

    def __post_init__(self) -> None:
        _some_of("parity.variants", self.variants, tuple(codes.PARITY_VARIANTS))
        _some_of("parity.given", self.given, codes.PARITY_GIVEN)
        _some_of("parity.references", self.references, codes.PARITY_REFERENCES)
        _within("parity.start_year", self.start_year, codes.FIRST_YEAR, codes.LAST_YEAR)
        _within("parity.end_year", self.end_year, codes.FIRST_YEAR, codes.LAST_YEAR)
        if self.end_year < self.start_year:
            raise refuse("parity.end_year", self.end_year, f"the start year {self.start_year} or later")


@dataclasses.dataclass(frozen=True)
class Mix:
    """How `compare` takes a policy of several levers apart, as Shapley values over its levers."""

    coalitions: int  # sets of levers simulated per policy at most; all of them where there are no more; 0: not taken apart
    seeds: int  # of those of the job
    draws: int  # of those of the job, or all where it has fewer; 0: none

    def __post_init__(self) -> None:
        _within("mix.coalitions", self.coalitions, 0, MOST_COALITIONS)
        _within("mix.seeds", self.seeds, 1, 1000)
        _within("mix.draws", self.draws, 0, DRAWS, "0 for none")
        if self.draws == 1:
            raise refuse("mix.draws", self.draws, f"0, or 2 to {DRAWS}")


@dataclasses.dataclass(frozen=True)
class Accounting:
    """Conventions of the net fiscal contribution, applied to stored components after the run."""

    children: str
    employer_contributions: bool
    programme_costs: bool
    price_year: int
    denominator: str
    pension_view: str
    pension_indexation: str
    real_wage_growth: str

    def __post_init__(self) -> None:
        _one_of("accounting.children", self.children, ("own", "parents"))
        _within("accounting.price_year", self.price_year, 2015, 2024)
        _one_of("accounting.denominator", self.denominator, ("all_ages", "age_20_64"))
        _one_of("accounting.pension_view", self.pension_view, ("cash", "accrual"))
        _one_of("accounting.pension_indexation", self.pension_indexation, ("half", "prices", "wages"))
        _one_of("accounting.real_wage_growth", self.real_wage_growth, ("included", "none"))


@dataclasses.dataclass(frozen=True)
class Run:
    """The simulated period: 1 January 2017 to the end of end_year."""

    end_year: int

    def __post_init__(self) -> None:
        _within("run.end_year", self.end_year, codes.FIRST_YEAR, codes.LAST_YEAR)


@dataclasses.dataclass(frozen=True)
class Tables:
    """Which figures: the shipped ones alone, or with those fetched from Eurostat in their place."""

    use: str  # latest, shipped, or the date of a folder
    folder: str  # where `integra data update` writes

    def __post_init__(self) -> None:
        if self.use not in ("latest", "shipped") and not DATED.fullmatch(self.use):
            raise refuse("tables.use", self.use, "latest, shipped, or a date such as 2026-11-22")
        if not self.folder:
            raise refuse("tables.folder", self.folder, "a folder")


@dataclasses.dataclass(frozen=True)
class Fiscal:
    """What returns the table that the fiscal account reads (calibration.fiscal_engine)."""

    engine: str
    folder: str | None  # profiles: where `integra data euromod` has written
    policy_date: str | None  # gettsim: the day whose rules hold

    def __post_init__(self) -> None:
        _one_of("fiscal.engine", self.engine, FISCAL_ENGINES)
        if (self.engine == "profiles") != bool(self.folder):
            raise refuse("fiscal.folder", self.folder, "a folder with fiscal=profiles, null without")
        if self.engine == "gettsim":
            _day("fiscal.policy_date", self.policy_date)
        elif self.policy_date is not None:
            raise refuse("fiscal.policy_date", self.policy_date, "a day with fiscal=gettsim, null without")


@dataclasses.dataclass(frozen=True)
class Compute:
    """The machine: changes no result."""

    threads: int | None  # None: all cores
    memory_gib: float | None  # None: what is free at start
    output: str  # folder that receives result folders

    def __post_init__(self) -> None:
        if self.threads is not None:
            _within("compute.threads", self.threads, 1, 64)
        if self.memory_gib is not None:
            _within("compute.memory_gib", self.memory_gib, 0.1, 100_000)
        if not self.output:
            raise refuse("compute.output", self.output, "a folder")


@dataclasses.dataclass(frozen=True)
class Config:
    """All settings of one job."""

    name: str
    member_states: tuple[str, ...]
    seeds: tuple[int, ...]
    draws: int  # of all parameters (calibration.draw), besides the seeds at the centre; 0: none
    estimates: str  # shipped, or a folder that integra calibrate has written
    population: Population
    flows: Flows
    macro: Macro
    structure: Structure
    integration: Integration
    policy: Policy
    parity: Parity
    fiscal: Fiscal
    accounting: Accounting
    run: Run
    tables: Tables
    compute: Compute

    def __post_init__(self) -> None:
        _file_name("name", self.name)
        _some_of("member_states", self.member_states, codes.MEMBER_STATES)
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise refuse("seeds", self.seeds, f"{SEVERAL_SEEDS}, each once")
        for seed in self.seeds:
            _within("seeds", seed, 0, 2**31 - 1)
        if self.draws and not FEWEST_DRAWS <= self.draws <= DRAWS:
            raise refuse("draws", self.draws, f"0 for none, or {FEWEST_DRAWS} to {DRAWS}")
        if self.draws and len(self.seeds) < 2:
            raise refuse("seeds", self.seeds, "two or more with draws, for the Monte Carlo error")


@dataclasses.dataclass(frozen=True)
class Optimise:
    """Settings of `integra optimise` beside those of the runs."""

    verification_seeds: tuple[int, ...]
    budget: float  # EUR million of accounting.price_year per year
    budget_per_member_state: dict[str, float]  # the same, upper bounds; Member States not named have none
    objective: str
    counted: str
    levers: tuple[str, ...]  # names of policies
    strengths: tuple[float, ...]  # multiples of a policy's own strength, ascending
    by_member_state: bool
    frontier: tuple[float, ...]  # multiples of the budget
    first_year: int
    discount_rate: float  # per year, real

    def __post_init__(self) -> None:
        _above_zero("budget", self.budget, "EUR million per year")
        for state, value in self.budget_per_member_state.items():
            _one_of("budget_per_member_state", state, codes.MEMBER_STATES)
            _above_zero(f"budget_per_member_state.{state}", value, "EUR million per year")
        if self.budget_per_member_state and not self.by_member_state:
            raise refuse("by_member_state", False, "true with budget_per_member_state")
        _one_of("objective", self.objective, OBJECTIVES)
        _one_of("counted", self.counted, ("non_eu_born", "everybody"))
        if not self.strengths or list(self.strengths) != sorted(set(self.strengths)):
            raise refuse("strengths", self.strengths, "multiples of a policy's strength in ascending order, each once")
        for value in self.strengths:
            _above_zero("strengths", value, "multiple of a policy's own strength")
        for value in self.frontier:
            _above_zero("frontier", value, "multiple of the budget")
        if len(set(self.frontier)) < len(self.frontier):
            raise refuse("frontier", self.frontier, "multiples of the budget, each once")
        for seed in self.verification_seeds:
            _within("verification_seeds", seed, 0, 2**31 - 1)
        _within("first_year", self.first_year, codes.FIRST_YEAR, codes.LAST_YEAR)
        _within("discount_rate", self.discount_rate, 0, 0.2, "per year")

    def check(self, config: Config) -> None:
        """Raise InputError where these settings and those of the runs do not go together."""
        both = sorted(set(self.verification_seeds) & set(config.seeds))
        if both:
            raise refuse("verification_seeds", both, "seeds that are not among `seeds`: who chooses must not judge")
        for key, seeds in (("seeds", config.seeds), ("verification_seeds", self.verification_seeds)):
            if len(seeds) < 2 or len(set(seeds)) < len(seeds):
                raise refuse(key, seeds, "two or more different ones, for the Monte Carlo error")
        if self.first_year > config.run.end_year:
            raise refuse("first_year", self.first_year, f"{config.run.end_year} (run.end_year) or earlier")
        for state in self.budget_per_member_state:
            _one_of("budget_per_member_state", state, config.member_states)
        if config.accounting.programme_costs:
            raise refuse("accounting.programme_costs", True, "false: what measures cost is the budget, not part of the gain")
        if config.policy.levers:
            raise refuse("policy", config.policy.name, "baseline: levers are what is chosen")


@dataclasses.dataclass(frozen=True)
class Update:
    """Settings of `integra data update`."""

    base_url: str
    timeout: float  # seconds
    folder: str
    datasets: tuple[str, ...]  # empty: all of the query table
    years: tuple[int, ...]  # empty: those of the query table

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise refuse("base_url", self.base_url, "an address that starts with https:// or http://")
        _within("timeout", self.timeout, 0.1, 600, "seconds")
        if not self.folder:
            raise refuse("folder", self.folder, "a folder")
        for year in self.years:
            _within("years", year, 1990, 2100)
        _once("datasets", self.datasets)
        _once("years", self.years)


def update_from(settings: Mapping[str, Any]) -> Update:
    """Build the settings of `integra data update`."""
    return tool_from(Update, settings, ("datasets", "years"))


@dataclasses.dataclass(frozen=True)
class Euromod:
    """Settings of `integra data euromod`."""

    files: tuple[str, ...]
    folder: str
    exchange_rate: float  # national currency per euro
    origin: str  # variable that holds it
    smallest_cell: int  # persons in the data

    def __post_init__(self) -> None:
        if not self.files:
            raise refuse("files", self.files, "files of EUROMOD output, such as [de_2019_std.txt]")
        if not self.folder:
            raise refuse("folder", self.folder, "a folder")
        _within("exchange_rate", self.exchange_rate, 1e-3, 1e4, "national currency per euro")
        _one_of("origin", self.origin, ("dcb", "dcz"))
        _within("smallest_cell", self.smallest_cell, 1, 10_000, "persons in the data")


@dataclasses.dataclass(frozen=True)
class Gettsim:
    """Settings of `integra data gettsim`."""

    policy_date: str
    file: str

    def __post_init__(self) -> None:
        _day("policy_date", self.policy_date)
        if not self.file:
            raise refuse("file", self.file, "a file")


@dataclasses.dataclass(frozen=True)
class Shocks:
    """Settings of `integra data shocks`."""

    results: str  # folder
    scenario: str | None  # None: the first of the folder
    against: str | int  # a year of the scenario, or another scenario
    years: tuple[int, ...]  # empty: all that can be compared
    cells: tuple[str, ...]
    folder: str

    def __post_init__(self) -> None:
        if not self.results:
            raise refuse("results", self.results, "a folder of results, such as outputs/baseline-0123456789ab")
        _some_of("cells", self.cells, ("education", "sex", "origin"), empty=True)
        for year in self.years:
            _within("years", year, codes.FIRST_YEAR, codes.LAST_YEAR)
        _once("years", self.years)
        if not self.folder:
            raise refuse("folder", self.folder, "a folder")


def mix_from(settings: Mapping[str, Any]) -> Mix:
    """Build the settings of how policies are taken apart."""
    return typing.cast(Mix, _build(Mix, settings, "mix"))


def tool_from(schema: Any, settings: Mapping[str, Any], lists: tuple[str, ...]) -> Any:
    """Build the settings of a task of `integra data`; in `lists`, `all` stands for an empty list, one entry for a list."""
    settings = dict(settings)
    for key in lists:
        value = settings.get(key)
        if value == [] and key in ("datasets", "years"):
            raise refuse(key, value, "all, or a list of some")
        if not isinstance(value, list):
            settings[key] = [] if value == "all" else [value]
    return _build(schema, settings, "")


def _day(key: str, value: str | None) -> None:
    try:
        datetime.date.fromisoformat(str(value))
    except ValueError:
        raise refuse(key, value, "a day such as 2019-07-01") from None


def _file_name(key: str, value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", value):
        raise refuse(key, value, "up to 80 letters, digits, '_', '-' and '.', usable as a folder name")


def config_from(settings: Mapping[str, Any]) -> Config:
    """Build a Config from plain settings as read from YAML.

    `seeds: 4` stands for seeds 1 to 4; `member_states: all` (or one code) for a list, which is put in the order of
    the code table; `policy.levers` is a table of labels and levers. Raises InputError for an unknown or missing key,
    a wrong type or a value out of range.
    """
    settings = dict(settings)
    seeds = settings.get("seeds")
    if type(seeds) is int and 1 <= seeds <= 1000:
        settings["seeds"] = list(range(1, seeds + 1))
    elif "seeds" in settings and not isinstance(seeds, list):
        raise refuse("seeds", seeds, SEVERAL_SEEDS)
    states = settings.get("member_states")
    if states == "all":
        settings["member_states"] = list(codes.MEMBER_STATES)
    elif "member_states" in settings:
        states = states if isinstance(states, list) else [states]
        for state in states:
            if state not in codes.MEMBER_STATES:
                raise refuse("member_states", state, f"all, or one or a list of {', '.join(codes.MEMBER_STATES)}")
        settings["member_states"] = sorted(states)
    policy = settings.get("policy")
    if isinstance(policy, Mapping) and "levers" in policy:
        if not isinstance(policy["levers"], Mapping):
            raise refuse("policy.levers", policy["levers"], "a table of levers, {} for none")
        levers = [_labelled(label, policy["levers"]) for label in policy["levers"]]
        settings["policy"] = {**policy, "levers": levers}
    return _build(Config, settings, "")


def _labelled(label: str, levers: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a lever with its label, which is their key in a file and no setting there.

    Settings without a kind change a lever that is there already, so their label is one that is not.
    """
    lever = levers[label]
    if not isinstance(lever, Mapping):
        raise refuse(f"policy.levers.{label}", lever, "the settings of a lever, such as {strength: 0.5}")
    if "label" in lever:
        raise InputError(f"policy.levers.{label}.label={lever['label']}: unknown key, a lever has that of its table")
    if "lever" not in lever:
        there = [name for name, other in levers.items() if isinstance(other, Mapping) and "lever" in other]
        close = difflib.get_close_matches(label, there, 1, 0.6)
        meant = f", did you mean {close[0]}" if close else ""
        change = f"a lever that is there ({', '.join(there)}) or " if there else ""
        own = f"one of your own with all its settings, lever: {', '.join(LEVERS)}"
        raise InputError(f"policy.levers.{label}: unknown label{meant}; allowed is {change}{own}")
    return {"label": label, **lever}


def settings_of(config: Config) -> dict[str, Any]:
    """The settings as plain dictionaries and lists, in the order of the classes: what config.yaml holds."""
    return {**plain_settings(config), "policy": policy_settings(config.policy)}


def policy_settings(policy: Policy) -> dict[str, Any]:
    """A policy as plain values: what a file under conf/policy holds."""
    settings = plain_settings(policy)
    return {**settings, "levers": {lever.pop("label"): lever for lever in settings["levers"]}}


def plain_settings(value: Any) -> Any:
    """Settings of one class as dictionaries and lists."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain_settings(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [plain_settings(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


_TYPE_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", types.NoneType: "null"}


def _build(schema: Any, value: Any, key: str) -> Any:
    """The value as an instance of the annotated type `schema`; `key` is its dotted name for messages."""
    if dataclasses.is_dataclass(schema):
        return _build_class(schema, value, key)
    if isinstance(schema, types.UnionType):
        for option in typing.get_args(schema):
            if _matches(option, value):
                return value
        raise refuse(key, value, " or ".join(_TYPE_NAMES[option] for option in typing.get_args(schema)))
    container, arguments = typing.get_origin(schema), typing.get_args(schema)
    if container is tuple:
        if not isinstance(value, list | tuple):
            raise refuse(key, value, "a list such as [a,b]")
        return tuple(_build(arguments[0], item, f"{key}.{item['label']}" if arguments[0] is Lever else key) for item in value)
    if container is dict:
        if not isinstance(value, Mapping):
            raise refuse(key, value, "a table of names and numbers")
        return {name: _build(arguments[1], item, f"{key}.{name}") for name, item in value.items()}
    if not _matches(schema, value):
        raise refuse(key, value, _TYPE_NAMES[schema])
    return schema(value)


def _build_class(schema: Any, value: Any, key: str) -> Any:
    hints = typing.get_type_hints(schema)
    if not isinstance(value, Mapping):
        raise refuse(key, value, f"a group with the keys {', '.join(hints)}")
    prefix = f"{key}." if key else ""
    names = ", ".join(name for name in hints if (schema, name) != (Lever, "label"))  # which is the key of the lever's table
    for name in value:
        if name not in hints:
            raise InputError(f"{prefix}{name}={value[name]}: unknown key, allowed is {names}")
    for name in hints:
        if name not in value:
            raise InputError(f"{prefix}{name}: missing, every one of {names} is needed")
    return schema(**{name: _build(hint, value[name], f"{prefix}{name}") for name, hint in hints.items()})


def _matches(schema: Any, value: Any) -> bool:
    """Whether a plain value has the scalar type; whole numbers count as numbers, true and false do not."""
    if schema is types.NoneType:
        return value is None
    if schema is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is schema
