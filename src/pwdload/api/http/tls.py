"""What the TLS connections of a process share: the context, and the sessions that returning devices take up again.

Loading the CA bundle into a context costs 20 ms and 0.8 MB each time.
"""

import ssl
from collections import deque
from pathlib import Path

from pwdload.errors import UsageError

_SESSIONS_MAX = 1_000


class TlsSessions:
    """Sessions that earlier connections have left, for the connections of devices that return.

    A server cannot tell whose session is taken up, so any will do. The newest goes first, and goes once (RFC 8446, C.4)
    as long as there are others.
    """

    def __init__(self) -> None:
        self._kept: deque[ssl.SSLSession] = deque(maxlen=_SESSIONS_MAX)

    def keep(self, session: ssl.SSLSession | None) -> None:
        """Keep the session of a connection that is about to close; null: it had none that could be taken up."""
        if session is not None:
            self._kept.append(session)

    def take(self) -> ssl.SSLSession | None:
        """Return the session for a new connection; null when there is none."""
        if len(self._kept) > 1:
            return self._kept.pop()
        return self._kept[0] if self._kept else None


def client_context(
    ca_file: Path | None = None,
    certificate_file: Path | None = None,
    key_file: Path | None = None,
    *,
    further_ca: str = "",
) -> ssl.SSLContext:
    """Return a context that verifies the target's certificate and its name.

    Args:
        ca_file: PEM of the authorities to trust instead of the system's.
        certificate_file: PEM of the certificate, chain included, with which we introduce ourselves.
        key_file: PEM of its key, without a pass phrase; null: it is in `certificate_file`.
        further_ca: PEM text of an authority to trust besides, such as that of a fault proxy that ends TLS.

    Raises:
        UsageError: a file cannot be read, or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"CA file {str(ca_file)!r}: {_why(error)}; give a PEM file of CA certificates") from None
    if further_ca:
        context.load_verify_locations(cadata=further_ca)
    if certificate_file is None:
        if key_file is not None:
            raise UsageError(f"key file {str(key_file)!r}: a key alone; name its certificate as well")
        # Servers ask for a new handshake on an open connection (TLS 1.2) to see a certificate that we do not have.
        context.options |= ssl.OP_NO_RENEGOTIATION
        return context
    try:
        # The pass phrase would otherwise be asked for on the terminal, in the middle of a run.
        context.load_cert_chain(certificate_file, key_file, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        place = f"client certificate {str(certificate_file)!r}" + (f" with key {str(key_file)!r}" if key_file else "")
        raise UsageError(f"{place}: {_why(error)}; give PEM files that match, the key without pass phrase") from None
    return context


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return error.strerror or str(error)
