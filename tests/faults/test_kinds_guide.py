"""What docs/adding-a-fault.md says is true: its code is run as it stands there."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from tests.faults import effects
from tests.faults.lab import Lab

from pwdload.faults import kinds, proxy
from pwdload.faults.toxic import Scope, Stream

GUIDE = Path(__file__).parents[2] / "docs" / "adding-a-fault.md"


def _code(name: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run the block of this name, and return the names that it leaves."""
    match = re.search(rf"```python {name}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert match, f"the guide has no code named {name}"
    exec(compile(match[1], f"{GUIDE.name}: {name}", "exec"), names)
    return names


def test_the_guides_no_op_is_the_no_op() -> None:
    """Whoever starts from it starts from what is there."""
    assert _code("no-op", {})["KIND"] == kinds.KINDS["noop"]


@pytest.mark.parametrize("stream", list(Stream))
@pytest.mark.parametrize("scope", list(Scope))
def test_the_guides_fault_has_the_effect_that_the_guide_says(
    monkeypatch: pytest.MonkeyPatch, stream: Stream, scope: Scope
) -> None:
    """Put in as the guide says, it works in both directions and scopes, and is healed."""
    more = {**kinds.KINDS, "slow_start": _code("kind", {})["KIND"]}
    monkeypatch.setattr(kinds, "KINDS", more)
    monkeypatch.setattr(proxy, "KINDS", more)
    effect = _code("effect", dict(vars(effects)))["_slow_start"]

    async def try_it() -> None:
        async with Lab.open() as lab:
            client = await lab.used()
            await effect(lab, client, stream, scope)
            await lab.proxy.remove("slow_start")
            assert (await client.ask()).body == b"change"

    asyncio.run(try_it())


def test_every_kind_has_an_effect_and_a_file_of_its_own() -> None:
    """A new fault without a test of what it does fails here, with its name."""
    files = {path.stem for path in Path(kinds.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(kinds.KINDS) == files
    assert set(effects.EFFECTS) == set(kinds.KINDS)
