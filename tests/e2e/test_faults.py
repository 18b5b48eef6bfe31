"""Faults in real runs: they take hold when they should, are healed whatever happens, and what they cost is told."""

import json
import os
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.e2e.runs import QUIET, has_begun, latest, open_scenario, samples, two_processes, wait_for
from tests.fronts import tls_front
from tests.processes import SECRET, locust, standin, start_locust
from tests.tls import Authority

from pwdload.accounts.source import MadeUpAccounts
from pwdload.injections import FaultsRecord, Injection, read_faults
from pwdload.passwords import PasswordBook, PasswordPolicy
from pwdload.rundir import RunDirectory

pytestmark = pytest.mark.e2e

MIX = "valid_change = 9\nlogin_wrong_then_right = 1"


def fault(name: str, kind: str, at: str, for_: str, **keys: object) -> str:
    """Return the table of a fault."""
    lines = {"name": name, "kind": kind, "at": at, "for": for_} | keys
    return "[[faults]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())


def faults_of(run: RunDirectory) -> FaultsRecord:
    """Return what was done to the target of a run."""
    record = read_faults(run.faults_file)
    assert record is not None
    return record


def seen(run: RunDirectory, injection: Injection, after_s: float = 0.1) -> Counter[str]:
    """Return status codes and transport codes of exchanges that were begun while a fault was on for a while."""
    assert injection.inject_after_s is not None
    assert injection.heal_before_s is not None
    from_s, to_s = injection.inject_after_s + after_s, injection.heal_before_s - after_s
    rows = samples(run).to_pylist()
    return Counter(
        str(row["http_status"] or row["error_code"]) for row in rows if from_s < (row["sent_s"] or row["done_s"]) < to_s
    )


