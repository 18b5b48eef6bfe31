"""What this machine has: versions and limits, against what the package and the plan need. Pure but for `here`."""

import re
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Final, Self

from pwdload.doctor.findings import Finding, failed, not_checked, ok, warning
from pwdload.units import format_count

FILES_BESIDE: Final = 200
"""Descriptors of a process that are no connection of a user: libraries, samples, journals, connections to workers."""
TIME_WAIT_S: Final = 60.0
"""How long Linux keeps the port of a connection that this side has closed."""
_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;\s*(.*))?")
_BOUND: Final = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([0-9][0-9A-Za-z.*+!-]*)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is here."""

    python: str
    """Version of the interpreter."""
    python_needed: str
    """By the package's own metadata, such as ">=3.11"."""
    needed: tuple[str, ...]
    """The package's requirements, as its metadata lists them."""
    versions: Mapping[str, str | None]
    """What is installed, by the names of the requirements; null for what is not."""
    files_max: int
    """Descriptors that a process may have open."""
    ports: int | None
    """Ports for outgoing connections to one address; null where nobody can tell."""

    @classmethod
    def here(cls) -> Self:
        """Return this machine, as this process sees it."""
        needed = tuple(requires("pwdload") or ())
        return cls(
            python=".".join(map(str, sys.version_info[:3])),
            python_needed=metadata("pwdload")["Requires-Python"] or "",
            needed=needed,
            versions={name: _installed(name) for name, _ in _bounds_of(needed)},
            files_max=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            ports=_ports(),
        )


def check_python(machine: Machine) -> Finding:
    """Hold the interpreter against what the package says it needs."""
    if _fits(machine.python, machine.python_needed):
        return ok("python", machine.python)
    return failed(
        "python",
        f"{machine.python}, needed is {machine.python_needed}",
        "Make the environment anew with such a Python.",
    )


def check_dependencies(machine: Machine) -> Finding:
    """Hold what is installed against the package's own metadata."""
    wrong = [
        f"{name} {machine.versions.get(name) or 'is missing'} (needed {bounds or 'in any version'})"
        for name, bounds in _bounds_of(machine.needed)
        if (found := machine.versions.get(name)) is None or not _fits(found, bounds)
    ]
    if wrong:
        return failed(
            "dependencies", "; ".join(wrong), "Install them into this environment: pip install --upgrade pwdload."
        )
    return ok("dependencies", f"{len(list(_bounds_of(machine.needed)))} as the package wants them")


def check_files(machine: Machine, in_flight: int | None) -> Finding:
    """Hold the limit of open files against the connections of the plan, as if one process had all of them."""
    if machine.files_max == resource.RLIM_INFINITY:
        return ok("open files", "no limit")
    limit = format_count(machine.files_max)
    if in_flight is None:
        return not_checked("open files", f"{limit}; how many users there will be is not planned")
    needed = in_flight + FILES_BESIDE
    if needed <= machine.files_max:
        return ok("open files", f"{limit}, {format_count(needed)} are needed")
    return failed(
        "open files",
        f"{limit}, {format_count(needed)} are needed for {format_count(in_flight)} flows in flight",
        f"Raise the limit in the shell that starts the run: ulimit -n {needed}.",
    )


def check_ports(machine: Machine, in_flight: int | None, opened_per_s: float | None) -> Finding:
    """Hold the ports for outgoing connections against what the plan has open, and what it leaves in TIME_WAIT.

    `opened_per_s`: connections that are opened a second at most; 0 where they are kept, null where nobody knows.
    """
    if machine.ports is None or in_flight is None or opened_per_s is None:
        why = "this system does not say how many" if machine.ports is None else "what the plan needs is not known"
        return not_checked("ports", why)
    needed = in_flight + round(opened_per_s * TIME_WAIT_S)
    value = f"{format_count(machine.ports)}, about {format_count(needed)} are needed"
    if needed <= machine.ports:
        return ok("ports", value)
    return warning(
        "ports",
        value,
        'Widen net.ipv4.ip_local_port_range, share the load over machines, or state [target] connections = "kept".',
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _bounds_of(needed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield name and bounds of each requirement that is not an extra's."""
    for text in needed:
        match = _REQUIREMENT.fullmatch(text.strip())
        if match and "extra" not in (match[3] or ""):
            yield match[1], match[2].strip()


def _fits(found: str, bounds: str) -> bool:
    """Whether a version keeps bounds such as ">=2.40,<3"; what cannot be read holds nobody up."""
    for part in filter(None, bounds.split(",")):
        match = _BOUND.fullmatch(part)
        if match and not _holds(match[1], *_comparable(found, match[2])):
            return False
    return True


def _holds(sign: str, found: list[int], bound: list[int]) -> bool:
    less_or_more = {">=": found >= bound, "<=": found <= bound, ">": found > bound, "<": found < bound}
    return less_or_more.get(sign, (found == bound) is (sign == "=="))


def _comparable(one: str, other: str) -> tuple[list[int], list[int]]:
    """Return the numbers of two versions, of the same length; suffixes (rc1, +local) are left out."""
    first, second = (list(map(int, re.findall(r"\d+", re.split(r"[A-Za-z+*]", text)[0]))) for text in (one, other))
    longest = max(len(first), len(second))
    return first + [0] * (longest - len(first)), second + [0] * (longest - len(second))


def _ports() -> int | None:
    try:
        low, high = map(int, _PORT_RANGE.read_text("ascii").split())
    except (OSError, ValueError):  # not Linux
        return None
    return high - low + 1
