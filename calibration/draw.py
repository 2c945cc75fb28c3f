"""A draw of parameters: shifts of every figure that has a prior width, and estimates of every Member State.

Draw zero is the centre: the figures as shipped, moved only where the data informed a common parameter
(estimates/common.csv), and the estimates as shipped. Draws from one on come from estimates/draws.parquet (terms and common
parameters, jointly) and, for what is drawn per Member State, from a generator keyed by the number of the draw.
"""

import contextlib
import io

import numpy as np
import pandas as pd

from calibration import estimate, priors, tables
from calibration.errors import InputError, refuse
from calibration.estimate import TERMS
from model.codes import MEMBER_STATES

LABELS = ("parameter", "origin", "age", "education", "category")
COMMON_COLUMNS = (*LABELS, "mean", "sd", "informed", "step")
PARTS = ("all", "data")  # what a draw varies: every parameter, or only what the data leave open, priors held
COMMON, DRAWS = "common.csv", "draws.parquet"


class Shifts:
    """Changes figures by normal shifts: `common` [rule] and `state` [rule, ms], in prior standard deviations.

    Call it with rows of one parameter to get their values (tables.changed).
    """

    def __init__(self, common, state):
        self.common, self.state = common, state
        self.rules, self.rule_of = rules(), rule_of_row()

    def __call__(self, rows):
        values = rows["value"].to_numpy(dtype=float).copy()
        rule = self.rule_of[rows.index]
        for k in np.unique(rule[rule >= 0]):
            prior, mine = self.rules[k], rule == k
            shift = np.full(mine.sum(), self.common[k])
            if prior["scope"] == "state":
                ms = rows["geo"].to_numpy()[mine]
                shift = np.array([self.state[k, MEMBER_STATES.index(geo)] if geo in MEMBER_STATES else 0.0 for geo in ms])
            values[mine] = shifted(values[mine], shift * prior["sd"], prior)
        return values


def shifted(values, amount, prior):
    """Values moved by `amount` on the scale of the prior's transform and held within its bounds; a log keeps zero zero."""
    if prior["transform"] == "log":
        moved = values * np.exp(amount)
    elif prior["transform"] == "logit":
        odds = values * np.exp(amount)
        moved = odds / (1.0 - values + odds)
    else:
        moved = values + amount
    low, high = np.minimum(prior["low"], values), np.maximum(prior["high"], values)
    return np.where(amount == 0.0, values, np.clip(moved, low, high))


@tables.cached
def rules():
    """The priors as a list of dictionaries (calibration.priors)."""
    return priors.read().to_dict("records")


@tables.cached
def rule_of_row():
    """Position of the prior of each row of tables.all_tables(), -1 for none."""
    return priors.assign_rules().to_numpy()


def common_rules():
    """Positions of the priors that hold for all Member States alike."""
    return np.array([k for k, rule in enumerate(rules()) if rule["scope"] == "common"])


def common_table():
    """Posterior of the common parameters: DataFrame in the order of common_rules(), mean and sd in prior standard deviations.

    Raises InputError for a damaged file or one that does not fit the priors.
    """
    table = tables.estimates_table(COMMON, COMMON_COLUMNS, ("mean", "sd", "informed", "step"))
    wanted = [tuple(rules()[k][label] for label in LABELS) for k in common_rules()]
    if list(map(tuple, table[list(LABELS)].to_numpy())) != wanted:
        where = tables.estimates_name(COMMON)
        raise InputError(f"{where}: does not fit calibration/data/priors.csv; allowed is one row per common prior")
    return table


def shifts(common, number=0):
    """Shifts from the common ones [common rule]; those per Member State are those of draw `number`, zero for the centre."""
    every = np.zeros(len(rules()))
    every[common_rules()] = common
    state = np.zeros((len(rules()), len(MEMBER_STATES)))
    if number:
        state = np.random.Generator(np.random.Philox(key=[number, 2017])).standard_normal(state.shape)
    return Shifts(every, state)


def names():
    """What draws.parquet has a row for: terms and common parameters, drawn with everything and within the data alone."""
    terms = [f"{geo} {' '.join(term)}" for geo in MEMBER_STATES for term in TERMS]
    common = [" ".join(filter(None, (rules()[k][label] for label in LABELS))) for k in common_rules()]
    return [f"{part}: {name}" for part in PARTS for name in [*terms, *common]]


def available():
    """How many draws are shipped."""
    return len(drawn())


@tables.cached
def drawn():
    """The draws in use as an array [draw, name]; raises InputError for a damaged file."""
    content = tables.estimates_file(DRAWS)
    try:
        table = pd.read_parquet(io.BytesIO(content))
        numbers = table.drop(columns="name", errors="ignore").to_numpy(dtype=float)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:80]
        raise InputError(f"{tables.estimates_name(DRAWS)}: damaged ({reason}); allowed is {tables.AS_ESTIMATED}") from None
    if list(table.get("name", ())) != names() or not np.isfinite(numbers).all():
        raise InputError(f"{tables.estimates_name(DRAWS)}: does not fit terms and priors; allowed is {tables.AS_ESTIMATED}")
    return numbers.T


def write_drawn(drawn, file):
    """Write draws [draw, name], one column per draw."""
    table = pd.DataFrame(np.asarray(drawn, dtype=np.float32).T, columns=[f"draw_{d + 1}" for d in range(len(drawn))])
    table.insert(0, "name", names())
    table.to_parquet(file, index=False, compression="zstd")


class Draw:
    """Draw `number` of the parameters (0 is the centre); `part` is one of PARTS."""

    def __init__(self, number=0, part="all"):
        if part not in PARTS:
            raise refuse("part", part, ", ".join(PARTS))
        if number and not 1 <= number <= available():
            raise refuse("draws", number, f"0 to {available()}")
        self.number = number if part == "all" else 0
        within = ", within the data" if part != "all" else ""
        self.label = f"draw {number}{within}" if number else "centre, coarse"
        self.centre = self.logs = estimate.values_of(estimate.read())
        self.common = common_table()["mean"].to_numpy()
        if number:
            row = drawn()[number - 1].reshape(len(PARTS), -1)[PARTS.index(part)]
            self.logs, self.common = row[: self.logs.size].reshape(self.logs.shape), row[self.logs.size :]

    @contextlib.contextmanager
    def in_force(self):
        """Within the block figures are those of the draw."""
        with tables.changed(shifts(self.common, self.number)):
            yield
