"""What this machine's kernel and tools can do to the network, found by trying, in a namespace that is deleted again."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pwdload.errors import FaultError
from pwdload.faults.network.place import Namespace, RunTool, first_complaint, missing_tool, run_tool

Name = Literal["netem", "nft"]

_NFT_TRIAL = """
table inet pwdload_probe {
  chain arriving {
    type filter hook input priority -10; policy accept;
    tcp dport 9 drop
    tcp dport 8 reject with tcp reset
  }
}
"""
_NOT_ALLOWED = ("not permitted", "denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Whether one kind of fault can be made here."""

    name: Name
    lacking: str
    """Why it cannot, in one sentence; empty when it can."""

    @property
    def is_available(self) -> bool:
        """Whether it can be made."""
        return not self.lacking


def probe(run: RunTool = run_tool) -> Mapping[Name, Capability]:
    """Try everything in a namespace of its own, and return what works. Takes some 50 ms; leaves nothing behind."""
    namespace = Namespace(name=f"pwdload-probe-{os.getpid()}", run=run)
    without = missing_tool("ip") or _refused(run, ["ip", "netns", "add", namespace.name], "network namespaces")
    if without:
        return _capabilities(netem=without, nft=without)
    try:
        return _capabilities(netem=_netem(namespace), nft=_nft(namespace))
    finally:
        with suppress(FaultError):
            run(["ip", "netns", "delete", namespace.name], "")


def require(name: Name, run: RunTool = run_tool) -> None:
    """Return if a kind of fault can be made here.

    Raises:
        FaultError: it cannot; the text says why.
    """
    capability = probe(run)[name]
    if not capability.is_available:
        raise FaultError(f"{name} is not available on this machine: {capability.lacking}")


def _capabilities(*, netem: str, nft: str) -> Mapping[Name, Capability]:
    return {"netem": Capability(name="netem", lacking=netem), "nft": Capability(name="nft", lacking=nft)}


def _netem(namespace: Namespace) -> str:
    trial = namespace.within("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms", "loss", "1%")
    return missing_tool("tc") or _refused(namespace.run, trial, "netem (module sch_netem)")


def _nft(namespace: Namespace) -> str:
    trial = namespace.within("nft", "-f", "-")
    return missing_tool("nft") or _refused(namespace.run, trial, "nftables (module nf_tables)", _NFT_TRIAL)


def _refused(run: RunTool, argv: list[str], what: str, text_in: str = "") -> str:
    """Return why a trial fails, in one sentence; empty when it succeeds."""
    try:
        ended = run(argv, text_in)
    except FaultError as error:
        return str(error)
    if not ended.exit_code:
        return ""
    words = first_complaint(ended)
    if any(word in words.lower() for word in _NOT_ALLOWED):
        return f"no permission for {what} ({words}); run as root"
    return f"the kernel does not have {what} ({words})"
