"""Under what conditions a bench ran: what a reader must know to compare its figures with anything."""

import datetime as dt
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.bench.cpu import GENERATOR_CORE, TARGET_CORE, all_cores
from tests.bench.generators import OTHERS, Generator

_PACKAGES = ("locust", "gevent", "geventhttpclient", "httptools", "pyarrow")
_VERSION_OPTIONS = {"k6": "version", "vegeta": "-version", "wrk": "-v"}


def conditions(target_name: str, generators: list[Generator]) -> list[tuple[str, str]]:
    """Return name and value of each condition."""
    present = {generator.name: generator.command[0] for generator in generators}
    others = ", ".join(f"{name} {_version(name, present[name])}" for name in OTHERS if name in present) or "none"
    absent = ", ".join(name for name in OTHERS if name not in present) or "none"
    one = "the same core: only one is there" if GENERATOR_CORE == TARGET_CORE else "cores of their own"
    return [
        ("Date", dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("CPU", f"{cpu_model()}, {len(all_cores())} cores usable; generator and target on {one}"),
        ("Kernel", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("Packages", ", ".join(f"{name} {version(name)}" for name in _PACKAGES)),
        ("Target", f"{target_name}: a fixed answer of 400 bytes, over loopback, connections kept"),
        ("Other tools", f"{others}; not on PATH: {absent}"),
    ]


def cpu_model() -> str:
    """Return what the machine's processor calls itself."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str, path: str) -> str:
    """Return the version that a tool states of itself; hey states none."""
    if name not in _VERSION_OPTIONS:
        return "(no version)"
    done = subprocess.run([path, _VERSION_OPTIONS[name]], capture_output=True, text=True, check=False)
    words = (done.stdout + done.stderr).split()
    return next((word for word in words if any(letter.isdigit() for letter in word)), "(no version)")
