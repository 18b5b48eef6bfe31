"""The live page in a real browser, with made-up snapshots behind it."""

import pytest
from tests.e2e.runs import free_port
from tests.harness.pages import browser, expect, harness, open_page

pytestmark = pytest.mark.browser
LINES = 3 + 3 + 3 + 2 + 2
"""Of the charts of load, response time, in flight, accounts and lag."""
OUTCOMES = 8
"""Areas of the chart of outcomes, those that never came included."""
WORDS = "found => found.map(one => one.firstChild.data)"
TITLE = "Morning rush, with the database held"


def test_the_live_page_shows_a_run_and_takes_no_markup_from_it() -> None:
    """Charts with stages and fault, tables, error codes that are markup and worse; nothing in the browser's console."""
    with browser() as started, harness(int(free_port())) as it:
        it.told("run first 160")
        seen = open_page(started, f"{it.url}/pwdload")
        page = seen.page
        expect(page.locator("h1")).to_have_text(TITLE)
        expect(page.locator(".plot rect.fault")).to_have_count(6)
        assert page.locator(".plot polyline").count() == LINES
        assert page.locator(".plot polygon").count() == OUTCOMES
        assert page.locator(".plot line.stage").count() == 6, "a rule where the second begins"
        assert page.locator(".plot >> nth=0").locator("text.stage").evaluate_all(WORDS) == ["warm up", "rush"]
        assert page.locator(".plot >> nth=5").locator("text.fault").evaluate_all(WORDS) == ["database-held"]
        assert "PWD.0004" in page.inner_text("#codes")
        assert "database-held" in page.inner_text("#faults")
        assert "broken" in page.inner_text("#criteria")
        assert "worker-1" in page.inner_text("#health")

        it.told("odd")
        expect(page.locator("#codes")).to_contain_text("<img src=x onerror=")
        assert page.locator("#shown img, #shown b:not(.legend b), #notes img, h1 img").count() == 0
        assert page.title() != "taken"
        assert page.locator(".plot text.stage").count() > 6, "as text, cut where there is no room"
        assert "\\u202e" in page.inner_text("#phase"), "what turns words around is shown, and turns nothing"
        assert "\u202e" not in page.inner_text("body")
        assert not seen.complaints


@pytest.mark.slow
def test_the_live_page_follows_runs_and_says_when_the_harness_is_gone() -> None:
    """Before a run, by the keyboard alone, its end, a second run, a phone, and a process that has ended."""
    with browser() as started, harness(int(free_port())) as it:
        seen = open_page(started, f"{it.url}/pwdload", viewport={"width": 390, "height": 844}, color_scheme="dark")
        page = seen.page
        expect(page.locator("#empty")).to_contain_text("No run yet")

        it.told("run first 40")
        expect(page.locator("h1")).to_have_text(TITLE)
        page.focus(".plot >> nth=1")
        page.keyboard.press("ArrowLeft")
        assert "Response time of changes, 0:39, stage warm up: p99" in page.inner_text("#at"), "read out"
        page.click("figure.chart >> nth=1 >> summary")
        assert page.locator("figure.chart >> nth=1 >> tbody tr").count() == 30, "the latest half minute as a table"
        page.get_by_label("Whole run").check()
        expect(page.locator(".plot polyline")).to_have_count(LINES)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, "nothing hangs over the edge"
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Theme").click()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != background, "light, if one wants"

        it.told("run second 5")
        expect(page.locator("#tiles dd >> nth=0")).to_contain_text("0:0")
        it.told("end")
        expect(page.locator("#phase")).to_contain_text("Ended")
        assert not seen.complaints

        it.process.kill()
        expect(page.locator("#lost")).to_contain_text("No answer from the harness since")
        expect(page.locator("h1")).to_have_text(TITLE)  # the last that was seen stays
