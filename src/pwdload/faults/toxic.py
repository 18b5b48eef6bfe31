"""A fault as it is set on a proxy: the value that scenario, control API and proxy exchange.

Toxiproxy's words where it has them (toxic, stream, toxicity, and its names and units of attributes), so that one value
drives the embedded proxy and a real Toxiproxy alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Stream(StrEnum):
    """Which way the affected bytes go."""

    UPSTREAM = "upstream"
    """From client to target: what is lost here was never applied."""
    DOWNSTREAM = "downstream"
    """From target to client: what is lost here was applied, and the client does not know."""


class Scope(StrEnum):
    """What the share is a share of."""

    CONNECTION = "connection"
    """Drawn once per connection and toxic, as Toxiproxy does: with keep-alive, 30 % are 30 % of the users."""
    REQUEST = "request"
    """Drawn for each request. Only the embedded proxy can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """One fault on one proxy."""

    name: str
    kind: str
    """What is done, such as ``latency``: Toxiproxy's ``type``; a name of `pwdload.faults.kinds`."""
    stream: Stream = Stream.DOWNSTREAM
    toxicity: float = 1.0
    """Share of the connections or requests that are affected, from 0 to 1."""
    scope: Scope = Scope.CONNECTION
    seed: int = 0
    """What the draws depend on, besides the number of the connection or request."""
    attributes: Mapping[str, int | float | str] = field(default_factory=dict)
    """What the kind needs to know, in Toxiproxy's units: milliseconds, bytes, KB/s (1 KB = 1,000 bytes)."""
