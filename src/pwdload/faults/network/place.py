"""Where a fault of the network is made: a network namespace, and the tools that work in it."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pwdload.errors import FaultError
from pwdload.faults.running import Ended, cleaned, environment, run, shown

RunTool = Callable[[Sequence[str], str], Ended]
"""Runs a tool with a text on its standard input; raises `FaultError` when it cannot be started."""

_TOOL_WITHIN_S = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DEVICE_LENGTH_MAX = 15
_PACKAGES = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables"}


def run_tool(argv: Sequence[str], text_in: str = "") -> Ended:
    """Run a tool of the system, for at most ten seconds."""
    return run(argv, limit_s=_TOOL_WITHIN_S, text_in=text_in)


def missing_tool(*tools: str) -> str:
    """Return a sentence on the first of the tools that is missing; empty when all are there."""
    for tool in tools:
        if shutil.which(tool, path=environment()["PATH"]) is None:
            return f"{tool} is missing; install the package {_PACKAGES[tool]}"
    return ""


def first_complaint(ended: Ended) -> str:
    """Return the first line of what a tool complains of: nft points at the place in the lines after it."""
    lines = ended.err.decode(errors="replace").strip().splitlines()
    return cleaned(lines[0].strip().removeprefix("Error: ").rstrip(".")) if lines else "it does not say why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """A network namespace by its name; without a name, the one that this process is in."""

    name: str = ""
    run: RunTool = run_tool

    def __post_init__(self) -> None:
        if self.name and not _NAME.fullmatch(self.name):
            raise FaultError(f"namespace {self.name!r}: not a name; `ip netns list` shows those of this machine")

    def within(self, *argv: str) -> list[str]:
        """Return a command as it is run in the namespace."""
        return ["ip", "netns", "exec", self.name, *argv] if self.name else list(argv)

    def must(self, *argv: str, text_in: str = "") -> str:
        """Run a tool in the namespace and return what it tells.

        Raises:
            FaultError: it fails; the text has its own words.
        """
        ended = self.run(self.within(*argv), text_in)
        if ended.exit_code:
            raise FaultError(f"{shown(self.within(*argv))}: {first_complaint(ended)}")
        return ended.out

    def exists(self) -> bool:
        """Whether there is such a namespace."""
        if not self.name:
            return True
        if missing_tool("ip"):
            return False
        listed = self.run(["ip", "netns", "list"], "")
        return self.name in [line.split()[0] for line in listed.out.splitlines() if line.strip()]

    def require(self, device: str = "") -> None:
        """Return if the namespace is there, and the device in it.

        Raises:
            FaultError: one of them is not.
        """
        if not self.exists():
            raise FaultError(f"namespace {self.name}: there is none; make it with `ip netns add {self.name}`")
        if device and self.run(self.within("ip", "link", "show", "dev", device), "").exit_code:
            where = f" in namespace {self.name}" if self.name else ""
            raise FaultError(f"interface {device}: there is none{where}; `ip link` shows those there are")


def checked_device(device: str) -> str:
    """Return the name of an interface if it can be one.

    Raises:
        FaultError: it cannot.
    """
    if not _NAME.fullmatch(device) or len(device) > _DEVICE_LENGTH_MAX:
        raise FaultError(f"interface {device!r}: not the name of one, such as eth0; `ip link` shows those there are")
    return device
