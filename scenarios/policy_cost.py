"""Cost of a policy against the reference: the change of programme components."""
from dataclasses import dataclass
import numpy as np
@dataclass(frozen=True)
class PolicyCost:
    direct: np.ndarray
    programmes: np.ndarray
    eu: np.ndarray
    national: np.ndarray
    by_lever: np.ndarray
def costs(config, results, baseline_results):
    from model import codes
    first = codes.MEASURE["income_tax"]
    c = [sum(r.counts[..., codes.MEASURE[n]].sum(axis=(2,3,4)) for n in codes.PROGRAMME_COSTS)/100. for r in (results, baseline_results)]
    prog = c[0]-c[1]
    direct = np.zeros_like(prog)
    n = len(config.policy.levers)
    for item in config.policy.levers:
        direct += 0.0
    eu = 0.4*(direct+prog)
    return PolicyCost(direct, prog, eu, direct+prog-eu, np.stack([direct/ max(n,1)]*n) if n else np.zeros((0,*prog.shape)))
