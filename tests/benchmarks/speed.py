"""Speed and memory of the complete model: `python tests/benchmarks/speed.py [end_year] [scale ...]`.

All 27 Member States at three population sizes (scale 400, 200 and 100; comparison groups at ten times that), after
compilation. Prints agents, quarters, seconds and person-quarters per second of the quarters alone and with set-up,
seconds of each step, bytes of a person record, and peak memory above the interpreter's, per agent. Not collected by
pytest; each size runs in its own process, so that peak memory is its own."""

import json
import subprocess
import sys
import time

GOAL = 5e6  # person-quarters per second, complete model, two cores
BYTES_GOAL = 80  # per simulated person, besides 1 GB
SET_UP = ("layout", "initial history")
BOUND = {
    "before_market": "arithmetic and keyed draws of every person in the first pass",
    "after_market": "memory traffic and the yearly fiscal account in the second pass",
    "institutions": "queues and the market, in plain Python by Member State",
    "accounting": "adding up the integer sums of all chunks",
}


def peak_bytes():
    """Largest resident memory of this process so far, bytes; zero where the platform does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def measure(scale, end_year):
    """One size in this process: dict of figures."""
    import numba

    from calibration.load_inputs import load_inputs
    from model import LabourIntegrationModel
    from model.person import PERSON
    from scenarios.compose import job

    def inputs(scale, year):
        settings = [f"population.scale={scale}", f"population.scale_comparison={10 * scale}"]
        return load_inputs(job("run", [*settings, "population.minimum_agents=500", f"run.end_year={year}"]))

    LabourIntegrationModel(inputs(10_000, 2017), 1).run()  # compiles
    before = peak_bytes()
    chosen = inputs(scale, end_year)
    start = time.perf_counter()
    model = LabourIntegrationModel(chosen, 1)
    ready = time.perf_counter()
    results = model.run()
    end = time.perf_counter()
    return {
        "scale": scale, "agents": len(model.people), "quarters": chosen.quarters,
        "person_quarters": results.person_quarters,
        "set_up": ready - start, "run": end - ready, "steps": results.seconds, "threads": numba.get_num_threads(),
        "record": PERSON.itemsize, "memory": peak_bytes() - before,
    }  # fmt: skip


def describe(found):
    """The figures of one size as text."""
    rate = found["person_quarters"] / found["run"]
    whole = found["person_quarters"] / (found["run"] + found["set_up"])
    steps = sorted(found["steps"].items(), key=lambda step: -step[1])
    lines = [
        f"scale {found['scale']}: {found['agents']:,} agents, {found['quarters']} quarters, "
        f"{found['person_quarters']:,} person-quarters, {found['threads']} threads",
        f"  {found['run']:.2f} s after {found['set_up']:.2f} s of set-up: {rate / 1e6:.2f} million person-quarters "
        f"per second ({whole / 1e6:.2f} with set-up; goal {GOAL / 1e6:.0f})",
        "  " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in steps),
        f"  {found['record']} bytes per record, {found['memory'] / found['agents']:.0f} bytes of memory per agent "
        f"(goal {BYTES_GOAL} and 1 GB), {found['memory'] / 2**20:.0f} MB in all",
    ]
    return "\n".join(lines)


def main(arguments):
    """Run every size in a process of its own and say what bounds the largest."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(int(arguments[1]), int(arguments[2]))))
        return
    end_year = int(arguments[0]) if arguments else 2019
    found = []
    for scale in [int(a) for a in arguments[1:]] or [400, 200, 100]:
        command = [sys.executable, __file__, "--one", str(scale), str(end_year)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found.append(json.loads(output.splitlines()[-1]))
        print(describe(found[-1]), flush=True)
    rates = [one["person_quarters"] / one["run"] for one in found]
    largest = found[-1]
    steps = {name: seconds for name, seconds in largest["steps"].items() if name not in SET_UP}
    slowest = max(steps, key=steps.get)
    print(
        f"flatness: slowest over fastest size {min(rates) / max(rates):.2f}; at the largest, {slowest} takes "
        f"{steps[slowest] / sum(steps.values()):.0%} of the quarters: bound by {BOUND.get(slowest, slowest)}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
