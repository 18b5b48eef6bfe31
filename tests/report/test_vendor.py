"""What the page draws with is the published file, to the byte, under its own licence."""

import re

from tests.report.page import Page
from tests.vendor import VENDOR, sums

from pwdload.report.html import PLOTLY, script_of


def test_bundle_is_the_published_one() -> None:
    """Nobody has changed the library by hand, and each file's hash is on record."""
    assert (VENDOR / "SHA256SUMS").read_text("utf-8") == sums()


def test_bundle_says_what_it_is_and_under_which_licence() -> None:
    """A report that is handed on carries the library's name, version, owner and licence with it."""
    head = script_of(PLOTLY)[:300]
    version = re.search(r"plotly\.js \(cartesian - minified\) v(\S+)", head)
    assert version
    assert f"plotly.js {version[1]}" in (VENDOR / "README.md").read_text("utf-8")
    assert "Licensed under the MIT license" in head
    assert "Plotly" in (VENDOR / "LICENSE.plotly").read_text("utf-8")


def test_bundle_can_stand_inside_a_page() -> None:
    """Nothing in it ends the script element that holds it."""
    page = Page.parse(f"<script>{script_of(PLOTLY)}</script><p>after</p>")
    assert page.tags["script"] == 1
    assert page.tags["p"] == 1
