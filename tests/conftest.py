"""Runs that several tests share: each is made once per session."""

import ast
import shutil
from pathlib import Path

import pytest
from small_run import inputs_for, plan_for, run_to_end

import calibration
from calibration import load_inputs as loading
from calibration import scale_factors, tables
from calibration.load_inputs import load_inputs
from calibration.tables import Parameter
from model import simulate
from scenarios.compose import job
from scenarios.prices import consumer_prices

COARSE = ("population.scale=2000", "population.scale_comparison=20000", "population.minimum_agents=1500")


@pytest.fixture(scope="session")
def make_inputs():
    """Function from command line settings of `integra run` to Inputs."""
    return lambda *settings: load_inputs(job("run", list(settings)))


@pytest.fixture(scope="session")
def eu27_to_2024(make_inputs):
    """Baseline of all 27 Member States, 2017 to 2024, at least 1 500 agents per group, four seeds: list of Results."""
    inputs = make_inputs(*COARSE, "run.end_year=2024")
    return [simulate(inputs, seed) for seed in range(1, 5)]


@pytest.fixture(scope="session")
def eu27_to_2019(make_inputs):
    """Baseline of all 27 Member States, 2017 to 2019, at least 2 000 agents per group, four seeds: list of Results."""
    settings = ("population.scale=500", "population.scale_comparison=20000", "population.minimum_agents=2000")
    inputs = make_inputs(*settings, "run.end_year=2019")
    return [simulate(inputs, seed) for seed in range(1, 5)]


@pytest.fixture(scope="session")
def four_states():
    """Inputs of small_run.FOUR_STATES, 2017 to 2019."""
    return inputs_for()


@pytest.fixture(scope="session")
def four_states_run(four_states):
    """(results, model) of `four_states`, seed 1."""
    return run_to_end(four_states)


@pytest.fixture(scope="session")
def parity_pair():
    """FOUR_STATES to 2021, phase-in 2018 to 2019: (inputs, plan, baseline (results, model), parity (results, model))."""
    inputs = inputs_for(end_year=2021)
    baseline = run_to_end(inputs)
    plan = plan_for([baseline[0]])
    return inputs, plan, baseline, run_to_end(inputs.with_parity(plan, baseline[0].market))


@pytest.fixture
def threads_restored():
    """Puts numba's number of threads back after a test that changes it."""
    import numba  # after model, which names the kernel cache before numba is loaded

    before = numba.get_num_threads()
    yield
    numba.set_num_threads(before)


@pytest.fixture(scope="session")
def asked():
    """Names of the parameters asked for while inputs, targets and prices are made, and those written in the code."""
    names = set()
    original = Parameter.__init__

    def recording(self, name, **fixed):
        names.add(name)
        original(self, name, **fixed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parameter, "__init__", recording)
        loading.demography.cache_clear()
        for macro in ("constant", "published"):
            loading.load_inputs(job("run", [f"macro={macro}"]))
        scale_factors.targets()
        scale_factors.read()
        consumer_prices()
    for package in ("calibration", "scenarios"):
        for path in (Path(calibration.__file__).parent.parent / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Parameter", "scalar") and node.args:
                    if isinstance(node.args[0], ast.Constant):
                        names.add(node.args[0].value)
    return names


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the tables that the code reads instead of the shipped ones; it may be damaged."""
    folder = tmp_path / "data"
    shutil.copytree(tables.folder(), folder)
    monkeypatch.setattr(tables, "folder", lambda: folder)
    tables.forget()
    yield folder
    tables.forget()
