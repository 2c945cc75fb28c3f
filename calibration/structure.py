"""Structural alternatives: questions about mechanisms that no figure in use settles, answered otherwise than by default.

- scarring: whether a spell without work lowers job finding while it lasts (`none`, `moderate`);
- displacement: matching elasticity and speed of job creation at their prior medians, or both at the ends of their 90 % ranges that
  make added searchers displace least or most (`central`, `low`, `high`);
- search_adaptation: how much of the call-back gap migrants undo by searching more and elsewhere (`central`: the prior,
  `none`, `full`).

They are switches, not parameters: draws leave them alone, and estimates are not made anew under them.
"""

from calibration.draw import rules, shifted
from calibration.tables import Parameter, scalar

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
