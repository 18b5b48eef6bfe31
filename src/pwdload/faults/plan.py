"""What is injected when: the faults of a scenario as injections on the run's clock, and as toxics of the proxy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from pwdload.faults.kinds import KINDS
from pwdload.faults.toxic import Scope, Stream, Toxic
from pwdload.injections import Injection, Means
from pwdload.scenario.faults import NETWORK_KINDS, PROXY_KINDS, Fault
from pwdload.scenario.stages import Stage

_MS: Final = {"latency", "jitter", "delay", "after"}
"""Keys that Toxiproxy takes in milliseconds."""
_ATTRIBUTES: Final = {"after": "timeout", "kilobytes_per_s": "rate", "http_status": "status"}
"""Names of keys that the control API calls otherwise."""
_BY_REQUEST: Final = frozenset({"drop_answer", "garbage"})
"""Kinds that are meant of answers, where nothing else is stated, though they can be had of whole connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One injection as it is planned."""

    fault: Fault
    means: Means
    repeat: int
    """The how many-th of this fault."""
    start_s: float
    """On the run's clock."""
    end_s: float

    def injection(self) -> Injection:
        """Return what is kept of it before anything has happened."""
        toxic = toxic_of(self.fault) if self.means == "proxy" else None
        return Injection(
            fault=self.fault.name,
            kind=self.fault.kind,
            means=self.means,
            direction=toxic.stream.value if toxic is not None else "",
            scope=toxic.scope.value if toxic is not None else "",
            share=self.fault.share,
            attributes=self.fault.told_in_words(),
            repeat=self.repeat,
            planned_start_s=self.start_s,
            planned_end_s=self.end_s,
        )


def plan_faults(faults: Sequence[Fault], stages: Sequence[Stage]) -> tuple[Planned, ...]:
    """Return every injection in the order of its start; an overload begins and ends with its stage."""
    return tuple(sorted(_planned(faults, stages), key=lambda one: (one.start_s, one.fault.name)))


def _planned(faults: Sequence[Fault], stages: Sequence[Stage]) -> Iterator[Planned]:
    for fault in faults:
        if fault.kind == "overload":
            stage = next(stage for stage in stages if stage.name == fault.stage)
            yield Planned(fault=fault, means="load", repeat=1, start_s=stage.start_s, end_s=stage.end_s)
            continue
        at_s, for_s = fault.at_s or 0.0, fault.for_s or 0.0
        for number in range(fault.repeat):
            start_s = at_s + number * (for_s + (fault.pause_s or 0.0))
            yield Planned(
                fault=fault, means=means_of(fault.kind), repeat=number + 1, start_s=start_s, end_s=start_s + for_s
            )


def next_after(one: Planned, planned: Sequence[Planned]) -> float:
    """Return when the next injection begins that does not begin before this one has ended; infinite: none does."""
    return min((other.start_s for other in planned if other.start_s >= one.end_s), default=inf)


def means_of(kind: str) -> Means:
    """Return what a kind of fault is done with."""
    if kind in PROXY_KINDS:
        return "proxy"
    if kind in NETWORK_KINDS:
        return "network"
    return "load" if kind == "overload" else "process"


def toxic_of(fault: Fault, seed: int = 0) -> Toxic:
    """Return a fault of the proxy as the control API takes it; `seed` is what its draws depend on."""
    kind = KINDS[fault.kind]
    usual = Stream.DOWNSTREAM if Stream.DOWNSTREAM in kind.streams else Stream.UPSTREAM
    by_request = Scope.REQUEST in kind.scopes and (fault.kind in _BY_REQUEST or fault.share < 1.0)
    by_request = by_request or Scope.CONNECTION not in kind.scopes
    return Toxic(
        name=fault.name,
        kind=fault.kind,
        stream=Stream(fault.direction) if fault.direction is not None else usual,
        toxicity=fault.share,
        scope=Scope(fault.scope) if fault.scope is not None else Scope.REQUEST if by_request else Scope.CONNECTION,
        seed=seed,
        attributes=_attributes(fault),
    )


def _attributes(fault: Fault) -> Mapping[str, int | float | str]:
    attributes: dict[str, int | float | str] = {}
    for key, value in fault.told().items():
        scaled = value
        if key in _MS and isinstance(value, float):
            # A slice's delay is so short that Toxiproxy gives it in microseconds.
            scaled = round(value * (1e6 if fault.kind == "slicer" else 1e3))
        elif key == "retry_after":
            scaled = round(float(value))
        attributes[_ATTRIBUTES.get(key, key)] = scaled
    return attributes
