"""The connection is closed later than its end says."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Waiting
from pwdload.faults.toxic import Scope


class SlowClose(Waiting):
    """Hands on the end after a time."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._delay_s = int(place.toxic.attributes["delay"]) / 1000

    def end(self, how: End) -> None:
        """Take the end."""
        self.wait(how, self.place.now_s() + self._delay_s)


KIND = Kind(
    name="slow_close",
    words="closes, or breaks off, later",
    attributes={"delay": Attribute(default=0, words="milliseconds")},
    scopes=(Scope.CONNECTION,),
    stage=SlowClose,
)
