"""Fiscal engines: what returns the FISCAL table, the only thing the account knows of taxes and benefits (model.fiscal).

The built-in engine is calibration.fiscal_tables. Every other engine is a function that returns levels by Member State,
{geo: {column of FISCAL: value}}, in EUR of 2019 and shares of the average wage of 2019, before factors to national accounts.
What an engine does not know, in-kind services above all, and Member States it does not cover, stay built-in. The factors
hold for every engine; they were fitted with the built-in one.
"""

from calibration import fiscal_profiles, fiscal_tables, gettsim_grid
from calibration.errors import refuse


def levels(fiscal):
    """What the engine chosen by `fiscal` (calibration.config.Fiscal) replaces: {geo: {column: value}}."""
    if fiscal.engine == "profiles":
        return fiscal_profiles.levels(fiscal.folder)
    if fiscal.engine == "gettsim":
        return gettsim_grid.levels(fiscal.policy_date)
    return {}


def fiscal_table(fiscal):
    """One FISCAL record per Member State from the chosen engine; raises InputError for files or extras it lacks."""
    return fiscal_tables.fiscal_table(levels(fiscal))


def check(config):
    """Raise InputError when the engine cannot serve the job, before anything is simulated."""
    fiscal, states = config.fiscal, config.member_states
    if fiscal.engine == "profiles":
        covered = sorted(fiscal_profiles.read(fiscal.folder)[0]["geo"].unique())
        if not set(covered) & set(states):
            raise refuse(
                "fiscal.folder", fiscal.folder, f"profiles of one of member_states; there are those of {', '.join(covered)}"
            )
    if fiscal.engine == "gettsim":
        gettsim_grid.library()
        gettsim_grid.year_of(fiscal.policy_date)
        if gettsim_grid.GEO not in states:
            raise refuse("fiscal", "gettsim", f"member_states with {gettsim_grid.GEO}, the only one GETTSIM knows")


def hashes(fiscal):
    """What the levels come from: SHA-256 of every file, versions of packages; part of the hash of a result."""
    if fiscal.engine == "profiles":
        return fiscal_profiles.hashes(fiscal.folder)
    if fiscal.engine == "gettsim":
        return gettsim_grid.versions()
    return {}
