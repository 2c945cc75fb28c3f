"""Whether the asked scale fits into memory, estimated before anything is allocated."""

from __future__ import annotations

import ctypes
import os
import sys

from calibration.config import Config
from calibration.errors import refuse
from calibration.tables import Parameter
from model import codes
from model.inputs import LARGE_RUN, weight_of

BYTES_PER_PERSON = 88  # the record, and its place in a queue
BYTES_PER_LABEL = 18  # at parity, per non-EU-born person and counterfactual
FIXED_BYTES = 2**30
# Simulated persons until 2035 per person of 2017: births and arrivals are laid out at the start.
GROWTH = {"native": 1.2, "eu_born": 2.5, "non_eu_born": 2.5}


def check(config: Config, labels: int = 0) -> None:
    """Raise InputError when the simulation would need more memory than is free or allowed by compute.memory_gib.

    `labels` is the number of parity counterfactuals that are simulated together after the baseline.
    """
    needed = needed_bytes(config, labels)
    allowed = available_bytes() if config.compute.memory_gib is None else config.compute.memory_gib * 2**30
    if allowed is not None and needed > allowed:
        population = config.population
        raise refuse(
            "population.scale",
            f"{population.scale} with population.scale_comparison={population.scale_comparison}",
            f"what fits into {allowed / 2**30:.1f} GiB of memory; this needs about {needed / 2**30:.1f} GiB"
            + (", less with parity.decomposition=false" if labels and config.parity.decomposition else ""),
        )


def needed_bytes(config: Config, labels: int = 0) -> float:
    """Estimate of the peak memory: of the baseline, or of the non-EU-born at parity if that needs more."""
    population = config.population
    comparison = population.scale_comparison
    scales = {"non_eu_born": population.scale, "eu_born": comparison, "native": comparison}
    agents = dict.fromkeys(config.member_states, 0.0)
    paired = dict.fromkeys(config.member_states, 0.0)
    for (state, origin), persons in persons_2017().items():
        if state in agents:
            weight = weight_of(persons, scales[origin], population.minimum_agents)
            agents[state] += persons * GROWTH[origin] / weight
            if origin == "non_eu_born":
                paired[state] = persons * GROWTH[origin] / weight
    at_once = sum if sum(agents.values()) <= LARGE_RUN else max
    baseline = BYTES_PER_PERSON * at_once(agents.values())
    return FIXED_BYTES + max(baseline, (BYTES_PER_PERSON + labels * BYTES_PER_LABEL) * at_once(paired.values()))


def persons_2017() -> dict[tuple[str, str], float]:
    """Residents on 1 January 2017 by Member State and origin; InputError when a table is missing or damaged."""
    everybody = Parameter("population", year=2017).rows.groupby("geo")["value"].sum()
    foreign = {origin: Parameter("stock", origin=origin, year=2017).by_state() for origin in ("eu_born", "non_eu_born")}
    persons = {}
    for s, state in enumerate(codes.MEMBER_STATES):
        born_abroad = {(state, origin): float(stock[s]) for origin, stock in foreign.items()}
        persons[state, "native"] = float(everybody[state]) - sum(born_abroad.values())
        persons |= born_abroad
    return persons


def available_bytes() -> float | None:
    """Memory that can be allocated now; None where the system does not say."""
    if sys.platform == "win32":
        return _windows_bytes()
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":") for line in file)
        return float(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return None


def _windows_bytes() -> float:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)] + [
            (name, ctypes.c_uint64)
            for name in ("total", "free", "total_page", "free_page", "total_virtual", "free_virtual", "extended")
        ]

    status = Status()
    status.length = ctypes.sizeof(Status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return float(status.free)
