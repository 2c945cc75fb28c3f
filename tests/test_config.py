"""Settings: files and classes agree, shorthands expand, and what is wrong is named with what is allowed."""

import dataclasses
import typing
from importlib import resources

import pytest
from omegaconf import OmegaConf

from calibration.config import Config, config_from, settings_of
from calibration.errors import InputError
from model import codes
from scenarios import compose
from scenarios.cli import main

MIXES = {
    "language_first", "recognition_first", "womens_participation", "work_first", "skilled_migrants", "fair_hiring",
    "refugees_first_years", "action_plan_mix", "action_plan_budget_neutral",
}  # fmt: skip


def _keys_of(schema):
    return {field.name for field in dataclasses.fields(schema)}


def test_every_file_holds_the_fields_of_its_class():
    hints = typing.get_type_hints(Config)
    for group in set(compose.groups()) - {"experiment"}:
        for option in compose.options(group):
            settings = compose.settings("run", [f"{group}={option}"])
            assert set(settings[group]) == _keys_of(hints[group]), f"conf/{group}/{option}.yaml"
            for field in dataclasses.fields(hints[group]):
                assert field.default is dataclasses.MISSING, f"{group}.{field.name} has a default outside conf/"


@pytest.mark.parametrize("verb", compose.VERBS)
def test_verbs_compose(verb):
    if verb == "compare":
        reference, policies = compose.comparison([])
        assert reference.policy.name == "baseline"
        assert [config.policy.name for config in policies] == ["language_upon_arrival", "fast_recognition"]
        assert all(dataclasses.replace(config, policy=reference.policy) == reference for config in policies)
    else:
        assert compose.job(verb, []).seeds == ((1, 2) if verb == "calibrate" else (1, 2, 3, 4))


def test_every_policy_and_experiment_is_valid_and_survives_being_written():
    overrides = [[f"policy={name}"] for name in compose.options("policy")]
    overrides += [[f"{plus}experiment=nordic_recognition"] for plus in ("", "+")]
    jobs = [compose.job("run", override) for override in overrides]
    jobs.append(compose.job("reproduce", ["experiment=jrc_six"]))
    mixes = set(compose.options("experiment")) - {"jrc_six", "nordic_recognition", "ready_mixes"}
    assert mixes == MIXES
    for mix in mixes:
        reference, (config,) = compose.comparison([f"experiment={mix}"])
        assert reference.policy.name == "baseline" and config.policy.name == mix and len(config.policy.levers) > 1
        assert reference.draws and compose.mix([f"experiment={mix}"], reference, [config]).coalitions == 64
        jobs.append(config)
    _, ready = compose.comparison(["experiment=ready_mixes"])
    assert {config.policy.name for config in ready} == mixes - {"action_plan_budget_neutral"}
    for config in jobs:
        written = OmegaConf.to_yaml(OmegaConf.create(settings_of(config)))
        assert config_from(OmegaConf.to_container(OmegaConf.create(written))) == config


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (["mix.coalitions=65"], ["mix.coalitions=65", "0 to 64"]),
        (["policies=[action_plan_mix]", "mix.coalitions=20"], ["mix.coalitions=20", "62 or more", "16 levers"]),
        (["mix.seeds=5"], ["mix.seeds=5", "1 to 4"]),
        (["mix.draws=1"], ["mix.draws=1", "0, or 2 to"]),
        (["mix.orders=1"], ["mix.orders=1"]),
    ],
)
def test_how_policies_are_taken_apart_is_checked(settings, named):
    """Too many sets of levers, too few to tell parts, more seeds than there are, an unknown key."""
    with pytest.raises(InputError) as caught:
        reference, policies = compose.comparison(settings)
        compose.mix(settings, reference, policies)
    for words in named:
        assert words in str(caught.value)


def test_policy_names_are_file_names():
    for name in compose.options("policy"):
        assert compose.job("run", [f"policy={name}"]).policy.name == name


def test_conf_is_found_as_a_package():
    assert (resources.files("conf") / "run.yaml").is_file()


@pytest.mark.parametrize(("override", "seeds"), [("seeds=3", (1, 2, 3)), ("seeds=[7,5]", (7, 5)), ("seeds=[0]", (0,))])
def test_seeds_as_a_number_or_a_list(override, seeds):
    assert compose.job("run", [override]).seeds == seeds


