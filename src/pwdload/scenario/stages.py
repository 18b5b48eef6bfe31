"""Stages of load: as the file states them, and as they follow one another on the run's clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from pwdload.scenario.fields import Duration, Flag, Name, Rate, Whole
from pwdload.units import format_duration, format_rate

USERS_MAX = 1_000_000


class StageTable(BaseModel):
    """One `[[load.stages]]`: a number of users, held for a time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="What the report calls this stage; each stage has its own name.")
    users: Whole = Field(
        ge=1, le=USERS_MAX, description="Locust users at work once the stage has ramped up or down to them."
    )
    spawn_rate_per_s: Rate | None = Field(
        default=None,
        alias="spawn_rate",
        description="How fast users come or go until their number is reached; without it, all within one second.",
    )
    for_s: Duration = Field(alias="for", description="How long the stage lasts, its ramp included.")
    measured: Flag = Field(
        default=True, description="Whether the report's figures count this stage; false for a warm-up."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage in its place: what a load shape plays and a report names. Times are on the run's clock."""

    name: str
    users: int
    users_before: int
    """How many users the stage before left; 0 at the beginning."""
    spawn_rate_per_s: float
    """Users that come or go each second; more than 0."""
    start_s: float
    for_s: float
    measured: bool

    @property
    def end_s(self) -> float:
        """When the stage is over; this moment belongs to the next one."""
        return self.start_s + self.for_s

    @property
    def ramp_s(self) -> float:
        """How long it takes until the stage's users are all there."""
        return abs(self.users - self.users_before) / self.spawn_rate_per_s


def timed(tables: Sequence[StageTable]) -> tuple[Stage, ...]:
    """Put stages one after the other, from 0 on."""
    stages: list[Stage] = []
    for table in tables:
        before = stages[-1] if stages else None
        stages.append(_stage(table, before.users if before else 0, before.end_s if before else 0.0))
    return tuple(stages)


def _stage(table: StageTable, users_before: int, start_s: float) -> Stage:
    all_within_a_second = float(max(abs(table.users - users_before), 1))
    return Stage(
        name=table.name,
        users=table.users,
        users_before=users_before,
        spawn_rate_per_s=table.spawn_rate_per_s or all_within_a_second,
        start_s=start_s,
        for_s=table.for_s,
        measured=table.measured,
    )


Place = tuple[int | str, ...]
"""Where in the file something is: keys and list indices from the outside in."""


def stage_problems(tables: Sequence[StageTable | None]) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with stages taken together, by place; None stands for a stage that is wrong by itself."""
    first_place: dict[str, int] = {}
    for index, table in enumerate(tables):
        if table is None:
            continue
        if first_place.setdefault(table.name, index) != index:
            yield (index, "name"), f"the same name as stages[{first_place[table.name]}]; allowed is a name of its own"
    for index, (before, table) in enumerate(pairwise([_NO_USERS, *tables])):
        if table is None or before is None:
            continue
        stage = _stage(table, 0 if before is _NO_USERS else before.users, 0.0)
        if stage.ramp_s > stage.for_s:
            yield (index, "for"), _too_short(stage)


_NO_USERS = StageTable.model_construct(name="", users=0)
"""What comes before the first stage."""


def _too_short(stage: Stage) -> str:
    # Locust blocks while it ramps and would skip the stage that should begin meanwhile.
    change = abs(stage.users - stage.users_before)
    return (
        f"shorter than its own ramp from {stage.users_before} to {stage.users} users: "
        f"{change} / {format_rate(stage.spawn_rate_per_s)} = {format_duration(stage.ramp_s)}; "
        "allowed is that time or more, or a higher spawn_rate"
    )


def _check(raw: object, handler: ValidatorFunctionWrapHandler) -> tuple[StageTable, ...]:
    """Validate each stage, then all of them together, as far as they can be read: every problem in one error."""
    errors: list[InitErrorDetails] = []
    tables: Sequence[StageTable | None]
    try:
        tables = handler(raw)
    except ValidationError as error:
        if not isinstance(raw, list):
            raise
        errors = [_again(problem) for problem in error.errors(include_url=False)]
        broken = {problem["loc"][0] for problem in error.errors(include_url=False)}
        tables = [None if i in broken else StageTable.model_validate(table) for i, table in enumerate(raw)]
    errors += [
        InitErrorDetails(type=PydanticCustomError("stages", "{said}", {"said": said}), loc=place, input=None)
        for place, said in stage_problems(tables)
    ]
    if errors:
        raise ValidationError.from_exception_data("stages", errors)
    return tuple(filter(None, tables))


def _again(problem: ErrorDetails) -> InitErrorDetails:
    """Return a problem that pydantic has found in the form in which it takes one."""
    return InitErrorDetails(
        type=problem["type"], loc=problem["loc"], input=problem["input"], ctx=problem.get("ctx", {})
    )


StageTables = Annotated[tuple[StageTable, ...], WrapValidator(_check)]
