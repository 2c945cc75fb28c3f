"""From command line overrides to checked settings: Hydra's compose, with one-line errors.

Hydra is used for its configuration files and override grammar only: it starts no job and writes no folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml
import numpy as np
from hydra import compose, initialize_config_module
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException, MissingConfigException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from calibration.config import (
    AT_LAYOUT, Config, Euromod, Gettsim, Mix, Optimise, Shocks, Update, config_from, mix_from, tool_from, update_from,
)  # fmt: skip
from calibration.errors import InputError, refuse
from model import codes
from scenarios.shapley import fewest
from scenarios.mix import combined

VERBS = {
    "run": "simulate one scenario",
    "reproduce": "baseline and parity with the reference groups, on the same seeds",
    "compare": "policies against a baseline, on the same seeds",
    "calibrate": "estimate parameters from published figures, Member State by Member State",
    "validate": "the baseline against published figures that nobody has fitted",
    "trials": "designs of published studies inside the model, their effects beside the published ones",
    "optimise": "share a budget among policies and Member States so that it gains most",
}
OF_TRIALS = ("studies", "structures")  # keys of `trials` that are no settings of a job
OF_OPTIMISE = tuple(field.name for field in dataclasses.fields(Optimise))
TOOLS = {"data": "data update, euromod, gettsim or shocks: figures from and for other programs"}
# Tasks of `integra data`: file of settings, and what it does.
TASKS = {
    "update": ("data", "fetch newer figures from Eurostat, beside the shipped ones"),
    "euromod": ("data_euromod", "profiles for fiscal=profiles from the output of EUROMOD"),
    "gettsim": ("data_gettsim", "taxes and contributions of Germany from GETTSIM beside the built-in ones"),
    "shocks": ("data_shocks", "labour-market states of a run as shock tables for euromod-linking"),
}


_own: Path | None = None  # folder of the user's own files of settings


class OwnSettings(SearchPathPlugin):  # type: ignore[misc]
    """Puts the user's folder on Hydra's search path, behind the shipped files."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if _own is not None:
            search_path.append("own settings", f"file://{_own}")


Plugins.instance().register(OwnSettings)


def use_own(folder: str | None) -> None:
    """Find files of settings in this folder too (policy/<name>.yaml and other groups); None: the shipped ones alone.

    Raises InputError when there is no such folder, or when it has a file of a shipped one's name or one that is no settings.
    """
    global _own
    if folder is not None:
        if not folder or not Path(folder).is_dir():
            raise refuse("--config-dir", folder, "a folder with files such as policy/my_mix.yaml")
        for path in sorted(Path(folder).rglob("*.yaml")):
            name = path.relative_to(folder).as_posix()
            if resources.files("conf").joinpath(name).is_file():
                raise refuse("--config-dir", path, f"another name, {name} is shipped")
            if (resources.files("conf") / name.split("/")[0]).is_dir():
                _check_file(path)
    _own = None if folder is None else Path(folder).resolve()


def _check_file(path: Path) -> None:
    """Raise InputError, naming the file, unless it is a table of settings, of a policy with the name of its file."""
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except (OSError, ValueError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())}); allowed is a table of settings in YAML") from error
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: holds no settings; allowed is a table of settings in YAML, as the shipped files are")
    if path.parent.name == "policy" and content.get("name") != path.stem:
        raise refuse(f"{path}: policy.name", content.get("name"), f"{path.stem}, the name of its file")
    if not isinstance(content.get("defaults", []), list) or path.stem in content.get("defaults", []):
        raise refuse(f"{path}: defaults", content["defaults"], "a list of other files to build on, such as [mentoring,_self_]")


@contextlib.contextmanager
def _configuration() -> Iterator[None]:
    GlobalHydra.instance().clear()
    with initialize_config_module("conf", version_base="1.3"):
        yield


def options(group: str) -> list[str]:
    """Names of the files of a group of settings, such as `policy`."""
    with _configuration():
        return _options(group)


def _options(group: str) -> list[str]:
    names = GlobalHydra.instance().config_loader().get_group_options(group, ObjectType.CONFIG)
    return sorted(name for name in names if not name.startswith("_"))


