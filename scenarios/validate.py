"""`integra validate`: the baseline against published figures that nobody has fitted, 2020 to 2023 above all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from calibration import counterparts, load_inputs, tables, targets, validation
from calibration.config import Config
from calibration.draw import Draw
from model import Results, codes
from scenarios import displacement, draws, figures, published_account, simulation, statistics, summary, text
from scenarios.folder import final_folder, result_folder
from scenarios.prices import consumer_prices
from scenarios.progress import Progress
from scenarios.provenance import result_hash
from scenarios.run import write_common, write_json

PROTECTION = ("DE", "protection")  # followed by years since arrival, because a survey does
OTHER_RATES = {
    ("unemployment", "non_eu_born"): "unemployment of the non-EU-born",
    ("recent", "non_eu_born"): "employment of recent arrivals",
    ("employment", "eu_born"): "employment of the EU-born",
}
SHOCK_SEEDS = 2


def validate(config: Config) -> str:
    """Simulate, write the result folder, and return the text for the console."""
    tables.use_estimates(config.estimates)
    hicp = consumer_prices()
    inputs = load_inputs.load_inputs(config)
    wanted = targets.all_targets(config.member_states, config.run.end_year)
    account = published_account.functions(config.accounting, hicp)
    digest = result_hash("validate", [config])
    shocks = displacement.shock_years(config.run.end_year) / (config.run.end_year - codes.FIRST_YEAR + 1)
    shock_seeds = config.seeds[:SHOCK_SEEDS]
    progress = Progress(len(config.seeds) + config.draws + 2 * len(shock_seeds) * shocks)
    with result_folder(config.compute.output, config.name, digest) as folder:
        seeds = simulation.simulate_seeds(config, inputs, progress)
        drawn, paths = _draws(config, wanted, account, progress)
        few = draws.coarse(config).population
        coarse = replace(
            inputs, scale=few.scale, scale_comparison=few.scale_comparison, minimum_agents=few.minimum_agents
        )
        shifted = displacement.shocks(coarse, shock_seeds, progress)
        progress.close()
        with Draw().in_force():
            centre = np.stack([counterparts.predict(result, wanted, account) for result in seeds])
        table = validation.compare(wanted, centre, drawn, config.population.draws_coarser)
        table["persons"] = np.mean([counterparts.weight(result, wanted) for result in seeds], axis=0)
        table = validation.with_displacement(table, shifted)
        write_common(folder, "validate", [config], seeds, {config.policy.name: seeds}, progress, hicp)
        table.to_csv(folder / "validation.csv", index=False, float_format="%.6g", lineterminator="\n")
        found = summarise(table)
        shared = summary.summarise(config.policy.name, seeds, config.accounting, hicp)
        write_json(folder / "summary.json", {**shared, "draws": config.draws, "validation": found})
        figures.draw_run(folder / "figures", seeds, config.accounting, hicp)
        figures.draw_validation(folder / "figures", table, seeds, paths)
    place = final_folder(config.compute.output, config.name, digest)
    return "\n".join([console(found, table), "", str(place), progress.line])


def _draws(
    config: Config, wanted: pd.DataFrame, account: Mapping[str, Any], progress: Progress
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Counterparts of the targets [draw, row] and paths for the figures, every one with the draw first.

    Draw d has seed d, so that its Monte Carlo error is its own.
    """
    coarse = draws.coarse(config)
    followed = PROTECTION[0] in config.member_states

    def simulate(draw: Draw, seed: int, progress: Progress) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        _, result = simulation.simulate_draw(coarse, draw, seed, progress)
        with draw.in_force():
            predicted = counterparts.predict(result, wanted, account)
        return predicted, counterparts.employment_path(result), by_stay(result) if followed else None

    jobs = [(Draw(number), number) for number in range(1, config.draws + 1)]
    found, employment, stays = zip(*draws.each(config, simulate, jobs, progress), strict=True)
    paths = {"employment": np.stack(employment)} | ({"by_stay": np.stack(stays)} if followed else {})
    return np.stack(found), paths


def by_stay(result: Results) -> np.ndarray:
    """Employment of protection in Germany, [year, sex, completed years since arrival], percent."""
    return np.stack([counterparts.employment_by_stay(result, *PROTECTION, year) for year in result.years])


def summarise(table: pd.DataFrame) -> dict[str, Any]:
    """Scores, aims and misses for summary.json."""
    scores = {"employment_non_eu_born": validation.scores(table)}
    for figure, origin in OTHER_RATES:
        scores[f"{figure}_{origin}"] = validation.scores(table, figure, origin)
    worst = validation.worst(table)
    names = ["place", "year", "observed", "predicted", "low", "high", "within"]
    misses = [{name: _plain(value) for name, value in row.items()} for row in worst[names].to_dict("records")]
    others = _others(table)
    keys = ["kind", "figure", "place", "origin", "sex", "year", "detail", "observed", "predicted", "low", "high", "unit", "note"]
    outside = [
        {name: _plain(value) for name, value in row.items()} for row in others.loc[~others["within"], keys].to_dict("records")
    ]
    return {
        "scores": _rounded(scores),
        "aims": _rounded(validation.aims(scores["employment_non_eu_born"])),
        "worst_misses": misses,
        "other_figures": {"compared": others["kind"].value_counts().to_dict(), "missed": outside},
        "not_compared": targets.not_compared().to_dict("records"),
    }


