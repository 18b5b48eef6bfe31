"""The management API, as far as test accounts need it, and the way from a session to a user."""

import base64
import json
from collections.abc import Callable

import pytest
from tests.standin.client import NEW, PASSWORD, USERS, World

ADMIN = {"client_id": "standin-admin", "client_secret": "standin-secret"}
FORM = "application/x-www-form-urlencoded"
TOKEN = "/api/v2/tenant/token"
TICKET, VERIFY = "/api/v2/tenant/sso/session-token/sso-ticket", "/api/v2/tenant/sso/sso-ticket/verify"
DEVICE = {
    "operating_sys_version": "Android 10",
    "device_ip": "10.10.10.1",
    "device_fingerprint": "156aysdna213sac",
    "agent": "Mozilla/5.0",
}
WANGWU = {"user_name": "wangwu", "mobile": "13900000000", "password": PASSWORD}


def create(world: World, **changes: object) -> str:
    """Create the user wangwu and return the user id."""
    reply = world.tenant("POST", USERS, WANGWU | changes)
    assert reply.http_status == 201, reply.body
    return reply.text("user_id")


def form(**fields: str) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


def test_an_access_token_is_had_with_a_form(world: World) -> None:
    """Client credentials in a form give a Bearer token with the documented fields."""
    body = form(grant_type="client_credentials", **ADMIN)
    fields = world.call("POST", TOKEN, body, {"Content-Type": FORM}, bare=True).fields
    assert fields["token_type"] == "Bearer"
    assert fields["expires_in"] == 1800
    assert world.tenant("GET", USERS, token=str(fields["access_token"])).http_status == 200


GRANT = {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("fields", "authorization", "summary"),
    [
        ({"grant_type": "password"} | ADMIN, None, (400, "unsupported_grant_type")),
        ({}, None, (400, "unsupported_grant_type")),
        (GRANT, None, (401, "invalid_client")),
        (GRANT | ADMIN | {"client_secret": "x"}, None, (401, "invalid_client")),
        (GRANT, "Basic !", (401, "invalid_client")),
    ],
)
def test_wrong_credentials_get_oauths_own_error(
    world: World, fields: dict[str, str], authorization: str | None, summary: tuple[int, str]
) -> None:
    """The token call refuses in OAuth's words, and is counted under them."""
    headers = {"Content-Type": FORM, "Authorization": authorization}
    reply = world.call("POST", TOKEN, form(**fields), headers, bare=True)
    assert (reply.http_status, reply.text("error")) == summary
    assert world.counts() == {("POST", TOKEN, summary[0], "", summary[1]): 1}


def test_a_token_call_with_json_is_refused(world: World) -> None:
    """The credentials come in a form."""
    assert world.call("POST", TOKEN, b"{}").summary == (415, "PARAM.0415")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "Basic wrong"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", USERS), ("POST", USERS), ("DELETE", f"{USERS}/1"), ("POST", TICKET)]
)
def test_without_an_access_token_nothing_is_managed(
    world: World, method: str, path: str, authorization: str | None
) -> None:
    """Missing, foreign and malformed tokens are refused."""
    headers = {"Authorization": authorization}
    assert world.call(method, path, b"{}", headers).summary == (401, "PARAM.0401")


def test_an_access_token_expires(world: World) -> None:
    """A token that is kept too long is refused; a new one does not end an older one."""
    old = world.access_token()
    world.clock.advance(1799)
    world.access_token()
    assert world.tenant("GET", USERS, token=old).http_status == 200
    world.clock.advance(1)
    assert world.tenant("GET", USERS, token=old).summary == (401, "PARAM.0401")


def test_a_created_account_goes_through_the_forced_change(world: World) -> None:
    """Create with pwd_must_modify -> login PASSWORD_EXPIRED -> update -> login SUCCESS: what a test account needs."""
    create(world, pwd_must_modify=True)
    token = world.state_token("wangwu")
    assert world.login(user_name="wangwu").summary == (200, "PASSWORD_EXPIRED")
    assert world.update(token).summary == (200, "SUCCESS")
    assert world.login(NEW, "wangwu").summary == (200, "SUCCESS")


@pytest.mark.parametrize(
    ("must_modify", "status"), [(None, "PASSWORD_EXPIRED"), (True, "PASSWORD_EXPIRED"), (False, "SUCCESS")]
)
def test_a_password_set_by_an_administrator_must_be_changed_unless_said_otherwise(
    world: World, must_modify: bool | None, status: str
) -> None:
    """change-password re-arms an account: pwd_must_modify is true when it is left out."""
    user_id = create(world, pwd_must_modify=False)
    body: dict[str, object] = {"password": NEW} | ({} if must_modify is None else {"pwd_must_modify": must_modify})
    reply = world.tenant("PUT", f"{USERS}/{user_id}/change-password", body)
    assert reply.fields == {"user_id": user_id}
    assert world.login(NEW, "wangwu").summary == (200, status)
    assert world.login(PASSWORD, "wangwu").summary == (400, "LOGIN.0002")


