"""Published effects of policies: those held out are read for verdicts alone, those that may tune also by scenarios/trial/tune.py. What
makes inputs, moments or scale factors reads none (tests/test_trials.py)."""

from typing import NamedTuple

from calibration import roles
from calibration.errors import InputError
from calibration.tables import Parameter, all_tables, cached, frame

COLUMNS = ("study", "label", "design", "simulated", "outcome", "profile", "why")
ROLES = {"effect_tuning": "tuning", "effect_held_out": "held out"}


class Effect(NamedTuple):
    """One published effect; `standard_error` is zero where only the sign is known."""

    study: str
    role: str  # tuning or held out
    place: str
    value: float
    standard_error: float
    unit: str
    source: str
    status: str
    error_status: str
    note: str


@cached
def published():
    """Every published effect by study, in the order of calibration/data/effects.csv."""
    rows, errors = Parameter("effect").rows, Parameter("effect_se").rows.set_index("category")
    role = roles.assign()
    found = {}
    for index, row in rows.iterrows():
        name = row["category"]
        known = name in errors.index
        found[name] = Effect(
            name, ROLES[role[index]], row["geo"], float(row["value"]), float(errors.loc[name, "value"]) if known else 0.0,
            row["unit"], row["source"], row["status"], errors.loc[name, "status"] if known else "", row["note"],
        )  # fmt: skip
    return found


def tuning():
    """The effects that may tune mechanisms, and no other."""
    return {name: effect for name, effect in published().items() if effect.role == ROLES["effect_tuning"]}


@cached
def words():
    """What each study did, what is simulated, and why the mechanism may fail it, by study (calibration/data/studies.csv).

    Raises InputError unless there is exactly one row per published effect.
    """
    table = frame("studies", COLUMNS)
    known = set(all_tables().query("parameter == 'effect'")["category"])
    names = list(table["study"])
    wrong = sorted(known.symmetric_difference(names)) or sorted(name for name in set(names) if names.count(name) > 1)
    if wrong:
        raise InputError(f"calibration/data/studies.csv: study={wrong[0]}; allowed is one row per effect of effects.csv")
    return table.set_index("study").to_dict("index")
