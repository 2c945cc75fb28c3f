"""From settings and tables to the arrays the model runs on: the only reader of files on the way into a run."""

from dataclasses import replace

import numpy as np

from calibration import estimate, flows, levers, rates, stock, structure, tables
from calibration.draw import Draw, available
from calibration.errors import refuse
from calibration.fiscal_engine import fiscal_table
from calibration.tables import Parameter, scalar
from model.cell import SHAPE, empty_cells
from model.codes import (
    AGE_BANDS, EDUCATION, FIRST_YEAR, GROUPS, HIGH, LANGUAGE, LAST_YEAR, MEDIUM, MEMBER_STATES, ORIGINS, PROTECTION,
    REASONS, SEXES, STAY_BANDS, STAY_NAMES,
)  # fmt: skip
from model.inputs import Inputs
from model.parameter import PARAMETER
from model.quarter import SWITCHES

ARRIVAL_AGES = ("0-14", "15-24", "25-34", "35-44", "45-64", "65+")
PERIODS = (2017, 2022, 2027, 2032)
LIFE_STAGES = ("0-29", "30-64", "65+")
PARTNERS = ("none", "not_working", "low_earner", "high_earner")
FERTILE_AGES = tuple(f"{a}-{a + 4}" for a in range(15, 50, 5))
WEEKS_PER_QUARTER = 13.0
MEAN_AGE_OF_OLDEST = 91.0  # years at which the rate of 85 and over holds, given how their ages are laid out
DAYS_PER_QUARTER = 365.25 / 4


def per_quarter(probability_per_year):
    """Probability per quarter from one per year, constant hazard."""
    return 1.0 - (1.0 - probability_per_year) ** 0.25


def after_median(months):
    """Hazard per quarter of a delay with this median."""
    return 1.0 - 0.5 ** (3.0 / months)


def course_quarters():
    """Quarters of attendance to B1 from none or A1."""
    return scalar("lang_hours_to_B1") / scalar("lang_units_per_week") / WEEKS_PER_QUARTER


def parameters():
    """Scalar mechanism parameters, [1] structured: priors converted to quarters, and stated assumptions."""
    full, compensation = scalar("recog_p_full"), scalar("recog_p_compensation")
    partial, none = scalar("recog_p_partial"), scalar("recog_p_none")
    derived = {
        "course_quarters_basic": course_quarters(),
        "exam_b1": scalar("p_B1_at_first_exam"),
        "exam_a2": scalar("p_A2_given_not_B1"),
        "language_wait": scalar("course_queue_wait") / 3.0,
        "decision_wait": scalar("recog_statutory_time") / DAYS_PER_QUARTER,
        "decision_full_regulated": full / (full + compensation + none),
        "decision_compensation_regulated": compensation / (full + compensation + none),
        "decision_full_other": 1.0 - partial - none,
        "decision_partial_other": partial,
        "bridging_finish": 3.0 / scalar("bridging_duration"),
        "language_search_b1": scalar("lang_B1_to_employment_logodds"),
        "skilled_c1": scalar("lang_on_match_hazard_C1"),
        "skilled_regulated_recognised": scalar("recognition_odds"),
        "contact_share": scalar("share_jobs_via_contacts"),
        "matching_elasticity": scalar("matching_elasticity_u"),
        "foreign_experience": scalar("return_ratio_foreign_experience"),
        "language_pay_b1": 0.5 * scalar("lang_wage_premium_fluent"),
        "language_pay_c1": scalar("lang_wage_premium_fluent"),
        "pension_years": scalar("pension_years_full"),
        "remittances": scalar("remittance_share"),
        "discount_rate": scalar("discount_rate"),
        "scarring": 0.0,  # calibration.structure
    }
    record = np.zeros(1, dtype=PARAMETER)
    for name in PARAMETER.names:
        record[name] = derived[name] if name in derived else scalar(name)
    return record


