"""Toxiproxy's API, as its clients rely on it: held against the embedded proxy, and a real Toxiproxy where there is one.

PWDLOAD_TOXIPROXY=http://127.0.0.1:8474 pytest tests/faults/test_toxiproxy_conformance.py
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

import pytest
from tests.faults.proxying import HELLO, Reply, call, get, target

pytestmark = pytest.mark.e2e

REAL = os.environ.get("PWDLOAD_TOXIPROXY", "")
PREFIX = "pwdload-conformance"
"""Begins the name of every proxy made here. A real Toxiproxy may have others: they are healed by `/reset`, no more."""
PROXY, OTHER = f"{PREFIX}-1", f"{PREFIX}-2"
NO_UPSTREAM = "127.0.0.1:9"
"""Where nobody listens; most of what is asked here needs nobody."""


@pytest.fixture(scope="module", params=["embedded", *(["toxiproxy"] if REAL else [])])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of a control API."""
    if request.param == "toxiproxy":
        yield REAL
    else:
        yield request.getfixturevalue("embedded").url


@pytest.fixture
def api(url: str) -> Iterator["Api"]:
    """Give a control API without proxies of ours."""
    api = Api(url)
    api.clean()
    yield api
    api.clean()


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Give the address of a target that says hello."""
    with target() as address:
        yield address


class Api:
    """A control API, and what is asked of it most."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        return call(self.url, method, path, body, **headers)

    def clean(self) -> None:
        proxies = self("GET", "/proxies").document
        assert isinstance(proxies, dict)
        for name in proxies:
            if name.startswith(PREFIX):
                self("DELETE", f"/proxies/{name}")

    def create(self, name: str = PROXY, upstream: str = NO_UPSTREAM, **more: object) -> dict[str, object]:
        reply = self("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": upstream, **more})
        assert reply.status == 201
        assert isinstance(reply.document, dict)
        return reply.document

    def add(self, **toxic: object) -> Reply:
        return self("POST", f"/proxies/{PROXY}/toxics", toxic)

    def toxics(self) -> object:
        return self("GET", f"/proxies/{PROXY}/toxics").document

    def show(self, name: str = PROXY) -> dict[str, object]:
        reply = self("GET", f"/proxies/{name}")
        assert reply.status == 200
        assert isinstance(reply.document, dict)
        return reply.document


def latency(**changes: object) -> dict[str, object]:
    """Return a toxic as it comes back when nothing but its type was said."""
    plain = {"name": "latency_downstream", "type": "latency", "stream": "downstream", "toxicity": 1}
    return {**plain, "attributes": {"latency": 0, "jitter": 0}, **changes}


def refused(status: int, error: str) -> Reply:
    return Reply(status, {"error": error, "status": status})


def test_version_is_a_toxiproxy_2(api: Api) -> None:
    """Clients that look at the version see one whose API they know."""
    status, document = api("GET", "/version")
    assert status == 200
    assert isinstance(document, dict)
    assert list(document) == ["version"]
    assert document["version"].startswith("2.") or REAL


def test_a_proxy_is_made_with_exactly_these_fields(api: Api) -> None:
    """What is made listens on a real port, is enabled, and has no toxics."""
    made = api.create()
    host, _, port = str(made["listen"]).rpartition(":")
    assert (host, int(port) > 0) == ("127.0.0.1", True)
    rest = {"name": PROXY, "upstream": NO_UPSTREAM, "enabled": True, "toxics": []}
    assert made == {**rest, "listen": made["listen"]}
    assert api.show() == made
    listed = api("GET", "/proxies").document
    assert isinstance(listed, dict)
    assert listed[PROXY] == made


def test_a_proxy_can_be_made_disabled(api: Api) -> None:
    """It is there, and does not listen until it is enabled."""
    assert api.create(enabled=False)["enabled"] is False
    reply = api("POST", f"/proxies/{PROXY}", {"enabled": True})
    assert (reply.status, api.show()["enabled"]) == (200, True)


