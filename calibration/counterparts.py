"""The counterpart of each published figure (calibration.targets) in the results of a run.

A figure is a function of a Run and a row of the targets; it gives percent or persons, not-a-number where nobody is counted.
"""

import re

import numpy as np

from calibration import moments
from calibration.load_inputs import by_stay_quarter, exits
from calibration.moments import Moment
from calibration.targets import PLACES
from model.codes import FIRST_YEAR, HIGH, MEASURE, ORIGINS, REASONS, SEXES
from model.codes import STAY_MEASURES as STAY
from model.quarter import CELL_SUMS

EVERYBODY = tuple(range(len(ORIGINS)))
ORIGINS_OF = {"all": EVERYBODY, "foreign_born": (1, 2), **{origin: (i,) for i, origin in enumerate(ORIGINS)}}
FIRST_ARRIVALS = 2013  # the German survey of refugees follows arrivals of 2013 to 2019
LONGEST = 9  # completed years since arrival told apart
ARRIVAL_YEARS = slice(0, 3)  # 2017 to 2019


class Run:
    """Results of one run, asked by rows of the targets."""

    def __init__(self, results):
        self.results = results
        self.counts = results.counts.sum(axis=4)

    def year(self, row):
        """Index of the row's year, or of the first simulated one."""
        return max(row.year, FIRST_YEAR) - FIRST_YEAR

    def states(self, row):
        """Indices of the Member States of the row's place."""
        return [self.results.member_states.index(state) for state in PLACES[row.place]]

    def people(self, row, origin=None):
        """Counts [measure] of the row's group."""
        origins = list(ORIGINS_OF[origin or row.origin])
        return self.counts[self.year(row)][np.ix_(self.states(row), origins, _sexes(row))].sum(axis=(0, 1, 2))

    def stays(self, row, reasons=REASONS, first=0, last=LONGEST + 1):
        """Counts [codes.STAY_MEASURES] of the non-EU-born aged 20-64 by reason and completed years since arrival."""
        chosen = [REASONS.index(reason) for reason in reasons]
        cells = self.results.by_stay[self.year(row)][np.ix_(self.states(row), chosen, _sexes(row))]
        return cells[..., first : last + 1, :].sum(axis=(0, 1, 2, 3))

    def residents(self, row):
        """Persons on 1 January of the row's year, which is the evening of 31 December before."""
        origins = list(ORIGINS_OF[row.origin])
        return self.results.by_age[row.year - FIRST_YEAR - 1][np.ix_(self.states(row), origins)][..., 0].sum()


def _sexes(row):
    return list(range(len(SEXES))) if row.sex == "total" else [SEXES.index(row.sex)]


def _percent(part, whole):
    return 100.0 * part / whole if whole else np.nan


def rate(run, row):
    """Employment, unemployment or overqualification."""
    return 100.0 * moments.rate(Moment(row.figure, row.origin, row.sex, row.year), run.people(row))


def employed(people):
    """Employment rate in percent from STAY_MEASURES."""
    return _percent(people[STAY.index("employed_20_64")], people[STAY.index("persons_20_64")])


def recent(run, row):
    """Employment of those who arrived less than five years ago."""
    return employed(run.stays(row, last=moments.RECENT_YEARS - 1))


def _group(run, row):
    """STAY_MEASURES of the reason and the years since arrival in the row's detail, such as `protection:year_0_to_4`."""
    reason, _, years = row.detail.partition(":")
    reasons = [r for r in REASONS if r != "protection"] if reason == "other_reasons" else [reason]
    found = re.fullmatch(r"year_(\d+)(?:_to_(\d+)|(_and_over))?", years)
    if not found:
        return run.stays(row, reasons)
    first = int(found[1])
    last = int(found[2] or first)
    if found[3]:
        last = min(LONGEST, row.year - FIRST_ARRIVALS)
    return run.stays(row, reasons, first, last)


def employment_by_reason(run, row):
    """Employment by reason and years since arrival; of natives where the detail is empty."""
    if not row.detail:
        return 100.0 * moments.rate(Moment("employment", row.origin, row.sex, row.year), run.people(row))
    return employed(_group(run, row))


def activity_by_reason(run, row):
    """Employed and unemployed by reason, of persons 20-64."""
    people = _group(run, row)
    active = people[STAY.index("employed_20_64")] + people[STAY.index("unemployed_20_64")]
    return _percent(active, people[STAY.index("persons_20_64")])


def overqualification_by_reason(run, row):
    """Overqualification by reason; of natives where the detail is empty."""
    if not row.detail:
        return 100.0 * moments.rate(Moment("overqualification", row.origin, row.sex, row.year), run.people(row))
    people = _group(run, row)
    return _percent(people[STAY.index("overqualified_20_64")], people[STAY.index("tertiary_employed_20_64")])