def exits():
    """Hazard of leaving the country per quarter, [group, stay band]."""
    late, settled = scalar("exit_late_ratio"), scalar("exit_settled")
    table = np.zeros((len(GROUPS), len(STAY_BANDS)))
    names = ("exit_native", "exit_eu_born", "exit_labour", "exit_family", "exit_study", "exit_refugee", "exit_other")
    for group, name in enumerate(names):
        first = scalar(name)
        last = min(first * late, settled * (0.5 if name == "exit_refugee" else 1.0))
        table[group] = [first, first, first * late, last, last] if group else [first] * 5
    return per_quarter(table)


def by_stay_quarter(table):
    """[group, stay band] -> [group, stay quarter]."""
    bounds = 4 * np.array(STAY_BANDS)
    return table[:, np.searchsorted(bounds, np.arange(flows.LONGEST), side="right") - 1]


def cell_table(wage_gap, compensation):
    """The flat cell table before estimates; wage_gap [ms, origin] is the residual log gap of pay, compensation the share of the
    call-back gap that search undoes."""
    cells = empty_cells().reshape(SHAPE)
    cells["finding"] = 1.0
    cells["skilled_odds"] = 1.0
    ones = ("hiring", "contacts", "care_search", "care_separation", "care_course", "mortality", "fertility", "activation")
    for name in ones:
        cells[name] = 1.0
    origin_of = estimate.ORIGIN_OF_GROUP
    cells["wage_gap"] = wage_gap[:, origin_of][:, :, None, None, None]
    migrants = cells[:, 2:]
    ratio = Parameter("callback_ratio").by_state()
    migrants["hiring"] = (ratio ** -(1.0 - compensation))[:, None, None, None, None]
    migrants["contacts"] = Parameter("contacts").array(("category", STAY_NAMES))
    cells[:, PROTECTION]["finding"] *= Parameter("protection_search").array(("category", STAY_NAMES))
    for name in ("care_search", "care_separation"):
        cells[name] = Parameter(name).array(("origin", ORIGINS))[origin_of][None, :, None, None, None]
    migrants["care_course"] = scalar("care_course")
    migrants["signup"] = after_median(scalar("signup_delay_obliged"))
    migrants["take_up"] = Parameter("course_take_up").array(("category", REASONS))[None, :, None, None, None]
    migrants["course_search"] = scalar("course_search")
    migrants["course_dropout"] = 1.0 - (1.0 - scalar("course_noncompletion")) ** (1.0 / max(1.0, round(course_quarters())))
    cells[:, PROTECTION]["work_wait"] = scalar("work_permission")
    migrants["advanced_signup"] = scalar("advanced_signup")
    migrants["informal"] = per_quarter(scalar("lang_informal_gain_per_year"))
    applied = Parameter("recognition_applied").by_state()
    usual = scalar("recognition_applied", geo="EU27_2020")
    hazard = scalar("recog_apply_hazard") * np.log(1.0 - np.minimum(applied, 0.9)) / np.log(1.0 - usual)
    migrants["apply"] = per_quarter(np.minimum(hazard, 0.5))[:, None, None, None, None]
    cells[:, 2:, :, MEDIUM]["apply"] *= scalar("apply_medium")
    migrants["documents"] = after_median(scalar("recog_document_time"))
    cells["exit"] = exits()[None, :, None, None, :]
    years = np.array([1.0, 3.5, 7.5, 15.0, 30.0])
    ratio = scalar("mortality_ratio")
    fade = np.minimum(1.0, years / scalar("mortality_stay"))
    migrants["mortality"] = ratio + (1.0 - ratio) * fade
    for group in range(len(GROUPS)):
        origin = ORIGINS[origin_of[group]]
        cells[:, group]["fertility"] = scalar(f"fertility_ratio_{origin}")
    migrants["naturalisation"] = per_quarter(scalar("naturalisation_rate"))
    part_time = Parameter("part_time_share").by_state(("origin", ORIGINS), ("sex", SEXES))
    cells["part_time"] = part_time[:, origin_of][:, :, :, None, None]
    cells[:, 1]["entry_job"] = scalar("entry_job", origin="eu_born")
    migrants["entry_job"] = Parameter("entry_job", origin="non_eu_born").array(("category", REASONS))[
        None, :, None, None, None
    ]
    active = Parameter("entry_active", origin="non_eu_born").array(("category", REASONS), ("sex", SEXES))
    migrants["entry_active"] = active[None, :, :, None, None]
    cells[:, 1]["entry_active"] = Parameter("entry_active", origin="eu_born").array(("sex", SEXES))[None, :, None, None]
    return np.ascontiguousarray(cells.reshape(-1))


