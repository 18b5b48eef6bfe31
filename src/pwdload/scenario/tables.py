"""The tables of the scenario format: every key, its meaning and its default.

Keys carry their unit in the value (`timeout = "10s"`), attributes carry it last (`timeout_s`). Whatever a table does
not list is refused. Descriptions are written for the person who edits a scenario: they reach the JSON schema.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from pwdload.scenario.connecting import PhaseTimeouts
from pwdload.scenario.context import LoadContext
from pwdload.scenario.fields import (
    FREE_KEY_PATTERN,
    BaseUrl,
    Duration,
    DurationOrNone,
    FilePath,
    HeaderText,
    HostName,
    ProxyUrl,
    Rate,
    Share,
    WeightOrNone,
    Whole,
)
from pwdload.scenario.keys import did_you_mean, secret_refusal
from pwdload.scenario.metrics import MetricsTable
from pwdload.scenario.rates import RatePiece
from pwdload.scenario.stages import USERS_MAX, Model, StageTables, rate_pieces

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
    rate_max_per_s: Rate | None = Field(
        default=None,
        alias="rate_max",
        description="Requests a second that it may be sent at most; a plan above is refused. Without it, 1000/s, and "
        "as many as come on loopback.",
    )
    timeout_s: Duration = Field(
        default="10s",
        alias="timeout",
        validate_default=True,
        description="How long one exchange may take before its outcome counts as unknown.",
    )
    state_token_life_s: Duration | None = Field(
        default=None,
        alias="state_token_life",
        description="How long the target honours a state_token; not documented, so a target that is not the embedded "
        "stand-in (which gets 5s) must be stated one for the case token_expired, which waits that long.",
    )
    phase_timeouts: PhaseTimeouts = Field(
        default=PhaseTimeouts(),
        description="How long single phases of an exchange may take; without a limit of its own, a phase ends with the "
        "exchange, at timeout.",
    )
    connections: Literal["kept", "per_flow"] = Field(
        default="kept",
        description="kept: a user is one client, which keeps its connection from flow to flow. per_flow: each flow is "
        "a client of its own, which opens a connection and closes it at the end, as people do who change a password "
        "once.",
    )
    returning_share: Share = Field(
        default=0.0,
        description="Share of the clients that have been here before, and whose TLS handshake takes up an earlier "
        "session; the others do a full handshake.",
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="PEM file of the authorities that may vouch for the target, instead of the system's; a relative "
        "path starts at the scenario file.",
    )
    client_certificate: FilePath | None = Field(
        default=None, description="PEM file of the certificate, chain included, that the clients show to the target."
    )
    client_key: FilePath | None = Field(
        default=None,
        description="PEM file of that certificate's key, without pass phrase; without it, it is in the same file.",
    )
    server_name: HostName | None = Field(
        default=None,
        description="Name that TLS asks for and that the target's certificate must prove, where it is not that of the "
        "host.",
    )
    proxy: ProxyUrl | None = Field(
        default=None,
        description="HTTP proxy that all goes through, by CONNECT. PWDLOAD_PROXY in the environment, which may hold "
        "user and password, takes its place. The embedded stand-in is spoken to directly.",
    )
    metrics: MetricsTable | None = Field(
        default=None, description="What the target says of itself: CPU, memory and the like, for the report."
    )

    @field_validator("phase_timeouts")
    @classmethod
    def _within_timeout(cls, value: PhaseTimeouts, info: ValidationInfo) -> PhaseTimeouts:
        whole_s = info.data.get("timeout_s")
        late = [name for name, limit_s in value.stated.items() if whole_s is not None and limit_s > whole_s]
        if late:
            raise ValueError(f"{late[0]} is longer than timeout, which ends all phases; allowed is that time or less")
        return value

    @field_validator("client_key")
    @classmethod
    def _not_alone(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("client_certificate", ...) is None:
            raise ValueError("a key alone; allowed is one beside the client_certificate that it belongs to")
        return value


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
    """How much work comes, for how long, and what it waits for."""

    model: Model = Field(
        default="closed",
        description="closed: each user starts its next flow when the last is done and it has thought. "
        "open: flows begin at a rate, whatever became of those before, as people do who know nothing of one another.",
    )
    think_time: Annotated[ThinkTime, BeforeValidator(_think_time)] = Field(
        default=ThinkTime.always("1s"),
        description="Closed model: how long a user waits between two flows.",
        json_schema_extra={"default": "1s"},
    )
    arrivals: Literal["even", "poisson"] = Field(
        default="poisson",
        description="Open model: how flows are spread. poisson: independently of one another, in bursts and lulls, as "
        "in real traffic; even: at equal distances.",
    )
    max_in_flight: Whole = Field(
        default=2_000,
        ge=1,
        le=USERS_MAX,
        description="Open model: how many flows may be under way at once, each in a Locust user of its own.",
    )
    queue_limit_stated: Whole | None = Field(
        default=None,
        alias="queue_limit",
        ge=0,
        le=10 * USERS_MAX,
        description="Open model: how many flows that are due may wait for one under way to end; more are dropped, and "
        "make the run INVALID. Without it, as many as max_in_flight.",
    )
    stages: StageTables = Field(
        default=(),
        validate_default=True,
        description="Numbers of users or rates of arrivals, one after the other. In the closed model, without stages "
        "or where one of them is given, Locust's -u, -r and -t decide instead.",
    )

    @property
    def queue_limit(self) -> int:
        """How many flows that are due may wait for one under way to end."""
        return self.max_in_flight if self.queue_limit_stated is None else self.queue_limit_stated

    @property
    def rates(self) -> tuple[RatePiece, ...]:
        """The plan of arrivals as plain values, for `pacing.RatePlan.of`; nothing in the closed model."""
        return tuple(rate_pieces(self.stages))

    @field_validator("think_time", mode="before")
    @classmethod
    def _only_closed(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("model") == "open":
            raise ValueError('for [load] model = "closed" only, since arrivals wait for nothing: remove it')
        return value

    @field_validator("arrivals", "max_in_flight", "queue_limit_stated", mode="before")
    @classmethod
    def _only_open(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("model") == "closed":
            raise ValueError('for [load] model = "open" only: remove it, or state that model')
        return value


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
    if isinstance(info.context, LoadContext) and name in info.context.group_names:
        raise ValueError("a group; allowed is the name of one case")
    return _known(name, [*info.context.case_names] if isinstance(info.context, LoadContext) else [])


def _case_or_group(name: str, info: ValidationInfo) -> str:
    context = info.context
    known = [*context.case_names, *context.group_names] if isinstance(context, LoadContext) else []
    return _known(name, known)


def _setting(name: str) -> str:
    refusal = secret_refusal(name)
    if refusal and name != _TOKEN_SWITCH:
        raise ValueError(refusal)
    return name


_TOKEN_SWITCH: Final = "id_token"  # noqa: S105 - the setting that says whether the stand-in hands one out

_FreeKey = Annotated[str, Field(pattern=FREE_KEY_PATTERN)]
CaseName = Annotated[_FreeKey, AfterValidator(_case)]
"""What `[expect.CASE]` names."""
MixName = Annotated[_FreeKey, AfterValidator(_case_or_group)]
"""What `[mix]` names."""
SettingName = Annotated[_FreeKey, AfterValidator(_setting)]
"""What `[standin]` sets."""
