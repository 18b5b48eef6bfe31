"""The process that exports: what a scraper or a collector does to it, a run must not feel."""

import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from types import MappingProxyType

import pytest
from tests.bench.cpu import rss_bytes
from tests.e2e.runs import free_port
from tests.exporting.collector import collector
from tests.watched.course import later
from tests.watched.snapshots import full, starting

from pwdload.errors import UsageError
from pwdload.exporting import extras
from pwdload.exporting.process import ENDS_WITHIN_S, ExportProcess
from pwdload.exporting.program import LAST_PUSH_WITHIN_S
from pwdload.watched import Phase

OF_RUN = r'run_id="run-1",scenario="Monday \"rush\", 100 %"'
LAST = replace(full(), phase=Phase.ENDED)


@contextmanager
def exporting(
    *, port: int | None = 0, otlp: bool = False, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[ExportProcess]:
    """Run the process, and see that it is gone in the end."""
    process = ExportProcess.start(host="127.0.0.1", port=port, otlp=otlp, environment=os.environ | dict(settings))
    try:
        yield process
    finally:
        if not process.is_gone:
            process.stop()
    assert process.is_gone


def scrape(process: ExportProcess) -> str:
    """Return what a Prometheus would get."""
    connection = HTTPConnection(process.url.split("/")[2], timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def shows(process: ExportProcess, what: str) -> Callable[[], bool]:
    """Return a question: does a scrape have this in it?"""
    return lambda: what in scrape(process)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for another process; it has real time."""
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_what_is_shown_can_be_scraped_and_the_port_is_free_in_the_end() -> None:
    """The newest snapshot, on loopback; nobody scraped the last one, who has scraped before, so it is waited for."""
    with exporting() as process:
        assert process.show(starting())
        wait_until(shows(process, 'phase="starting"'))
        host, port = process.url.split("/")[2].split(":")
        said: list[str] = []
        process.stop(starting(), lambda: said.append("slow"))  # seen already: there is nothing to wait for
        assert not said
        assert host == "127.0.0.1"
        socket.create_server((host, int(port))).close()


def test_a_taken_port_is_one_line() -> None:
    """Told before the first request, with what to do."""
    port = int(free_port())
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(UsageError, match=f"--prometheus-port {port}: cannot listen there on 127.0.0.1") as told,
    ):
        ExportProcess.start(host="127.0.0.1", port=port, otlp=False)
    assert "\n" not in str(told.value)


def test_a_missing_library_is_one_line_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for metrics without the extra is told which pip command brings it."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name.startswith("prometheus") else object())
    with pytest.raises(UsageError, match=r"^--prometheus-port: .*pip install 'pwdload\[prometheus\]'$"):
        extras.require_extra("prometheus", "--prometheus-port")
    assert extras.has_extra("otlp")


@pytest.mark.slow
def test_whoever_reads_slowly_or_not_at_all_holds_up_nobody() -> None:
    """Twenty scrapers that never read: another one is served, and handing over a snapshot takes no time."""
    with exporting() as process:
        host, port = process.url.split("/")[2].split(":")
        lazy = [socket.create_connection((host, int(port))) for _ in range(20)]
        for one in lazy:
            one.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        took_s = []
        for number in range(200):
            begun_s = time.perf_counter()
            process.show(replace(full(), at_s=float(number)))
            took_s.append(time.perf_counter() - begun_s)
        wait_until(shows(process, "pwdload_requests_total"))
        assert max(took_s) < 0.1
        for one in lazy:
            one.close()
        process.stop()


@pytest.mark.slow
def test_a_process_that_is_stuck_is_neither_waited_for_nor_left() -> None:
    """Stopped by SIGSTOP, it takes no more snapshots; showing goes on without waiting, and the end is in bounds."""
    with exporting() as process:
        os.kill(process.pid, signal.SIGSTOP)
        begun_s = time.monotonic()
        taken = [process.show(full()) for _ in range(5_000)]
        assert time.monotonic() - begun_s < 5
        assert not taken[-1]
        begun_s = time.monotonic()
        process.stop(LAST)
        assert time.monotonic() - begun_s < ENDS_WITHIN_S + 1


@pytest.mark.slow
def test_a_collector_that_hangs_delays_the_end_by_its_bound_at_most() -> None:
    """The last push is given up after its time, and the process is gone."""
    with collector(hangs=True) as kept:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": kept.url, "OTEL_METRIC_EXPORT_INTERVAL": "200"}
        with exporting(port=None, otlp=True, settings=settings) as process:
            process.show(full())
            time.sleep(1)
            begun_s = time.monotonic()
            process.stop(LAST)
            assert time.monotonic() - begun_s < LAST_PUSH_WITHIN_S + 2


@pytest.mark.slow
def test_a_scraper_that_comes_regularly_gets_the_last_values() -> None:
    """It is waited for as long as it usually takes, and a moment; who came never is not waited for."""
    with exporting() as process:
        process.show(full())
        wait_until(shows(process, "pwdload_requests_total"))
        time.sleep(1.0)
        scrape(process)
        begun_s = time.monotonic()
        process.stop(LAST)
        assert 0.5 < time.monotonic() - begun_s < 5
    with exporting() as process:
        process.show(full())
        begun_s = time.monotonic()
        process.stop(LAST)
        assert time.monotonic() - begun_s < 2


@pytest.mark.slow
def test_it_does_not_stay_behind() -> None:
    """Whoever hands over snapshots may be killed: the kernel closes the channel, and the process ends by itself."""
    with exporting() as process:
        process.hang_up()
        wait_until(lambda: process.is_gone)


@pytest.mark.slow
def test_an_hour_of_snapshots_leaves_its_memory_as_it_was() -> None:
    """One snapshot after the other, 3,600 of them, scraped and pushed: nothing of an old one is kept."""
    with collector() as kept:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": kept.url, "OTEL_METRIC_EXPORT_INTERVAL": "100"}
        with exporting(otlp=True, settings=settings) as process:
            chance, snapshot = random.Random(1), full()
            grown_mb = []
            for second in range(3_600):
                snapshot = later(snapshot, chance)
                while not process.show(snapshot):
                    time.sleep(0.001)
                if second % 10 == 0:
                    scrape(process)
                if second % 600 == 599:
                    wait_until(shows(process, f"pwdload_run_clock_seconds{{{OF_RUN}}} {snapshot.at_s}"))
                    grown_mb.append(rss_bytes(process.pid) / 1e6)
            process.stop()
        assert kept.requests
    assert grown_mb[-1] - grown_mb[1] < 2.0
