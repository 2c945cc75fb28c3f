"""Structural alternatives: questions about mechanisms that no figure in use settles, answered otherwise than by default.

- scarring: whether a spell without work lowers job finding while it lasts (`none`, `moderate`);
- displacement: matching elasticity and speed of job creation at their prior medians, or both at the ends of their 90 % ranges that
  make added searchers displace least or most (`central`, `low`, `high`);
- search_adaptation: how much of the call-back gap migrants undo by searching more and elsewhere (`central`: the prior,
  `none`, `full`);
- pay_gap: what the pay of people born outside the EU aims at where no national figure was seen (`shipped`: the ILO's EU figure;
  `eu_total`: a value with which the mean of all Member States is the EU figure; `national_studies`: gaps of first-generation
  immigrants from a study where it has one). It moves pay alone, no job and no search.

They are switches, not parameters: draws leave them alone, and estimates are not made anew under them.
"""

import numpy as np

from calibration.draw import rules, shifted
from calibration.tables import EU, Parameter, scalar, where_given
from model.codes import MEMBER_STATES, NON_EU_BORN, ORIGINS

END_OF_RANGE = 1.645  # prior standard deviations from the median to the ends of a 90 % range
# Direction in which each parameter lowers displacement: openings react more to searchers, or sooner.
LESS_DISPLACEMENT = {"matching_elasticity": "matching_elasticity_u", "creation_speed": "creation_speed"}
SIGN = {"central": 0.0, "low": 1.0, "high": -1.0}
COMPENSATED = {"none": 0.0, "full": 1.0}


def apply(par, structure):
    """Scalar mechanism parameters ([1] structured, changed in place and returned) under the settings `structure`."""
    if structure.scarring != "none":
        par["scarring"] = Parameter("scarring", category=structure.scarring).scalar()
    if structure.displacement != "central":
        for name, prior in LESS_DISPLACEMENT.items():
            rule = next(rule for rule in rules() if rule["parameter"] == prior)
            par[name] = shifted(par[name], SIGN[structure.displacement] * END_OF_RANGE * rule["sd"], rule)
    return par


def search_compensation(structure):
    """Share of the call-back gap that search and targeting undo."""
    return COMPENSATED.get(structure.search_adaptation, scalar("search_compensation"))


def published_gaps():
    """Rows of the published pay gap by Member State (index `geo`); `imputed` where the EU's figure stands in."""
    return Parameter("migrant_pay_gap").rows.set_index("geo").loc[list(MEMBER_STATES)]


def pay_gaps(choice):
    """Pay gap of the non-EU-born that pay aims at under structure.pay_gap, share of nationals' hourly pay [ms]."""
    rows = published_gaps()
    gaps = rows["value"].to_numpy(dtype=float)
    if choice == "eu_total":
        return np.where(rows["status"] == "imputed", scalar("migrant_pay_gap_alternative", category=choice), gaps)
    if choice == "national_studies":
        found = where_given("migrant_pay_gap_alternative", ("category", [choice]), ("geo", MEMBER_STATES))[0]
        return np.where(np.isnan(found), gaps, found)
    return gaps


def shared_gap(employed):
    """The one gap of all Member States without a national figure with which the mean of all, weighted by the employed among the
    non-EU-born `employed` [ms], is the published figure of the EU: the rule behind `migrant_pay_gap_alternative`, eu_total."""
    rows = published_gaps()
    national = (rows["status"] != "imputed").to_numpy()
    total = scalar("migrant_pay_gap", geo=EU)
    return (total * employed.sum() - (rows["value"].to_numpy() * employed)[national].sum()) / employed[~national].sum()


def wage_gap(structure):
    """Residual log gap of pay [ms, origin]: the fitted one, that of the non-EU-born moved from the shipped pay gap to the gap in use.

    All their pay is multiplied by (1 - gap in use) / (1 - shipped gap), so simulated pay meets the one as well as it met the other.
    """
    gap = Parameter("wage_gap_scale").by_state(("origin", ORIGINS))
    factor = (1.0 - pay_gaps(structure.pay_gap)) / (1.0 - pay_gaps("shipped"))
    return gap + np.where(np.arange(len(ORIGINS)) == NON_EU_BORN, np.log(factor)[:, None], 0.0)
