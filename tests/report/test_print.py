"""The report on paper: a clean A4 document whose first page is the decision."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.report.browser import browse, chromium_or_skip
from tests.report.decided import PEAKS, decided
from tests.report.drawings import with_drawings

from pwdload.report import Report, html
from pwdload.report.cells import places_shown
from pwdload.report.formats import shown

pytestmark = pytest.mark.browser

A4 = (595, 842)
"""Points."""

HEADS = ("changes/s", "head-room", "growth uses it up", "act by")


@dataclass(frozen=True)
class Printed:
    """A report and what the printer made of it."""

    report: Report
    pdf: Path
    pages: tuple[str, ...]
    """The words of each page, one space between any two; empty where they cannot be read."""

    def has_together(self, *texts: str) -> bool:
        """Whether there is a page on which all of these begin."""
        beginnings = [" ".join(text.split()[:3]) for text in texts]
        return any(all(words in page for words in beginnings) for page in self.pages)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """A run with faults, whose tables are the widest, with the fullest first page and one drawing of every kind."""
    chromium, folder = chromium_or_skip(), tmp_path_factory.mktemp("print")
    report = with_drawings(decided(folder / "run"))
    page, pdf = folder / "report.html", folder / "report.pdf"
    page.write_text(html.render(report), "utf-8")
    browse(chromium, page, folder / "profile", "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    return Printed(report, pdf, tuple(_pages(pdf)))


@pytest.fixture
def read(printed: Printed) -> Printed:
    """The same, where its words can be read."""
    if not printed.pages:
        pytest.skip("no pdftotext on this machine (Debian: apt-get install poppler-utils): the words were not checked")
    return printed


def _pages(pdf: Path) -> list[str]:
    program = shutil.which("pdftotext")
    if program is None:
        return []
    done = subprocess.run([program, "-layout", pdf, "-"], capture_output=True, encoding="utf-8", check=True)
    return [" ".join(page.split()) for page in done.stdout.split("\f")[:-1]]


def test_report_prints_on_a_few_sheets_of_a4(printed: Printed) -> None:
    """It is a document of a few A4 pages and not a wall of folded rows."""
    content = printed.pdf.read_bytes()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 20
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {A4}


def test_first_page_is_the_decision_and_nothing_else(read: Printed) -> None:
    """Verdict, decision, four peaks and eight caveats fit on the first page; what they rest on begins on the second."""
    first, report = read.pages[0], read.report
    assert report.decision is not None
    assert report.verdict.value.replace("_", " ") in first
    for text in (
        report.title,
        report.decision.intro,
        "95 % interval 95.0/s to 105/s",
        "What gives first",
        *PEAKS,
        *HEADS,
    ):
        assert text in first
    for each in report.cautions:
        assert f"{each.number}. {each.weakens}:" in first
    for text in (report.cards[0].label, "At a glance"):
        assert text not in first
        assert text in read.pages[1]


def test_a_day_and_its_interval_are_not_broken(read: Printed) -> None:
    """When growth uses the capacity up, and until when to act, can be read at a glance: each interval on one line."""
    for interval in ("(2031-08-21 to 2032-03-09)", "(2030-03-02 to 2030-09-19)", "(+138 % to +162 %)"):
        assert interval in read.pages[0]


def test_every_page_says_what_it_is_part_of(read: Printed) -> None:
    """A sheet that got loose still says of which report it is, and which page of how many."""
    for number, page in enumerate(read.pages, 1):
        assert page.endswith(f"{number} / {len(read.pages)}")
        assert number == 1 or page.startswith(f"{read.report.verdict.value.replace('_', ' ')}: {read.report.title}")


def test_no_picture_is_cut(read: Printed) -> None:
    """The title of each picture, its axis and what is to be seen in it are on one page, whatever came before."""
    for drawing in read.report.drawings:
        assert read.has_together(drawing.title, drawing.x_label, drawing.reading), drawing.title


def test_no_table_loses_its_head(read: Printed) -> None:
    """The title of a table is on one page with its caption, its columns and its first row."""
    first_page = read.report.decision.items if read.report.decision else ()  # which has a test of its own
    for table in read.report.tables:
        if table.rows_shown and table.rows and table not in first_page:
            heads = [table.columns[place].label.split()[0] for place in places_shown(table)]
            first = shown(table.columns[0], table.rows[0][0])[:5]
            assert read.has_together(table.title, table.caption, first, *heads), table.title


def test_letters_keep_their_size(read: Printed) -> None:
    """Nothing is wider than the paper: the browser would make every letter of the document smaller to fit it."""
    program = shutil.which("pdftotext")
    assert program
    command = [program, "-bbox", "-l", "1", str(read.pdf), "-"]
    boxes = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    word = read.report.title.split()[0]
    match = re.search(rf'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">{re.escape(word)}<', boxes)
    assert match
    assert float(match[2]) - float(match[1]) == pytest.approx(17.1, abs=2.5), "1.9 of 12 pixels, in points"
