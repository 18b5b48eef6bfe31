"""The plan in words: everything that a person wants to know before anything is sent."""

import pytest
from tests.scenario.support import EVERY_KEY, EVERY_OPEN_KEY, parse

from pwdload.scenario import default_scenario, describe

WEIGHTS = {"valid_change": 85.0, "token_missing": 10.0, "token_forged": 5.0, "unicode_password": 0.0}


def line_of(plan: str, start: str) -> str:
    (line,) = (line for line in plan.splitlines() if line.strip().startswith(start))
    return line


def test_the_plan_of_a_full_scenario_reads_as_a_whole() -> None:
    """The text is the one that `pwdload plan` shows, aligned and complete."""
    assert describe(parse(EVERY_KEY), WEIGHTS) == (
        """\
Every key (scenario)

  One of each.

Target    https://staging.example.com:8443
          may be put under load besides loopback: staging.example.com, 10.0.0.7
          may be sent 700/s requests at most
          client id 0123456789abcdef, tenant id 08f770f51f80d2f40f38c00cb199fd21
          one exchange may take 2.50 s, a state_token lives 1 m 30 s
          connect at most 1.00 s, TLS handshake 1.50 s, first byte of an answer 2.00 s
          through the proxy http://proxy.example.com:3128
          a connection for each flow, 70.00 % of them with an earlier TLS session
          TLS trusts ca.pem, shows client.pem, asks for login.example.com
Accounts  listed in accounts.csv, their ledger kept/staging
          each put back after its change, by the tenant API, at 5.00/s
Passwords 10 to 50 characters, 4 of 4 classes, one character at most 2 times
Load      closed model, think time 500 ms to 2.00 s, seed 20261123
          at most about 5,100 flows, reached if the target answered at once
Devices   android 75.00 %, ios 25.00 %; languages zh 100 %
Expected  token_missing: HTTP 400 or 401, PARAM.0014
Probes    5.00 % of all flows, on top of the mix
Retries   at most 4 tries, after 100 ms, doubled up to 2.00 s; Retry-After is ignored
          a change without an answer is tried again with the same state_token
Steady    failed share at most 1.00 % and p95 at most 300 ms over 10.0 s, else a fault is left out
Criteria  failed share at most 0.10 %
          recovered within 10.0 s of the healing of each fault
          failed share at most 50.00 % while a fault is on
          data correct after all of it
Metrics   from http://prometheus.example.com:9090/prom, one value every 10.0 s: cpu, memory
          the target has 8 cores
Forecast  40,000 people, 519 changes on a working day
          peak = the busiest 30.0 s by chance, of people who come independently (not passed with 95 % probability)
          today: 0.86/m on average, 0.17/s at the peak (519 in 10 h 00 m of work)
          morning rush: 0.35/s on average, 0.70/s at the peak (60.00 % of 519 within 15 m 00 s)
          mass-expiry day: 5.56/s on average, 7.13/s at the peak (100 % of 40,000 within 2 h 00 m)
          next year: 6.67/s on average, 8.40/s at the peak (mass-expiry day, grown for a year)
          the capacity is to exceed each by 30 %
          it takes 90 d 00 h to add capacity
Stand-in  hash_algorithm = "sha256"
          servers = 4
          service_mean_s = 0.02
          id_token = true

Stages
  name      start       for  users  spawn rate    ramp  measured
  warm up    0 ms    30.0 s     10      0.50/s  20.0 s        no
  steady   30.0 s  2 m 00 s     50      40.0/s  1.00 s       yes
  in all 2 m 30 s, at most 50 users

Faults
  name          kind             at     for  times            what
  slow network  latency      20.0 s  5.00 s  3, 10.0 s apart  latency 200 ms, jitter 50.0 ms, 30.00 % of requests
  far away      latency      20.0 s  5.00 s  1                latency 80.0 ms, distribution pareto
  thin line     bandwidth    20.0 s  5.00 s  1                kilobytes_per_s 50
  slices        slicer       20.0 s  5.00 s  1                delay 10.0 ms, average_size 64, size_variation 32
  cut           limit_data   20.0 s  5.00 s  1                bytes 100, part body, downstream
  silence       black_hole   20.0 s  5.00 s  1                where connect
  held          timeout        0 ms  5.00 s  1                after 1.00 s
  too many      http_error   20.0 s  5.00 s  1                http_status 429, retry_after 2.00 s
  lost          drop_answer  20.0 s  5.00 s  1                then reset
  twice         duplicate    20.0 s  5.00 s  1                copies 2
  old tokens    clock_jump   20.0 s  5.00 s  1                by 10 m 00 s
  lost packets  packet_loss  20.0 s  5.00 s  1                interface veth0, namespace staging, loss 2.00 %
  too much      overload       0 ms  30.0 s  1                stage warm up

Mix
  case             share
  valid_change   85.00 %
  token_missing  10.00 %
  token_forged    5.00 %"""
    )


