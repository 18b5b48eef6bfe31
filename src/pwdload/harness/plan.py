"""What every process of a run must know to play it: made by the controller, shipped to the workers as JSON."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from pwdload.accounts.source import ListedAccounts, read_accounts_csv
from pwdload.api.connections import Connections, Via
from pwdload.api.http import Address, is_loopback
from pwdload.api.permission import check_same_addresses
from pwdload.errors import AccountsError
from pwdload.harness.arrivals import Rota
from pwdload.pacing import Mix, RatePlan, Schedule
from pwdload.passwords import SECRET_VARIABLE
from pwdload.rundir import ArrivalPlan, RateRecord, StageRecord
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
    clock: str
    """By which a worker sees whether it shares the master's monotonic clock (`clock_name`)."""
    network: str
    """By which a worker sees whether the master's loopback is its own (`network_name`)."""
    stages: tuple[StageRecord, ...]
    run_directory: str = ""
    """Absolute path; empty when nothing is to be kept (a single user under a debugger)."""
    run_id: str = ""
    """By which messages and files of this run are told from another's."""
    is_standin: bool = False
    """Whether the target is the embedded stand-in."""
    key_file: str = ""
    """Where the run secret is kept, if the environment does not give it: for workers on the master's machine."""
    accounts_file: str = ""
    """Where passwords are listed that cannot be derived; empty where all can."""
    accounts_digest: str = ""
    """Of what is in the file: a worker may read a copy, on a machine of its own."""
    processes: int = 1
    """How many share the load when it begins."""
    ledger_id: str = ""
    """Of the ledger of the accounts, in hexadecimal digits."""
    ledger_run: int = 0
    """Number of this run in it."""
    journals: str = ""
    """Absolute path of the directory of its journals, for workers that see the master's disk."""
    addresses: tuple[str, ...] = ()
    """What is behind the name of the target, or of the proxy before it, by the master; empty where nobody looked."""
    via: Via | None = None
    """The fault proxy that the load goes through; null where it goes to the target itself."""
    arrivals: ArrivalPlan | None = None
    """Null in the closed model."""
    budget_s: float | None = None
    """By which -t shortens a search; null where the scenario's budget holds."""
    mix: dict[str, float] = field(default_factory=dict)
    """Open model: weight of every task that the chosen user classes have."""
    players: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Open model: the user classes that have each of these tasks."""

    @property
    def grown(self) -> tuple[RateRecord, ...]:
        """The whole load as it goes on by now, where it grows while the run goes on; nothing where it does not."""
        return self.arrivals.pieces if self.arrivals is not None and self.scenario.search is not None else ()

    def rota(self) -> Rota:
        """Return what a process needs to know to play its turns of the open model."""
        assert self.arrivals is not None  # noqa: S101 - asked of the open model only
        return Rota(
            schedule=schedule_of(self.arrivals),
            mix=Mix(self.mix, self.arrivals.seed),
            players=self.players,
            queue_limit=self.arrivals.queue_limit,
        )

    def to_json(self) -> str:
        """Return the plan as one JSON text."""
        fields = {
            "scenario": self.scenario.to_json(),
            "target": self.target,
            "weights": self.weights,
            "state_token_life_s": self.state_token_life_s,
            "secret_digest": self.secret_digest,
            "clock": self.clock,
            "network": self.network,
            "stages": [asdict(stage) for stage in self.stages],
            "run_directory": self.run_directory,
            "run_id": self.run_id,
            "is_standin": self.is_standin,
            "key_file": self.key_file,
            "accounts_file": self.accounts_file,
            "accounts_digest": self.accounts_digest,
            "processes": self.processes,
            "ledger_id": self.ledger_id,
            "ledger_run": self.ledger_run,
            "journals": self.journals,
            "addresses": self.addresses,
            "via": asdict(self.via) if self.via is not None else None,
            "arrivals": asdict(self.arrivals) if self.arrivals is not None else None,
            "budget_s": self.budget_s,
            "mix": self.mix,
            "players": self.players,
        }
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a plan that `to_json` wrote."""
        fields = json.loads(text)
        fields["scenario"] = Scenario.from_json(fields["scenario"])
        fields["stages"] = tuple(StageRecord(**stage) for stage in fields["stages"])
        fields["players"] = {name: tuple(kinds) for name, kinds in fields["players"].items()}
        fields["addresses"] = tuple(fields["addresses"])
        fields["via"] = Via(**fields["via"]) if fields["via"] is not None else None
        if fields["arrivals"] is not None:
            pieces = tuple(RateRecord(*piece) for piece in fields["arrivals"]["pieces"])
            fields["arrivals"] = ArrivalPlan(**{**fields["arrivals"], "pieces": pieces})
        return cls(**fields)

    def unfit(self, secret_digest: str, network: str) -> str:
        """Return why a process with this secret on this network cannot take part; empty when it can."""
        if secret_digest != self.secret_digest:
            return f"its {SECRET_VARIABLE} is not the master's; set the same for both"
        if network != self.network and is_loopback(Address.parse(self.target).host):
            return f"the target {self.target} is the master's own loopback; name one with --host that all can reach"
        if network != self.network and self.via is not None:
            return "the fault proxy listens on the master's own loopback; run all workers of this scenario there"
        return ""

    def listed(self, own_file: str = "") -> ListedAccounts | None:
        """Return the list of passwords that cannot be derived; null where all can.

        `own_file` is this process's own copy of it, where it has one.

        Raises:
            AccountsError: this process cannot read it, or it is not the same as the master's.
        """
        if not self.accounts_file:
            return None
        path = Path(own_file or self.accounts_file)
        listed = read_accounts_csv(path)
        if file_digest(path) != self.accounts_digest:
            raise AccountsError(f"{path}: not the list that the master has; give this worker a copy with --accounts")
        return listed


def check_here(plan: Plan, connections: Connections) -> None:
    """Make sure that this process reaches the machines that the process in charge has looked at, and no others.

    Raises:
        UsageError: the target's name leads elsewhere here; nothing must be sent.
    """
    if not plan.addresses:
        return
    try:
        found = connections.addresses()
    except OSError:  # no address at all: each exchange says so
        return
    target, allow = plan.scenario.target, plan.scenario.target.allow
    host = Address.parse(target.proxy or plan.target).host
    check_same_addresses(host, found, plan.addresses, allow)


def schedule_of(arrivals: ArrivalPlan) -> Schedule:
    """Return the schedule of arrivals that was planned."""
    return Schedule(plan=RatePlan.of(arrivals.pieces), arrivals=arrivals.kind, seed=arrivals.seed)


def file_digest(path: Path) -> str:
    """Return what two processes may compare to see whether they have the same file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
