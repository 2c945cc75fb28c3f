"""From stored fiscal components to the net fiscal contribution, under a choice of accounting conventions.

Pure functions on arrays: a run stores cents per component once, every convention is applied afterwards, so no switch
needs a rerun. The last axis of `cents` is codes.COMPONENTS; amounts are unsigned and in prices of 2019. Years
lie on the axis named. Signs: what a person pays is positive, what a person receives is negative.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from calibration.config import Accounting
from calibration.tables import scalar
from model import codes

BASE_YEAR = 2019
PENSIONS = {"half": "pension", "prices": "pension_price_indexed", "wages": "pension_wage_indexed"}
# Components of the net contribution; the pension stands for whichever indexation is chosen.
PARTS = tuple(name for name, sign in zip(codes.COMPONENTS, codes.SIGN, strict=True) if sign)
SIGNS = {name: sign for name, sign in zip(codes.COMPONENTS, codes.SIGN, strict=True) if sign}


def parts_in_use(accounting: Accounting) -> tuple[str, ...]:
    """Names of the components that count under the conventions, in the order of the code table."""
    left_out = set() if accounting.programme_costs else set(codes.PROGRAMME_COSTS)
    if not accounting.employer_contributions:
        left_out.add("employer_contributions")
    return tuple(name for name in PARTS if name not in left_out)


def euro_factor(years: Sequence[int], accounting: Accounting, hicp: Mapping[int, float]) -> np.ndarray:
    """Factor per year that turns cents of 2019 into euro of the price year, with or without real wage growth.

    Every amount but pensions in payment follows average wages under constant policy, so an economy without real growth
    is the same economy deflated by wage growth since 2019; its pensions are the wage-indexed ones deflated alike.
    """
    growth = scalar("real_wage_growth") if accounting.real_wage_growth == "none" else 0.0
    since = np.asarray(years, dtype=float) - BASE_YEAR
    return hicp[accounting.price_year] / hicp[BASE_YEAR] / 100.0 / (1.0 + growth) ** since


def signed_parts(
    cents: np.ndarray, years: Sequence[int], year_axis: int, accounting: Accounting, hicp: Mapping[int, float]
) -> np.ndarray:
    """Signed euro amounts [..., len(parts_in_use)] of the components [..., components] in cents.

    The sum over the last axis is the net fiscal contribution with children counted in their own birth group. In the accrual
    view the pension is the present value of the rights earned by this year's pay, in place of what pensioners receive.
    """
    indexation = "wages" if accounting.real_wage_growth == "none" else accounting.pension_indexation
    pension = "pension_accrual" if accounting.pension_view == "accrual" else PENSIONS[indexation]
    stored = [pension if name == "pension" else name for name in parts_in_use(accounting)]
    signs = np.array([SIGNS[name] for name in parts_in_use(accounting)], dtype=float)
    amounts = cents[..., [codes.COMPONENT[name] for name in stored]] * signs
    return amounts * _along(euro_factor(years, accounting, hicp), year_axis, amounts.ndim)


def net_contribution(
    counts: np.ndarray, years: Sequence[int], accounting: Accounting, hicp: Mapping[int, float]
) -> np.ndarray:
    """Net fiscal contribution in euro [year, member state, origin, sex, education] of result counts [..., measure].

    With children at their parents, the services for persons under 18 leave their own cell and are shared over the
    cells of the same Member State and year in proportion to the children of women living there.
    """
    first = codes.MEASURE[codes.COMPONENTS[0]]
    net = signed_parts(counts[..., first:], years, 0, accounting, hicp).sum(axis=-1)
    if accounting.children == "own":
        return net
    factor = _along(euro_factor(years, accounting, hicp), 0, net.ndim)
    services = counts[..., codes.MEASURE["child_services"]] * factor
    children = counts[..., codes.MEASURE["children_of_women"]].astype(float)
    everybody = (2, 3, 4)
    total = children.sum(axis=everybody, keepdims=True)
    share = np.divide(children, total, out=np.zeros_like(children), where=total > 0)
    moved = services.sum(axis=everybody, keepdims=True) * share
    # Where no child has a mother in the tables, services stay with the children.
    return np.where(total > 0, net + services - moved, net)


def heads(counts: np.ndarray, accounting: Accounting) -> np.ndarray:
    """Persons (annual mean) the contribution is divided by: of all ages, or aged 20 to 64."""
    measure = "persons" if accounting.denominator == "all_ages" else "persons_20_64"
    return counts[..., codes.MEASURE[measure]] / 4.0


def every_convention(price_year: int) -> Iterator[Accounting]:
    """All combinations of the switches, in one price year (which only rescales); indexation only matters in the cash view."""
    pensions = [("cash", indexation) for indexation in PENSIONS] + [("accrual", "half")]
    for children, employer, programme, denominator, (view, indexation), growth in itertools.product(
        ("own", "parents"), (True, False), (False, True), ("all_ages", "age_20_64"), pensions, ("included", "none")
    ):
        yield Accounting(
            children=children,
            employer_contributions=employer,
            programme_costs=programme,
            price_year=price_year,
            denominator=denominator,
            pension_view=view,
            pension_indexation=indexation,
            real_wage_growth=growth,
        )


def _along(values: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    shape = [1] * ndim
    shape[axis] = len(values)
    return values.reshape(shape)
