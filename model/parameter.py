"""Scalar mechanism parameters: one structured record, filled from calibration/data/mechanisms.csv and assumptions.csv.

Values, units, sources and ranges live in the table alone.
Hazards are per quarter unless the name says otherwise.
"""

import numpy as np

NAMES = (
    # language
    "course_quarters_basic",  # attendance to B1 from none or A1, quarters
    "course_quarters_advanced",  # job-related course, quarters
    "course_care",  # length of a part-time course for those who care for a child under six, relative
    "exam_b1",  # probability of B1 at the exam
    "exam_a2",  # probability of A2 given not B1
    "exam_c1",  # probability of C1 at the end of a job-related course
    "course_latest_stay",  # quarters after arrival in which a basic course may start
    "queue_leave",  # hazard of giving up waiting
    "informal_at_work",  # multiplier of informal learning when employed
    "informal_without_work",  # multiplier of informal learning otherwise
    "language_wait",  # capacity-driven wait for a course, quarters
    "capacity_adjustment",  # speed at which places follow entrants, share per quarter
    # recognition
    "apply_language",  # multiplier of applying from B1
    "apply_late",  # multiplier of applying after five years of stay
    "apply_late_stay",  # quarters after which applying becomes rare
    "apply_latest_stay",  # quarters after which nobody applies any more
    "decision_wait",  # authority's wait after a complete file, quarters
    "decision_full_regulated",
    "decision_compensation_regulated",
    "decision_full_other",
    "decision_partial_other",
    "bridging_finish",  # hazard of ending a bridging course
    "bridging_completion",  # probability that it ends in recognition
    "bridging_wait",  # wait for a bridging place, quarters
    "bridging_search",  # multiplier of job search while in bridging
    # labour market
    "language_search_b1",  # log hazard ratio of job finding, B1 or more against none or A1
    "language_search_a2",  # log hazard ratio, A2 against none or A1
    "job_course_search",  # log hazard ratio of who has completed a job-related course
    "wait_scar",  # fall of log job finding per quarter counted without permission to work, fading with stay
    "wait_fade",  # quarters of stay after which nothing of it is left
    "employability_search",  # log hazard ratio per standard deviation of employability
    "skilled_a1",  # odds ratios of a skilled job by language, B1-B2 = 1
    "skilled_a2",
    "skilled_c1",
    "skilled_regulated_unrecognised",  # odds ratios by recognition of a qualification from abroad
    "skilled_regulated_recognised",
    "skilled_other_recognised",
    "contact_share",  # share of jobs found through contacts
    "matching_elasticity",  # of searchers; openings have one minus this
    "creation_speed",  # share of the gap between effective search and openings closed per quarter
    "job_change",  # hazard of moving to another job of the same segment
    "selection_exit",  # log hazard ratio of leaving the country per standard deviation of employability
    # pay
    "experience",  # log pay per year of host experience
    "experience_squared",
    "foreign_experience",  # value of experience abroad relative to host experience
    "language_pay_b1",
    "language_pay_c1",
    "naturalisation_pay",
    "trait_pay",  # standard deviation of the permanent earnings trait, log
    "match_pay",  # standard deviation of the match residual, log
    "part_time_hours",  # hours of a part-time job, share of full time
    # fiscal
    "assistance_inactive",  # take-up among eligible inactive persons
    "assistance_unemployed",
    "insurance_quarters",  # longest insurance benefit, quarters
    "pension_years",  # contribution years of a full pension
    "early_years",  # early retirement at most so many years before the age of the Member State
    "early_contributions",  # contribution years that allow it
    "annuity_years",  # mean years a pension is paid, for accrued rights
    "insured_after",  # contribution quarters that open a claim to insurance benefit
    "couple_share",  # minimum income of each of a couple, share of the single rate
    "remittances",  # share of net income of the non-EU-born sent abroad
    "discount_rate",  # per year, for accrued pension rights
    "male_births",  # share of births
    "study_quarters",  # shortest stay in education of who comes to study
    "earlier_employment",  # employment before the simulated history, relative to the profile, non-EU-born
    # structural alternative, zero by default
    "scarring",  # fall of log job finding per quarter of the current spell without work
    "scarring_longest",  # quarters of a spell after which it falls no further
)
PARAMETER = np.dtype([(name, "f8") for name in NAMES])
