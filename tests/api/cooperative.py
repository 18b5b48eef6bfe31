"""What must hold under gevent. Run by a test as ``python -m gevent.monkey --module tests.api.cooperative``.

Threads are greenlets here, and locks and sockets let others run: only in a process of its own.
"""

import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.servers import Act, ScriptedServer, hold, say, stay_silent
from tests.tls import Authority, TlsServer

from pwdload.api.http import Address, Connection, Exchange, Options, client_context

REQUEST = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LARGE = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 20000000\r\n\r\n" + bytes(20_000_000)


def connect(port: int, timeout_s: float = 2.0, options: Options | None = None) -> Connection:
    """Return a connection to a port of loopback."""
    address = Address(scheme="http", host="127.0.0.1", port=port)
    return Connection(address, clock=time.perf_counter, timeout_s=timeout_s, options=options or Options())


def one(act: Act, request: bytes = REQUEST, timeout_s: float = 2.0) -> Exchange:
    """Return one exchange with a server that does one act."""
    with ScriptedServer([act]) as server:
        connection = connect(server.port, timeout_s)
        result = connection.exchange(request)
        connection.close()
    return result


def users_wait_side_by_side() -> None:
    """Ten users whose time-outs of 0.2 s run at the same time take 0.2 s."""
    with ScriptedServer([stay_silent]) as server:
        results: list[Exchange] = []
        threads = [
            threading.Thread(target=lambda: results.append(connect(server.port, 0.2).exchange(REQUEST)))
            for _ in range(10)
        ]
        begun_s = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [result.transport for result in results] == ["timeout"] * 10
        assert time.perf_counter() - begun_s < 1.0


def nobody_runs_between_start_and_first_byte_sent() -> None:
    """The liveness check lets no other user in after the clock has started."""
    with ScriptedServer([say(OK), say(OK)]) as server:
        connection = connect(server.port)
        connection.exchange(REQUEST)
        ran: list[float] = []
        go = threading.Event()
        other = threading.Thread(target=lambda: ran.append(time.perf_counter()) if go.wait() else None)
        other.start()
        go.set()  # from now on the other runs as soon as anybody lets it
        result = connection.exchange(REQUEST)
        connection.close()
        other.join()
    assert result.sent_s is not None
    assert result.connect_s is None
    assert ran[0] > result.sent_s


def large_requests_and_full_buffers() -> None:
    """A request that does not fit is sent piece by piece, given up in time, and its early refusal is read."""
    assert one(say(OK), LARGE, timeout_s=20.0).bytes_sent == len(LARGE)
    assert one(hold, LARGE, timeout_s=0.1).transport == "timeout"

    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(OK.replace(b"200 OK", b"413 No"))
        hold(connection)

    assert one(refuse, LARGE).http_status == 413


def tls_is_kept_resumed_and_timed_out() -> None:
    """TLS needs nothing of the patched library but its sockets."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority.make(Path(folder))
        options = Options(resume=True, tls_s_max=0.2)
        with TlsServer(authority.server_context(), [say(OK), say(OK)], [say(OK)]) as server:
            address = Address(scheme="https", host="localhost", port=server.port)
            connection = Connection(
                address,
                clock=time.perf_counter,
                timeout_s=2.0,
                tls=client_context(authority.file),
                options=options,
            )
            results = [connection.exchange(REQUEST) for _ in range(2)]
            server.wait_until_closed()
            results.append(connection.exchange(REQUEST))
            connection.close()
        assert [result.transport for result in results] == [""] * 3
        assert [result.tls_resumed for result in results] == [False, None, True]


def main() -> None:
    """Run all; whatever fails ends the process with a traceback."""
    assert "gevent" in socket.socket.__module__, "sockets are not patched"
    users_wait_side_by_side()
    nobody_runs_between_start_and_first_byte_sent()
    large_requests_and_full_buffers()
    tls_is_kept_resumed_and_timed_out()
    sys.stdout.write("ok\n")


if __name__ == "__main__":
    main()
