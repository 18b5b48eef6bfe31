"""The tenant API's client: what each answer means, the life of its access token, and secrets that stay secret."""

import json
import random
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from tests.processes import standin
from tests.servers import Act, ScriptedServer, hang_up, read_request, reset, say, stay_silent

from pwdload.api.connections import Connections
from pwdload.api.tenant import Credentials, TenantCallError, TenantClient, TenantUser, Trouble
from pwdload.errors import TargetError, UsageError
from pwdload.scenario import Target

SECRET = "the-client-secret-of-these-tests"
CREDENTIALS = Credentials(client_id="standin-admin", client_secret=SECRET)
TOKEN = b'{"access_token":"token-1","token_type":"Bearer","expires_in":1719}'


def answer(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def client_of(
    url: str, clock: Callable[[], float] = time.monotonic, secret: str = SECRET, timeout_s: float = 0.3
) -> TenantClient:
    chance = random.Random(1)
    connections = Connections(Target(), url, clock=time.monotonic, environment={}, chance=chance, timeout_s=timeout_s)
    return TenantClient(
        connections, Credentials(client_id="standin-admin", client_secret=secret), clock=clock, tenant_id="t" * 32
    )


@contextmanager
def scripted(*acts: Act, clock: Callable[[], float] = time.monotonic) -> Iterator[TenantClient]:
    """Give a client of a server that hands out a token and then does these acts."""
    script = (say(answer(200, TOKEN)), *acts)
    with ScriptedServer(script) as server, client_of(f"http://127.0.0.1:{server.port}", clock) as client:
        yield client


def refusal(code: str, status: int = 400, message: str = "No.") -> Act:
    return say(answer(status, json.dumps({"error_code": code, "error_msg": message}).encode()))


@pytest.mark.parametrize(
    ("act", "trouble", "code"),
    [
        (refusal("USER.0007"), Trouble.REFUSED, "USER.0007"),
        (refusal("COM.0002", 500), Trouble.SHED, "COM.0002"),
        (refusal("COM.0002", 503), Trouble.SHED, "COM.0002"),
        (say(answer(429)), Trouble.SHED, "http:429"),
        (say(answer(503, b"<html>")), Trouble.UNKNOWN, "http:503"),
        (say(answer(500, b"<html>")), Trouble.UNKNOWN, "http:500"),
        (say(answer(400, b"<html>")), Trouble.UNKNOWN, "http:400"),
        (say(answer(201, b"{}")), Trouble.UNKNOWN, "http:201"),
        (stay_silent, Trouble.UNKNOWN, "transport:timeout"),
        (reset, Trouble.UNKNOWN, "transport:stale"),
        (hang_up, Trouble.UNKNOWN, "transport:stale"),
    ],
)
def test_a_failure_says_whether_the_target_may_have_done_it(act: Act, trouble: Trouble, code: str) -> None:
    """Only a documented refusal and being turned away by the service itself say that nothing was done."""
    with scripted(act) as client, pytest.raises(TenantCallError) as caught:
        client.create_user("ann", "19900000000", "Secret-pw-1", must_modify=True)
    assert (caught.value.trouble, caught.value.code) == (trouble, code)
    assert caught.value.may_have_been_done == (trouble is Trouble.UNKNOWN)
    assert caught.value.is_passing == (trouble in (Trouble.SHED, Trouble.NOT_SENT))


def test_nothing_is_sent_where_nobody_listens() -> None:
    """And that is not the same as an answer that was lost."""
    with ScriptedServer() as server:
        url = f"http://127.0.0.1:{server.port}"
    with client_of(url) as client, pytest.raises(TenantCallError) as caught:
        client.delete_user("x")
    assert caught.value.trouble is Trouble.NOT_SENT
    with client_of(url) as client:
        assert not client.answers()


def test_a_lost_answer_to_the_token_request_leaves_nothing_in_doubt() -> None:
    """The call that wanted the token was never made."""
    with (
        ScriptedServer([stay_silent]) as server,
        client_of(f"http://127.0.0.1:{server.port}") as client,
        pytest.raises(TenantCallError) as caught,
    ):
        client.create_user("ann", "19900000000", "Secret-pw-1", must_modify=True)
    assert caught.value.trouble is Trouble.NOT_SENT


def test_the_token_is_kept_and_renewed_before_it_ends() -> None:
    """One request for a token serves all calls of its life, less a margin."""
    now_s = [0.0]
    found = say(answer(200, b'{"user_id":"1","user_name":"ann"}'))
    second = say(answer(200, TOKEN.replace(b"token-1", b"token-2")))
    with scripted(found, found, second, found, clock=lambda: now_s[0]) as client:
        assert client.user_by_name("ann") == TenantUser(user_id="1", user_name="ann")
        now_s[0] = 1_600.0
        client.user_by_name("ann")
        now_s[0] = 1_700.0
        client.user_by_name("ann")
        assert client._token == "token-2"


def test_a_token_that_is_no_longer_known_is_renewed_at_once() -> None:
    """After a 401 the call is made once more, with a new token, and not for ever."""
    unknown = refusal("PARAM.0401", 401)
    found = say(answer(200, b'{"user_id":"1","user_name":"ann"}'))
    second = say(answer(200, TOKEN.replace(b"token-1", b"token-2")))
    with scripted(unknown, second, found) as client:
        assert client.user_by_name("ann") is not None
    with scripted(unknown, second, unknown) as client, pytest.raises(TenantCallError) as caught:
        client.set_password("1", "Secret-pw-1", must_modify=True)
    assert caught.value.trouble is Trouble.REFUSED


def test_credentials_come_from_the_environment_only_and_are_never_shown() -> None:
    """Neither in a repr, nor in an error, nor in its traceback; what is missing is named."""
    with pytest.raises(UsageError, match="PWDLOAD_TENANT_CLIENT_SECRET"):
        Credentials.from_environment({"PWDLOAD_TENANT_CLIENT_ID": "standin-admin"})
    given = {"PWDLOAD_TENANT_CLIENT_ID": "standin-admin", "PWDLOAD_TENANT_CLIENT_SECRET": SECRET}
    assert Credentials.from_environment(given) == CREDENTIALS
    assert SECRET not in repr(CREDENTIALS)
    echo = say(answer(401, b'{"error":"invalid_client","error_description":"%b is wrong"}' % SECRET.encode()))
    with ScriptedServer([echo]) as server, client_of(f"http://127.0.0.1:{server.port}") as client:
        with pytest.raises(TargetError, match="invalid_client") as caught:
            client.user_by_name("ann")
        assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(client) + repr(caught.value)


def test_an_error_does_not_repeat_a_password() -> None:
    """Even where the target does."""
    echo = refusal("PWD.0004", message="Secret-pw-1 is too simple")
    with scripted(echo) as client, pytest.raises(TenantCallError) as caught:
        client.set_password("1", "Secret-pw-1", must_modify=True)
    assert "Secret-pw-1" not in str(caught.value) + repr(caught.value)
    assert "too simple" in str(caught.value)


def test_what_the_target_calls_an_unknown_name_is_learnt() -> None:
    """The code is not documented: the one that a name gets which nobody can have is taken for it, and no other."""
    with scripted(refusal("IDAAS.X.1"), refusal("IDAAS.X.1"), refusal("IDAAS.X.1"), refusal("OTHER")) as client:
        assert client.user_by_name("ann") is None
        assert client.user_by_name("bob") is None
    with scripted(refusal("OTHER"), refusal("IDAAS.X.1")) as client, pytest.raises(TenantCallError):
        client.user_by_name("ann")


def test_a_request_is_as_documented() -> None:
    """Token, tenant, content type and body of a change of password."""
    seen: list[bytes] = []

    def keep(connection: object) -> None:
        seen.append(read_request(connection))  # type: ignore[arg-type]
        connection.sendall(answer(200, b'{"user_id":"1/2"}'))  # type: ignore[attr-defined]

    with scripted(keep) as client:
        client.set_password("1/2", "Pä55wörd-1", must_modify=True)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"PUT /api/v2/tenant/users/1%2F2/change-password HTTP/1.1"
    assert b"Authorization: Bearer token-1" in lines
    assert b"X-tenant-id: " + b"t" * 32 in lines
    assert json.loads(body) == {"password": "Pä55wörd-1", "pwd_must_modify": True}


@pytest.mark.e2e
def test_every_call_against_the_standin() -> None:
    """Create, find, list by pages, change, enable, delete; by eight threads whose token ends all the time."""
    settings = "--set", "hash_algorithm=sha256", "--set", "access_token_life_s=1"
    with standin(*settings) as url, client_of(url, secret="standin-secret", timeout_s=10) as client:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda number: try_all_calls(client, number), range(200))) == [None] * 200
        users = list(client.users(page_size=30))
        assert len({user.user_id for user in users}) == len(users) == 201
        assert client.delete_user(users[0].user_id)
        assert not client.delete_user(users[0].user_id)
        assert client.user_by_name(users[0].user_name) is None
        assert client.answers()


def try_all_calls(client: TenantClient, number: int) -> None:
    mobile = f"199{number:08d}"
    user_id = client.create_user(f"user-{number}", mobile, "Xy12345678!", must_modify=True)
    client.set_password(user_id, "Xy12345678?", must_modify=True)
    client.enable_user(user_id)
    found = client.user_by_name(f"user-{number}")
    assert found is not None
    assert (found.user_id, found.mobile, found.must_modify) == (user_id, mobile, True)
