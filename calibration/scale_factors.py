"""Scale factors of pay and public finances: one factor per Member State and figure, met exactly within bounds.

`python -m scenarios.scale [rounds]` simulates 2017-2019 with the estimates in use, compares with the published figures of
2019, moves each factor part of the way, and writes calibration/data/scale_factors.csv after the last round. Labour-market
terms are estimated instead (calibration.estimation). Nothing here looks at the fiscal gain, at 2035 or at the gap between
groups' net contributions.
"""

import numpy as np
import pandas as pd

from calibration import tables
from calibration.load_inputs import load_inputs
from calibration.tables import COLUMNS, Parameter, scalar
from model.accounting import indicator
from model.codes import MEASURE, MEMBER_STATES, ORIGINS

YEARS = slice(1, 3)  # 2018 and 2019
SPEED = 0.7
SEEDS = (1, 2, 3)  # their mean is compared, so that factors do not chase noise
NEGLIGIBLE = 0.02  # of the published amount: an item the schedule does not have is not scaled up
# A factor on a tax also scales what a pay rise or a job pays at the margin, so taxes are scaled within this range only; the
# rest of the revenue (capital, self-employment, property) stays unattributed and is reported.
TAX_BOUNDS = (0.8, 1.25)
# Factor, components, published share of GDP, bounds. Both contributions share one factor; assistance is bounded so that
# take-up stays below one: part of housing and exclusion spending goes to people in work or in kind.
FISCAL_ITEMS = (
    ("income_tax_factor", ("income_tax",), "income_tax_revenue", TAX_BOUNDS),
    ("contribution_factor", ("employee_contributions", "employer_contributions"), "contribution_revenue", TAX_BOUNDS),
    ("indirect_scale", ("indirect_tax",), "consumption_tax_revenue", TAX_BOUNDS),
    ("pension_scale", ("pension",), "pension_spending", (0.4, 2.5)),
    ("family_scale", ("family_benefit",), "family_spending", (0.4, 5.0)),
    ("other_cash_scale", ("other_cash",), "disability_spending", (0.4, 5.0)),
    ("assistance_factor", ("social_assistance",), "housing_exclusion_spending", (0.4, 1.4)),
)


def targets():
    """Published figures the factors aim at: dict of arrays over Member States."""
    wage_share = Parameter("compensation_per_employee", year=2018).by_state()
    employer = Parameter("employer_contributions", year=2019, category="1.0").by_state()
    wage = Parameter("average_wage", year=2019).by_state()
    share = {"consumption_tax_revenue": scalar("household_share_of_consumption_taxes")}
    return {
        "pay_gap": Parameter("migrant_pay_gap").by_state(),
        "earnings": 1.02 * wage_share / (1.0 + employer / wage),
        "fiscal": np.stack(
            [
                share.get(name, 1.0) * Parameter(name).by_state() * Parameter("gdp", year=2019).by_state()
                for _, _, name, _ in FISCAL_ITEMS
            ],
            axis=1,
        ),
    }


def simulated(results):
    """The same figures from a run: the pay gap of 2018 and 2019, amounts of 2019."""
    by_origin = results.counts[YEARS].sum(axis=(0, 3, 4))
    year = results.counts[2].sum(axis=(1, 2, 3))
    wage = indicator("mean_wage", by_origin)
    return {
        "pay_gap": 1.0 - wage[:, 2] / wage[:, 0],
        "earnings": indicator("mean_wage", year) * indicator("mean_hours", year) / 100.0,
        "fiscal": np.stack(
            [sum(year[:, MEASURE[c]] for c in components) / 100.0 for _, components, _, _ in FISCAL_ITEMS], axis=1
        ),
    }


def update(factors, wanted, found):
    """Move every factor part of the way (SPEED on the log scale)."""
    new = {name: values.copy() for name, values in factors.items()}
    new["wage_level_scale"] *= (wanted["earnings"] / found["earnings"]) ** SPEED
    gap = np.log((1.0 - wanted["pay_gap"]) / (1.0 - found["pay_gap"]))
    new["wage_gap_scale"][:, 2] += SPEED * gap
    for i, (name, _, _, bounds) in enumerate(FISCAL_ITEMS):
        aim, have = wanted["fiscal"][:, i], found["fiscal"][:, i]
        ratio = np.where(have > NEGLIGIBLE * aim, aim / np.maximum(have, 1.0), 1.0)
        new[name] = np.clip(new[name] * ratio**SPEED, *bounds)
    return new


def read():
    """The current factors as arrays over Member States (pay gap: and origin)."""
    factors = {"wage_gap_scale": Parameter("wage_gap_scale").by_state(("origin", ORIGINS))}
    for name in ("wage_level_scale", "insurance_scale", *(item[0] for item in FISCAL_ITEMS)):
        factors[name] = Parameter(name).by_state()
    return factors


def write(factors):
    """Write the factors with their rule, six significant digits."""
    rules = {
        "wage_gap_scale": "residual pay gap, to the raw hourly gap after all other terms",
        "wage_level_scale": "pay, to compensation per employee 2018 less employer contributions",
    }
    rows = []
    for name, values in factors.items():
        unit = "log pay" if name == "wage_gap_scale" else "factor"
        note = rules.get(name, "to national accounts 2019, the same for all groups")
        for index in np.ndindex(values.shape):
            origin = ORIGINS[index[1]] if len(index) > 1 else ""
            source = "hand-set scale factor of this project"
            rows.append((name, MEMBER_STATES[index[0]], origin, "total", "", "", "", 2019, f"{values[index]:.6g}", unit,
                         "none", source, "derived", note))  # fmt: skip
    path = tables.folder() / "scale_factors.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False, lineterminator="\n")
    tables.all_tables.cache_clear()


def run(config, rounds):
    """Fit in rounds, the mean of SEEDS each, printing the largest misses. Returns the last comparison (wanted, found)."""
    from model import simulate

    wanted = targets()
    for n in range(rounds):
        inputs = load_inputs(config)
        runs = [simulated(simulate(inputs, seed)) for seed in SEEDS]
        found = {name: np.mean([one[name] for one in runs], axis=0) for name in runs[0]}
        money = found["fiscal"].sum(axis=0) / wanted["fiscal"].sum(axis=0)
        print(
            f"round {n + 1}: pay gap {np.abs(found['pay_gap'] - wanted['pay_gap']).mean():.3f}; "
            f"earnings {np.abs(found['earnings'] / wanted['earnings'] - 1).mean():.3f}; "
            f"fiscal EU ratios {np.round(money, 2)}",
            flush=True,
        )
        write(update(read(), wanted, found))
    return wanted, found
