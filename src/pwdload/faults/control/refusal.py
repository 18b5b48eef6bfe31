"""What the control API turns down: Toxiproxy's statuses and words, which clients of it compare."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - a refusal is a regular answer here, not an error of the program
    """A request is turned down. `more` are fields beside Toxiproxy's ``error`` and ``status``."""

    def __init__(self, http_status: int, message: str, more: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.message = message
        self.more = more or {}

    def document(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {"error": self.message, "status": self.http_status, **self.more}


def bad_body(why: str) -> Refusal:
    """Say that the body is not what the route takes."""
    return Refusal(400, f"bad request body: {why}")


def missing(field: str) -> Refusal:
    """Say that a field is missing, or empty, without which nothing can be done."""
    return Refusal(400, f"missing required field: {field}")


def proxy_not_found() -> Refusal:
    """Say that there is no proxy of this name."""
    return Refusal(404, "proxy not found")


def toxic_not_found() -> Refusal:
    """Say that the proxy has no toxic of this name."""
    return Refusal(404, "toxic not found")
