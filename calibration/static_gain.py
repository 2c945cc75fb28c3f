"""The static gain of parity in employment by cells, without simulation: a check on model/parity.py and model/fiscal.py.

Persons of 1 January 2017 by Member State, sex, quarter of age and education keep their labour state for the four
quarters of 2017. In each quarter natives' employment rate less the non-EU-born's, where positive, times the persons of
a Member State, sex and five-year age is the number of added jobs, spread evenly over those without work. Each added
job changes the year's account of its holder; the expectation is taken over the permanent earnings trait by
Gauss-Hermite quadrature, over part-time and full-time by share, over skilled and other jobs by share, over receipt of
assistance by partner, state and take-up, and over the number of quarters worked by those who change age group during
the year.

Written apart from the kernels: schedules are interpolated here, nothing of the person engine is imported. Reason and
years since arrival do not appear because, once simplified, no parameter of a job or an account depends on them.

Simplifications, which `simplified` makes to the inputs of both sides:
- no demography, arrivals, language, recognition or labour-market moves: the states of the start are kept;
- nobody at 15-74 is in education or retired; employment by education follows rates.odds_by_state with the published
  margin by sex and age; the unemployed are the published rate's share of the active in every cell;
- pay does not depend on experience, language or citizenship, nor the job on language and recognition;
- no insurance benefit of the unemployed, no child benefit;
- an added job has a match residual drawn like any other, independent of the permanent trait. Approximations:
  whoever turns 65 during 2017 keeps other cash benefits and assistance for the year in the choice of the saving band;
  the share of skilled jobs is the mean over the year's quarters."""

from dataclasses import dataclass, replace

import numpy as np

from calibration.fiscal_tables import CATEGORIES
from calibration.rates import odds_by_state, split_by_education
from model.cell import SHAPE
from model.codes import FEMALE, NATIVE, NON_EU_BORN
from model.inputs import Inputs

COMPONENTS = ("income_tax", "employee_contributions", "employer_contributions", "indirect_tax", "social_assistance")
SIGNS = np.array([1, 1, 1, 1, -1])
POINTS = np.array([0.0, *(float(c) for c in CATEGORIES)])
BANDS = range(9)  # 20-24 to 60-64
FIRST_Q, END_Q = 80, 260  # quarters of age at 20 and 65
START_BANDS = 10  # 15-19 to 60-64: who is 20-64 at some time of the year
QUARTERS_OF_AGE = np.arange(60, END_Q)  # age in quarters in the first quarter of 2017
SAVING_LIMITS = np.array([0.6, 1.0, 1.5])  # of the median net income
INDEX_YEARS = 2017 - 2019
NODES = 80


@dataclass(frozen=True)
class StaticGain:
    """Added jobs [ms], annual mean persons, and change of the account [ms, COMPONENTS], EUR of 2019 in 2017."""

    jobs: np.ndarray
    components: np.ndarray

    @property
    def net(self):
        """Change of taxes and contributions less benefits, [ms] EUR."""
        return self.components @ SIGNS


def simplified(inputs: Inputs) -> Inputs:
    """The inputs under the simplifications in this module's docstring, for 2017 alone."""
    switches, par, fiscal = inputs.switches.copy(), inputs.parameters.copy(), inputs.fiscal.copy()
    for name in switches.dtype.names or ():
        switches[name] = 0
    for name in (
        "experience", "experience_squared", "foreign_experience", "language_pay_b1", "language_pay_c1",
        "naturalisation_pay", "insurance_quarters",
    ):  # fmt: skip
        par[name] = 0.0
    for name in (
        "skilled_a1", "skilled_a2", "skilled_c1", "skilled_regulated_unrecognised", "skilled_regulated_recognised",
        "skilled_other_recognised",
    ):  # fmt: skip
        par[name] = 1.0
    fiscal["child_benefit"] = 0.0
    fiscal["coverage"] = 0.0
    return replace(inputs, end_year=2017, switches=switches, parameters=par, fiscal=fiscal)


