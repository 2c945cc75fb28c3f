"""Labour-market hazards by Member State, origin, sex, education and age from published rates.

Employment by birth and education is not in the shipped tables by Member State: the margin by sex and age is split over
education with the EU odds ratios (imputed), or with a Member State's own once they were fetched. Turnover follows job
tenure; finding and activation are what reproduces the age profile (model.labour_market.transition_rates).
"""

import numpy as np

from calibration.stock import education_shares
from calibration.tables import EU, Parameter, scalar, where_given
from model.codes import EDUCATION, MEMBER_STATES, ORIGINS, SEXES
from model.labour_market import FIRST_AGE, N_AGES, RATE, transition_rates

AGES_12 = tuple(f"{a}-{a + 4}" for a in range(15, 75, 5))
MIDDLES = np.arange(17.5, 75.0, 5.0)
YEARS = np.arange(FIRST_AGE, FIRST_AGE + N_AGES) + 0.5
HIGHEST = 0.96  # share of persons not in education who are employed, at most
TURNOVER_AGES = ("15-24", "25-34", "35-54", "55-74")
TURNOVER_OF = np.searchsorted([25, 35, 55], YEARS, side="right")


def employment_table():
    """Employment rates [ms, origin, sex, age 12] of 2019."""
    return Parameter("employment_rate", year=2019).by_state(("origin", ORIGINS), ("sex", SEXES), ("age", AGES_12))


def unemployment_table():
    """Unemployment rates [ms, origin, sex] of 2019 (age range of each published table)."""
    return Parameter("unemployment_rate", year=2019).by_state(("origin", ORIGINS), ("sex", SEXES))


def odds(share):
    """Odds of a share, kept away from zero and one."""
    share = np.clip(share, 0.002, 0.998)
    return share / (1.0 - share)


def start_employment():
    """Employment rates [ms, origin, sex, age 12] on 1 January 2017: the age profile of 2019 with its odds moved by what
    ages 20-64 of the sex moved since 2017."""
    level = [
        odds(Parameter("employment_rate", age="20-64", year=year).by_state(("origin", ORIGINS), ("sex", SEXES)))
        for year in (2017, 2019)
    ]
    moved = odds(employment_table()) * (level[0] / level[1])[..., None]
    return np.where(employment_table() > 0.0, moved / (1.0 + moved), 0.0)


def start_unemployment():
    """Unemployment rates [ms, origin, sex] on 1 January 2017: those of 2019, their odds moved by the EU's change of the
    origin between 2017 and 2019 (by Member State where both years are published)."""
    table = odds(unemployment_table())
    for o, origin in enumerate(ORIGINS):
        rows = Parameter("unemployment_rate", sex="total").rows
        rows = rows[(rows["origin"] == ("native" if origin == "eu_born" else origin)) & rows["year"].isin(["2017", "2019"])]
        pairs = rows[rows["status"] != "imputed"].pivot_table(index="geo", columns="year", values="value").dropna()
        change = odds(pairs["2017"]) / odds(pairs["2019"])
        table[:, o] *= change.reindex(MEMBER_STATES).fillna(change[EU]).to_numpy()[:, None]
    return table / (1.0 + table)


def by_year_of_age(table):
    """Values at single years of age from five-year bands: [..., 12] -> [..., N_AGES], linear between band middles."""
    flat = table.reshape(-1, table.shape[-1])
    out = np.stack([np.interp(YEARS, MIDDLES, row) for row in flat])
    return out.reshape(table.shape[:-1] + (N_AGES,))


def completion_ages():
    """First and last age at the end of initial education [education, 2], uniform between, years."""
    return Parameter("completion_age").array(("education", EDUCATION), ("category", ("first", "last")))


def student_share():
    """Share still in initial education by final level and age [education, N_AGES], from the model's completion ages."""
    start, end = completion_ages().T
    return np.clip((end[:, None] - YEARS[None]) / (end - start)[:, None], 0.0, 1.0)


def split_by_education(rate, weights, odds):
    """Rates [..., education, age] with the given odds ratios whose weighted mean is `rate` [..., age].

    weights [..., education, age] sum to one over education; odds [..., education] relative to medium.
    Solved for the odds of the medium level by bisection on the log scale.
    """
    low = np.full(rate.shape, -12.0)
    high = np.full(rate.shape, 12.0)
    log_odds = np.log(odds)[..., None]
    for _ in range(50):
        middle = 0.5 * (low + high)
        rates = 1.0 / (1.0 + np.exp(-(middle[..., None, :] + log_odds)))
        above = (rates * weights).sum(axis=-2) > rate
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
    return 1.0 / (1.0 + np.exp(-(0.5 * (low + high)[..., None, :] + log_odds)))


