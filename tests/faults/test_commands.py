"""A target that is stopped and started by commands, here a file that is there or not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.clock import SleepingClock
from tests.faults.dying import died_of_kill_9, waited_until

from pwdload.errors import FaultError
from pwdload.faults.processes.commands import Command, Commands


def shell(script: str, limit_s: float = 10.0) -> Command:
    return Command(argv=("sh", "-c", script), limit_s=limit_s)


class Target:
    """A target that is up while a file exists; what was done to it is in another."""

    def __init__(self, folder: Path) -> None:
        self.up, self.log = folder / "up", folder / "log"
        self.up.touch()
        self.log.touch()
        self.stop = shell(f"echo stop >> {self.log}; rm {self.up}")
        self.start = shell(f"echo start >> {self.log}; touch {self.up}")
        self.health = shell(f"test -e {self.up}")

    @property
    def done(self) -> list[str]:
        return self.log.read_text().split()


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Give a target that is up."""
    return Target(tmp_path)


def test_commands_stop_and_start_once_each(target: Target) -> None:
    """Injected twice and healed twice: stopped once, started once, and healthy."""
    act = Commands(stop=target.stop, start=target.start, health=target.health)
    act.check()
    act.heal()  # nothing to heal
    act.inject()
    assert not target.up.exists()
    act.inject()
    act.heal()
    act.heal()
    assert target.up.exists()
    assert target.done == ["stop", "start"]


def test_a_stop_that_fails_is_told_and_healed(target: Target) -> None:
    """It says why in its own last words, and the target is started again, since part of it may be down."""
    half = shell(f"echo stop >> {target.log}; rm {target.up}; echo 'unit \x1b[1mfailed\x1b[0m' >&2; exit 4")
    act = Commands(stop=half, start=target.start, health=target.health)
    with pytest.raises(FaultError, match=r"exit code 4 \(unit failed\)$"):
        act.inject()
    act.heal()
    assert target.up.exists()
    assert target.done == ["stop", "start"]


def test_a_start_may_refuse_what_was_never_stopped(target: Target) -> None:
    """After a stop that failed, a start that says "runs already" is no failure when the target is healthy."""
    act = Commands(stop=shell("exit 1"), start=shell("echo runs already >&2; exit 1"), health=target.health)
    with pytest.raises(FaultError):
        act.inject()
    act.heal()


def test_a_start_that_fails_after_a_stop_is_not_healed(target: Target) -> None:
    """The failure is told, and healing can be tried again."""
    flag = target.log.with_name("may-start")
    start = shell(f"test -e {flag} || {{ echo not yet >&2; exit 1; }}; touch {target.up}")
    act = Commands(stop=target.stop, start=start, health=target.health)
    act.inject()
    with pytest.raises(FaultError, match="not yet"):
        act.heal()
    flag.touch()
    act.heal()
    assert target.up.exists()


def test_a_health_that_never_comes_ends_at_the_limit(target: Target) -> None:
    """A target that starts and does not answer is not healed, and nothing hangs."""
    clock = SleepingClock()
    act = Commands(
        stop=target.stop, start=shell("true"), health=target.health, patience=clock.patience(limit_s=3, step_s=1)
    )
    act.inject()
    with pytest.raises(FaultError, match=r"test -e .*/up: to say that the target is healthy: not within 3 s"):
        act.heal()
    target.up.touch()
    act.heal()


def test_a_health_command_that_hangs_counts_as_no(target: Target) -> None:
    """One that asks a dead target may hang; it is killed, and asked again."""
    flag = target.log.with_name("asked")
    hangs_once = shell(f"test -e {flag} || {{ touch {flag}; exec sleep 60; }}; test -e {target.up}", limit_s=0.2)
    act = Commands(stop=target.stop, start=target.start, health=hangs_once, patience=SleepingClock().patience())
    act.inject()
    act.heal()
    assert flag.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda target: {"stop": Command(argv=("no-such-program", "stop"))}, "no-such-program: no such program"),
        (lambda target: {"start": Command(argv=())}, "a command without a program"),
        (lambda target: {"health": shell("echo down >&2; exit 7")}, r"exit code 7 \(down\)"),
        (lambda target: {"health": shell("exec sleep 60", limit_s=0.1)}, "not ended within 0.1 s"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_run(
    target: Target, change: Callable[[Target], dict[str, Command]], words: str
) -> None:
    """Missing programs and a target that is not healthy are refused, and nothing is stopped."""
    given = {"stop": target.stop, "start": target.start, "health": target.health, **change(target)}
    with pytest.raises(FaultError, match=words):
        Commands(stop=given["stop"], start=given["start"], health=given["health"]).check()
    assert target.done == []


def test_the_target_is_started_again_when_we_are_killed(target: Target) -> None:
    """A controller that dies of kill -9 in the midst of the fault leaves a target that runs."""
    died_of_kill_9(
        f"""
        from pwdload.faults.processes.commands import Command, Commands
        act = Commands(stop=Command(argv={target.stop.argv!r}), start=Command(argv={target.start.argv!r}))
        act.inject()
        """
    )
    waited_until(target.up.exists)
    assert target.done == ["stop", "start"]
