"""Figures of a result folder: drawn without a display, one message each, colour-blind safe."""

from scenarios.figures.drawing import (
    draw_calibration, draw_gains, draw_groups, draw_headline, draw_optimum, draw_policies, draw_run, draw_trials, draw_validation,
)  # fmt: skip

__all__ = [
    "draw_calibration", "draw_gains", "draw_groups", "draw_headline", "draw_optimum", "draw_policies", "draw_run", "draw_trials",
    "draw_validation",
]  # fmt: skip
