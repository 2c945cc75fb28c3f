"""The argument about the 3 500 in three figures: parts of the full gain, readings beside it, and Member States."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.figures import style

FACTOR_NAMES = {
    "participation": "Participation",
    "unemployment": "Unemployment",
    "match": "Job match",
    "pay": "Hourly pay\nin the same job",
    "hours": "Hours",
}
FACTOR_COLOURS = dict(zip(FACTOR_NAMES, (style.BLUE, style.SKY, style.GREEN, style.ORANGE, style.PURPLE), strict=True))
VARIANT_SHORT = {
    "participation": "participation",
    "employment": "employment",
    "match_and_pay": "employment, match and pay",
    "full": "full",
}
GIVEN_NAMES = {"sex_age": "sex and age", "sex_age_education": "education too"}
REFERENCE_NAMES = {"native": "natives", "eu_born": "EU-born"}


def waterfall(path: Path, found: Mapping[str, Any], year: str) -> None:
    """Shapley values of the five factors on the way from the baseline to the full gain, one panel per yardstick."""
    entries = {key: value for key, value in found[f"decomposition_{year}"].items() if key.endswith("_native")}
    drawn, panels = style.figure(len(entries), width=6.2 * len(entries), height=4.9)
    headline = found["headline"]["value"]
    rows = {row["outcome"]: row for row in found.get("intervals", ())}
    highest = max(headline, *(sum(part["mean"] for part in parts.values()) for parts in entries.values()))
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}  # of a label that a line may cross
    for number, (axes, (key, parts)) in enumerate(zip(panels, entries.items(), strict=True)):
        bottom, given = 0.0, key.removesuffix("_native")
        for place, (factor, part) in enumerate(parts.items()):
            axes.bar(place, part["mean"], 0.7, bottom=bottom, color=FACTOR_COLOURS[factor])
            axes.plot([place - 0.35, place + 1.35], [bottom + part["mean"]] * 2, color=style.GREY, linewidth=0.8)
            row = rows.get(f"part_of_gain_{factor}_{key}")
            text = _euro(part["mean"], "+")
            if row is not None:
                text += f"\n{_euro(row['low'])} to {_euro(row['high'])}"
            top = max(bottom, bottom + part["mean"])
            axes.annotate(
                text, (place, top), (0, 4), textcoords="offset points", ha="center", va="bottom", fontsize=8.5, bbox=behind
            )
            bottom += part["mean"]
        axes.bar(len(parts), bottom, 0.7, color=style.BLACK, alpha=0.75)
        axes.annotate(
            _euro(bottom), (len(parts), bottom), (0, 4), textcoords="offset points", ha="center", va="bottom", fontweight="bold",
            bbox=behind,
        )  # fmt: skip
        axes.axhline(headline, color=style.RED, linestyle="--", linewidth=1.5, label=f"Commission: up to {_euro(headline)}")
        axes.set_ylim(0, 1.18 * highest)
        axes.yaxis.set_major_formatter(lambda value, _: _euro(value))
        axes.set_xticks(range(len(parts) + 1), [*(FACTOR_NAMES[factor] for factor in parts), "All\nclosed"], fontsize=8.5)
        axes.grid(axis="x", visible=False)
        ends = "; small: 90 % interval" if any(f"part_of_gain_{factor}_{key}" in rows for factor in parts) else ""
        unit = f"EUR of {found['price_year']} per head and year; mean over all orders{ends}" if number == 0 else ""
        if given == "sex_age_education":
            unit = "Employment by birth and education is imputed"
        style.title(axes, f"Given {GIVEN_NAMES[given]}, against natives", unit)
    panels[0].legend(loc="upper left")
    drawn.suptitle(
        f"What the full gain of {year} is made of, {style.place_name(found['place'])}", x=0.01, ha="left", fontweight="bold"
    )
    style.save(drawn, path)


def readings(path: Path, rows: Sequence[Mapping[str, Any]], found: Mapping[str, Any], year: str) -> None:
    """Every label as a point with its interval under the conventions of the run, and the range over all other annual readings
    of it, beside the 3 500."""
    labels = list(dict.fromkeys((row["given"], row["reference"], row["variant"]) for row in rows))
    labels.sort(key=lambda label: (list(REFERENCE_NAMES).index(label[1]), list(GIVEN_NAMES).index(label[0])))
    drawn, (axes,) = style.figure(width=8.6, height=1.9 + 0.31 * len(labels))
    headline = found["headline"]["value"]
    position, places, names = 0.0, [], []
    before = None
    for label in labels:
        given, reference, variant = label
        if before is not None and (given, reference) != before:
            position += 0.6
        before = (given, reference)
        mine = [row for row in rows if (row["given"], row["reference"], row["variant"]) == label]
        annual = [row["gain"] for row in mine if row["measure"] == "annual" and row["market"] == "off"]
        first = mine[0]
        axes.plot([min(annual), max(annual)], [position] * 2, color="#D5D5D5", linewidth=7, solid_capstyle="butt", zorder=1)
        if first["low"] is not None:
            axes.plot([first["low"], first["high"]], [position] * 2, color=style.BLUE, linewidth=2, zorder=2)
        axes.plot(first["gain"], position, "o", color=style.BLUE, markersize=6, zorder=3)
        places.append(position)
        names.append(f"{VARIANT_SHORT[variant]}, given {GIVEN_NAMES[given]}, {REFERENCE_NAMES[reference]}")
        position += 1.0
    axes.axvline(headline, color=style.RED, linestyle="--", linewidth=1.5, label=f"Commission: up to {_euro(headline)}")
    axes.plot([], [], "o", color=style.BLUE, label="Default conventions" + (", 90 % interval" if rows[0]["low"] is not None else ""))
    axes.plot([], [], color="#D5D5D5", linewidth=7, label="Other prices, growth, denominators and switches")
    axes.set_yticks(places, names, fontsize=8.5)
    axes.set_ylim(position - 0.3, -0.7)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(lambda value, _: _euro(value))
    drawn.legend(loc="outside lower center", ncols=3, fontsize=8.5)
    axes.set_xlabel(f"EUR of {found['price_year']} per head and year (grey: each in its own unit)")
    axes.set_title(
        f"Readings of the gain in {year}, {style.place_name(found['place'])}", loc="left", fontweight="bold", fontsize=11
    )
    style.save(drawn, path)


def member_states(path: Path, found: Mapping[str, Any], intervals: Mapping[tuple[str, str], Any], year: str) -> None:
    """Full gain and that of employment by Member State, given sex and age, against natives."""
    entries = found[f"gain_{year}_by_member_state"]
    shown = [variant for variant in ("employment", "full") if variant in next(iter(entries.values()))]
    order = sorted(entries, key=lambda state: entries[state][shown[-1]]["mean"])
    drawn, (axes,) = style.figure(width=7.5, height=1.8 + 0.24 * len(order))
    places = np.arange(len(order))
    for variant, colour, shift in zip(shown, (style.SKY, style.BLUE)[-len(shown) :], (-0.12, 0.12), strict=False):
        means = [entries[state][variant]["mean"] for state in order]
        axes.plot(means, places + shift, "o", color=colour, markersize=5, label=VARIANT_SHORT[variant].capitalize(), zorder=3)
        for place, state in zip(places, order, strict=True):
            row = intervals.get((state, f"gain_{variant}_sex_age_native"))
            if row is not None:
                axes.plot([row["low"], row["high"]], [place + shift] * 2, color=colour, linewidth=1.2, zorder=2)
    whole = found[f"gain_{year}"]
    if shown[-1] in whole and len(order) > 1:
        axes.axvline(whole[shown[-1]]["mean"], color=style.BLUE, linewidth=1, label="Full, all together")
    headline = found["headline"]["value"]
    axes.axvline(headline, color=style.RED, linestyle="--", linewidth=1.5, label=f"Commission: up to {_euro(headline)}")
    axes.set_yticks(places, order)
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(lambda value, _: _euro(value))
    drawn.legend(loc="outside lower center", ncols=4, fontsize=8.5)
    some = ", 90 % intervals" if intervals else ""
    axes.set_xlabel(f"EUR of {found['price_year']} per head and year; given sex and age, against natives{some}")
    axes.set_title(f"Gain by Member State in {year}", loc="left", fontweight="bold", fontsize=11)
    style.save(drawn, path)


def _euro(value: float, sign: str = "") -> str:
    return f"{value:{sign},.0f}".replace(",", " ")
