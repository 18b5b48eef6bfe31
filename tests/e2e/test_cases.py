"""Every case of the catalogue, played over a real connection against the real stand-in."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import NamedTuple

import pytest
from tests.nothing_kept import NothingKept
from tests.processes import TENANT as ADMIN
from tests.processes import get_json, standin

from pwdload.accounts.account import Account
from pwdload.accounts.source import MadeUpAccounts
from pwdload.api.connections import Connections
from pwdload.api.http import Address, Connection, Exchange
from pwdload.api.request import DeviceRequests
from pwdload.api.tenant import Credentials, TenantClient
from pwdload.cases.catalogue import CASES, adapted
from pwdload.cases.expectation import Grant
from pwdload.cases.play import Flow, Party, Settings
from pwdload.cases.played import Played
from pwdload.cases.steps import Wait
from pwdload.devices import DevicePopulation
from pwdload.passwords import PasswordBook, PasswordPolicy
from pwdload.scenario import parse_scenario

pytestmark = pytest.mark.e2e

POLICY = PasswordPolicy()
BOOK = PasswordBook(b"a secret of the test", POLICY)
TOKEN_LIFE_S = 1.0
# One account of its own for each case, and one beside it for the cases of two.
SOURCE = MadeUpAccounts(sizes={"expired": 2 * len(CASES), "warning": 2 * len(CASES)})
DEVICES = DevicePopulation(seed=1)


class Target(NamedTuple):
    """A stand-in, and a connection to it."""

    url: str
    address: Address
    wire: "Wire"
    kind: str
    tenant: TenantClient


class Wire:
    """A real connection and real time."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection = Connection(address, clock=time.perf_counter, timeout_s=5.0)

    def send(self, request: bytes) -> Exchange:
        """Send over the one connection."""
        return self._connection.exchange(request)

    def send_together(self, requests: Sequence[bytes]) -> list[Exchange]:
        """Send over as many more connections as there are requests."""
        others = [Connection(self._address, clock=time.perf_counter, timeout_s=5.0) for _ in requests]
        exchanges = [Exchange(started_s=time.perf_counter()) for _ in requests]
        every = list(zip(others, requests, exchanges, strict=True))
        for connection, _, exchange in every:
            connection.prepare(exchange)
        begun_s = time.perf_counter()
        for exchange in exchanges:
            exchange.started_s = begun_s
        for connection, request, exchange in every:
            connection.begin(request, exchange)
        for connection, request, exchange in every:
            connection.finish(request, exchange)
            connection.close()
        return exchanges

    def sleep(self, seconds: float) -> None:
        """Wait for real: the token's life is the target's own affair."""
        time.sleep(seconds)

    def now(self) -> float:
        """Return the machine's monotonic time."""
        return time.perf_counter()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


TENANT = "08f770f51f80d2f40f38c00cb199fd21"
KINDS = {
    "default": [],
    "long passwords": ["password_length_max=50"],
    "ISV": ["isv_mode=true", f"tenants={TENANT}"],
}
PLAYED = [
    *(("default", name) for name, case in CASES.items() if not case.needs_tenant),
    ("long passwords", "password_of_50_characters"),
    ("long passwords", "new_password_too_long"),
    *(("ISV", name) for name in CASES),
]


Targets = Callable[[str], Target]


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    """Stand-ins by kind: default policy, passwords of up to 50 characters, or for an ISV application.

    Each is started when it is first asked for and serves all cases; a parameter of its own for the kind would have
    pytest play a case on every kind before the next case, and start a stand-in for each of them.
    """
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(running(kind)))


@contextmanager
def running(kind: str) -> Iterator[Target]:
    """Run a stand-in of one kind."""
    settings = [f"state_token_life_s={TOKEN_LIFE_S}", "hash_algorithm=sha256", *KINDS[kind]]
    arguments = [word for setting in settings for word in ("--set", setting)]
    with standin(*arguments, seed_csv="".join(SOURCE.seed_csv(BOOK))) as url:
        address = Address.parse(url)
        wire = Wire(address)
        with tenant_client(url, TENANT if kind == "ISV" else None) as tenant:
            yield Target(url, address, wire, kind, tenant)
        wire.close()


def tenant_client(url: str, tenant_id: str | None) -> TenantClient:
    """Return what has the stand-in's access_token."""
    target = parse_scenario('title = "x"').target
    connections = Connections(target, url, clock=time.perf_counter, environment={}, chance=random.Random(1))
    credentials = Credentials.from_environment(ADMIN)
    return TenantClient(connections, credentials, clock=time.monotonic, tenant_id=tenant_id)


def play(target: Target, name: str) -> list[Played]:
    """Play a case with accounts that no other case has."""
    length_max = 50 if target.kind == "long passwords" else 18
    case = adapted(CASES[name], password_length_max=length_max, is_standin=True)
    place = 2 * sorted(CASES).index(name)
    me, other = (party(target, account) for account in SOURCE.accounts(case.needs, range(place, place + 2)))
    if case.needs_other_device:
        other = Party(account=me.account, requests=other.requests)
    book = PasswordBook(BOOK.secret, PasswordPolicy(max_length=length_max))
    settings = Settings(book=book, changes=NothingKept(), state_token_life_s=TOKEN_LIFE_S, seed=1, tenant=target.tenant)
    return list(Flow(case, me=me, other=other, wire=target.wire, settings=settings, intended_s=time.perf_counter()))


def party(target: Target, account: Account) -> Party:
    """Return an account with its own device, of a tenant's application where the target is for one."""
    tenant = TENANT if target.kind == "ISV" else None
    device = DEVICES.device(account.index)
    return Party(account=account, requests=DeviceRequests(target.address.authority, device, tenant))


@pytest.mark.parametrize(("kind", "name"), PLAYED)
def test_a_case_gets_exactly_the_answers_that_the_catalogue_expects(targets: Targets, kind: str, name: str) -> None:
    """Right outcome at every step, and the very code that the catalogue names, not only some refusal."""
    played = play(targets(kind), name)
    for one in played:
        assert one.outcome.is_as_expected, f"{one.step}: {one.outcome} {one.answer}"
        assert one.answer is not None
        kind, _, words = one.expect.label.partition(":")
        if kind in ("accept", "refuse") and not isinstance(one.expect, Grant):
            assert (one.answer.status if kind == "accept" else one.answer.error_code) in words.split("|")
    steps = [step for step in CASES[name].steps if not isinstance(step, Wait)]
    assert len(dict.fromkeys(one.intended_s for one in played)) == len(steps)


def test_the_target_counts_what_was_sent(targets: Targets) -> None:
    """One flow of two requests raises the stand-in's own counts by two."""
    target = targets("default")
    before = total(target.url)
    place = 2 * len(CASES) - 1
    (account,) = SOURCE.accounts("warning", range(place, place + 1))
    me = party(target, account)
    settings = Settings(book=BOOK, changes=NothingKept(), state_token_life_s=TOKEN_LIFE_S)
    assert (
        len(list(Flow(CASES["skip_when_warned"], me=me, other=me, wire=target.wire, settings=settings, intended_s=0)))
        == 2
    )
    assert total(target.url) == before + 2


def total(url: str) -> int:
    """Return how many requests the stand-in has counted."""
    counted = get_json(url, "/standin/counts")["total"]
    assert isinstance(counted, int)
    return counted
