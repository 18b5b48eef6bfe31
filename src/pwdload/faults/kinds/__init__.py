"""Every kind of fault there is: one fault, one short file."""

from collections.abc import Mapping
from types import MappingProxyType

from pwdload.errors import FaultError
from pwdload.faults.kind import Attribute, Kind
from pwdload.faults.kinds import latency, noop
from pwdload.faults.toxic import Toxic

__all__ = ["KINDS", "Attribute", "Kind", "checked"]

KINDS: Mapping[str, Kind] = MappingProxyType({module.KIND.name: module.KIND for module in (noop, latency)})
"""By name."""


def checked(toxic: Toxic) -> Toxic:
    """Return the toxic with every attribute said.

    Raises `FaultError`, one line that names the attribute, its value and what is allowed.
    """
    if (kind := KINDS.get(toxic.kind)) is None:
        raise FaultError(f'toxic "{toxic.name}": no fault is named "{toxic.kind}"; there are: {", ".join(KINDS)}')
    return kind.checked(toxic)
