"""Scale factors of pay and public finances: one factor per Member State and figure, met exactly within bounds.

`python -m scenarios.scale [rounds]` simulates 2017-2019 with the estimates in use, compares with the published figures of
2019, moves each factor part of the way, and writes calibration/data/scale_factors.csv after the last round. Labour-market
terms are estimated instead (calibration.estimation). Nothing here looks at the fiscal gain, at 2035 or at the gap between
groups' net contributions.
"""

import numpy as np
import pandas as pd

from calibration import structure, tables
from calibration.load_inputs import load_inputs
from calibration.tables import COLUMNS, Parameter, scalar
from model.accounting import indicator
from model.codes import MEASURE, MEMBER_STATES, NON_EU_BORN, ORIGINS

YEARS = slice(1, 3)  # 2018 and 2019
SPEED = 0.7
SEEDS = (1, 2, 3)  # their mean is compared, so that factors do not chase noise
NEGLIGIBLE = 0.02  # of the published amount: an item the schedule does not have is not scaled up
# Factor, components it scales, components that count towards the same aim, published shares of GDP (added), bounds. Where
# functions of social protection divide benefits in another way (DE, AT, FI and others pay assistance out of the unemployment
# function), assistance aims at both together. Coverage and take-up stay below one, whatever the factor.
FISCAL_ITEMS = (
    ("pension_scale", ("pension",), (), ("pension_spending",), (0.4, 2.5)),
    ("family_scale", ("family_benefit",), (), ("family_spending",), (0.4, 5.0)),
    ("assistance_factor", ("social_assistance",), ("unemployment_benefit",),
     ("unemployment_spending", "exclusion_spending"), (0.1, 1.4)),
    ("health_scale", ("health",), (), ("health_spending",), (0.4, 2.5)),
    ("long_term_care_scale", ("long_term_care",), (), ("long_term_care_spending",), (0.1, 5.0)),
    ("education_scale", ("education",), (), ("education_spending",), (0.4, 2.5)),
)  # fmt: skip
# Revenue and benefits that schedules and rules do not produce, as one amount per adult (benefits: aged 18 to 64), in average
# wages, the same for all groups. A factor on a tax would scale what a job or a pay rise pays at the margin; an amount per head
# leaves the published margin as it is.
PER_ADULT = (
    ("income_tax_per_adult", ("income_tax",), ("income_tax_revenue",)),
    ("contribution_per_adult", ("employee_contributions", "employer_contributions"), ("contribution_revenue",)),
    ("indirect_per_adult", ("indirect_tax",), ("consumption_tax_revenue",)),
    ("benefit_per_adult", ("unemployment_benefit", "social_assistance", "other_cash"),
     ("unemployment_spending", "exclusion_spending", "disability_spending")),
)  # fmt: skip


def published(names):
    """Published amount of 2019, EUR by Member State, of the named shares of GDP together; consumption taxes: of households."""
    share = {"consumption_tax_revenue": scalar("household_share_of_consumption_taxes")}
    gdp = Parameter("gdp", year=2019).by_state()
    return sum(share.get(name, 1.0) * Parameter(name).by_state() * gdp for name in names)


def targets():
    """Published figures the factors aim at: dict of arrays over Member States (and items)."""
    wage_share = Parameter("compensation_per_employee", year=2018).by_state()
    employer = Parameter("employer_contributions", year=2019, category="1.0").by_state()
    wage = Parameter("average_wage", year=2019).by_state()
    return {
        "pay_gap": Parameter("migrant_pay_gap").by_state(),
        "earnings": 1.02 * wage_share / (1.0 + employer / wage),
        "fiscal": np.stack([published(names) for *_, names, _ in FISCAL_ITEMS], axis=1),
        "per_adult": np.stack([published(names) for *_, names in PER_ADULT], axis=1),
    }


def simulated(results):
    """The same figures from a run: the pay gap of 2018 and 2019, amounts of 2019; and of 2019 adults in `adults` [ms, item] and the
    employed among the non-EU-born."""
    by_origin = results.counts[YEARS].sum(axis=(0, 3, 4))
    year = results.counts[2].sum(axis=(1, 2, 3))
    wage = indicator("mean_wage", by_origin)

    def amounts(items):
        return np.stack([year[:, [MEASURE[c] for c in names]].sum(axis=1) / 100.0 for names in items], axis=1)

    return {
        "pay_gap": 1.0 - wage[:, 2] / wage[:, 0],
        "employed": simulated_pay(results.counts[2, :, NON_EU_BORN].sum(axis=(1, 2)))[0],
        "earnings": simulated_pay(year)[1],
        "fiscal": amounts([(*item[1], *item[2]) for item in FISCAL_ITEMS]),
        "given": amounts([item[2] for item in FISCAL_ITEMS]),
        "per_adult": amounts([item[1] for item in PER_ADULT]),
        "adults": adults(results, 2)[:, [0, 0, 0, 1]],
    }


