"""Every fault, in every direction and scope in which it makes sense: what it does, and that healing ends it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.faults.effects import EFFECTS, EVERY, STAYS_OPEN
from tests.faults.lab import HANG_S, Client, Lab, message_length, toxic, until

from pwdload.errors import FaultError
from pwdload.faults.kinds import KINDS, checked
from pwdload.faults.toxic import Scope, Stream, Toxic

NONE = [
    (name, stream, scope)
    for name, kind in KINDS.items()
    for stream in Stream
    for scope in Scope
    if (name, stream, scope) not in EVERY
]


async def _in_a_lab(client_of: Callable[[Lab], Awaitable[Client]], name: str, stream: Stream, scope: Scope) -> None:
    async with Lab.open() as lab:
        client = await client_of(lab)
        await EFFECTS[name](lab, client, stream, scope)
        await lab.proxy.remove(name)
        assert lab.proxy.toxics == ()
        before = lab.proxy.counts.affected
        if name in STAYS_OPEN:
            answer = await client.ask(b"the same connection")
            assert (answer.ended, answer.body) == ("complete", b"the same connection")
        answer = await (await lab.client()).ask(b"a new one")
        assert (answer.ended, answer.body) == ("complete", b"a new one")
        assert lab.proxy.counts.affected == before


@pytest.mark.parametrize(("name", "stream", "scope"), EVERY)
def test_a_fault_does_what_it_says_and_healing_ends_it(name: str, stream: Stream, scope: Scope) -> None:
    """On a connection that was open before and on a new one; afterwards both are as if nothing had been."""

    async def both() -> None:
        await asyncio.gather(
            _in_a_lab(lambda lab: lab.used(), name, stream, scope),
            _in_a_lab(lambda lab: lab.client(), name, stream, scope),
        )

    asyncio.run(both())


@pytest.mark.parametrize(("name", "stream", "scope"), EVERY)
def test_a_fault_that_hits_nobody_is_not_there(name: str, stream: Stream, scope: Scope) -> None:
    """With a share of 0 every byte passes as without it, in the same pieces, and nobody counts as affected."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            try:
                await lab.proxy.add(toxic(name, stream, scope, toxicity=0))
            except FaultError:
                assert name == "refuse"
                return
            answer = await client.ask()
            assert answer.data == b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nchange"
            assert answer.pieces == 1
            assert lab.proxy.counts.affected == {name: 0}

    asyncio.run(ask())


@pytest.mark.parametrize(("name", "stream", "scope"), NONE)
def test_what_makes_no_sense_is_refused(name: str, stream: Stream, scope: Scope) -> None:
    """One line says which stream or scope the kind does not have, and which it has."""
    with pytest.raises(FaultError) as caught:
        checked(toxic(name, stream, scope))
    assert f'toxic "{name}", {name}: ' in str(caught.value)
    assert "it makes sense only with" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            toxic("latency", latency=-5),
            'toxic "latency", latency: latency -5: must be a whole number from 0 (milliseconds)',
        ),
        (
            toxic("latency", distribution="cauchy"),
            "toxic \"latency\", latency: distribution 'cauchy': must be one of uniform, normal, exponential, pareto "
            "(uniform: latency +- jitter; normal: jitter is the deviation; else: its mean comes on top)",
        ),
        (toxic("latency", delay=3), 'toxic "latency", latency: no attribute is named "delay"; there are: latency, '),
        (toxic("noop", rate=3), 'toxic "noop", noop: no attribute is named "rate"; there are: none'),
        (toxic("noop", toxicity=1.5), 'toxic "noop", noop: toxicity 1.5: must be from 0 to 1'),
        (toxic("quake"), 'toxic "quake": no fault is named "quake"; there are: noop, latency, bandwidth, '),
        (
            toxic("duplicate", Stream.UPSTREAM, Scope.REQUEST, copies=6),
            'toxic "duplicate", duplicate: copies 6: must be a whole number from 1 to 5 (how often besides the request',
        ),
        (
            toxic("http_error", Stream.UPSTREAM, Scope.REQUEST, status=404),
            'toxic "http_error", http_error: status 404: must be one of 429, 500, 502, 503, 504 (status of the answer)',
        ),
        (
            toxic("refuse", toxicity=0.3),
            'toxic "refuse", refuse: new connections are turned away all or none: toxicity 1, scope connection',
        ),
        (
            toxic("black_hole", scope=Scope.REQUEST, where="connect"),
            'toxic "black_hole", black_hole: new connections are turned away all or none: toxicity 1, scope connection',
        ),
    ],
)
def test_a_wrong_attribute_is_refused_in_one_line(fault: Toxic, line: str) -> None:
    """The line names the toxic, the attribute, its value and what is allowed."""
    with pytest.raises(FaultError) as caught:
        checked(fault)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_every_attribute_is_said_after_checking() -> None:
    """Defaults are filled in, and whole numbers that came as 100.0, as some clients write them, are whole."""
    full = checked(Toxic(name="slow", kind="latency", attributes={"latency": 100.0}))
    assert full.attributes == {"latency": 100, "jitter": 0, "distribution": "uniform"}
    assert repr(full.attributes["latency"]) == "100"


