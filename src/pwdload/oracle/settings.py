"""What a run's scenario says that the oracle must know, read from the scenario as it was given."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pwdload.rundir import RunDirectory, RunRecord
from pwdload.units import parse_duration_s

TIMING_LEAK_S = 0.005
"""Difference of answer times by which a stranger can tell who has an account, unless the scenario says otherwise."""
_ANY_LEAK_S = 1.0
"""Where nobody knows which difference the scenario allows, none of a network is taken for a leak."""
_STANDIN_THRESHOLD = 10
_STANDIN_LOCK_S = 180.0
_LOCK_S_LEAST = 60.0
"""The shortest lock that the documentation lets an administrator choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is known of the target beyond its published contract."""

    accepted_codes: frozenset[str] | None = None
    """Error codes that the scenario accepts beside the published ones; null where it does not say."""
    expected_codes: frozenset[str] = frozenset()
    """Error codes that its ``[expect.CASE]`` name."""
    lockout_threshold: int | None = None
    """Wrong passwords in a row that lock an account; 0: never; null: not known."""
    lock_s: float = _LOCK_S_LEAST
    """For how long a lock lasts at least."""
    timing_leak_s: float = TIMING_LEAK_S
    problem: str = ""
    """Why nobody knows what the scenario says, a clause; empty where that is known."""


def read_settings(directory: RunDirectory, record: RunRecord) -> Settings:
    """Read a run's scenario; where it is not on record, nothing is known, and nothing taken for broken."""
    given = directory.read_scenario(record)
    if given.problem and not given.is_readable:
        return Settings(problem=given.problem, timing_leak_s=_ANY_LEAK_S)
    try:
        return replace(settings_of(tomllib.loads(given.source), record), problem=given.problem)
    except ValueError as error:
        problem = f"a value in {directory.scenario_file.name} makes no sense ({error})"
        return Settings(problem=problem, timing_leak_s=_ANY_LEAK_S)


def settings_of(scenario: Mapping[str, object], record: RunRecord) -> Settings:
    """Return what a scenario's tables say of the target; what the stand-in has of its own counts for it alone.

    Raises:
        ValueError: a value in it makes no sense.
    """
    ours, standin = _table(scenario, "oracle"), _table(scenario, "standin")
    threshold, lock_s = ours.get("lockout_threshold"), _LOCK_S_LEAST
    if record.target_is_standin:
        threshold = standin.get("lockout_threshold", _STANDIN_THRESHOLD) if threshold is None else threshold
        lock_s = _number(standin.get("lockout_s", _STANDIN_LOCK_S))
    codes, leak = ours.get("accepted_codes"), ours.get("timing_leak")
    expected = [_texts(one.get("error_code")) for one in _table(scenario, "expect").values() if isinstance(one, dict)]
    return Settings(
        accepted_codes=_texts(codes) if codes is not None else None,
        expected_codes=frozenset().union(*expected),
        lockout_threshold=int(_number(threshold)) if threshold is not None else None,
        lock_s=lock_s,
        timing_leak_s=parse_duration_s(leak) if leak is not None else TIMING_LEAK_S,
    )


def _table(scenario: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = scenario.get(name)
    return table if isinstance(table, dict) else {}


def _texts(value: object) -> frozenset[str]:
    return (
        frozenset(map(str, value)) if isinstance(value, list) else frozenset({value} if isinstance(value, str) else ())
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else parse_duration_s(value)
