"""Does anything answer at a target, and if not, what is to be mended: one harmless request before all others."""

from collections.abc import Mapping
from typing import Final

from pwdload.api.connections import Connections
from pwdload.api.http import Exchange
from pwdload.api.http.proxy import PROXY_VARIABLE
from pwdload.api.request import probe_request
from pwdload.devices import DeviceProfile
from pwdload.errors import TargetError

_USUAL_REMEDY: Final = "is it running, and is this its address?"
_REMEDIES: Final[Mapping[str, str]] = {
    "tls_certificate": "name who has signed it as [target] ca_file of the scenario",
    "tls": "does it speak TLS, and want a certificate from us ([target] client_certificate)?",
    "proxy_auth": f"set {PROXY_VARIABLE} with the proxy's user and password in the environment",
    "proxy": "is the proxy running, and does it let us through to this target?",
}
"""What to do about a target that does not answer, by how the code begins."""
_OF_CERTIFICATES: Final[Mapping[str, str]] = {
    "expired": "have it renewed, or set this machine's clock",
    "not yet valid": "set this machine's clock, or wait until it is",
    "mismatch": "use a name that is in it, or state it as [target] server_name of the scenario",
}
"""The same by what the TLS library says of a certificate."""
_LASTING: Final = ("tls_certificate", "tls", "proxy_auth", "proxy_denied")
WANTS_CERTIFICATE: Final = b"SSL certificate"
"""What nginx says in the body of an HTTP 400 to a client that has shown none, or one that it does not trust."""


def check_answers(connections: Connections, url: str, device: DeviceProfile, tenant_id: str | None) -> None:
    """Make sure that something answers HTTP at the target, with a request for the server's date.

    It goes the way of all others: through the proxy, with the same trust and certificate.

    Raises:
        TargetError: nothing does, or what does wants another certificate of its clients.
    """
    if why := _trouble(_asked(connections, device, tenant_id)):
        raise TargetError(f"--host {url}: {why}")


def check_trust(connections: Connections, url: str, device: DeviceProfile, tenant_id: str | None) -> None:
    """Make sure, as `check_answers`, that nothing is wrong on the way to a target that waiting does not mend.

    One that is not there may come; a certificate does not become another one.

    Raises:
        TargetError: TLS fails, the proxy refuses, or the target wants another certificate of its clients.
    """
    exchange = _asked(connections, device, tenant_id)
    is_telling = exchange.http_status is not None or exchange.transport in _LASTING
    if is_telling and (why := _trouble(exchange)):
        raise TargetError(f"--host {url}: {why}")


def _asked(connections: Connections, device: DeviceProfile, tenant_id: str | None) -> Exchange:
    client = connections.client()
    exchange = client.exchange(probe_request(connections.address.authority, device, tenant_id))
    client.close()
    if exchange.interrupted is not None:
        raise exchange.interrupted
    return exchange


def _trouble(exchange: Exchange) -> str:
    """Return what is wrong, with its remedy; empty where nothing is."""
    if exchange.http_status == 400 and WANTS_CERTIFICATE in exchange.body:
        return (
            "HTTP 400: it wants a certificate that it trusts from its clients; state [target] client_certificate of "
            "the scenario"
        )
    if exchange.http_status is not None:
        return ""
    remedy = next((words for start, words in _REMEDIES.items() if exchange.transport.startswith(start)), _USUAL_REMEDY)
    if not exchange.why:
        return f"no answer ({exchange.transport}); {remedy}"
    remedy = next((words for said, words in _OF_CERTIFICATES.items() if said in exchange.why), remedy)
    return f"its certificate is refused ({exchange.why}), and nothing was sent; {remedy}"
