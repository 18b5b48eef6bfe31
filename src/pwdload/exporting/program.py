"""The process that serves and pushes metrics: it is handed snapshots, and ends when nobody hands it any more.

It takes nothing from the load but what the process in charge spends on handing one over. Whatever becomes of a scraper
or of a collector happens here, and is left behind when the time for it is over.
"""

import argparse
import json
import os
import pickle
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from pwdload.errors import UsageError
from pwdload.watched import Snapshot

MESSAGE_BYTES_MAX: Final = 1 << 20
"""No snapshot is as large: the kernel refuses one, and the next comes a second later."""
LAST_SCRAPE_WITHIN_S: Final = 20.0
"""For so long after a run the last values are kept for a Prometheus that has scraped before; its port is free then."""
LAST_PUSH_WITHIN_S: Final = 5.0
"""For so long the last push may take; a collector that hangs is left then."""


class Exporting:
    """What one process serves and pushes."""

    def __init__(self, host: str, port: int | None, *, otlp: bool) -> None:
        """Begin to serve; see `--prometheus-port` and `--otlp`.

        Raises:
            UsageError: it cannot be served, or pushed.
        """
        self.latest: Snapshot | None = None
        self._changed_s = 0.0
        """When what is counted last changed, on the monotonic clock: a scrape since then has seen the last of it."""
        self._server = self._push = None
        if otlp:
            from pwdload.exporting.otlp import OtlpPush  # noqa: PLC0415 - an extra

            try:
                self._push = OtlpPush()
            except Exception as error:  # noqa: BLE001 - theirs, and its words may repeat a secret
                raise UsageError(
                    f"--otlp: OpenTelemetry cannot use what the environment says ({type(error).__name__}); "
                    "correct the variables OTEL_EXPORTER_OTLP_..."
                ) from None
        if port is not None:
            from pwdload.exporting.prometheus import PrometheusServer  # noqa: PLC0415 - an extra

            self._server = PrometheusServer(host, port, lambda: self.latest)

    @property
    def url(self) -> str:
        """What can be scraped; empty where nothing can."""
        return self._server.url if self._server is not None else ""

    def show(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot."""
        if self.latest is None or _counted(snapshot) != _counted(self.latest):
            self._changed_s = time.monotonic()
        self.latest = snapshot
        if self._push is not None:
            self._push.show(snapshot)

    def end(self) -> None:
        """Give scraper and collector their last chance, both at once, and each no longer than it may take."""
        begun_s = time.monotonic()
        last = threading.Thread(target=self._push.end, daemon=True) if self._push is not None else None
        if last is not None:
            last.start()
        if self._server is not None and self.latest is not None:
            until_s = self._changed_s + LAST_SCRAPE_WITHIN_S
            while (now_s := time.monotonic()) < until_s and self._server.wants(self._changed_s, now_s) > 0.0:
                time.sleep(0.05)
        if last is not None:
            last.join(max(begun_s + LAST_PUSH_WITHIN_S - time.monotonic(), 0.0))


def _counted(snapshot: Snapshot) -> tuple[object, ...]:
    return (snapshot.run_id, snapshot.phase, snapshot.outcomes, snapshot.changes, snapshot.codes)


def serve(channel: socket.socket, exporting: Exporting) -> None:
    """Show what comes until whoever hands it over has gone."""
    while message := channel.recv(MESSAGE_BYTES_MAX):
        snapshot = pickle.loads(message)  # noqa: S301 - from our own parent, over a socket that has no name
        exporting.show(snapshot)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process; return its exit code. It says where it serves, or what is wrong, as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m pwdload.exporting", description=__doc__)
    parser.add_argument(
        "--channel", type=int, required=True, help="file descriptor of the socket that snapshots come by"
    )
    parser.add_argument("--prometheus-host", default="127.0.0.1")
    parser.add_argument("--prometheus-port", type=int)
    parser.add_argument("--otlp", action="store_true")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us ends us
    channel = socket.socket(fileno=options.channel)
    channel.setblocking(True)  # gevent's sockets, of which it is one, are not
    try:
        exporting = Exporting(options.prometheus_host, options.prometheus_port, otlp=options.otlp)
    except UsageError as error:
        _announce({"error": str(error)})
        return error.exit_code
    _announce({"url": exporting.url})
    serve(channel, exporting)
    exporting.end()
    os._exit(0)  # a thread that waits for a collector that hangs must not be waited for


def _announce(what: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
