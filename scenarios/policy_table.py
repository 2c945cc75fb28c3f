"""The tables of a comparison on the console and in the README.

Both are made from summary.json (scenarios.compare.summarise). `python -m scenarios.policy_table <result folder>`, in the repository,
keeps the result in outputs/reference/compare and rewrites what lies between the markers policy:begin and policy:end of the README.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model import codes
from scenarios import draws, measures, ranking, text
from scenarios.figures.style import place_name

YEARS = (2025, 2030, 2035)  # those shown
KEPT = Path("outputs") / "reference" / "compare"
FILES = (
    "summary.json", "config.yaml", "effects.csv", "budgets.csv", "returns.csv", "measures.csv", "ranking.csv", "share_of_parity.csv",
    "scoreboard.csv", "winners.csv", "figures/effects.png", "figures/cost_and_gain.png", "figures/member_states.png",
)  # fmt: skip
MIGRANTS = codes.ORIGINS[codes.NON_EU_BORN]
SHOWN_EFFECTS = {
    "employment_rate": ("employment, points", 2),
    "overqualification_rate": ("overqualification, points", 2),
    "net_contribution": ("net contribution, EUR per head", 0),
    "net_contribution_after_costs": ("after costs, EUR per head", 0),
}
NOISE_MARK = "°"  # of an interval that Monte Carlo noise dominates (draws.NOISY)
RANKED_NAMES = {
    "employment_rate": "employment", "overqualification_rate": "overqualification", "cumulated_net": "net effect on public budgets"
}  # fmt: skip


def shown(row: Mapping[str, Any] | None, name: str = "value", digits: int = 0, scale: float = 1.0, median: bool = False) -> str:
    """`1.2 [0.8 to 1.7]`, marked where it is mostly Monte Carlo noise; without an interval `1.2 (0.1)` with the standard error;
    `[0.8 to open]` where the upper end is; with `median` `1.2, median of draws 1.3 [0.8 to 1.7]`. Without a number the note."""
    if row is None:
        return "-"
    if row[name] is None:
        return row.get("note") or "-"
    keys = (name, "low", "high", "monte_carlo_se", "draws_median")
    number, low, high, error, middle = (None if row.get(key) is None else row[key] / scale for key in keys)
    if low is None:
        return text.estimate(number, error, digits)
    value = text.estimate(number, None, digits)
    if median and middle is not None:
        value += f", median of draws {text.estimate(middle, None, digits)}"
    top = "open" if high is None else text.estimate(high, None, digits)
    mark = NOISE_MARK if (row.get("noise_share") or 0.0) > draws.NOISY else ""
    return f"{value} [{text.estimate(low, None, digits)} to {top}]{mark}"


class Found:
    """The content of summary.json by name."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.first, self.last, self.policies = content["first_year"], content["last_year"], content["policies"]
        self._returns = {(row["policy"], row["measure"]): row for row in content["returns"]}
        self._shares = {(row["policy"], row["variant"], row["effect"]): row for row in content["share_of_parity"]}
        self._effects = {(row["policy"], row["measure"], row["origin"], row["year"]): row for row in content["effects"]}

    def effect(self, policy: str, measure: str, origin: str, year: int) -> Mapping[str, Any] | None:
        """Row of effects.csv."""
        return self._effects.get((policy, measure, origin, year))

    def returned(self, policy: str, measure: str) -> Mapping[str, Any]:
        """Row of returns.csv."""
        return self._returns[policy, measure]

    def share(self, policy: str, variant: str, effect: str) -> Mapping[str, Any] | None:
        """Row of share_of_parity.csv."""
        return self._shares.get((policy, variant, effect))


def money_rows(found: Found, policy: str) -> list[str]:
    """Cost, of which EU, gross and net effect on public budgets in million euro, and when it has paid back."""
    names = ("cumulated_cost", "cumulated_eu_cost", "cumulated_gross", "cumulated_net", "present_value_3")
    return [
        *(shown(found.returned(policy, name)) for name in names),
        found.returned(policy, "payback")["note"],
    ]


