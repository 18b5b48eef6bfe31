"""Every kind of fault there is: one fault, one short file."""

from collections.abc import Mapping
from types import MappingProxyType

from pwdload.errors import FaultError
from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.kinds import (
    bandwidth,
    black_hole,
    drop_answer,
    duplicate,
    garbage,
    http_error,
    latency,
    limit_data,
    noop,
    refuse,
    reset_peer,
    slicer,
    slow_close,
    timeout,
    tls_stall,
)
from pwdload.faults.toxic import Toxic

__all__ = ["KINDS", "Attribute", "Kind", "checked"]

_FILES = (
    noop,
    latency,
    bandwidth,
    slicer,
    slow_close,
    limit_data,
    timeout,
    reset_peer,
    black_hole,
    refuse,
    tls_stall,
    http_error,
    drop_answer,
    duplicate,
    garbage,
)

KINDS: Mapping[str, Kind] = MappingProxyType({file.KIND.name: file.KIND for file in _FILES})
"""By name."""


def checked(toxic: Toxic) -> Toxic:
    """Return the toxic with every attribute said.

    Raises `FaultError`, one line that names the attribute, its value and what is allowed.
    """
    if (kind := KINDS.get(toxic.kind)) is None:
        raise FaultError(f'toxic "{toxic.name}": no fault is named "{toxic.kind}"; there are: {", ".join(KINDS)}')
    return kind.checked(toxic)
