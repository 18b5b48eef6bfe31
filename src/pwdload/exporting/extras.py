"""Whether the libraries are there that only those need who export metrics."""

from importlib.util import find_spec
from typing import Final

from pwdload.errors import UsageError

_MODULES: Final = {
    "prometheus": ("prometheus_client",),
    "otlp": ("opentelemetry.sdk.metrics", "opentelemetry.exporter.otlp.proto.http.metric_exporter"),
}
"""What each extra of ours brings."""


def has_extra(extra: str) -> bool:
    """Whether what an extra brings can be imported."""
    return all(map(_is_there, _MODULES[extra]))


def require_extra(extra: str, option: str) -> None:
    """Make sure that what an option needs is installed.

    Raises:
        UsageError: it is not.
    """
    if not has_extra(extra):
        raise UsageError(f"{option}: needs a library that is not installed; install it: pip install 'pwdload[{extra}]'")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # one of the packages around it is missing
        return False