def console(content: Mapping[str, Any]) -> str:
    """Everything the command prints of its results."""
    found = Found(content)
    place = place_name(content["place"])
    last, span = found.last, f"{found.first} to {found.last}"
    bracket = f"[90 % interval of Monte Carlo error alone, marked {NOISE_MARK}]"
    if content["draws"]:
        bracket = f"[90 % interval over draws of all parameters and seeds; {NOISE_MARK} mostly Monte Carlo noise]"
    years = sorted({year for year in YEARS if found.first <= year < last} | {last})
    lines = [f"Effects on the non-EU-born, {place}; {bracket}"]
    rows = []
    for policy in found.policies:
        for measure, (name, digits) in SHOWN_EFFECTS.items():
            cells = [shown(found.effect(policy, measure, MIGRANTS, year), "effect", digits) for year in years]
            final = found.effect(policy, measure, MIGRANTS, years[-1])
            rows.append([f"{policy}: {name}", *cells, _share(final, "ratio"), _share(final, "prior_share")])
    lines += [text.table(["", *map(str, years), "paired/independent error", "from priors"], rows), ""]
    lines.append(f"Public budgets, {span}, million EUR of {content['price_year']}, everybody counted")
    header = ["", "cost", "of which EU", "gross effect", "net effect", f"present value {found.first} at 3 %", "paid back"]
    lines += [text.table(header, [[policy, *money_rows(found, policy)] for policy in found.policies]), ""]
    lines.append(f"Cost per person and year, EUR, and jobs, {span}")
    names = ("cost_per_job_year_added", "cost_per_job_year_net", "cost_per_upgraded_year")
    rows = [
        [
            policy,
            *(shown(found.returned(policy, name)) for name in names),
            shown(found.returned(policy, "others_lost_per_job_added"), digits=2),
        ]
        for policy in found.policies
    ]
    header = ["", "per job added", "less jobs others lose", "per person upgraded", "jobs of others lost per job added"]
    lines += [text.table(header, rows), ""]
    lines += shares(found)
    for policy in dict.fromkeys(row["policy"] for row in content["measures"]):
        lines.append(f"{policy} by measure (Shapley values)")
        header = ["", f"net {last}, million", f"net {span}, million", f"employment {last}", f"overqualification {last}"]
        lines += [text.table(header, by_measure(content, policy, measures.OUTCOMES))]
        if all(row["low"] is None for row in content["measures"] if row["policy"] == policy):
            lines.append("One seed (mix.seeds), no Monte Carlo error known.")
        lines.append("")
    lines += rankings(content)
    return "\n".join(lines)


def by_measure(content: Mapping[str, Any], policy: str, outcomes: Sequence[str]) -> list[list[str]]:
    """Rows of a mix: measure and its part of every outcome."""
    rows = {(row["measure"], row["outcome"]): row for row in content["measures"] if row["policy"] == policy}
    digits = dict(zip(measures.OUTCOMES, measures.DIGITS, strict=True))
    return [
        [name.replace("_", " "), *(shown(rows[name, outcome], "part", digits[outcome]) for outcome in outcomes)]
        for name in dict.fromkeys(name for name, _ in rows)
    ]


def _share(row: Mapping[str, Any] | None, name: str) -> str:
    value = None if row is None else row[name]
    if value is None:
        return "-"
    return f"{value:.2f}" if name == "ratio" else f"{100 * value:.0f} %"


def shares(found: Found) -> list[str]:
    """Sentences that set every policy against the gain at parity; none where parity is not reached."""
    gains = found.content["parity_gain_per_head"]
    lines = []
    for policy in found.policies:
        for variant, gain in gains.items():
            gross, net = (found.share(policy, variant, effect) for effect in ("gross", "net"))
            if gross is None:
                continue
            if gross["share"] is None:
                lines.append(f"{policy} against parity ({variant.replace('_', ' ')}) in {found.last}: no share, {gross['note']}.")
                continue
            value = shown(gain, "mean")
            lines.append(
                f"Of the EUR {value} per head that parity ({variant.replace('_', ' ')}) would give in {found.last}, {policy} delivers "
                f"{shown(gross, 'share', 1)} %, {shown(net, 'share', 1)} % after costs and what others lose."
            )
    return [*lines, ""] if lines else []


