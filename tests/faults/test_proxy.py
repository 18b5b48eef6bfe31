"""The proxy without faults is not there: ends, resets, pressure; and its names, addresses and counts."""

import asyncio
import socket
from pathlib import Path

import pytest
from tests.faults.effects import EVERY
from tests.faults.lab import Client, Lab, TargetWire, toxic, until

from pwdload.errors import FaultError
from pwdload.faults.lane import HELD_LIMIT
from pwdload.faults.proxy import FaultProxy
from pwdload.faults.side import reset_on_close
from pwdload.faults.toxic import Scope, Stream, Toxic

KERNEL_ROOM = 12 * 1024 * 1024
"""What the kernel's buffers of two connections on loopback hold at most before a writer has to wait."""
FRAMED = [None, Scope.CONNECTION, Scope.REQUEST]


async def _framed(lab: Lab, scope: Scope | None) -> None:
    """Put a no-op in both directions."""
    if scope is not None:
        for stream in Stream:
            await lab.proxy.add(Toxic(name=stream, kind="noop", stream=stream, scope=scope))


class _HalfClosing(TargetWire):
    """Reads to the end, and answers then."""

    def data_received(self, data: bytes) -> None:
        self.pieces.append((0.0, data))

    def eof_received(self) -> bool:
        self._end("fin")
        self.transport.write(b"all of " + self.data)
        self.transport.close()
        return True


@pytest.mark.parametrize("scope", FRAMED)
def test_half_a_connection_may_end(scope: Scope | None) -> None:
    """A client that has said all is still answered."""

    async def ask() -> None:
        async with Lab.open() as lab:
            lab.target.wire = _HalfClosing
            await _framed(lab, scope)
            client = await lab.client()
            client.transport.write(b"it")
            client.transport.write_eof()
            assert await client.end() == "fin"
            assert client.data == b"all of it"
            await until(lambda: lab.proxy.counts.open == 0)

    asyncio.run(ask())


@pytest.mark.parametrize("scope", FRAMED)
@pytest.mark.parametrize("who", ["client", "target"])
@pytest.mark.parametrize("how", ["fin", "reset"])
def test_an_end_is_seen_as_what_it_is(scope: Scope | None, who: str, how: str) -> None:
    """FIN as FIN and RST as RST, in both directions."""

    async def end() -> None:
        async with Lab.open() as lab:
            await _framed(lab, scope)
            client = await lab.used()
            target = lab.target.wires[-1]
            one, other = (client, target) if who == "client" else (target, client)
            if how == "reset":
                reset_on_close(one.transport.get_extra_info("socket"))
            one.transport.abort()
            await until(lambda: other.ended is not None)
            assert other.ended == how
            other.transport.abort()
            await until(lambda: lab.proxy.counts.open == 0)

    asyncio.run(end())


@pytest.mark.parametrize("fault", [None, toxic("bandwidth", rate=10), toxic("latency", latency=60_000)])
def test_a_slow_reader_slows_the_writer(fault: Toxic | None) -> None:
    """What a client does not read waits at the target, and not in the proxy's memory."""

    async def flood() -> None:
        async with Lab.open() as lab:
            if fault is not None:
                await lab.proxy.add(fault)
            client = await lab.client()
            client.transport.pause_reading()
            await until(lambda: bool(lab.target.wires))
            lab.target.wires[-1].transport.write(bytes(32 * 1024 * 1024))
            taken = -1
            while taken != lab.proxy.counts.bytes_downstream:
                taken = lab.proxy.counts.bytes_downstream
                await asyncio.sleep(0.05)
            assert taken < (KERNEL_ROOM if fault is None else 2 * HELD_LIMIT)

    asyncio.run(flood())


def test_a_reader_that_was_slow_gets_everything() -> None:
    """Stopping and going on loses nothing and turns nothing round."""

    async def flood() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("latency", latency=1))
            client = await lab.client()
            client.transport.pause_reading()
            await until(lambda: bool(lab.target.wires))
            sent = b"".join(number.to_bytes(4, "big") for number in range(500_000))
            lab.target.wires[-1].transport.write(sent)
            await asyncio.sleep(0.05)
            client.transport.resume_reading()
            assert await client.receive(len(sent)) == sent

    asyncio.run(flood())


def test_what_a_target_says_first_arrives() -> None:
    """A protocol in which the server greets works too."""

    class Greeting(TargetWire):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.transport.write(b"220 welcome")

    async def greet() -> None:
        async with Lab.open() as lab:
            lab.target.wire = Greeting
            client = await lab.client()
            assert await client.receive(11) == b"220 welcome"

    asyncio.run(greet())


