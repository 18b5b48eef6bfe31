"""A request as the handlers see it: read whole, headers by lower-case name, with the checks that all of them share."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.reasons import Reason

_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    headers: Mapping[str, str]
    body: bytes = b""
    query_string: bytes = b""
    path_parameters: Mapping[str, str]

    def header(self, name: str) -> str:
        """Return a header's value without blanks around it; "" when it is missing."""
        return self.headers.get(name.lower(), "").strip()

    def query(self) -> Mapping[str, str]:
        """Return the parameters of the query string."""
        return dict(parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True))

    def media_type(self) -> str:
        """Return the Content-Type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def require_json(self) -> None:
        """Return if the body is declared as JSON; parameters such as charset may be anything.

        Raises:
            Refusal: it is declared as something else, or not at all.
        """
        if self.media_type() != _JSON:
            raise Refusal(Reason.CONTENT_TYPE_WRONG, _JSON)

    def json_object(self) -> Mapping[str, object]:
        """Return the body as a JSON object.

        Raises:
            Refusal: it is not one.
        """
        try:
            document = json.loads(self.body.decode())
        except (ValueError, RecursionError):
            raise Refusal(Reason.BODY_INVALID, "not JSON") from None
        if not isinstance(document, dict):
            raise Refusal(Reason.BODY_INVALID, "not an object")
        return document


class Handler(Protocol):
    """What answers the calls of one route and method; may raise `Refusal`."""

    async def __call__(self, call: Call) -> Answer:
        """Answer a call."""


def text_field(fields: Mapping[str, object], name: str) -> str:
    """Return a text field of a body; "" when it is missing or null.

    Raises:
        Refusal: it is of another type, or no valid Unicode (JSON can spell half a surrogate pair).
    """
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not _is_unicode(value):
        raise Refusal(Reason.BODY_INVALID, name)
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def mandatory_field(fields: Mapping[str, object], name: str) -> str:
    """Return a text field of a body.

    Raises:
        Refusal: it is missing, blank, or no text.
    """
    value = text_field(fields, name)
    if not value.strip():
        raise Refusal(Reason.FIELD_MISSING, name)
    return value


def boolean_field(fields: Mapping[str, object], name: str, *, default: bool) -> bool:
    """Return a boolean field of a body.

    Raises:
        Refusal: it is of another type.
    """
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise Refusal(Reason.BODY_INVALID, name)
    return value
