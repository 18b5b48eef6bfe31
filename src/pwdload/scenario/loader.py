"""Reads a scenario file: every problem at once, each on one line that says what to do about it."""

import re
import stat
import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from pwdload.errors import ScenarioError
from pwdload.scenario.context import LoadContext
from pwdload.scenario.model import Scenario, ScenarioFile
from pwdload.scenario.problems import problem_lines

_SIZE_MAX: Final = 100_000
_NEXT_STEP: Final = "name a scenario such as scenarios/smoke.toml"
_PLACE: Final = re.compile(r"\s*\(at (?:(line \d+, column \d+)|end of document)\)")
_PLAIN_SOURCE: Final = 'title = "Plain Locust run"\n'


def load_scenario(path: Path, *, case_names: Collection[str], group_names: Collection[str] = ()) -> Scenario:
    """Read a scenario from its file.

    `case_names` are what `[mix]` and `[expect.CASE]` may name; `group_names` are what `[mix]` may name besides.
    A relative path inside the file starts at the file's folder.

    Raises `ScenarioError` with every problem found, and nothing else, whatever the file holds.
    """
    file = _printable(str(path))
    return parse_scenario(
        _text(path, file),
        name=_directory_name(path.stem),
        case_names=case_names,
        group_names=group_names,
        folder=path.parent,
        file=file,
    )


def parse_scenario(
    text: str,
    *,
    name: str = "scenario",
    case_names: Collection[str] = (),
    group_names: Collection[str] = (),
    folder: Path = Path(),
    file: str = "scenario",
) -> Scenario:
    """Read a scenario from TOML text; `file` is what problems call it. Without `case_names`, any name will do.

    Raises `ScenarioError` with every problem found.
    """
    data = _toml(text, file)
    context = LoadContext(case_names=case_names, group_names=group_names, folder=folder, has_search="search" in data)
    try:
        tables = ScenarioFile.model_validate(data, context=context)
    except ValidationError as error:
        raise ScenarioError(problem_lines(file, data, error)) from None
    return Scenario.model_construct(**dict(tables), name=name, source=text)


def default_scenario() -> Scenario:
    """Return the scenario of plain `locust`: the defaults, and no stages, so that -u, -r and -t decide."""
    return parse_scenario(_PLAIN_SOURCE, name="plain")


def _text(path: Path, file: str) -> str:
    """Return the file's text, without the byte order mark that some editors put in front."""
    raw = _bytes(path, file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ScenarioError([f"{file}: line {line}: not UTF-8; save the file as UTF-8"]) from None


def _bytes(path: Path, file: str) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            raise ScenarioError([f"{file}: {kind}; {_NEXT_STEP}"])
        with path.open("rb") as stream:
            raw = stream.read(_SIZE_MAX + 1)
    except FileNotFoundError:
        raise ScenarioError([f"{file}: no such file; {_NEXT_STEP}{_neighbour(path)}"]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError([f"{file}: cannot be read ({reason}); {_NEXT_STEP}"]) from None
    if len(raw) > _SIZE_MAX:
        raise ScenarioError([f"{file}: larger than 100 kB, so hardly a scenario; {_NEXT_STEP}"])
    return raw


def _neighbour(path: Path) -> str:
    """Return the nearest name among the scenarios of the same folder, as a question."""
    try:
        stems = sorted(other.stem for other in path.parent.glob("*.toml"))
    except (OSError, ValueError):
        return ""
    near = get_close_matches(path.stem, stems, n=1)
    return f'; did you mean "{_printable(str(path.with_name(near[0] + ".toml")))}"?' if near else ""


def _toml(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ScenarioError([f"{file}: nested too deeply; a scenario needs three levels"]) from None
    except ValueError as error:  # tomllib's own, and Python's for numbers of thousands of digits
        raise ScenarioError([f"{file}: {_syntax(str(error))}"]) from None


def _syntax(message: str) -> str:
    """Return the parser's message with the place first and the usual remedy last."""
    if "integer string conversion" in message:
        return "not TOML: a number of thousands of digits; write one that fits"
    found = _PLACE.search(message)
    said = _printable(_PLACE.sub("", message))
    twice = re.search("overwrite|declare|mutate|redefine", said, re.IGNORECASE)
    remedy = "each key and each table may stand only once" if twice else 'text needs quotes, such as for = "30s"'
    place = found[1] if found and found[1] else "at its end"
    return f"{place}: not TOML: {said[:1].lower()}{said[1:]}; {remedy}"


def _directory_name(stem: str) -> str:
    """Return a file's stem with only letters, digits, "_", "-" and ".", and none of the last two at its ends."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem)[:80].strip("-.") or "scenario"


def _printable(text: str) -> str:
    """Return text that any terminal takes, on one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
