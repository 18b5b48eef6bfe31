"""What a kind of fault is: its name, what it must be told, where it works, and what does its work."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pwdload.errors import FaultError
from pwdload.faults.door import Doorway
from pwdload.faults.stage import Place, Stage
from pwdload.faults.toxic import Scope, Stream, Toxic

BOTH_STREAMS = (Stream.UPSTREAM, Stream.DOWNSTREAM)
BOTH_SCOPES = (Scope.CONNECTION, Scope.REQUEST)

Value = int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One thing that a kind must be told: a whole number within bounds, one of some choices, or any text."""

    default: int | str
    """What is taken when nothing is said; its type is the attribute's."""
    words: str
    """What it is, for people, with its unit."""
    least: int = 0
    most: int = 2**53
    choices: tuple[int | str, ...] = ()
    """Every value there is; empty: any within the bounds, or any text."""

    @property
    def allowed(self) -> str:
        """What may be said, in words that end a sentence of refusal."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        if isinstance(self.default, str):
            return "a text"
        return f"a whole number from {self.least}" + (f" to {self.most}" if self.most < 2**53 else "")

    def takes(self, value: object) -> bool:
        """Whether this may be said."""
        if self.choices:
            return value in self.choices and not isinstance(value, bool)
        if isinstance(self.default, str):
            return isinstance(value, str)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return value == int(value) and self.least <= value <= self.most

    def plain(self, value: Value) -> int | str:
        """Return what is taken as it is kept: 100.0, which is how some clients write 100 in JSON, is 100."""
        return value if isinstance(value, str) else int(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault."""

    name: str
    """Toxiproxy's where it has the kind."""
    words: str
    """What it does, for people: one sentence without its subject."""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    streams: tuple[Stream, ...] = BOTH_STREAMS
    scopes: tuple[Scope, ...] = BOTH_SCOPES
    stage: Callable[[Place], Stage | None] = Stage
    """Makes what stands in the way of the bytes of one connection, or of one request or answer; none: it is not hit."""
    door: Callable[[Toxic], Doorway] = lambda _: Doorway.OPEN
    """What becomes of new connections while the toxic is there."""

    def checked(self, toxic: Toxic) -> Toxic:
        """Return the toxic with every attribute said; raises `FaultError` for what makes no sense."""
        place = f'toxic "{toxic.name}", {self.name}'
        if not 0 <= toxic.toxicity <= 1:
            raise FaultError(f"{place}: toxicity {toxic.toxicity}: must be from 0 to 1")
        _one_of(place, "stream", toxic.stream, self.streams)
        _one_of(place, "scope", toxic.scope, self.scopes)
        for name, value in toxic.attributes.items():
            if (attribute := self.attributes.get(name)) is None:
                known = ", ".join(self.attributes) or "none"
                raise FaultError(f'{place}: no attribute is named "{name}"; there are: {known}')
            if not attribute.takes(value):
                raise FaultError(f"{place}: {name} {value!r}: must be {attribute.allowed} ({attribute.words})")
        said = {name: a.plain(toxic.attributes.get(name, a.default)) for name, a in self.attributes.items()}
        full = replace(toxic, attributes=said)
        if self.door(full) is not Doorway.OPEN and (toxic.toxicity != 1 or toxic.scope is not Scope.CONNECTION):
            raise FaultError(f"{place}: new connections are turned away all or none: toxicity 1, scope connection")
        return full


def _one_of(place: str, what: str, value: Stream | Scope, allowed: tuple[Stream, ...] | tuple[Scope, ...]) -> None:
    if value not in allowed:
        raise FaultError(f"{place}: {what} {value}: it makes sense only with {' or '.join(allowed)}")
