"""What every process of a run must know to play it: made by the controller, shipped to the workers as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from pwdload.accounts.source import AccountSource, MadeUpAccounts, read_accounts_csv
from pwdload.passwords import SECRET_VARIABLE
from pwdload.rundir import StageRecord
from pwdload.scenario import Scenario

ATTRIBUTE = "pwdload_plan"
"""Where the plan rides: Locust sends the master's parsed options to each worker with the order to spawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run, as all its processes see it."""

    scenario: Scenario
    target: str
    """Base URL."""
    weights: dict[str, float]
    """Weight of every case that is played."""
    state_token_life_s: float
    """How long the target honours a state_token."""
    secret_digest: str
    """By which a worker sees whether it would derive the same passwords."""
    machine: str
    """By which a worker sees whether it shares the master's monotonic clock and disk."""
    zero_s: float
    """Zero of the run's clock, on the machine's monotonic clock: the same in all processes of one machine."""
    stages: tuple[StageRecord, ...]
    run_directory: str = ""
    """Absolute path; empty when nothing is to be kept (a single user under a debugger)."""
    run_id: str = ""
    """By which messages and files of this run are told from another's."""
    made_up_sizes: dict[str, int] | None = None
    """Sizes by state of the made-up accounts; null when the accounts are listed in a file."""
    accounts_file: str = ""

    def to_json(self) -> str:
        """Return the plan as one JSON text."""
        fields = {
            "scenario": self.scenario.to_json(),
            "target": self.target,
            "weights": self.weights,
            "state_token_life_s": self.state_token_life_s,
            "secret_digest": self.secret_digest,
            "machine": self.machine,
            "zero_s": self.zero_s,
            "stages": [asdict(stage) for stage in self.stages],
            "run_directory": self.run_directory,
            "run_id": self.run_id,
            "made_up_sizes": self.made_up_sizes,
            "accounts_file": self.accounts_file,
        }
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a plan that `to_json` wrote."""
        fields = json.loads(text)
        fields["scenario"] = Scenario.from_json(fields["scenario"])
        fields["stages"] = tuple(StageRecord(**stage) for stage in fields["stages"])
        return cls(**fields)

    def unfit(self, secret_digest: str, machine: str) -> str:
        """Return why a process with this secret on this machine cannot take part; empty when it can."""
        if secret_digest != self.secret_digest:
            return f"its {SECRET_VARIABLE} is not the master's; set the same for both"
        if machine != self.machine:
            return "it runs on another machine, which this version cannot put on the master's clock; use --processes"
        return ""

    def account_source(self) -> AccountSource:
        """Return the run's accounts.

        Raises:
            AccountsError: they are listed in a file, and this process cannot read it.
        """
        if self.made_up_sizes is not None:
            return MadeUpAccounts(sizes=self.made_up_sizes)
        return read_accounts_csv(Path(self.accounts_file))
