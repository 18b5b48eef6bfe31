"""The bottom of a terminal: the view stands there, everything else scrolls above, and in the end all is as it was."""

import random

import pytest
from tests.terminal.emulator import Terminal

from pwdload.terminal.screen import Screen, Size

EIGHTY = Size(80, 24)


def view(text: str, height: int = 5) -> list[str]:
    """Return a view of some lines."""
    return [f"{text} {place}" for place in range(height)]


@pytest.mark.parametrize("before", [0, 3, 23, 60])
def test_what_others_say_is_above_and_whole(before: int) -> None:
    """Wherever the cursor was when the view came, and whoever writes, no line of theirs is lost or overwritten."""
    terminal, screen = Terminal(), Screen()
    said = [f"before {number}" for number in range(before)]
    terminal.write("".join(f"{line}\n" for line in said))
    for number in range(50):
        terminal.write(screen.drawn(view(f"drawing {number}"), EIGHTY))
        said.append(f"said {number}")
        terminal.write(f"said {number}\n")
    assert terminal.screen[-5:] == view("drawing 49")
    assert [line for line in terminal.said[:-5] if line] == said


def test_the_terminal_is_given_back_as_it_was() -> None:
    """All of it scrolls again, the view is gone, and the next word stands right below the last one."""
    terminal, screen = Terminal(), Screen()
    terminal.write("$ pwdload run\n")
    terminal.write(screen.drawn(view("now"), EIGHTY))
    terminal.write("a word\n")
    terminal.write(screen.closed())
    terminal.write("PASS\n")
    assert terminal.is_whole
    assert terminal.screen[:4] == ["$ pwdload run", "a word", "PASS", ""]
    assert not any("now" in line for line in terminal.said)
    assert screen.closed() == ""
    assert not terminal.unknown


def test_a_view_that_grows_pushes_what_was_said_up() -> None:
    """It takes more rows when it has more to show, and keeps them, so that what is above does not jump."""
    terminal, screen = Terminal(), Screen()
    terminal.write("".join(f"line {number}\n" for number in range(40)))
    for height in (3, 9, 4, 12):
        terminal.write(screen.drawn(view("v", height), EIGHTY))
        terminal.write("more\n")
    assert terminal.screen[-12:] == view("v", 12)
    said = [line for line in terminal.said[:-12] if line]
    assert said == [*(f"line {number}" for number in range(40)), *["more"] * 4]


def test_half_a_line_is_gone_on_with_where_it_ended() -> None:
    """The cursor comes back to its column: whoever has begun a line can end it."""
    terminal, screen = Terminal(), Screen()
    terminal.write("is it ")
    terminal.write(screen.drawn(view("v"), EIGHTY))
    terminal.write("well?\n")
    assert terminal.screen[0] == "is it well?"


def test_a_terminal_that_changes_its_size_is_told_anew() -> None:
    """After any number of changes the view is at the bottom, once, and closing it makes the terminal whole."""
    rng = random.Random(5)
    terminal, screen = Terminal(), Screen()
    for _ in range(30):
        size = Size(rng.randint(60, 200), rng.randint(16, 60))
        terminal.resize(*size)
        for number in range(3):
            terminal.write(screen.drawn(view(f"v{number}", 6), size))
            terminal.write("said\n")
        assert terminal.screen[-6:] == view("v2", 6)
        assert (terminal.top, terminal.bottom) == (0, size.rows - 7)
    terminal.write(screen.closed())
    assert terminal.is_whole


def test_a_view_never_takes_the_whole_terminal() -> None:
    """At least one row is left for what is said."""
    terminal, screen = Terminal(80, 10), Screen()
    terminal.write(screen.drawn(view("v", 40), Size(80, 10)))
    terminal.write("said\n")
    assert terminal.screen[1:] == view("v", 9)
    assert "said" in terminal.said
