"""The gain at parity, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenarios import text
from scenarios.figures import style

VARIANT_NAMES = {
    "participation": "Participation",
    "employment": "Employment",
    "match_and_pay": "Employment,\nmatch and pay",
    "full": "Full\n(hours too)",
}
# Components that move little with work are drawn together.
GROUPS = {
    "Income tax": ("income_tax",),
    "Employee contributions": ("employee_contributions",),
    "Employer contributions": ("employer_contributions",),
    "Indirect tax": ("indirect_tax",),
    "Unemployment benefit": ("unemployment_benefit",),
    "Social assistance": ("social_assistance",),
    "Pensions": ("pension",),
}


def gains(path: Path, found: Mapping[str, Any], year: str) -> None:
    """Gain by variant, given sex and age, and given education too, against natives, beside the 3 500."""
    drawn, (axes,) = style.figure()
    variants = list(found[f"gain_{year}"])
    bars = (
        (f"gain_{year}", "sex_age", "Given sex and age", style.BLUE),
        (f"gain_{year}_by_education", "sex_age_education", "Given sex, age and education", style.SKY),
    )
    bars = [one for one in bars if found[one[0]]]  # those computed
    intervals = {row["outcome"]: row for row in found.get("intervals", ())}
    for offset, (key, given, label, colour) in zip((-0.2, 0.2) if len(bars) > 1 else (0.0,), bars, strict=True):
        estimates = [found[key][variant] for variant in variants]
        means = np.array([entry["mean"] or 0.0 for entry in estimates])
        errors = np.array([[2 * (entry["monte_carlo_se"] or 0.0) for entry in estimates]] * 2)
        for v, variant in enumerate(variants):
            row = intervals.get(f"gain_{variant}_{given}_native")
            if row is not None:
                errors[:, v] = max(0.0, means[v] - row["low"]), max(0.0, row["high"] - means[v])
        places = np.arange(len(variants)) + offset
        axes.bar(places, means, 0.38, yerr=errors, capsize=3, color=colour, label=label)
        for place, mean, error in zip(places, means, errors[1], strict=True):
            axes.annotate(
                text.estimate(mean, None), (place, mean + error), (0, 3), textcoords="offset points",
                ha="center", va="bottom", fontsize=9,
            )  # fmt: skip
    headline = found["headline"]["value"]
    axes.axhline(headline, color=style.RED, linestyle="--", linewidth=1.5, label=f"Commission: up to {text.plain(headline)}")
    axes.margins(y=0.12)
    style.thousands(axes.yaxis)
    axes.set_xticks(range(len(variants)), [VARIANT_NAMES[variant] for variant in variants])
    axes.grid(axis="x", visible=False)
    drawn.legend(loc="outside lower center", ncols=3)
    bars_are = "90 % intervals" if intervals else "two standard errors"
    unit = f"EUR of {found['price_year']} per head and year; non-EU-born at parity with natives; {bars_are}"
    style.title(axes, f"Gain in net fiscal contribution in {year}, {style.place_name(found['place'])}", unit)
    style.save(drawn, path)


def gain_parts(path: Path, found: Mapping[str, Any], year: str) -> None:
    """Components of the gain given sex and age against natives, stacked."""
    drawn, (axes,) = style.figure()
    entries = found[f"gain_{year}_by_component"]
    variants = list(entries)
    grouped = {name for names in GROUPS.values() for name in names}
    rest = tuple(name for name in next(iter(entries.values())) if name not in grouped)
    axes.use_sticky_edges = False
    above, below = np.zeros(len(variants)), np.zeros(len(variants))
    for colour, (label, names) in zip((*style.PALETTE[:7], style.GREY), {**GROUPS, "Other": rest}.items(), strict=True):
        values = np.array(
            [sum(entries[variant].get(name, {"mean": 0.0})["mean"] or 0.0 for name in names) for variant in variants]
        )
        bottom = np.where(values >= 0, above, below)
        axes.bar(range(len(variants)), values, 0.6, bottom=bottom, color=colour, label=label)
        above += np.maximum(values, 0)
        below += np.minimum(values, 0)
    axes.margins(y=0.08)
    style.thousands(axes.yaxis)
    axes.plot(range(len(variants)), above + below, "D", color=style.BLACK, markersize=5, label="Sum")
    axes.axhline(0, color=style.BLACK, linewidth=0.8)
    axes.set_xticks(range(len(variants)), [VARIANT_NAMES[variant] for variant in variants])
    axes.grid(axis="x", visible=False)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    unit = f"EUR of {found['price_year']} per head and year; given sex and age, against natives"
    style.title(axes, f"Parts of the gain in {year}, {style.place_name(found['place'])}", unit)
    style.save(drawn, path)
