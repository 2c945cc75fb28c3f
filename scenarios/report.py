"""report.md and the verdict on the console: what was said, what is found under each reading, what makes it up, how sure.

Every number and every comparison in words is computed from the tables of the run; nothing is written down in advance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model import codes
from scenarios import draws, jrc_six, pay_gap, sensitivity, summary, text
from scenarios.readings import COMBINED, HEADLINE, OFF

Row = Mapping[str, Any]
CLAIM = (
    "Derived independently and compared, not replicated: the table of scenarios in the Commission's report (JRC121937) could not "
    "be read, so its definitions of parity, group, prices and year are not known."
)
CHOICES = "## Two choices that move the result"
GIVEN = {"sex_age": "given sex and age", "sex_age_education": "given education too"}
REFERENCE = {"native": "against natives", "eu_born": "against EU-born"}
VARIANT = {
    "participation": "participation",
    "employment": "employment",
    "match_and_pay": "employment, match and pay",
    "full": "full",
}
FACTORS = {
    "participation": "participation",
    "unemployment": "unemployment",
    "match": "job match",
    "pay": "hourly pay in the same job",
    "hours": "hours",
}
HOW_SHOWN = (
    "The Monte Carlo standard error stands in round brackets, with draws the 90 % interval in square ones, which holds that error "
    "too where it dominates."
)
NO_INTERVAL = (
    "Draws take the first row apart alone; the others have no interval over parameters, because every set of factors would have to "
    "be simulated for them too. Monte Carlo standard errors are in decomposition.csv."
)
COMPONENTS = {
    "income tax": ("income_tax",),
    "contributions of employees": ("employee_contributions",),
    "contributions of employers": ("employer_contributions",),
    "indirect tax": ("indirect_tax",),
    "benefits saved": ("unemployment_benefit", "social_assistance", "family_benefit", "other_cash"),
    "pensions, paid later": ("pension",),
}
PLACES = {"above": "lie wholly above", "holds": "hold it", "below": "lie wholly below"}  # of place_of
SWITCHES = {
    "variant": "what is made equal (variant)",
    "given": "whether education is given",
    "reference": "against whom (natives or EU-born)",
    "market": "whether added jobs displace others (market on)",
    "children": "where children count",
    "employer_contributions": "employer contributions in or out",
    "programme_costs": "programme costs in or out",
    "price_year": "price year",
    "denominator": "per head of all ages or per person 20-64",
    "pension_indexation": "indexation of pensions",
    "real_wage_growth": "real wage growth counted or not",
}


def name(row: Row) -> str:
    """A label in words."""
    return f"{VARIANT[row['variant']]}, {GIVEN[row['given']]}, {REFERENCE[row['reference']]}"


def euro(value: float | None) -> str:
    """Whole euro with spaces."""
    return text.estimate(None if value is None else round(value) + 0.0, None)


def default_readings(read: Sequence[Row]) -> list[Row]:
    """The first reading of every label: the conventions of the run, a year, market off."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in read:
        found.setdefault((row["variant"], row["given"], row["reference"]), row)
    return list(found.values())


def place_of(row: Row) -> str:
    """Where the interval of a reading lies: holds, below or above the headline; unknown without draws."""
    if row["low"] is None or row["high"] is None:
        return "unknown"
    if row["high"] < HEADLINE:
        return "below"
    return "above" if row["low"] > HEADLINE else "holds"


def closest(rows: Sequence[Row]) -> Row:
    """The reading with the smallest distance to the headline."""
    return min(rows, key=lambda row: abs(row["gain"] - HEADLINE))


def comparable(found: Mapping[str, Any], last: int) -> bool:
    """Whether the run is about what the headline is about: the whole EU, in 2035."""
    return found["place"] == "EU27_2020" and last == codes.LAST_YEAR


