"""Packets that leave an interface late, or not at all: `tc netem`.

It is at the root of the interface, under a handle of ours, one for each kind; that handle is the mark by which a later
process knows it. What the interface had by default comes back when it is deleted. There is one root only:
delay and loss at a time need two interfaces, or the two ends of a cable.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from pwdload.errors import FaultError
from pwdload.faults.guardian import Guardian
from pwdload.faults.network.place import Namespace, checked_device, missing_tool
from pwdload.faults.network.probe import require

Distribution = Literal["", "normal", "pareto", "paretonormal"]

_ROOT = re.compile(r"^qdisc (\S+) (\S+:) root", re.MULTILINE)
_DEFAULT = "0:"
"""Handle of what the kernel puts there by itself."""
_HEAL = 'tc qdisc show dev "$1" | grep -q "^qdisc netem $2 root" && tc qdisc del dev "$1" root'


class _Netem:
    """What delay and loss have in common."""

    handle: ClassVar[str]

    def __init__(self, namespace: Namespace, device: str) -> None:
        self._namespace = namespace
        self._device = checked_device(device)
        self._guardian: Guardian | None = None
        self._is_probed = False

    def check(self) -> None:
        """Return if this kernel has netem, and the interface is there and free."""
        if not self._is_probed:  # a kernel does not change in the midst of a run, and trying takes a while
            require("netem", self._namespace.run)
            self._is_probed = True
        self._namespace.require(self._device)
        self._refuse_foreign()

    def inject(self) -> None:
        """Put it at the root of the interface; what we or an earlier process of ours put there is replaced."""
        self._refuse_foreign()
        if self._guardian is None:
            watched = self._namespace.within("sh", "-c", _HEAL, "sh", self._device, self.handle)
            self._guardian = Guardian('"$@"', *watched)
        self._namespace.must("tc", "qdisc", "replace", *self._root(), "handle", self.handle, "netem", *self._what())
        if not self._is_there():
            raise FaultError(f"interface {self._device}: netem was set and is not there; look at `tc qdisc show`")

    def heal(self) -> None:
        """Delete it if it is there, whoever of us has put it there; a namespace that is gone has none."""
        if self._namespace.exists() and not missing_tool("tc") and self._is_there():
            self._namespace.must("tc", "qdisc", "del", *self._root())
            if self._is_there():
                raise FaultError(f"interface {self._device}: netem was deleted and is still there")
        if self._guardian is not None:
            self._guardian.dismiss()
            self._guardian = None

    def _what(self) -> list[str]:
        raise NotImplementedError

    def _root(self) -> list[str]:
        return ["dev", self._device, "root"]

    def _is_there(self) -> bool:
        return ("netem", self.handle) in self._at_root()

    def _at_root(self) -> list[tuple[str, str]]:
        """Return kind and handle of what is there."""
        return _ROOT.findall(self._namespace.must("tc", "qdisc", "show", "dev", self._device))

    def _refuse_foreign(self) -> None:
        for kind, handle in self._at_root():
            if handle != _DEFAULT and (kind, handle) != ("netem", self.handle):
                raise FaultError(
                    f"interface {self._device}: has a qdisc that is not this fault's ({kind} {handle}); delete it, "
                    "or name another interface"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How late packets leave."""

    mean_s: float
    jitter_s: float = 0.0
    """How far single packets are off the mean; more than the time between two of them also changes their order."""
    distribution: Distribution = ""
    """Of the jitter; empty for uniform."""

    def __post_init__(self) -> None:
        if not (0 < self.mean_s <= 60 and 0 <= self.jitter_s <= self.mean_s):
            raise FaultError(
                f"delay of {self.mean_s:g} s with a jitter of {self.jitter_s:g} s: allowed are delays up to 60 s, and "
                "jitter up to the delay"
            )
        if self.distribution and not self.jitter_s:
            raise FaultError(f"distribution {self.distribution} of a jitter of 0 s; give it a jitter, or leave it out")


class NetemDelay(_Netem):
    """Packets leave late."""

    handle = "7077:"

    def __init__(self, namespace: Namespace, device: str, delay: Delay) -> None:
        super().__init__(namespace, device)
        self._delay = delay

    def _what(self) -> list[str]:
        delay = self._delay
        jitter = [_ms(delay.jitter_s)] if delay.jitter_s else []
        return [
            "delay",
            _ms(delay.mean_s),
            *jitter,
            *(["distribution", delay.distribution] if delay.distribution else []),
        ]


class NetemLoss(_Netem):
    """A share of the packets, from above 0 to 1, does not leave."""

    handle = "7078:"

    def __init__(self, namespace: Namespace, device: str, share: float) -> None:
        super().__init__(namespace, device)
        if not 0 < share <= 1:
            raise FaultError(f"loss of a share of {share:g}: allowed is above 0, up to 1")
        self._share = share

    def _what(self) -> list[str]:
        return ["loss", f"{self._share * 100:.6g}%"]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f}ms"
