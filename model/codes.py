"""Frozen code lists: the integers that stand for categories in arrays, keys and file columns.

Reads nothing, writes nothing. A code never changes its meaning, because person identifiers and random draws
are built from it; new codes are appended.
"""

from __future__ import annotations

# Eurostat geo codes (EL = Greece), alphabetical.
MEMBER_STATES = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
ORIGINS = ("native", "eu_born", "non_eu_born")
# Reason for migration; natives and EU-born carry none, so the group index of a person is
# 0 native, 1 EU-born, 2 + reason for the non-EU-born.
REASONS = ("work", "family", "study", "protection", "other")
GROUPS = ("native", "eu_born", "work", "family", "study", "protection", "other")
NATIVE, EU_BORN, NON_EU_BORN = 0, 1, 2
PROTECTION = 5  # index in GROUPS
SEXES = ("female", "male")
FEMALE, MALE = 0, 1
EDUCATION = ("low", "medium", "high")  # ISCED 0-2, 3-4, 5-8
LOW, MEDIUM, HIGH = 0, 1, 2
# Categories of the education column of results: persons under 15 are counted apart.
EDUCATION_OUT = ("low", "medium", "high", "under_15")
UNDER_15 = 3

LANGUAGE = ("none_or_a1", "a2", "b1_b2", "c1_or_mother_tongue")
A1, A2, B1, C1 = 0, 1, 2, 3
LABOUR = ("student", "inactive", "unemployed", "skilled", "other", "retired")
STUDENT, INACTIVE, UNEMPLOYED, SKILLED, OTHER, RETIRED = 0, 1, 2, 3, 4, 5
SEGMENTS = ("skilled", "other")  # ISCO 1-3 and ISCO 4-9
PRESENCE = ("future", "present", "emigrated", "dead")
FUTURE, PRESENT, EMIGRATED, DEAD = 0, 1, 2, 3
COURSE = ("none", "waiting", "attending", "done", "job_related_done")
NO_COURSE, COURSE_WAITING, COURSE_ATTENDING, COURSE_DONE, JOB_COURSE_DONE = 0, 1, 2, 3, 4
RECOGNITION = (
    "not_needed", "not_applied", "documents", "waiting", "bridging_waiting", "bridging", "full", "partial", "refused",
)  # fmt: skip
(
    NOT_NEEDED, NOT_APPLIED, DOCUMENTS, DECISION_WAITING, BRIDGING_WAITING, BRIDGING, RECOGNISED, PARTIAL, REFUSED,
) = range(9)  # fmt: skip

# Years since arrival, lower bounds of the bands.
STAY_BANDS = (0, 2, 5, 10, 20)
STAY_NAMES = ("0-1", "2-4", "5-9", "10-19", "20+")
# Completed years since arrival in results by stay.
YEARS_SINCE_ARRIVAL = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10+")
AGE_BANDS = tuple(f"{a}-{a + 4}" for a in range(0, 85, 5)) + ("85+",)  # 18 bands
WORKING_AGE_BANDS = AGE_BANDS[4:13]  # 20-24 ... 60-64, nine bands
ARRIVAL_PERIODS = ("before_2008", "2008-2011", "2012-2016", "2017-2020", "2021-2024", "2025-2029", "2030-2035")
ARRIVAL_PERIOD_STARTS = (-9999, 2008, 2012, 2017, 2021, 2025, 2030)

# Stored fiscal components, euro cents per person and year. Positive numbers are amounts; SIGN turns them into
# the net fiscal contribution. Components with sign 0 are memoranda that conventions use.
COMPONENTS = (
    "income_tax",
    "employee_contributions",
    "employer_contributions",
    "indirect_tax",
    "unemployment_benefit",
    "social_assistance",
    "family_benefit",
    "other_cash",
    "pension",
    "health",
    "long_term_care",
    "education",
    "housing",
    "language_courses",
    "recognition",
    "reception",
    "pension_price_indexed",
    "pension_wage_indexed",
    "pension_accrual",
    "child_services",
)
SIGN = (1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0)
PROGRAMME_COSTS = ("language_courses", "recognition", "reception")
UNIT_OF_COMPONENT = "EUR of 2019 per year"

