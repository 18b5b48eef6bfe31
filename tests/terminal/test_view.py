"""What is shown of a run: all of it that matters, in whatever room there is, whatever is known and whoever named it."""

import html
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from tests.terminal.picture import COLUMNS, PICTURE
from tests.watched.snapshots import generator, overfull, running, searching, starting, window

from pwdload.criteria import Standing
from pwdload.terminal import words
from pwdload.terminal.lines import line
from pwdload.terminal.view import Room, rendered, view
from pwdload.watched import CodeCount, Phase, Snapshot

EVERYTHING = {
    "starting": starting(),
    "running": running(),
    "closed": running(model="closed", planned_per_s=None, users=20),
    "searching": searching(),
    "ended": running(phase=Phase.ENDED, end_reason="stopped by a criterion"),
    "nothing": running(window=None, outcomes=(), codes=(), accounts=None, faults=(), criteria=(), generators=()),
    "idle": running(window=window(p50_ms=None, p95_ms=None, p99_ms=None, failed_share=None, lag_p99_ms=None)),
    "overfull": overfull(),
}


def shown(seen: Snapshot, columns: int = 80, rows: int = 20) -> str:
    """Return a view as a person reads it."""
    return "\n".join(row.plain for row in view(seen, Room(columns=columns, rows=rows)))


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
@pytest.mark.parametrize("seen", EVERYTHING.values(), ids=EVERYTHING)
def test_no_line_is_wider_than_the_terminal_and_there_are_not_more_than_it_has(seen: Snapshot, columns: int) -> None:
    """A line that wraps, or one too many, would push everything else off the screen."""
    for rows in (8, 11, 16, 30):
        lines = view(seen, Room(columns=columns, rows=rows))
        assert len(lines) <= rows
        assert max(cell_len(row.plain) for row in lines) <= columns
        assert not re.search(r"\bnan\b|None|inf\b", "\n".join(row.plain for row in lines), re.IGNORECASE)


@pytest.mark.parametrize("columns", [80, 120])
def test_all_that_a_person_watches_for_is_there(columns: int) -> None:
    """Stage, rates, percentiles, outcomes, codes, lag, flows, accounts, fault, criteria and the time that is left."""
    text = shown(running(), columns)
    for part in (
        "Review: a morning with a slow database",
        "peak (3 of 5)",
        "5:37 left",
        "planned 120/s   offered 120/s   goodput 96.2/s",
        "p50 48.2 ms   p95 402 ms   p99 1.31 s",
        "failed 0.59 %   unknown 35   shed 7",
        "LOGIN.0002 3,310   PWD.0001 1,402",
        "lag p99 1.8 ms   in flight 38",
        "ready 35,500",
        "slow database (latency) is on, 0:17 left",
        "✗ p95 of update_password at most 300 ms",
        "p95 341 ms",
        "✓ Goodput at least 80.0/s",
    ):
        assert part in text, part


def test_a_search_shows_its_bracket() -> None:
    """Whoever waits for a capacity sees how near it is, and for how long that may still take."""
    text = shown(searching())
    assert "level 8 (refine)   at 184/s   limit between 176/s and 192/s" in text
    assert "at most 6:50 left" in text


@pytest.mark.parametrize(
    ("held", "broken", "told"),
    [
        (None, None, "no limit seen yet"),
        (20.0, None, "limit above 20.0/s"),
        (None, 80.0, "limit below 80.0/s"),
        (20.0, 80.0, "limit between 20.0/s and 80.0/s"),
    ],
)
def test_a_bracket_says_no_more_than_is_known(held: float | None, broken: float | None, told: str) -> None:
    """As long as one side of the limit was not seen, none is made up."""
    search = searching().search
    assert search is not None
    assert words.bracket(replace(search, highest_held_per_s=held, lowest_broken_per_s=broken)) == told


