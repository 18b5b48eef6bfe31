"""Writes docs/live-page.png, the live page of a run that nobody made: ``python -m tests.live_picture``."""

import sys
from pathlib import Path

from tests.e2e.runs import free_port
from tests.harness.pages import browser, expect, harness, open_page
from tests.processes import ROOT

PICTURE = ROOT / "docs" / "live-page.png"
SECONDS = 210


def write(picture: Path, **context: object) -> None:
    """Open the page in the middle of a run, when its fault has been healed, and take its picture."""
    with browser() as started, harness(int(free_port())) as it:
        it.told(f"run rush {SECONDS}")
        page = open_page(started, f"{it.url}/pwdload", **context).page
        expect(page.locator(".plot rect.fault")).to_have_count(6)
        page.screenshot(path=picture)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE, viewport={"width": 1280, "height": 920})
