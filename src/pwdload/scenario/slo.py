"""The table [slo]: what a run must keep to pass."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from pwdload.scenario.criteria import Criteria, CriterionTable, Step
from pwdload.scenario.fields import Duration, Flag, Percent, Rate
from pwdload.scenario.stages import Place, problem_at
from pwdload.scenario.tables import Load, Table

STEPS: Final[tuple[str, ...]] = get_args(Step)
PERCENTILES: Final[Mapping[str, int]] = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}
"""The percentiles that have short forms, in thousandths."""
_JOURNEY: Final = "journey"


class StatedSlo(Table):
    """What a run must keep to pass. What is not stated is not asked for."""

    failed_share: Percent | None = Field(
        default=None,
        description="At most this share of the exchanges fails. Without it, 1 %. Failures under a fault are left out "
        "where recover_within or max_failed_share_during says what those may cost.",
    )
    recover_within_s: Duration | None = Field(
        default=None,
        alias="recover_within",
        description="After the healing of each fault, service is back for good within this time.",
    )
    max_failed_share_during: Percent | None = Field(
        default=None,
        description="While a fault is on, at most this share of the requests fails, each with all of its tries.",
    )
    data_correct: Flag = Field(
        default=False,
        description="The oracle must find nothing wrong, and no doubt left, after all that was done to the target.",
    )
    goodput_per_s: Rate | None = Field(
        default=None,
        alias="goodput",
        description="At least so many passwords are changed per second, over the measured stages.",
    )
    criteria: Criteria = Field(
        default=(),
        description="Whatever the keys above cannot say: of service time, of one case or stage, in most of the "
        "seconds, or without a break for too long.",
    )

    @property
    def percentiles(self) -> Mapping[str, float]:
        """The limits that are stated in short, in seconds by their keys, such as p95_update_password."""
        stated = ((key, getattr(self, f"{key}_s")) for key in SHORT_FORMS)
        return {key: limit_s for key, limit_s in stated if limit_s is not None}


def _short_forms() -> Iterator[tuple[str, tuple[int, str]]]:
    for name, permille in PERCENTILES.items():
        for about in ("", _JOURNEY, *STEPS):
            yield f"{name}_{about}" if about else name, (permille, about)


def _words(permille: int, about: str) -> str:
    share = f"{permille / 10:g} of 100"
    if about == _JOURNEY:
        return f"{share} changes are done within this time, from the moment when their flow was due."
    return f"{share} exchanges{f' of {about}' if about else ''} are answered within this time."


SHORT_FORMS: Final[Mapping[str, tuple[int, str]]] = dict(_short_forms())
"""What each key such as p99_9_login is about: its percentile in thousandths, and a step, "journey" or ""."""
_FIELDS: Final[Mapping[str, Any]] = {
    f"{key}_s": (Duration | None, Field(default=None, alias=key, description=_words(*said)))
    for key, said in SHORT_FORMS.items()
}
if TYPE_CHECKING:
    _Slo = StatedSlo
else:  # one field for each short form: so an editor offers them, and what is none of them is refused
    _Slo = create_model("Slo", __base__=StatedSlo, __doc__=StatedSlo.__doc__, **_FIELDS)


def _check(raw: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> _Slo:
    """Validate the table, then its criteria together and against the load: every problem in one error."""
    slo: _Slo = handler(raw)
    load = info.data.get("load")
    problems = _problems(slo, load if isinstance(load, Load) else None)
    errors = [problem_at(("criteria", *place), said) for place, said in problems]
    if errors:
        raise ValidationError.from_exception_data("slo", errors)
    return slo


def _problems(slo: _Slo, load: Load | None) -> Iterator[tuple[Place, str]]:
    places = {key: f"slo.{key}" for key in slo.percentiles}
    places |= {"goodput": "slo.goodput"} if slo.goodput_per_s is not None else {}
    for index, one in enumerate(slo.criteria):
        yield from (((index, key), said) for key, said in one.problems())
        if one.called in places:
            words = "allowed is a name of its own" if one.name else "give it a name, or remove one"
            yield (index, "name") if one.name else (index,), f"named {one.called}, as {places[one.called]} is; {words}"
        places.setdefault(one.called, f"slo.criteria[{index}]")
        yield from (((index, "stage"), said) for said in _of_stage(one, load))


def _of_stage(one: CriterionTable, load: Load | None) -> Iterator[str]:
    if one.stage is None or load is None:
        return
    names = [stage.name for stage in load.stages]
    if one.stage not in names:
        yield f"no stage has this name; allowed: {', '.join(names) or 'none, for the load has no stages'}"


Slo = _Slo
SloTable = Annotated[Slo, WrapValidator(_check)]
"""[slo] as a scenario states it, held against its load."""
