"""The rules of ARCHITECTURE.md, read from it and held against the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "pwdload"
FENCES = {
    "locust": {"harness"},
    "gevent": {"harness"},
    "pandas": {"analysis", "report"},
    "jinja2": {"report"},
    "faker": {"devices"},
    "starlette": {"standin", "faults"},
    "uvicorn": {"standin", "faults"},
    "jwt": {"standin"},
    "httptools": {"api", "faults"},
    "scipy": {"statistics"},
    "ruptures": {"statistics"},
    "typer": {"cli", "standin"},
    "rich": {"cli", "standin", "terminal"},
    "prometheus_client": {"exporting"},
    "opentelemetry": {"exporting"},
}
SEPARATE_PROGRAMS = {"standin", "reference"}
"""Started as processes: they import nothing of ours, and nothing of ours imports them."""
MODULES = sorted(SOURCE.rglob("*.py"))


def import_order() -> list[set[str]]:
    """Return the groups of rooms, left to right, that ARCHITECTURE.md promises."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    match = re.search(r"<!-- import-order -->\n`([^`]+)`", text)
    assert match, "ARCHITECTURE.md states no import order"
    return [set(group.split()) for group in match[1].split("|")]


def room(path: Path) -> str:
    """Return the room that a module belongs to: its top-level name below pwdload."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the dotted names that a module imports, wherever in it the import stands."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "pwdload":
                yield from (f"pwdload.{alias.name}" for alias in node.names)


def test_every_room_has_its_place_in_the_order() -> None:
    """A new module cannot be added without deciding what it may import."""
    known = set().union(*import_order()) | {*SEPARATE_PROGRAMS, "__init__", "__main__"}
    assert {room(path) for path in MODULES} == known


def test_a_module_imports_only_from_rooms_to_its_left() -> None:
    """The import order that ARCHITECTURE.md promises is the one that the code keeps."""
    rank = {name: place for place, group in enumerate(import_order()) for name in group}
    rank |= {"__init__": len(rank), "__main__": len(rank)}
    wrong = []
    for path in MODULES:  # all in one test: six hundred tests of a millisecond cost each worker more than their work
        own = room(path)
        others = {name for name in imports(path) if name.startswith("pwdload.") and name.split(".")[1] != own}
        for name in sorted(others):
            other = name.split(".")[1]
            if SEPARATE_PROGRAMS & {own, other}:
                wrong.append(f"{path}: {own} and {other} must each work out on its own what is right")
            elif rank[other] >= rank[own]:
                wrong.append(f"{path}: {own} imports {name}, which is not to its left")
    assert not wrong


def test_the_front_door_imports_nothing_before_it_is_asked() -> None:
    """`import pwdload` is what every process of a run begins with: what it offers, it fetches when it is called."""
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in at_once] == ["from typing import TYPE_CHECKING"]
    probe = "import sys, pwdload; print(*(name for name in sys.modules if name.startswith(('pwdload.', 'pandas'))))"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "\n"


def test_a_library_stays_behind_its_fence() -> None:
    """Importing Locust, pandas and the like is confined to the rooms that ARCHITECTURE.md names."""
    wrong = [
        f"{path}: {room(path)} imports {name}"
        for path in MODULES
        for name in imports(path)
        if room(path) not in FENCES.get(name.split(".")[0], {room(path)})
    ]
    assert not wrong


def test_no_module_has_grown_past_its_room() -> None:
    """A file above 400 lines is due for a package."""
    long = {str(path): lines for path in MODULES if (lines := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_every_test_says_what_matters_to_a_user() -> None:
    """Each test has a docstring of one sentence at least, so that a failure explains itself."""
    silent = [
        f"{path.name}::{node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent
