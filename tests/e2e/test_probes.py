"""Probes in real runs: played on top of the mix, recorded as all else, and where they may not be played, refused."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.e2e.runs import QUIET, assert_nothing_wrong, latest, samples, two_processes
from tests.e2e.staging import rows, seed_csv
from tests.fronts import proxy_front, tls_front
from tests.made_once import made_once
from tests.processes import TENANT, Done, locust, standin
from tests.tls import Authority

from pwdload.cases.catalogue import GROUPS
from pwdload.rundir import RunDirectory

pytestmark = pytest.mark.e2e

SCENARIO = """
title = "Probes"
seed = 5
[load]
think_time = "20ms"
[mix]
{mix}
[oracle]
{oracle}
"""

MANY_ACCOUNTS = "\n[accounts]\ncount = 8000\n"
"""Without a pause probes use them up fast."""


def write(folder: Path, mix: str, oracle: str = "") -> str:
    """Write a scenario and return its path."""
    path = folder / "probes.toml"
    path.write_text(SCENARIO.format(mix=mix, oracle=oracle) + MANY_ACCOUNTS)
    return str(path)


def refusal(done: Done) -> Sequence[str]:
    """Return what the user is told of a run that is not begun."""
    assert done.exit_code == 2, done.err
    assert "Traceback" not in done.err + done.out
    return [line for line in done.err.splitlines() if line.startswith("pwdload: ")]


def flows(run: RunDirectory) -> Mapping[tuple[str, int], list[dict[str, object]]]:
    """Return the samples of each flow, in their order."""
    found: dict[tuple[str, int], list[dict[str, object]]] = {}
    for row in samples(run).to_pylist():
        found.setdefault((row["worker"], row["flow"]), []).append(row)
    return found


def table(run: RunDirectory, name: str) -> list[dict[str, str]]:
    """Return a table of the report."""
    with (run.path / "tables" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, RunDirectory]:
    """A run of nothing but probes and lock-outs, by two processes."""

    def run(folder: Path) -> tuple[Done, RunDirectory]:
        oracle = "probes = 0\nlockout_threshold = 10\nwrong_passwords_max = 10"
        scenario = write(folder, "probe = 10\nlockout = 1", oracle)
        options = ("--scenario", scenario, "--headless", "-u", "20", "-r", "20", "-t", "8s")
        return locust(*options, *two_processes(), *QUIET, cwd=folder), latest(folder)

    return made_once(tmp_path_factory, "probed", run)


def test_probes_come_out_as_expected_and_the_target_confirms_every_one(probed: tuple[Done, RunDirectory]) -> None:
    """Every case of the group was played by both processes, and nothing is missing on either side."""
    done, run = probed
    assert_nothing_wrong(done.exit_code, done.err, run)
    played = samples(run)
    assert set(played["case"].to_pylist()) == {*GROUPS["probe"], "lockout"}
    assert set(played["worker"].to_pylist()) == {"worker-0", "worker-1"}
    assert set(played["outcome"].to_pylist()) <= {"right_accept", "right_reject"}
    assert all(float(row["difference"]) == 0 for row in table(run, "reconciliation"))
    assert sum(int(float(row["ours"])) for row in table(run, "reconciliation")) == played.num_rows


def test_one_change_of_a_race_is_accepted_and_all_of_it_is_on_record(probed: tuple[Done, RunDirectory]) -> None:
    """Sent within some milliseconds of one another, over connections that were open when they were due."""
    races = [
        [row for row in flow if row["step"] == "update_password"]
        for flow in flows(probed[1]).values()
        if flow[0]["case"] in ("race_one_token", "race_two_tokens")
    ]
    finished = [race for race in races if race]
    assert len(finished) > 10
    sizes = {len(race) for race in finished if race[0]["case"] == "race_one_token"}
    assert sizes <= set(range(2, 17))
    assert len(sizes) > 2, "each is drawn, and a busy machine has few"
    for race in finished:
        assert [row["status"] for row in race].count("SUCCESS") == 1
        assert len({row["intended_s"] for row in race}) == 1
        assert len({row["new_password"] for row in race}) == 1
        sent = [float(str(row["sent_s"])) for row in race]
        assert sent == sorted(sent)
    tokens = [len({row["token"] for row in race}) for race in finished if race[0]["case"] == "race_two_tokens"]
    assert set(tokens) == {2}


def test_a_session_is_looked_at_with_one_access_token_for_each_process(probed: tuple[Done, RunDirectory]) -> None:
    """Its exchanges are steps of their own, in samples and in Locust's statistics; the token is no part of the load."""
    done, run = probed
    counted = Counter(samples(run)["step"].to_pylist())
    assert counted["sso_ticket"] >= counted["sso_user"] > 0
    assert "sso_ticket" in done.out + done.err
    fetched = [int(row["count"]) for row in table(run, "unmeasured_routes") if row["route"].endswith("/tenant/token")]
    assert fetched == [2]
    assert set(samples(run)["remark"].to_pylist()) == {""}


