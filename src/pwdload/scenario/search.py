"""The table [search]: looks for the highest rate that keeps the criteria, in place of stages."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from pwdload.scenario.fields import Duration, Percent, Rate, Whole
from pwdload.scenario.tables import Load, Table
from pwdload.units import format_duration, format_rate, format_share

_SETTLING_SHARE: Final = 0.25
_GAP_S: Final = 6.0
"""About how long a level takes beyond its hold, while it is judged."""
_LEVELS_LEAST: Final = 8
"""A search is refused whose budget is not even enough for so many levels."""

_PERCENT: Final = r"^\s*(\d{1,4}(?:\.\d{1,6})?)\s*%\s*$"


def _percent(least: float, most: float) -> BeforeValidator:
    """Make a validator that reads a share such as "120%", or 1.2, and holds it against its limits."""
    allowed = f"{least * 100:g}% to {most * 100:g}%"

    def read(value: object) -> float:
        match = re.match(_PERCENT, value) if isinstance(value, str) else None
        if match is None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"not a share; allowed is {allowed}")
        share = float(match[1]) / 100 if match else float(str(value))
        if not least <= share <= most:
            raise ValueError(f"too {'little' if share < least else 'much'}; allowed is {allowed}")
        return share

    return BeforeValidator(read)


def _percent_schema(least: float, most: float, example: str) -> WithJsonSchema:
    words = f"a share from {least * 100:g}% to {most * 100:g}%"
    number = {"type": "number", "minimum": least, "maximum": most}
    return WithJsonSchema(
        {"title": words, "anyOf": [{"type": "string", "pattern": _PERCENT}, number], "examples": [example]}
    )


Beyond = Annotated[float, _percent(1.01, 5.0), _percent_schema(1.01, 5.0, "120%")]
Resolution = Annotated[float, _percent(0.005, 0.2), _percent_schema(0.005, 0.2, "2%")]


class AbortWhen(Table):
    """What ends a level at once, for the target's sake: looked at each second, over the last five of them."""

    failed_share: Percent | None = Field(default=None, description="More than this share of the exchanges fails.")
    shed: Percent | None = Field(
        default=None, description="More than this share of the exchanges is turned away for want of room."
    )
    p99_s: Duration | None = Field(
        default=None, alias="p99", description="1 of 100 exchanges takes longer than this, of those that are done."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.failed_share is None and self.shed is None and self.p99_s is None:
            raise ValueError('says nothing; give failed_share = "20%", shed = "5%", p99 = "10s" or several of them')
        return self


class Search(Table):
    """Looks for the highest rate of flows that keeps the criteria of [slo], level by level."""

    from_per_s: Rate = Field(alias="from", description="The lowest rate, which comes first: one that is surely kept.")
    to_per_s: Rate = Field(alias="to", description="The highest rate that is to be tried on the way to the limit.")
    resolution: Resolution = Field(
        default=0.02,
        description="How well the capacity is to be known: half the width of its 95 % interval, as a share of it.",
        json_schema_extra={"default": "2%"},
    )
    hold_s: Duration = Field(
        default="30s",
        alias="hold",
        validate_default=True,
        description="How long a level's rate is held and counts, after it has settled; up to three times as long where "
        "nobody can tell.",
    )
    settle_s: Duration | None = Field(
        default=None,
        alias="settle",
        description="How long a level's rate is held before anything counts, so that the queue forgets what came "
        "before. Without it, a quarter of hold.",
    )
    repeats: Whole = Field(
        default=6, ge=2, le=50, description="At least so many levels are played around the limit once it is known."
    )
    beyond: Beyond = Field(
        default=1.2,
        description="The step past the limit at the end, as a share of the capacity.",
        json_schema_extra={"default": "120%"},
    )
    budget_s: Duration = Field(
        default="20m",
        alias="budget",
        validate_default=True,
        description="The search ends within so long; what is not known by then is left open. -t shortens it.",
    )
    abort_when: AbortWhen = Field(
        default=AbortWhen.model_validate({"failed_share": "20%", "p99": "10s"}),
        description="What ends a level at once and counts it as broken, to protect the target.",
        json_schema_extra={"default": {"failed_share": "20%", "p99": "10s"}},
    )
    at_least_per_s: Rate | None = Field(
        default=None,
        alias="at_least",
        description="The capacity must be this or more for the run to pass; without it, finding it is enough.",
    )

    @property
    def settling_s(self) -> float:
        """How long a level is held before anything counts, in seconds."""
        return self.settle_s if self.settle_s is not None else _SETTLING_SHARE * self.hold_s

    @property
    def level_s(self) -> float:
        """How long a level takes that is not held longer, in seconds."""
        return self.settling_s + self.hold_s + _GAP_S

    @property
    def words(self) -> Iterator[str]:
        """What the search does, for a person to read."""
        yield (
            f"from {format_rate(self.from_per_s)} up to {format_rate(self.to_per_s)}, until the capacity is known to "
            f"within {format_share(self.resolution)}"
        )
        yield (
            f"each level {format_duration(self.settling_s)} to settle, then {format_duration(self.hold_s)} that count, "
            f"up to {format_duration(3 * self.hold_s)} where nobody can tell"
        )
        yield f"at least {self.repeats} levels at the limit, one at {self.beyond * 100:g} % of it, and back"
        aborts = self.abort_when
        parts = [f"more than {format_share(aborts.failed_share)} fail"] if aborts.failed_share is not None else []
        parts += [f"more than {format_share(aborts.shed)} are turned away"] if aborts.shed is not None else []
        parts += [f"p99 passes {format_duration(aborts.p99_s)}"] if aborts.p99_s is not None else []
        yield f"a level is broken off when {' or '.join(parts)}"
        yield f"at most {format_duration(self.budget_s)}" + (
            f"; fails below {format_rate(self.at_least_per_s)}" if self.at_least_per_s is not None else ""
        )

    @field_validator("to_per_s")
    @classmethod
    def _above_from(cls, value: float, info: ValidationInfo) -> float:
        least = info.data.get("from_per_s", 0.0)
        if value <= least:
            raise ValueError(f"not above from = {format_rate(least)}; allowed is a higher rate")
        return value

    @field_validator("budget_s")
    @classmethod
    def _long_enough(cls, value: float, info: ValidationInfo) -> float:
        hold_s = info.data.get("hold_s")
        if hold_s is None:
            return value
        settle_s = info.data.get("settle_s")
        settling_s = _SETTLING_SHARE * hold_s if settle_s is None else settle_s
        least_s = _LEVELS_LEAST * (settling_s + hold_s + _GAP_S)
        if value < least_s:
            raise ValueError(
                f"too short for {_LEVELS_LEAST} levels of this hold; allowed is {format_duration(least_s)} or more, or "
                "a shorter hold"
            )
        return value


def only_open(search: Search | None, load: object) -> Search | None:
    """Return the search, held against the load that it drives.

    Raises:
        ValueError: the load is closed: users that wait for answers have no rate to set.
    """
    if search is not None and isinstance(load, Load) and load.model != "open":
        raise ValueError('needs [load] model = "open", since it sets the rate of arrivals; state that')
    return search
