"""Requests as bytes: the headers of one device are built once, a request then adds what changes.

Every request states its device in the documented headers, in one fixed order, and is sent in one piece.
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring

from pwdload.api.contract import CONTENT_TYPE, OPERATIONS, SERVER_DATE_PATH, Step
from pwdload.devices import DeviceProfile

_LOGIN_LINE, _UPDATE_LINE, _SKIP_LINE = (
    f"{OPERATIONS[step].method} {OPERATIONS[step].path} HTTP/1.1\r\n".encode()
    for step in (Step.LOGIN, Step.UPDATE_PASSWORD, Step.SKIP_UPDATE)
)
_JSON = f"Content-Type: {CONTENT_TYPE}\r\n".encode()
_JSON_FOR_TOKEN = _JSON + b"X-state-token: "


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

    __slots__ = ("_authority", "_common", "_headers", "_tenant_id", "kept")

    def __init__(self, authority: str, device: DeviceProfile, tenant_id: str | None = None) -> None:
        self._authority = authority
        self._tenant_id = tenant_id
        self._headers = device_headers(device, tenant_id)
        self._common = _lines({"Host": authority, **self._headers})
        self.kept: object = None
        """What may be kept here for as long as the device is, by whoever sends: see `cases.asking`."""

    def login(self, user_name: str, password: str) -> bytes:
        """Return a login request."""
        body = _json_of_two("user_name", user_name, "password", password)
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        return b"".join((_LOGIN_LINE, self._common, _JSON, length, body))

    def update_password(self, state_token: str, body: bytes) -> bytes:
        """Return a pwd/update request as documented."""
        length = b"\r\nContent-Length: %d\r\n\r\n" % len(body)
        return b"".join((_UPDATE_LINE, self._common, _JSON_FOR_TOKEN, state_token.encode(), length, body))

    def skip_update(self, state_token: str) -> bytes:
        """Return a pwd/skip-update request."""
        return b"%b%bX-state-token: %b\r\n\r\n" % (_SKIP_LINE, self._common, state_token.encode())

    def sso_ticket(self, access_token: str, session_token: str) -> bytes:
        """Return the tenant API's request for a ticket: the device must be the one that the session began on."""
        fields = {"session_token": session_token, **self._sso_device(), "client_id": self._headers["X-client-id"]}
        return self._sso(OPERATIONS[Step.SSO_TICKET].path, access_token, fields)

    def sso_user(self, access_token: str, sso_ticket: str) -> bytes:
        """Return the tenant API's request for the user of a ticket."""
        fields = {"sso_ticket": sso_ticket, **self._sso_device()}
        return self._sso(OPERATIONS[Step.SSO_USER].path, access_token, fields)

    def _sso_device(self) -> dict[str, str]:
        headers = self._headers
        return {
            "operating_sys_version": headers["X-operating-sys-version"],
            "device_ip": headers["X-device-ip"],
            "device_fingerprint": headers["X-device-fingerprint"],
            "agent": headers["X-agent"],
        }

    def _sso(self, path: str, access_token: str, fields: Mapping[str, str]) -> bytes:
        body = json_body(fields)
        headers = {
            "Host": self._authority,
            **({"X-tenant-id": self._tenant_id} if self._tenant_id else {}),
            "Authorization": f"Bearer {access_token}",
            "Content-Type": CONTENT_TYPE,
            "Content-Length": str(len(body)),
        }
        return b"POST %b HTTP/1.1\r\n%b\r\n%b" % (path.encode(), _lines(headers), body)

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
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (start, _lines(sent), len(body), body)


def probe_request(authority: str, device: DeviceProfile, tenant_id: str | None) -> bytes:
    """Return a request for the server's date, which changes nothing: to see whether anything answers."""
    headers = {"Host": authority, **device_headers(device, tenant_id)}
    return f"GET {SERVER_DATE_PATH} HTTP/1.1\r\n".encode() + _lines(headers) + b"\r\n"


def update_body(old_password: str, new_password: str) -> bytes:
    """Return the documented body of pwd/update."""
    return _json_of_two("old_password", old_password, "new_password", new_password)


def json_body(fields: Mapping[str, str | bool]) -> bytes:
    """Return a JSON object as a body, with the texts as they are: for calls that are not on the hot path."""
    return json.dumps(fields, ensure_ascii=False).encode()


def _json_of_two(name: str, value: str, other_name: str, other_value: str) -> bytes:
    """Return the JSON object of two texts: with the encoder's own function for a text, at a sixth of `json.dumps`."""
    return f'{{"{name}":{encode_basestring(value)},"{other_name}":{encode_basestring(other_value)}}}'.encode()


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