def test_an_account_that_was_locked_is_retired_and_nobody_else_gets_it(probed: tuple[Done, RunDirectory]) -> None:
    """What locks accounts costs accounts, and no other flow a refusal that it cannot explain."""
    _, run = probed
    locked = {row["account"]: row["done_s"] for row in samples(run).to_pylist() if row["error_code"] == "LOGIN.0001"}
    assert locked
    for flow in flows(run).values():
        after = [row for row in flow if row["done_s"] > locked.get(row["account"], float("inf"))]
        assert not after
    assert {flow[0]["case"] for flow in flows(run).values() if flow[-1]["error_code"] == "LOGIN.0001"} == {"lockout"}
    retired = table(run, "retired_accounts")
    assert {row["reason"] for row in retired} == {"locked"}
    assert {int(row["index"]) for row in retired} <= set(locked)
    (count,) = (row["accounts"] for row in table(run, "accounts") if row["what"] == "taken out of use")
    assert int(count) == len(locked)


@pytest.mark.slow
def test_the_share_of_probes_is_that_of_the_flows(tmp_path: Path) -> None:
    """On top of the mix, whatever it is."""
    scenario = write(tmp_path, "login_only = 1", "probes = 0.2")
    done = locust("--scenario", scenario, "--headless", "-u", "20", "-r", "20", "-t", "5s", *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err, run)
    cases = [flow[0]["case"] for flow in flows(run).values()]
    share = sum(case != "login_only" for case in cases) / len(cases)
    assert len(cases) > 500
    assert share == pytest.approx(0.2, abs=0.08)


def test_what_locks_accounts_is_played_only_where_the_scenario_allows_it(tmp_path: Path) -> None:
    """One line: the case, why not, and what to do."""
    scenario = write(tmp_path, "valid_change = 9\nlockout = 1", "lockout_threshold = 7")
    done = locust("--scenario", scenario, "--headless", "-u", "1", "-t", "1s", *QUIET, cwd=tmp_path)
    assert refusal(done) == [
        "pwdload: [mix] case lockout: it tries 7 wrong passwords in a row, and 2 may be; raise [oracle] "
        "wrong_passwords_max, or leave the case out"
    ]
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("has_credentials", [pytest.param(True, marks=pytest.mark.slow), False])
def test_another_target_is_probed_only_where_the_scenario_says_so(tmp_path: Path, has_credentials: bool) -> None:
    """And with what its operator has: without the right to ask for users, sessions are not looked at, which is said."""
    more = TENANT if has_credentials else {}
    (tmp_path / "accounts.csv").write_text("user_name,password\n" + "".join(f"{n},{p}\n" for n, p, _ in rows(3_000)))
    with standin("--set", "hash_algorithm=sha256", seed_csv=seed_csv(3_000)) as url:
        options = ("--host", url, "--accounts", "accounts.csv", "--headless", "-u", "5", "-r", "5", *QUIET)
        plain = locust("--scenario", write(tmp_path, "login_only = 1"), *options, "-t", "2s", cwd=tmp_path, more=more)
        assert_nothing_wrong(plain.exit_code, plain.err, latest(tmp_path))
        assert set(samples(latest(tmp_path))["case"].to_pylist()) == {"login_only"}

        named = write(tmp_path, "session_opens_ticket = 1")
        done = locust("--scenario", named, *options, "-t", "2s", cwd=tmp_path, more=more)
        if has_credentials:
            assert_nothing_wrong(done.exit_code, done.err, latest(tmp_path))
            assert "sso_user" in samples(latest(tmp_path))["step"].to_pylist()
        else:
            (line,) = refusal(done)
            assert line.startswith(
                "pwdload: [mix] case session_opens_ticket: it needs the tenant API; set PWDLOAD_TENANT_"
            )

        probes = write(tmp_path, "login_only = 1", "probes = 0.2")
        done = locust("--scenario", probes, *options, "-t", "4s", cwd=tmp_path, more=more)
        run = latest(tmp_path)
        assert_nothing_wrong(done.exit_code, done.err, run)
        played = set(samples(run)["case"].to_pylist())
        assert "race_one_token" in played
        notes = json.dumps(json.loads((run.path / "run.json").read_text("utf-8"))["notes"])
        assert ("Case session_opens_ticket was left out: it needs the tenant API" in notes) != has_credentials


