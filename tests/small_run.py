"""Small runs for tests: a few small Member States, few years, and how two runs are compared byte for byte."""

from dataclasses import fields
from functools import lru_cache

import numpy as np

from calibration.load_inputs import load_inputs
from model import LabourIntegrationModel, parity_plan
from model.codes import PARITY_GIVEN, PARITY_VARIANTS
from scenarios import compose

# A run of a second: four Member States of different size, three years, some hundred persons per origin.
FOUR_STATES = ("EE", "LU", "MT", "SE")


@lru_cache(maxsize=32)
def inputs_for(*overrides, states=FOUR_STATES, end_year=2019, scale=5000, minimum_agents=400):
    """Inputs of a small run with the settings' overrides; cached, so treat the arrays as read-only and use
    replace()."""
    settings = [
        f"member_states=[{','.join(states)}]", f"run.end_year={end_year}", f"population.scale={scale}",
        f"population.scale_comparison={scale}", f"population.minimum_agents={minimum_agents}", *overrides,
    ]  # fmt: skip
    return load_inputs(compose.job("run", settings))


def run_to_end(inputs, seed=1):
    """(results, model) of a whole run."""
    model = LabourIntegrationModel(inputs, seed)
    return model.run(), model


def differences(one, other, rows=None):
    """Names of the arrays in which two Results differ by a single byte. `rows` picks Member States of the second."""
    found = []
    for field in fields(one):
        name = field.name
        if name in ("seconds", "parity", "member_states", "seed"):
            continue
        left, right = getattr(one, name), getattr(other, name)
        if name == "queues":
            pairs = [(f"queues.{key}", left[key], right[key]) for key in left]
        else:
            pairs = [(name, left, right)]
        for label, a, b in pairs:
            if isinstance(a, np.ndarray):
                # Member States lie on axis 1, those of levers on axis 2.
                b = b if rows is None else np.take(b, rows, axis=2 if label.startswith("lever_") else 1)
                if a.shape != b.shape or a.tobytes() != np.ascontiguousarray(b).tobytes():
                    found.append(label)
            elif rows is None and a != b:
                found.append(label)
    if one.parity is not None and other.parity is not None:
        for name, axis in (("components", 2), ("employed", 2), ("added", 2), ("gap", None)):
            a, b = getattr(one.parity, name), getattr(other.parity, name)
            if rows is not None and axis is None:
                continue
            b = b if rows is None else np.take(b, rows, axis=axis)
            if a.tobytes() != np.ascontiguousarray(b).tobytes():
                found.append(f"parity.{name}")
    return found


def plan_for(baselines, symmetric=False, start_year=2018, end_year=2019, references=("native", "eu_born")):
    """A parity plan with all variants, given sex x age and given sex x age x education."""
    return parity_plan(baselines, tuple(PARITY_VARIANTS), PARITY_GIVEN, references, symmetric, start_year, end_year)
