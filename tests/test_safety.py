"""Nothing is sent where nobody has allowed it, nor faster than allowed, nor to production by mistake."""

import os
import pty
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis.synthetic import record_of
from tests.servers import ScriptedServer, say

from pwdload.api.confirmation import check_confirmed, looks_like_production
from pwdload.api.connections import Connections, Via
from pwdload.api.http import Address
from pwdload.api.permission import (
    check_addresses_allowed,
    check_host_allowed,
    check_same_addresses,
    with_allowed,
)
from pwdload.cases.ceiling import SUSTAINED_S, Ceiling, peak_of_users, rate_max_per_s, rate_refusal
from pwdload.errors import FaultError, UsageError
from pwdload.faults.gateway import Gateway
from pwdload.health import HealthRow
from pwdload.rundir import RunDirectory
from pwdload.scenario import Scenario, Target, parse_scenario
from pwdload.target_metrics import check_metrics_source, keep_metrics

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
NOTHING: Mapping[str, str] = {}


def target(*allow: str, proxy: str | None = None) -> Target:
    """Return a target that allows these hosts."""
    return Target().model_copy(update={"allow": allow, "proxy": proxy})


def connections(url: str, of: Target, via: Via | None = None) -> Connections:
    """Return the connections of a process, as every process makes them."""
    return Connections(
        of, url, clock=time.perf_counter, environment=NOTHING, chance=random.Random(1), timeout_s=5.0, via=via
    )


def resolving(monkeypatch: pytest.MonkeyPatch, **addresses: tuple[str, ...]) -> None:
    """Make names lead to these addresses; underscores stand for dots."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> Any:
        found = addresses.get(host.replace(".", "_"), (host,))
        return [info for address in found for info in real(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("host", ["staging.example.com", "STAGING.example.com", "staging.example.com."])
def test_a_host_is_allowed_by_name_in_whatever_case(host: str) -> None:
    """Names of hosts know no case, and the dot of the root says nothing."""
    check_host_allowed(host, ["Staging.example.com"])
    with pytest.raises(UsageError, match=r"--allow-host .*staging|STAGING"):
        check_host_allowed(host, ["example.com", "x.staging.example.com"])


@given(st.ip_addresses(), st.sampled_from(["localhost", "127.0.0.1"]))
def test_a_name_of_loopback_leads_to_loopback_or_nowhere(address: Any, host: str) -> None:
    """Whatever a hosts file says of localhost, another machine is not reached by it."""
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.is_loopback:
        check_addresses_allowed(host, [str(address)], [])
    else:
        with pytest.raises(UsageError, match="not loopback"):
            check_addresses_allowed(host, ["127.0.0.1", str(address)], [])


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1%eth0", "224.0.0.1", "0.0.0.0", "255.255.255.255", "::"]
)
def test_a_named_host_that_leads_to_no_service_is_refused(address: str) -> None:
    """One such address among good ones is enough; who means it names the address itself."""
    with pytest.raises(UsageError, match="nothing is sent there"):
        check_addresses_allowed("id.test.example", ["10.0.0.1", address], ["id.test.example"])
    check_addresses_allowed("id.test.example", [address], ["id.test.example", address.partition("%")[0]])


def test_every_process_refuses_by_itself_what_its_scenario_does_not_name() -> None:
    """A worker gets its scenario from the master, with all that was named there, and asks that."""
    allowed = with_allowed(target("a.test.example"), ["B.test.example", "[::2]"])
    there = Scenario.from_json(scenario("").model_copy(update={"target": allowed}).to_json()).target
    assert there.allow == ("a.test.example", "b.test.example", "::2")
    connections("https://b.test.example", there)
    connections("https://[::2]:8443", there)
    with pytest.raises(UsageError, match="not named"):
        connections("https://c.test.example", there)


@pytest.mark.parametrize("host", ["https://x", "*.example.com", "x:8443", "a b", ""])
def test_what_is_no_host_is_refused_as_one(host: str) -> None:
    """It would allow nothing, and look as if it did."""
    with pytest.raises(UsageError, match="not a host"):
        with_allowed(target(), [host])


def test_a_proxy_and_a_fault_proxy_are_hosts_like_any_other() -> None:
    """They see every password in plain HTTP, and are named or on loopback."""
    with pytest.raises(UsageError, match=r"^proxy proxy\.example: not loopback"):
        connections("http://127.0.0.1", target(proxy="http://proxy.example:3128"))
    connections("http://127.0.0.1", target("proxy.example", proxy="http://proxy.example:3128"))
    with pytest.raises(UsageError, match=r"^fault proxy 10\.0\.0\.9"):
        connections("http://127.0.0.1", target(), Via(host="10.0.0.9", port=1))


def test_a_toxiproxy_elsewhere_is_named_too() -> None:
    """It is told where to send the load, and is not asked before somebody has named it."""
    of = scenario("", '[fault_proxy]\nengine = "http://10.0.0.9:8474"')
    with pytest.raises(UsageError, match=r"^\[fault_proxy\] engine 10\.0\.0\.9: not loopback"):
        Gateway.open(of, Address.parse("http://127.0.0.1:1"), ["10.0.0.8"])


ELSEWHERE = {"id_test_example": ("127.0.0.1", "169.254.169.254"), "localhost": ("10.0.0.5",)}
"""A name that leads to a cloud's metadata service among others, and one of loopback that leads to another machine."""


