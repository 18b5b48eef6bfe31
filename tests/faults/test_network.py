"""Faults by the kernel's network: what is asked of the tools, and between two namespaces, what a client sees."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from tests.faults.cable import PORT, Cable, cable
from tests.faults.dying import died_of_kill_9, waited_until
from tests.faults.tools import Tools, TrafficControl

from pwdload.errors import FaultError
from pwdload.faults.acts import Act
from pwdload.faults.network import probe as probing
from pwdload.faults.network.netem import Delay, NetemDelay, NetemLoss
from pwdload.faults.network.nft import NftDrop, NftReject
from pwdload.faults.network.place import Namespace
from pwdload.faults.network.probe import Name, probe
from pwdload.faults.toxic import Stream


@pytest.fixture(scope="module")
def laid() -> Iterator[Cable]:
    """Give a cable between two namespaces; without nft, the probe says why there is none."""
    if lacking := probe()["nft"].lacking:
        pytest.skip(lacking)
    with cable() as one:
        yield one


@pytest.fixture
def wire(laid: Cable) -> Iterator[Cable]:
    """Give the cable with a connection on it that works, and see to it that a test leaves it so."""
    assert laid.connect().what == "echo"
    yield laid
    assert laid.connect().what == "echo"
    assert _tables(laid.target) == _tables(laid.client) == ""


def test_a_dropped_way_is_a_black_hole_until_it_is_healed(wire: Cable) -> None:
    """Open connections hang, new ones do not open; healed, the open one goes on and brings what was sent."""
    act = NftDrop(Namespace(name=wire.target), "black hole", PORT)
    act.check()
    act.heal()  # nothing to heal
    act.inject()
    act.inject()
    assert wire.again().what == "TimeoutError"
    act.heal()
    act.heal()
    assert wire.again().what == "echo"
    act.inject()
    assert wire.connect().what == "TimeoutError"
    act.heal()


@pytest.mark.parametrize("stream", Stream)
@pytest.mark.parametrize("side", ["target", "client"])
def test_either_side_and_either_way_can_be_cut(wire: Cable, side: str, stream: Stream) -> None:
    """It does not matter in whose namespace the rules are, or by which interface they go."""
    act = NftDrop(Namespace(name=getattr(wire, side)), "cut", PORT, stream=stream, device="eth0")
    act.inject()
    assert wire.again().what == "TimeoutError"
    act.heal()


def test_a_rejected_way_refuses_and_resets(wire: Cable) -> None:
    """Open connections are reset, new ones refused, both at once and not after a time-out."""
    act = NftReject(Namespace(name=wire.target), "refused", PORT)
    act.inject()
    assert wire.again().what == "ConnectionResetError"
    assert wire.connect().what == "ConnectionRefusedError"
    act.heal()


def test_another_port_and_another_table_are_left_alone(wire: Cable) -> None:
    """A fault for one port does not touch another, and healing leaves a table that somebody else has made."""
    theirs = ["ip", "netns", "exec", wire.target, "nft"]
    subprocess.run([*theirs, "add", "table", "inet", "theirs"], check=True)
    act = NftDrop(Namespace(name=wire.target), "elsewhere", PORT + 1)
    act.inject()
    assert wire.again().what == "echo"
    act.heal()
    assert _tables(wire.target) == "table inet theirs\n"
    subprocess.run([*theirs, "delete", "table", "inet", "theirs"], check=True)


def test_a_killed_controller_leaves_no_rule(wire: Cable) -> None:
    """Who dies of kill -9 in the midst of the fault has it healed."""
    died_of_kill_9(_injecting(wire.target))
    waited_until(lambda: _tables(wire.target) == "")
    assert wire.connect().what == "echo"


def test_what_an_earlier_process_left_is_healed_by_name(wire: Cable) -> None:
    """Where the guardian died too, the same fault of a later process finds the table and deletes it."""
    act = NftDrop(Namespace(name=wire.target), "left behind", PORT)
    Namespace(name=wire.target).must("nft", "-f", "-", text_in=act.rules())
    assert wire.again().what == "TimeoutError"
    act.heal()
    assert _tables(wire.target) == ""


def test_delay_is_on_every_packet_and_gone_afterwards(wire: Cable) -> None:
    """A byte there and back takes the delay longer."""
    _need("netem")
    act = NetemDelay(Namespace(name=wire.target), "eth0", Delay(mean_s=0.1))
    act.check()
    act.inject()
    assert 0.1 <= wire.again().took_s < 0.25
    act.heal()
    assert wire.again().took_s < 0.1


def test_loss_of_all_is_a_black_hole(wire: Cable) -> None:
    """With all packets lost nobody answers, and afterwards everybody."""
    _need("netem")
    act = NetemLoss(Namespace(name=wire.target), "eth0", 1.0)
    act.inject()
    assert wire.again().what == "TimeoutError"
    act.heal()
    assert wire.again().what == "echo"


def test_the_probe_leaves_nothing_behind() -> None:
    """It says yes, or why not in one line, of each; and its namespace is gone."""
    found = probe()
    assert set(found) == {"netem", "nft"}
    for capability in found.values():
        assert capability.is_available == (not capability.lacking)
        assert "\n" not in capability.lacking
    assert not Namespace(name=f"pwdload-probe-{os.getpid()}").exists()


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        (
            "Error: Specified qdisc kind is unknown.",
            "the kernel does not have netem (module sch_netem) (Specified qdisc kind is unknown)",
        ),
        (
            "RTNETLINK answers: Operation not permitted",
            "no permission for netem (module sch_netem) (RTNETLINK answers: Operation not permitted); run as root",
        ),
    ],
)
def test_the_probe_tells_what_is_lacking(monkeypatch: pytest.MonkeyPatch, complaint: str, sentence: str) -> None:
    """A kernel without the module and a user without permission are told apart, in the tool's own words."""
    monkeypatch.setattr(probing, "missing_tool", lambda *_: "")
    tools = Tools(lambda argv: (2, "", complaint) if "tc" in argv else (0, "", ""))
    found = probe(tools)
    assert found["netem"].lacking == sentence
    assert found["nft"].is_available
    assert tools.asked[-1] == f"ip netns delete pwdload-probe-{os.getpid()}"