def test_a_target_that_is_not_there_resets_its_clients() -> None:
    """A client of the proxy is told at once, and it is counted."""

    async def ask() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        proxy = FaultProxy(name="to nowhere", listen="127.0.0.1:0", upstream=f"127.0.0.1:{port}")
        await proxy.start()
        host, _, listening = proxy.listen.rpartition(":")
        _, client = await asyncio.get_running_loop().create_connection(Client, host, int(listening))
        assert await client.end() == "reset"
        await proxy.stop()
        assert (proxy.counts.unreachable, proxy.counts.open) == (1, 0)

    asyncio.run(ask())


def test_counts_say_what_was_carried() -> None:
    """Connections, requests seen, and bytes each way, of connections that are gone as well."""

    async def ask() -> None:
        async with Lab.open() as lab:
            await (await lab.used()).ask()
            lab.clients[0].transport.abort()
            await until(lambda: lab.proxy.counts.open == 0)
            await lab.proxy.add(toxic("noop", scope=Scope.REQUEST))
            await (await lab.client()).ask()
            counts = lab.proxy.counts
            assert (counts.connections, counts.open, counts.requests) == (2, 1, 1)
            assert counts.bytes_upstream == sum(len(wire.data) for wire in lab.target.wires)
            assert counts.bytes_downstream == 3 * len(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nchange")
            assert counts.affected == {"noop": 1}

    asyncio.run(ask())


def test_a_share_of_connections_is_drawn_by_their_number() -> None:
    """A share of the connections is hit, in each of its requests; what is changed is drawn alike."""

    async def ask() -> None:
        async with Lab.open() as lab:
            clients = [await lab.used() for _ in range(30)]
            await lab.proxy.add(toxic("timeout", toxicity=0.4))
            answers = await asyncio.gather(*(client.ask(wait_s=0.4) for client in clients))
            hit = [client for client, answer in zip(clients, answers, strict=True) if answer.ended == "hang"]
            assert 5 < len(hit) < 20
            assert lab.proxy.counts.affected == {"timeout": len(hit)}
            await lab.proxy.replace(toxic("timeout", toxicity=0))
            assert {await client.end() for client in hit} == {"fin"}
            await until(lambda: lab.proxy.counts.open == 30 - len(hit))

    asyncio.run(ask())


def test_a_fault_is_replaced_in_its_place() -> None:
    """New values take hold at once; what was held under the old ones goes on its way."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            await lab.proxy.add(toxic("latency", latency=60_000))
            await lab.proxy.add(toxic("noop"))
            waiting = asyncio.ensure_future(client.ask())
            await asyncio.sleep(0.03)
            await lab.proxy.replace(toxic("latency", latency=30))
            assert (await waiting).ended == "complete"
            assert 0.03 <= (await client.ask()).took_s < 1
            assert [fault.name for fault in lab.proxy.toxics] == ["latency", "noop"]
            assert lab.proxy.toxics[0].attributes["latency"] == 30
            await lab.proxy.replace(toxic("latency", Stream.UPSTREAM, Scope.REQUEST, latency=30))
            assert (await client.ask()).ended == "complete"
            assert lab.proxy.counts.requests == 1

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("held", "then", "ended"),
    [
        (toxic("reset_peer", timeout=60_000), toxic("reset_peer"), "reset"),
        (toxic("timeout"), toxic("timeout", timeout=20), "fin"),
        (toxic("drop_answer"), toxic("drop_answer", then="reset"), "reset"),
    ],
)
def test_a_connection_that_is_held_already_gets_the_new_fault(held: Toxic, then: Toxic, ended: str) -> None:
    """What was swallowed under the old values does not protect a connection from the new ones."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            await lab.proxy.add(held)
            assert (await client.ask(wait_s=0.05)).ended == "hang"
            await lab.proxy.replace(then)
            assert (await client.ask(b"again")).ended == ended

    asyncio.run(ask())


def test_names_are_held_together() -> None:
    """A name is there once; what is not there cannot be changed, and what is refused changes nothing."""

    async def ask() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("noop"))
            with pytest.raises(FaultError, match='proxy "lab" has a toxic "noop" already'):
                await lab.proxy.add(toxic("noop"))
            for act in (lab.proxy.replace(toxic("latency")), lab.proxy.remove("latency")):
                with pytest.raises(FaultError, match='proxy "lab" has no toxic "latency"; there are: noop'):
                    await act
            with pytest.raises(FaultError, match="toxicity"):
                await lab.proxy.replace(toxic("noop", toxicity=3))
            assert [fault.toxicity for fault in lab.proxy.toxics] == [1]

    asyncio.run(ask())