def groups() -> list[str]:
    """Names of the groups of settings."""
    with _configuration():
        return _groups()


def _groups() -> list[str]:
    names = GlobalHydra.instance().config_loader().get_group_options("", ObjectType.GROUP)
    return sorted(set(names) - {"hydra"})


def settings(verb: str, overrides: list[str]) -> dict[str, Any]:
    """The resolved settings of one job as plain values; raises InputError for an unknown key or option."""
    # Hydra wants a plus for groups without a default; no experiment is the default here, so both spellings are meant.
    overrides = [text.removeprefix("+") if text.startswith("+experiment=") else text for text in overrides]
    with _configuration():
        parsed = _parse(overrides)
        sweep = next((override for override in parsed if override.is_sweep_override()), None)
        if sweep is not None:
            raise refuse(sweep.key_or_group, _value(sweep), "one value (several are run with -m)")
        try:
            _check_keys(verb, overrides, parsed)
            composed = compose(config_name=verb, overrides=overrides)
            plain = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        except InputError:
            raise
        except MissingConfigException as error:
            raise _missing(parsed, error) from error
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError, RecursionError) as error:
            raise InputError(f"{' '.join(overrides)}: {_text(error)}") from error
    return cast(dict[str, Any], plain)


def job(verb: str, overrides: list[str]) -> Config:
    """The checked settings of one job."""
    plain = settings(verb, overrides)
    for key in ("policies", "mix", *OF_TRIALS, *OF_OPTIMISE):
        plain.pop(key, None)
    return config_from(plain)


def trials(overrides: list[str]) -> tuple[Config, dict[str, Config], list[str]]:
    """The reference job of `trials`, one job per structural alternative, equal but for the structure, and the studies asked for
    (empty: all)."""
    plain = settings("trials", overrides)
    studies, structures = (plain.pop(key) for key in OF_TRIALS)
    config = config_from(plain)
    known = options("structure")
    if not isinstance(structures, list):
        raise refuse("structures", structures, f"a list of {', '.join(known)}")
    others = {}
    for name in structures:
        if name not in known or name == "default":
            raise refuse("structures", name, ", ".join(option for option in known if option != "default"))
        others[name] = config_from({**plain, "structure": settings("trials", [f"structure={name}"])["structure"]})
    if len(others) < len(structures):
        raise refuse("structures", structures, "each structure once")
    named = [] if studies == "all" else [studies] if isinstance(studies, str) else studies
    if not isinstance(named, list) or studies == [] or any(named.count(name) > 1 for name in named):
        raise refuse("studies", studies, "all, or a list of different studies of calibration/data/studies.csv")
    return config, others, named


def update(overrides: list[str]) -> Update:
    """The checked settings of `data update`."""
    return update_from(settings("data", overrides))


def euromod(overrides: list[str]) -> Euromod:
    """The checked settings of `data euromod`."""
    return cast(Euromod, tool_from(Euromod, settings(TASKS["euromod"][0], overrides), ("files",)))


def gettsim(overrides: list[str]) -> Gettsim:
    """The checked settings of `data gettsim`."""
    return cast(Gettsim, tool_from(Gettsim, settings(TASKS["gettsim"][0], overrides), ()))


def shocks(overrides: list[str]) -> Shocks:
    """The checked settings of `data shocks`."""
    return cast(Shocks, tool_from(Shocks, settings(TASKS["shocks"][0], overrides), ("years", "cells")))


def comparison(overrides: list[str], verb: str = "compare") -> tuple[Config, list[Config]]:
    """The reference job of `compare` or `reproduce` and one job per policy, equal but for the policy; `reproduce` needs none.

    Raises InputError for a policy with levers none of which acts before the run ends, whose effects would all be zero.
    """
    plain = settings(verb, overrides)
    policies = plain.pop("policies")
    plain.pop("mix", None)
    if not isinstance(policies, list) or not policies and verb == "compare":
        raise refuse("policies", policies, f"a list of {', '.join(options('policy'))}")
    reference = config_from(plain)
    others = []
    for policy in policies:
        if policy not in options("policy"):
            raise refuse("policies", policy, ", ".join(options("policy")))
        others.append(_policy(plain, policy))
    if len(set(policies)) < len(policies):
        raise refuse("policies", policies, "each policy once")
    for other in others:
        start = codes.FIRST_YEAR + min((lever.first_quarter for lever in other.policy.levers), default=0) // 4
        if start > reference.run.end_year:
            raise refuse("run.end_year", reference.run.end_year, f"{start} or later, when the first lever of {other.policy.name} acts")
    return reference, others


