"""Faults that are planted in an environment, each of which the doctor must name on its own line, with its remedy."""

import json
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.doctor.world import Answer, Room, Target, certificate, examined, machine, serving
from tests.processes import ROOT, TENANT
from tests.tls import Authority

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.ledger import Ledger
from pwdload.api.http import Connection, Exchange
from pwdload.doctor.examine import CHECKS, Question
from pwdload.doctor.findings import REQUESTS_MAX, Finding, exit_code
from pwdload.doctor.findings import Status as Is
from pwdload.doctor.machine import Machine
from pwdload.doctor.plan import peak_flows_per_s
from pwdload.passwords import SECRET_VARIABLE, Shape
from pwdload.run import load

HTML: Answer = (200, b"<!doctype html><html><body>Sign in</body></html>")
ACCEPTED: Answer = (200, json.dumps({"status": "SUCCESS", "session_token": "s", "expire": 1}).encode())


def refusal(code: str, text: str = "No.") -> Answer:
    """Return a documented refusal."""
    return 400, json.dumps({"error_code": code, "error_msg": text}).encode()


def expired(**data: object) -> Answer:
    """Return the answer of a target that announces another policy."""
    told = {"status": "PASSWORD_EXPIRED", "state_token": "t" * 40, "data": json.dumps(data)}
    return 200, json.dumps(told).encode()


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A folder, and a secret for its accounts."""
    monkeypatch.setenv(SECRET_VARIABLE, "a secret for the tests, not for anything else")
    monkeypatch.delenv("PWDLOAD_PROXY", raising=False)
    return Room(tmp_path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only these tests trust."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One fault, and the words by which it must be named."""

    check: str
    value: str
    remedy: str
    status: Is = Is.FAILED
    requests: int = 3
    target: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    """Of [target]."""
    rate: str = "2/s"
    machine: dict[str, Any] = field(default_factory=dict)
    asks: dict[str, Any] = field(default_factory=dict)
    """What the question has otherwise."""
    accounts: int = 200
    host: str = "http://127.0.0.1:{port}"


