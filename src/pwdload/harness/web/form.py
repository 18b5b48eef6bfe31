"""What somebody may ask for when they start a run in Locust's web UI; the rest is settled when `locust` is started."""

from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

_LOCUSTS_OWN = frozenset({"user_count", "spawn_rate", "host", "run_time", "user_classes", "shape_class", "profile"})
"""The fields of Locust's form."""
_SETTLED = ("host", "num_users", "spawn_rate", "run_time")
"""Options that Locust overwrites with what the form says, and that are settled where the scenario decides the load."""


def unknown_field(form: Iterable[str], added: Iterable[str]) -> str:
    """Return why a form cannot be taken, in one line; empty where it can.

    Locust would put any field that has the name of one of its options into that option: who sees the page could say
    where files are written, and which hosts are allowed. `added` are options that a locustfile has put into the form.
    """
    strange = sorted({*form} - _LOCUSTS_OWN - {*added})
    if not strange:
        return ""
    return f"{', '.join(strange)}: cannot be set here; start locust with --{strange[0].replace('_', '-')} instead"


def other_host(host: str, target: str) -> str:
    """Return why the host of a form is refused; empty where it is the target, or none is named."""
    if not host.strip() or _plain(host) == _plain(target):
        return ""
    return (
        f"Host {host.strip()}: this locust drives {target}, whose accounts and permission it has; "
        f"for another host start another locust with --host, and --allow-host where it is not on loopback"
    )


def _plain(host: str) -> tuple[str, str]:
    parts = urlsplit(host.strip())
    return parts.scheme.lower(), parts.netloc.lower() + parts.path.rstrip("/")


def number(form: Mapping[str, str], name: str) -> float | None:
    """Return a number of a form; null where there is none that Locust would take."""
    try:
        return float(form[name])
    except (KeyError, ValueError):
        return None


def nothing_to_do(chosen: Sequence[str], tasks: Mapping[str, Sequence[object]]) -> str:
    """Return why the classes that were picked cannot play; empty where one of them has a task."""
    if not chosen or any(tasks.get(name) for name in chosen):
        return ""
    return f"{', '.join(chosen)}: the mix leaves none of their cases; pick another class, or change [mix]"


def kept(options: Namespace) -> dict[str, object]:
    """Return what the options say now of what a form may overwrite."""
    return {name: getattr(options, name, None) for name in _SETTLED}