def death_table():
    """Death probabilities per quarter [period, ms, sex, age 0..100], log-linear between band middles; from 85 the rate
    rises by SENESCENCE a year around its mean over the band."""
    table = Parameter("death_rate").by_state(("sex", SEXES), ("age", AGE_BANDS), ("year", PERIODS))
    middles = np.append(np.arange(2.5, 85, 5), [85.5, 100.5])
    ages = np.arange(101) + 0.5
    logs = np.log(np.moveaxis(table, 3, 0))
    oldest = logs[..., -1:] + scalar("senescence") * (middles[-2:] - MEAN_AGE_OF_OLDEST)
    logs = np.concatenate([logs[..., :-1], oldest], axis=-1)
    flat = logs.reshape(-1, len(middles))
    out = np.stack([np.interp(ages, middles, row) for row in flat]).reshape(logs.shape[:3] + (101,))
    return np.ascontiguousarray(1.0 - np.exp(-np.exp(out) / 4.0))


def birth_table():
    """Birth probabilities per woman and quarter [year, ms, age 15..49]."""
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    total = Parameter("total_fertility_rate").by_state(("year", years))
    share = Parameter("fertility_share", year=2017).by_state(("age", FERTILE_AGES))
    share = share / share.sum(axis=1, keepdims=True)
    by_age = np.repeat(share / 5.0, 5, axis=1)
    return np.ascontiguousarray(np.moveaxis(total[:, :, None] * by_age[:, None, :] / 4.0, 0, 1))


@tables.cached_figures
def demography():
    """Stock, its fit, and arrivals before any scenario: (stock, fit, arrivals [ms, group, quarter])."""
    exit_q = by_stay_quarter(exits())
    survival = np.cumprod(1.0 - exit_q, axis=1)[:, 4 * np.array([1, 3, 7, 14, 30])]
    table, fit = stock.initial_stock(survival)
    by_stay = table.sum(axis=(2, 3, 4))
    bounds = 4 * np.array(STAY_BANDS + (45,))
    quarters = np.zeros(by_stay.shape[:2] + (flows.LONGEST,))
    for band in range(len(STAY_BANDS)):
        width = bounds[band + 1] - bounds[band]
        quarters[:, :, bounds[band] : bounds[band + 1]] = by_stay[:, :, band, None] / width
    death = death_table()[0]
    middle = np.minimum(np.arange(2, 92, 5), 100)
    persons = table.sum(axis=(4, 5))
    crude = (persons * death[:, None, :, middle]).sum(axis=(2, 3)) / persons.sum(axis=(2, 3))
    death_q = np.stack([crude[:, 1], 0.95 * (crude[:, 2:] * persons[:, 2:].sum(axis=(2, 3))).sum(axis=1)
                        / persons[:, 2:].sum(axis=(1, 2, 3))], axis=1)  # fmt: skip
    coming = flows.arrivals(quarters, exit_q, death_q)
    births = Parameter("births").by_state(("year", range(FIRST_YEAR, LAST_YEAR + 1)))
    coming[:, 0] = np.repeat(births / 4.0, 4, axis=1)
    return table, fit, coming


