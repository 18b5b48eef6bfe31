"""Answers and refusals as values; how they become bytes is the endpoint's affair."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pwdload.standin.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back: an HTTP status and the fields of a JSON object; null fields mean an empty body."""

    http_status: int = 200
    fields: Mapping[str, object] | None = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """Return a field of the body when it is text, otherwise ""."""
        value = (self.fields or {}).get(name, "")
        return value if isinstance(value, str) else ""


class Refusal(Exception):  # noqa: N818 - a refusal is a regular answer here, not an error of the program
    """A request is turned down. `arguments` fill the places {0}, {1} of the reason's text."""

    def __init__(self, reason: Reason, *arguments: object) -> None:
        super().__init__(reason, *arguments)
        self.reason = reason
        self.arguments = arguments
