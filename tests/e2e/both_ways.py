"""The same flows by our connection and by FastHttpSession, in turn; run by tests as ``python -m tests.e2e.both_ways``.

Prints one JSON object. `cases`: each case once each way, with what came of every step. `latencies`: one request at a
time, the two ways in turn, so that what disturbs the machine disturbs both.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - sockets first
import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Sequence  # noqa: E402

from tests.e2e.fasthttp_client import FastHttpConnections  # noqa: E402
from tests.nothing_kept import NothingKept  # noqa: E402

from pwdload.accounts.account import Account  # noqa: E402
from pwdload.accounts.source import MadeUpAccounts  # noqa: E402
from pwdload.api.connections import Connections  # noqa: E402
from pwdload.api.http import Exchange  # noqa: E402
from pwdload.api.request import DeviceRequests  # noqa: E402
from pwdload.cases.catalogue import CASES, adapted  # noqa: E402
from pwdload.cases.play import Flow, Party, Settings  # noqa: E402
from pwdload.devices import DevicePopulation  # noqa: E402
from pwdload.passwords import PasswordBook, PasswordPolicy  # noqa: E402
from pwdload.scenario import parse_scenario  # noqa: E402

POLICY = PasswordPolicy()
DEVICES = DevicePopulation(seed=1)
WAYS = {"ours": Connections, "fasthttp": FastHttpConnections}
TOKEN_LIFE_S = 0.3
ACCOUNTS_EACH = 2
SIZE = ACCOUNTS_EACH * len(WAYS) * len(CASES)
SOURCE = MadeUpAccounts(sizes={"expired": SIZE, "warning": SIZE})


class Wire:
    """One way to send."""

    def __init__(self, way: str, url: str) -> None:
        target = parse_scenario('title = "x"').target
        made = WAYS[way](target, url, clock=time.perf_counter, environment={}, chance=random.Random(1))
        self.authority = made.address.authority
        self.client = made.client()

    def send(self, request: bytes) -> Exchange:
        """Send over the one connection."""
        return self.client.exchange(request)

    def send_together(self, requests: Sequence[bytes]) -> list[Exchange]:
        """Send one after the other: what is compared here is the connection."""
        return [self.send(request) for request in requests]

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)

    def now(self) -> float:
        """Return the machine's monotonic time."""
        return time.perf_counter()


def play(name: str, way: str, wire: Wire, book: PasswordBook) -> list[list[object]]:
    """Play a case with accounts that nothing else uses; return what came of each step."""
    case = adapted(CASES[name], password_length_max=18, is_standin=True)
    place = ACCOUNTS_EACH * (len(WAYS) * sorted(CASES).index(name) + list(WAYS).index(way))
    me, other = (party(wire, account) for account in SOURCE.accounts(case.needs, range(place, place + ACCOUNTS_EACH)))
    if case.needs_other_device:
        other = Party(account=me.account, requests=other.requests)
    settings = Settings(book=book, changes=NothingKept(), state_token_life_s=TOKEN_LIFE_S)
    flow = Flow(case, me=me, other=other, wire=wire, settings=settings, intended_s=wire.now())
    return [
        [one.step.value, one.outcome.value, one.exchange.http_status, one.error_code, one.answer and one.answer.status]
        for one in flow
    ]


def party(wire: Wire, account: Account) -> Party:
    """Return an account with its own device."""
    return Party(account=account, requests=DeviceRequests(wire.authority, DEVICES.device(account.index)))


def cases(url: str, secret: str) -> dict[str, object]:
    """Play every case that needs no tenant, each way."""
    book = PasswordBook(secret.encode(), POLICY)
    wires = {way: Wire(way, url) for way in WAYS}
    names = [name for name, case in CASES.items() if not case.needs_tenant]
    played = {way: {name: play(name, way, wire, book) for name in names} for way, wire in wires.items()}
    return {**played, "fired": wires["fasthttp"].client.fired}  # type: ignore[attr-defined]


def latencies(urls: list[str], secret: str, times: int, pause_s: float) -> dict[str, list[list[float]]]:
    """Return what so many requests took each way to each target, in seconds: all in turn, after a pause each."""
    book = PasswordBook(secret.encode(), POLICY)
    (account,) = SOURCE.accounts("expired", range(1))
    wires = [(way, Wire(way, url)) for url in urls for way in WAYS]
    requests = [
        party(wire, account).requests.login(account.user_name, account.password(book, account.generation))
        for _, wire in wires
    ]
    took: list[list[float]] = [[] for _ in wires]
    for number in range(times + 1):
        for place, (_, wire) in enumerate(wires):
            time.sleep(pause_s)
            exchange = wire.send(requests[place])
            assert exchange.http_status == 200, exchange
            assert exchange.sent_s is not None
            if number:  # the first one connects
                took[place].append(exchange.done_s - exchange.sent_s)
    return {way: [took[place] for place, (other, _) in enumerate(wires) if other == way] for way in WAYS}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cases", url, secret]:
            found: dict[str, object] = cases(url, secret)
        case ["latencies", *urls, secret, times, pause_s]:
            found = dict(latencies(urls, secret, int(times), float(pause_s)))
    sys.stdout.write(json.dumps(found) + "\n")
