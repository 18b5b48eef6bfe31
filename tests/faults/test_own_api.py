"""What the embedded proxy's API has beside Toxiproxy's: scope, seed, counts, the lease, TLS, and what it refuses."""

import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from tests.faults.proxying import HELLO, Reply, call, get, target
from tests.servers import say, stay_silent
from tests.tls import Authority, TlsServer

from pwdload.errors import FaultError
from pwdload.faults.client import ToxiproxyClient
from pwdload.faults.control.lease import State
from pwdload.faults.control.shapes import TlsSpec
from pwdload.faults.kinds import KINDS
from pwdload.faults.toxic import Scope, Stream, Toxic

pytestmark = pytest.mark.e2e

NOBODY = "127.0.0.1:9"


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Give the address of a target that says hello."""
    with target() as address:
        yield address


@pytest.fixture
def proxy(client: ToxiproxyClient, upstream: str) -> str:
    """Make a proxy before the target; gives where it listens."""
    return client.create("target", "127.0.0.1:0", upstream).listen


def error(reply: Reply) -> str:
    assert isinstance(reply.document, dict)
    assert reply.document["status"] == reply.status
    return str(reply.document["error"])


def test_what_can_be_healed_is_healed(client: ToxiproxyClient, proxy: str) -> None:
    """A proxy whose port another program has taken is told, and keeps no other from being healed."""
    lost = client.create("a", "127.0.0.1:0", NOBODY).listen
    for name in ("a", "target"):
        client.add(name, Toxic(name="slow", kind="latency"))
        client.enable(name, False)
    host, _, port = lost.rpartition(":")
    with socket.create_server((host, int(port))):
        with pytest.raises(
            FaultError, match=rf'proxy "a" cannot listen on {lost}: Address already in use \(HTTP 500\)'
        ):
            client.reset()
        state = client.proxies()
        assert (state["a"].enabled, state["target"].enabled) == (False, True)
        assert (state["a"].toxics, state["target"].toxics) == ((), ())
    client.reset()
    assert client.proxy("a").enabled
    assert get(proxy).body == HELLO


def test_a_proxy_that_is_moved_keeps_its_toxics(client: ToxiproxyClient, proxy: str) -> None:
    """It listens elsewhere with all that was set on it, and no more where it was."""
    client.add("target", Toxic(name="slow", kind="latency", attributes={"latency": 1}))
    before = client.proxy("target")
    assert call(client.url, "PATCH", "/proxies/target", {"listen": "127.0.0.2:0"}).status == 200
    after = client.proxy("target")
    assert (after.toxics, after.upstream, after.enabled) == (before.toxics, before.upstream, True)
    assert get(after.listen).body == HELLO
    with pytest.raises(ConnectionRefusedError):
        get(proxy)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_had_by_its_name_alone(client: ToxiproxyClient, proxy: str, kind: str) -> None:
    """Stream and scope are Toxiproxy's where the kind takes them, and else the one that it takes."""
    status, toxic = call(client.url, "POST", "/proxies/target/toxics", {"type": kind})
    assert (status, toxic["toxicity"]) == (200, 1)  # type: ignore[index]
    (known,) = client.proxy("target").toxics
    assert known.kind == kind
    assert known.stream in KINDS[kind].streams
    assert known.scope in KINDS[kind].scopes
    client.remove("target", known.name)


def test_what_is_added_comes_back_as_it_was_taken(client: ToxiproxyClient, proxy: str) -> None:
    """Scope and seed too, and the numbers that were not said; texts, which Toxiproxy has none of, only where said."""
    asked = Toxic(
        name="slow? 30 % sometimes",
        kind="latency",
        stream=Stream.UPSTREAM,
        toxicity=0.3,
        scope=Scope.REQUEST,
        seed=7,
        attributes={"latency": 100, "distribution": "normal"},
    )
    added = client.add("target", asked)
    assert added.attributes == {"latency": 100, "jitter": 0, "distribution": "normal"}
    assert (added.scope, added.seed, added.toxicity) == (Scope.REQUEST, 7, 0.3)
    assert client.proxy("target").toxics == (added,)
    client.remove("target", asked.name)
    assert client.proxy("target").toxics == ()
    plain = client.add("target", Toxic(name="plain", kind="latency"))
    assert plain.attributes == {"latency": 0, "jitter": 0}


