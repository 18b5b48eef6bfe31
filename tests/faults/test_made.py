"""From a scenario's fault to the act that makes it."""

import pytest

from pwdload.errors import FaultError
from pwdload.faults.made import packet_act, process_act
from pwdload.faults.network.netem import NetemDelay, NetemLoss
from pwdload.faults.network.nft import NftDrop, NftReject
from pwdload.faults.processes.commands import Commands
from pwdload.faults.processes.control import StandinFault
from pwdload.faults.processes.database import DatabaseLock
from pwdload.faults.processes.kill import Kill
from pwdload.faults.processes.pause import Pause
from pwdload.faults.processes.standin import StandinProcess
from pwdload.scenario.faults import NETWORK_KINDS, PROCESS_KINDS, Fault
from pwdload.scenario.resilience import Commands as CommandsTable

COMMANDS = CommandsTable.model_validate({"stop": ["false"], "start": ["true"], "health": ["true"], "within": "1s"})
TOLD: dict[str, dict[str, str]] = {
    "slow_disk": {"delay": "20ms"},
    "clock_jump": {"by": "10m"},
    "packet_delay": {"delay": "100ms", "jitter": "10ms", "interface": "eth0", "namespace": "iam"},
    "packet_loss": {"loss": "1.5%", "interface": "eth0"},
}


def fault(kind: str) -> Fault:
    return Fault.model_validate({"name": "some fault", "kind": kind, "at": "1s", "for": "1s", **TOLD.get(kind, {})})


def test_every_kind_of_process_fault_has_its_act(shared_standin: StandinProcess) -> None:
    """What a scenario may name can be made."""
    acts = {kind: process_act(fault(kind), standin=shared_standin, commands=COMMANDS) for kind in PROCESS_KINDS}
    assert {kind: type(act) for kind, act in acts.items()} == {
        "pause": Pause,
        "kill": Kill,
        "stop": Commands,
        "database_lock": DatabaseLock,
        "slow_disk": StandinFault,
        "clock_jump": StandinFault,
    }
    for act in acts.values():
        act.check()


def test_every_kind_of_packet_fault_has_its_act() -> None:
    """What a scenario may name can be made, in the namespace and for the port of its target."""
    acts = {kind: packet_act(fault(kind), port=8080) for kind in NETWORK_KINDS}
    assert {kind: type(act) for kind, act in acts.items()} == {
        "packet_delay": NetemDelay,
        "packet_loss": NetemLoss,
        "packet_drop": NftDrop,
        "packet_reject": NftReject,
    }
    drop = acts["packet_drop"]
    assert isinstance(drop, NftDrop)
    assert "table inet pwdload_some_fault {" in drop.rules()
    assert "tcp dport 8080 drop" in drop.rules()


def test_values_of_the_scenario_reach_the_stand_in(shared_standin: StandinProcess) -> None:
    """20 ms are 0.02 s of each commit, ten minutes are 600 s of the clock."""
    acts = [process_act(fault(kind), standin=shared_standin, commands=None) for kind in ("slow_disk", "clock_jump")]
    for act in acts:
        act.inject()
    told = shared_standin.control.exchange("GET", "/standin/faults").body
    for act in acts:
        act.heal()
    assert told == b'{"commit_delay_s":0.02,"clock_jump_s":600.0}'


def test_commands_have_the_time_that_the_scenario_gives_them() -> None:
    """The command that fails is told by its own words."""
    act = process_act(fault("stop"), standin=None, commands=COMMANDS)
    with pytest.raises(FaultError, match=r"^false: exit code 1"):
        act.inject()
    act.heal()


@pytest.mark.parametrize("kind", sorted(PROCESS_KINDS - {"stop"}))
def test_a_target_of_somebody_else_has_no_process_to_touch(kind: str) -> None:
    """The refusal names the fault, and what can be used instead."""
    words = f'fault some fault: kind = "{kind}" can be done to the embedded stand-in only; .* kind = "stop"'
    with pytest.raises(FaultError, match=words):
        process_act(fault(kind), standin=None, commands=COMMANDS)


def test_a_stop_needs_commands() -> None:
    """Without the table there is nothing to stop the target with."""
    with pytest.raises(FaultError, match=r'kind = "stop" needs the table \[commands\]'):
        process_act(fault("stop"), standin=None, commands=None)
