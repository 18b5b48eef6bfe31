"""What is refused before anybody looks at passwords: routes, methods, bodies, headers, applications."""

import asyncio
import json
import sqlite3
from collections.abc import Callable

import pytest
from tests.standin.client import CLIENT_ID, LOGIN, NEW, PASSWORD, SKIP, UPDATE, World, request, sdk_headers

from pwdload.standin.answers import Answer
from pwdload.standin.call import Call
from pwdload.standin.endpoint import Endpoint
from pwdload.standin.settings import Settings
from pwdload.standin.settings_reader import read_settings

MANDATORY = {
    "X-operating-sys-version": "PARAM.0001",
    "X-device-fingerprint": "PARAM.0001",
    "X-agent": "PARAM.0001",
    "X-client-id": "PARAM.0003",
}
MOBILE, SERVER_DATE = "/api/v2/sdk/mobile-by-token", "/api/v2/sdk/server-date"
SDK_CALLS = [("POST", LOGIN), ("POST", UPDATE), ("GET", SKIP), ("GET", MOBILE), ("GET", SERVER_DATE)]
TENANT = "/api/v2/tenant"


@pytest.mark.parametrize(("method", "path"), SDK_CALLS)
@pytest.mark.parametrize("header", MANDATORY)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_every_call_insists_on_its_headers(
    world: World, method: str, path: str, header: str, value: str | None
) -> None:
    """A mandatory header that is missing or blank is refused with its code, before the body is looked at."""
    reply = world.call(method, path, b"{}" if method == "POST" else None, {header: value})
    assert reply.summary == (400, MANDATORY[header])


def test_an_optional_header_is_optional(world: World) -> None:
    """X-device-ip and X-L may be left out."""
    assert world.login(headers={"X-device-ip": None, "X-L": None}).summary == (200, "PASSWORD_EXPIRED")


@pytest.mark.parametrize(("method", "path"), SDK_CALLS)
def test_an_application_must_exist_and_be_enabled(make_world: Callable[..., World], method: str, path: str) -> None:
    """An unknown client id and a disabled application are told apart."""
    world = make_world(disabled_client_ids=("disabled",))
    body = b"{}" if method == "POST" else None
    assert world.call(method, path, body, {"X-client-id": "0" * 32}).summary == (400, "APP.0001")
    assert world.call(method, path, body, {"X-client-id": "disabled"}).summary == (400, "APP.0003")


@pytest.mark.parametrize(("method", "path"), SDK_CALLS)
def test_an_isv_application_must_name_a_known_tenant(make_world: Callable[..., World], method: str, path: str) -> None:
    """In ISV mode X-tenant-id is mandatory; otherwise it is ignored."""
    world, body = make_world(isv_mode=True), b"{}" if method == "POST" else None
    for tenant in (None, "", "0" * 32):
        assert world.call(method, path, body, {"X-tenant-id": tenant}).summary == (400, "PARAM.0006")
    known = {"X-tenant-id": "08f770f51f80d2f40f38c00cb199fd21"}
    assert world.call(method, path, body, known).summary[1] != "PARAM.0006"
    assert make_world().call(method, path, body, {"X-tenant-id": "0" * 32}).summary[1] != "PARAM.0006"


@pytest.mark.parametrize("path", [LOGIN, UPDATE, "/api/v2/tenant/users"])
@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_must_be_declared_as_json(world: World, path: str, content_type: str | None) -> None:
    """Another content type, or none, is refused with 415."""
    assert world.call("POST", path, b"{}", {"Content-Type": content_type}).summary == (415, "PARAM.0415")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json;charset=utf8", "Application/JSON; Charset=UTF-8", "application/json ; x=y"],
)
def test_json_may_be_declared_in_many_ways(world: World, content_type: str) -> None:
    """Parameters, blanks and case of the content type do not matter."""
    assert world.login(headers={"Content-Type": content_type}).summary == (200, "PASSWORD_EXPIRED")


