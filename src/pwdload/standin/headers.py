"""The common headers of the SDK calls."""

from pwdload.standin.answers import Refusal
from pwdload.standin.call import Call
from pwdload.standin.reasons import LANGUAGES, Language, Reason
from pwdload.standin.settings import Settings
from pwdload.standin.tokens import Caller

_DEVICE_HEADERS = ("X-operating-sys-version", "X-device-fingerprint", "X-agent")


def sdk_caller(call: Call, settings: Settings) -> Caller:
    """Return who calls, after the common headers have been checked: device, application, tenant.

    Raises:
        Refusal: a mandatory header is missing or blank, or names something unknown.
    """
    for name in _DEVICE_HEADERS:
        if not call.header(name):
            raise Refusal(Reason.HEADER_MISSING, name)
    client_id = call.header("X-client-id")
    if not client_id:
        raise Refusal(Reason.CLIENT_ID_MISSING)
    if client_id in settings.disabled_client_ids:
        raise Refusal(Reason.APP_DISABLED)
    if client_id not in settings.client_ids:
        raise Refusal(Reason.APP_UNKNOWN)
    check_tenant(call, settings)
    return Caller(client_id=client_id, device_fingerprint=call.header("X-device-fingerprint"))


def check_tenant(call: Call, settings: Settings) -> None:
    """Return if the tenant is right; it matters only in ISV mode.

    Raises:
        Refusal: X-tenant-id is missing, blank or unknown.
    """
    if settings.isv_mode and call.header("X-tenant-id") not in settings.tenants:
        raise Refusal(Reason.TENANT_UNKNOWN)


def language(call: Call, settings: Settings) -> Language:
    """Return the language of error messages: X-L, such as ``zh`` or ``zh-CN``, where it is one we speak."""
    wanted = call.header("X-L").lower().replace("_", "-").partition("-")[0]
    return next((spoken for spoken in LANGUAGES if spoken == wanted), settings.language_default)
