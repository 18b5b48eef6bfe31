"""The target has done what was asked for, and the client does not get to know."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Stage
from pwdload.faults.toxic import Stream

_THEN = {"close": End.CLOSE, "reset": End.RESET}


class DropAnswer(Stage):
    """Lets an answer vanish: the whole of it where answers are told apart, else whatever the target says."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._then = _THEN.get(str(place.toxic.attributes["then"]))
        self._hit = False

    def data(self, data: bytes) -> None:  # noqa: ARG002 - that is the fault
        """Let it vanish."""
        first, self._hit, self.closes_when_healed = not self._hit, True, True
        if first and self._then is not None and not self.place.per_message:
            self.onward.end(self._then)

    def end(self, how: End) -> None:
        """Do what comes after the answer."""
        if how is End.RESET or not self.closes_when_healed:
            self.onward.end(how)
        elif self._then is not None:
            self.onward.end(self._then)


KIND = Kind(
    name="drop_answer",
    words="drops answers of the target, which has applied what it was asked for",
    attributes={
        "then": Attribute(
            default="hang",
            choices=("hang", "close", "reset"),
            words="what the client sees in its place: nothing, until the fault is healed, or the connection's end",
        )
    },
    streams=(Stream.DOWNSTREAM,),
    stage=DropAnswer,
)