def metrics_at(url: str) -> Scenario:
    """Return a scenario whose target's metrics are asked of this Prometheus."""
    return scenario(f'allow = ["id.test.example"]\n[target.metrics]\nprometheus = "{url}"\nqueries = {{ cpu = "c" }}')


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["id.test.example", "localhost"])
def test_metrics_are_asked_of_allowed_addresses_only(
    host: str, scheme: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Refused before the run; where the name leads elsewhere only later, nothing connects and a note says so."""
    plan = metrics_at(f"{scheme}://{host}:9090")
    opened: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, to: opened.append(to))
    resolving(monkeypatch, **ELSEWHERE)
    with pytest.raises(UsageError, match="resolves to"):
        check_metrics_source(plan, [])
    (note,) = keep_metrics(plan, RunDirectory(tmp_path), record_of([]))
    assert "resolves to" in note
    assert opened == []


@pytest.mark.parametrize("host", ["id.test.example", "localhost"])
def test_a_toxiproxy_is_driven_at_allowed_addresses_only(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call is checked where it connects: what is behind a name may change in the middle of a run."""
    opened: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, to: opened.append(to))
    resolving(monkeypatch, **ELSEWHERE)
    of = scenario("", f'[fault_proxy]\nengine = "http://{host}:8474"')
    with pytest.raises(FaultError, match=rf"^fault proxy http://{host}:8474: host .* resolves to .*--allow-host"):
        Gateway.open(of, Address.parse("http://127.0.0.1:1"), ["id.test.example"])
    assert opened == []


def test_not_a_byte_goes_to_an_address_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever way a connection is made: the check is where names become addresses, in each process."""
    opened: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, to: opened.append(to))
    resolving(monkeypatch, **ELSEWHERE)
    for host in ("id.test.example", "localhost"):
        made = connections(f"http://{host}:8080", target("id.test.example"))
        exchange = made.client().exchange(REQUEST)
        assert (exchange.transport, exchange.sent_s) == ("not_allowed", None)
        with pytest.raises(UsageError):
            made.addresses()
    assert opened == []


def test_a_redirect_is_an_answer_and_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody connects to where it points, on loopback or not; proxies of the shell are not asked either."""
    with ScriptedServer([say(OK)]) as other:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
        location = f"http://127.0.0.1:{other.port}/api/v2/sdk/login".encode()
        moved = [
            b"HTTP/1.1 %b\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location) for status in REDIRECTS
        ]
        with ScriptedServer([say(one) for one in moved]) as server:
            client = connections(f"http://127.0.0.1:{server.port}", target()).client()
            statuses = [client.exchange(REQUEST).http_status for _ in moved]
            client.close()
        assert statuses == [301, 302, 303, 307, 308]
        assert other.connections == 0


