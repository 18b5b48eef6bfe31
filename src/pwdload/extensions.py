"""Loads what a team has added: files that its `pyproject.toml` names. See docs/extending.md.

    [tool.pwdload]
    cases = ["own_cases.py"]     # by every command and every process of a run
    report = ["own_report.py"]   # only where a report is made: such a file may import pandas, which no load waits for

Only the `pyproject.toml` of the folder that a command is typed in is looked at, as Locust does with its own settings.
"""

import importlib.util
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pwdload.errors import PwdloadError, UsageError

SETTINGS = "pyproject.toml"
Kind = Literal["cases", "report"]
_KINDS = ("cases", "report")
_loaded: set[Path] = set()
"""Once each: what a file registers is registered for the life of the process."""


def load_own(kind: Kind, folder: Path = Path()) -> tuple[Path, ...]:
    """Run the files that the settings of a folder name for this kind, each once; return those that they name.

    Raises:
        UsageError: the settings cannot be read, name a file that is not there, or one that does not run.
    """
    paths = tuple((folder / name).resolve() for name in _named(folder / SETTINGS, kind))
    for path in paths:
        if path not in _loaded:
            _run(path, kind)
            _loaded.add(path)
    return paths


def _named(settings: Path, kind: Kind) -> list[str]:
    table = _table(settings)
    unknown = sorted(table.keys() - {*_KINDS})
    if unknown:
        raise UsageError(f"{settings}: [tool.pwdload] {unknown[0]}: unknown; allowed are {', '.join(_KINDS)}")
    names = table.get(kind, [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name.endswith(".py") for name in names):
        raise UsageError(f'{settings}: [tool.pwdload] {kind}: allowed is a list of Python files, ["own_{kind}.py"]')
    return names


def _table(settings: Path) -> Mapping[str, object]:
    try:
        whole = tomllib.loads(settings.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{settings}: cannot be read ({what}); mend it, or work in another folder") from None
    tools = whole.get("tool", {})
    table = tools.get("pwdload", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{settings}: [tool.pwdload]: not a table; allowed are {', '.join(_KINDS)} in it")
    return table


def _run(path: Path, kind: Kind) -> None:
    if not path.is_file():
        raise UsageError(f"{path}: no such file, and [tool.pwdload] {kind} of {SETTINGS} names it")
    name = f"pwdload_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # noqa: S101 - it ends with .py
    assert spec.loader is not None  # noqa: S101 - as above
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except PwdloadError as error:
        raise UsageError(f"{path}: {error}") from error
    except Exception as error:  # somebody else's file: whatever it is, they mend it
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(f"{path}: does not run ({what}); mend it, or take it out of {SETTINGS}") from error