@pytest.mark.parametrize(
    ("override", "states"),
    [
        ("member_states=all", codes.MEMBER_STATES),
        ("member_states=DE", ("DE",)),
        ("member_states=[SE,DK]", ("DK", "SE")),
    ],
)
def test_member_states_as_all_one_or_a_list(override, states):
    assert compose.job("run", [override]).member_states == states


def test_lever_dates_are_quarters_since_2017():
    start, end = "policy.levers.faster_recognition.start", "policy.levers.faster_recognition.end"
    lever = compose.job("run", ["policy=fast_recognition", f"{start}=2021Q3", f"{end}=2022"]).policy.levers[0]
    assert (lever.first_quarter, lever.last_quarter) == (18, 23)
    lever = compose.job("run", ["policy=fast_recognition", f"{start}=2021"]).policy.levers[0]
    assert (lever.first_quarter, lever.last_quarter) == (16, None)


def test_sweep_is_the_product_of_the_lists():
    jobs = compose.expand(
        ["policy=baseline,fast_recognition", "seeds=2", "population.scale=10,100", "member_states=[DE,FR]"]
    )
    assert jobs == [
        [f"policy={policy}", "seeds=2", f"population.scale={scale}", "member_states=[DE,FR]"]
        for policy in ("baseline", "fast_recognition")
        for scale in (10, 100)
    ]


