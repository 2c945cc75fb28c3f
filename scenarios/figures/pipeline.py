"""The non-EU-born on their way: language, courses, recognition; and employment by reason and arrival period."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model import Results, codes
from model.accounting import indicator as rate_of
from scenarios import statistics
from scenarios.figures import style

LANGUAGE_NAMES = {
    "language_a1": "None or A1",
    "language_a2": "A2",
    "language_b1": "B1 to B2",
    "language_c1": "C1 or mother tongue",
}
REASON_NAMES = {"work": "Work", "family": "Family", "study": "Study", "protection": "Protection", "other": "Other"}


def pipeline(path: Path, results: Sequence[Results]) -> None:
    """Language levels, people in courses, and stages of recognition, over time."""
    drawn, (language, courses, recognition) = style.figure(3, width=14)
    years = results[0].years
    counts = statistics.mean([result.counts[:, :, codes.NON_EU_BORN].sum(axis=(1, 2, 3)) for result in results]) / 4.0
    column = {name: counts[:, codes.MEASURE[name]] for name in codes.COUNTS}

    levels = np.stack([column[name] for name in LANGUAGE_NAMES])
    shares = 100 * statistics.per_head(levels, np.broadcast_to(levels.sum(axis=0), levels.shape))
    colours = (style.ORANGE, style.YELLOW, style.SKY, style.BLUE)
    language.stackplot(years, shares, labels=list(LANGUAGE_NAMES.values()), colors=colours)
    language.set_ylim(0, 100)
    style.title(language, "Command of the host language", "% of the non-EU-born")

    lines = (("course_waiting", style.ORANGE, "Waiting for a place"), ("course_attending", style.BLUE, "Attending"))
    scale, unit = style.persons_unit(max(column[name].max() for name, *_ in lines))
    for name, colour, label in lines:
        courses.plot(years, column[name] / scale, color=colour, linewidth=2, label=label)
    style.title(courses, "Language courses", f"{unit}, annual mean")

    stages = {
        "recognition_documents": "Gathering documents",
        "recognition_waiting": "Waiting for a decision",
        "bridging": "In bridging courses",
        "recognised": "Recognised in full",
    }
    for colour, (name, label) in zip(style.PALETTE, stages.items(), strict=False):
        share = 100 * statistics.per_head(column[name], column["qualified_abroad"])
        recognition.plot(years, share, color=colour, linewidth=2, label=label)
    style.title(recognition, "Recognition of qualifications", "% of persons qualified abroad")
    for axes in (language, courses, recognition):
        style.whole_years(axes)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
    for axes in (courses, recognition):
        axes.set_ylim(bottom=0)
    style.save(drawn, path)


def employment_by_arrival(path: Path, results: Sequence[Results]) -> None:
    """Employment rate by year, one panel per reason, one line per arrival period in which somebody has come."""
    drawn, panels = style.figure(len(codes.REASONS), width=16, height=4.2)
    years = np.array(results[0].years)
    counts = statistics.mean([result.by_reason.sum(axis=1) for result in results])
    rates = rate_of("employment_rate", counts)
    there = [(p, period) for p, period in enumerate(codes.ARRIVAL_PERIODS) if np.isfinite(rates[:, :, p]).any()]
    for r, (axes, reason) in enumerate(zip(panels, codes.REASONS, strict=True)):
        for p, period in there:
            axes.plot(years, rates[:, r, p], color=style.PALETTE[p], linewidth=1.8, label=_period(period))
        axes.set_ylim(0, 100)
        style.whole_years(axes)
        style.title(axes, REASON_NAMES[reason], "Employment rate, % of persons 20-64" if r == 0 else "")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=7, title="Arrived")
    style.save(drawn, path)


def _period(period: str) -> str:
    return period.replace("_", " ").replace("-", " to ")
