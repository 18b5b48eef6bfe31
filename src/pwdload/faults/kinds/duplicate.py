"""The target is given a request more than once."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage
from pwdload.faults.toxic import Scope, Stream

_MOST_BYTES = 1024 * 1024
"""A larger request is delivered once: it would have to be kept."""


class Duplicate(Stage):
    """Hands on a request, and delivers it again when it is complete."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._request = bytearray()
        self._size = 0

    def data(self, data: bytes) -> None:
        """Keep what is handed on."""
        self._size += len(data)
        if self._size <= _MOST_BYTES:
            self._request += data
        self.onward.data(data)

    def end(self, how: End) -> None:
        """Deliver a complete request again."""
        self.onward.end(how)
        if how is End.MESSAGE and self._size <= _MOST_BYTES:
            self.place.deliver_again(bytes(self._request), int(self.place.toxic.attributes["copies"]))


KIND = Kind(
    name="duplicate",
    words="delivers requests again, over connections of their own, and throws the extra answers away",
    attributes={"copies": Attribute(default=1, least=1, most=5, words="how often besides the request itself")},
    streams=(Stream.UPSTREAM,),
    scopes=(Scope.REQUEST,),
    stage=Duplicate,
)
