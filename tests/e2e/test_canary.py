"""No secret is in anything that a run leaves, says, shows or sends to its own processes.

What is looked for was recorded on the way to the target: each password, state_token, session_token, ticket and access
token of the run; and what the run was given: its secret, the client secret, the proxy's password, keys of metrics. The
search itself is proved in tests/test_canary_search.py.
"""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from tests.canary import Canaries
from tests.e2e.runs import free_port, has_begun, wait_for
from tests.e2e.staging import rows
from tests.fronts import Front, proxy_front
from tests.processes import LOCUSTFILE, ROOT, environment, standin
from tests.relay import relay_to

from pwdload.passwords import WEAK_PASSWORDS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EXIT_CODES = (1, 3, 4, 5)
"""Of a run whose users crash."""
CRASHING = Path(__file__).parent / "canary_locustfile.py"
GIVEN = {
    "run secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0c0ffee00c0ffee11c0ffee22c0ffee33",
    "client secret": "cL/ient+Canary&=7%Q~z9",
    "proxy password": "pRoxy-Canary-8w+R/2k",
    "metrics token": "mEtrics.Canary.5t-Y_h",
    "OTLP key": "oTlp.Canary.9k-Z_q",
    "OTLP password": "oTlp.Canary.6w-X_j",
}
COUNT = 3_000
SCENARIO = """
title = "Canary"
seed = 11
[target]
state_token_life = "300s"
[target.metrics]
prometheus = "{url}"
queries = {{ cpu = "up" }}
[load]
model = "open"
arrivals = "poisson"
max_in_flight = 40
[[load.stages]]
name = "steady"
rate = "40/s"
for = "{length}"
[accounts]
reuse = "rearm"
[oracle]
probes = 0.05
[mix]
valid_change = 6
change_then_login = 2
wrong_old_password_then_right = 1
new_password_from_history = 1
new_password_too_simple = 1
unicode_password = 1
password_of_50_characters = 1
body_not_json = 1
body_with_extra_fields = 1
token_replayed = 1
token_altered = 1
token_of_another_account = 1
session_opens_ticket = 2
"""
_FIELD = re.compile(
    rb'"(password|old_password|new_password|state_token|session_token|id_token|access_token|sso_ticket)"'
    rb'\s*:\s*("(?:[^"\\]|\\.)*")'
)
_HEADER = re.compile(rb"\r\n(X-state-token|Authorization): (?:Bearer )?([^\r\n]+)", re.IGNORECASE)
_FORM = re.compile(rb"client_secret=([^&\s]+)")