def scenario_arrivals(config, coming):
    """Arrivals under the flow settings and the levers that change arrivals."""
    coming = coming.copy()
    start = 4 * (config.flows.start_year - FIRST_YEAR)
    for r, reason in enumerate(REASONS):
        coming[:, 2 + r, start:] *= config.flows.non_eu_arrivals * config.flows.by_reason[reason]
    coming[:, 1, start:] *= config.flows.eu_born_arrivals
    quarters = np.arange(coming.shape[2])
    for item in config.policy.levers:
        if item.lever == "arrivals":
            states, _, reasons, _ = levers.reached(item)
            one = levers.model_lever(item)
            factor = np.array([1.0 + one.reach_at(t) for t in quarters])
            for r in reasons:
                coming[states, 2 + r] *= factor
    return coming


def scenario_selection(config):
    """Share of arrivals below tertiary education whose place a graduate takes, [ms, group, sex, quarter]."""
    quarters = np.arange(4 * (LAST_YEAR - FIRST_YEAR + 1))
    left = np.ones((len(MEMBER_STATES), len(GROUPS), len(SEXES), len(quarters)))
    for item in config.policy.levers:
        if item.lever == "education_of_arrivals":
            states, sexes, reasons, _ = levers.reached(item)
            one = levers.model_lever(item)
            cells = np.ix_(states, [2 + r for r in reasons], sexes)
            left[cells] *= np.array([1.0 - one.reach_at(t) for t in quarters])
    return 1.0 - left


def wages(level):
    """Log wage by Member State, education and segment relative to the average wage, and the log sex gap.

    `level` [ms] scales all pay so that earnings per head meet the national accounts. Pay by education and occupation is
    the EU's; graduates' is moved, in both segments alike, so that natives' premium over medium education at their job match
    is the published one of the Member State.
    """
    relative = Parameter("wage_relative").array(("education", EDUCATION), ("category", ("skilled", "other")))
    base = np.log(relative)[None] + np.log(level)[:, None, None]
    matched = 1.0 - Parameter("overqualification_rate", sex="total", year=2019, origin="native").by_state()
    graduates = matched * relative[HIGH, 0] + (1.0 - matched) * relative[HIGH, 1]
    medium = scalar("skilled_share", origin="native", education="medium")
    others = medium * relative[MEDIUM, 0] + (1.0 - medium) * relative[MEDIUM, 1]
    base[:, HIGH] += np.log(Parameter("tertiary_premium").by_state() * others / graduates)[:, None]
    gap = np.log(1.0 - Parameter("gender_pay_gap", year=2019).by_state())
    return base, gap


def load_inputs(config, draw=None):
    """Inputs of a run from settings (calibration.config.Config): figures and estimates of a draw (calibration.draw), by
    default the centre.

    Raises InputError for a missing or damaged table or a setting that the tables cannot serve.
    """
    return load_policies([config], draw)[0]


def load_policies(configs, draw=None):
    """load_inputs of settings that differ in the policy alone, with everything else made once."""
    first = configs[0]
    tables.use(first.tables.use, first.tables.folder)
    tables.use_estimates(first.estimates)
    if first.draws > (available() if first.draws else 0):
        raise refuse("draws", first.draws, f"0 to {available()}, those of the estimates")
    draw = Draw() if draw is None else draw
    with draw.in_force():
        inputs = estimate.apply(before_estimates(first, draw.number), draw.logs, first.macro, draw.centre)
        return [inputs, *(replace(inputs, **of_policy(config, draw.number)) for config in configs[1:])]


def of_policy(config, number):
    """Fields of Inputs that depend on the policy; `number`: the draw, for levers."""
    return {
        "arrivals": scenario_arrivals(config, demography()[2]),
        "selection": scenario_selection(config),
        "levers": tuple(levers.model_lever(item, number) for item in config.policy.levers),
    }