def test_without_a_namespace_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not make namespaces learns it for both, and the network of the machine is not touched."""
    monkeypatch.setattr(probing, "missing_tool", lambda *_: "")
    tools = Tools(lambda _: (1, "", "mkdir /run/netns failed: Permission denied\n"))
    found = probe(tools)
    words = "no permission for network namespaces (mkdir /run/netns failed: Permission denied); run as root"
    assert {capability.lacking for capability in found.values()} == {words}
    assert len(tools.asked) == 1


def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without iproute2 the probe says what to install."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert probe(Tools())["nft"].lacking == "ip is missing; install the package iproute2"


def test_a_kernel_is_probed_once_for_each_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check right before each injection looks at names only: what the kernel can do is known from the first."""
    monkeypatch.setattr(probing, "missing_tool", lambda *_: "")
    tools = Tools()
    act = NftDrop(Namespace(run=tools), "hole", PORT, device="lo")
    act.check()
    assert f"ip netns add pwdload-probe-{os.getpid()}" in tools.asked
    tools.asked.clear()
    act.check()
    assert tools.asked == ["ip link show dev lo"]


def test_netem_is_set_once_and_deleted_once(traffic: TrafficControl) -> None:
    """Setting it again changes what is there; healing deletes it once, and what is at the root by default stays."""
    act = NetemDelay(
        Namespace(name="x", run=traffic), "eth0", Delay(mean_s=0.1, jitter_s=0.0005, distribution="pareto")
    )
    act.inject()
    act.inject()
    assert traffic.root.startswith("netem 7077: root")
    act.heal()
    act.heal()
    assert traffic.root == ""
    changes = [asked for asked in traffic.asked if "replace" in asked or "del" in asked.split()]
    setting = "tc qdisc replace dev eth0 root handle 7077: netem delay 100.000ms 0.500ms distribution pareto"
    assert changes == [setting, setting, "tc qdisc del dev eth0 root"]


def test_what_somebody_else_has_at_the_root_is_left_alone(traffic: TrafficControl) -> None:
    """Neither setting nor healing touches a qdisc that is not this fault's own, be it netem."""
    for root in ("htb 1: root refcnt 2 r2q 10", "netem 7077: root refcnt 2", "netem 8001: root refcnt 2"):
        traffic.root = root
        act = NetemLoss(Namespace(name="x", run=traffic), "eth0", 0.015)
        with pytest.raises(FaultError, match="interface eth0: has a qdisc that is not this fault's"):
            act.inject()
        act.heal()
        assert traffic.root == root


