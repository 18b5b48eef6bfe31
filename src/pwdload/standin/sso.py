"""From a session_token to the user: a one-time sso_ticket, asked for and redeemed by the application's server."""

from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call, mandatory_field
from pwdload.standin.headers import check_tenant
from pwdload.standin.parts import Parts
from pwdload.standin.reasons import Reason
from pwdload.standin.tenant_token import require_access_token

_DEVICE_FIELDS = ("operating_sys_version", "device_ip", "device_fingerprint")


class Sso:
    """POST .../sso/session-token/sso-ticket and POST .../sso/sso-ticket/verify."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def issue_ticket(self, call: Call) -> Answer:
        """Exchange a session_token for an sso_ticket; the device must be the one that logged in."""
        session_token, device_fingerprint = self._read(call, "session_token")
        user_id = self._parts.sessions.user_of(session_token, device_fingerprint)
        if user_id is None:
            raise Refusal(Reason.SESSION_TOKEN_INVALID)
        ticket = self._parts.sessions.issue_ticket(user_id, device_fingerprint)
        return Answer(fields={"expire": self._parts.settings.sso_ticket_life_s, "sso_ticket": ticket})

    async def redeem_ticket(self, call: Call) -> Answer:
        """Exchange an sso_ticket for the user; it serves once."""
        ticket, device_fingerprint = self._read(call, "sso_ticket")
        user_id = self._parts.sessions.redeem_ticket(ticket, device_fingerprint)
        account = self._parts.accounts.by_id(user_id) if user_id is not None else None
        if account is None:
            raise Refusal(Reason.SSO_TICKET_INVALID)
        user = {
            "userName": account.user_name,
            "id": account.user_id,
            "name": account.name,
            "mobile": account.mobile or "",
            "email": account.email,
        }
        return Answer(fields={"code": "200", "message": "success", "data": {"user": user}})

    def _read(self, call: Call, token_name: str) -> tuple[str, str]:
        """Return the token and the device fingerprint of a call whose other mandatory fields are there."""
        call.require_json()
        require_access_token(call, self._parts.sessions)
        check_tenant(call, self._parts.settings)
        fields = call.json_object()
        values = {name: mandatory_field(fields, name) for name in (token_name, *_DEVICE_FIELDS)}
        return values[token_name], values["device_fingerprint"]