def states(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Employed and unemployed shares of the non-EU-born, [ms, sex, education, age band 15-19 to 60-64] each."""
    persons = inputs.stock[:, 2:].sum(axis=(1, 5))[:, :, 3 : 3 + START_BANDS]
    weights = np.moveaxis(persons, 3, 2)
    weights = weights / np.maximum(weights.sum(axis=2, keepdims=True), 1e-9)
    rate = inputs.employment[:, NON_EU_BORN, :, :START_BANDS]
    odds = np.broadcast_to(odds_by_state()[:, [NON_EU_BORN]], (*rate.shape[:2], 3))
    employed = split_by_education(rate, weights, odds)
    ratio = inputs.unemployment[:, NON_EU_BORN] / (1.0 - inputs.unemployment[:, NON_EU_BORN])
    return employed, np.minimum(ratio[:, :, None, None] * employed, 1.0 - employed)


def targets(inputs: Inputs) -> np.ndarray:
    """Employment rate of natives by [ms, sex, age band 20-24 to 60-64] as published."""
    return inputs.employment[:, NATIVE, :, 1 : 1 + len(BANDS)]


def by_quarter_of_age(inputs: Inputs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Non-EU-born persons, and those employed and unemployed, [ms, sex, education, QUARTERS_OF_AGE]."""
    bands = np.moveaxis(inputs.stock[:, 2:].sum(axis=(1, 5)), 3, 2) / 20.0
    # Somebody of band a on 1 January is 20 a + 1 to 20 a + 20 quarters old at the end of the first quarter.
    persons = bands[..., (QUARTERS_OF_AGE - 1) // 20]
    employed, unemployed = (share[..., QUARTERS_OF_AGE // 20 - 3] for share in states(inputs))
    return persons, persons * employed, persons * unemployed


def share_with_job(persons: np.ndarray, employed: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Share of those without work who hold an added job, [quarter, ms, sex, age band 20-24 to 60-64]."""
    shares = np.zeros((4, *target.shape))
    people, jobs = persons.sum(axis=2), employed.sum(axis=2)
    for t in range(4):
        band = (QUARTERS_OF_AGE + t) // 20 - 4
        for b in BANDS:
            inside = band == b
            n, e = people[..., inside].sum(axis=-1), jobs[..., inside].sum(axis=-1)
            shares[t, ..., b] = np.clip((target[..., b] * n - e) / np.maximum(n - e, 1e-9), 0.0, 1.0)
    return shares


def quarters_worked(shares: np.ndarray) -> np.ndarray:
    """Probability of 1 to 4 quarters in an added job, [4, ms, sex, QUARTERS_OF_AGE]: each person has one permanent
    draw."""
    age = QUARTERS_OF_AGE[None] + np.arange(4)[:, None]
    inside = (age >= FIRST_Q) & (age < END_Q)
    band = np.clip(age // 20 - 4, 0, len(BANDS) - 1)
    each = np.stack([np.where(inside[t], shares[t][..., band[t]], 0.0) for t in range(4)])
    ordered = -np.sort(-each, axis=0)
    return ordered - np.concatenate([ordered[1:], np.zeros_like(ordered[:1])])


def amount(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Piecewise-linear schedule of each Member State, points [ms, 6] at POINTS, at x [ms, ...]; last slope beyond."""
    result = np.empty_like(x)
    for ms in range(len(points)):
        slope = (points[ms, -1] - points[ms, -2]) / (POINTS[-1] - POINTS[-2])
        beyond = np.maximum(x[ms] - POINTS[-1], 0.0)
        result[ms] = np.interp(x[ms], POINTS, points[ms]) + slope * beyond
    return result


def _by_state(values, like):
    return np.asarray(values).reshape((-1,) + (1,) * (like.ndim - 1))


def account(inputs: Inputs, x: np.ndarray, aid: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """The five COMPONENTS of the year, EUR, from gross earnings x (average wages), assistance aid (EUR), both [ms, ...], and
    whether the partner earns (second, 0 or 1)."""
    f = inputs.fiscal
    wage = f["average_wage"] * (1.0 + inputs.growth) ** INDEX_YEARS
    scaled = _by_state(wage, x)
    tax, employee, employer = (scaled * amount(f[name], x) for name in ("income_tax", "employee", "employer"))
    tax = tax + second * scaled * _by_state(f["second_earner"], x) * np.minimum(x, 0.67)
    cash = _by_state(f["other_cash"] * (1.0 + inputs.growth) ** INDEX_YEARS, x)
    disposable = x * scaled - tax - employee + aid + cash
    band = np.searchsorted(SAVING_LIMITS, disposable / _by_state(f["median"] * wage, x), side="right")
    saving = f["saving"][np.arange(len(wage)).reshape(_by_state(wage, x).shape), band]
    spent = np.maximum(disposable, 0.0) * (1.0 - saving) * (1.0 - inputs.parameters["remittances"][0])
    return [tax, employee, employer, _by_state(f["indirect_rate"], x) * spent, aid + 0.0 * x]


def static_gain(inputs: Inputs) -> StaticGain:
    """The gain of all 27 Member States; `inputs` as returned by `simplified`.

    Axes inside: ms, sex, education, segment (skilled, other), hours (full, part), quarters worked 1-4, assistance
    (none, three quarters of it, all, none because the partner earns), trait node."""
    par = inputs.parameters[0]
    persons, employed, unemployed = by_quarter_of_age(inputs)
    shares = share_with_job(persons, employed, targets(inputs))
    worked = quarters_worked(shares)
    cells = inputs.cells.reshape(SHAPE)[:, 2, :, :, 0]  # what is read here depends on neither reason nor stay

    # Who gets assistance: [ms, aid 4] among the unemployed and the inactive, by quarter of age.
    take_up = [par["assistance_inactive"], par["assistance_unemployed"]]
    received = [np.minimum(1.0, share * inputs.fiscal["assistance_factor"]) for share in take_up]
    partner = inputs.partner[np.where(QUARTERS_OF_AGE < 120, 0, 1), NON_EU_BORN]
    eligible = np.stack([partner[:, 1], partner[:, 0]])  # a share with a partner who does not work, all of it alone
    earning = partner[:, 2] + partner[:, 3]
    people = np.zeros((*persons.shape, 4))
    for group, share in zip((persons - employed - unemployed, unemployed), received, strict=True):
        some = share[:, None, None] * np.moveaxis(eligible, 0, 1)[None]
        people[..., 1:3] += group[..., None] * some[:, None, None]
        people[..., 3] += group * earning
        people[..., 0] += group * (1.0 - some.sum(axis=2) - earning)[:, None, None]

    # Share of skilled jobs, mean over the year's ages, [ms, sex, education, quarter of age].
    age = np.clip((QUARTERS_OF_AGE[:, None] + np.arange(4)) // 4 - 15, 0, inputs.rates.shape[-1] - 1)
    skilled = inputs.rates["skilled"][:, NON_EU_BORN].astype(float)[..., age].mean(axis=-1)
    odds = skilled * cells["skilled_odds"][..., None]
    skilled = odds / (odds + 1.0 - skilled)

    segment = np.stack([skilled, 1.0 - skilled], axis=-1)
    part = cells["part_time"]
    hours_share = np.stack([1.0 - part, part], axis=-1)
    # Weight of each case, persons.
    weight = np.einsum("msega,jmsg,msegk->msekja", people, worked, segment, optimize=True)
    weight = weight[:, :, :, :, None] * hours_share[:, :, :, None, :, None, None]

    nodes, density = np.polynomial.hermite_e.hermegauss(NODES)
    density = density / density.sum()
    log_pay = inputs.wage_base[:, None, :, :] + cells["wage_gap"][..., None]
    log_pay = log_pay + np.where(np.arange(2) == FEMALE, inputs.sex_gap[:, None], 0.0)[:, :, None, None]
    log_pay = log_pay - 0.5 * (par["trait_pay"] ** 2 + par["match_pay"] ** 2)
    trait = np.hypot(par["trait_pay"], par["match_pay"]) * np.clip(nodes, -4.0, 4.0)
    hours = np.array([1.0, int(100 * par["part_time_hours"]) / 100.0])
    pay = np.exp(log_pay[..., None, None, None, None] + trait)
    year = 0.25 * np.arange(1, 5)
    x = pay * hours[:, None, None, None] * year[:, None, None]
    quarter = 0.25 * inputs.fiscal["minimum_income"] * (1.0 + inputs.growth) ** INDEX_YEARS
    aid = 4.0 * np.floor(np.array([0.0, par["couple_share"], 1.0, 0.0]) * quarter[:, None])
    second = np.array([0.0, 0.0, 0.0, 1.0])[:, None]
    before_aid = aid.reshape((-1, 1, 1, 1, 1, 1, 4, 1)) + 0.0 * x[..., :1]
    after_aid = before_aid * (1.0 - year[:, None, None])
    shape = (*x.shape[:6], 4, NODES)
    x = np.broadcast_to(x, shape)
    after = account(inputs, x, np.broadcast_to(after_aid, shape), second)
    none = np.zeros(before_aid.shape)
    before = account(inputs, none, before_aid, second)
    components = np.stack(
        [
            (weight[..., None] * (a - b) * density).sum(axis=(1, 2, 3, 4, 5, 6, 7))
            for a, b in zip(after, before, strict=True)
        ],
        axis=1,
    )
    jobs = (weight * year[:, None]).sum(axis=(1, 2, 3, 4, 5, 6))
    return StaticGain(jobs=jobs, components=components)