def verdict(found: Mapping[str, Any], read: Sequence[Row], last: int) -> list[str]:
    """The comparison in words, a sentence a line."""
    if not comparable(found, last):
        return [f"The headline is about the EU in {codes.LAST_YEAR}; this run is not, so nothing is compared with it.", CLAIM]
    rows = default_readings(read)
    best = closest(rows)
    lines = [
        f"Of the {len(rows)} readings under the conventions of this run the one closest to {euro(HEADLINE)} is {name(best)}: "
        f"{_with_interval(best)}, {_distance(best)}."
    ]
    places = {row_place: [row for row in rows if place_of(row) == row_place] for row_place in ("holds", "below", "above")}
    if any(places.values()):
        held = places["holds"]
        lines.append(f"The 90 % interval holds {euro(HEADLINE)} under {len(held)} of these {len(rows)} readings" + _names(held) + ".")
        for side in ("below", "above"):
            if places[side]:
                lines.append(f"It lies wholly {side} under {len(places[side])}" + _names(places[side]) + ".")
    else:
        lines.append("Without draws (draws=24) no reading has an interval, so none is ruled out by this run.")
        short = [row for row in rows if row["gain"] < HEADLINE / 2]
        if short:
            lines.append(f"Less than half of it is reached under {len(short)} of {len(rows)} readings" + _names(short) + ".")
    lines += other_conventions(read)
    order = spreads(read, best)
    if order:
        first = ", ".join(f"{SWITCHES.get(switch, switch)} ({euro(width)})" for switch, width in order[:4])
        lines.append(f"What would settle it is the source's own definition of, in the order of what each moves (EUR): {first}.")
    return [*lines, CLAIM]


def other_conventions(read: Sequence[Row]) -> list[str]:
    """What holds over every annual row of readings.csv: the closest, and in how many rows of each variant the interval lies below;
    rows that do not, of a variant that does so under the conventions of the run, are named."""
    annual = [row for row in read if row["measure"] == "annual"]
    default = default_readings(read)
    if len(annual) == len(default):
        return []
    best = closest(annual)
    under = turned(best, default[0])
    lines = [
        f"Of all {len(annual)} annual rows of readings.csv (other prices, growth, denominators and switches, market on) the closest is "
        f"{name(best)}{f' with {under}' if under else ''}: {euro(best['gain'])} {best['unit']}."
    ]
    if any(place_of(row) == "unknown" for row in annual):
        return lines
    counts, exceptions = [], []
    for variant in dict.fromkeys(row["variant"] for row in annual):
        mine = [row for row in annual if row["variant"] == variant]
        reaching = [row for row in mine if place_of(row) != "below"]
        counts.append(f"{VARIANT[variant]} {len(mine) - len(reaching)} of {len(mine)}")
        if all(place_of(row) == "below" for row in default if row["variant"] == variant):
            exceptions += [f"{name(row)} with {turned(row, default[0])} [{_interval(row)}]" for row in reaching]
    lines.append(f"Over these rows the interval lies wholly below {euro(HEADLINE)} in: {'; '.join(counts)}.")
    if exceptions:
        lines.append(f"Below under the conventions of this run, not under others: {'; '.join(exceptions)}.")
    return lines


def turned(row: Row, first: Row) -> str:
    """The conventions in which a reading differs from the run's, in words."""
    switches = [*_accounting(row), "market"]
    return ", ".join(f"{switch.replace('_', ' ')} {str(row[switch]).lower()}" for switch in switches if row[switch] != first[switch])


def spreads(read: Sequence[Row], best: Row) -> list[tuple[str, float]]:
    """By how much each choice moves the gain, others as in `best`: largest less smallest annual gain, largest first."""
    switches = [switch for switch in best if switch in SWITCHES or switch in _accounting(best)]
    annual = [row for row in read if row["measure"] == "annual"]
    found = []
    for switch in switches:
        others = [one for one in switches if one != switch]
        gains = [row["gain"] for row in annual if all(row[one] == best[one] for one in others)]
        found.append((switch, max(gains) - min(gains)))
    return sorted([(switch, width) for switch, width in found if round(width) > 0], key=lambda item: -item[1])


def _accounting(row: Row) -> list[str]:
    """Names of the accounting switches among the columns of a reading."""
    columns = list(row)
    return columns[columns.index("discount_rate") + 1 : columns.index("gain")]


