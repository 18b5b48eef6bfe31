"""The rate of a stage of open arrivals: as the file spells it, and as pieces between which it is linear."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema

from pwdload.scenario.fields import Duration, DurationOrNone, RateOrNone, Whole
from pwdload.units import format_duration, format_rate


class RatePiece(NamedTuple):
    """A piece of the plan of arrivals, in plain values: within it the rate changes evenly, or not at all."""

    stage: str
    start_s: float
    """On the run's clock."""
    end_s: float
    """The start of the next piece, to the last bit."""
    from_per_s: float
    to_per_s: float

    @property
    def arrivals(self) -> float:
        """How many arrivals it brings; not always a whole number."""
        return (self.from_per_s + self.to_per_s) / 2 * (self.end_s - self.start_s)


class Ramp(BaseModel):
    """A rate that changes evenly over the stage, or in steps; a rate that stays is a ramp from it to itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_per_s: RateOrNone = Field(alias="from", description="Rate at the stage's beginning.")
    to_per_s: RateOrNone = Field(alias="to", description="Rate at the stage's end.")
    steps: Whole | None = Field(
        default=None,
        ge=2,
        le=1_000,
        description="In how many steps of equal length the rate goes from the one to the other, both held for one "
        "step; without it, evenly.",
    )

    @classmethod
    def always(cls, rate: object) -> Self:
        """Return the rate that a single text such as "50/s" stands for.

        Raises `ValueError` for anything else.
        """
        per_s = _SINGLE_RATE.validate_python(rate)
        return cls.model_construct(_fields_set={"from_per_s", "to_per_s"}, from_per_s=per_s, to_per_s=per_s)

    @property
    def words(self) -> str:
        """The rate for a person to read."""
        if self.from_per_s == self.to_per_s:
            return format_rate(self.from_per_s)
        steps = f" in {self.steps} steps" if self.steps else ""
        return f"{format_rate(self.from_per_s)} to {format_rate(self.to_per_s)}{steps}"

    def pieces(self, stage: str, start_s: float, end_s: float) -> Iterator[RatePiece]:
        """Yield the rate of a stage as pieces that follow one another from its start to its end."""
        if self.steps is None:
            yield RatePiece(stage, start_s, end_s, self.from_per_s, self.to_per_s)
            return
        borders_s = [start_s + (end_s - start_s) * step / self.steps for step in range(self.steps)] + [end_s]
        for step in range(self.steps):
            share = step / (self.steps - 1)
            per_s = self.from_per_s * (1 - share) + self.to_per_s * share
            yield RatePiece(stage, borders_s[step], borders_s[step + 1], per_s, per_s)


class Spike(BaseModel):
    """A rate that jumps up (or down) for a while, and back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_per_s: RateOrNone = Field(alias="base", description="Rate before and after the spike.")
    spike_per_s: RateOrNone = Field(alias="spike", description="Rate during the spike.")
    at_s: DurationOrNone = Field(alias="at", description="When the spike begins, from the stage's beginning on.")
    for_s: Duration = Field(alias="for", description="How long the spike lasts; it ends within its stage.")

    @property
    def words(self) -> str:
        """The rate for a person to read."""
        spike = f"{format_rate(self.spike_per_s)} at {format_duration(self.at_s)} for {format_duration(self.for_s)}"
        return f"{format_rate(self.base_per_s)}, {spike}"

    def pieces(self, stage: str, start_s: float, end_s: float) -> Iterator[RatePiece]:
        """Yield the rate of a stage as pieces that follow one another from its start to its end."""
        up_s, down_s = start_s + self.at_s, min(start_s + round(self.at_s + self.for_s, 9), end_s)
        around = ((start_s, up_s, self.base_per_s), (up_s, down_s, self.spike_per_s), (down_s, end_s, self.base_per_s))
        for begin_s, until_s, per_s in around:
            if begin_s < until_s:
                yield RatePiece(stage, begin_s, until_s, per_s, per_s)


_SINGLE_RATE: Final = TypeAdapter[float](RateOrNone)
_RAMP_KEYS: Final = frozenset({"from", "to", "steps"})
_SPIKE_KEYS: Final = frozenset({"base", "spike", "at", "for"})
_WORDS: Final = (
    'a rate such as "50/s", or a table such as { from = "20/s", to = "200/s" }, '
    '{ from = "20/s", to = "200/s", steps = 6 } or { base = "20/s", spike = "200/s", at = "10s", for = "5s" }'
)


def _shape(value: object) -> Ramp | Spike:
    """Read a single rate as one that stays, and a table as what its keys make it."""
    if isinstance(value, Ramp | Spike):
        return value
    if not isinstance(value, dict):
        return Ramp.always(value)
    if _RAMP_KEYS & value.keys() and _SPIKE_KEYS & value.keys():
        raise ValueError(f"keys of a ramp and of a spike; allowed is {_WORDS}")
    return Spike.model_validate(value) if _SPIKE_KEYS & value.keys() else Ramp.model_validate(value)


class _SingleToo:
    """Describes a single rate beside the tables."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> Mapping[str, Any]:
        return {"title": _WORDS, "anyOf": [_SINGLE_RATE.json_schema(), *handler(core_schema)["anyOf"]]}


StageRate = Annotated[Ramp | Spike, BeforeValidator(_shape), _SingleToo]
"""Arrivals per second over a stage."""