@pytest.mark.parametrize(
    ("body", "error"),
    [({"name": "", "upstream": "x:1"}, "name"), ({"upstream": "x:1"}, "name"), ({"name": PROXY}, "upstream")],
)
def test_a_proxy_needs_a_name_and_an_upstream(api: Api, body: object, error: str) -> None:
    """What is missing is named."""
    assert api("POST", "/proxies", body) == refused(400, f"missing required field: {error}")


def test_a_name_is_taken_once(api: Api) -> None:
    """A second proxy of a name is refused, and the first stays as it is."""
    made = api.create()
    again = {"name": PROXY, "listen": "127.0.0.1:0", "upstream": "127.0.0.1:10"}
    assert api("POST", "/proxies", again) == refused(409, "proxy already exists")
    assert api.show() == made


def test_an_address_in_use_is_told(api: Api) -> None:
    """A proxy that cannot listen is not made."""
    taken = api.create()["listen"]
    reply = api("POST", "/proxies", {"name": OTHER, "listen": taken, "upstream": NO_UPSTREAM})
    assert reply.status == 500
    assert isinstance(reply.document, dict)
    assert reply.document["status"] == 500
    assert "address already in use" in reply.document["error"].lower()
    assert api("GET", f"/proxies/{OTHER}").status == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("rest", ["", "/toxics/any"])
def test_an_unknown_proxy_is_not_found(api: Api, method: str, rest: str) -> None:
    """On every route that names a proxy."""
    assert api(method, f"/proxies/{OTHER}{rest}", {}) == refused(404, "proxy not found")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_an_unknown_toxic_is_not_found(api: Api, method: str) -> None:
    """On every route that names a toxic."""
    api.create()
    assert api(method, f"/proxies/{PROXY}/toxics/any", {}) == refused(404, "toxic not found")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_update_changes_what_it_names(api: Api, method: str) -> None:
    """Both methods, on all clients there are; the address stays where a proxy is disabled and enabled."""
    made = api.create()
    for enabled in (False, True):
        reply = api(method, f"/proxies/{PROXY}", {"enabled": enabled})
        assert reply == Reply(200, {**made, "enabled": enabled})
    moved = api(method, f"/proxies/{PROXY}", {"upstream": "127.0.0.1:10"}).document
    assert moved == {**made, "upstream": "127.0.0.1:10"}


def test_a_deleted_proxy_is_gone(api: Api) -> None:
    """It listens no more, and its name is free."""
    made = api.create()
    assert api("DELETE", f"/proxies/{PROXY}") == Reply(204, None)
    assert api("DELETE", f"/proxies/{PROXY}") == refused(404, "proxy not found")
    with pytest.raises(ConnectionRefusedError):
        get(str(made["listen"]))
    api.create()


def test_a_toxic_gets_its_defaults(api: Api) -> None:
    """Name of type and stream, downstream, always, attributes zero."""
    api.create()
    status, toxic = api.add(type="latency")
    assert (status, toxic) == (200, latency())
    assert api("GET", f"/proxies/{PROXY}/toxics/latency_downstream") == Reply(200, toxic)
    assert (api.toxics(), api.show()["toxics"]) == ([toxic], [toxic])


def test_a_toxic_is_as_it_was_asked_for(api: Api) -> None:
    """All of it comes back."""
    api.create()
    asked = latency(name="slow", stream="upstream", toxicity=0.25, attributes={"latency": 100, "jitter": 10})
    assert api.add(**asked).document == asked


def test_upstream_toxics_are_listed_first(api: Api) -> None:
    """Each stream in the order of its adding."""
    api.create()
    for name, stream in (("a", "downstream"), ("b", "upstream"), ("c", "downstream"), ("d", "upstream")):
        api.add(name=name, type="latency", stream=stream)
    toxics = api.toxics()
    assert isinstance(toxics, list)
    assert [toxic["name"] for toxic in toxics] == ["b", "d", "a", "c"]


