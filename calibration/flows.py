"""Arrivals by Member State, group and quarter: the flow that makes the stock follow the published one.

Permits are not settled persons, so reasons come from permits and decisions while the level of each year is what the stock
requires, given departures by reason and stay, and deaths. After 2024 the baseline flow scenario holds.
"""

import numpy as np

from calibration.tables import Parameter
from model.codes import FIRST_YEAR, LAST_YEAR, MEMBER_STATES, REASONS

LAST_STOCK = 2025
LONGEST = 180  # quarters of stay followed one by one
LOWEST_SHARE = 0.005  # of the stock: arrivals of a year are never fewer
BASELINE_YEARS = (2018, 2019, 2021, 2024)  # mean of these is the flow after 2024: no pandemic, no jump of 2022-23
BASELINE_YEARS_EU = (2017, 2018, 2019)


def _next_stock(stock, arrivals, exit_q, death_q):
    """Stock [ms, reason, stay quarter] four quarters on; arrivals [ms, reason] per quarter enter at stay zero."""
    for _ in range(4):
        moved = stock * (1.0 - exit_q)[None] * (1.0 - death_q)[:, None, None]
        stock = np.zeros_like(moved)
        stock[:, :, 1:] = moved[:, :, :-1]
        stock[:, :, -1] += moved[:, :, -1]
        stock[:, :, 0] = arrivals
    return stock


def follow(stock, published, shares, exit_q, death_q):
    """Yearly arrivals [ms, year, reason] under which the total follows `published` [ms, year + 1].

    stock [ms, reason, stay quarter] on 1 January of the first year; shares [ms, year, reason]; exit_q [reason, stay
    quarter], death_q [ms] per quarter. The total is linear in the level of arrivals, so two projections give it.
    """
    years = shares.shape[1]
    arrivals = np.zeros(shares.shape)
    for y in range(years):
        share = shares[:, y] / 4.0
        none = _next_stock(stock, np.zeros_like(share), exit_q, death_q).sum(axis=(1, 2))
        one = _next_stock(stock, share, exit_q, death_q).sum(axis=(1, 2)) - none
        level = (published[:, y + 1] - none) / one
        level = np.maximum(level, LOWEST_SHARE * published[:, y])
        arrivals[:, y] = level[:, None] * shares[:, y]
        stock = _next_stock(stock, level[:, None] * share, exit_q, death_q)
    return arrivals


def arrivals(stock_by_stay, exit_q, death_q):
    """Arrivals [ms, group, quarter], persons, for EU-born and non-EU-born; natives (births) are zero here.

    stock_by_stay [ms, group, stay quarter]; exit_q [group, stay quarter]; death_q [ms, 2] for EU- and non-EU-born.
    """
    seen = range(FIRST_YEAR, LAST_STOCK)
    years = LAST_YEAR - FIRST_YEAR + 1
    result = np.zeros((len(MEMBER_STATES), 7, 4 * years))
    permits = Parameter("arrivals", origin="non_eu_born").by_state(("year", seen), ("category", REASONS))
    shares = permits / permits.sum(axis=2, keepdims=True)
    stocks = {
        origin: Parameter("stock", origin=origin).by_state(("year", range(FIRST_YEAR, LAST_STOCK + 1)))
        for origin in ("eu_born", "non_eu_born")
    }
    non_eu = follow(stock_by_stay[:, 2:], stocks["non_eu_born"], shares, exit_q[2:], death_q[:, 1])
    one_reason = np.ones((len(MEMBER_STATES), len(seen), 1))
    eu = follow(stock_by_stay[:, 1:2], stocks["eu_born"], one_reason, exit_q[1:2], death_q[:, 0])
    for rows, group, base in ((non_eu, slice(2, 7), BASELINE_YEARS), (eu, slice(1, 2), BASELINE_YEARS_EU)):
        later = rows[:, [y - FIRST_YEAR for y in base]].mean(axis=1)
        for y in range(years):
            flow = rows[:, y] if y < rows.shape[1] else later
            result[:, group, 4 * y : 4 * y + 4] = flow[:, :, None] / 4.0
    return result
