"""TLS that ends in a proxy, as it is asked for over the API: made of files on this machine and a CA of this process."""

import ssl
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from pwdload.errors import FaultError
from pwdload.faults.addresses import HostPort
from pwdload.faults.control.shapes import ProxySpec, TlsSpec
from pwdload.faults.tls import Authority, TlsEnding

_T = TypeVar("_T")


class Endings:
    """Makes the TLS of proxies. One throw-away CA signs for all of them: clients have one to trust."""

    @cached_property
    def authority(self) -> Authority:
        """The CA; made when it is first needed."""
        return Authority.make()

    def of(self, spec: ProxySpec) -> TlsEnding | None:
        """Return the TLS of a proxy; null for one that passes bytes on as they are.

        Raises:
            FaultError: a file cannot be used.
        """
        tls = spec.tls
        if tls is None:
            return None
        name = tls.server_name or HostPort.parse(spec.upstream, place="upstream").host
        for_upstream = ssl.create_default_context()
        if tls.ca_file:
            for_upstream = _read("ca_file", tls.ca_file, lambda: ssl.create_default_context(cafile=tls.ca_file))
        if tls.certificate:
            load = for_upstream.load_cert_chain
            _read("certificate", tls.certificate, lambda: load(tls.certificate, tls.key or None, password=""))
        return TlsEnding(for_clients=self.authority.context_for(name), for_upstream=for_upstream, server_name=name)

    def document(self, tls: TlsSpec) -> dict[str, object]:
        """Return the TLS of a proxy as JSON, with the CA's certificate for clients to trust."""
        return {**tls.document(), "authority": self.authority.pem()}


def _read(field: str, path: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise FaultError(f"tls: {field} {path}: cannot be used ({why.lower()}); give a file in PEM format") from None
