"""Types of single values: how each is read from TOML, written again as JSON, and described to an editor.

A value is never guessed: `"5"` is no number and `true` is not 1. Each type's JSON schema carries, as its title, the
words in which a message says what is allowed, so that editor and command line speak the same sentence.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)

from pwdload.errors import UsageError
from pwdload.scenario.context import LoadContext
from pwdload.units import (
    DURATION_PATTERN,
    PERCENT_PATTERN,
    RATE_PATTERN,
    parse_duration_s,
    parse_rate_per_s,
    parse_share,
)

Scalar = bool | int | float | str
"""A value without parts, as TOML has them (dates and times aside)."""

_LONGEST_S: Final = 365 * 86_400.0
_SHORTEST_S: Final = 0.001
_SLOWEST_PER_S: Final = 1 / 3_600
_FASTEST_PER_S: Final = 1_000_000.0
_LONGEST_TEXT: Final = 40
"""Characters of a number with its unit, more than anybody needs: what is much longer would take long to refuse."""
_NOT_ZERO: Final = {"pattern": "[1-9]"}
_HOST_NAME: Final = r"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"
_BASE_URL: Final = r"^https?://(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?$"
_BASE_URL_WORDS: Final = "http://HOST[:PORT] or https://HOST[:PORT], without path, query or user"
_PROXY_URL: Final = _BASE_URL.replace("https?", "http").replace("(?::[0-9]{1,5})?", ":[0-9]{1,5}")
_PROXY_WORDS: Final = "http://HOST:PORT, without user"
_PROXY_VARIABLE: Final = "PWDLOAD_PROXY"
_PORT_MAX: Final = 65_535

FREE_KEY_PATTERN: Final = "^[a-z][a-z0-9_]*$"
"""A name that a scenario gives or quotes: that of a case, or of a setting of the stand-in."""


def _reader(parse: Callable[[object], float], least: float, most: float, allowed: str) -> BeforeValidator:
    """Make a validator that reads a text with a unit and holds it against its limits."""

    def read(value: object) -> float:
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise ValueError(f"too long; allowed is {allowed}")
        try:
            number = parse(value)
        except UsageError as error:
            # The loader puts the value in front by itself, as TOML writes it.
            raise ValueError(str(error).partition(": ")[2] or str(error)) from None
        if not least <= number <= most:
            raise ValueError(f"too {'little' if number < least else 'much'}; allowed is {allowed}")
        return number

    return BeforeValidator(read)


def _to_the_nanosecond(value: object) -> float:
    return round(parse_duration_s(value), 9)


def _writer(unit: str) -> PlainSerializer:
    """Make a serializer whose text is read as exactly the same number again."""

    def write(value: object) -> str:
        return value if isinstance(value, str) else f"{Decimal(repr(value)):f}{unit}"

    return PlainSerializer(write, return_type=str)


def _text_schema(pattern: str, title: str, *examples: str, positive: bool = False) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string", "title": title, "pattern": pattern, "examples": list(examples)}
    return WithJsonSchema(schema | ({"allOf": [_NOT_ZERO]} if positive else {}))


Duration = Annotated[
    float,
    _reader(_to_the_nanosecond, _SHORTEST_S, _LONGEST_S, "1ms to 365d"),
    _writer("s"),
    _text_schema(DURATION_PATTERN, 'a duration from 1ms to 365d, such as "10s"', "30s", "1m30s", positive=True),
]
"""Seconds to the nanosecond, written "10s", "500ms" or "1m30s"; more than none."""

DurationOrNone = Annotated[
    float,
    _reader(_to_the_nanosecond, 0, _LONGEST_S, "0s to 365d"),
    _writer("s"),
    _text_schema(DURATION_PATTERN, 'a duration from 0s to 365d, such as "1s"', "0s", "500ms", "1s"),
]
"""Seconds, as `Duration`, and 0 is one of them."""

Rate = Annotated[
    float,
    _reader(parse_rate_per_s, _SLOWEST_PER_S, _FASTEST_PER_S, "1/h to 1000000/s"),
    _writer("/s"),
    _text_schema(RATE_PATTERN, 'a rate from 1/h to 1000000/s, such as "10/s"', "10/s", "30/m", positive=True),
]
"""Events per second, written "10/s" or "600/m"; more than none."""

RateOrNone = Annotated[
    float,
    _reader(parse_rate_per_s, 0, _FASTEST_PER_S, "0/s to 1000000/s"),
    _writer("/s"),
    _text_schema(RATE_PATTERN, 'a rate from 0/s to 1000000/s, such as "50/s"', "50/s", "3000/m"),
]
"""Events per second, as `Rate`, and 0 is one of them."""

Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
"""A whole number; its limits stand at the field."""

_Number = Annotated[float, Strict()]
Weight = Annotated[_Number, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
"""A share relative to its neighbours: 85 beside 15, or 0.85 beside 0.15."""
WeightOrNone = Annotated[_Number, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
"""As `Weight`; 0 says that the thing does not occur."""


def _one_line(value: str) -> str:
    if not value.strip():
        raise ValueError("blank; allowed is text with at least one visible character")
    if not value.isprintable():
        raise ValueError("has a line break or another control character; allowed is text on one line")
    return value


_ONE_LINE_SCHEMA: dict[str, Any] = {"title": "text on one line", "pattern": r"^[^\n\r]*\S[^\n\r]*$"}
_OneLine = Annotated[str, Strict(), AfterValidator(_one_line)]
Title = Annotated[_OneLine, Field(max_length=200, json_schema_extra=_ONE_LINE_SCHEMA)]
Name = Annotated[_OneLine, Field(max_length=60, json_schema_extra=_ONE_LINE_SCHEMA)]
Text = Annotated[str, Strict()]

HeaderText = Annotated[
    str,
    Strict(),
    Field(pattern=r"^[!-~]{1,128}$", json_schema_extra={"title": "1 to 128 printable ASCII characters without spaces"}),
]
"""What can be sent as a header's value as it is."""


