"""The connection is broken off."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage


class ResetPeer(Stage):
    """Takes the first data, hands them on to nobody, and after a time breaks the connection off on both sides."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._timeout_s = int(place.toxic.attributes["timeout"]) / 1000
        self._hit = False

    def data(self, data: bytes) -> None:  # noqa: ARG002 - that is the fault
        """Break it off."""
        if self._hit:
            return
        self._hit = self.closes_when_healed = True
        if self._timeout_s:
            self.place.later(self.place.now_s() + self._timeout_s, lambda: self.onward.end(End.RESET))
        else:
            self.onward.end(End.RESET)

    def end(self, how: End) -> None:
        """Hand on an end before any data; after that, ours is on its way."""
        if not self._hit:
            self.onward.end(how)


KIND = Kind(
    name="reset_peer",
    words="breaks the connection off with RST, on both sides, when data come",
    attributes={"timeout": Attribute(default=0, words="milliseconds from the first data to the reset")},
    stage=ResetPeer,
)