def _names(rows: Sequence[Row]) -> str:
    """Labels in brackets, variants of the same yardstick together."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        grouped.setdefault((row["given"], row["reference"]), []).append(VARIANT[row["variant"]])
    if not grouped:
        return ""
    return " (" + "; ".join(f"{GIVEN[g]}, {REFERENCE[r]}: {' and '.join(names)}" for (g, r), names in grouped.items()) + ")"


def _with_interval(row: Row) -> str:
    error = "" if row["monte_carlo_se"] is None else f" (Monte Carlo standard error {euro(row['monte_carlo_se'])})"
    interval = "" if row["low"] is None else f" [{euro(row['low'])} to {euro(row['high'])}]"
    return f"{euro(row['gain'])}{interval}{error}"


def _distance(row: Row) -> str:
    difference = row["gain"] - HEADLINE
    return f"{euro(abs(difference))} {'more' if difference > 0 else 'less'}, {100 * row['gain'] / HEADLINE:.0f} % of it"


def write(
    found: Mapping[str, Any],
    read: Sequence[Row],
    of_gains: Sequence[Row],
    of_parts: Sequence[Row],
    grouped: Sequence[Row],
    choices: Sequence[Row],
    checked: Sequence[str],
    last: int,
    six: Sequence[Row] = (),
) -> str:
    """The text of report.md from summary.json, readings.csv, gains.csv, decomposition.csv, gain_tables.grouped, sensitivity.csv,
    sentences on published levels (groups.passes) and jrc_six.csv."""
    rows = default_readings(read)
    best, beside = closest(rows), comparable(found, last)
    sections = [
        f"# The gain at parity in {last}" + (f", beside the Commission's {euro(HEADLINE)}" if beside else ""),
        *verdict(found, read, last),
        f"Figures are {rows[0]['unit']}, {_place(found)}, mean over seeds {', '.join(map(str, found['seeds']))}"
        + (f", 90 % intervals over {found['draws']} draws of all parameters." if "draws" in found else ", without draws."),
        "Tables named here lie in the result folder that the command has written; where only this report was kept, not all of them "
        "are beside it.",
        "## What was said",
        f"{found['headline']['source']}: {euro(HEADLINE)} ({found['headline']['unit']}). One report of it names participation and "
        "wages as of EU-born people, others participation alone; whether a year, 2015 prices, all ages and the best of six "
        "scenarios are meant is not written in what could be read.",
        "## Each reading",
        *_readings(rows, beside),
        *_decomposition(found, of_parts, last),
        *two_choices(choices),
        *_components(of_gains, grouped),
        *_groups(of_gains),
        *_conventions(read, best),
        *_member_states(of_gains),
        *_levels(found, checked),
        *_market(found, read),
        *_scenarios(six),
        *_certainty(found),
    ]  # fmt: skip
    return "\n\n".join(section for section in sections if section) + "\n"


def _readings(rows: Sequence[Row], beside: bool) -> list[str]:
    """The gain under each reading; beside: whether the headline may stand beside it."""
    header = ["reading", "gain", "90 % interval", "Monte Carlo s.e.", *([f"% of {euro(HEADLINE)}", "interval"] if beside else [])]
    lines = [
        [name(row), euro(row["gain"]), _interval(row), euro(row["monte_carlo_se"])]
        + ([f"{100 * row['ratio']:.0f}", place_of(row)] if beside else [])
        for row in rows
    ]
    marks = "`holds`: the interval holds the headline; `below`, `above`: it lies wholly on that side; `unknown`: no interval. "
    imputed = "Cells by education rest on employment by birth and education, which is imputed."
    return [_table(header, lines), (marks if beside else "") + imputed]


def _place(found: Mapping[str, Any]) -> str:
    return "all 27 Member States" if found["place"] == "EU27_2020" else "the selected Member States together"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return text.markdown(header, rows, numbers=True)


def _gain(row: Row) -> str:
    return euro(row["gain"]) + ("" if row["low"] is None else f" [{_interval(row)}]")


def _interval(row: Row) -> str:
    return "-" if row["low"] is None else f"{euro(row['low'])} to {euro(row['high'])}"


def _total(rows: Sequence[Row]) -> list[Row]:
    """Net gains of all Member States together, both sexes and all levels of education, market off."""
    return [row for row in _slice(rows) if row["place"] == rows[0]["place"] and row["component"] == "net_contribution"]


def _slice(rows: Sequence[Row], sex: str = "total", education: str = "total") -> list[Row]:
    return [row for row in rows if (row["market"], row["sex"], row["education"]) == (OFF, sex, education)]


def _labels(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row["given"], row["reference"]) for row in rows))


def _decomposition(found: Mapping[str, Any], of_parts: Sequence[Row], last: int) -> list[str]:
    """Shapley values by factor, and what they say."""
    if not of_parts:
        return []
    totals = _total(of_parts)
    lines = []
    for given, reference in _labels(totals):
        mine = [row for row in totals if (row["given"], row["reference"]) == (given, reference)]
        whole = sum(row["value"] for row in mine)
        cells = [f"{euro(row['value'])}" + ("" if row["low"] is None else f" [{_interval(row)}]") for row in mine]
        lines.append([f"{GIVEN[given]}, {REFERENCE[reference]}", *cells, euro(whole)])
    first = [row for row in totals if (row["given"], row["reference"]) == _labels(totals)[0]]
    whole = sum(row["value"] for row in first)
    order = sorted(first, key=lambda row: -row["value"])
    shares = ", ".join(f"{FACTORS[row['variant']]} {100 * row['value'] / whole:.0f} %" for row in order) if whole > 0 else "-"
    given, reference = _labels(totals)[0]
    return [
        f"## What the full gain of {last} is made of",
        _table(["", *FACTORS.values(), "all closed"], lines),
        "What a factor adds, averaged over all orders in which the five can be closed (Shapley values); parts add up to the "
        "full gain. Hourly pay is pay in the same job: what is left of the gap once the job match is closed. "
        f"{GIVEN[given].capitalize()}, {REFERENCE[reference]}: {shares}."
        + (f" {NO_INTERVAL}" if "draws" in found and len(lines) > 1 else ""),
    ]


def choices_block(choices: Sequence[Row]) -> str:
    """The table of the two choices as it stands in report.md and in the README."""
    return _table(sensitivity.header(choices, REFERENCE, VARIANT), sensitivity.cells(choices, GIVEN))


def choices_console(choices: Sequence[Row], last: int) -> list[str]:
    """The same for the console."""
    shown = text.table(sensitivity.header(choices, REFERENCE, VARIANT), sensitivity.cells(choices, GIVEN))
    return [f"Two choices that move the gain of {last}, and employment reached under {VARIANT[choices[-1]['variant']]}", shown, ""]


def two_choices(choices: Sequence[Row]) -> list[str]:
    """Gaps closed upward only or both ways, and the pay gap where no national figure was seen."""
    last = {row["choice"]: row for row in choices if row["given"] == choices[0]["given"]}  # of each choice the last variant
    first = last[sensitivity.DEFAULT]
    upward, both = last.get("upward_only", first), last.get("symmetric", first)
    natives, label = first["natives_employment_rate"], f"{VARIANT[first['variant']]}, {GIVEN[first['given']]}"
    beyond = upward["employment_rate"] - natives
    return [
        CHOICES,
        choices_block(choices),
        "Gain, then its difference to the default on the same seeds with the Monte Carlo standard error of the difference; under other "
        "pay gaps it is simulated with as few persons as draws are.",
        f"With gaps closed upward only {upward['employment_rate']:.1f} % of the non-EU-born aged 20-64 are employed ({label}), "
        f"{abs(beyond):.1f} points {'more' if beyond > 0 else 'less'} than the {natives:.1f} % of natives; closed both ways "
        f"{both['employment_rate']:.1f} %. Upward only, cells in which they are ahead of natives stay ahead; what else lies between "
        "the two rates is that they live in other Member States and are of other ages.",
        "Member States without a national figure of the pay gap have the ILO's figure for the EU, and the mean over the employed is "
        "then another (`pay_gap.csv`). `mean as the EU's figure` gives these Member States the one gap with which it is the same; "
        "`national studies` gives some of them that of first-generation immigrants in linked records (calibration/data).",
    ]


def _components(of_gains: Sequence[Row], grouped: Sequence[Row]) -> list[str]:
    """The gain by component, given sex and age, against natives; rows of gain_tables.grouped."""
    chosen = _first_label(of_gains)
    mine = [row for row in grouped if chosen(row)]
    variants = list(dict.fromkeys(row["variant"] for row in mine))
    lines = [
        [group, *(text.interval(row) for row in mine if row["group"] == group)] for group in dict.fromkeys(row["group"] for row in mine)
    ]
    sums = [row for row in _total(of_gains) if chosen(row)]
    lines.append(["sum", *(text.interval({**row, "centre": row["value"]}) for row in sums)])
    return [
        f"## By component, {_first_name(of_gains)}",
        _table(["", *(VARIANT[variant] for variant in variants)], lines),
        f"{HOW_SHOWN} Components add up to the sum; ends of intervals do not.",
    ]


def _groups(of_gains: Sequence[Row]) -> list[str]:
    """Who the gain comes from: sex and education, with the amount per head of the group."""
    chosen = _first_label(of_gains)
    here = [row for row in of_gains if chosen(row) and row["place"] == of_gains[0]["place"] and row["market"] == OFF]
    variants = list(dict.fromkeys(row["variant"] for row in here))
    lines = []
    for sex, level in (*((sex, "total") for sex in codes.SEXES), *(("total", level) for level in codes.EDUCATION)):
        cells = []
        for variant in variants:
            (row,) = (
                row for row in _slice(here, sex, level) if row["variant"] == variant and row["component"] == "net_contribution"
            )
            interval = "" if row["low"] is None else f" [{_interval(row)}]"
            cells.append(f"{euro(row['value'])}{interval} ({euro(row['of_group'])})")
        lines.append([sex if level == "total" else f"{level} education", *cells])
    return [
        f"## By sex and education, {_first_name(of_gains)}",
        _table(["", *(VARIANT[variant] for variant in variants)], lines),
        "Contribution to the mean over all heads, with draws its 90 % interval in square brackets; in round ones per head of the "
        "group. Monte Carlo standard errors are in gains.csv.",
    ]


def _first_label(of_gains: Sequence[Row]) -> Any:
    first = (of_gains[0]["given"], of_gains[0]["reference"])
    return lambda row: (row["given"], row["reference"]) == first


def _first_name(of_gains: Sequence[Row]) -> str:
    return f"{GIVEN[of_gains[0]['given']]}, {REFERENCE[of_gains[0]['reference']]}"


def _conventions(read: Sequence[Row], best: Row) -> list[str]:
    """What each switch does to the gain of the closest reading, and the discounted sums."""
    switches = _accounting(best)
    mine = [row for row in read if all(row[key] == best[key] for key in ("variant", "given", "reference", "market"))]
    annual = [row for row in mine if row["measure"] == "annual"]
    lines, silent = [], []
    for switch in switches:
        others = [one for one in switches if one != switch]
        rows = [row for row in annual if all(row[one] == best[one] for one in others)]
        if len(rows) < 2:
            continue
        values = ", ".join(f"{str(row[switch]).lower()} {_gain(row)}" for row in rows)
        if max(row["gain"] for row in rows) - min(row["gain"] for row in rows) < 0.5:
            silent.append(SWITCHES.get(switch, switch))
        else:
            lines.append([SWITCHES.get(switch, switch), values])
    combined = [row["gain"] for row in annual if all(row[one] == best[one] for one in switches if one not in COMBINED)]
    sums = [row for row in mine if row["measure"] == "discounted_sum" and row["real_wage_growth"] == best["real_wage_growth"]]
    discounted = ", ".join(f"{100 * row['discount_rate']:g} %: {_gain(row)}" for row in sums)
    said = (
        f"These move levels, not the gain: {', '.join(silent)}. Parity is no programme and has no cost of its own, so gross and net "
        "of programme costs are the same; what a programme may cost per head before the budget loses is the discounted sum."
        if silent
        else ""
    )
    return [
        f"## Conventions, for {name(best)}",
        _table(["switch", "gain"], lines),
        f"Price year, growth and denominator together: {euro(min(combined))} to {euro(max(combined))}. {said}".strip(),
        f"Discounted sum of the gain per head from the start of parity to the last year, by real rate: {discounted}.",
        "Every reading is a row of readings.csv; level and gain under every combination of switches are in conventions_table.csv.",
    ]


def _member_states(of_gains: Sequence[Row]) -> list[str]:
    """Range over Member States of the last variant, given sex and age, against natives."""
    chosen, total = _first_label(of_gains), of_gains[0]["place"]
    rows = [row for row in _slice(of_gains) if chosen(row) and row["component"] == "net_contribution" and row["place"] != total]
    if not rows:
        return []
    variant = rows[-1]["variant"]
    mine = sorted((row for row in rows if row["variant"] == variant), key=lambda row: -row["value"])
    without = pay_gap.imputed()
    places = [place_of(row) for row in mine]
    lines = [
        [row["place"], text.interval({**row, "centre": row["value"]}), place, "EU value" if row["place"] in without else "national"]
        for row, place in zip(mine, places, strict=True)
    ]
    counted = ", ".join(f"{places.count(place)} {words}" for place, words in PLACES.items())
    above = sum(row["value"] > HEADLINE for row in mine)
    told = f"; by their intervals {counted}" if "unknown" not in places else ""
    return [
        f"## By Member State: {VARIANT[variant]}, {_first_name(of_gains)}",
        _table(["", "gain", f"interval and {euro(HEADLINE)}", "pay gap"], lines),
        f"More than {euro(HEADLINE)} at the centre in {above} of {len(mine)}{told}. `EU value`: no national pay gap was seen, that of "
        "the EU is imputed. All variants, components, sexes and levels of education are in gains.csv.",
    ]


def _levels(found: Mapping[str, Any], checked: Sequence[str]) -> list[str]:
    """Net contribution of the three groups with intervals where draws tell them, and what is known of their levels and signs."""
    known = summary.by_origin(found.get("intervals", ()), "net_contribution")
    lines, years = [], []
    for origin, entries in found["net_contribution"].items():
        years = [str(year) for year in summary.chosen_years(summary.CSV_YEARS, [int(year) for year in entries])]
        told = {str(row["year"]): text.interval(row) for row in known.get(origin, ())}
        lines.append([origin.replace("_", "-"), *(told.get(year) or text.told(entries[year]) for year in years)])
    return [
        f"## Net contribution of the groups, {found['net_contribution_unit']}",
        _table(["", *years], lines),
        HOW_SHOWN,
        " ".join([*checked, "Each check under each combination is a row of group_checks.csv."]) if checked else "",
    ]


def loss_told(entry: Row, seeds: int) -> str:
    """What an entry of summary.json's `market_on` tells of others: by the interval of their loss, without draws the Monte Carlo one."""
    loss = entry["fiscal_loss_of_others"]
    low, high = loss.get("low"), loss.get("high")
    if low is None and loss["monte_carlo_se"] is not None:
        half = draws.student(seeds - 1) * loss["monte_carlo_se"]
        low, high = loss["mean"] - half, loss["mean"] + half
    if low is None or low <= 0.0 <= high:
        return "not told from zero"
    return "others lose" if low > 0.0 else "others gain"