def test_an_address_that_cannot_be_is_refused_in_one_line() -> None:
    """Whether it is none, or is taken."""

    async def start() -> None:
        for address in ("127.0.0.1", "127.0.0.1:x", ":80", "127.0.0.1:65536"):
            with pytest.raises(FaultError, match="an address is HOST:PORT, such as"):
                FaultProxy(name="p", listen=address, upstream="127.0.0.1:80")
        async with Lab.open() as lab:
            second = FaultProxy(name="second", listen=lab.proxy.listen, upstream="127.0.0.1:80")
            with pytest.raises(FaultError) as caught:
                await second.start()
            assert str(caught.value) == f'proxy "second" cannot listen on {lab.proxy.listen}: Address already in use'

    asyncio.run(start())


def test_faults_set_before_the_start_are_on_from_the_start() -> None:
    """Of the door as well as of the connections."""

    async def start() -> None:
        async with Lab.open() as lab:
            proxy = FaultProxy(name="p", listen="127.0.0.1:0", upstream=lab.proxy.upstream)
            await proxy.add(toxic("refuse"))
            await proxy.start()
            host, port = proxy.listen.split(":")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.get_running_loop().create_connection(Client, host, int(port))
            await proxy.stop()

    asyncio.run(start())


def test_a_proxy_that_was_stopped_can_be_started_again() -> None:
    """On the same port, with the faults that were on."""

    async def again() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("latency", latency=40))
            listen = lab.proxy.listen
            old = await lab.used()
            await lab.proxy.stop()
            await lab.proxy.stop()
            assert await old.end() == "fin"
            with pytest.raises(ConnectionRefusedError):
                await lab.client()
            await lab.proxy.start()
            assert lab.proxy.listen == listen
            assert (await (await lab.client()).ask()).took_s >= 0.04

    asyncio.run(again())


@pytest.mark.parametrize("kind", ["refuse", "black_hole"])
def test_nobody_else_is_given_the_port_meanwhile(kind: str) -> None:
    """The port is the proxy's while it refuses or swallows connections, and free when it has stopped."""

    async def take() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic(kind, where="connect") if kind == "black_hole" else toxic(kind))
            host, _, port = lab.proxy.listen.rpartition(":")
            with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
                other.bind((host, int(port)))
            await lab.proxy.stop()
            with socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind((host, int(port)))

    asyncio.run(take())


def test_stopping_closes_every_connection() -> None:
    """Those in use, those that wait, and those on which a fault holds data."""

    async def stop() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("latency", latency=60_000))
            await lab.proxy.add(toxic("duplicate", Stream.UPSTREAM, Scope.REQUEST))
            lab.target.answers = lambda _: b""
            clients = [await lab.client() for _ in range(5)]
            await asyncio.gather(*(client.ask(wait_s=0.03) for client in clients[:3]))
            await lab.proxy.stop()
            assert [await client.end() for client in clients] == ["fin"] * 5
            await until(lambda: all(wire.ended for wire in lab.target.wires))
            assert len(lab.target.bodies) == 6
            assert lab.proxy.counts.open == 0
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(stop())


def _sockets() -> int:
    """Return how many sockets this process has open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith("socket:") for link in links)


async def _churn(times: int) -> None:
    """Add and remove each kind in turn, under load, and count what is left over."""
    async with Lab.open() as lab:
        stop = asyncio.Event()

        async def load() -> None:
            client: Client | None = None
            while not stop.is_set():
                if client is None:
                    try:
                        client = await lab.client(0.05)
                    except (OSError, TimeoutError):
                        continue
                if (await client.ask(wait_s=0.02)).ended != "complete":
                    client.transport.abort()
                    client = None

        users = [asyncio.ensure_future(load()) for _ in range(4)]
        for turn in range(times):
            name, stream, scope = EVERY[turn % len(EVERY)]
            await lab.proxy.add(toxic(name, stream, scope))
            await asyncio.sleep(0.004)
            await lab.proxy.remove(name)
        stop.set()
        await asyncio.gather(*users)
        answer = await (await lab.client()).ask(b"after all that")
        assert (answer.ended, answer.body) == ("complete", b"after all that")
        for client in lab.clients:
            client.transport.abort()
        await until(lambda: lab.proxy.counts.open == 0)
        assert sum(lab.proxy.counts.affected.values()) > times / 4
        assert lab.proxy.toxics == ()
        assert asyncio.all_tasks() == {asyncio.current_task()}


def _assert_nothing_is_left(times: int) -> None:
    before = _sockets()
    asyncio.run(_churn(times))
    assert _sockets() == before


def test_faults_come_and_go_under_load_and_leave_nothing() -> None:
    """No task, no connection and no socket is left over, and the proxy still carries."""
    _assert_nothing_is_left(50)


@pytest.mark.slow
def test_faults_come_and_go_a_thousand_times_under_load_and_leave_nothing() -> None:
    """No task, no connection and no socket is left over, and the proxy still carries."""
    _assert_nothing_is_left(1000)
