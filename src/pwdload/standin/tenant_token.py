"""The access_token of the management API: OAuth 2.0 client credentials, in a form or by HTTP Basic."""

import base64
import binascii
import hmac
from urllib.parse import parse_qsl, unquote_plus

from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call
from pwdload.standin.parts import Parts
from pwdload.standin.reasons import Reason
from pwdload.standin.sessions import Sessions

_FORM = "application/x-www-form-urlencoded"


class TenantToken:
    """POST /api/v2/tenant/token. Refusals are OAuth's: ``error`` and ``error_description``."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._sessions = parts.sessions
        self._id_tokens = parts.id_tokens

    async def issue(self, call: Call) -> Answer:
        """Hand out an access_token."""
        form = self._form(call)
        if form.get("grant_type") != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type", "grant_type must be client_credentials")
        client_id, client_secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not self._is_known(client_id, client_secret):
            return _oauth_error(401, "invalid_client", "Bad client credentials")
        return Answer(
            fields={
                "access_token": self._sessions.issue_access_token(),
                "token_type": "Bearer",
                "expires_in": int(self._settings.access_token_life_s),
                "scope": "all",
                "id_token": self._id_tokens.issue_to_client(client_id),
            }
        )

    @staticmethod
    def _form(call: Call) -> dict[str, str]:
        """Return the parameters; the documentation shows them in the body, and in the query beside HTTP Basic."""
        if call.body and call.media_type() != _FORM:
            raise Refusal(Reason.CONTENT_TYPE_WRONG, _FORM)
        return {**call.query(), **dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))}

    def _is_known(self, client_id: str, client_secret: str) -> bool:
        settings = self._settings
        is_client = hmac.compare_digest(client_id.encode(), settings.tenant_client_id.encode())
        is_secret = hmac.compare_digest(client_secret.encode(), settings.tenant_client_secret.encode())
        return is_client and is_secret


def require_access_token(call: Call, sessions: Sessions) -> None:
    """Return if the call carries a valid access_token.

    Raises:
        Refusal: it carries none, or one that is unknown or expired.
    """
    scheme, _, token = call.header("Authorization").partition(" ")
    if scheme.lower() != "bearer" or not sessions.is_access_token(token.strip()):
        raise Refusal(Reason.ACCESS_TOKEN_INVALID)


def _basic(call: Call) -> tuple[str, str] | None:
    """Return the credentials of HTTP Basic; null when another scheme or none is used."""
    scheme, _, encoded = call.header("Authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, client_secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)


def _oauth_error(http_status: int, error: str, description: str) -> Answer:
    return Answer(http_status=http_status, fields={"error": error, "error_description": description})
