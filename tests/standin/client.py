"""The stand-in without sockets: its ASGI application called directly, with a clock that tests set."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from starlette.types import ASGIApp, Message

from pwdload.standin.app import build_app
from pwdload.standin.assembly import assemble
from pwdload.standin.defects.registry import defective_classes
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.parts import Parts
from pwdload.standin.seed import SeedAccount, Seeder, State
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import new_rsa_key

CLIENT_ID = "DRrYIqauawN0I8myTMoDTPys6ezGZxnm"
LOGIN, UPDATE, SKIP = "/api/v2/sdk/login", "/api/v2/sdk/pwd/update", "/api/v2/sdk/pwd/skip-update"
USERS = "/api/v2/tenant/users"
PASSWORD, PREVIOUS, NEW = "Current-pw-1", "Earlier-pw-1", "Different-pw-2"
START_S = 1_700_000_000.0

Headers = Mapping[str, str | None]
"""Headers to send; null leaves out one that is sent otherwise."""
AS_DOCUMENTED: Headers = MappingProxyType({})


class FakeClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    http_status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, object]:
        parsed: dict[str, object] = json.loads(self.body)
        return parsed

    def text(self, name: str) -> str:
        value = self.fields[name]
        assert isinstance(value, str)
        return value

    @property
    def summary(self) -> tuple[int, str]:
        """HTTP status, and the error code or the status of the body."""
        return self.http_status, str(self.fields.get("error_code") or self.fields.get("status"))


def sdk_headers(changes: Headers) -> dict[str, str]:
    """Return the documented headers of an SDK call, with changes."""
    headers: dict[str, str | None] = {
        "Content-Type": "application/json;charset=utf8",
        "X-operating-sys-version": "Android 10",
        "X-device-fingerprint": "156aysdna213sac",
        "X-device-ip": "10.10.10.1",
        "X-agent": "Mozilla/5.0 (Linux; Android 10)",
        "X-client-id": CLIENT_ID,
    }
    return {name: value for name, value in {**headers, **changes}.items() if value is not None}


@cache
def _rsa_key() -> bytes:
    """One key for all tests of a process: making one takes longer than most tests."""
    return new_rsa_key()


class World:
    """A stand-in with its clock, and a client to it."""

    def __init__(self, path: Path, **changes: object) -> None:
        self.clock = FakeClock()
        self.settings = replace(Settings(hash_algorithm="sha256"), **changes)  # type: ignore[arg-type]
        self.hasher = PasswordHasher(self.settings.hash_algorithm, self.settings.hash_cost, threads=4)
        self.store = Store(path, busy_timeout_s=self.settings.db_busy_timeout_s)
        self.store.secret("id_token_key", _rsa_key)
        classes = defective_classes(self.settings)
        self.parts: Parts = assemble(self.settings, self.store, self.hasher, self.clock, classes)
        self.app: ASGIApp = build_app(self.parts, classes)

    def close(self) -> None:
        self.hasher.close()
        self.store.close()

    def seed(self, user_name: str = "zhangsan", state: State = "expired", **more: str) -> None:
        values = {"password": PASSWORD, "previous_password": PREVIOUS, **more}
        account = SeedAccount(user_name=user_name, state=state, **values)
        Seeder(self.settings, self.parts.accounts, self.hasher).seed([account], self.clock())

    def call(
        self, method: str, path: str, body: object = None, headers: Headers = AS_DOCUMENTED, *, bare: bool = False
    ) -> Reply:
        """Make one call; `bare` sends only the headers given."""
        return asyncio.run(self.acall(method, path, body, headers, bare=bare))

    async def acall(
        self, method: str, path: str, body: object = None, headers: Headers = AS_DOCUMENTED, *, bare: bool = False
    ) -> Reply:
        sent = {name: value for name, value in headers.items() if value is not None} if bare else sdk_headers(headers)
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await request(self.app, method, path, sent, [content])

    def login(self, password: str = PASSWORD, user_name: str = "zhangsan", headers: Headers = AS_DOCUMENTED) -> Reply:
        return self.call("POST", LOGIN, {"user_name": user_name, "password": password}, headers)

    def state_token(self, user_name: str = "zhangsan", password: str = PASSWORD) -> str:
        return self.login(password, user_name).text("state_token")

    def update(
        self, token: str | None, *, old: str = PASSWORD, new: str = NEW, headers: Headers = AS_DOCUMENTED
    ) -> Reply:
        return self.call(
            "POST", UPDATE, {"old_password": old, "new_password": new}, {"X-state-token": token, **headers}
        )

    def skip(self, token: str | None) -> Reply:
        return self.call("GET", SKIP, headers={"X-state-token": token, "Content-Type": None})

    def tenant(self, method: str, path: str, body: object = None, token: str | None = None) -> Reply:
        """Call the management API; without a token, with a new one."""
        token = token or self.access_token()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json;charset=utf8"}
        return self.call(method, path, body, headers, bare=True)

    def access_token(self) -> str:
        credentials = base64.b64encode(b"standin-admin:standin-secret").decode()
        headers = {"Authorization": f"Basic {credentials}"}
        return self.call("POST", "/api/v2/tenant/token?grant_type=client_credentials", headers=headers, bare=True).text(
            "access_token"
        )

    def counts(self) -> dict[tuple[str, str, int, str, str], int]:
        rows = self.call("GET", "/standin/counts", bare=True).fields["counts"]
        assert isinstance(rows, list)
        return {
            (row["method"], row["route"], row["http_status"], row["status"], row["error_code"]): row["count"]
            for row in rows
        }


async def request(
    app: ASGIApp, method: str, path: str, headers: Mapping[str, str], parts: list[bytes], *, leaves: bool = False
) -> Reply:
    """Make one call of an ASGI application; the body comes in parts. A client that `leaves` gets no reply: status 0."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
    }
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    last: Message = {"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b""}
    messages.append(last)
    answers: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        answers.append(message)

    await app(scope, receive, send)
    if not answers:
        return Reply(0, {}, b"")
    start, *rest = answers
    return Reply(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message["body"] for message in rest),
    )