def _others(table: pd.DataFrame) -> pd.DataFrame:
    """Published results other than yearly rates and numbers of persons, which have scores of their own."""
    own = [*targets.RATES, "stock", "population", "arrivals", "net_migration"]
    rows = table[(table["kind"] != "consistency") & ~table["figure"].isin(own)]
    return rows.assign(within=rows["within"].astype(bool))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return statistics.number(value) if isinstance(value, float) else value


def _rounded(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: _rounded(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_rounded(value) for value in found]
    return _plain(found)


def console(found: Mapping[str, Any], table: pd.DataFrame) -> str:
    """Scores, aims, worst misses and everything else outside its interval."""
    lines = ["Employment of the non-EU-born, 20-64, predicted against published (points)"]
    scores = found["scores"]["employment_non_eu_born"]
    lines += [_score_table(scores, validation.FORECASTS), "", "Aims"]
    for aim in found["aims"]:
        verdict = {True: "passed", False: "MISSED", None: "not judged"}[aim["passed"]]
        value = "-" if aim["value"] is None else f"{aim['value']:+.2f}" if "error in" in aim["aim"] else f"{aim['value']:.2f}"
        lines.append(f"  {verdict:<10}  {aim['aim']}: {value} ({aim['limit']})")
    lines += ["", "Largest misses: " + "; ".join(_miss(row) for row in found["worst_misses"])]
    years = list(scores)[-1] if scores else ""
    lines += ["", f"Other rates by Member State, {years}: mean absolute error (no change; as natives), coverage"]
    for (figure, origin), name in OTHER_RATES.items():
        entry = found["scores"][f"{figure}_{origin}"].get(years)
        if entry:
            error = entry["mean_absolute_error"]
            words = f"{error['model']:.1f} ({error['no_change_since_2019']:.1f}; {error['same_change_as_natives']:.1f}) points"
            worst = "; ".join(_miss(row) for row in validation.worst(table, figure, origin, 3).to_dict("records"))
            lines.append(f"  {name}: {words}, {entry['coverage']['total']:.0f} %, worst {worst}")
    lines += _persons(table)
    others = found["other_figures"]
    kinds = {"validation": "Published results of surveys and studies", "indicative": "By another definition, age or year"}
    for kind, name in kinds.items():
        missed = [row for row in others["missed"] if row["kind"] == kind]
        lines += ["", f"{name}: {len(missed)} of {others['compared'].get(kind, 0)} outside the interval"]
        lines += [f"  {_named(row)}" for row in missed]
    return "\n".join(lines)


def _score_table(scores: Mapping[str, Any], forecasts: Mapping[str, str]) -> str:
    def cell(value: float | None, form: str = ".1f") -> str:
        return "-" if value is None else f"{value:{form}}"

    rows = []
    for key in (*forecasts, validation.SURVEYED):
        name = key.replace("_", " ")
        values = [cell(entry.get("eu_error", {}).get(key), "+.1f") for entry in scores.values()]
        rows.append([f"EU error, {name}", *values])
    for label, measure in (("mean abs. error", "mean_absolute_error"), ("weighted", "weighted_mean_absolute_error")):
        for key in forecasts:
            values = [cell(entry[measure][key]) for entry in scores.values()]
            rows.append([f"{label}, {key.replace('_', ' ')}", *values])
    for key in ("total", "total_without_break", "female", "male"):
        values = [cell(entry["coverage"][key], ".0f") for entry in scores.values()]
        rows.append([f"coverage (%), {key.replace('_', ' ')}", *values])
    return text.table(["", *scores], rows)


def _miss(row: Mapping[str, Any]) -> str:
    outside = "" if row["within"] else ", outside"
    return f"{row['place']} {row['year']} {row['predicted'] - row['observed']:+.1f}{outside}"


def _persons(table: pd.DataFrame) -> list[str]:
    """Stock, population and flows in one line each: EU where simulated, and the worst Member State."""
    lines = []
    for figure, name in (
        ("stock", "stock (an input)"), ("population", "population of all groups"), ("arrivals", "arrivals over immigration"),
    ):  # fmt: skip
        rows = table[table["figure"] == figure]
        if rows.empty:
            continue
        error = 100.0 * (rows["predicted"] / rows["observed"] - 1.0)
        single = rows["place"].str.len() == 2
        where = rows.loc[error[single].abs().idxmax()]
        of_eu = ", ".join(f"{year} {value:+.1f} %" for year, value in zip(rows.loc[~single, "year"], error[~single], strict=True))
        worst = f"worst {where['place']} {where['year']} {error[where.name]:+.1f} %"
        lines.append(f"  {name}: {'EU ' + of_eu + '; ' if of_eu else ''}{worst}")
    return ["", "Persons", *lines] if lines else []


def _named(row: Mapping[str, Any]) -> str:
    sex = "" if row["sex"] == "total" else f" {row['sex']}"
    what = f"{row['figure'].replace('_', ' ')} {row['place']} {row['origin']}{sex} {row['detail']} {row['year']}"
    digits = 2 if row["figure"] == "displacement" else 0 if abs(row["predicted"]) >= 1000 else 1
    return f"{what}: predicted {row['predicted']:.{digits}f}, published {row['observed']:g}"
