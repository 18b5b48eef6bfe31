"""A real browser for pages that live: Chromium, driven by Playwright. Pages of a report: `tests.report.browser`."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

import pytest
from tests.processes import ROOT, environment
from tests.report.browser import chromium_or_skip

__all__ = ["Browser", "Harness", "Page", "Seen", "browser", "expect", "harness", "open_page"]
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install -e '.[dev]'")

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402 - only where it is there

expect.set_options(15_000)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the machine's own Chromium, headless; where there is none the test says so."""
    path = chromium_or_skip()
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=[*FLAGS])
        try:
            yield started
        finally:
            started.close()


@dataclass
class Seen:
    """A page, and what it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)


def open_page(started: Browser, url: str, **context: object) -> Seen:
    """Open a page of its own context, and take down each error that it logs."""
    seen = Seen(started.new_context(**context).new_page())  # type: ignore[arg-type]
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("console", lambda line: seen.complaints.append(line.text) if line.type == "error" else None)
    seen.page.goto(url)
    return seen


@dataclass
class Harness:
    """A web UI that shows made-up snapshots (`tests.harness.web_ui`)."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def told(self, line: str) -> None:
        """Have it do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@contextmanager
def harness(port: int) -> Iterator[Harness]:
    """Serve made-up snapshots."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.harness.web_ui", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, text=True) as process:
        try:
            _wait_for_answer(port)
            yield Harness(process, port)
        finally:
            process.kill()


def _wait_for_answer(port: int) -> None:
    for _ in range(200):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/pwdload/snapshot.json")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("the web UI does not come up")
