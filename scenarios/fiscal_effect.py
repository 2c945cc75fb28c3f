"""What a policy does to public budgets, in million euro by year and place: gross effect, cost, and what is left.

Gross: change of the net fiscal contribution of everybody, programme costs apart. Cost: direct cost of the measures and change
of the programme components (scenarios.policy_cost), by who pays. Every tax and benefit counts as national.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calibration.config import Accounting
from model import Results, codes
from scenarios import conventions, statistics
from scenarios.policy_cost import PolicyCost

ITEMS = (
    "gross_non_eu_born",  # change of their own contribution
    "gross_others",  # of natives and EU-born: displacement
    "gross",
    "direct_cost",
    "programme_cost",
    "cost",
    "national_cost",
    "eu_cost",
    "net",  # gross less cost
    "national_net",
)
ITEM = {name: i for i, name in enumerate(ITEMS)}
MILLION = 1e6


def account(
    before: Results,
    after: Results,
    already: PolicyCost,
    cost: PolicyCost,
    accounting: Accounting,
    hicp: Mapping[int, float],
) -> np.ndarray:
    """Million euro of the price year [item, year, place] of one seed; the first place is the sum of all Member States.

    `cost` is that of the policy, `already` what the levers of the reference, if it has any, cost in it.
    """
    used = replace(accounting, programme_costs=False)
    change = [conventions.net_contribution(result.counts, result.years, used, hicp).sum(axis=(3, 4)) for result in (before, after)]
    by_origin = change[1] - change[0]
    migrants = by_origin[..., codes.NON_EU_BORN]
    others = by_origin[..., : codes.NON_EU_BORN].sum(axis=-1)
    direct, programmes, national, eu = (
        getattr(cost, name) - getattr(already, name) for name in ("direct", "programmes", "national", "eu")
    )
    paid = direct + programmes
    gross = migrants + others
    found = {
        "gross_non_eu_born": migrants,
        "gross_others": others,
        "gross": gross,
        "direct_cost": direct,
        "programme_cost": programmes,
        "cost": paid,
        "national_cost": national,
        "eu_cost": eu,
        "net": gross - paid,
        "national_net": gross - national,
    }
    return statistics.with_total(np.stack([found[name] for name in ITEMS]) / MILLION, 2)
