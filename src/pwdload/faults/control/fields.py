"""A JSON object of a request, read as Toxiproxy reads it: null leaves the default, what is unknown is ignored."""

import json
from collections.abc import Mapping

from pwdload.faults.control.refusal import Refusal, bad_body, missing


class Fields:
    """The fields of one object. Every reader raises `Refusal` for a value of another type."""

    def __init__(self, document: object, *, where: str = "") -> None:
        if not isinstance(document, dict):
            raise bad_body(f"{where}not an object")
        self._fields: Mapping[str, object] = document
        self._where = where

    @classmethod
    def parse(cls, body: bytes) -> "Fields":
        """Read a body that is one object."""
        return cls(parsed(body))

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        value = self._fields.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or not value.isprintable():
            raise self._wrong(name, value, "a line of text")
        return value

    def mandatory(self, name: str, hint: str = "") -> str:
        """Return a text that is there and not empty."""
        value = self.text(name)
        if not value:
            raise missing(f"{name}{hint}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._fields.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """Return a number."""
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, value, "a number")
        return value

    def whole(self, name: str, default: int) -> int:
        """Return a whole number."""
        value = self._fields.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, value, "a whole number")
        return value

    def attributes(self, name: str) -> dict[str, int | float | str]:
        """Return an object of numbers and texts; empty when it is missing."""
        value = self._fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(name, value, "an object")
        found = {key: one for key, one in value.items() if one is not None}
        for key, one in found.items():
            if isinstance(one, bool) or not isinstance(one, int | float | str):
                raise self._wrong(f"{name}.{key}", one, "a number or a text")
        return found

    def nested(self, name: str) -> "Fields | None":
        """Return an object in the object; null when it is missing."""
        value = self._fields.get(name)
        return None if value is None else Fields(value, where=f"{self._where}{name}: ")

    def _wrong(self, name: str, value: object, allowed: str) -> Refusal:
        shown = json.dumps(value, ensure_ascii=False)
        return bad_body(f"{self._where}{name}: {shown if len(shown) <= 60 else shown[:57] + '...'} is not {allowed}")


def parsed(body: bytes) -> object:
    """Return what a body holds.

    Raises:
        Refusal: it is not JSON.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise bad_body("not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise bad_body(f"not JSON: {error}") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")
