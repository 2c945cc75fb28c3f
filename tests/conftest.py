"""Runs that several tests share: each is made once per session."""

import pytest
from small_run import inputs_for, plan_for, run_to_end

from calibration.load_inputs import load_inputs
from model import simulate
from scenarios.compose import job

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
