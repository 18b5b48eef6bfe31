"""From a fault of the scenario to the act that makes it."""

from dataclasses import dataclass

from pwdload.api.http import Address
from pwdload.errors import FaultError
from pwdload.faults.acts import Act, Patience
from pwdload.faults.experiment import Nothing
from pwdload.faults.gateway import Gateway
from pwdload.faults.network.netem import Delay, NetemDelay, NetemLoss
from pwdload.faults.network.nft import NftDrop, NftReject
from pwdload.faults.network.place import Namespace
from pwdload.faults.plan import means_of, toxic_of
from pwdload.faults.processes.commands import Command, Commands
from pwdload.faults.processes.control import clock_jump, slow_disk
from pwdload.faults.processes.database import DatabaseLock
from pwdload.faults.processes.kill import Kill
from pwdload.faults.processes.pause import Pause
from pwdload.faults.processes.standin import StandinProcess
from pwdload.scenario import Scenario
from pwdload.scenario.faults import Fault
from pwdload.scenario.resilience import Commands as CommandsTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What there is to make faults with."""

    scenario: Scenario
    target: Address
    standin: StandinProcess | None
    """Null where the target is not the embedded stand-in."""
    gateway: Gateway | None
    """Null where no fault is the fault proxy's."""

    def act_of(self, fault: Fault) -> Act:
        """Return what makes a fault.

        Raises:
            FaultError: this target cannot have it; the text says why, and what to do.
        """
        match means_of(fault.kind):
            case "proxy":
                assert self.gateway is not None  # noqa: S101 - opened wherever a fault is the proxy's
                return self.gateway.proxied(toxic_of(fault, self.scenario.seed))
            case "process":
                return process_act(fault, standin=self.standin, commands=self.scenario.commands)
            case "network":
                return packet_act(fault, port=self.target.port)
            case "load":
                return Nothing()


def process_act(fault: Fault, *, standin: StandinProcess | None, commands: CommandsTable | None) -> Act:
    """Return the act of a fault of the target's process.

    Raises:
        FaultError: there is no stand-in to do it to, or no commands to do it with.
    """
    if fault.kind == "stop":
        if commands is None:
            raise FaultError(
                f'fault {fault.name}: kind = "stop" needs the table [commands]; give stop, start and health'
            )
        return _by_commands(commands)
    if standin is None:
        raise FaultError(
            f'fault {fault.name}: kind = "{fault.kind}" can be done to the embedded stand-in only; for another target '
            'use kind = "stop" with [commands], or a kind of the fault proxy'
        )
    match fault.kind:
        case "pause":
            return Pause(standin)
        case "kill":
            return Kill(standin)
        case "database_lock":
            return DatabaseLock(standin.database)
        case "slow_disk":
            return slow_disk(standin.control, commit_delay_s=fault.delay_s or 0.0)
        case "clock_jump":
            return clock_jump(standin.control, ahead_s=fault.by_s or 0.0)
    raise FaultError(f'fault {fault.name}: kind = "{fault.kind}" is not one of the target\'s process')


def packet_act(fault: Fault, *, port: int) -> Act:
    """Return the act of a fault of packets; those to the target's port are dropped or rejected.

    Raises:
        FaultError: a name or a value is not one that the kernel takes.
    """
    namespace, device = Namespace(name=fault.namespace or ""), fault.interface or ""
    match fault.kind:
        case "packet_delay":
            return NetemDelay(namespace, device, Delay(mean_s=fault.delay_s or 0.0, jitter_s=fault.jitter_s or 0.0))
        case "packet_loss":
            return NetemLoss(namespace, device, fault.loss or 0.0)
        case "packet_drop":
            return NftDrop(namespace, fault.name, port, device=device)
        case "packet_reject":
            return NftReject(namespace, fault.name, port, device=device)
    raise FaultError(f'fault {fault.name}: kind = "{fault.kind}" is not one of packets')


def _by_commands(table: CommandsTable) -> Commands:
    stop, start, health = (
        Command(argv=argv, limit_s=table.within_s) for argv in (table.stop, table.start, table.health)
    )
    return Commands(stop=stop, start=start, health=health, patience=Patience(limit_s=table.within_s, step_s=0.1))
