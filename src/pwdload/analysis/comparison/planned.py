"""Whether two runs were given the same load: by their scenarios, and by the plans that their records hold."""

import tomllib

from pwdload.rundir import RunRecord

_NO_LOAD = ("title", "description", "seed", "slo", "resilience", "forecast", "faults")
"""Keys of a scenario that make no load, and what is compared by itself."""
_OF_ADDRESS = ("host", "allow", "metrics")
"""Keys of [target] that say where it is."""


def other_scenario_keys(first: str, other: str) -> str:
    """Return which tables of two scenarios make another load, in words; empty where none does, or one is not on record.

    What is no TOML is told apart by its text.
    """
    if not first or not other:
        return ""  # the plan in run.json decides
    try:
        ours, theirs = tomllib.loads(first), tomllib.loads(other)
    except tomllib.TOMLDecodeError:
        return "scenario.toml differs" if first != other else ""
    keys = (ours.keys() | theirs.keys()) - set(_NO_LOAD)
    differing = sorted(key for key in keys if _without_address(ours.get(key)) != _without_address(theirs.get(key)))
    return f"scenario.toml has another {', '.join(f'[{key}]' for key in differing)}" if differing else ""


def _without_address(table: object) -> object:
    if not isinstance(table, dict):
        return table or {}
    return {key: value for key, value in table.items() if key not in _OF_ADDRESS}


def other_plan(first: RunRecord, other: RunRecord) -> str:
    """Return what of the plan on record differs, in words; options of the command line may have made another one."""
    if (first.arrivals is None) != (other.arrivals is None):
        return "open arrivals on one side, users who wait for their answers on the other"
    if first.stages != other.stages:
        return "the stages differ"
    if first.users != other.users:
        return f"{first.users} users, but {other.users}"
    ours, theirs = first.arrivals, other.arrivals
    if ours is not None and theirs is not None and (ours.kind, ours.pieces) != (theirs.kind, theirs.pieces):
        return "the planned arrivals differ"
    return ""