def test_an_administrator_may_set_a_used_password_again(world: World) -> None:
    """Re-arming can put the first password back; the history is for users."""
    user_id = create(world)
    for password in (NEW, PASSWORD):
        assert world.tenant("PUT", f"{USERS}/{user_id}/change-password", {"password": password}).http_status == 200
    assert world.login(PASSWORD, "wangwu").summary == (200, "PASSWORD_EXPIRED")


def test_a_lock_ends_with_a_new_password(world: World) -> None:
    """An administrator who sets a password helps a locked-out user in."""
    user_id = create(world)
    for _ in range(10):
        world.login("Wrong-pw-1", "wangwu")
    assert world.tenant("GET", f"{USERS}/{user_id}").fields["locked"] is True
    world.tenant("PUT", f"{USERS}/{user_id}/change-password", {"password": NEW})
    assert world.login(NEW, "wangwu").summary == (200, "PASSWORD_EXPIRED")


def test_a_password_can_be_changed_by_showing_the_old_one(world: World) -> None:
    """change-password-verify checks the old password, the policy and the history."""
    user_id = create(world)
    path = f"{USERS}/{user_id}/change-password-verify"
    assert world.tenant("PUT", path, {"old_password": "Wrong-pw-1", "password": NEW}).summary == (400, "LOGIN.0002")
    assert world.tenant("PUT", path, {"old_password": PASSWORD, "password": PASSWORD}).summary == (400, "PWD.0001")
    assert world.tenant("PUT", path, {"old_password": PASSWORD}).summary == (400, "PWD.0008")
    assert world.tenant("PUT", path, {"old_password": PASSWORD, "password": NEW}).fields == {"user_id": user_id}
    assert world.login(NEW, "wangwu").summary == (200, "SUCCESS")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"user_name": ""}, "USER.0002"),
        ({"user_name": None}, "USER.0002"),
        ({"mobile": None}, "USER.0004"),
        ({"user_name": "zhangsan"}, "USER.0007"),
        ({"mobile": "13800000000"}, "USER.0008"),
        ({"password": "short"}, "PWD.0007"),
        ({"password": "Xy-wangwu-12"}, "PWD.0003"),
        ({"pwd_must_modify": "yes"}, "PARAM.0002"),
        ({"user_name": 1}, "PARAM.0002"),
    ],
)
def test_an_account_that_cannot_be_created_is_refused(
    make_world: Callable[..., World], changes: dict[str, object], code: str
) -> None:
    """Missing, duplicate and ill-typed data are told apart."""
    world = make_world()
    world.seed(mobile="13800000000")
    assert world.tenant("POST", USERS, WANGWU | changes).summary == (400, code)


def test_an_administrators_passwords_may_go_unchecked(make_world: Callable[..., World]) -> None:
    """The published sample sets "12345678", so a target may not check what an administrator sets."""
    world = make_world(admin_password_check="none")
    create(world, password="12345678")
    assert world.login("12345678", "wangwu").summary == (200, "PASSWORD_EXPIRED")


def test_an_account_without_a_password_opens_with_none(world: World) -> None:
    """A user created without a password can log in only after one is set."""
    user_id = create(world, password=None)
    assert world.login(PASSWORD, "wangwu").summary == (400, "LOGIN.0002")
    world.tenant("PUT", f"{USERS}/{user_id}/change-password", {"password": PASSWORD})
    assert world.login(PASSWORD, "wangwu").summary == (200, "PASSWORD_EXPIRED")


def test_users_can_be_found_and_listed(world: World) -> None:
    """By id, by name, and page by page, without a word about passwords."""
    user_id = create(world, name="Wang Wu", email="ww@example.com")
    by_id = world.tenant("GET", f"{USERS}/{user_id}").fields
    by_name = world.tenant("POST", f"{USERS}/user-by-username", {"user_name": "wangwu"}).fields
    assert by_id == by_name
    assert (by_id["name"], by_id["email"], by_id["pwd_must_modify"]) == ("Wang Wu", "ww@example.com", True)
    assert (by_id["disabled"], by_id["locked"], by_id["created_at"]) == (False, False, "2023-11-14 22:13:20")
    assert "password" not in json.dumps(by_id)
    pages = [world.tenant("GET", f"{USERS}?org_id=&offset={page}&limit=1").fields for page in range(3)]
    assert [page["total"] for page in pages] == [2, 2, 2]
    names = [user["user_name"] for page in pages for user in page["users"]]  # type: ignore[attr-defined]
    assert sorted(names) == ["wangwu", "zhangsan"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "offset=-1", "offset=99999999999999999999"])
