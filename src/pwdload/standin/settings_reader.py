"""Read settings from a TOML file and from ``key=value`` arguments, and list them for people."""

import difflib
import json
import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import cast

from pwdload.standin.defects.registry import chosen_defects
from pwdload.standin.failure import StandinError
from pwdload.standin.reasons import Reason, Refused
from pwdload.standin.settings import REFUSE_PREFIX, SettingInfo, Settings, SettingValue, all_settings

_KNOWN: Mapping[str, SettingInfo] = MappingProxyType({info.name: info for info in all_settings()})
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def read_settings(config: Path | None, assignments: Iterable[str], defects: Iterable[str] = ()) -> Settings:
    """Return the defaults, changed first by the TOML file, then by each ``key=value``; `defects` come on top.

    Raises:
        StandinError: the file cannot be read, a key or a defect is unknown, or a value is not allowed.
    """
    values: dict[str, SettingValue] = {}
    if config is not None:
        for key, raw in _read_toml(config).items():
            values[key] = _checked(key, raw, f"{config}: ")
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise StandinError(f"--set {assignment}: no value; write --set KEY=VALUE")
        values[key.strip()] = _checked(key.strip(), text.strip(), "--set ")
    settings = _settings(values)
    chosen = chosen_defects([*settings.defects, *defects], settings)
    return replace(settings, defects=tuple(map(str, chosen)))


def describe_settings() -> str:
    """Return the list of all settings as plain text, one paragraph each."""
    paragraphs = []
    for info in all_settings():
        allowed = _allowed(info)
        body = f"{info.rule.meaning}{f' ({allowed})' if allowed else ''} [{info.rule.confidence}]"
        paragraphs.append(
            f"{info.name} = {_shown(info.default)}\n"
            + textwrap.fill(body, width=110, initial_indent="    ", subsequent_indent="    ")
        )
    return "\n".join(paragraphs)


def _settings(values: Mapping[str, SettingValue]) -> Settings:
    plain = {key: value for key, value in values.items() if not key.startswith(REFUSE_PREFIX)}
    refused = {
        Reason(key.removeprefix(REFUSE_PREFIX)): _refused(str(value))
        for key, value in values.items()
        if key.startswith(REFUSE_PREFIX)
    }
    defaults = Settings()
    refusals = MappingProxyType({**defaults.refusals, **refused})
    try:
        # The values were checked against the type of each field's default one by one.
        return replace(defaults, refusals=refusals, **cast("dict[str, str]", plain))  # type: ignore[arg-type]
    except ValueError as error:
        raise StandinError(str(error)) from None


def _read_toml(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StandinError(f"--config {path}: cannot be read ({error.strerror}); name a TOML file") from None
    except UnicodeDecodeError:
        raise StandinError(f"--config {path}: not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StandinError(f"--config {path}: not TOML: {error}") from None


def _checked(key: str, raw: object, place: str) -> SettingValue:
    info = _KNOWN.get(key)
    if info is None:
        near = difflib.get_close_matches(key, _KNOWN, n=1, cutoff=0.5)
        hint = f'did you mean "{near[0]}"?' if near else "`pwdload standin settings` lists them all"
        raise StandinError(f"{place}{key}: no such setting; {hint}")
    try:
        return _converted(info, raw)
    except ValueError as error:
        raise StandinError(f"{place}{key} = {_shown(raw)}: {error}") from None


def _converted(info: SettingInfo, raw: object) -> SettingValue:
    """Return the value in the type of the setting's default.

    Raises:
        ValueError: it does not fit; the text says what does.
    """
    if info.name.startswith(REFUSE_PREFIX):
        _refused(str(raw))
        return str(raw)
    if isinstance(info.default, tuple):
        return _texts(raw)
    if isinstance(info.default, bool):
        return _truth(raw)
    if isinstance(info.default, str):
        return _text(info, raw)
    return _number(info, raw)


def _refused(text: str) -> Refused:
    status, _, code = text.strip().partition(" ")
    if not (status.isascii() and status.isdigit() and 400 <= int(status) <= 599 and code.strip()):
        raise ValueError('an HTTP status of 400-599 and an error_code, such as "400 PARAM.0001"')
    return Refused(int(status), code.strip())


def _texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str) and raw.lstrip().startswith("["):
        raw = _json(raw)  # as the harness hands on a list of its scenario
    if isinstance(raw, str):
        return tuple(item.strip() for item in raw.split(",") if item.strip())
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return tuple(raw)
    raise ValueError("a list of texts is needed; after --set, separated by commas")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _truth(raw: object) -> bool:
    word = str(raw).lower()
    if word not in _TRUE + _FALSE:
        raise ValueError("true or false is needed")
    return word in _TRUE


def _text(info: SettingInfo, raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("a text is needed")  # noqa: TRY004 - becomes a message to a person, as the others here
    if info.rule.choices and raw not in info.rule.choices:
        raise ValueError(f"allowed: {', '.join(info.rule.choices)}")
    return raw


def _number(info: SettingInfo, raw: object) -> int | float:
    kind = type(info.default)
    wanted = "a whole number" if kind is int else "a number"
    is_number = isinstance(raw, int | float | str) and not isinstance(raw, bool)
    if not is_number or (kind is int and isinstance(raw, float)):
        raise ValueError(f"{wanted} is needed")
    try:
        value: int | float = int(cast("str", raw)) if kind is int else float(cast("str", raw))
    except ValueError:
        raise ValueError(f"{wanted} is needed") from None
    low, high = info.rule.at_least, info.rule.at_most
    is_inside = (low is None or value >= low) and (high is None or value <= high) and abs(value) < float("inf")
    if not is_inside:
        raise ValueError(f"allowed: {_allowed(info) or 'finite numbers'}")
    return value


def _allowed(info: SettingInfo) -> str:
    rule = info.rule
    if rule.choices:
        return " | ".join(rule.choices)
    low = f"at least {rule.at_least:g}" if rule.at_least is not None else ""
    high = f"at most {rule.at_most:.0f}" if rule.at_most is not None else ""
    return ", ".join(part for part in (low, high) if part)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