ROUTES = {
    LOGIN: "POST",
    UPDATE: "POST",
    SKIP: "GET",
    MOBILE: "GET",
    SERVER_DATE: "GET",
    "/api/v1/oauth2/keys": "GET",
    f"{TENANT}/token": "POST",
    f"{TENANT}/sso/session-token/sso-ticket": "POST",
    f"{TENANT}/sso/sso-ticket/verify": "POST",
    f"{TENANT}/users": "POST, GET",
    f"{TENANT}/users/user-by-username": "POST",
    f"{TENANT}/users/1": "GET, PUT, DELETE",
    f"{TENANT}/users/1/change-password": "PUT",
    f"{TENANT}/users/1/change-password-verify": "PUT",
    f"{TENANT}/users/1/enable": "PUT",
    f"{TENANT}/users/1/disable": "PUT",
}


@pytest.mark.parametrize(("path", "allowed"), ROUTES.items())
def test_a_wrong_method_is_told_the_right_ones(world: World, path: str, allowed: str) -> None:
    """405 comes with Allow, on every route."""
    reply = world.call("PATCH", path, b"x" * 1000)
    assert reply.summary == (405, "PARAM.0405")
    assert reply.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/", "/api/v2/sdk/pwd", f"{LOGIN}/", "/standin", f"{TENANT}/users/1/2"])
def test_an_unknown_path_is_not_found(world: World, path: str) -> None:
    """404 has an error body like any other refusal, and is counted as one route."""
    assert world.call("POST", path, b"{}").summary == (404, "PARAM.0404")
    assert world.counts()[("POST", "*", 404, "", "PARAM.0404")] == 1


def test_a_large_body_is_read_and_refused(make_world: Callable[..., World]) -> None:
    """A body above the limit gets its answer on a connection that stays usable; one at the limit is looked at."""
    world = make_world(max_body_bytes=1000)
    body = json.dumps({"old_password": PASSWORD, "new_password": NEW}).encode()
    assert world.call("POST", UPDATE, body.ljust(1001)).summary == (413, "PARAM.0413")
    assert world.call("POST", UPDATE, body.ljust(1000)).summary == (400, "PARAM.0014")


def test_an_endless_body_is_cut_off(world: World) -> None:
    """What is read out of courtesy ends at 8 MB; the answer then closes the connection."""
    parts = [b"x" * 1_000_000] * 20
    reply = asyncio.run(request(world.app, "POST", UPDATE, sdk_headers({}), parts))
    assert reply.summary == (413, "PARAM.0413")
    assert reply.headers["connection"] == "close"


def test_a_body_may_come_in_pieces(world: World) -> None:
    """A slow client that sends its body byte by byte is served like any other."""
    body = json.dumps({"user_name": "zhangsan", "password": PASSWORD}).encode()
    parts = [bytes([byte]) for byte in body]
    reply = asyncio.run(request(world.app, "POST", LOGIN, sdk_headers({}), parts))
    assert reply.summary == (200, "PASSWORD_EXPIRED")


def test_a_client_that_leaves_in_mid_request_changes_nothing(world: World) -> None:
    """Half a request is no request: no answer, no count."""
    reply = asyncio.run(request(world.app, "POST", LOGIN, sdk_headers({}), [b'{"user'], leaves=True))
    assert reply.http_status == 0
    assert world.counts() == {}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (None, "Password required."),
        ("en", "Password required."),
        ("zh", "密码不能为空"),
        ("zh-CN", "密码不能为空"),
        ("ZH_cn", "密码不能为空"),
        ("fr", "Password required."),
        ("", "Password required."),
    ],
)
def test_the_error_text_is_in_the_language_of_the_user(world: World, language: str | None, text: str) -> None:
    """X-L chooses English or Chinese; for any other language the default answers."""
    assert world.login("", headers={"X-L": language}).text("error_msg") == text


def test_the_default_language_is_a_setting(make_world: Callable[..., World]) -> None:
    """A target that speaks Chinese by default can be stood in for."""
    assert make_world(language_default="zh").login("", headers={"X-L": "fr"}).text("error_msg") == "密码不能为空"