PLANTED = {
    "python too old": Planted(
        check="python", value="3.10.9, needed is >=3.11", remedy="environment anew", machine={"python": "3.10.9"}
    ),
    "dependency missing": Planted(
        check="dependencies",
        value="pandas is missing (needed >=2.2)",
        remedy="pip install",
        machine={"versions": {"locust": "2.47.0", "pandas": None}},
    ),
    "dependency too old": Planted(
        check="dependencies",
        value="locust 2.9.1 (needed >=2.40)",
        remedy="pip install",
        machine={"versions": {"locust": "2.9.1", "pandas": "2.10"}},
    ),
    "few open files": Planted(
        check="open files", value="256, 300 are needed", remedy="ulimit -n 300", machine={"files_max": 256}
    ),
    "few ports": Planted(
        check="ports",
        value="150, about 220 are needed",
        remedy="ip_local_port_range",
        status=Is.WARNING,
        lines=('connections = "per_flow"',),
        machine={"ports": 150},
    ),
    "rate above the ceiling": Planted(
        check="rate",
        value="100/s requests at the peak, 20.0/s is the ceiling",
        remedy="rate_max",
        lines=('rate_max = "20/s"',),
        rate="50/s",
        accounts=1_000,
    ),
    "host that nobody has named": Planted(
        check="permission",
        value="staging.example.com: not loopback and not named",
        remedy="--allow-host staging.example.com",
        host="https://staging.example.com",
        requests=0,
    ),
    "production": Planted(
        check="permission",
        value='looks like production ("prod" is in its name)',
        remedy="--yes-this-is id.prod.example.com",
        host="https://id.prod.example.com",
        lines=('allow = ["id.prod.example.com"]',),
        requests=0,
    ),
    "redirect": Planted(
        check="http",
        value="to https://elsewhere.example/",
        remedy="no redirect is followed",
        target={"date": (302, b""), "headers": {"Location": "https://elsewhere.example/"}},
        requests=1,
    ),
    "clock a little ahead": Planted(
        check="clock", value="s ahead", remedy="NTP", status=Is.WARNING, target={"clock_ahead_s": 20.0}
    ),
    "clock far behind": Planted(
        check="clock", value="behind", remedy="tokens and certificates", target={"clock_ahead_s": -400.0}
    ),
    "no Date": Planted(
        check="clock", value="no Date header", remedy="by hand", status=Is.WARNING, target={"headers": {"Date": ""}}
    ),
    "wrong list of passwords": Planted(
        check="login",
        value="wrong password (LOGIN.0002), 8 tries are left",
        remedy="list and the run secret",
        target={"login": refusal("LOGIN.0002", "Wrong. Remaining attempts: 8.")},
        requests=2,
    ),
    "account locked": Planted(
        check="login",
        value="locked for 179 s",
        remedy="Wait",
        target={"login": refusal("LOGIN.0001", "Unlocked in 2 minutes and 59 seconds.")},
        requests=2,
    ),
    "wrong application": Planted(
        check="login",
        value="refused with APP.0001",
        remedy="client_id",
        target={"login": refusal("APP.0001")},
        requests=2,
    ),
    "a page instead of the API": Planted(
        check="login",
        value="HTTP 200 with an HTML page",
        remedy="base URL of the API",
        target={"login": HTML},
        requests=2,
    ),
    "login out of order": Planted(
        check="login", value="HTTP 500 with no body", remedy="target's log", target={"login": (500, b"")}, requests=2
    ),
    "no change asked for": Planted(
        check="login", value="asked for no change", remedy="accounts arm", target={"login": ACCEPTED}, requests=2
    ),
    "weak policy": Planted(
        check="refused change", value="was accepted", remedy="min_length", target={"update": ACCEPTED}
    ),
    "change out of order": Planted(
        check="refused change", value="HTTP 502", remedy="accounts settle", target={"update": (502, b"Bad gateway")}
    ),
    "another policy": Planted(
        check="policy",
        value="minLength is 12, and [password_policy] min_length is 8",
        remedy="what the target announces",
        target={"login": expired(minLength=12, maxLength=18)},
        requests=2,
    ),
    "too few accounts": Planted(
        check="account stock", value="needs 20, has 5: dry after", remedy="accounts create", accounts=5
    ),
    "generator too slow": Planted(
        check="generator",
        value="needs 4 requests/s at the peak, this machine generates 2/s",
        remedy="--processes",
        asks={"calibrate": lambda: certificate(3.0)},
    ),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_named_with_its_remedy(room: Room, planted: Planted) -> None:
    """It is the first line that is not well, and it costs no more requests than the steps up to it."""
    target = Target(**planted.target)
    with serving(target) as port:
        host = planted.host.format(port=port)
        question = room.question(host, *planted.lines, rate=planted.rate, accounts=room.accounts(planted.accounts))
        found, spent = examined(replace(question, **planted.asks), machine(**planted.machine))
    assert_named(found[planted.check], planted.value, planted.remedy, planted.status)
    unwell = [check for check, one in found.items() if one.status in (Is.FAILED, Is.WARNING)]
    assert unwell == [planted.check]
    assert spent == len(target.asked) == planted.requests
    assert exit_code(found.values()) == (2 if planted.status is Is.FAILED else 0)


def assert_named(finding: Finding, value: str, remedy: str, status: Is = Is.FAILED) -> None:
    """Insist that a line says what is wrong and what to do, each on one line."""
    assert finding.status is status, finding
    assert value in finding.value, finding
    assert remedy in finding.remedy, finding
    assert "\n" not in finding.value + finding.remedy


def test_a_sound_environment_is_well(room: Room) -> None:
    """Nothing is made up where nothing is planted; three requests are enough, and ten are the most."""
    target = Target()
    with serving(target) as port:
        found, spent = examined(room.question(f"http://127.0.0.1:{port}"))
    assert {one.status for one in found.values()} == {Is.OK}, found
    assert not any(one.remedy for one in found.values())
    assert spent == len(target.asked) == 3 < REQUESTS_MAX


def test_the_limit_of_this_very_process_is_what_counts(room: Room) -> None:
    """The limit is asked of the system, not of a setting."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (250, hard))
    try:
        found, _ = examined(room.question(None), Machine.here())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert_named(found["open files"], "250, 300 are needed", "ulimit -n 300")
    assert found["python"].status is found["dependencies"].status is Is.OK


def test_without_a_target_its_checks_say_so(room: Room) -> None:
    """What nobody has looked at is not called well."""
    found, spent = examined(room.question(None))
    assert [check for check, one in found.items() if one.status is Is.NOT_CHECKED] == list(CHECKS[5:14])
    assert (spent, exit_code(found.values())) == (0, 0)


TLS = {
    "expired": ("localhost", True, True, "certificate has expired", "renewed"),
    "wrong CA": ("localhost", False, False, "unable to get local issuer certificate", "ca_file"),
    "wrong name": ("other.example", False, True, "Hostname mismatch", "server_name"),
}


@pytest.mark.parametrize(("name", "is_expired", "trusted", "value", "remedy"), TLS.values(), ids=TLS)
def test_what_is_wrong_with_a_certificate_is_told(
    room: Room, authority: Authority, name: str, is_expired: bool, trusted: bool, value: str, remedy: str
) -> None:
    """By the library's own words, with a remedy for each; and nothing is sent over such a connection."""
    target, lines = Target(), (f"ca_file = {json.dumps(str(authority.file))}",) if trusted else ()
    with serving(target, authority.server_context(name, expired=is_expired)) as port:
        found, spent = examined(room.question(f"https://localhost:{port}", *lines))
    assert_named(found["tls"], value, remedy)
    assert [found[check].status for check in CHECKS[9:14]] == [Is.NOT_CHECKED] * 5
    assert found["login"].value == "tls has failed"
    assert (spent, target.asked) == (0, [])


def test_a_certificate_that_is_good_is_told_with_its_days(room: Room, authority: Authority) -> None:
    """Who has signed it, by what it is trusted, and that it runs out tomorrow."""
    target = Target()
    with serving(target, authority.server_context()) as port:
        found, _ = examined(room.question(f"https://localhost:{port}", f"ca_file = {json.dumps(str(authority.file))}"))
    value = 'TLSv1.3, signed by "a CA of the tests", trusted by ca.pem, 1 days left'
    assert_named(found["tls"], value, "renewed before it expires", Is.WARNING)
    assert found["login"].status is found["refused change"].status is Is.OK


def test_a_target_without_tls_is_told_from_one_with_a_bad_certificate(room: Room) -> None:
    """https:// to a port that speaks plain HTTP."""
    with serving(Target()) as port:
        found, _ = examined(room.question(f"https://127.0.0.1:{port}"))
    assert_named(found["tls"], "wrong version number", "Is it https that listens there")


def test_a_closed_port_is_told_with_its_address(room: Room) -> None:
    """And all that lies behind it is not checked."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    found, spent = examined(room.question(f"http://127.0.0.1:{port}"))
    assert_named(found["tcp"], f"127.0.0.1 port {port}: connection refused", "firewall")
    assert spent == 0


@contextmanager
def names(monkeypatch: pytest.MonkeyPatch, **addresses: str) -> Iterator[list[str]]:
    """Make names lead to these addresses; gives what was looked up."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> Any:
        looked_up.append(host)
        name = host.replace(".", "_").replace("-", "_")
        if name not in addresses and not host[0].isdigit():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(addresses.get(name, host), port, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield looked_up


def test_a_name_that_does_not_resolve(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as the system tells it."""
    with names(monkeypatch):
        question = room.question("http://gone.test.example", 'allow = ["gone.test.example"]')
        found, _ = examined(question)
    assert_named(found["names"], "gone.test.example: name or service not known", "/etc/hosts")


def test_a_name_that_leads_to_a_clouds_metadata(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a host does not name that; nothing connects there."""
    with names(monkeypatch, id_test_example="169.254.169.254"):
        found, spent = examined(room.question("http://id.test.example", 'allow = ["id.test.example"]'))
    assert_named(found["names"], "169.254.169.254, a link-local address", "--allow-host 169.254.169.254")
    assert spent == 0


def test_plain_http_to_another_machine_is_a_warning(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run works; its passwords can be read on the way."""
    with serving(Target()) as port, names(monkeypatch, id_test_example="127.0.0.1"):
        found, _ = examined(room.question(f"http://id.test.example:{port}", 'allow = ["id.test.example"]'))
    assert_named(found["tls"], "in the clear", "https://", Is.WARNING)
    assert found["refused change"].status is Is.OK


Looks = Callable[[Entry], bool]
AFTER: dict[str, tuple[dict[str, Any], Looks]] = {
    "well": ({}, lambda one: one.status is Status.READY and one.tries == 0),
    "wrong password": (
        {"login": refusal("LOGIN.0002")},
        lambda one: one.status is Status.UNKNOWN and one.tries == 1 and one.wrong == PasswordRef(0),
    ),
    "locked": ({"login": refusal("LOGIN.0001")}, lambda one: one.status is Status.READY and one.tries == 0),
    "silence": ({"login": (500, b"")}, lambda one: one.status is Status.READY and one.tries == 1),
    "used": ({"login": ACCEPTED}, lambda one: one.status is Status.CHANGED),
    "disabled": ({"login": (200, b'{"status": "ACCESS_DENIED"}')}, lambda one: one.status is Status.RETIRED),
    "accepted": ({"update": ACCEPTED}, lambda one: one.in_force == PasswordRef(1, Shape.TOO_SHORT)),
    "doubt": (
        {"update": (502, b"")},
        lambda one: one.status is Status.UNKNOWN and one.doubt == PasswordRef(1, Shape.TOO_SHORT),
    ),
}


@pytest.mark.parametrize(("answers", "looks"), AFTER.values(), ids=AFTER)
def test_the_account_is_in_the_ledger_as_it_is(room: Room, answers: dict[str, Any], looks: Looks) -> None:
    """Whatever the target does, the account is not lost, others are not touched, and the journal is taken in."""
    with serving(Target(**answers)) as port:
        examined(room.question(f"http://127.0.0.1:{port}", accounts=room.accounts(3)))
    view = Ledger.read(room.folder / "accounts.ledger")
    with closing(view):
        one, *others = view.entries()
        assert looks(one), one
        assert all(other.status is Status.READY and not other.tries for other in others)
    assert not list((room.folder / "accounts.ledger" / "journal").glob("*.journal"))


def test_doctors_share_their_failed_logins_out(room: Room) -> None:
    """A target that answers nothing sensible may count each as a failed login: ten on one account would lock it."""
    names_: list[str] = []

    def login(name: str, _: str) -> Answer:
        names_.append(name)
        return 500, b""

    with serving(Target(login=login)) as port:
        for _ in range(6):
            examined(room.question(f"http://127.0.0.1:{port}", accounts=room.accounts(3)))
    assert sorted(names_) == sorted(2 * ["staff00000", "staff00001", "staff00002"])


def test_a_ledger_that_a_run_has_open_is_left_alone(room: Room) -> None:
    """The doctor waits for nobody, and logs in with nobody's account."""
    with serving(target := Target()) as port:
        question = room.question(f"http://127.0.0.1:{port}", accounts=room.accounts(3))
        examined(question)
        target.asked.clear()
        with closing(Ledger.open(room.folder / "accounts.ledger")):
            found, _ = examined(question)
    assert found["login"].status is Is.FAILED
    assert "accounts.ledger" in found["login"].value
    assert target.asked == ["GET /api/v2/sdk/server-date"]


def test_who_may_put_accounts_back_is_asked_of_the_environment(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is to re-arm accounts is refused without credentials; the doctor says so before."""
    for name in TENANT:
        monkeypatch.delenv(name, raising=False)
    with serving(Target()) as port:
        question = room.question(f"http://127.0.0.1:{port}")
        accounts = question.scenario.accounts.model_copy(update={"reuse": "rearm"})
        question = replace(question, scenario=question.scenario.model_copy(update={"accounts": accounts}))
        found, _ = examined(question)
        assert_named(found["account stock"], "PWDLOAD_TENANT_CLIENT_ID", "in the environment")
        for name, value in TENANT.items():
            monkeypatch.setenv(name, value)
        assert examined(question)[0]["account stock"].status is Is.OK


def test_a_doctor_that_is_broken_off_leaves_no_account_behind(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of the change: it ends, and the ledger knows that one of two passwords may be in force."""
    exchange = Connection.exchange

    def broken_off(connection: Connection, request: bytes) -> Exchange:
        """As `Connection.exchange` tells it."""
        result = exchange(connection, request)
        if b"/pwd/update" in request:
            result.http_status, result.transport, result.interrupted = None, "cancelled", KeyboardInterrupt()
        return result

    monkeypatch.setattr(Connection, "exchange", broken_off)
    with serving(Target()) as port, pytest.raises(KeyboardInterrupt):
        examined(room.question(f"http://127.0.0.1:{port}", accounts=room.accounts(3)))
    with closing(Ledger.read(room.folder / "accounts.ledger")) as view:
        one, *others = view.entries()
    assert (one.status, one.doubt) == (Status.UNKNOWN, PasswordRef(1, Shape.TOO_SHORT))
    assert all(other.status is Status.READY for other in others)


def test_no_secret_is_told(room: Room) -> None:
    """Neither the password nor the token, whatever the answer."""
    for target in (Target(), Target(update=ACCEPTED), Target(login=HTML), Target(update=(502, b""))):
        with serving(target) as port:
            found, _ = examined(room.question(f"http://127.0.0.1:{port}"))
        said = repr(found)
        assert "Given-00000-Xq" not in said
        assert "t" * 40 not in said


def test_a_search_is_held_against_the_highest_rate_that_it_may_try() -> None:
    """A step past a capacity that is the highest to be tried: 120 % of 120 flows a second."""
    sought = load(ROOT / "scenarios" / "capacity.toml")
    assert peak_flows_per_s(sought) == pytest.approx(144.0)
    found, _ = examined(Question(scenario=sought))
    assert "requests at the peak, no ceiling" in found["rate"].value
    assert found["open files"].status is found["ports"].status is Is.OK
