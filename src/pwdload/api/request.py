"""Requests as bytes: the headers of one device are built once, a request then adds what changes.

Every request states its device in the documented headers, in one fixed order, and is sent in one piece.
"""

import json
from collections.abc import Mapping

from pwdload.api.contract import CONTENT_TYPE, OPERATIONS, SERVER_DATE_PATH, Step
from pwdload.devices import DeviceProfile

_STATE_TOKEN = b"X-state-token: "
_CONTENT_TYPE_LINE = f"Content-Type: {CONTENT_TYPE}\r\n".encode()


def device_headers(device: DeviceProfile, tenant_id: str | None) -> dict[str, str]:
    """Return the headers with which a device introduces itself; the tenant only where an ISV application calls."""
    headers = {
        "X-operating-sys-version": device.operating_sys_version,
        "X-device-fingerprint": device.device_fingerprint,
        "X-device-ip": device.device_ip,
        "X-agent": device.agent,
        "X-L": device.language,
        "X-client-id": device.client_id,
    }
    return headers | ({"X-tenant-id": tenant_id} if tenant_id else {})


class DeviceRequests:
    """Builds the requests of one device to one target."""

    def __init__(self, authority: str, device: DeviceProfile, tenant_id: str | None = None) -> None:
        self._authority = authority
        self._headers = device_headers(device, tenant_id)
        common = _lines({"Host": authority, **self._headers})
        self._starts = {
            step: f"{operation.method} {operation.path} HTTP/1.1\r\n".encode() + common
            for step, operation in OPERATIONS.items()
        }

    def login(self, step: Step, user_name: str, password: str) -> bytes:
        """Return a login request; `step` is LOGIN or VERIFY."""
        return self._post(step, b"", _json({"user_name": user_name, "password": password}))

    def update_password(self, state_token: str, body: bytes) -> bytes:
        """Return a pwd/update request as documented."""
        return self._post(Step.UPDATE_PASSWORD, _STATE_TOKEN + state_token.encode() + b"\r\n", body)

    def skip_update(self, state_token: str) -> bytes:
        """Return a pwd/skip-update request."""
        return self._starts[Step.SKIP_UPDATE] + _STATE_TOKEN + state_token.encode() + b"\r\n\r\n"

    def update_with(
        self,
        *,
        state_token: str | None,
        body: bytes,
        method: str,
        content_type: str | None,
        header: tuple[str, str | None] | None,
    ) -> bytes:
        """Return a pwd/update request with something wrong: a null leaves the header out."""
        changed = {"X-state-token": state_token, "Content-Type": content_type} | dict([header] if header else [])
        headers = {"Host": self._authority, **self._headers} | changed
        sent = {name: value for name, value in headers.items() if value is not None}
        start = f"{method} {OPERATIONS[Step.UPDATE_PASSWORD].path} HTTP/1.1\r\n".encode()
        return start + _lines(sent) + _length_line(body) + body

    def _post(self, step: Step, extra: bytes, body: bytes) -> bytes:
        return b"".join((self._starts[step], _CONTENT_TYPE_LINE, extra, _length_line(body), body))


def probe_request(authority: str, device: DeviceProfile, tenant_id: str | None) -> bytes:
    """Return a request for the server's date, which changes nothing: to see whether anything answers."""
    headers = {"Host": authority, **device_headers(device, tenant_id)}
    return f"GET {SERVER_DATE_PATH} HTTP/1.1\r\n".encode() + _lines(headers) + b"\r\n"


def update_body(old_password: str, new_password: str) -> bytes:
    """Return the documented body of pwd/update."""
    return _json({"old_password": old_password, "new_password": new_password})


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()


def _length_line(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body)
