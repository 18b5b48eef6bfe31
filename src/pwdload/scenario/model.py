"""The scenario: the file's tables together, and the value that the rest of the program works with."""

import json
from collections.abc import Mapping
from typing import Final, Self

from pydantic import Field, ValidationInfo, field_validator

from pwdload.scenario.accounts import Accounts
from pwdload.scenario.context import LoadContext
from pwdload.scenario.faults import Faults
from pwdload.scenario.fields import AnyScalar, Text, Title, Weight, Whole
from pwdload.scenario.forecast import Forecast
from pwdload.scenario.oracle import Oracle
from pwdload.scenario.resilience import Commands, FaultProxyTable, RetriesTable, SteadyState
from pwdload.scenario.search import Search, only_open
from pwdload.scenario.slo import Slo, SloTable
from pwdload.scenario.stages import Stage, timed
from pwdload.scenario.tables import (
    CaseName,
    Devices,
    Expect,
    Load,
    MixName,
    PasswordRules,
    SettingName,
    Table,
    Target,
)

DOCUMENTED_LOCKOUT_THRESHOLD: Final = 10


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
    load: Load = Field(default_factory=Load, description="How much work comes, for how long, and what it waits for.")
    search: Search | None = Field(
        default=None,
        description="Looks for the highest rate that keeps the criteria, after the stages of [load] if it has some.",
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
    oracle: Oracle = Field(
        default_factory=Oracle,
        description="What is tried of a target's correctness while it is under load, and by what it is judged.",
    )
    retries: RetriesTable | None = Field(default=None, description="How clients try again. Without it they do not.")
    faults: Faults = Field(
        default=(), description="What is done to the target while it is under load, on the run's clock, and healed."
    )
    fault_proxy: FaultProxyTable = Field(
        default_factory=FaultProxyTable, description="What injects faults on the way to the target."
    )
    commands: Commands | None = Field(
        default=None,
        description="How a target is stopped and started that this machine may touch, for kinds stop and kill.",
    )
    steady_state: SteadyState | None = Field(
        default=None,
        description="What must hold before a fault is injected, else it is not; looked at during and after it as well.",
    )
    slo: SloTable = Field(default_factory=Slo, description="What the run must keep to pass.")
    forecast: Forecast | None = Field(
        default=None, description="What is to come, which the report holds the measured capacity against."
    )
    standin: Mapping[SettingName, AnyScalar] = Field(
        default_factory=dict,
        description="Settings of the embedded stand-in, handed on as they are. `pwdload standin settings` lists them.",
    )

    @field_validator("search")
    @classmethod
    def _only_open(cls, value: Search | None, info: ValidationInfo) -> Search | None:
        return only_open(value, info.data.get("load"))


class Scenario(ScenarioFile):
    """A scenario that can be run: what its file says, where it came from, and what follows from both."""

    name: str
    """The file's stem, fit for the name of a directory."""
    source: str
    """The TOML text as it was given, for the run directory to keep."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Stages in their places on the run's clock; none when Locust's -u, -r and -t decide."""
        return timed(self.load.stages, self.load.max_in_flight)

    @property
    def duration_s(self) -> float | None:
        """How long all stages last; None without stages, when the run lasts until it is stopped."""
        return self.stages[-1].end_s if self.load.stages else None

    @property
    def users_max(self) -> int | None:
        """Users of the largest stage, in the open model the slots; None without stages."""
        return max((stage.users for stage in self.stages), default=None)

    @property
    def flows_max(self) -> float | None:
        """At most how many flows the stages of the closed model come to; None without stages or without think time.

        As if nothing but thinking took time, and every user were there from its stage's first moment.
        """
        mean_s = (self.load.think_time.min_s + self.load.think_time.max_s) / 2
        if self.load.model == "open" or not self.load.stages or not mean_s:
            return None
        return sum(stage.users * (1 + stage.for_s / mean_s) for stage in self.stages)

    def lockout_threshold_of(self, *, is_standin: bool) -> int:
        """Return how many wrong passwords in a row lock an account; 0 where the stand-in was told that none do.

        `is_standin`: of the embedded stand-in.
        """
        stated = self.oracle.lockout_threshold
        if stated is None and is_standin:
            stated = _whole(self.standin.get("lockout_threshold"))
        return DOCUMENTED_LOCKOUT_THRESHOLD if stated is None else stated

    def stage_at(self, t_s: float) -> Stage | None:
        """Return the stage at a time on the run's clock; None before the start, after the end and without stages."""
        return next((stage for stage in self.stages if stage.start_s <= t_s < stage.end_s), None)

    def to_json(self) -> str:
        """Return the scenario as one JSON text, for a process that has not read its file."""
        # What the file does not state is left out: a default may belong to a model of load that is not this one's.
        return self.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the scenario that `to_json` wrote, equal to it in every value.

        Raises:
            ValueError: it is no such text.
        """
        return cls.model_validate_json(text, context=LoadContext(has_search="search" in json.loads(text)))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