REDIRECTS = (b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary Redirect", b"308 Permanent Redirect")


def test_a_worker_knows_no_address_that_its_master_does_not_know() -> None:
    """Where both know, and nobody has named it: see `tests.harness.elsewhere` for a worker that is told so."""
    check_same_addresses("id.test.example", ["10.0.0.1"], {"10.0.0.1", "10.0.0.2"}, [])
    check_same_addresses("id.test.example", ["10.9.9.9"], {"10.0.0.1"}, ["10.9.9.9"])
    check_same_addresses("id.test.example", ["10.9.9.9"], set(), [])
    with pytest.raises(UsageError, match=r"10\.9\.9\.9 here and to 10\.0\.0\.1 at the master"):
        check_same_addresses("id.test.example", ["10.0.0.1", "10.9.9.9"], {"10.0.0.1"}, [])


PRODUCTION = [
    *("id.example.com", "www.test.example.com", "prod.example.com", "live-id.test.example.com", "203.0.113.7", "::2"),
    *("latest.example.com", "login.prod-test.example.com", "my-devices.example.com", "id.PRD.example.com", "a.b"),
]
NOT_PRODUCTION = [
    *("localhost", "127.0.0.1", "::1", "staging.example.com", "id-uat2.example.com", "QA.example.com", "id.sandbox.x"),
    *("test1.id.example.com", "dev.example.com", "id.test"),
]


@pytest.mark.parametrize("host", PRODUCTION)
def test_what_may_be_production_wants_its_name_typed(host: str) -> None:
    """By the option or at the terminal; a name that is not quite it does not count."""
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return f"{host.upper()}\n"

    assert looks_like_production(host)
    check_confirmed(host, host, None)
    check_confirmed(host, None, ask)
    assert f"{host} looks like production" in asked[0]
    for typed, answer in ((None, None), ("yes", ask), (None, lambda _: ""), (None, lambda _: "y\n"), (host[:-1], None)):
        with pytest.raises(UsageError, match="--yes-this-is") as error:
            check_confirmed(host, typed, answer)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", NOT_PRODUCTION)
def test_what_says_that_it_is_a_test_needs_no_word(host: str) -> None:
    """A pipeline against staging is not asked."""
    assert looks_like_production(host) == ""
    check_confirmed(host, None, None)


ASKING = (
    "from pwdload.api.confirmation import *; check_confirmed('id.example.com', None, terminal()); print('confirmed')"
)


@pytest.mark.parametrize(("typed", "goes_on"), [("id.example.com\n", True), ("\n", False)])
def test_a_person_at_a_terminal_is_asked(typed: str, goes_on: bool) -> None:
    """And what is not typed is not meant."""
    ours, theirs = pty.openpty()
    with closing(os.fdopen(ours, "wb", buffering=0)) as keyboard:
        keyboard.write(typed.encode())
        command = [sys.executable, "-c", ASKING]
        done = subprocess.run(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, timeout=20, check=False)
        os.close(theirs)
    assert (b"confirmed" in done.stdout) is goes_on


def scenario(lines: str, load: str = "") -> Scenario:
    """Return a scenario with these lines in [target]."""
    return parse_scenario(f'title = "x"\n[target]\n{lines}\n{load}')


def test_a_plan_above_the_ceiling_is_refused_with_both_figures() -> None:
    """1,000 requests a second where nothing is stated, and as many as come on loopback."""
    mix, url = {"valid_change": 1.0}, "https://staging.example.com"
    assert rate_max_per_s(scenario(""), url) == 1_000.0
    assert rate_max_per_s(scenario(""), "http://127.0.0.1:1") is None
    assert rate_refusal(scenario(""), mix, 500.0, url) == ""
    assert rate_refusal(scenario(""), mix, 900.0, "http://localhost") == ""
    assert rate_refusal(scenario(""), mix, None, url) == ""
    why = rate_refusal(scenario(""), mix, 501.0, url)
    assert "1,002/s requests are planned" in why
    assert '[target] rate_max = "1002/s"' in why
    stated = scenario('rate_max = "50/s"')
    assert "50.0/s is [target] rate_max" in rate_refusal(stated, mix, 26.0, "http://127.0.0.1:1")
    assert rate_refusal(scenario('rate_max = "2000/s"'), mix, 1_000.0, url) == ""


def test_users_who_think_have_a_highest_rate() -> None:
    """As if the target answered at once; without thinking nobody can say."""
    assert peak_of_users(scenario("", '[load]\nthink_time = "500ms"'), 100) == 200.0
    assert peak_of_users(scenario("", '[load]\nthink_time = "0s"'), 100) is None
    assert peak_of_users(scenario(""), None) is None


def test_users_that_come_round_too_fast_end_the_run() -> None:
    """The rates of all processes are added up; a burst of a second or two does not count, nor one who has left."""

    def told(*rates: tuple[float, ...]) -> list[float]:
        """Return when the run is ended, given each second's rate of each process."""
        ended: list[float] = []
        sums = [0.0] * 2
        ceiling = Ceiling(100.0, lambda _: ended.append(second))
        for second, both in enumerate(rates):
            for process, rate in enumerate(both):
                sums[process] += rate
                ceiling.take(row(f"w{process}", float(second), int(sums[process])))
        return ended

    assert told(*[(70.0, 69.0)] * 10) == []  # 100 and four standard deviations
    assert told(*[(90.0, 80.0)] * 10)[0] == 1 + SUSTAINED_S
    assert told(*[(90.0, 80.0)] * 3, *[(20.0, 20.0)] * 3, *[(90.0, 80.0)] * 3) == []
    assert told(*[(90.0, 80.0)] * 2, *[(120.0,)] * 9) == [4.0, 5.0], "until the other process has been silent for 5 s"


def row(worker: str, at_s: float, answers: int) -> HealthRow:
    """Return a second of one process."""
    return HealthRow(worker, at_s, 0.5, 0.0, 1, 0, 0, 0, 0, answers)