def is_whole(answer: bytes) -> bool:
    length = message_length(answer)
    return length is not None and len(answer) >= length


@pytest.mark.parametrize("name", [name for name in EFFECTS if Scope.REQUEST in KINDS[name].scopes])
def test_a_share_of_requests_is_drawn_the_same_again(name: str) -> None:
    """The requests that a toxic of 30 % hits are a function of seed and name, and others with another seed."""
    stream = KINDS[name].streams[0]

    async def hit(seed: int) -> int:
        async with Lab.open() as lab:
            await lab.proxy.add(
                Toxic(name=name, kind=name, stream=stream, toxicity=0.3, scope=Scope.REQUEST, seed=seed)
            )
            affected = 0
            for _ in range(20):
                client, before = await lab.client(), affected.bit_count()
                await client.ask(wait_s=0.02)
                # Slow is not hit: on a busy machine the next request would be taken for this one.
                await until(lambda: lab.proxy.counts.affected[name] > before or is_whole(client.data))  # noqa: B023
                affected = affected * 2 + lab.proxy.counts.affected[name] - before
            return affected

    async def hits() -> tuple[int, int, int]:
        first, again, other = await asyncio.gather(hit(1), hit(1), hit(2))
        return first, again, other

    first, again, other = asyncio.run(hits())
    assert first == again != other
    assert 0 < first.bit_count() < 15


@pytest.mark.parametrize("name", ["timeout", "black_hole", "drop_answer"])
@pytest.mark.parametrize("scope", list(Scope))
def test_a_connection_that_lacks_bytes_is_closed_by_healing(name: str, scope: Scope) -> None:
    """Whoever waits for an answer that will never come is told by the end of the connection."""

    async def heal() -> None:
        async with Lab.open() as lab:
            waiting, idle = await lab.used(), await lab.used()
            await lab.proxy.add(toxic(name, scope=scope))
            assert (await waiting.ask(wait_s=HANG_S)).ended == "hang"
            await lab.proxy.remove(name)
            assert await waiting.end() == "fin"
            if not (name == "timeout" and scope is Scope.CONNECTION):  # Toxiproxy closes all that it held; so do we
                assert (await idle.ask()).ended == "complete"

    asyncio.run(heal())


def test_a_black_hole_at_connect_is_one_only_while_it_is_on() -> None:
    """A client that is on its way in when the fault is healed gets in with its next SYN; the filler is not carried."""

    async def connect() -> None:
        async with Lab.open() as lab:
            await lab.proxy.add(toxic("black_hole", where="connect"))
            late = asyncio.ensure_future(lab.client(3))
            await asyncio.sleep(0.05)
            assert not late.done()
            await lab.proxy.remove("black_hole")
            assert (await (await lab.client()).ask()).ended == "complete"
            late.cancel()
            await asyncio.gather(late, return_exceptions=True)
            assert lab.proxy.counts.connections == 1

    asyncio.run(connect())


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(("size", "expected"), [(0, b""), (3, b"cha"), (6, b"change")])
def test_an_answer_is_cut_inside_its_body(scope: Scope, size: int, expected: bytes) -> None:
    """Its head passes whole, and of the body as many bytes as said."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            await lab.proxy.add(toxic("limit_data", scope=scope, part="body", bytes=size))
            answer = await client.ask(b"change and more")
            assert (answer.ended, answer.body) == ("fin", expected)
            assert answer.data.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")

    asyncio.run(ask())


def test_head_of_a_cut_answer_may_come_in_pieces() -> None:
    """The end of the head is found where it is split between two reads."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            await lab.proxy.add(toxic("slicer", average_size=1, delay=0))
            await lab.proxy.add(toxic("limit_data", part="body", bytes=3))
            answer = await client.ask()
            assert (answer.ended, answer.body) == ("fin", b"cha")

    asyncio.run(ask())


def test_faults_go_together() -> None:
    """An injected error is late where answers are late, and what is cut is cut of what the one before has left."""

    async def ask() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            await lab.proxy.add(toxic("latency", scope=Scope.REQUEST, latency=40))
            await lab.proxy.add(toxic("limit_data", bytes=200))
            await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST))
            answer = await client.ask()
            assert answer.data.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert answer.took_s >= 0.04
            await until(lambda: lab.proxy.counts.affected == {"latency": 1, "limit_data": 1, "http_error": 1})

    asyncio.run(ask())
