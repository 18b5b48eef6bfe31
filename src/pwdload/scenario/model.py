"""The scenario: every key of the TOML format, its meaning and its default.

Keys carry their unit in the value (`timeout = "10s"`), attributes carry it last (`timeout_s`). Whatever a table does
not list is refused. Descriptions are written for the person who edits a scenario: they reach the JSON schema.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from pwdload.scenario.context import LoadContext
from pwdload.scenario.fields import (
    FREE_KEY_PATTERN,
    AnyScalar,
    BaseUrl,
    Duration,
    DurationOrNone,
    FilePath,
    HeaderText,
    HostName,
    Scalar,
    Text,
    Title,
    Weight,
    WeightOrNone,
    Whole,
)
from pwdload.scenario.keys import did_you_mean, secret_refusal
from pwdload.scenario.stages import Stage, StageTables, timed

Family = Literal["android", "ios", "harmonyos", "desktop"]
Language = Literal["zh", "en"]

DEFAULT_SHARES: Final[Mapping[Family, float]] = {"android": 45, "ios": 25, "harmonyos": 20, "desktop": 10}
DOCUMENTED_CLIENT_ID: Final = "DRrYIqauawN0I8myTMoDTPys6ezGZxnm"
"""The client id of the API's own documentation, which the embedded stand-in knows."""


class Table(BaseModel):
    """A table of the file: nothing that it does not list, and never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(Table):
    """What is put under load, and how long it may take to answer."""

    host: BaseUrl | None = Field(
        default=None,
        description="Base URL of the target. Without it (and without --host) the embedded stand-in is the target.",
    )
    client_id: HeaderText = Field(
        default=DOCUMENTED_CLIENT_ID, description="Application that the devices belong to, sent as X-client-id."
    )
    tenant_id: HeaderText | None = Field(
        default=None, description="Tenant, sent as X-tenant-id; only an ISV application needs it."
    )
    allow: tuple[HostName, ...] = Field(
        default=(), description="Hosts that may be put under load. Loopback always may; any other must be named here."
    )
    timeout_s: Duration = Field(
        default="10s",
        alias="timeout",
        validate_default=True,
        description="How long one exchange may take before its outcome counts as unknown.",
    )
    state_token_life_s: Duration = Field(
        default="5m",
        alias="state_token_life",
        validate_default=True,
        description="How long the target honours a state_token. The case token_expired waits that long.",
    )


class Accounts(Table):
    """Which test accounts a run uses up."""

    source: FilePath | None = Field(
        default=None,
        description="CSV of the target's test accounts (user_name,password[,previous_password,state]); a relative path "
        "starts at the scenario file. The embedded stand-in needs none: it makes its own.",
    )
    count: Whole = Field(
        default=20_000, ge=1, le=1_000_000, description="How many accounts the embedded stand-in is given."
    )
    reuse: Literal["once"] = Field(
        default="once", description="once: an account whose password was changed is not used again."
    )


class PasswordRules(Table):
    """The target's password policy, as far as passwords must keep or break it."""

    min_length: Whole = Field(default=8, ge=8, le=50, description="Fewest characters of a password.")
    max_length: Whole = Field(
        default=18, ge=8, le=50, validate_default=True, description="Most characters of a password."
    )
    classes: Whole = Field(
        default=3,
        ge=1,
        le=4,
        description="How many of the four classes (lower case, upper case, digit, special character) must occur.",
    )
    max_repeats: Whole | None = Field(
        default=None, ge=1, le=10, description="How often one character may occur; without it, as often as it likes."
    )

    @field_validator("max_length")
    @classmethod
    def _not_below_min_length(cls, value: int, info: ValidationInfo) -> int:
        least = info.data.get("min_length", 0)
        if value < least:
            raise ValueError(f"less than min_length = {least}; allowed is {least} to 50")
        return value


_SINGLE_WAIT: Final = TypeAdapter[float](DurationOrNone)


