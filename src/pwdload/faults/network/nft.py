"""TCP that is dropped without a word, or refused by a reset: `nft`, in a table of ours.

The table has the fault's name in it; that is the mark by which a later process knows it. The rules hold for what
arrives, leaves and is forwarded, so that it does not matter whose namespace it is: the target's, the clients' or a
router's between them.
"""

import re
from collections.abc import Iterator

from pwdload.errors import FaultError
from pwdload.faults.guardian import Guardian
from pwdload.faults.network.place import Namespace, checked_device, missing_tool
from pwdload.faults.network.probe import require
from pwdload.faults.toxic import Stream

_HOOKS = {"arriving": "input", "leaving": "output", "passing": "forward"}
_DEVICES = {"arriving": ("iifname",), "leaving": ("oifname",), "passing": ("iifname", "oifname")}
_NAME_LENGTH_MAX = 40


class _Table:
    """What drop and reject have in common."""

    def __init__(self, namespace: Namespace, name: str, match: str, verdict: str, device: str) -> None:
        self._namespace = namespace
        self._table = _table(name)
        self._rule = f"{match} {verdict}"
        self._device = checked_device(device) if device else ""
        self._guardian: Guardian | None = None
        self._is_probed = False

    def check(self) -> None:
        """Return if this kernel has nftables, and the namespace and the interface are there."""
        if not self._is_probed:  # a kernel does not change in the midst of a run, and trying takes a while
            require("nft", self._namespace.run)
            self._is_probed = True
        self._namespace.require(self._device)

    def inject(self) -> None:
        """Make the table, in the place of one that we or an earlier process of ours have made."""
        if self._guardian is None:
            delete = self._namespace.within("nft", "delete", "table", "inet", self._table)
            self._guardian = Guardian('"$@"', *delete)
        self._namespace.must("nft", "-f", "-", text_in=self.rules())
        if not self._is_there():
            raise FaultError(f"table {self._table}: was made and is not there; look at `nft list tables`")

    def heal(self) -> None:
        """Delete the table if it is there, whoever of us has made it; a namespace that is gone has none."""
        if self._namespace.exists() and not missing_tool("nft") and self._is_there():
            self._namespace.must("nft", "delete", "table", "inet", self._table)
            if self._is_there():
                raise FaultError(f"table {self._table}: was deleted and is still there")
        if self._guardian is not None:
            self._guardian.dismiss()
            self._guardian = None

    def rules(self) -> str:
        """Return what nft is told: one transaction, after which there is this table, whatever there was."""
        chains = "".join(
            f"  chain {chain} {{\n    type filter hook {hook} priority -10; policy accept;\n"
            + "".join(f"    {device}{self._rule}\n" for device in self._devices(chain))
            + "  }\n"
            for chain, hook in _HOOKS.items()
        )
        table = f"table inet {self._table}"
        return f"{table} {{ }}\ndelete {table}\n{table} {{\n{chains}}}\n"

    def _devices(self, chain: str) -> Iterator[str]:
        if not self._device:
            yield ""
            return
        for way in _DEVICES[chain]:
            yield f'{way} "{self._device}" '

    def _is_there(self) -> bool:
        return f"table inet {self._table}" in self._namespace.must("nft", "list", "tables").splitlines()


class NftDrop(_Table):
    """TCP packets to the target's port, or downstream from it, vanish: a black hole, for open connections too."""

    def __init__(
        self, namespace: Namespace, name: str, port: int, *, stream: Stream = Stream.UPSTREAM, device: str = ""
    ) -> None:
        way = "dport" if stream is Stream.UPSTREAM else "sport"
        super().__init__(namespace, name, f"tcp {way} {_port(port)}", "drop", device)


class NftReject(_Table):
    """TCP packets to the target's port are answered by a reset: new connections are refused, open ones are reset."""

    def __init__(self, namespace: Namespace, name: str, port: int, *, device: str = "") -> None:
        super().__init__(namespace, name, f"tcp dport {_port(port)}", "reject with tcp reset", device)


def _port(port: int) -> int:
    if not 1 <= port <= 65_535:
        raise FaultError(f"port {port}: not one of 1 to 65535")
    return port


def _table(name: str) -> str:
    """Return a table's name for a fault's: letters, digits and underscores."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:_NAME_LENGTH_MAX]
    if not plain:
        raise FaultError(f"fault {name!r}: no letter or digit in its name, which its table is named after")
    return f"pwdload_{plain}"
