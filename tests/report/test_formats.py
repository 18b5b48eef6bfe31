"""How single values are written."""

import pytest

from pwdload.oracle.told import one_line
from pwdload.report.formats import joined, per_second, plain, shown
from pwdload.report.html import _parts
from pwdload.report.model import Cell, Column, Kind
from pwdload.report.words import MEANINGS, meaning
from pwdload.units import counted


@pytest.mark.parametrize(
    ("kind", "cell", "text"),
    [
        (Kind.COUNT, 12400, "12,400"),
        (Kind.DURATION, 0.0212, "21.2 ms"),
        (Kind.CLOCK, 3661.04, "3,661.0 s"),
        (Kind.SHARE, 0.0381, "3.81 %"),
        (Kind.SHARE, 1.0000000002, "100 %"),
        (Kind.RATE, 67.42, "67.4/s"),
        (Kind.MEAN, 0.0, "0"),
        (Kind.MEAN, 3.14159, "3.14"),
        (Kind.FLAG, False, "no"),
        (Kind.TEXT, "as it is", "as it is"),
        (Kind.OUTCOME, "right_accept", "accepted, as expected"),
        (Kind.OUTCOME, "of another version", "of another version"),
        (Kind.EXPECTATION, "refuse:PWD.0001", "refused: PWD.0001"),
        (Kind.DURATION, None, "n/a"),
    ],
)
def test_cell_is_written_with_its_unit(kind: Kind, cell: Cell, text: str) -> None:
    """A cell reads the way its column's kind says, unit included, and absence has a word."""
    assert shown(Column(name="x", label="x", kind=kind, absent="n/a"), cell) == text


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), (True, "true"), (0.1 + 0.2, "0.3"), (5, "5"), (1e-9, "0.0"), ("a", "a")]
)
def test_machine_form_is_exact_and_plain(cell: Cell, text: str) -> None:
    """A CSV cell has plain digits down to a microsecond, and is empty where there is no value."""
    assert plain(cell) == text


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("21.0 ms", ("21.0", " ms")),
        ("28.1/s", ("28.1", "/s")),
        ("< 0.01 %", ("< 0.01", " %")),
        ("1 m 40 s", ("1 m 40 s", "")),
        ("n/a", ("n/a", "")),
        ("0 ms", ("0", " ms")),
    ],
)
def test_unit_is_set_apart_from_its_number(value: str, parts: tuple[str, str]) -> None:
    """The unit of a headline number can be set smaller; what has two units stays whole."""
    assert _parts(value) == parts


@pytest.mark.parametrize(
    ("per_s", "text"),
    [(None, "n/a"), (0.0, "0/s"), (67.42, "67.4/s"), (0.1, "0.10/s"), (0.05, "0.050/s"), (0.0004, "< 0.001/s")],
)
def test_headline_rate_is_always_per_second(per_s: float | None, text: str) -> None:
    """A slow rate does not change its unit, so that two reports compare at a glance."""
    assert per_second(per_s) == text


def test_words() -> None:
    """Counts agree with their nouns, lists read as lists, and a console line stays one line."""
    assert counted(1, "request") == "1 request"
    assert counted(4000, "request") == "4,000 requests"
    assert [joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert one_line("a\nb\x1b[31m") == "a b [31m"


def test_codes_have_meanings_and_unknown_ones_say_so() -> None:
    """A known code is told in words, with a caution where it is not published; an unknown one is not guessed."""
    assert meaning("PWD.0001") == "New password was used before"
    assert meaning("PARAM.0014").endswith("(likely)")
    assert meaning("XYZ.9999") == "Not in the published list"
    assert meaning("HTTP 405") == "Answered without an error code"
    assert meaning("transport:other") == "No complete answer"
    assert not [code for code, known in MEANINGS.items() if known.text.endswith(".")]