def test_broken_criteria_come_first_and_none_is_passed_over_in_silence() -> None:
    """Where there is no room for all of them, how many there are besides is said."""
    text = shown(overfull(), rows=16)
    criteria = text[text.index("criteria") :].splitlines()
    assert criteria[0].startswith("criteria  ✗")
    told = sum(line.lstrip().startswith(("criteria  ✗", "✗", "·", "✓")) for line in criteria)
    rest = next(line for line in criteria if "and " in line and "kept" in line)
    assert told + sum(map(int, re.findall(r"(\d+) (?:kept|broken|cannot)", rest))) == 15


def test_what_fits_of_forty_codes_is_shown_and_the_rest_is_counted() -> None:
    """The codes that come now stand first."""
    (codes,) = [row for row in shown(overfull(), 80).splitlines() if "codes" in row]
    number = int(re.search(r"and (\d+) more", codes)[1])  # type: ignore[index]
    assert codes.count("PWD.") + number == 40
    latest = max(overfull().codes, key=lambda one: one.recent).code
    assert codes.split()[1] == latest


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07", "\x1b[2J", "a\nb", "a\rb", "\u202egnp.exe", "\x9b31m"])
def test_what_a_target_says_does_not_reach_the_terminal_as_an_order(hostile: str) -> None:
    """A code or a name that holds a terminal's orders is shown with question marks in their place."""
    seen = running(
        codes=(CodeCount(step="login", code=hostile, count=5, recent=5),),
        title=hostile,
        stage=hostile,
        end_reason=hostile,
        notes=(hostile,),
    )
    for text in (line(seen), *rendered(seen, Room(columns=80, rows=20, colours=False))):
        assert words.plain(text) == text


def test_the_picture_in_the_documentation_is_of_this_view() -> None:
    """What it shows is what is shown; `make picture` draws it anew."""
    text = "".join(html.unescape(re.sub(r"<[^>]+>", "", PICTURE.read_text("utf-8"))).split())
    for row in view(running(), Room(columns=COLUMNS, rows=20)):
        assert "".join(row.plain.split()) in text, row.plain


def test_colours_come_with_meaning_and_go_where_they_are_not_wanted() -> None:
    """Without colours not one byte of them is written, and marks tell the same."""
    seen = running()
    with_colours = rendered(seen, Room(columns=80, rows=20))
    without = rendered(seen, Room(columns=80, rows=20, colours=False))
    assert any("\x1b[" in row for row in with_colours)
    assert not any("\x1b" in row for row in without)
    assert [re.sub(r"\x1b\[[\d;]*m", "", row) for row in with_colours] == without


def test_a_terminal_without_unicode_is_given_ascii() -> None:
    """Marks, bar and cut ends are plain characters there."""
    for seen in EVERYTHING.values():
        text = "".join(rendered(seen, Room(columns=80, rows=20, unicode=False, colours=False)))
        assert text.isascii()


def test_a_line_has_what_a_log_is_read_for() -> None:
    """The same as the view, for pipelines; what is not known is left out."""
    text = line(running(generators=(generator("worker-0", is_lost=True), generator("worker-1"))))
    for part in (
        "4:22",
        "peak (3 of 5)",
        "planned 120/s",
        "offered 120/s",
        "goodput 96.2/s",
        "402 ms",
        "failed 0.59 %",
    ):
        assert part in text, part
    for part in ("lag 1.8 ms", "in flight 38", "35,500 accounts left", "lost 1 of 2 processes", "5:37 left"):
        assert part in text, part
    assert "criteria: 1 broken, 1 cannot tell, 2 kept  broken: p95_update_password" in text
    assert line(starting()) == "     0:00  starting  in flight 0"
    assert "\n" not in line(overfull())


@pytest.mark.parametrize(
    ("standing", "counts"),
    [(Standing.KEPT, "2 kept"), (Standing.BROKEN, "1 broken"), (Standing.CANNOT_TELL, "1 cannot")],
)
def test_doubt_is_counted_apart(standing: Standing, counts: str) -> None:
    """What nobody can tell is neither kept nor broken."""
    told = dict(words.standings(running()))
    assert told[standing].startswith(counts)
