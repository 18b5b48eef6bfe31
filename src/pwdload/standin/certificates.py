"""A private authority and what it has signed, in files: as a company's own, for a staging system to practise on."""

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pwdload.standin.failure import StandinError

NAMES = ("localhost", "staging.localhost", "127.0.0.1", "::1")
"""What the server's certificate proves; a host that is listened on comes on top."""
_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """PEM files of one authority. Those that hold a key can be read by their owner alone."""

    ca: Path
    server: Path
    """Certificate and key."""
    client: Path
    """Certificate and key."""

    @classmethod
    def write(cls, folder: Path, host: str) -> "CertificateFiles":
        """Make a new authority, have it sign for a server and a client, and write all of it into a folder.

        The authority's own key is in no file: nobody can sign anything else with it.

        Raises:
            StandinError: a file cannot be written.
        """
        files = cls(ca=folder / "ca.pem", server=folder / "server.pem", client=folder / "client.pem")
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("pwdload stand-in: a private CA")
        authority = _authority(name, key)
        server = [_alternative(one) for one in dict.fromkeys((*NAMES, host))]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files.ca.write_bytes(_pem(authority))
            _keep(files.server, *_signed(authority, key, NAMES[1], server, ExtendedKeyUsageOID.SERVER_AUTH))
            _keep(files.client, *_signed(authority, key, "load test", [], ExtendedKeyUsageOID.CLIENT_AUTH))
        except OSError as error:
            raise StandinError(
                f"--tls {folder}: {(error.strerror or str(error)).lower()}; name a folder that can be written to"
            ) from None
        return files

    def resolved(self) -> "CertificateFiles":
        """Return the same files by their absolute paths."""
        return CertificateFiles(ca=self.ca.resolve(), server=self.server.resolve(), client=self.client.resolve())


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_USAGE_OF_CA, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _signed(
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    name: str,
    alternatives: list[x509.GeneralName],
    usage: x509.ObjectIdentifier,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = _builder(_name(name), authority.subject, key).add_extension(issuer, critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(signer, hashes.SHA256()), key


def _keep(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.unlink(missing_ok=True)  # the mode below is that of a new file
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_pem(certificate) + text)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
    )


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
