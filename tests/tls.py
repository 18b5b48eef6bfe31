"""A throw-away certificate authority for tests, and TLS on the scripted server's connections."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.servers import Act, ScriptedServer


@dataclass(frozen=True)
class Authority:
    """A CA, and files of what it has signed."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        """Make a new CA, whose files go into this folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("a CA of the tests")
        certificate = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_USAGE_OF_CA, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        authority = cls(folder, key, certificate)
        (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def file(self) -> Path:
        """The CA's certificate."""
        return self.folder / "ca.pem"

    def issue(self, name: str, *, expired: bool = False) -> Path:
        """Return a file with a certificate for a name (or an IP address) and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternative = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        certificate = (
            _builder(_name(name), self.certificate.subject, key, days=-1 if expired else 1)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
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


_USAGE_OF_CA = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 1
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
    )