def test_healing_can_be_repeated(client: ToxiproxyClient, proxy: str) -> None:
    """Where that is asked for, a toxic that is gone already is no error; a proxy that is gone is one."""
    client.add("target", Toxic(name="slow", kind="latency"))
    client.remove("target", "slow", missing_ok=True)
    client.remove("target", "slow", missing_ok=True)
    with pytest.raises(FaultError, match="toxic not found"):
        client.remove("target", "slow")
    with pytest.raises(FaultError, match="proxy not found"):
        client.remove("nobody", "slow", missing_ok=True)


def test_counts_tell_what_was_affected(client: ToxiproxyClient, proxy: str) -> None:
    """By the name of the toxic, in requests where each was looked at."""
    client.add("target", Toxic(name="some", kind="http_error", stream=Stream.UPSTREAM, scope=Scope.REQUEST))
    get(proxy)
    client.remove("target", "some")
    get(proxy)
    counts = client.counts("target")
    assert (counts.connections, counts.requests, counts.affected) == (2, 1, {"some": 1})
    assert counts.bytes_downstream >= len(HELLO)


def test_a_lease_is_taken_told_and_ended(client: ToxiproxyClient) -> None:
    """Nothing lapses while it is held, and nothing after it was ended in order."""
    taken = client.take_lease(30)
    assert (taken.state, taken.seconds) == (State.HELD, 30)
    assert 29 < client.lease().left_s <= 30
    client.end_lease()
    assert (client.lease().state, client.lease().left_s) == (State.ENDED, 0)


@pytest.mark.parametrize("body", [{}, {"seconds": 0}, {"seconds": "3"}, {"seconds": True}, {"seconds": 1e9}])
def test_a_lease_of_no_use_is_refused(client: ToxiproxyClient, body: object) -> None:
    """With the field, the value and what is allowed."""
    reply = call(client.url, "PUT", "/lease", body)
    assert reply.status == 400
    assert error(reply).startswith("bad request body: seconds: ")


@pytest.mark.parametrize(
    ("toxic", "said"),
    [
        ({"type": "latency", "scope": "flow"}, "scope: 'flow' is not one of connection, request"),
        ({"type": "latency", "seed": 1.5}, "seed: 1.5 is not a whole number"),
        ({"type": "latency", "toxicity": 2}, "toxicity 2: must be from 0 to 1"),
        ({"type": "latency", "toxicity": "much"}, 'toxicity: "much" is not a number'),
        ({"type": "latency", "attributes": {"latncy": 5}}, 'no attribute is named "latncy"; there are: latency'),
        ({"type": "latency", "attributes": {"latency": True}}, "attributes.latency: true is not a number or a text"),
        ({"type": "latency", "attributes": [1]}, "attributes: [1] is not an object"),
        ({"type": "latency", "name": "a/b"}, "name: 'a/b' cannot be part of a URL; leave out slashes"),
        ({"type": "latency", "name": "a\nb"}, 'name: "a\\nb" is not a line of text'),
        ({"type": "http_error", "stream": "downstream"}, "stream downstream: it makes sense only with upstream"),
    ],
)
def test_a_toxic_that_makes_no_sense_is_refused(client: ToxiproxyClient, proxy: str, toxic: object, said: str) -> None:
    """With the place, the value and what is allowed; no toxic is set."""
    reply = call(client.url, "POST", "/proxies/target/toxics", toxic)
    assert reply.status == 400
    assert said in error(reply)
    assert error(reply).startswith("bad request body: ")
    assert client.proxy("target").toxics == ()


@pytest.mark.parametrize("change", [{"attributes": {"latency": -1}}, {"toxicity": 7}, {"scope": "x"}])
def test_a_change_that_makes_no_sense_leaves_the_toxic_as_it_was(
    client: ToxiproxyClient, proxy: str, change: object
) -> None:
    """What is on stays on."""
    client.add("target", Toxic(name="slow", kind="latency", attributes={"latency": 5}))
    before = client.proxy("target")
    assert call(client.url, "PATCH", "/proxies/target/toxics/slow", change).status == 400
    assert client.proxy("target") == before


