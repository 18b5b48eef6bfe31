"""What all connections of one proxy have in common: the toxics that are on, and the counts."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pwdload.faults.draws import Draws
from pwdload.faults.kind import Kind
from pwdload.faults.toxic import Scope, Stream, Toxic

if TYPE_CHECKING:
    from pwdload.faults.link import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyCounts:
    """What a proxy has done since it was made."""

    connections: int
    """Connections that clients have made."""
    open: int
    """How many there are now."""
    unreachable: int
    """Those that were reset at once: the target was not there, or there was no TLS with it, or with the client."""
    requests: int
    """Requests that were seen as such: only while a toxic of scope request was on."""
    affected: Mapping[str, int]
    """Connections or requests that each toxic has hit, by its name; those that were removed included.

    A connection that was refused, or never answered, is not seen and not counted: that is the kernel's doing.
    """
    bytes_upstream: int
    bytes_downstream: int
    """What came from clients, and what came from the target; what faults have done to it notwithstanding."""


@dataclass(frozen=True, slots=True)
class Active:
    """A toxic that is on."""

    toxic: Toxic
    kind: Kind
    draws: Draws
    per_message: bool
    """Whether it looks at each request for itself."""
    upstream: bool
    """Whether it works on what comes from the client."""

    @classmethod
    def of(cls, toxic: Toxic, kind: Kind) -> "Active":
        """Return it with its draws."""
        upstream, per_message = toxic.stream is Stream.UPSTREAM, toxic.scope is Scope.REQUEST
        return cls(toxic, kind, Draws(toxic), per_message, upstream)


@dataclass(slots=True)
class Links:
    """The open connections, the toxics in the order of their adding, and the counts."""

    deliver_again: Callable[[bytes, int], None]
    """Sends a request so many times more, over connections of its own."""
    active: dict[str, Active] = field(default_factory=dict)
    per_message: tuple[Active, ...] = ()
    """Those of them that look at each request for itself."""
    opened: "set[Link]" = field(default_factory=set)
    affected: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    requests: int = 0
    unreachable: int = 0
    _carried: tuple[int, int] = (0, 0)

    def gone(self, link: "Link") -> None:
        """Count what a connection has carried that is there no more."""
        if link in self.opened:
            self.opened.remove(link)
            up, down = self._carried
            self._carried = (up + link.carried[0], down + link.carried[1])

    def add(self, active: Active) -> None:
        """Turn a toxic on, on open connections too."""
        self._note(active)
        for link in tuple(self.opened):
            link.attach(active)

    def replace(self, active: Active) -> None:
        """Turn a toxic into another of the same name."""
        self._note(active)
        for link in tuple(self.opened):
            link.replace(active)

    def remove(self, name: str) -> None:
        """Turn a toxic off, on open connections too."""
        del self.active[name]
        self.per_message = tuple(active for active in self.active.values() if active.per_message)
        for link in tuple(self.opened):
            link.detach(name)

    def counts(self) -> ProxyCounts:
        """Return the counts as they are now."""
        carried = [self._carried, *(link.carried for link in self.opened)]
        return ProxyCounts(
            connections=self.connections,
            open=len(self.opened),
            unreachable=self.unreachable,
            requests=self.requests,
            affected={name: self.affected[name] for name in {**self.affected, **self.active}},
            bytes_upstream=sum(up for up, _ in carried),
            bytes_downstream=sum(down for _, down in carried),
        )

    def _note(self, active: Active) -> None:
        self.active[active.toxic.name] = active
        self.per_message = tuple(active for active in self.active.values() if active.per_message)
