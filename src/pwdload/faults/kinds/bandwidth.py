"""Not more than so much a second."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Waiting

_PIECES_PER_S = 50
"""Into how many pieces a second's worth is cut, so that it flows instead of coming in lumps."""


class Bandwidth(Waiting):
    """Hands on each piece once there was time for it."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._bytes_per_s = int(place.toxic.attributes["rate"]) * 1000

    def data(self, data: bytes) -> None:
        """Take what comes."""
        if not self._bytes_per_s:
            self.onward.data(data)
            return
        size = max(1, self._bytes_per_s // _PIECES_PER_S)
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            begins_s = max(self.last_due_s, self.place.now_s())
            self.wait(piece, begins_s + len(piece) / self._bytes_per_s)

    def end(self, how: End) -> None:
        """Take the end, which comes after the last piece."""
        self.wait(how, self.last_due_s)


KIND = Kind(
    name="bandwidth",
    words="lets through only so many bytes a second",
    attributes={"rate": Attribute(default=0, words="KB/s, of 1,000 bytes; 0: no limit, as Toxiproxy has it")},
    stage=Bandwidth,
)
