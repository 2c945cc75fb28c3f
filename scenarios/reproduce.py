"""`integra reproduce`: baseline and parity on the same seeds, compared with the Commission's EUR 3 500."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calibration.config import Accounting, Config
from calibration.load_inputs import load_inputs
from model import Results, codes
from scenarios import (
    argument, conventions, decomposition, displacement, figures, gain_intervals, gains, groups, households, jrc_six, pay_gap,
    reconciliation, report, sensitivity, simulation, statistics, summary, text,
)  # fmt: skip
from scenarios.folder import final_folder, result_folder
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import result_hash
from scenarios.run import interval_lines, write_common, write_fit, write_intervals, write_json

HEADLINE = {
    "value": 3500,
    "unit": "EUR per head and year, up to, by 2035",
    "source": "Action Plan on Integration and Inclusion 2021-2027, COM(2020) 758, footnote 12, citing JRC121937",
}
CONSOLE_YEARS = (2019, 2025, 2030, 2035)


def reproduce(config: Config, policies: Sequence[Config] = ()) -> str:
    """Simulate, write the result folder, and return the text for the console; `policies` are run beside parity (jrc_six)."""
    hicp = consumer_prices()
    inputs = load_inputs(config)
    digest = result_hash("reproduce", [config, *policies])
    of_seed = 2 + displacement.simulations(config) + jrc_six.simulations(policies)
    progress = Progress(of_seed * len(config.seeds) + gain_intervals.simulations(config) + sensitivity.simulations(config))
    with result_folder(config.compute.output, config.name, digest) as folder:
        baseline = simulation.simulate_seeds(config, inputs, progress)
        paired, parts = decomposition.simulate_parity(config, inputs, baseline, progress, decomposition.pairs(config))
        market_on = displacement.simulate_market_on(config, inputs, baseline, paired, progress)
        flows = jrc_six.simulate(config, policies, baseline, progress)
        known = gain_intervals.intervals(config, baseline, paired, market_on, parts, hicp, progress)
        choices = sensitivity.rows(config, inputs, baseline, paired, hicp, progress)
        progress.close()
        rows = known.shown if config.draws else []
        scenarios = {config.policy.name: baseline} | {flow.name: flow.results for flow in flows}
        write_common(folder, "reproduce", [config, *policies], [*baseline, *paired, *market_on], scenarios, progress, hicp, paired)
        found = summarise(config, baseline, paired, known, hicp)
        if market_on:
            found["market_on"] = displacement.summarise(known.rows, baseline[0].years, paired[0].parity.labels)
        found[f"decomposition_{config.run.end_year}"] = decomposition.summarise(parts, baseline, config.accounting, hicp)
        found |= write_intervals(folder, config, rows)
        write_json(folder / "summary.json", found)
        figures.draw_run(folder / "figures", baseline, config.accounting, hicp, rows)
        figures.draw_gains(folder / "figures", found, config.run.end_year)
        reconciliation.write(folder, baseline)
        pay_gap.write(folder / "pay_gap.csv", inputs, config.seeds[0], config.structure.pay_gap)
        sensitivity.write(folder / "sensitivity.csv", choices)
        checked = groups.checks(known.published, known.checks, config.accounting.price_year)
        said = groups.passes(checked, config.accounting)
        argued = argument.write(folder, config, argument.Runs(baseline, paired, flows), found, known, choices, said, hicp)
        compared = groups.write(folder, baseline, checked, config.accounting, hicp)
        compared += households.write(folder, config, inputs)
        fitted = [*write_fit(folder, baseline), *reconciliation.lines(baseline)]
    place = final_folder(config.compute.output, config.name, digest)
    shown = [*interval_table(rows), *argued, *interval_lines(config, rows)]
    return "\n".join([console(found), *shown, *compared, *fitted, "", str(place), progress.line])


def interval_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The gains of the sum of all Member States with their intervals, for the console."""
    mine = {row["outcome"]: row for row in rows if row["place"] == rows[0]["place"] and row["outcome"].startswith("gain_")}
    if not mine:
        return []
    lines = []
    for given in codes.PARITY_GIVEN:
        for reference in codes.PARITY_REFERENCES:
            ending = f"_{given}_{reference}"
            cells = [
                text.interval(mine[f"gain_{variant}{ending}"]) if f"gain_{variant}{ending}" in mine else "-"
                for variant in codes.PARITY_VARIANTS
            ]
            lines.append([f"given {given.replace('_', ', ')}, against {reference.replace('_', '-')}", *cells])
    share = [row["prior_share"] for row in mine.values() if row["prior_share"] is not None]
    names = ["", *(variant.replace("_", " ") for variant in codes.PARITY_VARIANTS)]
    return [
        "The same with 90 % intervals over draws of all parameters",
        text.table(names, [line for line in lines if set(line[1:]) != {"-"}]),
        f"Share of the parameter variance of these gains that comes from priors: {100 * min(share):.0f} to {100 * max(share):.0f} %",
        "",
    ]


