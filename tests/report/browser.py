"""A real browser, driven by its command line alone. Set PWDLOAD_CHROMIUM to its path where it has another name."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",  # it runs as root in a container, and opens our own file only
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
    "--window-size=1440,900",
)


@dataclass(frozen=True)
class Visit:
    """What the browser made of a page."""

    dom: str
    console: tuple[str, ...]
    """Lines that the page, or the browser on its behalf, wrote to the console."""

    def attribute(self, name: str) -> str | None:
        """A data attribute that the page left on its root."""
        match = re.search(rf'<html[^>]* data-{name}="([^"]*)"', self.dom)
        return match[1] if match else None


def chromium_or_skip() -> str:
    """Return the browser's path; where there is none, skip the test and say what was looked for."""
    path = os.environ.get("PWDLOAD_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        why = f"no Chromium on this machine: none of {', '.join(NAMES)} is on the PATH, PWDLOAD_CHROMIUM is not set"
        if os.environ.get("PWDLOAD_REQUIRE_BROWSER"):
            pytest.fail(why)
        pytest.skip(why)
    return path


def browse(chromium: str, page: Path, profile: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Open a page, do what the flags say, and end."""
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=90, check=True)


def visit(chromium: str, page: Path, profile: Path) -> Visit:
    """Open a page and return what became of it."""
    done = browse(chromium, page, profile, "--dump-dom")
    return Visit(done.stdout, tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line))
