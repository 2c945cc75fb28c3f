"""Policy levers from settings and tables: what each changes and by how much, its unit cost, take-up and funding.

Two tables of calibration/data: levers.csv has one row per lever (unit, cost, take-up, share paid by the EU's budget, evidence);
lever_effects.csv one row per parameter that a lever moves, or per property of a programme. Sizes are about mechanisms (delays,
search, hours), never published effects of programmes, which stay held out (effects.csv); the role of every figure is that of a
prior. `eu_share` is half of the ceiling of the fund (AMIF 0.75, ESF+ and ERDF 0.5 to 0.85 by region), an assumption: funds are far
smaller than what Member States spend. It is a rule and not drawn.

Every number has a 90 % range; draw 0 is the centre. A draw's normal score, keyed by its number and the row, is stretched so that
its 5th, 50th and 95th percentiles are `low`, `value` and `high`. With probability `null` an effect is zero; at the centre
it is then the mean, `value` times one minus `null`.
"""

import zlib

import numpy as np
import pandas as pd
from scipy.special import ndtr

from calibration import tables
from calibration.config import FUNDS, ONLY
from calibration.errors import InputError
from calibration.tables import EU, Parameter, scalar
from model import lever
from model.cell import CELL
from model.codes import (
    COMPONENTS, EDUCATION, LEVER_BASES, MEMBER_STATES, PROGRAMMES, REASONS, SEXES, STAY_BANDS,
)  # fmt: skip
from model.programme import PROGRAMME

FIGURES = ("unit_cost", "take_up")  # of levers.csv, each with a range
COLUMNS = (
    "lever", "base", *(name + end for name in FIGURES for end in ("", "_low", "_high")), "eu_share", "fund", "component",
    "source", "status", "evidence", "quality", "note",
)  # fmt: skip
EFFECT_COLUMNS = ("lever", "name", "operation", "who", "value", "low", "high", "null", "unit", "source", "status", "note")
QUALITIES = ("A", "B", "C")  # several causal studies that agree; some, or disagreeing; none
PERCENTILE_95 = 1.6448536269514722  # of the standard normal
LARGEST = {"take_up": 1.0, "lock_in": 2.0, "selection": 0.99}  # draws are held below
SMALLEST = {"unit_cost": 0.0, "take_up": 0.0, "length": 1.0, "lock_in": 0.0, "half_life": 1.0, "selection": -0.99}


@tables.cached
def table():
    """levers.csv by lever; raises InputError, one line, for what cannot be."""
    rows = tables.frame("levers", COLUMNS)
    for name in (*(f + end for f in FIGURES for end in ("", "_low", "_high")), "eu_share"):
        rows[name] = _numbers(rows, name, "levers")
    for column, allowed in (
        ("base", LEVER_BASES), ("fund", FUNDS), ("component", ("", *COMPONENTS)), ("status", tables.STATUSES),
        ("quality", QUALITIES),
    ):  # fmt: skip
        _refuse_others(rows, column, allowed, "levers")
    for name in FIGURES:
        _refuse_disorder(rows, name + "_low", name, name + "_high", "levers")
    rows = rows.set_index("lever")
    if not rows.index.is_unique:
        raise InputError("calibration/data/levers.csv: a lever is there twice; allowed is one row per lever")
    return rows


@tables.cached
def effects():
    """lever_effects.csv; raises InputError, one line, for what cannot be."""
    rows = tables.frame("lever_effects", EFFECT_COLUMNS)
    for name in ("value", "low", "high", "null"):
        rows[name] = _numbers(rows, name, "lever_effects")
    for column, allowed in (
        ("operation", (*lever.OPERATIONS, "programme")), ("who", ("all", "newcomers")), ("status", tables.STATUSES),
        ("lever", tuple(table().index)),
    ):  # fmt: skip
        _refuse_others(rows, column, allowed, "lever_effects")
    programme = rows["operation"] == "programme"
    _refuse_others(rows[programme], "name", PROGRAMME.names, "lever_effects")
    _refuse_others(rows[~programme], "name", CELL.names, "lever_effects")
    _refuse_disorder(rows, "low", "value", "high", "lever_effects")
    if not rows["null"].between(0.0, 1.0).all():
        raise InputError("calibration/data/lever_effects.csv: null outside 0 to 1; allowed is a probability")
    return rows


def _numbers(rows, column, name):
    value = pd.to_numeric(rows[column], errors="coerce")
    _refuse(rows, ~np.isfinite(value), column, "a finite number", name)
    return value


def _refuse_others(rows, column, allowed, name):
    _refuse(rows, ~rows[column].isin(allowed), column, ", ".join(filter(None, allowed)), name)


def _refuse_disorder(rows, low, value, high, name):
    _refuse(rows, ~((rows[low] <= rows[value]) & (rows[value] <= rows[high])), value, f"from {low} to {high}", name)


