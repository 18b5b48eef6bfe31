"""docs/traps.md names a test for each trap, and each of them is there."""

import re
from string import ascii_uppercase

from tests.processes import ROOT

TRAPS = ascii_uppercase[: ascii_uppercase.index("Q") + 1]
PAGE = (ROOT / "docs" / "traps.md").read_text("utf-8")


def test_each_trap_has_a_test_that_is_there() -> None:
    """A to Q, each once, in their order; a test that was renamed is noticed."""
    rows = re.findall(r"^\| ([A-Z]) \| .+? \| (`.+`) \|$", PAGE, re.MULTILINE)
    assert [letter for letter, _ in rows] == list(TRAPS)
    for _, named in rows:
        for path, name in re.findall(r"`([\w/.]+)::(\w+)`", named):
            assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path}::{name}"


def test_each_test_of_stock_locust_is_on_the_page() -> None:
    """A file of traps whose tests nobody names would not be found by who looks for them."""
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "traps").glob("test_*.py")}
    assert {path for path in files if path not in PAGE} == set()
