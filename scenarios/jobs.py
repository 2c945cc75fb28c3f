"""Jobs that a policy adds, takes from others, and improves, in persons (annual mean) by year and place.

Upgraded: employed graduates born outside the EU in jobs of their level beyond those whom the reference's overqualification
rate of the same Member State and sex would give, so that more graduates at work do not count as more or fewer upgraded.
"""

from __future__ import annotations

import numpy as np

from model import Results, codes
from scenarios import statistics

ITEMS = (
    "added",  # employed non-EU-born, 20-64
    "lost_by_others",  # fewer employed natives and EU-born
    "net",  # added less lost
    "upgraded",
)
ITEM = {name: i for i, name in enumerate(ITEMS)}


def upgraded(before: Results, after: Results, origins: slice = slice(codes.NON_EU_BORN, None)) -> np.ndarray:
    """Persons [year, ms] of the origins: overqualified graduates fewer than the reference's rate of their origin and sex gives."""
    graduates, below = (
        [result.counts[:, :, origins, ..., codes.MEASURE[name]].sum(axis=-1) / 4.0 for result in (before, after)]
        for name in ("tertiary_employed_20_64", "overqualified_20_64")
    )
    growth = np.divide(graduates[1], graduates[0], out=np.ones_like(below[0]), where=graduates[0] > 0)
    return (below[0] * growth - below[1]).sum(axis=(2, 3))


def jobs(before: Results, after: Results) -> np.ndarray:
    """Persons [item, year, place] of one seed; the first place is the sum of all Member States."""
    counts = [result.counts.sum(axis=4) / 4.0 for result in (before, after)]  # [year, ms, origin, sex, measure]
    employed = (counts[1] - counts[0])[..., codes.MEASURE["employed_20_64"]].sum(axis=3)
    added = employed[..., codes.NON_EU_BORN]
    lost = -employed[..., : codes.NON_EU_BORN].sum(axis=-1)
    found = {"added": added, "lost_by_others": lost, "net": added - lost, "upgraded": upgraded(before, after)}
    return statistics.with_total(np.stack([found[name] for name in ITEMS]), 2)