FAST = "policy=fast_recognition"
LEVER = "policy.levers.faster_recognition"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["population.scal=10"], "population.scal=10: unknown key, did you mean population.scale"),
        (["colour=red"], "colour=red: unknown key, allowed is "),
        (["+colour=red"], "colour=red: unknown key, allowed is "),
        (["hydra.run.dir=x"], "hydra.run.dir=x: unknown key"),
        (["policy=none"], "policy=none: allowed is action_plan_"),
        (["~population.scale"], "population.scale: missing"),
        (["seeds"], "seeds: not a setting, write key=value"),
        (["population.scale=many"], "population.scale=many: allowed is a whole number"),
        (["population.scale=1.5"], "population.scale=1.5: allowed is a whole number"),
        (["population.scale=0"], "population.scale=0: allowed is 1 to 100000"),
        (["population.minimum_agents=99"], "population.minimum_agents=99: allowed is 100 to "),
        (["seeds=[1,1]"], "seeds=[1,1]: allowed is how many, 1 to 1000"),
        (["seeds=-1"], "seeds=-1: allowed is how many, 1 to 1000"),
        (["seeds=true"], "seeds=true: allowed is how many, 1 to 1000, or a list"),
        (["member_states=UK"], "member_states=UK: allowed is all, or one or a list of AT, BE, "),
        (["member_states=[]"], "member_states=[]: allowed is at least one of AT"),
        (["member_states=[DE,DE]"], "member_states=[DE,DE]: allowed is each entry once"),
        (["flows.by_reason.work=-0.5"], "flows.by_reason.work=-0.5: allowed is 0 to 10"),
        (["flows.non_eu_arrivals=.nan"], "flows.non_eu_arrivals=.nan: allowed is a number"),
        (["integration.off=[weather]"], "integration.off=weather: allowed is demography"),
        (["parity.end_year=2019"], "parity.end_year=2019: allowed is the start year 2021 or later"),
        (["parity.variants=[luck]"], "parity.variants=luck: allowed is participation"),
        (["accounting.price_year=1999"], "accounting.price_year=1999: allowed is 2015 to 2024"),
        (["accounting.children=both"], "accounting.children=both: allowed is own, parents"),
        (["run.end_year=2050"], "run.end_year=2050: allowed is 2017 to 2035"),
        (["compute.threads=0"], "compute.threads=0: allowed is 1 to 64"),
        (["name=../x"], "name=../x: allowed is up to 80 letters"),
        ([FAST, f"{LEVER}.fund=none", f"{LEVER}.eu_share=0.5"], f"{LEVER}.eu_share=0.5: allowed is 0 or null with fund none"),
        # fmt: off
        (["policy=early_work_permission", "policy.levers.early_work_permission.reasons=[work]"],
         "policy.levers.early_work_permission.reasons=[work]: allowed is [protection], whom"),
        (["policy=womens_measures", "policy.levers.womens_measures.sexes=[male]"],
         "policy.levers.womens_measures.sexes=[male]: allowed is [female], whom"),
        (["policy=more_arrivals", "policy.levers.arrivals.sexes=[male]"],
         "policy.levers.arrivals.sexes=[male]: allowed is nothing"),
        # fmt: on
        (["policy=baseline,fast_recognition"], "policy=baseline,fast_recognition: allowed is one value"),
        (["policies=[baseline]"], "policies=[baseline]: unknown key for run, it belongs to integra reproduce, integra compare"),
        (["mix.seeds=2"], "mix.seeds=2: unknown key for run, it belongs to integra compare"),
        (["experiment=jrc_six"], "experiment=jrc_six: allowed is one without policies, which belongs to integra reproduce"),
        (["end_year=2020"], "end_year=2020: unknown key, did you mean parity.end_year or run.end_year"),
        (["flows.by_reason.tourism=1"], "flows.by_reason.tourism=1: unknown key, allowed is family, other, protection"),
        (["policy.levers.mentoring.strength=1"], "policy.levers.mentoring.strength=1: unknown key, policy.levers is empty here"),
        (["policy.levers=[mentoring]"], "policy.levers=[mentoring]: allowed is a table"),
        (["seeds=[-1]"], "seeds=-1: allowed is 0 to 2147483647"),
        (["seeds=two"], "seeds=two: allowed is how many, 1 to 1000, or a list"),
        (["seeds=null"], "seeds=null: allowed is how many"),
        (["member_states=null"], "member_states=null: allowed is all, or one or a list of AT"),
        (["draws=-1"], "draws=-1: allowed is 0 for none, or 8 to 80"),
        (["draws=81"], "draws=81: allowed is 0 for none, or 8 to 80"),
        (["name="], "name='': allowed is up to 80 letters"),
    ],
)
def test_what_is_wrong_is_named(overrides, message):
    with pytest.raises(InputError) as caught:
        compose.job("run", overrides)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (".strength=1.2", ".strength=1.2: allowed is 0 to 0.95 (share of waiting"),
        (".strength=-1", ".strength=-1.0: allowed is 0 to 0.95"),
        (".lever=magic", ".lever=magic: allowed is language_places"),
        (".end=2020", ".end=2020: allowed is the start 2025Q1 or later, or null"),
        (".start=2021Q5", ".start=2021Q5: allowed is a quarter such as 2021Q1"),
        (".reasons=[fun]", ".reasons=fun: allowed is work"),
        (".phase_in=-1", ".phase_in=-1: allowed is 0 to 76"),
        (".education=[phd]", ".education=phd: allowed is low, medium, high"),
        (".fade_out=-1", ".fade_out=-1: allowed is 0 to 76"),
        (".fade_out=4", ".fade_out=4: allowed is 0 while end is null"),
        (".take_up=1.1", ".take_up=1.1: allowed is 0 to 1"),
        (".eu_share=2", ".eu_share=2: allowed is 0 to 1"),
        (".fund=CAP", ".fund=CAP: allowed is AMIF, ESF+, ERDF, Erasmus+, none"),
        (".strength=nan", ".strength=nan: allowed is a number"),
        ("=3", "=3: allowed is the settings of a lever"),
    ],
)
def test_what_is_wrong_in_a_lever_is_named(setting, message):
    with pytest.raises(InputError) as caught:
        compose.job("run", [FAST, f"{LEVER}{setting}"])
    assert str(caught.value).startswith(f"{LEVER}{message}")


