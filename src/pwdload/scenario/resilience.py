"""The tables around faults: what injects them, what must hold before, and how clients behave meanwhile."""

from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pwdload.scenario.fields import BaseUrl, Duration, DurationOrNone, Percent, Text, Whole
from pwdload.scenario.tables import Table


class FaultProxyTable(Table):
    """What injects faults on the way to the target."""

    engine: Literal["embedded"] | BaseUrl = Field(
        default="embedded",
        description="embedded: a fault proxy that the run starts and stops. Or the control URL of a Toxiproxy on this "
        "machine, such as http://127.0.0.1:8474.",
    )


class Commands(Table):
    """How a target is stopped and started that this machine may touch. A list is a program and its arguments."""

    stop: tuple[Text, ...] = Field(min_length=1, description="Stops it at once.")
    start: tuple[Text, ...] = Field(min_length=1, description="Starts it, and returns.")
    health: tuple[Text, ...] = Field(min_length=1, description="Exit code 0 when it is ready to serve.")
    within_s: Duration = Field(
        default="30s",
        alias="within",
        validate_default=True,
        description="How long each may take, and being healthy again.",
    )


class SteadyState(Table):
    """What must hold of the load's answers before a fault is injected; looked at during and after it as well."""

    failed_share: Percent | None = Field(default=None, description="At most this share of the exchanges fails.")
    p95_s: Duration | None = Field(
        default=None, alias="p95", description="95 of 100 exchanges are answered within this time."
    )
    over_s: Duration = Field(
        default="5s", alias="over", validate_default=True, description="Piece of the run that is looked at."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.failed_share is None and self.p95_s is None:
            raise ValueError('says nothing; give failed_share = "1%", p95 = "300ms" or both')
        return self


class RetriesTable(Table):
    """How clients try again. Without this table they do not."""

    attempts: Whole = Field(default=3, ge=1, le=20, description="Most tries of one request, the first included.")
    backoff_s: DurationOrNone = Field(
        default="200ms",
        alias="backoff",
        validate_default=True,
        description="Wait before the second try; doubled with each further one.",
    )
    backoff_max_s: DurationOrNone = Field(
        default="10s", alias="backoff_max", validate_default=True, description="Longest wait of that kind."
    )
    jitter: Literal["full", "none"] = Field(
        default="full",
        description="full: each wait is drawn evenly from none to all of it, so that clients come back apart.",
    )
    doubtful: Literal["never", "same_token"] = Field(
        default="never",
        description="What becomes of a change that was sent and not answered. same_token: it is sent again with the "
        "same state_token, which serves once.",
    )
    retry_after: Literal["honoured", "ignored"] = Field(
        default="honoured", description="Whether a longer wait that the target asks for (Retry-After) is waited."
    )

    @field_validator("backoff_max_s")
    @classmethod
    def _not_below_backoff(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("backoff_s", 0.0):
            raise ValueError("less than backoff; allowed is that or more")
        return value
