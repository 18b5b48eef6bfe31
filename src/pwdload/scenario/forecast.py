"""The table [forecast]: how many changes of a password are to come, which a report holds the capacity against."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Final, NamedTuple, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from pwdload.errors import UsageError
from pwdload.scenario.fields import Duration, Rate, Whole
from pwdload.units import CHANGE_PATTERN, SHARE_WITHIN_PATTERN, parse_change, parse_share_within

DAY_S: Final = 86_400.0
WEEK_DAYS: Final = 7
_LONGEST_TEXT: Final = 60
_LEAST_GROWTH, _MOST_GROWTH = -0.9, 10.0


class ShareWithin(NamedTuple):
    """A part of many people, and the time within which they come."""

    share: float
    """Above 0, at most 1."""
    within_s: float


_Read = TypeVar("_Read")


def _read(parse: Callable[[object], _Read], value: object) -> _Read:
    """Read a text with its units; the loader puts the value in front of what is said of it."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        raise ValueError("too long; allowed is a few characters")
    try:
        return parse(value)
    except UsageError as error:
        raise ValueError(str(error).partition(": ")[2] or str(error)) from None


def _share_within(value: object) -> ShareWithin:
    if isinstance(value, ShareWithin):
        return value
    share, within_s = _read(parse_share_within, value)
    if not share or not 1.0 <= within_s <= DAY_S:
        raise ValueError("allowed is more than 0% up to 100%, within 1s to 1d")
    return ShareWithin(share, round(within_s, 9))


def _written(value: ShareWithin) -> str:
    """Write it so that it is read as exactly the same numbers again."""
    return f"{Decimal(repr(value.share)) * 100:f}% within {Decimal(repr(value.within_s)):f}s"


Surge = Annotated[
    ShareWithin,
    PlainValidator(_share_within),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "title": 'a share within a time, such as "60% within 15m"',
            "pattern": SHARE_WITHIN_PATTERN,
            "examples": ["60% within 15m", "100% within 2h"],
        }
    ),
]
"""How many of those concerned come, and how fast."""


def _change(least: float, most: float, allowed: str) -> BeforeValidator:
    def read(value: object) -> float:
        part = _read(parse_change, value)
        if not least <= part <= most:
            raise ValueError(f"allowed is {allowed}")
        return part

    return BeforeValidator(read)


def _percent(title: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "title": title, "pattern": CHANGE_PATTERN, "examples": list(examples)})


_WRITTEN_CHANGE = PlainSerializer(lambda part: f"{Decimal(repr(part)) * 100:f}%", return_type=str)
Growth = Annotated[
    float,
    _change(_LEAST_GROWTH, _MOST_GROWTH, "-90% to 1000%"),
    _WRITTEN_CHANGE,
    _percent('a part to grow by from -90% to 1000%, such as "20%"', "20%", "-5%"),
]
"""By which part something grows; below 0 it shrinks."""
Margin = Annotated[
    float,
    _change(0.0, _MOST_GROWTH, "0% to 1000%"),
    _WRITTEN_CHANGE,
    _percent('a part from 0% to 1000%, such as "30%"', "30%"),
]
"""By which part one thing is to exceed another."""
Factor = Annotated[float, Strict(), Field(ge=1, le=100, allow_inf_nan=False)]


class Forecast(BaseModel):
    """How many changes are to come. What is not stated has no row in the report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Whole | None = Field(default=None, ge=1, le=10**10, description="How many people have a password.")
    today_per_s: Rate | None = Field(
        default=None,
        alias="today",
        description="Changes today, as measured: the average over the working hours of a working day. Or state "
        "expires_every, and it is worked out.",
    )
    expires_every_s: Duration | None = Field(
        default=None,
        alias="expires_every",
        description="How long a password lives, such as 90d: each of the people changes it once in that time, on a "
        "working day.",
    )
    working_hours_s: Duration = Field(
        default="8h",
        alias="working_hours",
        validate_default=True,
        description="How much of a working day the day's changes come in.",
    )
    working_days: Whole = Field(
        default=5, ge=1, le=7, description="Working days of a week: what expires on the others is changed on these."
    )
    morning_rush: Surge | None = Field(
        default=None, description="Which share of those who must change that day come within which time."
    )
    mass_expiry: Surge | None = Field(
        default=None,
        description="The day when everybody's password expires at once: which share of all people come within which "
        "time.",
    )
    peak_factor: Factor | None = Field(
        default=None,
        description="The highest rate of each of these times over its average. Without it, what chance makes of people "
        "who come independently of one another: the busiest span of peak_over.",
    )
    peak_over_s: Duration = Field(
        default="1m",
        alias="peak_over",
        validate_default=True,
        description="How long a peak must last to count, when there is no peak_factor.",
    )
    growth_per_year: Growth | None = Field(
        default=None, description="By which part the changes grow in a year; below 0% they shrink."
    )
    headroom: Margin = Field(
        default="0%",
        validate_default=True,
        description="By which part the capacity is to exceed each peak, so that it counts as enough.",
    )
    lead_time_s: Duration | None = Field(
        default=None, alias="lead_time", description="How long it takes to add capacity, from the decision to the use."
    )

    @property
    def changes_per_day(self) -> float | None:
        """Changes on a working day, on average; null where neither of what says it is stated."""
        if self.today_per_s is not None:
            return self.today_per_s * self.working_hours_s
        if self.people is None or self.expires_every_s is None:
            return None
        return self.people * DAY_S / self.expires_every_s * WEEK_DAYS / self.working_days

    @field_validator("expires_every_s")
    @classmethod
    def _of_people(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is None:
            return None
        if info.data.get("today_per_s") is not None:
            raise ValueError("says a second time what comes in a day; allowed is one of today and expires_every")
        if info.data.get("people", ...) is None:
            raise ValueError("of nobody; allowed beside people, such as people = 40000")
        if value < DAY_S:
            raise ValueError("less than a day; allowed is 1d to 365d")
        return value

    @field_validator("working_hours_s")
    @classmethod
    def _of_a_day(cls, value: float) -> float:
        if value > DAY_S:
            raise ValueError("more than a day has; allowed is 1ms to 1d")
        return value

    @field_validator("morning_rush")
    @classmethod
    def _of_a_known_day(cls, value: ShareWithin | None, info: ValidationInfo) -> ShareWithin | None:
        # What was refused itself is missing here, and is told of already.
        day = [info.data.get(name, ...) for name in ("today_per_s", "expires_every_s")]
        if value is not None and day == [None, None]:
            raise ValueError(
                'of how many that day; allowed beside expires_every = "90d" (with people) or today = "2/s"'
            )
        return value

    @field_validator("mass_expiry")
    @classmethod
    def _of_somebody(cls, value: ShareWithin | None, info: ValidationInfo) -> ShareWithin | None:
        if value is not None and info.data.get("people", ...) is None:
            raise ValueError("of nobody; allowed beside people, such as people = 40000")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.today_per_s is None and self.expires_every_s is None and self.mass_expiry is None:
            raise ValueError(
                'says nothing of what is to come; give expires_every = "90d" and people, today = "2/s", or mass_expiry'
            )
        return self
