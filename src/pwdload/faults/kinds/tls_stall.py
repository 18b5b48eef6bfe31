"""TLS does not get under way."""

import math

from pwdload.faults.kind import Kind
from pwdload.faults.stage import End, Place, Stage, Waiting
from pwdload.faults.toxic import Scope

_HANDSHAKE = 22
"""First byte of every record of a handshake (RFC 8446, section 5.1)."""


class TlsStall(Waiting):
    """Holds a ClientHello, or the answer to it, until the fault is healed; what is no handshake passes."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._holds: bool | None = None

    def data(self, data: bytes) -> None:
        """Hold it."""
        if self._holds is None:
            self._holds = data[0] == _HANDSHAKE
        self.wait(data, math.inf if self._holds else 0.0)

    def end(self, how: End) -> None:
        """Hand on that the source has broken off; hold everything else."""
        if how is End.RESET or not self._holds:
            self.onward.end(how)
        else:
            self.wait(how, math.inf)


def _stage(place: Place) -> Stage | None:
    return TlsStall(place) if place.fresh else None  # a connection on which something was said is past it


KIND = Kind(
    name="tls_stall",
    words="holds the TLS handshake of new connections until it is healed",
    scopes=(Scope.CONNECTION,),
    stage=_stage,
)