def summarise(
    config: Config,
    baseline: Sequence[Results],
    paired: Sequence[Results],
    intervals: gain_intervals.Intervals,
    hicp: Mapping[int, float],
) -> dict[str, Any]:
    """Content of summary.json: the shared part, the headline and every gain in the last year."""
    last = config.run.end_year
    found: dict[str, Any] = {"headline": HEADLINE, "scale": config.population.scale}
    found["scale_comparison"] = config.population.scale_comparison
    found |= summary.summarise(config.policy.name, baseline, config.accounting, hicp)
    labels = paired[0].parity.labels
    for denominator, ending in (("all_ages", ""), ("age_20_64", "_age_20_64")):
        accounting = replace(config.accounting, denominator=denominator)
        values = gains.per_head(baseline, paired, accounting, hicp, [last])[:, :, 0]
        for given, by in (("sex_age", ""), ("sex_age_education", "_by_education")):
            for reference, against in (("native", ""), ("eu_born", "_against_eu_born")):
                key = f"gain_{last}{by}{against}{ending}"
                found[key] = _by_variant(labels, given, reference, values[:, :, 0].sum(axis=-1))
        if denominator == "all_ages":
            found |= _details(config.accounting, labels, values, baseline[0].member_states, last, intervals)
    found["achieved_gap"] = gains.achieved_gap(paired)
    return found


def _by_variant(labels: Sequence[gains.Label], given: str, reference: str, values: np.ndarray) -> dict[str, Any]:
    """Estimates {variant: ...} from values [seed, label]."""
    return {
        label[0]: statistics.estimate(values[:, v]) for v, label in enumerate(labels) if label[1:] == (given, reference)
    }


def _details(
    accounting: Accounting,
    labels: Sequence[gains.Label],
    values: np.ndarray,
    member_states: Sequence[str],
    last: int,
    intervals: gain_intervals.Intervals,
) -> dict[str, Any]:
    """The gain given sex and age against natives by Member State and by component, from [seed, label, place, part]; with draws
    components have their intervals here, Member States in intervals.csv."""
    chosen = {label[0]: v for v, label in enumerate(labels) if label[1:] == ("sex_age", "native")}
    parts = conventions.parts_in_use(accounting)
    components = intervals.gains.map(lambda sample: sample[:, :, 0, 1 : 1 + len(parts)])
    return {
        f"gain_{last}_by_member_state": {
            state: {name: statistics.estimate(values[:, v, 1 + s].sum(axis=-1)) for name, v in chosen.items()}
            for s, state in enumerate(member_states)
        },
        f"gain_{last}_by_component": {
            name: {part: components.map(lambda sample, v=v, p=p: sample[:, v, p]).told() for p, part in enumerate(parts)}
            for name, v in chosen.items()
        },
    }


def _shown(entry: Mapping[str, float | None], digits: int = 0) -> str:
    return text.estimate(entry["mean"], entry["monte_carlo_se"], digits)


def console(found: Mapping[str, Any]) -> str:
    """The tables of gains and of the three groups."""
    last = next(key for key in found if key.startswith("gain_")).split("_")[1]

    def cells(entry: Mapping[str, Any]) -> list[str]:
        return [_shown(entry[variant]) if variant in entry else "-" for variant in codes.PARITY_VARIANTS]

    rows = [
        ["given sex and age, against natives", *cells(found[f"gain_{last}"])],
        ["given education too, against natives", *cells(found[f"gain_{last}_by_education"])],
        ["given sex and age, against EU-born", *cells(found[f"gain_{last}_against_eu_born"])],
        ["given education too, against EU-born", *cells(found[f"gain_{last}_by_education_against_eu_born"])],
        ["per person 20-64, sex and age, natives", *cells(found[f"gain_{last}_age_20_64"])],
    ]
    unit = found["net_contribution_unit"]
    title = f"Gain at parity in {last}, {found['place']}, EUR of {found['price_year']} per head of the non-EU-born"
    names = ["", *(variant.replace("_", " ") for variant in codes.PARITY_VARIANTS)]
    lines = [f"{title} (Monte Carlo standard error)", text.table(names, rows)]
    lines.append(f"The Commission's headline: up to EUR {found['headline']['value']:,}".replace(",", " ") + " by 2035.")
    lines += ["", f"By origin: net contribution ({unit}), employment and overqualification (%) (Monte Carlo standard error)"]
    years = list(map(str, summary.chosen_years(CONSOLE_YEARS, [int(year) for year in found["net_contribution"]["native"]])))
    rows = []
    for key, name, digits in (
        ("net_contribution", "net contribution", 0),
        ("employment_rate", "employment rate", 1),
        ("overqualification_rate", "overqualification", 1),
    ):
        for origin in codes.ORIGINS:
            values = [_shown(found[key][origin][year], digits) for year in years]
            rows.append([f"{name}, {origin.replace('_', '-')}", *values])
    lines.append(text.table(["", *years], rows))
    if "market_on" in found:
        entry = found["market_on"].get(str(last))
        if entry is not None:
            jobs = text.told(entry["others_displaced_per_added_job"], 2)
            loss = text.told(entry["fiscal_loss_of_others"])
            verdict = report.loss_told(entry, len(found["seeds"]))
            gain = ", ".join(
                f"{variant.replace('_', ' ')} {text.told(value)}" for variant, value in found["market_on"][f"gain_{last}"].items()
            )
            lines += [
                "",
                f"With the market on ({found['market_on']['label']}), {last}: {jobs} jobs of others lost per added job, "
                f"{loss} EUR per non-EU-born head lost by others ({verdict}). Gain less that loss: {gain}.",
            ]
    return "\n".join([*lines, ""])
