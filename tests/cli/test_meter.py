"""How far a command is: readable in a log, and quiet where it is short."""

import io
from concurrent.futures import ThreadPoolExecutor

from pwdload.cli.meter import Lines, meter


class Terminal(io.StringIO):
    """A stream that says that a person is looking at it."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_now_and_then() -> None:
    """Not one for each account, and each says how long it will take."""
    lines: list[str] = []
    now = iter([0.0, 1.0, 4.9, 5.0, 6.0, 11.0])
    counter = Lines("create", 100, lines.append, every_s=5.0, clock=lambda: next(now))
    for _ in range(5):
        counter.step()
    assert lines == [
        "create: 3 of 100, 0.60/s, 2 m 42 s left\n",
        "create: 5 of 100, 0.45/s, 3 m 29 s left\n",
    ]


def test_steps_of_many_threads_are_all_counted() -> None:
    """Requests are under way at once."""
    lines: list[str] = []
    counter = Lines("arm", 1_000, lines.append, every_s=0.0)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: counter.step(), range(1_000)))
    assert lines[-1].startswith("arm: 1,000 of 1,000, ")
    assert lines[-1].endswith(", 0 ms left\n")


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    """What stays on the screen is the outcome."""
    screen = Terminal()
    with meter("settle", 3, stream=screen) as step:
        for _ in range(3):
            step()
    assert "3/3" in screen.getvalue()
    assert "\x1b[2K" in screen.getvalue().rpartition("3/3")[2]  # its line was wiped


def test_nothing_to_do_shows_nothing() -> None:
    """A command that is repeated for safety's sake is quiet."""
    screen = Terminal()
    with meter("settle", 0, stream=screen) as step:
        step()
    assert screen.getvalue() == ""
