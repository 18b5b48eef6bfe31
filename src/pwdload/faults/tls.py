"""TLS that ends in the proxy, so that faults can work on requests and answers of an HTTPS target.

Clients are shown a certificate for the target's name, signed by a CA that lives as long as the process; they must be
told to trust it. The CA's certificate may be written to a file. No private key is ever in one, but for an instant the
leaf's, under a passphrase that nobody keeps: the `ssl` module takes a key in no other way.
"""

import datetime as dt
import ipaddress
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pwdload.errors import FaultError

_LASTS = dt.timedelta(days=7)
"""Longer than any run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsEnding:
    """How TLS ends in a proxy, and begins anew towards the target."""

    for_clients: ssl.SSLContext
    """Shows clients a certificate for the target's name; `Authority.context_for` makes it."""
    for_upstream: ssl.SSLContext
    """Verifies the target, and speaks HTTP/1.1 with it: nothing is offered by ALPN."""
    server_name: str
    """The name, or the IP address, that the target must prove."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A throw-away CA, in memory."""

    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @classmethod
    def make(cls, name: str = "pwdload fault proxy: a throw-away CA") -> "Authority":
        """Make a new CA of this name, which nobody trusts yet."""
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(name)
        certificate = (
            _builder(subject, subject, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_USAGE_OF_CA, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def pem(self) -> str:
        """Return the CA's certificate as PEM, for clients to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def write(self, path: Path) -> None:
        """Write the CA's certificate as PEM, for clients to trust. Raises `FaultError` where that cannot be."""
        try:
            path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        except OSError as error:
            raise FaultError(f"{path}: the CA's certificate cannot be written: {error.strerror or error}") from None

    def sign(self, name: str, lasts: dt.timedelta = _LASTS) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """Return a new certificate for a host name or IP address, and its key; less than nothing: it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(_name(name), self._certificate.subject, key, lasts)
            .add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate, key

    def context_for(self, name: str) -> ssl.SSLContext:
        """Return a server's context with a new certificate for this host name or IP address."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        _load(context, *self.sign(name))
        return context


def _load(context: ssl.SSLContext, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    passphrase = secrets.token_bytes(32).hex()
    sealed = serialization.BestAvailableEncryption(passphrase.encode())
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed))
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name, password=passphrase)


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
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: dt.timedelta = _LASTS
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + lasts)
    )