@pytest.mark.parametrize("connections", ["kept", pytest.param("per_flow", marks=pytest.mark.slow)])
def test_races_go_the_way_of_all_other_requests(tmp_path: Path, connections: str) -> None:
    """Through the proxy, trusting the scenario's CA, one winner each; kept connections serve the next race."""
    authority = Authority.make(tmp_path)
    (tmp_path / "accounts.csv").write_text("user_name,password\n" + "".join(f"{n},{p}\n" for n, p, _ in rows(1_000)))
    with (
        standin("--set", "hash_algorithm=sha256", seed_csv=seed_csv(1_000)) as url,
        tls_front(urlsplit(url).port or 0, authority.server_context("127.0.0.1")) as front,
        proxy_front() as proxy,
    ):
        scenario = tmp_path / "races.toml"
        target = f'ca_file = "ca.pem"\nproxy = "http://127.0.0.1:{proxy.port}"\nconnections = "{connections}"'
        text = SCENARIO.format(mix="race_one_token = 1", oracle="").replace("[load]", f"[target]\n{target}\n[load]")
        scenario.write_text(text)
        options = ("--host", f"https://127.0.0.1:{front.port}", "--accounts", "accounts.csv", "-u", "5", "-r", "5")
        done = locust("--scenario", str(scenario), "--headless", *options, "-t", "3s", *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err, run)
    updates = [row for flow in flows(run).values() for row in flow if row["step"] == "update_password"]
    races = Counter((row["worker"], row["flow"]) for row in updates)
    winners = Counter((row["worker"], row["flow"]) for row in updates if row["status"] == "SUCCESS")
    assert len(races) > 20
    assert winners == dict.fromkeys(races, 1)
    opened = [row["tls_s"] is not None for row in updates]
    assert all(opened) if connections == "per_flow" else opened.count(True) <= 5 * 16
    assert len(front.resumed) == len(proxy.asked)


def test_credentials_that_the_target_does_not_take_are_told_once(tmp_path: Path) -> None:
    """The changes are played, nothing is asked without authority, and the report says why."""
    wrong = TENANT | {"PWDLOAD_TENANT_CLIENT_SECRET": "not-the-secret"}
    (tmp_path / "accounts.csv").write_text("user_name,password\n" + "".join(f"{n},{p}\n" for n, p, _ in rows(500)))
    with standin("--set", "hash_algorithm=sha256", seed_csv=seed_csv(500)) as url:
        options = ("--host", url, "--accounts", "accounts.csv", "--headless", "-u", "3", "-r", "3", "-t", "2s", *QUIET)
        done = locust("--scenario", write(tmp_path, "session_opens_ticket = 1"), *options, cwd=tmp_path, more=wrong)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err, run)
    assert set(samples(run)["step"].to_pylist()) == {"login", "update_password"}
    report = (run.path / "report.md").read_text("utf-8")
    assert report.count("Flows that need the tenant API ended before it: tenant API: no access token") == 1
    assert "not-the-secret" not in report + done.out + done.err