def rankings(content: Mapping[str, Any]) -> list[str]:
    """One line per outcome, and the pairs that cannot be told apart."""
    lines = ["From best to worst (~: cannot be told apart; =: the same; baseline: doing nothing more)"]
    if not content["draws"]:
        lines[0] = "From best to worst at the centre (~: not told apart from Monte Carlo error; =: the same; how sure: with draws)"
    for outcome, rows in content["rankings"].items():
        lines.append(f"  {RANKED_NAMES[outcome]}: {ranking.line(rows)}")
        close = [f"{a} and {b} ({100 * p:.0f} %)" for a, b, p in content["not_told_apart"][outcome]]
        if close:
            lines.append(f"    not told apart (share of draws in which the first is better): {', '.join(close)}")
    return [*lines, ""]


def markdown(content: Mapping[str, Any]) -> str:
    """The table of the README."""
    found = Found(content)
    last, span = found.last, f"{found.first}-{found.last}"
    header = [
        f"effect by {last} [90 % interval; {NOISE_MARK} mostly Monte Carlo noise]", "employment, points", "overqualification, points",
        f"cost {span}, bn EUR (EU part)", f"net effect on budgets {span}, bn EUR", "paid back", "of the full gain at parity, %",
    ]  # fmt: skip
    rows = []
    for policy in found.policies:
        share = found.share(policy, "full", "gross")
        cost, eu, net = (found.returned(policy, f"cumulated_{name}") for name in ("cost", "eu_cost", "net"))
        rows.append(
            [
                policy.replace("_", " "),
                shown(found.effect(policy, "employment_rate", MIGRANTS, last), "effect", 2),
                shown(found.effect(policy, "overqualification_rate", MIGRANTS, last), "effect", 2),
                f"{shown(cost, digits=1, scale=1000.0, median=True)} ({shown(eu, digits=1, scale=1000.0)})",
                shown(net, digits=1, scale=1000.0, median=True),
                found.returned(policy, "payback")["note"],
                shown(share, "share", 1),
            ]
        )
    return text.markdown(header, rows)


def parts(content: Mapping[str, Any]) -> list[str]:
    """A table of every mix by measure."""
    found = Found(content)
    header = [
        f"employment by {found.last}, points", f"overqualification by {found.last}, points",
        f"net effect on budgets {found.first}-{found.last}, million EUR",
    ]  # fmt: skip
    outcomes = ("employment_rate", "overqualification_rate", "cumulated_net")
    mixes = dict.fromkeys(row["policy"] for row in content["measures"])
    return [text.markdown([f"{mix.replace('_', ' ')} by measure", *header], by_measure(content, mix, outcomes)) for mix in mixes]


def block(content: Mapping[str, Any]) -> str:
    """What the README shows of a comparison: table, share of the gain at parity, ranking, figure."""
    found = Found(content)
    sentences = [line for line in shares(found) if "parity (full)" in line]
    said = "; ".join(f"{RANKED_NAMES[name]}: {ranking.line(rows)}" for name, rows in content["rankings"].items())
    figure = f"![Effects over time]({KEPT.as_posix()}/effects.png)"
    ranks = f"From best to worst (~: not told apart): {said}."
    return "\n\n".join([markdown(content), " ".join(sentences), ranks, figure, *parts(content)])


def main(arguments: Sequence[str]) -> None:
    """Keep the files of a result folder and fill the README."""
    folder, readme = Path(arguments[0]), Path("README.md")
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    for path in (*(folder / name for name in FILES), *sorted((folder / "figures").glob("measures_*.png"))):
        if path.is_file():  # no measures.csv without a mix
            shutil.copy(path, KEPT / path.name)
    content = json.loads((KEPT / "summary.json").read_text(encoding="utf-8"))
    readme.write_text(text.filled(readme.read_text(encoding="utf-8"), policy=block(content)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