@dataclass(frozen=True, slots=True)
class World:
    """A target behind a proxy that records, and a folder for all that is left here."""

    here: Path
    scenario: Path
    accounts: Path
    url: str
    front: Front
    variables: Mapping[str, str]

    def start(self, name: str, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        """Start a program of ours, whose output is kept as what it is: something that a run leaves."""
        (self.here / "said").mkdir(exist_ok=True)
        with (self.here / "said" / name).open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", *map(str, arguments)],
                cwd=self.here,
                env=environment("", self.variables),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str, *arguments: str | Path) -> int:
        """Run a program of ours to its end."""
        process = self.start(name, *arguments)
        try:
            return process.wait(120)
        finally:
            process.kill()

    def locust(self, name: str, locustfile: Path, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start Locust, as talkative as it can be."""
        common = ("--loglevel", "DEBUG", "--scenario", self.scenario, "--host", self.url, "--accounts", self.accounts)
        return self.start(name, "locust", "-f", locustfile, *common, *arguments)

    def canaries(self) -> tuple[Canaries, Counter[str]]:
        """Return all secrets that there were, and how many of each kind."""
        recorded = {*_recorded(self.front)}
        found: dict[str | bytes, str] = dict(recorded)
        kinds = Counter(kind for _, kind in recorded)  # an access_token is in an Authorization too: of both kinds
        found |= {password: "listed password" for _, password, _ in rows(COUNT)}
        found |= {f"Older-{name}-Xq7": "earlier password" for name, _, _ in rows(COUNT)}
        found |= {value: what for what, value in GIVEN.items()}
        found[bytes.fromhex(GIVEN["run secret"])] = "run secret"
        found[b64encode(f"canary:{GIVEN['proxy password']}".encode())] = "proxy password"
        return Canaries(found), kinds


def _recorded(front: Front) -> Iterator[tuple[str, str]]:
    """Yield the secrets that went to the target or came from it, and what each is."""
    for stream in map(bytes, front.streams):
        pairs = [(kind.decode(), json.loads(text)) for kind, text in _FIELD.findall(stream)]
        pairs += [(kind.decode(), value.decode()) for kind, value in _HEADER.findall(stream)]
        pairs += [("client_secret", unquote_plus(value.decode())) for value in _FORM.findall(stream)]
        # What everybody knows is no secret: the weak passwords that a policy forbids, and one letter many times.
        yield from ((text, kind) for kind, text in pairs if text not in WEAK_PASSWORDS and len(set(text)) > 4)


@contextmanager
def world(folder: Path, length: str, *, has_key_file: bool) -> Iterator[World]:
    """Run a target behind a proxy, and give the run its secrets by files that are its owner's alone."""
    here, given = folder / "here", folder / "given"
    for path in (here, here / "tmp", given):
        path.mkdir()
    seed = "user_name,password,previous_password,state\n"
    seed += "".join(f"{name},{password},Older-{name}-Xq7,{state}\n" for name, password, state in rows(COUNT))
    accounts = given / "accounts.csv"
    accounts.write_text(seed)
    secret = ("--set", f"tenant_client_secret={GIVEN['client secret']}")
    with (
        standin("--set", "hash_algorithm=sha256", *secret, seed_csv=seed) as url,
        proxy_front(records=True) as front,
    ):
        values = {
            "PWDLOAD_PROXY": f"http://canary:{GIVEN['proxy password'].replace('/', '%2F')}@127.0.0.1:{front.port}",
            "PWDLOAD_TENANT_CLIENT_SECRET": GIVEN["client secret"],
            **({} if has_key_file else {"PWDLOAD_RUN_SECRET": GIVEN["run secret"]}),
        }
        variables = {f"{name}_FILE": _file(given / name, value) for name, value in values.items()}
        variables |= {"PWDLOAD_TENANT_CLIENT_ID": "standin-admin", "PWDLOAD_METRICS_TOKEN": GIVEN["metrics token"]}
        key, password = GIVEN["OTLP key"], GIVEN["OTLP password"]
        variables |= {  # nobody listens there: what the SDK says of that has the URL in it
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://canary:{password}@127.0.0.1:1/?key={key}",
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={key}",
            "OTEL_METRIC_EXPORT_INTERVAL": "2000",
        }
        variables |= {
            "TMPDIR": str(here / "tmp"),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        }
        scenario = here / "canary.toml"
        scenario.write_text(SCENARIO.format(url=url, length=length))
        yield World(here, scenario, accounts, url, front, variables)


def _file(path: Path, value: str) -> str:
    path.write_text(value + "\n")
    path.chmod(0o600)
    return str(path)


def ask(port: int, method: str, path: str, keep: Path | None = None) -> bytes:
    """Ask the web UI; empty where it does not listen yet. `keep`: a folder for the answer, with its head."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            return b""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        kept = keep / f"{len([*keep.iterdir()])}-{method}{path.replace('/', '_')}"
        kept.write_bytes(f"{answer.status} {answer.headers}".encode() + body)
    return body


def assert_nothing_leaked(world: World, least: Mapping[str, int], streams: Mapping[str, bytes]) -> None:
    """Insist that there were secrets of each kind, and that none is in any file or message."""
    canaries, kinds = world.canaries()
    assert {kind: count for kind, count in least.items() if kinds[kind] < count} == {}, kinds
    for name, content in streams.items():
        (world.here / name).write_bytes(content)
    leaks = [*canaries.leaks_below(world.here, allowed={"run_secret.key"})]
    assert not leaks, "\n".join(map(str, sorted(Counter(leaks).items(), key=str)[:40]))
    # Were it planted there, it would have been found.
    (world.here / "planted").write_bytes(b"x" + b64encode(f"a {GIVEN['client secret']}".encode()))
    assert ("planted", "client secret") in {(leak.place, leak.what) for leak in canaries.leaks_below(world.here)}


LEAST = {
    "old_password": 20,
    "new_password": 20,
    "state_token": 50,
    "session_token": 50,
    "sso_ticket": 1,
    "access_token": 1,
    "client_secret": 1,
}


def test_a_run_on_two_workers_with_its_web_ui_keeps_its_secrets(tmp_path: Path) -> None:
    """Debug log, crashing users, a worker that aborts, every page of the web UI, every message, every file."""
    port, web = free_port(), int(free_port())
    with world(tmp_path, "60s", has_key_file=False) as it, relay_to(port, records=True) as relay:
        bind = ("--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port)
        ui = ("--web-host", "127.0.0.1", "--web-port", str(web))
        join = ("--worker", "--master-host", "127.0.0.1", "--master-port", relay.port)
        processes = [it.locust("master", CRASHING, *bind, *ui, "--otlp")]
        try:
            processes += [it.locust(f"worker-{number}", CRASHING, *join) for number in range(2)]
            wait_for(lambda: _workers(web) == 2)
            wait_for(lambda: b"true" in ask(web, "POST", "/swarm", it.here / "web" / "orders"))
            wait_for(lambda: has_begun(it.here, 60_000))
            _look_at_everything(it, web, "during")
            processes[1].send_signal(signal.SIGABRT)
            wait_for(lambda: processes[1].poll() is not None)
            wait_for(lambda: _grows(it.here))
            ask(web, "POST", "/stop", it.here / "web" / "orders")
            wait_for(lambda: [*it.here.glob("reports/canary/2*/report.html")], timeout_s=90.0)
            _look_at_everything(it, web, "afterwards")
            for process in (processes[0], processes[2]):
                process.send_signal(signal.SIGTERM)
                process.wait(60)
        finally:
            for process in processes:
                process.kill()
                process.wait()
        (run,) = it.here.glob("reports/canary/2*")
        _have_it_judged(it, run)
        said = (it.here / "said" / "worker-0").read_text() + (it.here / "said" / "worker-1").read_text()
        assert "crashed after" in said
        assert "Fatal Python error: Aborted" in said
        assert len(b"".join(relay.streams)) > 100_000
        messages = {f"message-{number}": bytes(stream) for number, stream in enumerate(relay.streams)}
        assert_nothing_leaked(it, LEAST, messages)


def _workers(web: int) -> int:
    state = ask(web, "GET", "/stats/requests")
    return len(json.loads(state or b"{}").get("workers", []))


def _grows(folder: Path) -> bool:
    return has_begun(folder, 120_000)


def _look_at_everything(it: World, web: int, when: str) -> None:
    """Keep what the web UI answers, head and body, to every GET that it knows and to what it does not understand."""
    folder = it.here / "web" / when
    routes = (it.here / "routes.txt").read_text().splitlines()
    assert {"/", "/stats/requests", "/exceptions", "/logs", "/stats/report"} <= {*routes}
    for route in (*routes, "/stats/report?download=1&theme=dark", "/no-such-page"):
        assert ask(web, "GET", route, folder) or route == "/login", route
    for order in ("/user", "/no-such-order"):  # no body: an error, told in the program's own words
        assert ask(web, "POST", order, folder), order
    assert len([*folder.iterdir()]) >= len(routes) + 4


def _have_it_judged(it: World, run: Path) -> None:
    """Make everything that can be made of a run and of its ledger."""
    ledger = it.accounts.with_suffix(".ledger")
    it.run("report", "pwdload", "report", run)
    it.run("check", "pwdload", "check", "--json", run)
    it.run("compare", "pwdload", "compare", run, run, "--anyway", "--out", it.here / "compared")
    it.run("history", "pwdload", "history", run.parent)
    for command in (("settle",), ("status",), ("status", "--json"), ("export",), ("export", "--json"), ("arm",)):
        it.run("accounts", "pwdload", "accounts", command[0], ledger, *command[1:])
    ledger.rename(it.here / "ledger")
    assert [*(it.here / "ledger").iterdir()]


def test_a_killed_run_on_its_own_keeps_its_secrets(tmp_path: Path) -> None:
    """Kill -9 in the middle, then everything that is made of what is left; the key file alone has the run secret."""
    with world(tmp_path, "60s", has_key_file=True) as it:
        process = it.locust("alone", LOCUSTFILE, "--headless", "--otlp")
        try:
            wait_for(lambda: has_begun(it.here, 60_000), timeout_s=60.0)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        again = it.locust("again", CRASHING, "--headless", "-t", "8s", "--otlp")
        try:
            assert again.wait(120) in EXIT_CODES
        finally:
            again.kill()
        said = (it.here / "said" / "again").read_text()
        assert "crashed after" in said
        assert "the OTLP endpoint does not take what is pushed" in said
        runs = [*it.here.glob("reports/canary/2*")]
        assert len(runs) == 2
        for run in runs:
            it.run("report", "pwdload", "report", run)
        key = it.accounts.with_suffix(".ledger") / "run_secret.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        secret = bytes.fromhex(key.read_text().split()[1])
        _have_it_judged(it, max(runs))
        assert not [*Canaries({secret: "run secret"}).leaks_below(it.here, allowed={key.name})]
        assert [*Canaries({secret: "run secret"}).leaks_below(it.here)], "it would be found where it may be"
        assert_nothing_leaked(it, LEAST, {})
