"""TLS that ends in the proxy, so that faults can work on requests and answers of an HTTPS target."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsEnding:
    """How TLS ends in a proxy, and begins anew towards the target."""

    for_clients: ssl.SSLContext
    """Shows clients a certificate for the target's name; see `Authority`."""
    for_upstream: ssl.SSLContext
    """Verifies the target."""
    server_name: str
    """The name that the target must prove."""
