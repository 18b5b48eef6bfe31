"""The machine and the software that a measurement was made with."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from pwdload.calibration.certificate import Conditions

_VERSIONS_OF = ("pwdload", "locust", "gevent", "httptools")
"""The libraries that decide what the instrument costs."""


def conditions_now() -> Conditions:
    """Return the conditions of now."""
    return Conditions(
        machine=_machine(),
        cores=usable_cores(),
        system=platform.platform(terse=True),
        versions={"python": platform.python_version()} | {name: version(name) for name in _VERSIONS_OF},
    )


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _machine() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:  # not Linux
        return platform.node()
