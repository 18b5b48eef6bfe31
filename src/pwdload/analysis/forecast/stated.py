"""What a run's own scenario says of what is to come, and of the target's metrics."""

import tomllib

from pydantic import ValidationError

from pwdload.scenario.forecast import Forecast
from pwdload.scenario.metrics import MetricsTable


def stated_forecast(scenario_source: str) -> Forecast | None:
    """Return a scenario's ``[forecast]``; null where it has none, or cannot be read."""
    try:
        table = tomllib.loads(scenario_source).get("forecast")
        return None if table is None else Forecast.model_validate(table)
    except (tomllib.TOMLDecodeError, ValidationError):  # a copy that somebody has edited, or of another version
        return None


def stated_metrics(scenario_source: str) -> MetricsTable | None:
    """Return a scenario's ``[target.metrics]``; null where it has none, or cannot be read."""
    try:
        target = tomllib.loads(scenario_source).get("target")
        table = target.get("metrics") if isinstance(target, dict) else None
        return None if table is None else MetricsTable.model_validate(table)
    except (tomllib.TOMLDecodeError, ValidationError):
        return None
