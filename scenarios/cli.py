"""The command `integra <verb> [settings]`: the only place that turns errors into one line and an exit status.

Exit status 0 when done, 1 when `reproduce --check` finds differences, 2 with one line for anything the user can put right,
130 when interrupted, and 1 with a traceback for a mistake of ours. Everything slow is imported after the settings have been checked.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("HYDRA_FULL_ERROR", "1")

OWN_SETTINGS = "--config-dir="  # Hydra's name for a further folder of settings
FIRST_VALIDATED = 2020  # year; earlier figures are inputs or moments


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _check_packages()
        return _command(arguments)
    except KeyboardInterrupt:
        _complain("interrupted, no unfinished result was kept")
        return 130
    except ValueError as error:
        from calibration.errors import InputError

        if not isinstance(error, InputError):
            raise
        _complain(" ".join(str(error).split()))
        return 2


def _complain(line: str) -> None:
    """One line on stderr, in the place of a progress bar that may stand there."""
    from scenarios.progress import close_bars

    close_bars()
    print(f"integra: {line}", file=sys.stderr)


def _command(arguments: list[str]) -> int:
    from calibration.errors import InputError, refuse
    from scenarios import compose, text

    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    own = [argument for argument in rest if argument.startswith(OWN_SETTINGS)]
    rest = [argument for argument in rest if argument not in own]
    compose.use_own(own[-1].removeprefix(OWN_SETTINGS) if own else None)
    if verb in ("-h", "--help", "help"):
        print(text.usage())
        return 0
    if verb not in compose.VERBS | compose.TOOLS:
        raise refuse("verb", verb, ", ".join(compose.VERBS | compose.TOOLS))
    if "-h" in rest or "--help" in rest:
        print(text.verb_usage(verb, rest))
        return 0
    if verb == "data":
        return _data(rest)
    if verb == "reproduce" and "--check" in rest:
        return _check([argument for argument in rest if argument != "--check"])
    sweep = bool({"-m", "--multirun"} & set(rest))
    overrides = [argument for argument in rest if argument not in ("-m", "--multirun")]
    for argument in overrides:
        if argument.startswith("-"):
            check = ", --check" if verb == "reproduce" else ""
            raise InputError(f"{argument}: unknown option, allowed is -m, --multirun, -h, --help, {OWN_SETTINGS}<folder>{check}")
    jobs = compose.expand(overrides) if sweep else [overrides]
    prepared = [_prepare(verb, job) for job in jobs]
    for job in prepared:
        job()
    return 0


def _check(arguments: list[str]) -> int:
    """`integra reproduce --check`: status 0 when the rerun meets the reference, 1 when it does not."""
    from scenarios import check
    from scenarios.folder import final_folder
    from scenarios.provenance import result_hash

    config, reference = check.settings(arguments)
    _use(config)
    _check_reproduction(config)
    print(f"integra: rerun with the settings of {reference}", file=sys.stderr)
    _reproduce(config, [])
    found = check.compare(reference, final_folder(config.compute.output, config.name, result_hash("reproduce", [config])))
    print("\n" + check.console(found))
    return 0 if found.passed else 1


def _data(arguments: list[str]) -> int:
    """`integra data update`, and the other tasks of compose.TASKS."""
    from calibration.errors import InputError
    from scenarios import compose

    task, rest = "".join(arguments[:1]), arguments[1:]
    if task not in compose.TASKS:
        raise InputError(f"{f'data {task}'.strip()}: allowed is {', '.join(f'integra data {name}' for name in compose.TASKS)}")
    settings = getattr(compose, task)(rest)
    module = importlib.import_module(f"scenarios.data_{task}")
    print(getattr(module, task)(settings))
    return 0


def _prepare(verb: str, overrides: list[str]) -> Callable[[], None]:
    """Check the settings of one job and whether it fits into memory; the returned function runs it."""
    from scenarios import compose, memory

    if verb == "compare":
        config, policies = compose.comparison(overrides)
        mix = compose.mix(overrides, config, policies)
        _use(config)
        memory.check(config, labels=len(config.parity.variants) * len(config.parity.given) * len(config.parity.references))
        return lambda: _compare(config, policies, mix)
    if verb == "trials":
        return _prepare_trials(overrides)
    if verb == "optimise":
        return _prepare_optimise(overrides)
    config, policies = compose.comparison(overrides, verb) if verb == "reproduce" else (compose.job(verb, overrides), [])
    if verb == "calibrate":
        _check_calibration(config)
        return lambda: _calibrate(config)
    _use(config)
    if verb == "run":
        memory.check(config)
        return lambda: _run(config)
    if verb == "validate":
        _check_validation(config)
        memory.check(config)
        return lambda: _validate(config)
    _check_reproduction(config)
    return lambda: _reproduce(config, policies)


def _prepare_trials(overrides: list[str]) -> Callable[[], None]:
    """Check the settings of `integra trials`; the returned function runs it."""
    from calibration.errors import refuse
    from scenarios import compose

    config, structures, studies = compose.trials(overrides)
    _use(config)
    if len(config.seeds) < 2:
        raise refuse("seeds", len(config.seeds), "2 or more, for the Monte Carlo error")

    def run() -> None:
        from scenarios.trials import trials

        _say_tables(config)
        print(trials(config, structures, studies))

    return run


def _prepare_optimise(overrides: list[str]) -> Callable[[], None]:
    """Check the settings of `integra optimise`; the returned function runs it."""
    from scenarios import compose, memory

    config, asked, policies = compose.optimisation(overrides)
    _use(config)
    memory.check(config)
    return lambda: _optimise(config, asked, policies)


def _use(config) -> None:
    """Put the tables and estimates of a job in use; raise InputError where they, or the fiscal engine, cannot serve it."""
    from calibration import draw, fiscal_engine, tables
    from calibration.errors import refuse

    tables.use(config.tables.use, config.tables.folder)
    tables.use_estimates(config.estimates)
    fiscal_engine.check(config)
    if config.draws > (draw.available() if config.draws else 0):
        raise refuse("draws", config.draws, f"0 to {draw.available()}, the draws of estimates={config.estimates}")


def _say_tables(config) -> None:
    """Put the figures of the job in use, and say so when some of them were fetched."""
    from calibration import tables

    tables.use(config.tables.use, config.tables.folder)
    if line := tables.in_use():
        print(line, file=sys.stderr)


def _check_reproduction(config) -> None:
    """Raise InputError for settings under which nothing can be reproduced, or that do not fit into memory."""
    from calibration.errors import refuse
    from scenarios import memory
    from scenarios.decomposition import largest_batch

    parity = config.parity
    if config.run.end_year < parity.start_year:
        raise refuse("run.end_year", config.run.end_year, f"{parity.start_year} (parity.start_year) or later")
    memory.check(config, labels=largest_batch(config))


def _check_calibration(config) -> None:
    """Raise InputError for settings that estimates cannot be made under, or that would change none of them."""
    from calibration import estimate
    from calibration.errors import refuse

    if config.fiscal.engine != "builtin":
        raise refuse("fiscal", config.fiscal.engine, "builtin for calibrate: no estimate reads the account")
    if config.macro.conditions != "estimated":
        raise refuse("macro", config.macro.conditions, "estimated for calibrate, which estimates them")
    for key, year in (("macro.year", config.macro.year), ("run.end_year", config.run.end_year)):
        if year < estimate.LAST_MACRO_YEAR:
            raise refuse(key, year, f"{estimate.LAST_MACRO_YEAR} or later for calibrate, the last year that is estimated")
    if config.draws:
        raise refuse("draws", config.draws, "0 for calibrate, which makes the draws")
    _refuse_policy("calibrate", config)
    _use(config)


def _refuse_policy(verb: str, config) -> None:
    from calibration.errors import refuse

    if config.policy.levers:
        raise refuse("policy", config.policy.name, f"baseline for {verb}: published figures are of the policies in force")


def _check_validation(config) -> None:
    """Raise InputError for settings under which nothing can be validated."""
    from calibration.config import FEWEST_DRAWS
    from calibration.errors import refuse

    _refuse_policy("validate", config)
    if config.run.end_year < FIRST_VALIDATED:
        raise refuse("run.end_year", config.run.end_year, f"{FIRST_VALIDATED} or later, the first year that validates")
    if len(config.seeds) < 2:
        raise refuse("seeds", len(config.seeds), "2 or more, for the Monte Carlo error")
    if config.draws < FEWEST_DRAWS:
        raise refuse("draws", config.draws, f"{FEWEST_DRAWS} or more, for the intervals")


def _run(config) -> None:
    from scenarios.run import run

    _say_tables(config)
    print(run(config))


def _reproduce(config, policies) -> None:
    from scenarios.reproduce import reproduce

    _say_tables(config)
    print(reproduce(config, policies))


def _calibrate(config) -> None:
    from scenarios.calibrate import calibrate

    _say_tables(config)
    print(calibrate(config))


def _compare(config, policies, mix) -> None:
    from scenarios.compare import compare

    _say_tables(config)
    print(compare(config, policies, mix))


def _optimise(config, asked, policies) -> None:
    from scenarios.optimise import optimise

    _say_tables(config)
    print(optimise(config, asked, policies))


def _validate(config) -> None:
    from scenarios.validate import validate

    print(validate(config))


def _check_packages() -> None:
    """Raise InputError when another `model`, `calibration` or `conf` on the path hides ours."""
    ours = Path(__file__).resolve().parents[1]
    for name in ("calibration", "model", "conf"):
        spec = importlib.util.find_spec(name)
        places = [Path(place).resolve() for place in (spec.submodule_search_locations or [])] if spec else []
        if places[:1] != [ours / name]:
            hiding = spec.origin if spec else None
            message = f"{hiding or places or 'nothing'} is found instead of {ours / name}"
            print(f"integra: {message}; rename it or take its folder off the path", file=sys.stderr)
            raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
