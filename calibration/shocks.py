"""Shocks: what moves a rate of migrants in one Member State and year beside parameters, macro conditions and sampling.

They are taken as a random walk since 2019, the last year of the estimates. Its size is estimated without the model, from 2017 to
2019 alone: how far the yearly change of the published rate departs from that of natives and from the mean departure of all
Member States, beyond what sampling explains (maximum likelihood, errors of adjoining changes sharing a year).
"""

import numpy as np
from scipy.optimize import minimize

YEARS = ("2017", "2018", "2019")
REFERENCE_YEAR = 2019
TAIL = 4.0  # degrees of freedom of heavy tails, the usual choice of robust regression


def yearly_deviation(changes, errors):
    """Standard deviation of one year's shock from changes [ms, 2] between YEARS and sampling errors [ms] of a yearly figure.

    The mean change of each year is estimated with it and counts as no shock. Same unit as the changes.
    """
    # The two changes share a year: their sum and difference over the root of two are independent, with sampling variances of
    # one and three squared errors.
    turn = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)
    sampling = np.square(errors)[:, None] * [1.0, 3.0]
    scale = np.sqrt(sampling.mean())

    def surprise(x):
        variance = (scale * x[0]) ** 2 + sampling
        off = (changes - scale * x[1:]) @ turn
        return (np.log(variance / scale**2) + off**2 / variance).sum()

    start = np.append(1.0, changes.mean(axis=0) / scale)
    return float(scale * minimize(surprise, start, bounds=[(0.0, None), (None, None), (None, None)]).x[0])


def given_change(changes, errors, yearly, years):
    """Standard deviation of the shocks of `years` years to each Member State, given the change [ms] of its figure over them.

    Shocks have heavy tails (Student, TAIL degrees of freedom, scale `yearly` a year): one whose figure departs far from the mean
    change, beyond the sampling error [ms] of the change, had a large one. The mean of the inverse variance given the change is
    that of Lange, Little and Taylor (1989). A change that is not known (nan) leaves the usual deviation. Same unit as the changes.
    """
    factor, known = np.ones(len(changes)), np.isfinite(changes)
    if known.any():
        variance = years * yearly**2 + np.square(errors[known])
        off = changes[known] - np.average(changes[known], weights=1.0 / variance)
        factor[known] = (TAIL + np.square(off) / variance) / (TAIL + 1.0)
    return yearly * np.sqrt(years * factor)


def deviation(yearly, year, shares=(1.0,)):
    """Standard deviation in a year of the shocks since REFERENCE_YEAR to the mean over Member States with these shares of persons,
    which are hit independently; of one Member State by default."""
    return yearly * np.sqrt(max(0, year - REFERENCE_YEAR) * np.sum(np.asarray(shares) ** 2))