def mix(overrides: list[str], reference: Config, policies: list[Config]) -> Mix:
    """How `compare` takes policies apart; raises InputError for too few seeds, or coalitions for the levers of a policy."""
    mix = mix_from(settings("compare", overrides)["mix"])
    if mix.seeds > len(reference.seeds):
        raise refuse("mix.seeds", mix.seeds, f"1 to {len(reference.seeds)}, the seeds of the job")
    for policy in policies:
        levers = len(policy.policy.levers)
        if levers > 1 and 0 < mix.coalitions < fewest(levers):
            needed = f"0, or {fewest(levers)} or more for the {levers} levers of {policy.policy.name}"
            raise refuse("mix.coalitions", mix.coalitions, needed)
    return mix


def optimisation(overrides: list[str]) -> tuple[Config, Optimise, list[Config]]:
    """The baseline job of `optimise`, its own settings, and one job per policy to choose among."""
    plain = settings("optimise", overrides)
    own = {key: plain.pop(key) for key in OF_OPTIMISE}
    own["budget_per_member_state"] = own["budget_per_member_state"] or {}  # a table cannot replace an empty one in Hydra
    baseline = config_from(plain)
    names, asked = options("policy"), own["levers"]
    if asked != "all" and (not isinstance(asked, list) or not asked or len(set(asked)) < len(asked)):
        raise refuse("levers", asked, f"all, or a list of different ones of {', '.join(names)}")
    for name in asked if asked != "all" else []:
        if name not in names:
            raise refuse("levers", name, ", ".join(names))
    checked = cast(Optimise, tool_from(Optimise, {**own, "levers": names if asked == "all" else asked}, ()))
    checked.check(baseline)
    policies = [_policy(plain, name) for name in checked.levers]
    single = [job for job in policies if len(job.policy.levers) == 1 and job.policy.levers[0].lever not in AT_LAYOUT]
    for job in policies:
        if job not in single and asked != "all":
            raise refuse("levers", job.policy.name, "policies of one lever that does not act on arrivals")
    # Refuses what goes too far, and two policies of one kind for the same people.
    states = baseline.member_states
    combined("mix", [job.policy for job in single], np.full((len(single), len(states)), checked.strengths[-1]), states)
    return baseline, dataclasses.replace(checked, levers=tuple(job.policy.name for job in single)), single


def _policy(plain: dict[str, Any], name: str) -> Config:
    """The job of these settings under the policy of that name."""
    try:
        return config_from({**plain, "policy": settings("run", [f"policy={name}"])["policy"]})
    except InputError as error:
        raise InputError(f"policy={name}: {error}") from error


def expand(overrides: list[str]) -> list[list[str]]:
    """The overrides of every job of a sweep: the product of the comma lists, in the order given."""
    with _configuration():
        jobs: list[list[str]] = [[]]
        for text, override in zip(overrides, _parse(overrides), strict=True):
            if override.is_sweep_override():
                key = override.get_key_element()
                choices = [f"{key}={value}" for value in override.sweep_string_iterator()]
            else:
                choices = [text]
            jobs = [[*job, choice] for job in jobs for choice in choices]
    return jobs


def _parse(overrides: list[str]) -> list[Override]:
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    parsed = []
    for text in overrides:
        try:
            parsed.append(parser.parse_override(text))
        except HydraException as error:
            raise InputError(f"{text}: not a setting, write key=value ({_text(error)})") from error
    return parsed


def _value(override: Override) -> str:
    return (override.input_line or "").partition("=")[2]


