"""Data are cut off, and the connection is closed."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage

_HEAD_ENDS = b"\r\n\r\n"


class LimitData(Stage):
    """Hands on so many bytes, of the stream or behind the first head of HTTP in it, and closes."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._left = int(place.toxic.attributes["bytes"])
        self._in_head = place.toxic.attributes["part"] == "body"
        self._seen = b""
        self._cut = False

    def data(self, data: bytes) -> None:
        """Take what comes, as long as there is something left of the limit."""
        if self._cut:
            return
        head = self._of_head(data) if self._in_head else 0
        if self._in_head:
            self.onward.data(data)
            return
        passing = head + self._left
        self._left = max(0, passing - len(data))
        if head or passing > 0:
            self.onward.data(data[:passing])
        if not self._left:
            self._cut = self.closes_when_healed = True
            self.onward.end(End.CLOSE)

    def end(self, how: End) -> None:
        """Hand on an end that comes before the limit."""
        if not self._cut:
            self.onward.end(how)

    def _of_head(self, data: bytes) -> int:
        """Return how many of these bytes belong to the head."""
        before = self._seen
        at = (before + data).find(_HEAD_ENDS)
        self._in_head = at < 0
        self._seen = (before + data)[-len(_HEAD_ENDS) + 1 :]
        return len(data) if at < 0 else at + len(_HEAD_ENDS) - len(before)


KIND = Kind(
    name="limit_data",
    words="cuts data off after so many bytes, and closes the connection",
    attributes={
        "bytes": Attribute(default=0, words="how many still pass"),
        "part": Attribute(
            default="stream",
            choices=("stream", "body"),
            words="counted from the first byte, or behind the head of the HTTP message (sizes of chunks count)",
        ),
    },
    stage=LimitData,
)
