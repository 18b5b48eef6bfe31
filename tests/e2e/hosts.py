"""Two hosts on one machine: network namespaces with a cable between them, and a monotonic clock each.

Made only where the machine allows it (root, iproute2, util-linux, a kernel with time namespaces).
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

MASTER_ADDRESS = "10.213.77.1"
WORKER_ADDRESS = "10.213.77.2"
CLOCK_AHEAD_S = 5_000
"""By how much the worker's monotonic clock is ahead of the master's."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Names of the two network namespaces."""

    master: str
    worker: str

    def on_master(self, command: Sequence[str]) -> list[str]:
        """Return the command as it is run on the master's host."""
        return ["ip", "netns", "exec", self.master, *command]

    def on_worker(self, command: Sequence[str]) -> list[str]:
        """Return the command as it is run on the worker's host, whose clock differs."""
        clock = ["unshare", "--time", "--monotonic", str(CLOCK_AHEAD_S), "--fork", "--kill-child=SIGKILL"]
        return ["ip", "netns", "exec", self.worker, *clock, *command]


def lacking() -> str:
    """Return what this machine lacks for two hosts; empty when it can have them."""
    if os.geteuid() != 0:
        return "not root"
    missing = [tool for tool in ("ip", "unshare") if shutil.which(tool) is None]
    if missing:
        return f"no {', '.join(missing)}"
    tries = (["unshare", "--time", "--monotonic", "1", "--fork", "true"], ["unshare", "--net", "true"])
    failed = [tried for tried in tries if subprocess.run(tried, capture_output=True, check=False).returncode]
    return f"not allowed: {' '.join(failed[0])}" if failed else ""


@contextmanager
def two_hosts() -> Iterator[Hosts]:
    """Make two hosts and take them away again."""
    hosts = Hosts(f"pwdload-m{os.getpid()}", f"pwdload-w{os.getpid()}")
    try:
        for name in (hosts.master, hosts.worker):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        cable = ("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", hosts.worker)
        _ip("-n", hosts.master, *cable)
        for name, address in ((hosts.master, MASTER_ADDRESS), (hosts.worker, WORKER_ADDRESS)):
            _ip("-n", name, "address", "add", f"{address}/30", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
        yield hosts
    finally:
        for name in (hosts.master, hosts.worker):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