def _market(found: Mapping[str, Any], read: Sequence[Row]) -> list[str]:
    """The labels that add the jobs simulated with the market on, and what others lose by year."""
    rows = [row for row in read if row["market"] != OFF]
    if not rows:
        return []
    lines = []
    for on in rows:
        label = [on[key] for key in ("variant", "given", "reference")]
        off = next(row for row in read if [row[key] for key in ("variant", "given", "reference")] == label)
        lines.append([name(on), *(text.interval({**row, "centre": row["gain"]}) for row in (off, on))])
    entries = {year: entry for year, entry in found["market_on"].items() if year.isdecimal()}
    seeds = len(found["seeds"])
    by_year = []
    for year, entry in entries.items():
        jobs, loss = text.told(entry["others_displaced_per_added_job"], 2), text.told(entry["fiscal_loss_of_others"])
        by_year.append([year, jobs, loss, loss_told(entry, seeds)])
    last = list(entries)[-1]
    return [
        "## With the market on",
        _table(["", "market off", "market on"], lines),
        "On: less what natives and EU-born lose when the added jobs ask for openings like everybody; a loss below zero is what they "
        f"gain. In {last}: {loss_told(entries[last], seeds)}. Match, pay and hours add no jobs, so the loss is the same in every row. "
        f"{HOW_SHOWN}",
        _table(["year", "jobs of others lost per added job", "EUR per non-EU-born head lost by others", "verdict"], by_year),
        "Effects on others are as small as their noise: with draws their intervals always hold the Monte Carlo error.",
    ]


def _scenarios(six: Sequence[Row]) -> list[str]:
    """Flow scenarios and parity with the signs known of the Commission's report."""
    if not six:
        return []
    known = [row for row in six if row["verdict"] != "not known"]
    passed = [row for row in known if row["verdict"] == "pass"]
    return [
        "## Scenarios in the manner of the Commission's report",
        _table(jrc_six.HEADER, jrc_six.lines_of(six)),
        f"{len(passed)} of {len(known)} known signs are found. Net contribution per head, Monte Carlo standard error in brackets; the "
        f"strengths are assumptions. Small: at most {100 * jrc_six.SMALL:.0f} % of the gain of the full variant.",
    ]


def _certainty(found: Mapping[str, Any]) -> list[str]:
    """How much of the parameter variance priors leave open."""
    shares = [
        row["prior_share"]
        for row in found.get("intervals", ())
        if row["outcome"].startswith("gain_") and row["prior_share"] is not None
    ]
    if not shares:
        return []
    return [
        "## How sure",
        f"Intervals hold the uncertainty of all parameters; priors alone account for {100 * min(shares):.0f} to "
        f"{100 * max(shares):.0f} % of its variance. They do not hold what a different definition of the headline would change: that "
        "is the table of readings.",
    ]
