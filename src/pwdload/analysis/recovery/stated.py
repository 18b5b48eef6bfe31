"""What a run's own scenario says of recovery: its criteria, and how long its clients wait."""

import tomllib
from collections.abc import Mapping

from pydantic import ValidationError

from pwdload.analysis.recovery.thresholds import NOTHING_ASKED, RecoveryCriteria
from pwdload.errors import UsageError
from pwdload.scenario.slo import Slo
from pwdload.scenario.tables import Target
from pwdload.units import parse_duration_s


def stated_criteria(scenario_source: str) -> RecoveryCriteria:
    """Return the criteria of a scenario's ``[slo]``; none where it has no such table, or cannot be read."""
    slo = slo_in(scenario_source)
    if slo is None:
        return NOTHING_ASKED
    return RecoveryCriteria(
        recover_within_s=slo.recover_within_s,
        max_failed_share_during=slo.max_failed_share_during,
        data_correct=slo.data_correct or None,
        failed_share=slo.failed_share,
    )


def slo_in(scenario_source: str) -> Slo | None:
    """Return the table ``[slo]`` of a scenario; null where it cannot be read, and without criteria where it is none."""
    try:
        return Slo.model_validate(_table(scenario_source, "slo"))
    except ValidationError:  # a copy that somebody has edited, or of another version
        return None


def problem_of_slo(scenario_source: str) -> str:
    """Return why the criteria of a scenario cannot be told, a clause; empty where they can."""
    return "" if slo_in(scenario_source) is not None else "[slo] of scenario.toml is none that this version knows"


def client_timeout_s(scenario_source: str) -> float | None:
    """Return how long a client of a scenario waits for an answer; null where the scenario is not on record."""
    if not scenario_source:
        return None
    target = _table(scenario_source, "target")
    whole = target.get("timeout", Target.model_fields["timeout_s"].default)
    phases = target.get("phase_timeouts")
    first_byte = phases.get("first_byte", whole) if isinstance(phases, dict) else whole
    try:
        return min(parse_duration_s(whole), parse_duration_s(first_byte))
    except UsageError:
        return None


def _table(scenario_source: str, name: str) -> Mapping[str, object]:
    try:
        table = tomllib.loads(scenario_source).get(name, {})
    except tomllib.TOMLDecodeError:
        return {}
    return table if isinstance(table, dict) else {}