def test_faults_take_hold_on_the_run_s_clock_and_are_healed(tmp_path: Path) -> None:
    """Two processes, faults of the proxy and of the process, clients that try again: and every account is right.

    What the proxy answers in the target's place is told from what the target answers; a process that was killed comes
    back over what it had acknowledged; nothing of all that is a violation.
    """
    after = (
        fault("too many", "http_error", "1500ms", "1500ms", http_status=429, retry_after="1s", share=0.5)
        + fault("killed", "kill", "6s", "1s")
        + '[retries]\nbackoff = "100ms"\ndoubtful = "same_token"\n[steady_state]\nfailed_share = "5%"\nover = "1s"\n'
        + "[slo]\ndata_correct = true\n"
    )
    scenario = open_scenario(tmp_path, rate='"60/s"', length="10s", mix=MIX, after=after)
    done = locust("--scenario", scenario, "--headless", *two_processes(), *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    record = faults_of(run)
    assert [one.error or one.skipped for one in record.injections] == ["", ""], done.err
    limited, killed = record.injections
    for one in record.injections:
        assert one.inject_after_s is not None
        assert one.inject_after_s == pytest.approx(one.planned_start_s, abs=0.8)
        assert one.heal_after_s is not None
    during = seen(run, limited)
    assert 0.3 < during["429"] / during.total() < 0.7
    assert {row["remark"] for row in samples(run).to_pylist() if row["http_status"] == 429} == {"not_forwarded"}
    assert seen(run, killed)
    assert all(code.startswith("transport:") for code in seen(run, killed))
    tries = Counter(row["attempt"] for row in samples(run).to_pylist())
    assert tries[2] > 10
    verdict = json.loads((run.path / "verdict.json").read_text("utf-8"))
    assert done.exit_code == verdict["exit_code"] != 4, done.out
    assert {look.when for look in record.steady} >= {"before", "during"}
    journal = json.loads(run.journal_file.read_text("utf-8"))
    assert (journal["status"], len(journal["run"]), len(journal["rollbacks"])) == ("completed", 2, 2)


def test_a_fault_proxy_that_is_killed_ends_the_run_as_invalid(tmp_path: Path) -> None:
    """Without it nobody knows what was done to whom; nothing hangs, and the accounts are settled as always."""
    after = fault("slow", "latency", "2s", "20s", latency="50ms")
    scenario = open_scenario(tmp_path, rate='"40/s"', length="30s", mix=MIX, after=after)
    process = start_locust("--scenario", scenario, "--headless", *QUIET, cwd=tmp_path)
    try:
        wait_for(lambda: has_begun(tmp_path))
        os.kill(_proxy_of(process.pid), signal.SIGKILL)
        out, err = process.communicate(timeout=40)
    finally:
        process.kill()
    assert process.returncode == 3, out + err
    assert faults_of(latest(tmp_path)).lost_s is not None
    assert "the fault proxy is lost" in err
    assert "Traceback" not in err


def _proxy_of(pid: int) -> int:
    """Return the fault proxy that a process has started."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    (found,) = [line for line in listed.splitlines() if "pwdload.faults" in line and f"--parent-pid {pid}" in line]
    return int(found.split()[0])


def test_requests_to_an_https_target_can_be_told_apart(tmp_path: Path) -> None:
    """TLS ends in the proxy, under an authority that only this run trusts, and begins anew towards the target."""
    authority = Authority.make(tmp_path)
    source = MadeUpAccounts(sizes={"expired": 400})
    seed = "".join(source.seed_csv(PasswordBook(SECRET.encode(), PasswordPolicy())))
    (tmp_path / "accounts.csv").write_text(seed, "utf-8")
    after = fault("too many", "http_error", "1s", "1500ms", http_status=503, share=0.5)
    path = Path(open_scenario(tmp_path, rate='"40/s"', length="4s", mix="valid_change = 1", after=after))
    path.write_text(path.read_text().replace("[target]\n", '[target]\nca_file = "ca.pem"\n'))
    with (
        standin("--set", "hash_algorithm=sha256", seed_csv=seed) as url,
        tls_front(urlsplit(url).port or 0, authority.server_context("127.0.0.1")) as front,
    ):
        host = f"https://127.0.0.1:{front.port}"
        options = ("--scenario", str(path), "--host", host, "--accounts", str(tmp_path / "accounts.csv"))
        done = locust(*QUIET, "--headless", *options, cwd=tmp_path)
    run = latest(tmp_path)
    (injection,) = faults_of(run).injections
    assert injection.took_hold, done.err
    during = seen(run, injection)
    assert during["503"] > 5
    assert during["200"] > 5
    assert all(row["tls_s"] is not None for row in samples(run).to_pylist() if row["connect_s"] is not None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (fault("f", "tls_stall", "1s", "1s", scope="request"), "scope"),
        (fault("f", "stop", "1s", "1s"), r"\[commands\]"),
        (fault("f", "packet_delay", "1s", "1s", delay="5ms", interface="nosuchdevice"), "netem|nosuchdevice"),
        (
            fault("f", "noop", "1s", "1s") + '[fault_proxy]\nengine = "http://127.0.0.1:1"\n',
            "127.0.0.1:1",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_first_request(tmp_path: Path, text: str, said: str) -> None:
    """One line that says why, exit code 2, and nothing was sent."""
    scenario = open_scenario(tmp_path, length="3s", after=text)
    done = locust("--scenario", scenario, "--headless", *QUIET, cwd=tmp_path)
    assert done.exit_code == 2, done.err
    assert re.search(said, done.err)
    assert "Traceback" not in done.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.slow
def test_a_change_that_was_acknowledged_too_early_is_found_by_killing_the_target(tmp_path: Path) -> None:
    """The defect shows under this fault only: exit code 4, and the check that must find it does."""
    after = (
        fault("killed", "kill", "2s", "500ms")
        + '[oracle]\nprobes = 0\nfinal_logins = 1000\n[standin]\ndefects = "change_acked_before_commit"\n'
    )
    scenario = open_scenario(tmp_path, rate='"100/s"', length="4s", mix="change_then_login = 1", after="")
    path = Path(scenario)
    path.write_text(path.read_text().replace("[oracle]\nprobes = 0\n", "") + after)
    done = locust("--scenario", scenario, "--headless", *QUIET, cwd=tmp_path)
    assert done.exit_code == 4, done.out + done.err
    verdict = json.loads((latest(tmp_path).path / "verdict.json").read_text("utf-8"))
    assert "final" in json.dumps(verdict)