def test_netem_that_an_earlier_process_left_is_healed_by_its_handle(traffic: TrafficControl) -> None:
    """A later process that was told of the same fault knows it."""
    traffic.root = "netem 7078: root refcnt 2 limit 1000 loss 1.5%"
    NetemLoss(Namespace(name="x", run=traffic), "eth0", 0.015).heal()
    assert traffic.root == ""


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> TrafficControl:
    """Give a `tc` that is not there, in a namespace x that is not there either."""
    monkeypatch.setattr("pwdload.faults.network.netem.missing_tool", lambda *_: "")
    monkeypatch.setattr("pwdload.faults.network.place.missing_tool", lambda *_: "")
    return TrafficControl()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda here: NetemDelay(here, "eth0", Delay(mean_s=0)), "allowed are delays up to 60 s"),
        (lambda here: NetemDelay(here, "eth0", Delay(mean_s=1, jitter_s=2)), "jitter up to the delay"),
        (lambda here: NetemDelay(here, "eth0", Delay(mean_s=1, distribution="normal")), "give it a jitter"),
        (lambda here: NetemLoss(here, "eth0", 1.5), "loss of a share of 1.5: allowed is above 0, up to 1"),
        (lambda here: NetemLoss(here, "eth0 root", 0.5), "interface 'eth0 root': not the name of one"),
        (lambda here: NftDrop(here, "hole", 0), "port 0: not one of 1 to 65535"),
        (lambda here: NftReject(here, "hole", 80, device="-x"), "interface '-x': not the name of one"),
        (lambda here: NftReject(here, " ?! ", 80), "no letter or digit in its name"),
        (lambda here: Namespace(name="-n x"), "namespace '-n x': not a name"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(make: Callable[[Namespace], object], words: str) -> None:
    """Values out of range, and names that a tool could take for an option, never reach a tool."""
    with pytest.raises(FaultError, match=words):
        make(Namespace())


def test_a_namespace_or_an_interface_that_is_missing_is_told_before_the_run(laid: Cable) -> None:
    """The check names it, and how to see what there is."""
    with pytest.raises(FaultError, match="namespace no-such: there is none; make it with"):
        NftDrop(Namespace(name="no-such"), "hole", PORT).check()
    with pytest.raises(FaultError, match=f"interface eth7: there is none in namespace {laid.target}"):
        NftDrop(Namespace(name=laid.target), "hole", PORT, device="eth7").check()


def test_a_namespace_that_is_gone_has_no_fault(laid: Cable) -> None:
    """Healing is done when what it was done to is gone."""
    act: Act = NftDrop(Namespace(name=f"pwdload-x{os.getpid()}"), "hole", PORT)
    subprocess.run(["ip", "netns", "add", f"pwdload-x{os.getpid()}"], check=True)
    act.inject()
    subprocess.run(["ip", "netns", "delete", f"pwdload-x{os.getpid()}"], check=True)
    act.heal()


def test_what_nft_refuses_is_told_in_its_first_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nft points at the place in the lines that follow; the first says what is wrong."""
    monkeypatch.setattr("pwdload.faults.network.nft.missing_tool", lambda _: "")  # this one is made up
    complaint = "Error: Could not process rule: Operation not permitted\ntable inet x { }\n^^^^^^^^^^^^^^^^\n"
    act = NftDrop(Namespace(run=Tools(lambda _: (1, "", complaint))), "hole", PORT)
    with pytest.raises(FaultError, match=r"^nft -f -: Could not process rule: Operation not permitted$"):
        act.inject()
    with pytest.raises(FaultError, match="nft list tables: Could not process rule"):
        act.heal()
    assert act._guardian is not None
    act._guardian.dismiss()


def _need(name: Name) -> None:
    if lacking := probe()[name].lacking:
        pytest.skip(lacking)


def _tables(namespace: str) -> str:
    return Namespace(name=namespace).must("nft", "list", "tables")


def _injecting(namespace: str) -> str:
    return f"""
        from pwdload.faults.network.nft import NftDrop
        from pwdload.faults.network.place import Namespace
        act = NftDrop(Namespace(name={namespace!r}), "black hole", {PORT})
        act.inject()
        assert act._is_there()
        """