def test_a_page_that_makes_no_sense_is_refused(world: World, query: str) -> None:
    """Odd paging is a client's mistake, not a server error."""
    assert world.tenant("GET", f"{USERS}?{query}").summary == (400, "PARAM.0002")


def test_users_can_be_modified(world: World) -> None:
    """What is named changes, what is not stays; a name or number that is taken is refused."""
    user_id = create(world, pwd_must_modify=False, name="Wang Wu")
    world.tenant("PUT", f"{USERS}/{user_id}", {"mobile": "13911111111", "pwd_must_modify": True})
    fields = world.tenant("GET", f"{USERS}/{user_id}").fields
    assert (fields["mobile"], fields["name"], fields["pwd_must_modify"]) == ("13911111111", "Wang Wu", True)
    assert world.tenant("PUT", f"{USERS}/{user_id}", {"user_name": "zhangsan"}).summary == (400, "USER.0007")


def test_a_disabled_user_is_kept_out_until_enabled(world: World) -> None:
    """Both take effect at the next login."""
    user_id = create(world, pwd_must_modify=False)
    assert world.tenant("PUT", f"{USERS}/{user_id}/disable").fields == {"user_id": user_id}
    assert world.login(user_name="wangwu").summary == (200, "ACCESS_DENIED")
    world.tenant("PUT", f"{USERS}/{user_id}/enable")
    assert world.login(user_name="wangwu").summary == (200, "SUCCESS")


def test_a_deleted_user_is_gone(world: World) -> None:
    """DELETE answers 204 with an empty body, and the name is free again."""
    user_id = create(world)
    reply = world.tenant("DELETE", f"{USERS}/{user_id}")
    assert (reply.http_status, reply.body) == (204, b"")
    assert world.tenant("DELETE", f"{USERS}/{user_id}").summary == (400, "USER.0001")
    assert world.login(user_name="wangwu").summary == (400, "LOGIN.0002")
    create(world)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("PUT", "/enable"),
        ("PUT", "/disable"),
        ("PUT", "/change-password"),
        ("PUT", "/change-password-verify"),
    ],
)
def test_an_unknown_user_is_refused(world: World, method: str, path: str) -> None:
    """Every call about a user who does not exist says so."""
    assert world.tenant(method, f"{USERS}/unknown{path}", {"password": NEW}).summary == (400, "USER.0001")


def session_of(world: World) -> str:
    """Change zhangsan's password and return the session_token."""
    return world.update(world.state_token()).text("session_token")


def test_a_session_leads_to_the_user_once(world: World) -> None:
    """session_token -> sso_ticket -> user, and the ticket serves one time only."""
    ticket = world.tenant("POST", TICKET, DEVICE | {"session_token": session_of(world)}).text("sso_ticket")
    reply = world.tenant("POST", VERIFY, DEVICE | {"sso_ticket": ticket})
    data = reply.fields["data"]
    assert isinstance(data, dict)
    assert data["user"]["userName"] == "zhangsan"
    assert set(data["user"]) == {"userName", "id", "name", "mobile", "email"}
    assert world.tenant("POST", VERIFY, DEVICE | {"sso_ticket": ticket}).summary == (400, "PARAM.0017")


def test_a_session_is_bound_to_its_device_and_its_life(world: World) -> None:
    """Another device's fingerprint, an unknown session and one that is over get no ticket."""
    session_token = session_of(world)
    foreign = DEVICE | {"session_token": session_token, "device_fingerprint": "another"}
    assert world.tenant("POST", TICKET, foreign).summary == (400, "PARAM.0015")
    assert world.tenant("POST", TICKET, DEVICE | {"session_token": "x" * 32}).summary == (400, "PARAM.0015")
    world.clock.advance(43_200)
    assert world.tenant("POST", TICKET, DEVICE | {"session_token": session_token}).summary == (400, "PARAM.0015")


