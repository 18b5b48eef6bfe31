"""What is wrong with a scenario, in words: one line for each problem, in the order of the file.

A line names the file, the key, the value, what is allowed and, where there is one, the nearest right word. The value
of an unknown key is never shown: it may be a secret whose key was mistyped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pwdload.scenario.keys import did_you_mean, secret_refusal
from pwdload.scenario.stages import Place
from pwdload.scenario.structure import allowed_at, default_at, keys_at, table_of
from pwdload.secrecy import without_login

_PLANNED: Final = "planned, not in this version: remove it to run"
PLANNED_KEYS: Final[frozenset[Place]] = frozenset(
    {
        ("accounts", "tenant"),
    }
)
"""Keys of later versions; a list's indices are left out."""

_SHOWN_MAX: Final = 60
_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a table"),
)
_OBJECTIONS: Final = {
    "greater_than": "too small",
    "less_than": "too large",
    "too_short": "too short",
    "too_long": "too long",
    "finite_number": "not a finite number",
    "literal_error": "unknown",
}
"""What pydantic calls an error, by how the name begins, and what a person is told."""
_OF_A_PART: Final = re.compile(r"p[0-9]+(?:_9)?_[a-z_]+")
"""A percentile of a step, or of journeys."""
_ABSENT: Final = object()


def problem_lines(file: str, data: Mapping[str, object], error: ValidationError) -> list[str]:
    """Return every problem that validation has found in a file's data, one line each."""
    found = error.errors(include_url=False, include_input=False)
    found.sort(key=lambda problem: _rank(data, problem["loc"]))
    return [f"{file}: {_line(data, problem)}" for problem in found]


def _rank(data: object, place: Place) -> tuple[int, ...]:
    """Return the place's position in the file, level by level; what is missing comes after what its table has."""
    ranks = []
    for step in place:
        keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
        ranks.append(keys.index(step) if step in keys else len(keys))
        data = _value(data, (step,))
    return tuple(ranks)


def _value(data: object, place: Place) -> object:
    """Return what stands at a place, `_ABSENT` where nothing does."""
    for step in place:
        if isinstance(data, dict):
            data = data.get(step, _ABSENT)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return _ABSENT
    return data


def _line(data: Mapping[str, object], problem: ErrorDetails) -> str:
    place = problem["loc"]
    value = _value(data, place)
    if problem["type"] == "extra_forbidden":
        return f"{_key(place)}: {_unknown(place)}"
    if problem["type"] == "missing":
        return f"{_key(place)}: missing; give {allowed_at(place)}"
    if value is _ABSENT and place[-1] == "[key]":  # pydantic's mark of a problem with the key before it
        return f"{_key(place[:-1])}: {_wrong_key(place[:-1], problem)}"
    return f"{_key(place)} = {_shown_at(place, value)}: {_wrong(place, value, problem)}"


def _shown_at(place: Place, value: object) -> str:
    if value is _ABSENT:
        return f"{shown(default_at(place))}, the default"
    # Where any key may stand, one may be that of a secret; those that are listed are of none (p95_update_password).
    is_listed = place[-1] in keys_at(place[:-1])
    hidden = isinstance(value, str) and not is_listed and secret_refusal(str(place[-1]))
    return "..." if hidden else shown(value)


def _unknown(place: Place) -> str:
    *table, key = place
    if tuple(step for step in place if isinstance(step, str)) in PLANNED_KEYS:
        return _PLANNED
    allowed = keys_at(table)
    is_of_a_part = tuple(table) == ("slo",) and _OF_A_PART.fullmatch(str(key))  # p42_update_password
    refusal = "" if is_of_a_part else secret_refusal(str(key))
    hint = did_you_mean(str(key), allowed) or _belongs_elsewhere(str(key))
    return refusal or f"unknown key; allowed: {_listed(allowed)}{hint}"


def _listed(keys: Sequence[str]) -> str:
    """Return keys as a list; the forty short forms of percentiles in a few words."""
    short = [key for key in keys if not _OF_A_PART.fullmatch(key)]
    return ", ".join(short) + (", each percentile also with _STEP or _journey" if len(short) < len(keys) else "")


def _belongs_elsewhere(key: str) -> str:
    table = table_of(key)
    return f"; it belongs to {table}" if table else ""


def _wrong_key(place: Place, problem: ErrorDetails) -> str:
    if problem["type"] == "value_error":
        return _own_words(problem)
    if problem["type"] == "literal_error":
        expected = str(problem["ctx"]["expected"]).replace("'", '"')
        return f"unknown key; allowed: {expected}"
    refusal = secret_refusal(str(place[-1]))
    return refusal or "not a name; allowed are lower-case letters, digits and _, with a letter first"


def _wrong(place: Place, value: object, problem: ErrorDetails) -> str:
    if problem["type"] in ("value_error", "stages"):
        return _own_words(problem)
    return f"{_objection(problem['type'], value)}; allowed: {allowed_at(place)}{_nearest(value, problem)}"


def _own_words(problem: ErrorDetails) -> str:
    """Return the words of one of the model's own rules, which say everything."""
    context = problem.get("ctx", {})
    return str(context.get("error") or context.get("said") or problem["msg"])


def _objection(kind: str, value: object) -> str:
    if kind.endswith("_type"):
        return f"is {_kind(value)}"
    return next((words for start, words in _OBJECTIONS.items() if kind.startswith(start)), "does not fit")


def _kind(value: object) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or time")


def _nearest(value: object, problem: ErrorDetails) -> str:
    if problem["type"] != "literal_error" or not isinstance(value, str):
        return ""
    return did_you_mean(value, re.findall(r"'([^']*)'", str(problem["ctx"]["expected"])))


def _key(place: Sequence[int | str]) -> str:
    """Return a place as TOML would write it: load.stages[0].name; text that is no bare key in quotes."""
    return "".join(_steps(place)).removeprefix(".") or "the file"


def _steps(place: Sequence[int | str]) -> Iterator[str]:
    for step in place:
        if isinstance(step, int):
            yield f"[{step}]"
        else:
            yield f".{step}" if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", step) else f".{shown(step)}"


def shown(value: object) -> str:
    """Return a value in a few characters on one line, as TOML writes it; a password inside a URL is left out."""
    if isinstance(value, dict | list):
        brackets = "{}" if isinstance(value, dict) else "[]"
        return "...".join(brackets) if value else brackets
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of more than 60 digits"  # Python refuses to write some of these
    return _cut(f'"{_escaped(value)}"' if isinstance(value, str) else str(value))


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in without_login(text)[:200])


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 3]}..."
