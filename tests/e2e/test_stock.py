"""A run that would run out of accounts is refused before anything is sent, with the arithmetic."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.processes import TENANT, Done, locust, pwdload
from tests.servers import ScriptedServer

pytestmark = pytest.mark.e2e

OPEN = """
title = "open"
[accounts]
source = "accounts.csv"
{accounts}
[load]
model = "open"
arrivals = "even"
[[load.stages]]
name = "steady"
rate = "100/s"
for = "50s"
[mix]
valid_change = 80
token_missing = 20
"""


def play(tmp_path: Path, accounts: int, *options: str, keys: str = "", text: str = OPEN) -> tuple[Done, int, Path]:
    """Start a run with so many accounts against a target that is listened to; return how often it was called."""
    scenario = tmp_path / "open.toml"
    scenario.write_text(text.format(accounts=keys))
    rows = "".join(f"u{n},Pw-{n}-abc\n" for n in range(accounts))
    (tmp_path / "accounts.csv").write_text(f"user_name,password\n{rows}")
    with ScriptedServer([]) as server:
        host = f"http://127.0.0.1:{server.port}"
        done = locust("--scenario", str(scenario), "--headless", "--host", host, *options, cwd=tmp_path, more=TENANT)
        return done, server.connections, scenario


def refusal(done: Done) -> Sequence[str]:
    return [line for line in done.err.splitlines() if line.startswith("pwdload: ")]


def test_a_run_that_would_run_dry_is_refused_with_the_arithmetic(tmp_path: Path) -> None:
    """Exit code 2, no request, no run directory; and the plan says the same beforehand."""
    done, calls, scenario = play(tmp_path, 1_000)
    assert refusal(done) == [
        "pwdload: accounts in state expired: needs 4,000, has 1,000: dry after 12 s; give the run more (pwdload "
        "accounts create, or a longer list), or let it use up fewer: [mix], [accounts] reuse, -t"
    ]
    assert (done.exit_code, calls) == (2, 0)
    assert not (tmp_path / "reports").exists()
    assert "  state expired: needs 4,000, has 1,000: dry after 12 s" in pwdload("plan", str(scenario)).out


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        pytest.param(["-t", "10s"], "", marks=pytest.mark.slow),
        pytest.param(["--tags", "token_missing"], "", marks=pytest.mark.slow),
        ([], 'reuse = "rearm"\nrearm_rate = "80/s"'),
    ],
    ids=["less time", "other cases", "put back as fast as used"],
)
def test_what_changes_the_arithmetic_changes_the_answer(tmp_path: Path, options: list[str], keys: str) -> None:
    """It is refused now only because the target does not answer, which is found out after the accounts were counted."""
    done, calls, _ = play(tmp_path, 1_000, *options, keys=keys)
    assert "no answer" in done.err
    assert "needs" not in done.err
    assert calls == 1


def test_a_closed_model_is_told_the_bound_and_not_refused(tmp_path: Path) -> None:
    """How many flows users come to is the target's to say."""
    closed = OPEN.replace('model = "open"\narrivals = "even"', "").replace('rate = "100/s"', "users = 100")
    done, calls, scenario = play(tmp_path, 1_000, text=closed)
    assert (
        "Accounts in state expired: needs at most about 4,080, has 1,000; the run ends as INVALID"
        in done.out + done.err
    )
    assert "no answer" in done.err
    assert calls == 1
    assert "  state expired: needs at most about 4,080, has 1,000" in pwdload("plan", str(scenario)).out