def test_a_ticket_is_bound_to_its_device_and_its_life(world: World) -> None:
    """A ticket shown by another device is refused without being used up; after its life it is worth nothing."""
    session_token = session_of(world)
    ticket = world.tenant("POST", TICKET, DEVICE | {"session_token": session_token}).text("sso_ticket")
    foreign = DEVICE | {"sso_ticket": ticket, "device_fingerprint": "another"}
    assert world.tenant("POST", VERIFY, foreign).summary == (400, "PARAM.0017")
    assert world.tenant("POST", VERIFY, DEVICE | {"sso_ticket": ticket}).http_status == 200
    ticket = world.tenant("POST", TICKET, DEVICE | {"session_token": session_token}).text("sso_ticket")
    world.clock.advance(300)
    assert world.tenant("POST", VERIFY, DEVICE | {"sso_ticket": ticket}).summary == (400, "PARAM.0017")


@pytest.mark.parametrize("path", [TICKET, VERIFY])
@pytest.mark.parametrize("missing", ["operating_sys_version", "device_ip", "device_fingerprint", "token"])
def test_an_exchange_insists_on_its_fields(world: World, path: str, missing: str) -> None:
    """Each mandatory field of the two exchanges is insisted on; `agent` is optional."""
    body = DEVICE | {"session_token" if path == TICKET else "sso_ticket": "x"}
    del body["agent"]
    del body[
        "session_token" if path == TICKET and missing == "token" else "sso_ticket" if missing == "token" else missing
    ]
    assert world.tenant("POST", path, body).summary == (400, "PARAM.0001")


def test_an_isv_exchange_names_its_tenant(make_world: Callable[..., World]) -> None:
    """In ISV mode the exchanges need X-tenant-id as well."""
    world = make_world(isv_mode=True)
    reply = world.tenant("POST", TICKET, DEVICE | {"session_token": "x"})
    assert reply.summary == (400, "PARAM.0006")


def test_a_list_can_be_of_one_organization(world: World) -> None:
    """org_id names the organization that a user was created in or moved to; blank means all."""
    user_id = create(world, org_code="sales")
    create(world, user_name="zhaoliu", mobile="13700000000", org_code="hr")

    def listed(org_id: str) -> tuple[object, set[str]]:
        fields = world.tenant("GET", f"{USERS}?org_id={org_id}&offset=0&limit=10").fields
        return fields["total"], {user["user_name"] for user in fields["users"]}  # type: ignore[attr-defined]

    assert listed("") == (3, {"zhangsan", "wangwu", "zhaoliu"})
    assert listed("sales") == (1, {"wangwu"})
    assert listed("nobody") == (0, set())
    world.tenant("PUT", f"{USERS}/{user_id}", {"org_code": "hr"})
    assert listed("hr") == (2, {"wangwu", "zhaoliu"})
    assert world.tenant("GET", f"{USERS}/{user_id}").fields["org_id"] == "hr"


@pytest.mark.parametrize(("default", "status"), [(True, "PASSWORD_EXPIRED"), (False, "SUCCESS")])
def test_what_an_omitted_pwd_must_modify_means_is_a_setting(
    make_world: Callable[..., World], default: bool, status: str
) -> None:
    """Create and change-password follow it where they are silent, and what they say themselves goes before it."""
    world = make_world(must_modify_default=default)
    user_id = create(world)
    assert world.login(user_name="wangwu").summary == (200, status)
    path = f"{USERS}/{user_id}/change-password"
    world.tenant("PUT", path, {"password": NEW, "pwd_must_modify": not default})
    assert world.login(NEW, "wangwu").summary != (200, status)
    world.tenant("PUT", path, {"password": PASSWORD})
    assert world.login(user_name="wangwu").summary == (200, status)


@pytest.mark.parametrize(("ends", "summary"), [(False, (200, "None")), (True, (400, "PARAM.0015"))])
def test_whether_a_change_ends_earlier_sessions_is_a_setting(
    make_world: Callable[..., World], ends: bool, summary: tuple[int, str]
) -> None:
    """By default a session outlives a change of the password; the session that the change itself opens always does."""
    world = make_world(sessions_end_with_change=ends)
    world.seed(state="warning")
    earlier = world.skip(world.state_token()).text("session_token")
    own = session_of(world)
    assert world.tenant("POST", TICKET, DEVICE | {"session_token": own}).http_status == 200
    assert world.tenant("POST", TICKET, DEVICE | {"session_token": earlier}).summary == summary


def test_basic_credentials_may_be_percent_encoded(make_world: Callable[..., World]) -> None:
    """HTTP Basic carries form-encoded credentials (RFC 6749, 2.3.1), so a secret may hold a colon."""
    world = make_world(tenant_client_secret="a:b%")
    encoded = base64.b64encode(b"standin-admin:a%3Ab%25").decode()
    headers = {"Authorization": f"Basic {encoded}"}
    assert world.call("POST", f"{TOKEN}?grant_type=client_credentials", headers=headers, bare=True).http_status == 200