def _refuse(rows, wrong, column, allowed, name):
    """Raise InputError for the first row that is wrong."""
    if wrong.any():
        first = rows.index[wrong.to_numpy()][0]
        raise InputError(f"calibration/data/{name}.csv line {first + 2}: {column}={rows[column][first]!r}; allowed is {allowed}")


def drawn(number, key, value, low, high, null=0.0):
    """A figure in draw `number` (0: the centre) from its range; `key` tells figures apart, `null` is the chance of zero."""
    if number == 0:
        return value * (1.0 - null)
    score = np.random.Generator(np.random.Philox(key=[number, zlib.crc32(key.encode())])).standard_normal(2)
    if ndtr(score[1]) < null:
        return 0.0
    width = (high - value) if score[0] > 0 else (value - low)
    moved = value + width * score[0] / PERCENTILE_95
    name = key.split()[-1]
    return float(np.clip(moved, SMALLEST.get(name, -np.inf), LARGEST.get(name, np.inf)))


def figure(kind, name, number):
    """Unit cost or take-up of a lever in a draw."""
    row = table().loc[kind]
    return drawn(number, f"{kind} {name}", row[name], row[name + "_low"], row[name + "_high"])


def fund_of(item):
    """Fund and share paid by the EU's budget of a lever's settings (calibration.config.Lever)."""
    row = table().loc[item.lever]
    fund = row["fund"] if item.fund is None else item.fund
    share = row["eu_share"] if item.eu_share is None else item.eu_share
    return fund, 0.0 if fund == "none" else float(share)


def changes(kind, number):
    """What a lever moves (model.lever.Change), in the order of the table."""
    rows = effects()[(effects()["lever"] == kind) & (effects()["operation"] != "programme")]
    return tuple(
        lever.Change(r.name_, r.operation, r.who == "newcomers", drawn(number, f"{kind} {r.name_}", r.value, r.low, r.high, r.null))
        for r in rows.rename(columns={"name": "name_"}).itertuples()
    )


def programmes(number=0):
    """Properties of every programme, [codes.PROGRAMMES] structured; raises InputError when the table lacks one."""
    found = np.zeros(len(PROGRAMMES), dtype=PROGRAMME)
    rows = effects()[effects()["operation"] == "programme"].set_index(["lever", "name"])
    for k, kind in enumerate(PROGRAMMES):
        for name in PROGRAMME.names:
            if (kind, name) not in rows.index:
                raise InputError(f"calibration/data/lever_effects.csv: {kind} lacks {name}; allowed is a row for it")
            row = rows.loc[(kind, name)]
            found[k][name] = drawn(number, f"{kind} {name}", row["value"], row["low"], row["high"], row["null"])
    return found


def reached(item):
    """Whom a lever's settings reach, as codes: (Member States, sexes, reasons, education), each a list."""
    asked = {"sexes": list(item.sexes), "reasons": list(item.reasons)}
    if item.lever in ONLY:
        setting, code = ONLY[item.lever]
        asked[setting] = [code]
    states = [MEMBER_STATES.index(s) for s in item.member_states] or list(range(len(MEMBER_STATES)))
    sexes = [SEXES.index(s) for s in asked["sexes"]] or list(range(len(SEXES)))
    reasons = [REASONS.index(r) for r in asked["reasons"]] or list(range(len(REASONS)))
    education = [EDUCATION.index(e) for e in item.education] or list(range(len(EDUCATION)))
    return states, sexes, reasons, education


def model_lever(item, number=0):
    """A model lever from its settings (calibration.config.Lever), in draw `number` of the tables."""
    states, sexes, reasons, education = reached(item)
    longest = len(STAY_BANDS) - 1
    if item.max_years_since_arrival is not None:
        longest = int(np.searchsorted(STAY_BANDS, item.max_years_since_arrival, side="right")) - 1
    here = np.zeros(len(MEMBER_STATES), dtype=bool)
    here[states] = True
    cost = figure(item.lever, "unit_cost", number) if item.unit_cost is None else item.unit_cost
    relative = Parameter("average_wage", year=2019).by_state() / scalar("average_wage", year=2019, geo=EU)
    return lever.Lever(
        kind=item.lever,
        strength=float(item.strength),
        start_q=item.first_quarter,
        end_q=10_000 if item.last_quarter is None else item.last_quarter,
        phase_in=item.phase_in,
        fade_out=item.fade_out,
        mask=lever.mask(states, sexes, reasons, education, longest),
        member_states=here,
        take_up=float(figure(item.lever, "take_up", number) if item.take_up is None else item.take_up),
        changes=changes(item.lever, number),
        base=LEVER_BASES.index(table().loc[item.lever, "base"]),
        unit_cost=cost * relative,
    )