def profiles():
    """Employed and unemployed shares of persons not in education, [ms, origin, sex, education, age 60] each."""
    employment = by_year_of_age(employment_table())
    unemployment = unemployment_table()
    students = student_share()
    shares = np.where(YEARS < 35, education_shares()[:, :, :, 0][..., None], education_shares()[:, :, :, 1][..., None])
    free = shares * (1.0 - students)
    out_of_school = np.maximum(free.sum(axis=3), 1e-3)
    rate = np.minimum(employment / out_of_school, HIGHEST)
    odds = np.broadcast_to(odds_by_state()[:, :, None], free.shape[:4])
    weights = free / np.maximum(free.sum(axis=3, keepdims=True), 1e-9)
    employed = np.minimum(split_by_education(rate, weights, odds), HIGHEST)
    age = Parameter("unemployment_age").array(("age", TURNOVER_AGES))[TURNOVER_OF]
    level = Parameter("unemployment_education").array(("education", EDUCATION))
    tilt = unemployment[..., None, None] * age * level[:, None]
    tilt = np.minimum(tilt, 0.6)
    # One factor per Member State, origin and sex keeps the published rate: unemployed over active, persons 20-64.
    within = (YEARS >= 20) & (YEARS < 65)
    jobs = (free * employed)[..., within].sum(axis=(3, 4))
    raw = (free * employed * tilt / (1.0 - tilt))[..., within].sum(axis=(3, 4))
    factor = unemployment / (1.0 - unemployment) * jobs / np.maximum(raw, 1e-9)
    unemployed = employed * tilt / (1.0 - tilt) * factor[..., None, None]
    return employed, np.minimum(unemployed, 0.98 - employed)


def odds_by_state():
    """Odds ratios of employment by education, [ms, origin, education], medium = 1.

    A Member State's own where its rates by birth and education were fetched (integra data update), else the EU's.
    """
    of_eu = Parameter("employment_odds_ratio").array(("origin", ORIGINS), ("education", EDUCATION))
    axes = (("geo", MEMBER_STATES), ("origin", ORIGINS), ("education", EDUCATION))
    rate = np.clip(where_given("employment_rate_by_education", *axes, year=2019, sex="total", age="20-64"), 0.01, 0.99)
    own = rate / (1.0 - rate)
    own /= own[:, :, [EDUCATION.index("medium")]]
    return np.where(np.isfinite(own).all(axis=2, keepdims=True), own, of_eu)


def turnover(origin):
    """Separation of one origin into unemployment and inactivity, [ms, education, age 60] each, per quarter."""
    transition = Parameter("transition")
    base = dict(zip(transition.rows["category"], transition.rows["value"]))
    ratio = {
        "native": 1.0,
        "eu_born": scalar("separation_ratio_eu_born"),
        "non_eu_born": scalar("separation_ratio_nonEU"),
    }[origin]
    tenure = Parameter("job_tenure", year=2019).by_state()
    state = scalar("job_tenure", year=2019, geo="EU27_2020") / tenure
    age = Parameter("separation_age").array(("age", TURNOVER_AGES))[TURNOVER_OF]
    level = Parameter("separation_education").array(("education", EDUCATION))
    shape = ratio * state[:, None, None] * level[None, :, None] * age[None, None, :]
    return base["E_to_U"] * shape, scalar("to_inactive_prime") * shape


def rate_table():
    """The RATE table [ms, origin, sex, education, age] and the employed profile it reproduces."""
    employed, unemployed = profiles()
    transition = Parameter("transition")
    base = dict(zip(transition.rows["category"], transition.rows["value"]))
    attached = base["I_to_E"] / base["U_to_E"]
    overqualified = Parameter("overqualification_rate", sex="total", year=2019).by_state(("origin", ORIGINS))
    skilled = Parameter("skilled_share").array(("origin", ORIGINS), ("education", ("low", "medium")))
    upgrade = np.array([scalar("upgrade_native"), scalar("upgrade_eu_born"), scalar("overqual_exit_hazard")]) / 4.0
    table = np.zeros(employed.shape, dtype=RATE)
    for o, origin in enumerate(ORIGINS):
        to_unemployed, to_inactive = (np.repeat(x[:, None], 2, axis=1) for x in turnover(origin))
        give_up = np.full(to_unemployed.shape, base["U_to_I"])
        finding, activate, leaving = transition_rates(
            employed[:, o], unemployed[:, o], to_unemployed, to_inactive, give_up, attached
        )
        rows = table[:, o]
        rows["to_unemployed"], rows["to_inactive"], rows["finding"] = to_unemployed, leaving, finding
        rows["give_up"], rows["activate"], rows["attached"] = give_up, activate, attached
        rows["entry"] = employed[:, o]
        rows["skilled"][:, :, :2] = skilled[o][None, None, :, None]
        separation = (to_unemployed + leaving)[:, :, 2]
        other = overqualified[:, o, None, None] * (separation + upgrade[o]) / separation
        rows["skilled"][:, :, 2] = np.clip(1.0 - other, 0.05, 0.97)
        rows["upgrade"][:, :, 2] = upgrade[o]
    return table, employed
