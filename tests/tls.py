"""A throw-away certificate authority for tests, and TLS on the scripted server's connections."""

import datetime as dt
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from tests.servers import Act, ScriptedServer

from pwdload.faults.tls import Authority as Signer


@dataclass(frozen=True)
class Authority:
    """A CA as the fault proxy's, and files of what it has signed."""

    folder: Path
    signer: Signer

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        """Make a new CA, whose files go into this folder."""
        authority = cls(folder, Signer.make("a CA of the tests"))
        authority.signer.write(authority.file)
        return authority

    @property
    def file(self) -> Path:
        """The CA's certificate."""
        return self.folder / "ca.pem"

    def issue(self, name: str, *, expired: bool = False) -> Path:
        """Return a file with a certificate for a name (or an IP address) and its key."""
        certificate, key = self.signer.sign(name, dt.timedelta(days=-1 if expired else 1))
        path = self.folder / f"{name}{'-expired' if expired else ''}.pem"
        plain = serialization.NoEncryption()
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        return path

    def server_context(self, name: str = "localhost", *, expired: bool = False, mutual: bool = False) -> ssl.SSLContext:
        """Return a server's context with a certificate for this name; `mutual`: it wants one from its clients too."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.issue(name, expired=expired))
        if mutual:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        return context


class TlsServer(ScriptedServer):
    """A scripted server whose connections begin with a TLS handshake."""

    def __init__(self, context: ssl.SSLContext, *connections: Sequence[Act]) -> None:
        self.seen: list[str | None] = []
        """The name that each client asked for (SNI); null for none."""
        context.sni_callback = self._note_name
        super().__init__(*connections, wrap=lambda sock: context.wrap_socket(sock, server_side=True))

    def _note_name(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.seen.append(name)
