"""Data come in small pieces."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Waiting


class Slicer(Waiting):
    """Cuts what comes, and hands on one piece after the other."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._average = int(place.toxic.attributes["average_size"])
        self._variation = int(place.toxic.attributes["size_variation"])
        self._delay_s = int(place.toxic.attributes["delay"]) / 1e6
        self._random = place.random()

    def data(self, data: bytes) -> None:
        """Take what comes."""
        at = 0
        while at < len(data):
            size = max(1, self._average + self._random.randint(-self._variation, self._variation))
            self.wait(data[at : at + size], max(self.place.now_s(), self.last_due_s + self._delay_s))
            at += size

    def end(self, how: End) -> None:
        """Take the end."""
        self.wait(how, self.last_due_s)


KIND = Kind(
    name="slicer",
    words="cuts data into small pieces, with a pause between them",
    attributes={
        "average_size": Attribute(default=64, least=1, words="bytes of a piece"),
        "size_variation": Attribute(default=0, words="bytes that a piece may have more or less"),
        "delay": Attribute(default=0, words="microseconds between two pieces"),
    },
    stage=Slicer,
)