@pytest.mark.parametrize(
    ("toxic", "status", "error"),
    [
        ({"type": "latency", "stream": "sideways"}, 400, "stream was invalid, can be either upstream or downstream"),
        ({"type": "latency", "stream": "upstream"}, 200, ""),
        ({"type": "latency"}, 409, "toxic already exists"),
        ({"type": "timeout", "name": "latency_downstream"}, 409, "toxic already exists"),
    ],
)
def test_what_cannot_be_added_is_refused(api: Api, toxic: dict[str, object], status: int, error: str) -> None:
    """A stream that there is not, a name that is taken in either stream."""
    api.create()
    api.add(type="latency")
    reply = api.add(**toxic)
    assert reply == refused(status, error) if error else reply.status == status


def test_an_unknown_type_is_refused(api: Api) -> None:
    """In Toxiproxy's words, which its clients compare."""
    api.create()
    status, document = api.add(type="nothing_of_the_kind")
    assert status == 400
    assert isinstance(document, dict)
    assert (document["error"], document["status"]) == ("invalid toxic type", 400)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_updated_toxic_keeps_what_was_not_named(api: Api, method: str) -> None:
    """Attributes one by one, and its name, type and stream whatever is said."""
    api.create()
    api.add(type="latency", toxicity=0.5, attributes={"latency": 100, "jitter": 10})
    change = {"attributes": {"latency": 200}, "name": "other", "type": "timeout", "stream": "upstream"}
    status, toxic = api(method, f"/proxies/{PROXY}/toxics/latency_downstream", change)
    expected = latency(toxicity=0.5, attributes={"latency": 200, "jitter": 10})
    assert (status, toxic) == (200, expected)
    toxic = api(method, f"/proxies/{PROXY}/toxics/latency_downstream", {"toxicity": 1}).document
    assert toxic == {**expected, "toxicity": 1}


def test_a_removed_toxic_is_gone(api: Api) -> None:
    """And its name is free."""
    api.create()
    api.add(type="latency")
    assert api("DELETE", f"/proxies/{PROXY}/toxics/latency_downstream") == Reply(204, None)
    assert api.toxics() == []
    assert api.add(type="latency").status == 200


@pytest.mark.parametrize("body", ["", "{", "[]", '{"name": 5}'])
@pytest.mark.parametrize("path", ["/proxies", f"/proxies/{PROXY}", f"/proxies/{PROXY}/toxics"])
def test_a_body_that_cannot_be_read_is_one_clear_error(api: Api, path: str, body: str) -> None:
    """On every route that takes one; nothing is changed."""
    made = api.create()
    status, document = api("POST", path, body or "\n")
    if path == f"/proxies/{PROXY}" and body.startswith('{"'):
        return  # the name of a proxy is in the path; what the body calls it is not looked at by all
    assert status == 400
    assert isinstance(document, dict)
    assert str(document["error"]).startswith("bad request body: ")
    assert api.show() == made


def test_an_attribute_of_another_type_is_refused(api: Api) -> None:
    """A latency is a number."""
    api.create()
    status, document = api.add(type="latency", attributes={"latency": "long"})
    assert status == 400
    assert isinstance(document, dict)
    assert str(document["error"]).startswith("bad request body: ")
    assert api.toxics() == []


def test_populate_makes_proxies_once(api: Api, upstream: str) -> None:
    """Done again it changes nothing, toxics and all; a proxy that is to be elsewhere is made anew."""
    listen = str(api.create(OTHER)["listen"])
    api("DELETE", f"/proxies/{OTHER}")
    asked = [
        {"name": PROXY, "listen": listen, "upstream": upstream},
        {"name": OTHER, "listen": "127.0.0.1:0", "upstream": upstream, "enabled": False},
    ]
    status, document = api("POST", "/populate", asked)
    assert status == 201
    assert document == {"proxies": [api.show(PROXY), api.show(OTHER)]}
    assert (api.show()["enabled"], api.show(OTHER)["enabled"]) == (True, False)
    api.add(type="latency")
    before = api.show()
    assert api("POST", "/populate", asked[:1]) == Reply(201, {"proxies": [before]})
    moved = {"name": PROXY, "listen": listen, "upstream": NO_UPSTREAM}
    assert api("POST", "/populate", [moved]).status == 201
    assert (api.show()["upstream"], api.toxics()) == (NO_UPSTREAM, [])


