"""What a stand-in has counted of what it was asked: for the report, which holds it against what the load has seen."""

import time

from pwdload.api.contract import Answer
from pwdload.api.http import Address, Connection, is_loopback

_COUNTS_WITHIN_S = 2.0


def standin_counts(url: str) -> dict[str, object] | None:
    """Ask a target for its own counts; null when it keeps none, as any target but the stand-in.

    Only a target on this machine is asked: no other gets a request that its documentation does not know.
    """
    address = Address.parse(url)
    if address.scheme != "http" or not is_loopback(address.host):
        return None
    connection = Connection(address, clock=time.perf_counter, timeout_s=_COUNTS_WITHIN_S)
    exchange = connection.exchange(f"GET /standin/counts HTTP/1.1\r\nHost: {address.authority}\r\n\r\n".encode())
    connection.close()
    fields = Answer.parse(exchange.http_status, exchange.body).fields if exchange.http_status == 200 else None
    return dict(fields) if fields is not None and "counts" in fields else None
