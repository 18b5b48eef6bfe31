"""How the clients connect: what `[target]` says of time-outs of single phases, and the words about them."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from pwdload.scenario.fields import Duration


class PhaseTimeouts(BaseModel):
    """How long single phases of an exchange may take; without a limit of its own, a phase ends with the exchange."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_s: Duration | None = Field(
        default=None, alias="connect", description="TCP connect, and once more what a proxy takes to let us through."
    )
    tls_s: Duration | None = Field(default=None, alias="tls", description="The TLS handshake.")
    first_byte_s: Duration | None = Field(
        default=None, alias="first_byte", description="From the request's last byte to the answer's first."
    )

    @property
    def stated(self) -> Mapping[str, float]:
        """The limits that have been stated, in seconds, by the names of their keys."""
        limits = {"connect": self.connect_s, "tls": self.tls_s, "first_byte": self.first_byte_s}
        return {name: limit_s for name, limit_s in limits.items() if limit_s is not None}