def test_every_code_and_status_is_a_setting(make_world: Callable[..., World]) -> None:
    """Where the documentation is silent, a target's own code can be set, with its HTTP status."""
    settings = read_settings(None, ["refuse_header_missing=422 SDK.COMMON.1003", "refuse_route_unknown=410 GONE.1"])
    world = make_world(refusals=settings.refusals)
    assert world.login(headers={"X-agent": None}).summary == (422, "SDK.COMMON.1003")
    assert world.call("GET", "/nowhere").summary == (410, "GONE.1")


def test_counts_tell_every_answer_once_and_own_routes_never(world: World) -> None:
    """A report can be reconciled: each answer is counted under its template, status and code; asking is not counted."""
    world.call("GET", "/standin/health", bare=True)
    world.update(world.state_token())
    world.login("Wrong-pw-1")
    world.call("GET", UPDATE)
    world.tenant("GET", "/api/v2/tenant/users/unknown")
    assert world.counts() == {
        ("GET", "/api/v2/sdk/pwd/update", 405, "", "PARAM.0405"): 1,
        ("GET", "/api/v2/tenant/users/{user_id}", 400, "", "USER.0001"): 1,
        ("POST", "/api/v2/sdk/login", 200, "PASSWORD_EXPIRED", ""): 1,
        ("POST", "/api/v2/sdk/login", 400, "", "LOGIN.0002"): 1,
        ("POST", "/api/v2/sdk/pwd/update", 200, "SUCCESS", ""): 1,
        ("POST", "/api/v2/tenant/token", 200, "", ""): 1,
    }
    assert list(world.counts()) == sorted(world.counts())
    assert world.call("GET", "/standin/counts", bare=True).fields["total"] == 6


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_counts_can_begin_again(world: World, method: str) -> None:
    """A reset tells what was counted until then."""
    world.login()
    world.clock.advance(5)
    assert world.call(method, "/standin/counts", bare=True).fields["total"] == 1
    fields = world.call("GET", "/standin/counts", bare=True).fields
    assert fields == {"since": world.clock(), "total": 0, "counts": []}


def test_an_account_can_be_inspected(world: World) -> None:
    """A test can see an account's state and try passwords, without touching the lock-out."""
    world.login("Wrong-pw-1")
    path = "/standin/accounts/zhangsan"
    fields = world.call("GET", path, bare=True).fields
    assert (fields["login_status"], fields["failed_attempts"]) == ("PASSWORD_EXPIRED", 1)
    assert (fields["password_version"], fields["earlier_passwords"]) == (1, 1)
    for password, opens in ((PASSWORD, True), (NEW, False)):
        assert world.call("POST", path, {"password": password}).fields == {"opens": opens}
    assert world.call("GET", path, bare=True).fields["failed_attempts"] == 1
    assert world.call("GET", "/standin/accounts/nobody", bare=True).summary == (400, "USER.0001")


def test_inspection_can_be_switched_off(make_world: Callable[..., World]) -> None:
    """A stand-in that others can reach need not tell about accounts."""
    world = make_world(account_inspection=False)
    assert world.call("GET", "/standin/accounts/zhangsan", bare=True).http_status == 404


def test_server_date_tells_milliseconds_as_text(world: World) -> None:
    """The time comes as documented, in a string."""
    assert world.call("GET", SERVER_DATE).fields == {"timestamp": str(int(world.clock() * 1000))}


def test_a_locked_database_is_answered_as_busy(make_world: Callable[..., World]) -> None:
    """When another process holds the database, the answer is the documented "system busy", and nothing was changed."""
    world = make_world(db_busy_timeout_s=0.01)
    world.seed()
    token = world.state_token()
    holder = sqlite3.connect(world.store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert world.update(token).summary == (500, "COM.0002")
    holder.execute("ROLLBACK")
    holder.close()
    assert world.update(token).summary == (200, "SUCCESS")


def test_a_mistake_of_the_program_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A client never waits for an answer that does not come."""

    async def broken(call: Call) -> Answer:
        raise ZeroDivisionError

    endpoint = Endpoint("/", {"GET": broken}, settings=Settings(), counts=None, capacity=None)
    reply = asyncio.run(request(endpoint, "GET", "/", {"X-client-id": CLIENT_ID}, []))
    assert reply.summary == (500, "COM.0002")
    assert "ZeroDivisionError" in caplog.text
