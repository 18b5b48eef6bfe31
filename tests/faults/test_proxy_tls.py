"""HTTPS targets: ciphertext is carried as it is, or TLS ends in the proxy and begins anew."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.faults.lab import Lab, toxic, until
from tests.tls import Authority as TargetAuthority

from pwdload.errors import FaultError
from pwdload.faults.tls import Authority, TlsEnding
from pwdload.faults.toxic import Scope, Stream

NAME = "target.example"


@dataclass
class _Trust:
    """What the client of a test trusts."""

    target: ssl.SSLContext
    proxy: ssl.SSLContext


@asynccontextmanager
async def _https(folder: Path, *, ended: bool, server_name: str = NAME) -> AsyncIterator[tuple[Lab, _Trust]]:
    of_target = TargetAuthority.make(folder)
    ours = Authority.make()
    ours.write(folder / "proxy.pem")
    trust = _Trust(
        ssl.create_default_context(cafile=of_target.file), ssl.create_default_context(cafile=folder / "proxy.pem")
    )
    ending = TlsEnding(for_clients=ours.context_for(NAME), for_upstream=trust.target, server_name=server_name)
    async with Lab.open(tls=ending if ended else None, target_tls=of_target.server_context(NAME)) as lab:
        yield lab, trust


def test_faults_on_bytes_work_on_ciphertext(tmp_path: Path) -> None:
    """The client's TLS is with the target itself; the handshake of a new connection is late, and so is each answer."""

    async def ask() -> None:
        async with _https(tmp_path, ended=False) as (lab, trust):
            client = await lab.client(tls=trust.target)
            assert (await client.ask()).body == b"change"
            await lab.proxy.add(toxic("latency", latency=40))
            await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST))
            answer = await client.ask(b"again")
            assert (answer.body, lab.proxy.counts.requests) == (b"again", 0)
            assert answer.took_s >= 0.04

    asyncio.run(ask())


@pytest.mark.parametrize("stream", list(Stream))
def test_a_stalled_handshake_goes_on_when_it_is_healed(tmp_path: Path, stream: Stream) -> None:
    """A new connection waits, one that is past its handshake does not notice."""

    async def ask() -> None:
        async with _https(tmp_path, ended=False) as (lab, trust):
            old = await lab.client(tls=trust.target)
            await lab.proxy.add(toxic("tls_stall", stream))
            assert (await old.ask()).body == b"change"
            assert lab.proxy.counts.affected == {"tls_stall": 0}
            new = asyncio.ensure_future(lab.client(tls=trust.target))
            await asyncio.sleep(0.1)
            assert not new.done()
            await lab.proxy.remove("tls_stall")
            assert (await (await new).ask(b"new")).body == b"new"
            assert lab.proxy.counts.affected == {"tls_stall": 1}

    asyncio.run(ask())


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_faults_on_requests_work_where_tls_ends_in_the_proxy(tmp_path: Path, how: str) -> None:
    """An injected error, an answer that is dropped, a reset: seen by a client that trusts the proxy's CA."""

    async def ask() -> None:
        async with _https(tmp_path, ended=True) as (lab, trust):
            client = await lab.client(tls=trust.proxy)
            assert (await client.ask()).body == b"change"
            await lab.proxy.add(toxic("http_error", Stream.UPSTREAM, Scope.REQUEST, body="busy"))
            assert (await client.ask()).body == b"busy"
            await lab.proxy.remove("http_error")
            await lab.proxy.add(toxic("drop_answer", scope=Scope.REQUEST, then="close" if how == "fin" else "reset"))
            assert (await client.ask(b"dropped")).ended == how
            assert lab.target.bodies == [b"change", b"dropped"]
            await lab.proxy.remove("drop_answer")
            await lab.proxy.add(toxic("duplicate", Stream.UPSTREAM, Scope.REQUEST))
            assert (await (await lab.client(tls=trust.proxy)).ask(b"twice")).body == b"twice"
            await until(lambda: lab.target.bodies.count(b"twice") == 2)

    asyncio.run(ask())


@pytest.mark.parametrize("who", ["client", "target"])
def test_an_end_is_passed_on_where_tls_ends_in_the_proxy(tmp_path: Path, who: str) -> None:
    """TLS has no half-closed connections: the end of one side is the end of both."""

    async def end() -> None:
        async with _https(tmp_path, ended=True) as (lab, trust):
            client = await lab.client(tls=trust.proxy)
            answer = await client.ask(close=who == "target")
            assert answer.body == b"change"
            if who == "client":
                client.transport.close()
            await until(lambda: lab.target.wires[0].ended == client.ended == "fin")
            await until(lambda: lab.proxy.counts.open == 0)

    asyncio.run(end())


def test_a_target_that_cannot_prove_its_name_is_not_spoken_to(tmp_path: Path) -> None:
    """The client's request goes nowhere, rather than to whoever has taken the target's place."""

    async def ask() -> None:
        async with _https(tmp_path, ended=True, server_name="another.example") as (lab, trust):
            with pytest.raises(OSError, match="reset by peer"):
                await lab.client(tls=trust.proxy)
            await until(lambda: lab.proxy.counts.unreachable == 1)
            assert lab.target.applied == []

    asyncio.run(ask())


def test_a_client_that_does_not_trust_the_ca_does_not_get_in(tmp_path: Path) -> None:
    """And the connection to the target that was made for it is closed."""

    async def ask() -> None:
        async with _https(tmp_path, ended=True) as (lab, trust):
            with pytest.raises(ssl.SSLCertVerificationError):
                await lab.client(tls=trust.target)
            await until(lambda: [wire.ended for wire in lab.target.wires] != [None])
            await until(lambda: lab.proxy.counts.unreachable == 1)
            assert lab.proxy.counts.open == 0

    asyncio.run(ask())


def test_a_stall_of_tls_that_ends_here_is_refused(tmp_path: Path) -> None:
    """There is no handshake of others to hold; the line says what to take instead."""

    async def add() -> None:
        async with _https(tmp_path, ended=True) as (lab, _):
            with pytest.raises(FaultError, match='proxy "lab" ends TLS itself; use timeout'):
                await lab.proxy.add(toxic("tls_stall"))

    asyncio.run(add())


def test_an_authority_keeps_its_keys_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file holds a certificate and nothing else, an address may be the name, and no other file is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    authority = Authority.make()
    authority.context_for("127.0.0.1")
    authority.write(tmp_path / "ca.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]
    text = (tmp_path / "ca.pem").read_text()
    assert text.startswith("-----BEGIN CERTIFICATE-----")
    assert "KEY" not in text
    with pytest.raises(FaultError, match=r"no/ca\.pem: the CA's certificate cannot be written: No such file"):
        authority.write(tmp_path / "no" / "ca.pem")
