"""What is sent is never heard of again."""

from pwdload.faults.door import Doorway
from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage
from pwdload.faults.toxic import Scope, Toxic


class BlackHole(Stage):
    """Swallows data and ends alike; nobody is told."""

    def data(self, data: bytes) -> None:  # noqa: ARG002 - that is the fault
        """Let it vanish: when the fault is healed there is a hole in the stream, so it cannot go on."""
        self.closes_when_healed = True

    def end(self, how: End) -> None:  # noqa: ARG002
        """Let it vanish."""
        self.closes_when_healed = True


def _stage(place: Place) -> Stage | None:
    return None if place.toxic.attributes["where"] == "connect" else BlackHole(place)


def _door(toxic: Toxic) -> Doorway:
    """At connect nobody can be told apart: "both" is there only where everybody is hit."""
    everybody = toxic.toxicity == 1 and toxic.scope is Scope.CONNECTION
    closed = toxic.attributes["where"] == "connect" or (toxic.attributes["where"] == "both" and everybody)
    return Doorway.UNANSWERED if closed else Doorway.OPEN


KIND = Kind(
    name="black_hole",
    words="swallows data on open connections, or the SYN of new ones, and tells nobody",
    attributes={
        "where": Attribute(
            default="both",
            choices=("open", "connect", "both"),
            words="on open connections, at connect (of all or none), or both, as far as all connections are hit",
        )
    },
    stage=_stage,
    door=_door,
)