@pytest.mark.parametrize(
    ("verb", "override", "message"),
    [
        ("calibrate", "draws=8", "draws=8: allowed is 0 for calibrate"),
        ("calibrate", "macro=constant", "macro=constant: allowed is estimated for calibrate"),
        ("calibrate", "macro.year=2020", "macro.year=2020: allowed is 2025 or later"),
        ("calibrate", "run.end_year=2020", "run.end_year=2020: allowed is 2025 or later"),
        ("calibrate", "policy=mentoring", "policy=mentoring: allowed is baseline for calibrate"),
        ("validate", "policy=mentoring", "policy=mentoring: allowed is baseline for validate"),
        ("trials", "studies=[]", "studies=[]: allowed is all, or a list"),
        ("trials", "studies=[a,a]", "studies=[a,a]: allowed is all, or a list of different studies"),
        ("trials", "structures=[default]", "structures=default: allowed is full_adaptation"),
        ("optimise", "budget=1e300", "budget=1e+300: allowed is more than 0, to 10000000"),
        ("optimise", "frontier=[2,2]", "frontier=[2.0,2.0]: allowed is multiples of the budget, each once"),
        ("optimise", "verification_seeds=[-1,-2]", "verification_seeds=-1: allowed is 0 to 2147483647"),
        ("optimise", "budget_per_member_state.DE=5", "budget_per_member_state.DE=5: unknown key, write budget_per_member_state={DE:v"),
        ("data", "update years=[]", "years=[]: allowed is all, or a list"),
        ("data", "update years=[2019,2019]", "years=[2019,2019]: allowed is each entry once"),
        ("data", f"update folder={__file__}/here", f"folder={__file__}/here: allowed is a folder that can be written"),
        ("run", "--config-dir=", "--config-dir='': allowed is a folder"),
    ],
)
def test_what_would_change_nothing_or_mislead_is_refused(capsys, verb, override, message):
    """One line and exit status 2 before anything is simulated."""
    assert main([verb, *override.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith(f"integra: {message}")


@pytest.mark.parametrize(
    ("verb", "there", "not_there"),
    [
        (["optimise"], "  budget: 1000                  # EUR million", "policies:"),
        (["data", "shocks"], "usage: integra data shocks ", "exchange_rate"),
        (["data"], "usage: integra data euromod ", "scale_comparison"),
    ],
)
def test_help_says_what_settings_mean_and_only_those_asked_for(capsys, verb, there, not_there):
    assert main([*verb, "--help"]) == 0
    printed = capsys.readouterr().out
    assert there in printed and not_there not in printed


@pytest.mark.parametrize("value", ["[none]", "[]", "fast_recognition", "[fast_recognition,fast_recognition]"])
def test_compared_policies_must_exist_once(value):
    with pytest.raises(InputError, match=r"^policies="):
        compose.comparison([f"policies={value}"])


def test_a_policy_that_ends_before_it_begins_is_not_compared():
    """All its effects would be zero; a policy without levers may be compared with itself, and one that acts in the last year."""
    with pytest.raises(InputError) as caught:
        compose.comparison(["policies=[baseline,fast_recognition]", "run.end_year=2024"])
    assert str(caught.value) == "run.end_year=2024: allowed is 2025 or later, when the first lever of fast_recognition acts"
    with pytest.raises(InputError, match=r"^run.end_year=2018: allowed is 2025 or later, when the first lever of more_arrivals acts"):
        compose.comparison(["experiment=jrc_six", "run.end_year=2018"])
    assert len(compose.comparison(["policies=[baseline]", "run.end_year=2017"])[1]) == 1
    assert len(compose.comparison(["policies=[fast_recognition]", "run.end_year=2025"])[1]) == 1


def twice(**changes):
    """Settings of faster recognition with a second lever of the kind, equal but for `changes`."""
    plain = compose.settings("run", [FAST])
    del plain["name"]
    levers = plain["policy"]["levers"]
    levers["again"] = {**levers["faster_recognition"], **changes}
    return {**plain, "name": "twice"}


@pytest.mark.parametrize("changes", [{}, {"start": 2030}, {"sexes": ["male"]}, {"end": 2026}])
def test_two_levers_of_a_kind_for_the_same_people_at_the_same_time_are_refused(changes):
    with pytest.raises(InputError, match=r"^policy\.levers\.again\.lever=faster_recognition: allowed is one lever of a kind"):
        config_from(twice(**changes))


@pytest.mark.parametrize("changes", [{"education": ["low"]}, {"end": 2024, "start": 2020}, {"start": 2020, "end": 2022, "fade_out": 8}])
def test_levers_of_a_kind_may_follow_each_other_or_serve_others(changes):
    """The other lever ends before 2025, its fading included, or serves other people."""
    settings = twice(**changes)
    settings["policy"]["levers"]["faster_recognition"]["education"] = ["medium", "high"] if "education" in changes else []
    assert len(config_from(settings).policy.levers) == 2
