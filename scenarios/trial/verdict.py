"""Verdict of a trial: intervals overlap, the sign agrees, and so does what the study says of the course over time.

The simulated effect is the mean over the quarter of the published horizon and its two neighbours. Published intervals are
the estimate plus and minus 1.645 standard errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from calibration.errors import InputError

NORMAL_90 = 1.645
SIGN_ONLY = "sign"  # unit of a published effect of which only the sign is known
FIRST, LAST = slice(1, 4), slice(-4, None)  # quarters since the event that are the beginning of a profile, and its end
NO_GAIN = 0.1  # share of the effect at the horizon that counts as none yet


def at_horizon(profile: np.ndarray, horizon: int) -> np.ndarray:
    """Mean over the quarter `horizon` and its neighbours along the last axis."""
    return np.asarray(profile)[..., max(0, horizon - 1) : horizon + 2].mean(axis=-1)


def _lock_in(profile: np.ndarray, horizon: int) -> bool:
    """At the beginning there is a loss or nearly no gain yet, and less than at the horizon."""
    begins, at = float(profile[FIRST].mean()), float(at_horizon(profile, horizon))
    return begins <= NO_GAIN * abs(at) and begins < at


def _lasts(profile: np.ndarray, horizon: int) -> bool:
    """The end has at least half of the effect at the horizon, with its sign."""
    at = float(at_horizon(profile, horizon))
    return at != 0.0 and float(profile[LAST].mean()) / at >= 0.5


def _fades(profile: np.ndarray, horizon: int) -> bool:
    """The end has at most half of the effect at the horizon."""
    return abs(float(profile[LAST].mean())) <= 0.5 * abs(float(at_horizon(profile, horizon)))


PROFILES = {"lock_in": _lock_in, "lasts": _lasts, "fades": _fades}


class Verdict(NamedTuple):
    """The three parts of a verdict; `profile` is None when the study says nothing of the course over time."""

    overlap: bool
    sign: bool
    profile: bool | None

    @property
    def passed(self) -> bool:
        """All that is judged agrees."""
        return self.overlap and self.sign and self.profile is not False

    @property
    def word(self) -> str:
        """`pass`, or `fail` with the parts that do not agree."""
        parts = {"interval": self.overlap, "sign": self.sign, "profile": self.profile is not False}
        wrong = [name for name, good in parts.items() if not good]
        return "pass" if not wrong else f"fail ({', '.join(wrong)})"


def published_interval(value: float, standard_error: float) -> tuple[float, float]:
    """90 % interval of a published effect."""
    return value - NORMAL_90 * standard_error, value + NORMAL_90 * standard_error


def verdict(
    published: tuple[float, float, float], simulated: tuple[float, float, float], profile: np.ndarray, horizon: int,
    expected: tuple[str, ...], sign_only: bool = False,
) -> Verdict:  # fmt: skip
    """Judge one trial.

    published and simulated: (effect, low, high); profile: simulated effect by quarters since the event at the centre; expected:
    names of PROFILES. A published effect whose interval holds zero has no sign to agree with. With `sign_only` the
    simulated interval must lie on the published side of zero. Raises InputError for an unknown profile.
    """
    for name in expected:
        if name not in PROFILES:
            raise InputError(f"calibration/data/studies.csv: profile={name}; allowed is {', '.join(PROFILES)}")
    shape = all(PROFILES[name](profile, horizon) for name in expected) if expected else None
    if sign_only:
        same = bool(simulated[1] > 0.0 if published[0] > 0.0 else simulated[2] < 0.0)
        return Verdict(same, same, shape)
    overlap = simulated[1] <= published[2] and published[1] <= simulated[2]
    known = published[1] > 0.0 or published[2] < 0.0
    return Verdict(bool(overlap), bool(not known or published[0] * simulated[0] > 0.0), shape)