@pytest.mark.parametrize("field", ["listen", "upstream"])
def test_no_other_host_is_touched(client: ToxiproxyClient, proxy: str, field: str) -> None:
    """Whether a proxy is made, changed or populated: refused, and nothing is changed."""
    before = client.proxies()
    asked = {"name": "other", "listen": "127.0.0.1:0", "upstream": NOBODY, field: "192.0.2.7:80"}
    for path, body in (("/proxies", asked), ("/populate", [asked]), ("/proxies/target", {field: "192.0.2.7:80"})):
        reply = call(client.url, "POST", path, body)
        assert reply.status == 403
        assert error(reply).startswith(f"{field} 192.0.2.7:80: not loopback; ")
        assert error(reply).endswith("start it with --allow 192.0.2.7")
    assert client.proxies() == before


@pytest.mark.parametrize("address", ["8080", "127.0.0.1", "127.0.0.1:99999"])
def test_what_is_no_address_is_refused(client: ToxiproxyClient, address: str) -> None:
    """With what would be one."""
    reply = call(client.url, "POST", "/proxies", {"name": "x", "upstream": address})
    assert (reply.status, error(reply).partition(";")[0]) == (400, f"upstream '{address}': not an address")


def test_a_body_without_end_is_not_read(client: ToxiproxyClient) -> None:
    """Nobody can fill the memory of the process; the next request is answered."""
    reply = call(client.url, "POST", "/populate", "[" + " " * (2 * 1024 * 1024) + "]")
    assert (reply.status, error(reply)) == (413, "request body too large; allowed are 1048576 bytes")
    assert client.is_embedded


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/version", 405)])
def test_a_route_that_there_is_not_is_told_as_json(
    client: ToxiproxyClient, method: str, path: str, status: int
) -> None:
    """So that clients can show what was said."""
    reply = call(client.url, method, path)
    assert (reply.status, error(reply)) == (status, {404: "not found", 405: "method not allowed"}[status])


def test_errors_of_the_api_reach_whoever_asked(client: ToxiproxyClient) -> None:
    """One line: which proxy, what was asked, what was said."""
    with pytest.raises(FaultError) as told:
        client.enable("nobody", False)
    assert str(told.value) == f"fault proxy {client.url}: POST /proxies/nobody: proxy not found (HTTP 404)"


def test_tls_ends_in_the_proxy_where_that_is_asked_for(client: ToxiproxyClient, tmp_path: Path) -> None:
    """Clients trust the CA that comes back, the target is verified, and faults work on requests in between."""
    authority = Authority.make(tmp_path)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with TlsServer(authority.server_context("target.test"), [say(answer)], [stay_silent]) as server:
        spec = TlsSpec(server_name="target.test", ca_file=str(authority.file))
        made = client.create("https", "127.0.0.1:0", f"127.0.0.1:{server.port}", spec)
        assert made.tls is not None
        context = ssl.create_default_context(cadata=made.tls.authority)
        host, _, port = made.listen.rpartition(":")

        def status() -> int:
            context.check_hostname = False  # it is shown to whoever asks for the target's name, not for this address
            connection = HTTPSConnection(host, int(port), timeout=5, context=context)
            connection.request("GET", "/")
            code = connection.getresponse().status
            connection.close()
            return code

        assert status() == 200
        client.add("https", Toxic(name="busy", kind="http_error", stream=Stream.UPSTREAM, scope=Scope.REQUEST))
        assert status() == 503
        assert server.seen == ["target.test", "target.test"]


@pytest.mark.parametrize("field", ["ca_file", "certificate"])
def test_a_file_of_no_use_is_told(client: ToxiproxyClient, tmp_path: Path, field: str) -> None:
    """Before the proxy is made."""
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    for path in (tmp_path / "nowhere.pem", nothing):
        with pytest.raises(FaultError, match=rf"tls: {field} .*\.pem: cannot be used \(.*\); give a file in PEM"):
            client.create("https", "127.0.0.1:0", NOBODY, TlsSpec(**{field: str(path)}))
    assert client.proxies() == {}