def before_estimates(config, number=0):
    """Inputs in which every estimated factor is one (calibration.estimate); `number`: the draw, for levers."""
    table = demography()[0]
    cells = cell_table(structure.wage_gap(config.structure), structure.search_compensation(config.structure))
    par = structure.apply(parameters(), config.structure)
    rate, employed = rates.rate_table()
    switches = np.ones(1, dtype=SWITCHES)
    off = set(config.integration.off)
    for name in SWITCHES.names:
        if name in off:
            switches[name] = 0
    if "discrimination" in off:
        cells["hiring"] = 1.0
    if "contacts" in off:
        par["contact_share"] = 0.0
    if "care" in off:
        for name in ("care_search", "care_separation", "care_course"):
            cells[name] = 1.0
    if "pay_growth" in off:
        par["experience"] = par["experience_squared"] = 0.0
    base, gap = wages(Parameter("wage_level_scale").by_state())
    regulated = np.zeros((2, 3))
    rows = Parameter("regulated_share").rows
    for sex, education, value in zip(rows["sex"], rows["education"], rows["value"]):
        for s in [0, 1] if sex == "total" else [SEXES.index(sex)]:
            regulated[s, EDUCATION.index(education)] = value
    ages = np.zeros((len(GROUPS) + 1, 2, 6))
    ages[1] = Parameter("arrival_age_share", origin="eu_born").array(("sex", SEXES), ("age", ARRIVAL_AGES))
    by_reason = Parameter("arrival_age_share", origin="non_eu_born").array(
        ("category", REASONS), ("sex", SEXES), ("age", ARRIVAL_AGES)
    )
    ages[2 : len(GROUPS)] = by_reason
    ages[-1] = Parameter("arrival_age_share", category="ukraine").array(("sex", SEXES), ("age", ARRIVAL_AGES))
    before = language_before()
    return Inputs(
        member_states=tuple(MEMBER_STATES.index(s) for s in config.member_states),
        end_year=config.run.end_year,
        scale=config.population.scale,
        scale_comparison=config.population.scale_comparison,
        minimum_agents=config.population.minimum_agents,
        stock=table,
        arrival_age=ages,
        arrival_education=stock.education_shares()[:, :, :, 0],
        language_before=before,
        regulated=regulated,
        completion=rates.completion_ages(),
        partner=Parameter("partner_share").array(("age", LIFE_STAGES), ("origin", ORIGINS), ("category", PARTNERS)),
        employment=rates.start_employment(),
        unemployment=rates.start_unemployment(),
        overqualification=Parameter("overqualification_rate", sex="total", year=2019).by_state(("origin", ORIGINS)),
        employed_profile=employed,
        cells=cells,
        parameters=par,
        programmes=levers.programmes(number),
        rates=rate,
        death=death_table(),
        birth=birth_table(),
        retirement_q=(4 * Parameter("retirement_age").by_state(("sex", SEXES))).astype(np.int64),
        retire=scalar("retirement_hazard"),
        wage_base=base,
        sex_gap=gap,
        fiscal=fiscal_table(config.fiscal),
        growth=scalar("real_wage_growth"),
        macro=np.ones((len(MEMBER_STATES), 4 * (LAST_YEAR - FIRST_YEAR + 1))),
        cycle=np.ones((len(MEMBER_STATES), len(ORIGINS), 4 * (LAST_YEAR - FIRST_YEAR + 1))),
        older_exit=np.ones((len(MEMBER_STATES), 4 * (LAST_YEAR - FIRST_YEAR + 1))),
        switches=switches,
        threads=config.compute.threads or 0,
        **of_policy(config, number),
    )


def language_before():
    """Language before migration [ms, education, level]: Member State shares, tilted by education as in the EU."""
    shares = Parameter("language_before", education="total").by_state(("category", LANGUAGE))
    eu = Parameter("language_before", geo="EU27_2020").array(
        ("education", ("total",) + EDUCATION), ("category", LANGUAGE)
    )
    tilted = shares[:, None, :] * (eu[1:] / eu[0])[None]
    return tilted / tilted.sum(axis=2, keepdims=True)
