"""The tables [[slo.criteria]]: one thing each that a run must keep."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_serializer,
)

from pwdload.scenario.fields import FREE_KEY_PATTERN, Duration, Flag, Percent, Rate, Text
from pwdload.scenario.stages import MISSING
from pwdload.scenario.tables import CaseName, Table

Step = Literal["login", "update_password", "skip_update", "verify", "sso_ticket", "sso_user"]
"""The steps that a criterion may be about: all of the load's."""
Kind = Literal["percentile", "failed_share", "goodput"]

_PERCENTILE: Final = r"p([1-9][0-9]?)(?:_([0-9]))?"
_METRIC_WORDS: Final = 'failed_share, goodput, or a percentile such as "p95" or "p99_9"'
_READERS: Final[dict[Kind, TypeAdapter[Any]]] = {
    "percentile": TypeAdapter(Duration),
    "failed_share": TypeAdapter(Percent),
    "goodput": TypeAdapter(Rate),
}


def permille_of(metric: str) -> int:
    """Return the percentile that a metric names in thousandths, 999 for p99_9; 0 where it names none."""
    found = re.fullmatch(_PERCENTILE, metric)
    return int(found[1]) * 10 + int(found[2] or 0) if found else 0


def _metric(value: str) -> str:
    if value not in ("failed_share", "goodput") and not permille_of(value):
        raise ValueError(f"unknown; allowed: {_METRIC_WORDS}")
    return value


def _limit(value: object, info: ValidationInfo) -> float:
    """Read a limit in the unit of its metric; where that is wrong itself, nothing is held against it."""
    metric = info.data.get("metric")
    if metric is None:
        return 0.0
    try:
        limit: float = _READERS[kind_of(metric)].validate_python(value)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0].get("ctx", {}).get("error", "does not fit"))) from None
    return limit


def kind_of(metric: str) -> Kind:
    """Return which kind of number a metric is."""
    return "percentile" if permille_of(metric) else "goodput" if metric == "goodput" else "failed_share"


Metric = Annotated[
    str,
    Strict(),
    AfterValidator(_metric),
    WithJsonSchema({"type": "string", "title": _METRIC_WORDS, "pattern": f"^(?:failed_share|goodput|{_PERCENTILE})$"}),
]
Limit = Annotated[
    float,
    BeforeValidator(_limit),
    WithJsonSchema(
        {
            "title": 'a duration for a percentile, such as "300ms", a share for failed_share, such as "1%", or a rate '
            'for goodput, such as "100/s"',
            "type": ["string", "number"],
            "examples": ["300ms", "1%", "100/s"],
        }
    ),
]


class CriterionTable(Table):
    """One thing that a run must keep."""

    name: Annotated[str, Strict(), Field(pattern=FREE_KEY_PATTERN, max_length=60)] | None = Field(
        default=None,
        description="What report and verdict call it: lower-case letters, digits and _. Without it, it is named from "
        "what it says.",
        json_schema_extra={"title": "a name of lower-case letters, digits and _, with a letter first"},
    )
    metric: Metric = Field(description="What it is about: p95 or any other percentile, failed_share or goodput.")
    of: Literal["response", "service", "journey"] | None = Field(
        default=None,
        description="Percentiles: of which time. response (without it): from when an exchange was due; service: from "
        "when it was sent; journey: from when a flow was due to its change.",
    )
    step: Step | None = Field(default=None, description="Only of exchanges of this step.")
    case: CaseName | None = Field(default=None, description="Only of this case.")
    stage: Text | None = Field(
        default=None, description="Only of what was due in this stage; without it, in all measured ones."
    )
    at_most: Limit | None = Field(default=None, description="The value is this or less.")
    at_least: Limit | None = Field(default=None, description="The value is this or more.")
    seconds: Percent | None = Field(
        default=None, description="It must hold in at least this share of the seconds, each judged by itself."
    )
    window_s: Duration | None = Field(
        default=None,
        alias="window",
        description="It must not be broken for so long without a break, each second judged by itself.",
    )
    stop: Flag = Field(
        default=False, description="With window: the run ends as soon as it is broken for so long, and has failed."
    )

    @property
    def limit(self) -> float:
        """The limit, in seconds, as a share or per second."""
        return self.at_most if self.at_most is not None else self.at_least or 0.0

    @property
    def called(self) -> str:
        """The name, or what it is named from what it says, such as p95_service_login_peak_window."""
        breadth = "seconds" if self.seconds is not None else "window" if self.window_s is not None else ""
        of = "" if self.of == "response" else self.of
        parts = (self.metric, of, self.step, self.case, self.stage and _slug(self.stage), breadth)
        return self.name or "_".join(part for part in parts if part)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with keys that are each well-formed, by key."""
        yield from self._of_limits()
        yield from self._of_breadth()
        if self.of is not None and not permille_of(self.metric):
            yield "of", "for percentiles only: remove it"
        if self.step is not None and (self.of == "journey" or self.metric == "goodput"):
            yield "step", "a journey is a whole flow, and goodput counts changes: remove it"

    def _of_limits(self) -> Iterator[tuple[str, str]]:
        usual = "at_least" if self.metric == "goodput" else "at_most"
        if self.at_most is None and self.at_least is None:
            yield usual, MISSING
        elif self.at_most is not None and self.at_least is not None:
            other = "at_least" if usual == "at_most" else "at_most"
            yield other, "a second limit; allowed is one: make it two tables"

    def _of_breadth(self) -> Iterator[tuple[str, str]]:
        if self.seconds is not None and self.window_s is not None:
            yield "window", "beside seconds; allowed is one of them: make it two tables"
        if self.window_s is not None and (self.window_s % 1.0 or self.window_s < _WINDOW_LEAST_S):
            yield "window", "not 2 whole seconds or more; allowed is 2s, 3s, ..."
        if self.stop and self.window_s is None:
            yield "stop", 'only with a window, such as window = "10s": remove it, or state that'

    @field_serializer("at_most", "at_least", mode="wrap")
    def _with_unit(self, value: object, _handler: SerializerFunctionWrapHandler) -> object:
        return None if value is None else _READERS[kind_of(self.metric)].dump_python(value)


_WINDOW_LEAST_S: Final = 2.0
"""One second alone is no window."""


def _slug(stage: str) -> str:
    return re.sub("[^a-z0-9]+", "_", stage.lower()).strip("_") or "stage"


Criteria = tuple[CriterionTable, ...]
