"""`pwdload doctor` where staging is behind an HTTP proxy, or wants its clients to show a certificate."""

import json
from pathlib import Path

import pytest
from tests.connecting import DENIES, WANTS_LOGIN, proxying
from tests.doctor.world import Room, Target, examined, serving
from tests.tls import Authority

from pwdload.api.http.proxy import PROXY_VARIABLE
from pwdload.doctor.examine import CHECKS
from pwdload.doctor.findings import Finding, exit_code
from pwdload.doctor.findings import Status as Is
from pwdload.passwords import SECRET_VARIABLE

NAME = "staging.test.example"
"""Only the proxy knows where that is."""
ALLOW = f'allow = ["{NAME}"]'


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A folder, and a secret for its accounts."""
    monkeypatch.setenv(SECRET_VARIABLE, "a secret for the tests, not for anything else")
    monkeypatch.delenv(PROXY_VARIABLE, raising=False)
    return Room(tmp_path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only these tests trust."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


def path(key: str, file: Path) -> str:
    """Return a line of [target] that names a file."""
    return f"{key} = {json.dumps(str(file))}"


def assert_named(finding: Finding, value: str, remedy: str) -> None:
    """Assert that something has failed, why, and what is to be done."""
    assert finding.status is Is.FAILED, finding
    assert value in finding.value
    assert remedy in finding.remedy


def test_a_target_that_only_a_proxy_can_reach_is_examined_like_any_other(
    room: Room, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By CONNECT alone: TLS ends at the target, and a login for the proxy goes to the proxy and is not told."""
    target = Target()
    with serving(target, authority.server_context(NAME)) as port, proxying(port) as proxy:
        monkeypatch.setenv(PROXY_VARIABLE, f"http://me:letmein@127.0.0.1:{proxy.port}")
        found, spent = examined(room.question(f"https://{NAME}:8443", ALLOW, path("ca_file", authority.file)))
    assert exit_code(list(found.values())) == 0, found
    assert (spent, len(target.asked)) == (3, 3)
    assert {head.partition(b"\r\n")[0] for head in proxy.asked} == {f"CONNECT {NAME}:8443 HTTP/1.1".encode()}
    assert all(b"Proxy-Authorization: Basic bWU6bGV0bWVpbg==" in head for head in proxy.asked)
    assert "127.0.0.1 is 127.0.0.1" in found["names"].value, "its own name is the proxy's to look up"
    assert 'signed by "a CA of the tests"' in found["tls"].value
    assert "letmein" not in repr(found)


@pytest.mark.parametrize(
    ("answer", "value", "remedy"),
    [(WANTS_LOGIN, "proxy auth", f"Set {PROXY_VARIABLE}"), (DENIES, "proxy denied", "let this machine through")],
)
@pytest.mark.parametrize(("scheme", "check"), [("https", "tls"), ("http", "http")])
def test_a_proxy_that_refuses_is_told_from_a_target_that_does(
    room: Room, answer: bytes, value: str, remedy: str, scheme: str, check: str
) -> None:
    """By its own remedy; the target has not seen anything."""
    target = Target()
    with serving(target) as port, proxying(port, answer) as proxy:
        line = f'proxy = "http://127.0.0.1:{proxy.port}"'
        found, _ = examined(room.question(f"{scheme}://{NAME}:8443", ALLOW, line))
    assert_named(found[check], value, remedy)
    assert found["login"].status is Is.NOT_CHECKED
    assert target.asked == []


def test_a_client_certificate_is_shown_in_every_request(room: Room, authority: Authority) -> None:
    """To a target that talks to nobody without one, the doctor gets as far as with any other."""
    target = Target()
    with serving(target, authority.server_context(mutual=True)) as port:
        lines = (path("ca_file", authority.file), path("client_certificate", authority.issue("load.example")))
        found, spent = examined(room.question(f"https://localhost:{port}", *lines))
    assert exit_code(list(found.values())) == 0, found
    assert (spent, len(target.asked)) == (3, 3)


def test_a_client_certificate_that_is_missing_is_named(room: Room, authority: Authority) -> None:
    """TLS 1.3 is open before the target has looked for it: what fails is the first request."""
    target = Target()
    with serving(target, authority.server_context(mutual=True)) as port:
        found, _ = examined(room.question(f"https://localhost:{port}", path("ca_file", authority.file)))
    assert_named(found["http"], "TLS", "[target] client_certificate")  # an alert, or an end that outran it
    assert [found[check].status for check in CHECKS[10:14]] == [Is.NOT_CHECKED] * 4
    assert target.asked == []


def test_a_gateway_that_wants_a_client_certificate_says_so_in_http(room: Room) -> None:
    """A gateway answers the request itself, with HTTP 400 and a page: no login is spent on finding that out."""
    page = b"<html><head><title>400 No required SSL certificate was sent</title></head></html>"
    target = Target(date=(400, page))
    with serving(target) as port:
        found, spent = examined(room.question(f"http://127.0.0.1:{port}"))
    assert_named(found["http"], "it wants a certificate that it trusts", "[target] client_certificate")
    assert (spent, target.asked) == (1, ["GET /api/v2/sdk/server-date"])
