"""Sockets to what is asked beside the target: its metrics, a fault proxy's control API. Plain ones of the library."""

import socket
from collections.abc import Iterable

from pwdload.api.http import Resolver
from pwdload.api.permission import check_addresses_allowed


def connected(host: str, port: int, timeout_s: float | None, allowed: Iterable[str]) -> socket.socket:
    """Return an open socket to a host, which has been allowed by its name, once every address of it is allowed too.

    It goes to one of the addresses that were looked at: the name is not looked up again, which might lead elsewhere.

    Args:
        host: a name or an address.
        port: of it.
        timeout_s: for each address, and for all that is done with the socket later; null: none.
        allowed: hosts and addresses that somebody has named.

    Raises:
        UsageError: one of the addresses is not allowed; nothing was opened.
        OSError: the name has no address, or none of them answers.
    """
    known = tuple(allowed)
    found = Resolver(lambda name, addresses: check_addresses_allowed(name, addresses, known)).look_up(host, port)
    for place, endpoint in enumerate(found, start=1):
        sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        try:
            sock.connect(endpoint.sockaddr)
        except OSError:
            sock.close()
            if place == len(found):
                raise
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise AssertionError("a look-up is never empty")