def test_the_plan_of_open_arrivals_shows_each_stages_rate_and_arrivals() -> None:
    """Whoever sizes the accounts and the target sees how many flows come, and how fast at most."""
    plan = describe(parse(EVERY_OPEN_KEY), WEIGHTS)
    start, end = plan.index("Load  "), plan.index("\nDevices")
    assert plan[start:end] == (
        """\
Load      open model, even arrivals, seed 7
          at most 500 flows in flight, 50 more may wait; any beyond are dropped
Search    from 20.0/s up to 500/s, until the capacity is known to within 2.00 %
          each level 5.00 s to settle, then 20.0 s that count, up to 1 m 00 s where nobody can tell
          at least 8 levels at the limit, one at 120 % of it, and back
          a level is broken off when more than 20.00 % fail or more than 10.00 % are turned away or p99 passes 10.0 s
          at most 15 m 00 s; fails below 80.0/s"""
    )
    assert plan[plan.index("Stages") : plan.index("\n\nMix")] == (
        """\
Stages
  name        start     for                                rate  arrivals  measured
  warm up      0 ms  10.0 s                              20.0/s       200        no
  rush       10.0 s  30.0 s                     20.0/s to 200/s     3,300       yes
  stairs     40.0 s  20.0 s          200/s to 50.0/s in 4 steps     2,500       yes
  spike    1 m 00 s  2.00 s  50.0/s, 400/s at 1.00 s for 500 ms       275       yes
  pause    1 m 02 s  5.00 s                                 0/s         0       yes
  in all 1 m 07 s, 6,275 arrivals, at most 400/s"""
    )
    poisson = describe(parse(EVERY_OPEN_KEY.replace('"even"', '"poisson"')), WEIGHTS)
    assert "in all 1 m 07 s, about 6,275 arrivals, at most 400/s" in poisson


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "2.00 % of all flows, on top of the mix, against the embedded stand-in only"),
        ("oracle.probes = 0.1", "10.00 % of all flows, on top of the mix"),
        ("oracle.probes = 0.1\ntarget.host = 'http://localhost'", "10.00 % of all flows, on top of the mix"),
        ("oracle.probes = 0", "none"),
        ("target.host = 'http://localhost'", None),
        ("accounts.source = 'accounts.csv'", None),
    ],
)
def test_the_plan_says_how_many_flows_are_probes(text: str, words: str | None) -> None:
    """Nobody is surprised by what is tried of a target, nor takes it for tried where it is not."""
    plan = describe(parse(f"title = 'x'\n{text}"), WEIGHTS)
    assert [line for line in plan.splitlines() if line.startswith("Probes")] == [f"Probes    {words}"] * bool(words)


def test_a_plan_without_stages_says_who_decides() -> None:
    """Nobody waits for the end of a run that has none."""
    plan = describe(default_scenario(), WEIGHTS)
    assert line_of(plan, "Stages") == "Stages    as -u, -r and -t say: the scenario has no stages"
    assert "at most about" not in plan


def test_without_a_host_the_stand_in_and_its_accounts_are_named() -> None:
    """Nobody takes a run against the stand-in for one against the service."""
    plan = describe(default_scenario(), WEIGHTS)
    assert line_of(plan, "Target") == "Target    the embedded stand-in, unless --host names another"
    assert line_of(plan, "Accounts") == "Accounts  20,000 made up for the embedded stand-in"


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("host = 'https://staging.example.com'", True),
        ("host = 'https://staging.example.com'\nallow = ['Staging.example.com']", False),
        ("host = 'http://localhost:8080'", False),
        ("host = 'http://127.0.0.2:8080'", False),
        ("host = 'http://[::1]:8080'", False),
    ],
)
def test_a_host_that_nobody_allowed_is_pointed_out(target: str, refused: bool) -> None:
    """The refusal at the start of a run does not come as a surprise."""
    assert ("refused until" in describe(parse(f"title = 'x'\n[target]\n{target}"), WEIGHTS)) == refused


def test_a_target_without_a_list_of_accounts_is_pointed_out() -> None:
    """A run needs accounts, and the plan says where to name them."""
    plan = describe(parse("title = 'x'\ntarget.host = 'http://localhost'"), WEIGHTS)
    assert (
        line_of(plan, "Accounts")
        == "Accounts  none listed: name a CSV or a ledger in [accounts] source or with --accounts"
    )


@pytest.mark.parametrize(
    ("reuse", "words"),
    [
        ("once", "each changed once"),
        ("warn", "each changed again and again while its password is about to expire"),
        ("rearm", "each put back after its change, by the tenant API, at 10.0/s"),
    ],
)
def test_what_becomes_of_an_account_is_said(reuse: str, words: str) -> None:
    """Nobody is surprised by used up accounts, nor by calls of an administrator."""
    plan = describe(parse(f"title = 'x'\naccounts.reuse = '{reuse}'"), WEIGHTS, ["state expired: needs 5, has 3"])
    assert f"stand-in\n          {words}\n          state expired: needs 5, has 3\nPasswords" in plan


def test_a_stage_that_keeps_its_users_shows_no_ramp() -> None:
    """A rate at which nobody comes would only puzzle."""
    stage = "[[load.stages]]\nname = '{}'\nusers = 5\nfor = '10s'\n"
    plan = describe(parse(f"title = 'x'\n{stage.format('one')}{stage.format('two')}"), WEIGHTS)
    assert line_of(plan, "two").split() == ["two", "10.0", "s", "10.0", "s", "5", "-", "-", "yes"]


def test_users_who_never_think_are_not_counted_out() -> None:
    """Without think time there is no upper bound to print, and no division by zero."""
    text = "title = 'x'\nload.think_time = '0s'\nload.stages = [{ name = 'a', users = 5, for = '10s' }]"
    assert "at most about" not in describe(parse(text), WEIGHTS)


def test_shares_of_the_mix_are_largest_first_and_leave_out_what_never_plays() -> None:
    """The first line of the mix is what the run is mostly made of."""
    plan = describe(default_scenario(), {"rare": 1.0, "never": 0.0, "often": 3.0})
    assert plan.splitlines()[-2:] == ["  often  75.00 %", "  rare   25.00 %"]
    assert "never" not in plan
