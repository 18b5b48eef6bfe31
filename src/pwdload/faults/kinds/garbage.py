"""What comes back means nothing."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage
from pwdload.faults.toxic import Stream


class Garbage(Stage):
    """Replaces an answer by random bytes, and closes."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._said = False

    def data(self, data: bytes) -> None:  # noqa: ARG002 - that is the fault
        """Say something else."""
        if not self._said:
            self._said = self.closes_when_healed = True
            self.onward.data(self.place.random().randbytes(int(self.place.toxic.attributes["bytes"])))
            self.onward.end(End.CLOSE)

    def end(self, how: End) -> None:
        """Hand on an end where there was no answer."""
        if not self._said:
            self.onward.end(how)


KIND = Kind(
    name="garbage",
    words="replaces answers by random bytes, and closes the connection",
    attributes={"bytes": Attribute(default=64, most=10_000_000, words="how many")},
    streams=(Stream.DOWNSTREAM,),
    stage=Garbage,
)
