"""Recognition of qualifications from abroad: apply, gather documents, wait in the authority's queue, decision, bridging.

Reads language, stay and the cell's hazards; writes the recognition state. Decisions and bridging places are granted by
the recognition authority between the passes (model/institution.py). Regulated occupations: full, compensation
measure (bridging course) or refusal. Other occupations: full, partial or refusal.
"""

from numba import njit

from model.codes import (
    B1, BRIDGING, BRIDGING_WAITING, DECISION_WAITING, DOCUMENTS, NOT_APPLIED, PARTIAL, RECOGNISED, REFUSED,
)  # fmt: skip
from model.draw import P_APPLY, P_BRIDGING, P_DECISION, P_DOCUMENTS, uniform

REGULATED = 2


@njit
def pursue(p, t, key, stay, cell, par):
    """One quarter of an applicant's side of recognition."""
    state = p.recognition
    if state == NOT_APPLIED and stay < par.apply_latest_stay:
        hazard = cell.apply
        if p.language >= B1:
            hazard *= par.apply_language
        if stay >= par.apply_late_stay:
            hazard *= par.apply_late
        if uniform(key, P_APPLY) < hazard:
            p.recognition = DOCUMENTS
            p.recognition_q = t
    elif state == DOCUMENTS:
        if uniform(key, P_DOCUMENTS) < cell.documents:
            p.recognition = DECISION_WAITING
            p.recognition_q = t
    elif state == BRIDGING:
        p.recognition_cost += 10
        if uniform(key, P_BRIDGING) < par.bridging_finish:
            p.recognition = RECOGNISED if uniform(key, P_BRIDGING, 1) < par.bridging_completion else PARTIAL


@njit
def decide(p, t, key, par):
    """The authority's decision on a complete file."""
    u = uniform(key, P_DECISION)
    p.recognition_cost += 1
    p.recognition_q = t
    if p.qualification == REGULATED:
        if u < par.decision_full_regulated:
            p.recognition = RECOGNISED
        elif u < par.decision_full_regulated + par.decision_compensation_regulated:
            p.recognition = BRIDGING_WAITING
        else:
            p.recognition = REFUSED
    elif u < par.decision_full_other:
        p.recognition = RECOGNISED
    elif u < par.decision_full_other + par.decision_partial_other:
        p.recognition = PARTIAL
    else:
        p.recognition = REFUSED
