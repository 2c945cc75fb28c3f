"""Integra's simulation: a library without files, configuration or plots.

Compiled kernels are cached in a user folder named by a hash of this package's source, because numba's own check sees
only a kernel's own file; it must be known before numba is imported.
"""

import hashlib
import os
import sys
from pathlib import Path


def _kernel_cache():
    """User cache folder for the kernels of exactly this source and interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "integra" / "kernels" / digest.hexdigest()[:16]


if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = str(_kernel_cache())
    if "numba" in sys.modules:  # imported before us: it has read the environment already
        sys.modules["numba"].config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]


def __getattr__(name):
    """Load the simulation when it is first used, so that checking settings stays fast."""
    if name in ("simulate", "simulate_levers", "LabourIntegrationModel", "Cohort"):
        from model import integration_model

        return getattr(integration_model, name)
    if name == "parity_plan":
        from model.parity import parity_plan

        return parity_plan
    if name == "Inputs":
        from model.inputs import Inputs

        return Inputs
    if name in ("Results", "ParityResults"):
        from model import results

        return getattr(results, name)
    raise AttributeError(f"module 'model' has no attribute {name!r}")


__all__ = ["Cohort", "Inputs", "LabourIntegrationModel", "ParityResults", "Results", "parity_plan", "simulate", "simulate_levers"]
