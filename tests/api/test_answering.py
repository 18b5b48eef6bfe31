"""The one request before all others: what stands in the way to a target is one line, with what to do about it."""

import json
import random
import socket
import time
from contextlib import closing

import pytest
from tests.connecting import DENIES, WANTS_LOGIN, proxying
from tests.servers import ScriptedServer, hang_up, say
from tests.tls import Authority, TlsServer

from pwdload.api.answering import check_answers, check_trust
from pwdload.api.connections import Connections
from pwdload.devices import device_population
from pwdload.errors import TargetError
from pwdload.scenario import parse_scenario

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PAGE = b"<title>400 No required SSL certificate was sent</title>"
WANTS_CERTIFICATE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)
SCENARIO = parse_scenario('title = "x"')


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only these tests trust."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


def said(url: str, *lines: str) -> tuple[str, str]:
    """Return what both checks say of a target; empty where they let it pass."""
    target = parse_scenario('title = "x"\n[target]\n' + "\n".join(lines)).target
    words = []
    for check in (check_answers, check_trust):
        made = Connections(target, url, clock=time.perf_counter, environment={}, chance=random.Random(1), timeout_s=2.0)
        try:
            check(made, url, device_population(SCENARIO).device(0), None)
        except TargetError as error:
            words.append(str(error))
        else:
            words.append("")
    assert all("\n" not in one for one in words)
    return words[0], words[1]


def trusting(authority: Authority) -> str:
    """Return the line that names an authority."""
    return f"ca_file = {json.dumps(str(authority.file))}"


REFUSED = {
    "unknown authority": (
        ("localhost", False, False),
        "(unable to get local issuer certificate), and nothing was sent; name who has signed it as [target] ca_file",
    ),
    "expired": (("localhost", True, True), "(certificate has expired), and nothing was sent; have it renewed"),
    "another name": (
        ("elsewhere.example", False, True),
        "certificate is not valid for 'localhost'), and nothing was sent; use a name that is in it, or state it as "
        "[target] server_name",
    ),
}


@pytest.mark.parametrize(("served", "words"), REFUSED.values(), ids=REFUSED)
def test_a_certificate_that_is_refused_is_told_with_its_reason(
    authority: Authority, served: tuple[str, bool, bool], words: str
) -> None:
    """By whoever sends the first request, and at once: waiting would not mend it."""
    name, expired, trusted = served
    context = authority.server_context(name, expired=expired)
    with TlsServer(context, [say(OK)], [say(OK)]) as server:
        url = f"https://localhost:{server.port}"
        both = said(url, *([trusting(authority)] if trusted else []))
    for told in both:
        assert told.startswith(f"--host {url}: its certificate is refused (")
        assert words in told


def test_a_target_that_wants_a_certificate_of_its_clients_is_told(authority: Authority) -> None:
    """By TLS, or by the page of a gateway that answers in its place."""
    with TlsServer(authority.server_context(mutual=True), [say(OK)], [say(OK)]) as server:
        both = said(f"https://localhost:{server.port}", trusting(authority))
    assert all("[target] client_certificate" in told for told in both), both
    with ScriptedServer([say(WANTS_CERTIFICATE)], [say(WANTS_CERTIFICATE)]) as server:
        both = said(f"http://127.0.0.1:{server.port}")
    assert all("wants a certificate that it trusts from its clients" in told for told in both), both


@pytest.mark.parametrize(
    ("answer", "words"), [(WANTS_LOGIN, "(proxy_auth); set PWDLOAD_PROXY"), (DENIES, "(proxy_denied); is the proxy")]
)
def test_a_proxy_that_does_not_let_us_through_is_told(answer: bytes, words: str) -> None:
    """It will not change its mind either."""
    with proxying(1, answer) as proxy:
        both = said("https://target.example", 'allow = ["target.example"]', f'proxy = "http://127.0.0.1:{proxy.port}"')
    assert all(words in told for told in both), both


def test_a_target_that_is_not_there_may_come() -> None:
    """Whoever can wait is not turned away by it; a run is. One that answers, whatever it says, is there."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    answers, trust = said(f"http://127.0.0.1:{port}")
    assert "no answer (refused); is it running, and is this its address?" in answers
    assert trust == ""
    with ScriptedServer([hang_up], [hang_up]) as server:
        assert said(f"http://127.0.0.1:{server.port}")[1] == ""
    with ScriptedServer([say(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")] * 2) as server:
        assert said(f"http://127.0.0.1:{server.port}") == ("", "")