def _check_keys(verb: str, overrides: list[str], parsed: list[Override]) -> None:
    """Refuse an override whose key is unknown or whose value is not an option of its group."""
    files = []
    groups = [] if verb in [file for file, _ in TASKS.values()] else _groups()
    for text, override in zip(overrides, parsed, strict=True):
        key, value = override.key_or_group, _value(override)
        if not key or key == "hydra" or key.startswith(("hydra.", "hydra/")):
            raise InputError(f"{key}={value}: unknown key, allowed is {', '.join(_groups())} and what they hold")
        if key in groups:
            if value not in _options(key):
                raise refuse(key, value, ", ".join(_options(key)))
            files.append(text)
            if key == "experiment":
                _check_experiment(verb, value)
    known = _known(verb, files)
    for override in parsed:
        key = override.key_or_group
        if key in groups:
            continue
        if key not in known:
            raise InputError(f"{key}={_value(override)}: unknown key{_hint(verb, key, known)}")
        if isinstance(known[key], dict) and isinstance(override.value(), list):
            raise refuse(key, _value(override), "a table such as {name: value}")


def _check_experiment(verb: str, name: str) -> None:
    """Refuse an experiment with keys that this verb does not have, and would leave unused."""
    own = _own_keys(verb)
    for key in _known(verb, [f"experiment={name}"]):
        if key == "experiment":
            raise refuse("experiment", name, "a file that begins with the line # @package _global_")
        if key not in own and "." not in key:
            raise refuse("experiment", name, f"one without {key}, which belongs to {_verbs_with(key) or 'no verb'}")


def _known(verb: str, files: list[str]) -> dict[str, Any]:
    """Every dotted key of a verb with its value, under the options of groups in `files`."""
    return _keys(OmegaConf.to_container(compose(config_name=verb, overrides=files), resolve=False))


@functools.cache
def _own_keys(verb: str) -> dict[str, Any]:
    """The same under the default options, which are shipped files."""
    return _known(verb, [])


def _keys(node: Any, prefix: str = "") -> dict[str, Any]:
    keys = {}
    for name, value in node.items() if isinstance(node, dict) else ():
        keys |= {f"{prefix}{name}": value, **_keys(value, f"{prefix}{name}.")}
    return keys


def _verbs_with(key: str) -> str:
    """The verbs that have this key, in words; empty for none."""
    return ", ".join(f"integra {verb}" for verb in VERBS if key in _own_keys(verb))


def _hint(verb: str, key: str, known: Mapping[str, Any]) -> str:
    """What may have been meant by an unknown key."""
    if verb in VERBS and (others := _verbs_with(key)):
        return f" for {verb}, it belongs to {others}"
    parent, _, last = key.rpartition(".")
    while parent and parent not in known:
        parent = parent.rpartition(".")[0]
    near = sorted(name.rpartition(".")[2] for name in known if name.rpartition(".")[0] == parent)
    elsewhere = [name for name in known if name.endswith(f".{last}")]
    if close := difflib.get_close_matches(last, near, 1, 0.6):
        return f", did you mean {parent}{'.' if parent else ''}{close[0]}"
    if elsewhere:
        return f", did you mean {' or '.join(elsewhere[:3])}"
    if parent in known and known[parent] is None:
        return f", write {parent}={{{last}:value}}"
    if known.get(parent) == {}:
        return f", {parent} is empty here: another option of {parent.partition('.')[0]} may have it"
    return f", allowed is {', '.join(near or sorted(name for name in known if '.' not in name))}"


def _missing(parsed: list[Override], error: MissingConfigException) -> InputError:
    """The refusal of a list of defaults that names a file there is none of."""
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    match = re.match("In '(.+?)'", str(error))
    asking = match[1] if match else ""
    if "/" not in asking:  # an experiment that changes the defaults of the verb
        asking = next((f"experiment/{_value(one)}" for one in parsed if one.key_or_group == "experiment"), asking)
    value = name if asking.rpartition("/")[0] == group else f"{group}/{name}"
    known = _options(group) if group in _groups() else []
    return refuse(f"{_own or 'conf'}/{asking}.yaml: defaults", value, ", ".join(known) or "the name of a file of settings")


def _text(error: Exception) -> str:
    """The first two lines of a message in one; the others repeat the key and the type."""
    return ", ".join(line.strip().rstrip(".") for line in str(error).split("\n")[:2] if line.strip())