def checked_url(value: str, pattern: str, what: str, allowed: str) -> str:
    """Return a URL without a slash at its end.

    Raises:
        ValueError: it does not match the pattern, or there is no such port; the words say what is `allowed`.
    """
    if not re.fullmatch(pattern, value):
        raise ValueError(f"not {what}; allowed is {allowed}")
    try:
        urlsplit(value).port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise ValueError(f"{str(error).lower()}; allowed is {allowed}") from None
    return value.rstrip("/")


def _base_url(value: str) -> str:
    return checked_url(value, _BASE_URL, "a base URL", _BASE_URL_WORDS)


BaseUrl = Annotated[
    str, Strict(), AfterValidator(_base_url), _text_schema(_BASE_URL, _BASE_URL_WORDS, "https://staging.example.com")
]
"""Where a target listens, without a slash at the end."""


def _proxy_url(value: str) -> str:
    if "@" in value:
        raise ValueError(f"has a user in it, and secrets come from the environment only: set {_PROXY_VARIABLE} there")
    if not re.fullmatch(_PROXY_URL, value) or int(value.rstrip("/").rpartition(":")[2]) > _PORT_MAX:
        raise ValueError(f"not the URL of a proxy; allowed is {_PROXY_WORDS}")
    return value.rstrip("/")


ProxyUrl = Annotated[
    str, Strict(), AfterValidator(_proxy_url), _text_schema(_PROXY_URL, _PROXY_WORDS, "http://proxy.example.com:3128")
]
"""Where a proxy listens, without a slash at the end."""


def _host_name(value: str) -> str:
    if not re.fullmatch(_HOST_NAME, value):
        raise ValueError(
            'not the name of a host; allowed is one name or IP address, without scheme, port, path or "*", '
            'such as "staging.example.com"'
        )
    return value.lower()


Share = Annotated[_Number, Field(ge=0, le=1, allow_inf_nan=False)]
"""A part of a whole, from none (0) to all (1)."""


Percent = Annotated[
    float,
    _reader(parse_share, 0, 1, "0% to 100%"),
    WithJsonSchema(
        {
            "title": 'a share such as "1%", or a number from 0 to 1',
            "anyOf": [{"type": "string", "pattern": PERCENT_PATTERN}, {"type": "number", "minimum": 0, "maximum": 1}],
            "examples": ["1%", "0.1%"],
        }
    ),
]
"""A part of a whole, written "1%" or 0.01."""

HostName = Annotated[
    str, Strict(), AfterValidator(_host_name), _text_schema(_HOST_NAME, "the name of a host", "staging.example.com")
]
"""A host in lower case, as it is compared."""


def _file_path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("not the path of a file; allowed is text on one line, relative to the scenario file")
    folder = info.context.folder if isinstance(info.context, LoadContext) else Path()
    return folder / value


FilePath = Annotated[
    Path,
    PlainValidator(_file_path),
    PlainSerializer(str, return_type=str),
    _text_schema(r"\S", "the path of a file, relative to the scenario file", "accounts.csv"),
]
"""A file; a relative path starts at the folder of the scenario file."""


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value)):
        return value
    raise ValueError("not a single value; allowed is text, a finite number, true or false")


AnyScalar = Annotated[
    Scalar,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"], "title": "text, a finite number, true or false"}),
]
"""A single value that is handed on as it is."""
