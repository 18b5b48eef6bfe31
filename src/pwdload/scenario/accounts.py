"""The table [accounts]: where test accounts come from, and what becomes of them."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from pwdload.scenario.fields import DurationOrNone, FilePath, Rate, Whole
from pwdload.scenario.tables import Table


class Accounts(Table):
    """Which test accounts a run uses up."""

    source: FilePath | None = Field(
        default=None,
        description="CSV of the target's test accounts (user_name,password[,previous_password,state,tenant,device,"
        "tags]), or a ledger that `pwdload accounts` made; a relative path starts at the scenario file. The embedded "
        "stand-in needs none: it makes its own.",
    )
    ledger: FilePath | None = Field(
        default=None,
        description="Directory that keeps what became of each account, from run to run. Without it, beside the CSV: "
        "accounts.ledger for accounts.csv.",
    )
    count: Whole = Field(
        default=20_000, ge=1, le=1_000_000, description="How many accounts the embedded stand-in is given."
    )
    reuse: Literal["once", "warn", "rearm"] = Field(
        default="once",
        description="once: an account whose password was changed is not used again. warn: it is, because on this "
        "target it stays in the time of warning, so that each login hands out a state_token. rearm: an administrator's "
        "call puts it back in the background (tenant API).",
    )
    rearm_rate_per_s: Rate = Field(
        default=10.0,
        alias="rearm_rate",
        description='With reuse = "rearm": how fast accounts are put back.',
        json_schema_extra={"default": "10/s"},
    )
    fsync: Literal["none", "group"] = Field(
        default="none",
        description="none: what is written down of a change before it is sent outlives a killed process. group: it "
        "outlives a power cut too; changes wait for the disk, many at a time.",
    )
    settle_wait_s: DurationOrNone = Field(
        default="3m30s",
        alias="settle_wait",
        validate_default=True,
        description="How long settling waits, before a run and after it, for accounts that are locked out.",
    )

    @field_validator("rearm_rate_per_s", mode="before")
    @classmethod
    def _only_rearmed(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("reuse") in ("once", "warn"):
            raise ValueError('for [accounts] reuse = "rearm" only: remove it, or state that')
        return value
