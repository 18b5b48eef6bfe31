"""The page for everybody: contrast, headings, landmarks, keyboard."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from tests.analysis.degenerate import finished
from tests.report.decided import decided
from tests.report.drawings import with_decision, with_drawings
from tests.report.faulty import open_run
from tests.report.page import Page

from pwdload.report import html, make
from pwdload.report.html import script_of

TEXT, GRAPHICS = 4.5, 3.0
"""Least contrast by WCAG 2.2 AA: of text (1.4.3), and of what must be told apart in a picture (1.4.11)."""
TONES = ("good", "warn", "bad", "doubt", "invalid")
INKS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "faint")
TEXTS = (
    *((word, ground) for word in ("ink", "soft", "link") for ground in ("page", "paper", "hover")),
    *((tone, "paper") for tone in TONES),
    *(("paper", tone) for tone in TONES),
    ("note-ink", "note-page"),
    ("link", "note-page"),
    ("ink", "bar"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A page with everything on it: a decision, drawings of every kind, faults, violations."""
    return Page.parse(
        html.render(with_decision(with_drawings(make(open_run(tmp_path_factory.mktemp("runs") / "run")))))
    )


def palettes() -> dict[str, dict[str, str]]:
    """Return the colours of both themes, by their names in the style sheet."""
    css = script_of("report.css")
    light, dark = (
        dict(re.findall(r"--([a-z-]+\d?): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root[^{]*\{([^}]*)\}", css)[:2]
    )
    return {"light": light, "dark": {**light, **dark}}


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, by WCAG's formula."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_apart(theme: str) -> None:
    """Text and lines stand out from what is behind them, by WCAG 2.2 AA, in both themes."""
    colours = palettes()[theme]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXTS}
    assert not {pair: ratio for pair, ratio in weak.items() if ratio < TEXT}
    lines = {ink: contrast(colours[ink], colours["paper"]) for ink in INKS}
    assert not {ink: ratio for ink, ratio in lines.items() if ratio < GRAPHICS}


def test_formula_of_contrast_is_the_published_one() -> None:
    """Black on white has 21, and the grey that is known as the lightest for text has 4.5."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_headings_are_an_outline(page: Page) -> None:
    """There is one h1, it comes first, and no level is left out on the way down: that is how a screen reader skims."""
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_page_has_landmarks_and_a_way_past_the_contents(page: Page) -> None:
    """A skip link comes first and leads into the one main part; header and named contents are landmarks too."""
    assert page.all("a")[0] == {"class": "skip", "href": "#content"}
    place = [tag for tag, _ in page.elements].index("main")
    assert page.elements[place + 1][1]["id"] == "content"
    assert page.tags["main"] == 1
    assert page.tags["header"] == 1
    assert [nav["aria-label"] for nav in page.all("nav")] == ["Contents"]
    assert page.all("html")[0]["lang"] == "en"


def test_a_row_leads_to_what_weakens_it(page: Page) -> None:
    """The mark of a caveat stands beside the name of its row, and not beside each of its numbers."""
    rows = html_rows(page)
    assert [row.count("#caveat-1") for row in rows] == [1, 1, 0, 0, 0, 1]


def test_each_number_of_the_decision_says_what_it_is(tmp_path: Path) -> None:
    """On a phone the heads of the columns are out of sight: each cell brings its own, and stays a cell of a table."""
    page = Page.parse(html.render(decided(tmp_path / "run")))
    heads = {each["data-of"]: each["role"] for each in page.all("th") if "data-of" in each and each["scope"] == "col"}
    cells = [each for each in page.all("td") if "data-of" in each]
    assert set(heads.values()) == {"columnheader"}
    assert cells
    assert {each["role"] for each in cells} == {"cell"}
    assert all(each["data-label"] and each["data-of"] in heads for each in cells)


def html_rows(page: Page) -> list[list[str]]:
    """Return the links in each row of the decision's table."""
    begin = next(
        place for place, (_, attributes) in enumerate(page.elements) if attributes.get("id") == "table-decision"
    )
    rows: list[list[str]] = []
    for tag, attributes in page.elements[begin:]:
        if tag == "p":
            break
        if tag == "tr":
            rows.append([])
        if tag == "a":
            rows[-1].append(attributes["href"])
    return rows[1:]


def test_contents_lead_to_every_section(page: Page) -> None:
    """Whatever has a heading of its own is in the contents, the decision first."""
    inside = [place for place, (tag, _) in enumerate(page.elements) if tag in ("nav", "main")]
    links = [attributes["href"][1:] for tag, attributes in page.elements[inside[0] : inside[1]] if tag == "a"]
    sections = {section["id"] for section in page.all("section")}
    assert links[0] == "decision"
    assert set(links) == sections - {"headline"}


def test_whatever_scrolls_can_be_reached_by_keyboard(page: Page) -> None:
    """A table that is wider than the window is a named region that takes the focus."""
    frames = [each for each in page.all("div") if "scroll" in each.get("class", "").split()]
    assert frames
    assert all(frame["tabindex"] == "0" and frame["role"] == "region" for frame in frames)
    assert {frame["aria-labelledby"] for frame in frames} <= set(page.ids)


def test_nobody_is_moved_who_does_not_want_to_be() -> None:
    """Motion is for those only who have not asked for less of it, and the focus is always to be seen."""
    css = script_of("report.css")
    for motion in ("scroll-behavior: smooth", "transition", "animation"):
        place = css.find(motion)
        assert place < 0 or css.rfind("prefers-reduced-motion: no-preference", 0, place) > place - 60, motion
    assert ":focus-visible { outline: 2px solid var(--link)" in css


def test_page_without_a_decision_begins_with_its_caveats(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A run that nothing is decided from has the same page, without an empty decision on it."""
    report = make(finished(tmp_path_factory.mktemp("runs") / "run"))
    others = tuple(section for section in report.sections if section.name != "decision")
    plain = Page.parse(html.render(replace(report, sections=others)))
    assert "decision" not in plain.ids
    order = [section["id"] for section in plain.all("section")]
    assert order[:3] == ["headline", "caveats", "overview"]
