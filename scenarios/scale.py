"""Refit the hand-set scale factors: `python -m scenarios.scale [rounds] [setting=value ...]` rewrites
calibration/data/scale_factors.csv. Settings such as population.minimum_agents=1000 make it coarser and faster."""

import sys

from calibration import scale_factors
from scenarios.compose import job

SETTINGS = [
    "run.end_year=2019", "macro=estimated", "policy=baseline", "tables=shipped",
    "population.scale=300", "population.scale_comparison=3000", "population.minimum_agents=5000",
]  # fmt: skip


def main() -> None:
    """Fit in the number of rounds given as the first argument (eight without), with the settings given after it."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    scale_factors.run(job("run", [*SETTINGS, *sys.argv[2:]]), rounds)


if __name__ == "__main__":
    main()
