"""A lean HTTP/1.1 connection: one socket, prebuilt request bytes, httptools' parser, times of every phase.

It uses the ordinary `socket` module, so under Locust (which patches it) it is cooperative, and without Locust it is
plain blocking code. Nothing that the network or the target does escapes as an exception: it becomes an `Exchange`
with a `TransportCode`. A request whose first byte was handed to the socket is never sent again.

    exchange.py    Exchange, TransportCode, Options: the values
    address.py     Address of a target, Resolver of names
    dial.py        from an address to an open stream: connect, proxy, TLS
    stream.py      open byte streams, plain and TLS
    tls.py         the shared TLS context and sessions
    proxy.py       CONNECT
    answer.py      from bytes to one answer
    coding.py      gzip and deflate
    connection.py  Connection: exchange after exchange over a kept stream
"""

from pwdload.api.http.address import Address, Resolver, is_loopback
from pwdload.api.http.connection import Connection
from pwdload.api.http.exchange import Exchange, Options, TransportCode
from pwdload.api.http.proxy import Proxy
from pwdload.api.http.stream import Ready
from pwdload.api.http.tls import TlsSessions, client_context

__all__ = [
    "Address",
    "Connection",
    "Exchange",
    "Options",
    "Proxy",
    "Ready",
    "Resolver",
    "TlsSessions",
    "TransportCode",
    "client_context",
    "is_loopback",
]
