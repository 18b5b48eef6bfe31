"""Where OTLP goes, by the standard variables of OpenTelemetry: what can be wrong with them is told before a run."""

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from pwdload.errors import UsageError

INTERVAL_VARIABLE: Final = "OTEL_METRIC_EXPORT_INTERVAL"
INTERVAL_MS: Final = 10_000.0
"""How often is pushed unless the variable says so: the standard's minute is longer than many a run."""
_ENDPOINTS: Final = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "", "OTEL_EXPORTER_OTLP_ENDPOINT": "/v1/metrics"}
"""And what is put after each: the first is used as it is."""
_DEFAULT: Final = "http://localhost:4318/v1/metrics"
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL: Final = "http/protobuf"
_NUMBERS: Final = (
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
)


def check_environment(environment: Mapping[str, str] = os.environ) -> str:
    """Return where the variables have metrics go, fit to be shown: without a user, a password or a query.

    Raises:
        UsageError: a variable cannot be used. Its value is not repeated where it may hold a secret.
    """
    for name in _PROTOCOLS:
        if environment.get(name, "") not in ("", _PROTOCOL):
            raise UsageError(f"{name}={environment[name]}: only {_PROTOCOL} is spoken; set that, or unset it")
    for name in _NUMBERS:
        _check_number(name, environment.get(name, ""))
    for name, path in _ENDPOINTS.items():
        if environment.get(name):
            return _shown(name, environment[name], path)
    return _DEFAULT


def _check_number(name: str, text: str) -> None:
    try:
        is_fine = not text or float(text) > 0
    except ValueError:
        is_fine = False
    if not is_fine:
        unit = "milliseconds" if name == INTERVAL_VARIABLE else "seconds"
        raise UsageError(f"{name}={text}: not a number of {unit} above 0; correct it, or unset it")


def _shown(name: str, url: str, path: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{name}: not a URL such as http://collector:4318; correct it")
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}{path}"
