"""Renew `docs/terminal.svg`, the picture of the live view: ``python -m tests.terminal.picture`` (`make picture`)."""

import io
import re

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from tests.processes import ROOT
from tests.watched.snapshots import running

from pwdload.terminal.view import Room, view

PICTURE = ROOT / "docs" / "terminal.svg"
COLUMNS = 92
SAID = (
    "$ pwdload run scenarios/review.toml --host https://staging.example.com",
    "Run: 10 m 00 s of load; its report will be reports/review/2026-11-30T10-39-54Z/report.html",
    "Fault slow database is on (latency).",
    "",
)


def drawn() -> str:
    """Return the picture: what was said, and the view below it."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        highlight=False,
        legacy_windows=False,
    )
    for line in SAID:
        console.print(Text(line))
    for row in view(running(), Room(columns=COLUMNS, rows=20)):
        console.print(row)
    svg = console.export_svg(title="pwdload run", theme=MONOKAI, unique_id="watched")
    # Its fonts are looked for on the machine of whoever reads it: nothing is fetched from elsewhere.
    return re.sub(r"\s*@font-face \{.*?\n\s*\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(drawn(), "utf-8")
