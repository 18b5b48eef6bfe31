"""What holds of connections that wait by themselves, of those whose requests are gathered: the same tests once more.

Run by a test as ``python -m gevent.monkey --module tests.harness.gathered``: the tests' own servers are greenlets then.
"""

import dataclasses
import socket
import sys
import time
from typing import Any

import pytest

from pwdload.api.http import Connection, Options
from pwdload.harness.readiness import Inflow

TESTS = ("test_http.py", "test_http_hostile.py", "test_http_tls.py", "test_http_proxy.py")
_LEFT_OUT = (
    "test_what_the_socket_did_not_take_was_not_sent",  # has the stream's own sending fail, which is not used here
    "test_being_killed_in_mid_request_is_recorded_before_it_is_raised",  # likewise its own receiving
    "test_half_a_record_is_no_first_byte",  # its server cannot get round TLS with sockets that are greenlets' ones
)


def gather() -> None:
    """Have every connection of this process send and wait as those of a run do."""
    make, inflow = Connection.__init__, Inflow(time.perf_counter)

    def made(self: Connection, *arguments: Any, options: Options | None = None, **named: Any) -> None:
        gathering = dataclasses.replace(options or Options(), ready=inflow.watch)
        make(self, *arguments, options=gathering, **named)

    Connection.__init__ = made  # type: ignore[method-assign]


if __name__ == "__main__":
    assert "gevent" in socket.socket.__module__, "sockets are not patched"
    gather()
    left_out = " and ".join(f"not {name}" for name in _LEFT_OUT)
    options = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-k", left_out]
    sys.exit(pytest.main([*options, *(f"tests/api/{name}" for name in TESTS)]))