class ThinkTime(Table):
    """How long a user waits between two flows: evenly drawn from min to max."""

    min_s: DurationOrNone = Field(alias="min", description="Shortest wait.")
    max_s: DurationOrNone = Field(alias="max", description="Longest wait.")

    @field_validator("max_s")
    @classmethod
    def _not_below_min(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("min_s", 0.0):
            raise ValueError("less than min; allowed is min or more")
        return value

    @classmethod
    def always(cls, wait: object) -> Self:
        """Return the think time that a single duration such as "1s" stands for.

        Raises `ValueError` for anything else.
        """
        wait_s = _SINGLE_WAIT.validate_python(wait)
        return cls.model_construct(min_s=wait_s, max_s=wait_s)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the table, or a single duration in its place."""
        table = handler.resolve_ref_schema(handler(core_schema))
        single = {name: value for name, value in table["properties"]["min"].items() if name != "description"}
        words = 'a duration such as "1s", or a table such as { min = "500ms", max = "2s" }'
        return {"title": words, "anyOf": [single, dict(table)]}


def _think_time(value: object) -> object:
    """Read a single duration as a wait that is always the same."""
    return value if isinstance(value, dict | ThinkTime) else ThinkTime.always(value)


class Load(Table):
    """How many users work, for how long, and how they pace themselves."""

    model: Literal["closed"] = Field(
        default="closed", description="closed: each user starts its next flow when the last is done and it has thought."
    )
    think_time: Annotated[ThinkTime, BeforeValidator(_think_time)] = Field(
        default="1s", validate_default=True, description="How long a user waits between two flows."
    )
    stages: StageTables = Field(
        default=(),
        description="Numbers of users, one after the other. Locust's -u, -r and -t take their place where one of these is "
        "given, and where there are no stages.",
    )


class Devices(Table):
    """What the users' devices are. Shares are weights; if any is given, those left out do not occur."""

    android: WeightOrNone | None = Field(default=None, description="Share of Android devices.")
    ios: WeightOrNone | None = Field(default=None, description="Share of iOS devices.")
    harmonyos: WeightOrNone | None = Field(default=None, description="Share of HarmonyOS devices.")
    desktop: WeightOrNone | None = Field(default=None, description="Share of desktop browsers.")
    languages: Mapping[Language, WeightOrNone] = Field(
        default={"zh": 80.0, "en": 20.0},
        description="Shares of the languages that the devices ask for, sent as X-L.",
    )

    @property
    def shares(self) -> Mapping[Family, float]:
        """Weight of each family that occurs; 45, 25, 20 and 10 where the file names none."""
        stated: dict[Family, float] = {
            family: weight for family in get_args(Family) if (weight := getattr(self, family)) is not None
        }
        return stated or DEFAULT_SHARES

    @field_validator("languages")
    @classmethod
    def _some_language(cls, value: Mapping[Language, float]) -> Mapping[Language, float]:
        if not any(value.values()):
            raise ValueError("no language has a share; allowed is a weight above 0 for zh, en or both")
        return value

    @model_validator(mode="after")
    def _some_family(self) -> Self:
        if not any(self.shares.values()):
            raise ValueError(
                f"no device has a share; allowed is a weight above 0 for any of {', '.join(DEFAULT_SHARES)}"
            )
        return self


class Expect(Table):
    """What this target answers to the last step of a case, where the documentation is silent."""

    http_status: tuple[Annotated[Whole, Field(ge=100, le=599)], ...] = Field(
        default=(), description="HTTP statuses that are right; without them, 400."
    )
    error_code: tuple[HeaderText, ...] = Field(default=(), description="Error codes that are right; without them, any.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.http_status and not self.error_code:
            raise ValueError('says nothing; give http_status = [400], error_code = ["LOGIN.0002"] or both')
        return self


def _known(name: str, known: Sequence[str]) -> str:
    if known and name not in known:
        raise ValueError(f"unknown; allowed are those that `pwdload cases` lists{did_you_mean(name, known)}")
    return name


def _case(name: str, info: ValidationInfo) -> str:
    return _known(name, [*info.context.case_names] if isinstance(info.context, LoadContext) else [])


def _case_or_group(name: str, info: ValidationInfo) -> str:
    context = info.context
    known = [*context.case_names, *context.group_names] if isinstance(context, LoadContext) else []
    return _known(name, known)


FreeKey = Annotated[str, Field(pattern=FREE_KEY_PATTERN)]
CaseName = Annotated[FreeKey, AfterValidator(_case)]
MixName = Annotated[FreeKey, AfterValidator(_case_or_group)]


class ScenarioFile(Table):
    """A load scenario for the change of an expired password."""

    title: Title = Field(description="What the report is headed with.")
    description: Text = Field(default="", description="What the scenario is for, in as many words as it takes.")
    seed: Whole = Field(
        default=1,
        ge=0,
        le=2**63 - 1,
        description="The same seed gives the same devices and the same sequence of cases.",
    )
    target: Target = Field(
        default_factory=Target, description="What is put under load, and how long it may take to answer."
    )
    accounts: Accounts = Field(default_factory=Accounts, description="Which test accounts a run uses up.")
    password_policy: PasswordRules = Field(
        default_factory=PasswordRules,
        description="The target's password policy, as far as passwords must keep or break it.",
    )
    load: Load = Field(
        default_factory=Load, description="How many users work, for how long, and how they pace themselves."
    )
    mix: Mapping[MixName, Weight] | None = Field(
        default=None,
        min_length=1,
        description="Weights of cases and of groups of cases; a group shares its weight out evenly. Without it, the "
        "default mix. `pwdload cases` lists them.",
    )
    devices: Devices = Field(default_factory=Devices, description="What the users' devices are.")
    expect: Mapping[CaseName, Expect] = Field(
        default_factory=dict,
        description="What this target answers to a case, where the documentation is silent or the target differs.",
    )
    standin: Mapping[FreeKey, AnyScalar] = Field(
        default_factory=dict,
        description="Settings of the embedded stand-in, handed on as they are. `pwdload standin settings` lists them.",
    )

    @field_validator("standin")
    @classmethod
    def _without_secrets(cls, value: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("secret", "{said}", {"said": said}), loc=(key, "[key]"), input=None
            )
            for key, setting in value.items()
            if isinstance(setting, str) and (said := secret_refusal(key))
        ]
        if errors:
            raise ValidationError.from_exception_data("standin", errors)
        return value


class Scenario(ScenarioFile):
    """A scenario that can be run: what its file says, where it came from, and what follows from both."""

    name: str
    """The file's stem, fit for the name of a directory."""
    source: str
    """The TOML text as it was given, for the run directory to keep."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Stages in their places on the run's clock; none when Locust's -u, -r and -t decide."""
        return timed(self.load.stages)

    @property
    def duration_s(self) -> float | None:
        """How long all stages last; None without stages, when the run lasts until it is stopped."""
        return self.stages[-1].end_s if self.load.stages else None

    @property
    def users_max(self) -> int | None:
        """Users of the largest stage; None without stages."""
        return max((stage.users for stage in self.load.stages), default=None)

    def stage_at(self, t_s: float) -> Stage | None:
        """Return the stage at a time on the run's clock; None before the start, after the end and without stages."""
        return next((stage for stage in self.stages if stage.start_s <= t_s < stage.end_s), None)

    def to_json(self) -> str:
        """Return the scenario as one JSON text, for a process that has not read its file."""
        return self.model_dump_json(by_alias=True, exclude_none=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the scenario that `to_json` wrote, equal to it in every value.

        Raises:
            ValueError: it is no such text.
        """
        return cls.model_validate_json(text)