# Additive measures: persons are person-quarters in arrays and persons (annual mean) in tables.
COUNTS = (
    "persons",
    "persons_20_64",
    "employed_20_64",
    "unemployed_20_64",
    "inactive_20_64",
    "students_20_64",
    "persons_15_74",
    "employed_15_74",
    "unemployed_15_74",
    "tertiary_employed_20_64",
    "overqualified_20_64",
    "language_a1",
    "language_a2",
    "language_b1",
    "language_c1",
    "course_waiting",
    "course_attending",
    "qualified_abroad",
    "recognition_documents",
    "recognition_waiting",
    "bridging",
    "recognised",
    "naturalised",
    "children_of_women",
    "neet_15_29",
    "persons_15_29",
)
# Flows, person events per year.
FLOWS = ("births", "deaths", "arrivals", "departures", "hires", "separations", "courses_completed", "decisions")
# Sums, in the stated unit, over persons employed at 20-64 and summed over quarters like the counts.
SUMS = ("wage_sum", "hours_sum")  # full-time gross EUR of 2019 per year; full-time equivalents in percent
MEASURES = COUNTS + FLOWS + SUMS + COMPONENTS
# Counts by years since arrival, of the non-EU-born aged 20-64 only, language included.
STAY_MEASURES = (
    "persons_20_64",
    "employed_20_64",
    "unemployed_20_64",
    "tertiary_employed_20_64",
    "overqualified_20_64",
    "language_a1",
    "language_a2",
    "language_b1",
    "language_c1",
)
MEASURE = {name: i for i, name in enumerate(MEASURES)}
COMPONENT = {name: i for i, name in enumerate(COMPONENTS)}

# Rates derived from additive measures: numerator, denominator, factor, unit.
INDICATORS = {
    "employment_rate": ("employed_20_64", "persons_20_64", 100.0, "% of persons 20-64"),
    "unemployment_rate": ("unemployed_15_74", ("employed_15_74", "unemployed_15_74"), 100.0, "% of active 15-74"),
    "activity_rate": (("employed_20_64", "unemployed_20_64"), "persons_20_64", 100.0, "% of persons 20-64"),
    "overqualification_rate": ("overqualified_20_64", "tertiary_employed_20_64", 100.0, "% of tertiary employed 20-64"),
    "neet_rate": ("neet_15_29", "persons_15_29", 100.0, "% of persons 15-29"),
    "recognised_share": ("recognised", "qualified_abroad", 100.0, "% of persons qualified abroad"),
    "mean_wage": ("wage_sum", "employed_20_64", 1.0, "EUR of 2019 per year, full time"),
    "mean_hours": ("hours_sum", "employed_20_64", 1.0, "% of full time"),
}

FIRST_YEAR, LAST_YEAR = 2017, 2035
# Programmes a person without work can join (model/programme.py); a person's code is one more than the position here.
PROGRAMMES = ("mentoring", "vocational_training", "work_first", "entrepreneurs")
# What one unit of a lever's cost is; persons are of the non-EU-born, aged 16-64, and counted once a quarter.
LEVER_BASES = (
    "none",  # acts where the population is laid out, or through laws alone
    "persons",  # in the country
    "newcomers",  # in their quarter of arrival
    "not_employed",  # inactive or unemployed
    "employed",
    "women_not_employed",  # women inactive or unemployed
    "course",  # attending a language course
    "course_with_children",  # attending, women with a child under six
    "open_files",  # gathering documents or waiting for a decision on a qualification
    "idle_course_places",  # places in basic courses that the lever adds and nobody takes
    "idle_advanced_places",  # the same in job-related courses
    "idle_bridging_places",  # and in bridging courses
    "starts",  # persons who join the lever's programme
)
# What a parity label closes: factors of the gap, and the named variants as sets of them.
PARITY_FACTORS = ("participation", "unemployment", "match", "pay", "hours")
PARITY_VARIANTS = {
    "participation": PARITY_FACTORS[:1],
    "employment": PARITY_FACTORS[:2],
    "match_and_pay": PARITY_FACTORS[:4],
    "full": PARITY_FACTORS,
}
PARITY_GIVEN = ("sex_age", "sex_age_education")
PARITY_REFERENCES = ("native", "eu_born")
