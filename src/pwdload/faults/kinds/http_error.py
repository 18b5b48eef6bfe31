"""The request is answered in the target's place, with an error."""

from http import HTTPStatus

from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.stage import End, Stage
from pwdload.faults.toxic import Scope, Stream

MARK = b"X-Pwdload-Injected: not-forwarded"
"""Tells whoever reads the answer that the target has not seen the request."""


class HttpError(Stage):
    """Swallows a request, and answers when it is complete."""

    def data(self, data: bytes) -> None:  # noqa: ARG002 - that is the fault
        """Let it vanish."""
        self.closes_when_healed = True

    def end(self, how: End) -> None:
        """Answer; hand on the end of a request that is not complete."""
        if how is End.MESSAGE:
            self.place.answer(self._answer())
        else:
            self.onward.end(how)

    def _answer(self) -> bytes:
        said = self.place.toxic.attributes
        body = str(said["body"]).encode()
        status = HTTPStatus(int(said["status"]))
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}".encode(),
            MARK,
            b"Content-Type: " + (b"application/json" if body.startswith(b"{") else b"text/plain;charset=utf-8"),
            b"Content-Length: %d" % len(body),
        ]
        if int(said["retry_after"]) >= 0:
            lines.append(b"Retry-After: %d" % int(said["retry_after"]))
        return b"\r\n".join([*lines, b"", b""]) + (b"" if self.place.head_request else body)


KIND = Kind(
    name="http_error",
    words="answers requests with an error, and does not forward them",
    attributes={
        "status": Attribute(default=503, choices=(429, 500, 502, 503, 504), words="status of the answer"),
        "retry_after": Attribute(default=-1, least=-1, words="seconds in a header Retry-After; -1: no such header"),
        "body": Attribute(default="", words="body of the answer; JSON if it begins with a brace"),
    },
    streams=(Stream.UPSTREAM,),
    scopes=(Scope.REQUEST,),
    stage=HttpError,
)
