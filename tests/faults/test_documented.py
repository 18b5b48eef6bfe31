"""The guide to resilience names every kind of fault and every key, and its examples are scenarios."""

import re
from pathlib import Path
from typing import get_args

import pytest

from pwdload.scenario import parse_scenario
from pwdload.scenario.faults import KEYS_OF, LoadKind, NetworkKind, ProcessKind, ProxyKind

GUIDE = (Path(__file__).parents[2] / "docs" / "resilience.md").read_text("utf-8")
KINDS = [kind for group in (ProxyKind, ProcessKind, NetworkKind, LoadKind) for kind in get_args(group)]
ROWS = {line for line in GUIDE.splitlines() if line.startswith("| `")}
EXAMPLES = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
HEAD = "title = 'x'\n[[load.stages]]\nname = 'a'\nusers = 5\nfor = '5m'\n"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_row_with_its_keys(kind: str) -> None:
    """What can be written can be looked up."""
    (row,) = (row for row in ROWS if f"`{kind}`" in row.split("|")[1])
    keys = KEYS_OF.get(kind)
    missing = [key for key in (*keys.needed, *keys.allowed) if f"`{key}`" not in row] if keys is not None else []
    assert missing == []


def test_every_example_is_a_scenario() -> None:
    """What is copied from the guide works."""
    assert len(EXAMPLES) == 3
    for example in EXAMPLES:
        parse_scenario(HEAD + example)