def test_populate_names_the_proxy_that_lacks_something(api: Api) -> None:
    """By its number, and none is made."""
    asked = [{"name": PROXY, "listen": "127.0.0.1:0", "upstream": NO_UPSTREAM}, {"name": OTHER}]
    status, document = api("POST", "/populate", asked)
    assert status == 400
    assert isinstance(document, dict)
    assert document["error"] == "missing required field: upstream at proxy 2"
    assert api("GET", f"/proxies/{PROXY}").status == 404


def test_reset_heals_everything(api: Api, upstream: str) -> None:
    """All toxics gone, all proxies enabled, at the same addresses; and once more changes nothing."""
    first, second = api.create(upstream=upstream), api.create(OTHER)
    api.add(type="timeout")
    api("POST", f"/proxies/{PROXY}", {"enabled": False})
    api("POST", f"/proxies/{OTHER}", {"enabled": False})
    for _ in range(2):
        assert api("POST", "/reset") == Reply(204, None)
        assert (api.show(PROXY), api.show(OTHER)) == (first, second)
    assert get(str(first["listen"])).body == HELLO


def test_browsers_are_refused(api: Api) -> None:
    """A page from anywhere cannot break a service by a request of its own."""
    assert api("GET", "/version", User_Agent="Mozilla/5.0 (X11)") == Reply(403, "User agent not allowed\n")


def test_latency_is_felt_while_it_is_there(api: Api, upstream: str) -> None:
    """An open connection feels it come and go."""
    listen = str(api.create(upstream=upstream)["listen"])
    connection = HTTPConnection(listen, timeout=5)

    def seconds() -> float:
        begun = time.perf_counter()
        connection.request("GET", "/")
        assert connection.getresponse().read() == HELLO
        return time.perf_counter() - begun

    assert seconds() < 0.25
    api.add(type="latency", attributes={"latency": 250})
    assert 0.25 <= seconds() < 1
    api("POST", f"/proxies/{PROXY}/toxics/latency_downstream", {"attributes": {"latency": 0}})
    assert seconds() < 0.25
    connection.close()


def test_timeout_swallows_the_answer_and_then_closes(api: Api, upstream: str) -> None:
    """After its time the connection ends, without a byte; without a time it is held until the toxic goes."""
    listen = str(api.create(upstream=upstream)["listen"])
    api.add(type="timeout", attributes={"timeout": 100})
    begun = time.perf_counter()
    with pytest.raises((ConnectionError, HTTPException)):
        get(listen)
    assert 0.1 <= time.perf_counter() - begun < 1
    api("DELETE", f"/proxies/{PROXY}/toxics/timeout_downstream")
    api.add(type="timeout")
    with pytest.raises(TimeoutError):
        get(listen, within_s=0.2)
    api("DELETE", f"/proxies/{PROXY}/toxics/timeout_downstream")
    assert get(listen).body == HELLO


def test_a_disabled_proxy_is_down(api: Api, upstream: str) -> None:
    """New connections are refused, open ones end; enabled again it is there at the same address."""
    listen = str(api.create(upstream=upstream)["listen"])
    connection = HTTPConnection(listen, timeout=5)
    connection.request("GET", "/")
    assert connection.getresponse().read() == HELLO
    api("POST", f"/proxies/{PROXY}", {"enabled": False})
    with suppress(ConnectionError):
        assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        get(listen)
    api("POST", f"/proxies/{PROXY}", {"enabled": True})
    assert get(listen).body == HELLO
