"""The live page in a real browser, with made-up snapshots behind it."""

import pytest
from tests.e2e.runs import free_port
from tests.harness.pages import browser, expect, harness, open_page

pytestmark = pytest.mark.browser
PATIENCE_MS = 15_000
LINES = 3 + 3 + 3 + 2 + 2
"""Of the charts of load, response time, in flight, accounts and lag."""
OUTCOMES = 8
"""Areas of the chart of outcomes, those that never came included."""


def test_the_live_page_follows_runs_and_says_when_the_harness_is_gone() -> None:
    """Before a run, charts and tables of one, markup as text, its end, a second one, and a process that has ended."""
    with browser() as started, harness(int(free_port())) as it:
        seen = open_page(started, f"{it.url}/pwdload")
        page = seen.page
        page.set_default_timeout(PATIENCE_MS)
        page.wait_for_selector("#empty:visible")
        assert "No run yet" in page.inner_text("#empty")

        it.told("run first 140")
        page.wait_for_selector("#tiles div:visible")
        assert page.inner_text("h1") == "Morning rush, with the database held"
        assert page.locator("figure.chart").count() == 6
        expect(page.locator(".plot polyline")).to_have_count(LINES)
        assert page.locator(".plot polygon").count() == OUTCOMES
        assert page.locator(".plot .fault").count() == 6, "the fault that is on is shaded in each"
        assert "PWD.0004" in page.inner_text("#codes")
        assert "database-held" in page.inner_text("#faults")
        assert "broken" in page.inner_text("#criteria")
        assert "worker-1" in page.inner_text("#health")

        page.focus(".plot >> nth=1")
        page.keyboard.press("ArrowLeft")
        assert "Response time of changes" in page.inner_text("#at"), "read out by the keyboard alone"
        page.click("figure.chart >> nth=1 >> summary")
        assert page.locator("figure.chart >> nth=1 >> tbody tr").count() == 30

        it.told("odd")
        expect(page.locator("#codes")).to_contain_text("<img src=x onerror=")
        assert page.locator("#shown img, #shown b:not(.legend b), #notes img, h1 img").count() == 0
        assert page.title() != "taken"
        assert "\\u202e" in page.inner_text("#phase"), "what turns words around is shown, and turns nothing"
        assert "\u202e" not in page.inner_text("body")

        it.told("run second 5")
        expect(page.locator("#tiles dd >> nth=0")).to_contain_text("0:0")
        it.told("end")
        expect(page.locator("#phase")).to_contain_text("Ended")
        assert not seen.complaints

        it.process.kill()
        page.wait_for_selector("#lost:visible")
        assert "No answer from the harness since" in page.inner_text("#lost")
        assert page.inner_text("h1") == "Morning rush, with the database held", "the last that was seen stays"
