"""The stock of 1 January 2017 by Member State, group, sex, age, education and years since arrival.

Natives are the population less both foreign-born groups. The non-EU-born table of each Member State is raked (iterative
proportional fitting, package ipfn) to sex x age, sex x age group x education, reason and years since arrival; nobody has
been here longer than alive.
"""

import warnings

import numpy as np
import pandas as pd
from ipfn import ipfn

from calibration.tables import Parameter
from model.codes import AGE_BANDS, EDUCATION, GROUPS, MEMBER_STATES, REASONS, SEXES, STAY_BANDS, STAY_NAMES

BROAD_AGES = ("0-14", "15-24", "25-54", "55-74", "75+")
BROAD_OF = np.array([0] * 3 + [1] * 2 + [2] * 6 + [3] * 4 + [4] * 3)  # five-year band -> broad band
CHILD_TILT = np.array([0.5, 1.0, 1.5])  # share of 0-4, 5-9, 10-14 among foreign-born children, relative to all (assumed)
EDUCATION_AGES = ("25-34", "35-64")
EDUCATION_GROUP = np.array([0] * 7 + [1] * 11)  # five-year band -> age group of the education table
TOLERANCE = 1e-6


def education_shares():
    """Shares by final education: [ms, origin, sex, 2 ages, education]; the younger column serves everyone under 35."""
    return Parameter("education_share").by_state(
        ("origin", ("native", "eu_born", "non_eu_born")), ("sex", SEXES), ("age", EDUCATION_AGES), ("education", EDUCATION)
    )


def foreign_born_by_age(population, origin, year):
    """Persons [ms, sex, age 18] of one foreign-born origin: published stock and broad ages, five-year shape of all."""
    stock = Parameter("stock", origin=origin, year=year).by_state()
    shares = Parameter("age_sex_share", origin=origin).by_state(("sex", SEXES), ("age", BROAD_AGES))
    shape = population.copy()
    shape[:, :, :3] *= CHILD_TILT
    result = np.zeros_like(population)
    for broad in range(len(BROAD_AGES)):
        inside = BROAD_OF == broad
        weight = shape[:, :, inside] / shape[:, :, inside].sum(axis=2, keepdims=True)
        result[:, :, inside] = stock[:, None, None] * shares[:, :, broad, None] * weight
    return result


def rake_state(seed, sex_age, education, reason, stay):
    """One Member State's table [sex, age, education, reason, stay] that meets all margins (persons).

    sex_age [sex, age]; education [sex, 2, education], reason [5], stay [5] shares. Returns (table, largest relative error
    of a margin).
    """
    total = sex_age.sum()
    # Ages within a group share one distribution of education.
    by_education = sex_age[:, :, None] * education[:, EDUCATION_GROUP]
    margins = [sex_age, by_education, total * reason / reason.sum(), total * stay / stay.sum()]
    axes = [[0, 1], [0, 1, 2], [3], [4]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ipfn.ipfn(seed * 1.0, margins, axes, convergence_rate=TOLERANCE, max_iteration=200).iteration()
    errors = []
    for margin, keep in zip(margins, axes):
        drop = tuple(a for a in range(5) if a not in keep)
        errors.append(np.abs(fitted.sum(axis=drop) - margin).max() / total)
    return fitted, max(errors)


def initial_stock(survival):
    """Stock [ms, group, sex, age 18, education, stay 5], persons, and the fit of the raked margins.

    survival [group, stay]: share of arrivals still here, which ties reason to stay before raking.
    Returns (stock, fit DataFrame: member_state, margin, largest_error as a share of the stock).
    """
    population = Parameter("population", year=2017).by_state(("sex", SEXES), ("age", AGE_BANDS))
    education = education_shares()
    stock = np.zeros((len(MEMBER_STATES), len(GROUPS), 2, 18, 3, 5))
    eu_born = foreign_born_by_age(population, "eu_born", 2017)
    non_eu = foreign_born_by_age(population, "non_eu_born", 2017)
    native = np.maximum(population - eu_born - non_eu, 0.02 * population)
    stock[:, 0, ..., 4] = native[..., None] * education[:, 0][:, :, EDUCATION_GROUP]
    stay_eu = Parameter("stay_share", geo="EU27_2020").array(("category", STAY_NAMES))
    upper = np.arange(18) * 5 + 5
    possible = upper[:, None] > np.array(STAY_BANDS)[None, :]
    for sex in range(2):
        seed = possible * stay_eu
        stock[:, 1, sex] = (eu_born[:, sex, :, None] * education[:, 1, sex][:, EDUCATION_GROUP])[..., None] * (
            seed / seed.sum(axis=1, keepdims=True)
        )[None, :, None, :]
    reason = Parameter("valid_permit_share", year=2017).by_state(("category", REASONS))
    stay = Parameter("stay_share").by_state(("category", STAY_NAMES))
    fit = []
    for ms, code in enumerate(MEMBER_STATES):
        seed = np.ones((2, 18, 3, 5, 5)) * possible[None, :, None, None, :] * survival[2:][None, None, None]
        table, error = rake_state(seed, non_eu[ms], education[ms, 2], np.maximum(reason[ms], 1e-4), stay[ms])
        stock[ms, 2:] = np.moveaxis(table, 3, 0)
        fit.append((code, "sex x age, education, reason, years since arrival", error))
    return stock, pd.DataFrame(fit, columns=["member_state", "margin", "largest_error"])
