"""Stages of load: as the file states them, and as they follow one another on the run's clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from pwdload.scenario.context import LoadContext
from pwdload.scenario.fields import Duration, Flag, Name, Rate, Whole
from pwdload.scenario.rates import RatePiece, Spike, StageRate
from pwdload.units import format_duration, format_rate

Model = Literal["closed", "open"]
"""Whether flows wait for those before (closed), or come at a rate of their own (open)."""

USERS_MAX = 1_000_000


class StageTable(BaseModel):
    """One `[[load.stages]]`: a number of users (closed model) or a rate of arrivals (open model), for a time."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["users"]}, {"required": ["rate"]}]},
    )

    name: Name = Field(description="What the report calls this stage; each stage has its own name.")
    users: Whole | None = Field(
        default=None,
        ge=1,
        le=USERS_MAX,
        description="Closed model: Locust users at work once the stage has ramped up or down to them.",
    )
    spawn_rate_per_s: Rate | None = Field(
        default=None,
        alias="spawn_rate",
        description="Closed model: how fast users come or go until their number is reached; without it, all within "
        "one second.",
    )
    rate: StageRate | None = Field(
        default=None,
        description="Open model: how many flows begin, whatever became of those before. One rate, a ramp "
        '{ from = "20/s", to = "200/s" }, the same in steps { from = "20/s", to = "200/s", steps = 6 }, or a spike '
        '{ base = "20/s", spike = "200/s", at = "10s", for = "5s" }.',
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
    """Locust users at work; in the open model the slots, as many in each stage."""
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


def timed(tables: Sequence[StageTable], slots: int = 0) -> tuple[Stage, ...]:
    """Put stages one after the other, from 0 on; a stage of the open model has `slots` users."""
    stages: list[Stage] = []
    for table in tables:
        before = stages[-1] if stages else None
        users = slots if table.users is None else table.users
        stages.append(_stage(table, users, before.users if before else 0, before.end_s if before else 0.0))
    return tuple(stages)


def rate_pieces(tables: Sequence[StageTable]) -> Iterator[RatePiece]:
    """Yield the rate of all stages as pieces that follow one another from 0 on; none of a stage that has users."""
    for table, stage in zip(tables, timed(tables), strict=True):
        if table.rate is not None:
            yield from table.rate.pieces(stage.name, stage.start_s, stage.end_s)


def _stage(table: StageTable, users: int, users_before: int, start_s: float) -> Stage:
    all_within_a_second = float(max(abs(users - users_before), 1))
    return Stage(
        name=table.name,
        users=users,
        users_before=users_before,
        spawn_rate_per_s=table.spawn_rate_per_s or all_within_a_second,
        start_s=start_s,
        for_s=table.for_s,
        measured=table.measured,
    )


Place = tuple[int | str, ...]
"""Where in the file something is: keys and list indices from the outside in."""


MISSING = ""
"""What is said of a key that is missing: the place says everything."""


def stage_problems(
    tables: Sequence[StageTable | None], model: Model | None, *, has_search: bool = False
) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with stages taken together, by place; with `has_search` a search comes after them.

    A stage of None, or a model of None, is wrong by itself, and nothing is held against it.
    """
    yield from _same_names(tables)
    if model == "open" and not (has_search and not tables):
        yield from _no_arrivals(tables)
    for index, table in enumerate(tables):
        if table is not None and model is not None:
            found = _open_problems(table) if model == "open" else _closed_problems(table)
            yield from (((index, *place), said) for place, said in found)
    yield from _ramps_that_do_not_fit(tables)


def _same_names(tables: Sequence[StageTable | None]) -> Iterator[tuple[Place, str]]:
    first_place: dict[str, int] = {}
    for index, table in enumerate(tables):
        if table is not None and first_place.setdefault(table.name, index) != index:
            yield (index, "name"), f"the same name as stages[{first_place[table.name]}]; allowed is a name of its own"


def _no_arrivals(tables: Sequence[StageTable | None]) -> Iterator[tuple[Place, str]]:
    if not tables:
        yield (), 'none; the open model needs one or more, such as { name = "steady", rate = "50/s", for = "1m" }'
    stated = [table for table in tables if table is not None and table.rate is not None]
    if tables and len(stated) == len(tables) and not any(piece.arrivals for piece in rate_pieces(stated)):
        yield (), "no arrival in any stage; allowed is a rate above 0/s in one or more"


def _closed_problems(table: StageTable) -> Iterator[tuple[Place, str]]:
    if table.rate is not None:
        yield ("rate",), 'arrivals are for [load] model = "open"; state that, or give users in place of the rate'
    elif table.users is None:
        yield ("users",), MISSING


def _open_problems(table: StageTable) -> Iterator[tuple[Place, str]]:
    if table.users is not None:
        yield ("users",), 'users are for [load] model = "closed"; state that, or give a rate in place of the users'
    elif table.rate is None:
        yield ("rate",), MISSING
    if table.spawn_rate_per_s is not None:
        yield ("spawn_rate",), 'for [load] model = "closed" only: remove it'
    if isinstance(table.rate, Spike):
        yield from _spike_problems(table.rate, table.for_s)


def _spike_problems(spike: Spike, stage_s: float) -> Iterator[tuple[Place, str]]:
    room_s = round(stage_s - spike.at_s, 9)
    if room_s <= 0:
        yield ("rate", "at"), f"its stage is over by then; allowed is less than {_exact(stage_s)}"
    elif spike.for_s > room_s:
        yield ("rate", "for"), f"reaches past the end of its stage; allowed is {_exact(room_s)} or less"


def _exact(seconds: float) -> str:
    return f"{Decimal(repr(seconds)).normalize():f}s"


def _ramps_that_do_not_fit(tables: Sequence[StageTable | None]) -> Iterator[tuple[Place, str]]:
    for index, (before, table) in enumerate(pairwise([_NO_USERS, *tables])):
        if table is None or before is None or table.users is None or before.users is None:
            continue
        stage = _stage(table, table.users, before.users, 0.0)
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


def _check(raw: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> tuple[StageTable, ...]:
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
    has_search = isinstance(info.context, LoadContext) and info.context.has_search
    found = stage_problems(tables, info.data.get("model"), has_search=has_search)
    errors += [problem_at(place, said) for place, said in found]
    if errors:
        raise ValidationError.from_exception_data("stages", errors)
    return tuple(filter(None, tables))


def problem_at(place: Place, said: str) -> InitErrorDetails:
    """Return a problem in the form in which pydantic takes one; `MISSING` says that nothing stands there."""
    wrong = "missing" if said == MISSING else PydanticCustomError("stages", "{said}", {"said": said})
    return InitErrorDetails(type=wrong, loc=place, input=None)


def _again(problem: ErrorDetails) -> InitErrorDetails:
    """Return a problem that pydantic has found in the form in which it takes one."""
    return InitErrorDetails(
        type=problem["type"], loc=problem["loc"], input=problem["input"], ctx=problem.get("ctx", {})
    )


StageTables = Annotated[tuple[StageTable, ...], WrapValidator(_check)]
