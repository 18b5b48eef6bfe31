"""Everything arrives later."""

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Place, Waiting

_PARETO_SHAPE = 3.0
"""As `tc netem` has it: heavy-tailed, with a mean and a variance."""


class Latency(Waiting):
    """Hands on each piece of a connection, or a whole message, after a time of its own, in order."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._latency_ms = float(place.toxic.attributes["latency"])
        self._jitter_ms = float(place.toxic.attributes["jitter"])
        self._distribution = place.toxic.attributes["distribution"]
        self._random = place.random() if self._jitter_ms else None
        self._of_message_s = self._delay_s() if place.per_message else None

    def data(self, data: bytes) -> None:
        """Take what comes."""
        self.wait(data, self.place.now_s() + self._next_s())

    def end(self, how: End) -> None:
        """Take the end: it travels like data."""
        self.wait(how, self.last_due_s if how is End.MESSAGE else self.place.now_s() + self._next_s())

    def _next_s(self) -> float:
        return self._delay_s() if self._of_message_s is None else self._of_message_s

    def _delay_s(self) -> float:
        return max(0.0, self._latency_ms + self._extra_ms()) / 1000

    def _extra_ms(self) -> float:
        jitter_ms, random = self._jitter_ms, self._random
        if random is None:
            return 0.0
        match self._distribution:
            case "normal":
                return random.gauss(0.0, jitter_ms)
            case "exponential":
                return random.expovariate(1 / jitter_ms)
            case "pareto":
                return (random.paretovariate(_PARETO_SHAPE) - 1) * (_PARETO_SHAPE - 1) * jitter_ms
        return random.uniform(-jitter_ms, jitter_ms)


KIND = Kind(
    name="latency",
    words="delays what is sent",
    attributes={
        "latency": Attribute(default=0, words="milliseconds"),
        "jitter": Attribute(default=0, words="milliseconds; of what is added or, if uniform, taken away as well"),
        "distribution": Attribute(
            default="uniform",
            choices=("uniform", "normal", "exponential", "pareto"),
            words="uniform: latency +- jitter; normal: jitter is the deviation; else: its mean comes on top",
        ),
    },
    stage=Latency,
)