def simulated_pay(counts):
    """Persons employed at 20-64 (annual mean) and their gross pay per head and year, EUR, [2, ...] from counts [..., measure]."""
    per_head = indicator("mean_wage", counts) * indicator("mean_hours", counts) / 100.0
    return np.stack([counts[..., MEASURE["employed_20_64"]] / 4.0, per_head])


def adults(results, year):
    """Persons from 18 and persons aged 18 to 64 at the end of a year (index), [ms, 2]: two fifths of those aged 15-19 and all
    above."""
    bands = results.by_age[year, ..., 0].sum(axis=1)
    young = 0.4 * bands[:, 3]
    return np.stack([young + bands[:, 4:].sum(axis=1), young + bands[:, 4:13].sum(axis=1)], axis=1)


def update(factors, wanted, found):
    """Move every factor part of the way (SPEED on the log scale); amounts per adult all the way."""
    new = {name: values.copy() for name, values in factors.items()}
    new["wage_level_scale"] *= (wanted["earnings"] / found["earnings"]) ** SPEED
    gap = np.log((1.0 - wanted["pay_gap"]) / (1.0 - found["pay_gap"]))
    new["wage_gap_scale"][:, 2] += SPEED * gap
    for i, (name, *_, bounds) in enumerate(FISCAL_ITEMS):
        given = found["given"][:, i]
        aim, have = np.maximum(wanted["fiscal"][:, i] - given, 1.0), found["fiscal"][:, i] - given
        ratio = np.where(have > NEGLIGIBLE * aim, aim / np.maximum(have, 1.0), 1.0)
        new[name] = np.clip(new[name] * ratio**SPEED, *bounds)
    wage = Parameter("average_wage", year=2019).by_state()
    for i, (name, *_) in enumerate(PER_ADULT):
        new[name] += (wanted["per_adult"][:, i] - found["per_adult"][:, i]) / found["adults"][:, i] / wage
    return new


def read():
    """The current factors as arrays over Member States (pay gap: and origin)."""
    factors = {"wage_gap_scale": Parameter("wage_gap_scale").by_state(("origin", ORIGINS))}
    for name in ("wage_level_scale", *(item[0] for item in FISCAL_ITEMS + PER_ADULT)):
        factors[name] = Parameter(name).by_state()
    return factors


def write(factors):
    """Write the factors with their rule, six significant digits."""
    rules = {
        "wage_gap_scale": "residual pay gap, to the raw hourly gap after all other terms",
        "wage_level_scale": "pay, to compensation per employee 2018 less employer contributions",
    }
    units = {"wage_gap_scale": "log pay"} | {item[0]: "average wages per adult and year" for item in PER_ADULT}
    rows = []
    for name, values in factors.items():
        note = rules.get(name, "to national accounts 2019, the same for all groups")
        for index in np.ndindex(values.shape):
            origin = ORIGINS[index[1]] if len(index) > 1 else ""
            source = "hand-set scale factor of this project"
            rows.append((name, MEMBER_STATES[index[0]], origin, "total", "", "", "", 2019, f"{values[index]:.6g}",
                         units.get(name, "factor"), "none", source, "derived", note))  # fmt: skip
    path = tables.folder() / "scale_factors.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False, lineterminator="\n")
    tables.forget()


def run(config, rounds):
    """Fit in rounds, the mean of SEEDS each, printing the largest misses. Returns the last comparison (wanted, found)."""
    from model import simulate

    wanted = targets()
    for n in range(rounds):
        inputs = load_inputs(config)
        runs = [simulated(simulate(inputs, seed)) for seed in SEEDS]
        found = {name: np.mean([one[name] for one in runs], axis=0) for name in runs[0]}
        money = [found[name].sum(axis=0) / wanted[name].sum(axis=0) for name in ("fiscal", "per_adult")]
        print(
            f"round {n + 1}: pay gap {np.abs(found['pay_gap'] - wanted['pay_gap']).mean():.3f}; "
            f"earnings {np.abs(found['earnings'] / wanted['earnings'] - 1).mean():.3f}; "
            f"fiscal EU ratios {np.round(np.concatenate(money), 2)}",
            flush=True,
        )
        write(update(read(), wanted, found))
    print(f"migrant_pay_gap_alternative, eu_total (integration.csv): {structure.shared_gap(found['employed']):.4f}")
    return wanted, found
