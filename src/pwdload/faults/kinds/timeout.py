"""Nothing comes any more, and then the connection is closed."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage


class Timeout(Stage):
    """Hands on nothing, and closes after a time: since the toxic is on, or since a message has begun."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._timeout_s = int(place.toxic.attributes["timeout"]) / 1000
        if not place.per_message:
            self._begin()

    def data(self, data: bytes) -> None:  # noqa: ARG002 - that is the fault
        """Let it vanish."""
        if not self.closes_when_healed:
            self._begin()

    def end(self, how: End) -> None:
        """Let an end vanish with the data; who has broken off wants nothing any more."""
        if how is End.RESET:
            self.onward.end(how)

    def _begin(self) -> None:
        self.closes_when_healed = True  # Toxiproxy closes all that it has held, and so do we
        if self._timeout_s:
            self.place.later(self.place.now_s() + self._timeout_s, lambda: self.onward.end(End.CLOSE))


KIND = Kind(
    name="timeout",
    words="stops all data, and closes the connection after a time",
    attributes={"timeout": Attribute(default=0, words="milliseconds; 0: closed when the fault is healed, not before")},
    stage=Timeout,
)