def relative_gap(run, row):
    """Employment or unemployment of protection relative to that of other reasons, minus one."""
    rates = []
    for reasons in (("protection",), [r for r in REASONS if r != "protection"]):
        people = run.stays(row, reasons)
        employed_, unemployed = (people[STAY.index(name)] for name in ("employed_20_64", "unemployed_20_64"))
        if row.detail.endswith(":unemployment"):
            rates.append(_percent(unemployed, employed_ + unemployed))
        else:
            rates.append(employed(people))
    return 100.0 * (rates[0] / rates[1] - 1.0)


def exit_share(run, row):
    """Arrivals who have left after the years in the detail, by the hazards in force and the mix of arrivals."""
    quarters = 4 * int(re.search(r"within_(\d+)_years", row.detail)[1])
    left = 1.0 - np.prod(1.0 - by_stay_quarter(exits())[:, :quarters], axis=1)
    if row.detail.startswith("work:"):
        return 100.0 * left[2 + REASONS.index("work")]
    states, arrivals = run.states(row), MEASURE["arrivals"]
    mix = np.zeros(len(left))
    mix[2:] = run.results.by_reason[ARRIVAL_YEARS, states][..., arrivals].sum(axis=(0, 1, 3))
    if row.origin == "foreign_born":
        mix[1] = run.counts[ARRIVAL_YEARS, states][:, :, 1, :, arrivals].sum()
    return 100.0 * (mix @ left) / mix.sum()


def language_good(run, row):
    """B1 and above among protection of up to four completed years."""
    people = run.stays(row, ["protection"], last=4)
    levels = people[STAY.index("language_a1") : STAY.index("language_c1") + 1]
    return _percent(levels[2:].sum(), levels.sum())


def high_education(run, row):
    """Highly educated among persons 25-64."""
    quarters = slice(4 * run.year(row), 4 * run.year(row) + 4)
    cells = run.results.cells[quarters, run.states(row), ORIGINS.index(row.origin)][..., CELL_SUMS.index("persons")]
    by_education = cells[..., 1:, :].sum(axis=(0, 1, 2, 3))
    return _percent(by_education[HIGH], by_education.sum())


def neet(run, row):
    """Neither in employment nor in education among persons 15-29."""
    people = run.people(row)
    return _percent(people[MEASURE["neet_15_29"]], people[MEASURE["persons_15_29"]])


def arrivals(run, row):
    """Arrivals in the year."""
    return float(run.people(row)[MEASURE["arrivals"]])


def net_migration(run, row):
    """Arrivals less departures in the year."""
    people = run.people(row)
    return float(people[MEASURE["arrivals"]] - people[MEASURE["departures"]])


FIGURES = {
    "employment": rate,
    "unemployment": rate,
    "overqualification": rate,
    "recent": recent,
    "employment_by_reason": employment_by_reason,
    "activity_by_reason": activity_by_reason,
    "overqualification_by_reason": overqualification_by_reason,
    "relative_gap": relative_gap,
    "exit_share": exit_share,
    "language_good": language_good,
    "high_education": high_education,
    "neet": neet,
    "stock": lambda run, row: float(run.residents(row)),
    "population": lambda run, row: float(run.residents(row)),
    "arrivals": arrivals,
    "net_migration": net_migration,
}


def predict(results, targets, more):
    """The counterpart of every target, [row]; `more` holds functions of figures that are not defined here."""
    run, functions = Run(results), {**FIGURES, **more}
    return np.array([functions[row.figure](run, row) for row in targets.itertuples()], dtype=float)


def employment_path(results):
    """Employment rates in percent of all simulated Member States together, [year, origin, sex] with female, male, total."""
    counts = results.counts.sum(axis=(1, 4))
    both = np.concatenate([counts, counts.sum(axis=2, keepdims=True)], axis=2)
    return 100.0 * both[..., MEASURE["employed_20_64"]] / np.maximum(1, both[..., MEASURE["persons_20_64"]])


def employment_by_stay(results, state, reason, year):
    """Employment rates in percent by sex (female, male, total) and completed years since arrival, [3, 11]; nan for nobody."""
    people = results.by_stay[year - FIRST_YEAR, results.member_states.index(state), REASONS.index(reason)]
    people = np.concatenate([people, people.sum(axis=0, keepdims=True)])
    persons = people[..., STAY.index("persons_20_64")].astype(float)
    return 100.0 * people[..., STAY.index("employed_20_64")] / np.where(persons > 0, persons, np.nan)


def weight(results, targets):
    """Persons 20-64 of the group of every target, annual mean, [row]."""
    run = Run(results)
    return np.array([run.people(row)[MEASURE["persons_20_64"]] / 4.0 for row in targets.itertuples()])
