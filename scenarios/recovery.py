"""Recover known terms: `python -m scenarios.recovery [replications]` rewrites calibration/estimates/recovery.csv.

Each replication is kept in outputs/.recovery-<hash> until all are done: started again, an interrupted study goes on.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from calibration import estimate, recovery, tables
from calibration.calibrate import Checkpoints
from scenarios.calibrate import Steps
from scenarios.compose import job
from scenarios.provenance import result_hash

SETTINGS = ["macro=estimated", "run.end_year=2025", "population=calibrate", "population.minimum_agents=10000", "seeds=1"]
REPLICATIONS = 54  # six of each Member State tried


def main() -> None:
    """Recover in the number of replications given as the first argument (REPLICATIONS without)."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATIONS
    config = job("run", SETTINGS)
    priors = estimate.as_written()[["prior_mean", "prior_sd"]].to_numpy().tobytes()
    digest = hashlib.sha256(result_hash("recovery", [config]).encode() + priors).hexdigest()[:12]
    kept = Path(config.compute.output) / f".recovery-{digest}"
    steps = Steps()
    found = recovery.recover(config, number, Checkpoints(kept), steps)
    steps.close()
    table = recovery.summary(found)
    file = Path(str(tables.folder())).parent / "estimates" / "recovery.csv"
    table.to_csv(file, index=False, float_format="%.4g", lineterminator="\n")
    shutil.rmtree(kept, ignore_errors=True)
    print(table.to_string(index=False))
    print(f"{number} replications in {steps.seconds:.0f} s")


if __name__ == "__main__":
    main()
