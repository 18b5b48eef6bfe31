"""The page in a real browser: plots are drawn, nothing is fetched, no error is logged, and tables sort."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.analysis.degenerate import finished, no_samples, odd_characters
from tests.report.browser import Visit, chromium_or_skip, visit
from tests.report.decided import decided
from tests.report.drawings import with_drawings
from tests.report.faulty import open_run

from pwdload.report import html, make

pytestmark = pytest.mark.browser

RUNS = {"finished": finished, "no_samples": no_samples, "odd_characters": odd_characters, "faults": open_run}
PLOTS = 7
"""Of a run whose generator's health is not on record; two more show that."""
LEVEL_PLOTS = 2
"""What load and response have to show, in a run of which that can be told."""
MORE_PLOTS = {"faults": 6 + LEVEL_PLOTS, "no_samples": -2}
"""Of open arrivals one more, of faults five; without samples nothing is spread over bins."""


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser's path."""
    return chromium_or_skip()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The page of every kind of run."""
    folder = tmp_path_factory.mktemp("runs")
    for name, write in RUNS.items():
        make(write(folder / name))
    return {name: folder / name / "report.html" for name in RUNS}


@pytest.mark.parametrize("name", ["no_samples", "odd_characters", "faults"])
def test_plots_are_drawn_from_the_file_alone(
    chromium: str, pages: Mapping[str, Path], tmp_path: Path, name: str
) -> None:
    """Every plot is drawn, nothing but the file itself is loaded, and the console stays empty."""
    seen, plots = visit(chromium, pages[name], tmp_path), PLOTS + MORE_PLOTS.get(name, 0)
    assert seen.attribute("plots") == str(plots)
    assert seen.attribute("fetched") == "0"
    assert seen.console == ()
    for canvas in seen.dom.split('class="canvas')[1:]:
        assert 'class="main-svg"' in canvas.split("</figure>")[0]
    assert len(seen.dom.split('class="canvas')) == plots + 1


DRIVER = """<script>
  for (const button of document.querySelectorAll("figure .as-table")) button.click();
  const rows = (name) => document.querySelectorAll(`figure:has(#plot-${name}) .numbers tbody tr`).length;
  document.documentElement.dataset.rows = ["goodput", "ecdf", "heat", "empty"].map(rows).join(" ");
  const phone = document.createElement("iframe");
  phone.width = 390;
  phone.onload = () => {
    const inside = phone.contentDocument, table = inside.querySelector(".tiered");
    const lines = [...table.querySelectorAll("td")].filter((cell) => cell.offsetHeight);
    const beyond = (element) => element.scrollWidth - element.clientWidth;
    document.documentElement.dataset.phone = [beyond(inside.documentElement), beyond(table.parentElement),
      lines.every((cell) => cell.offsetWidth > 300)].join(" ");
  };
  phone.srcdoc = "<!doctype html>" + document.querySelector("style").outerHTML
    + '<div class="page">' + document.querySelector("#decision").outerHTML + "</div>";
  document.body.append(phone);
</script>"""
"""Opens each drawing's table, and the first page on a phone."""


@pytest.fixture(scope="module")
def driven(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """A page with the fullest decision and every kind of drawing, and what became of it."""
    folder = tmp_path_factory.mktemp("driven")
    text = html.render(with_drawings(decided(folder / "run")))
    page = folder / "driven.html"
    page.write_text(re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</body>", f"{DRIVER}</body>"), "utf-8")
    return visit(chromium, page, folder / "profile")


def test_every_kind_of_drawing_is_drawn(driven: Visit) -> None:
    """Charts and heat maps appear with gaps, zeros on logarithmic axes and markup in names; each as a table too."""
    assert driven.attribute("plots") == str(PLOTS + MORE_PLOTS["faults"] + 4)
    assert driven.console == ()
    assert driven.attribute("rows") == "211 72 400 1"
    assert "&lt;b&gt;next year&lt;/b&gt;" in driven.dom
    assert "<b>next year</b>" not in driven.dom.partition("<main")[2]
    drawn = driven.dom.partition('id="plot-empty"')[2].partition("</figure>")[0]
    assert "nothing to draw" in drawn


def test_the_decision_can_be_read_on_a_phone(driven: Visit) -> None:
    """On 390 pixels nothing scrolls sideways: each number is a line of its own, under the name of its row."""
    assert driven.attribute("phone") == "0 0 true"


def test_what_slipped_through_could_not_run(chromium: str, pages: Mapping[str, Path], tmp_path: Path) -> None:
    """Were a script or a picture smuggled into the page, the browser would refuse both and say so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        smuggled = f'<script>document.documentElement.dataset.owned="1"</script><img src="http://127.0.0.1:{port}/x">'
        page = tmp_path / "smuggled.html"
        page.write_text(pages["finished"].read_text("utf-8").replace("</main>", f"{smuggled}</main>"), "utf-8")
        seen = visit(chromium, page, tmp_path / "profile")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert seen.attribute("owned") is None
    assert seen.attribute("plots") == str(PLOTS + 2), "and what belongs to the page would still work"
    assert len(seen.console) == 2
    assert all("Content Security Policy" in line for line in seen.console)


def test_columns_sort_both_ways_and_absent_values_stay_last(
    chromium: str, pages: Mapping[str, Path], tmp_path: Path
) -> None:
    """A click on a column sorts by size, a second one turns it round, and n/a stays at the end."""
    driver = """<script>
      const table = document.querySelector('[aria-labelledby="table-latency_by_case"] table');
      const heads = [...table.tHead.rows[0].cells];
      const place = heads.findIndex((head) => head.textContent === "p90");
      const values = () => [...table.tBodies[0].rows].map((row) => row.cells[place].dataset.v || "none").join(" ");
      for (const name of ["first", "second"]) {
        heads[place].querySelector("button").click();
        document.documentElement.dataset[name] = `${heads[place].getAttribute("aria-sort")} ${values()}`;
      }
    </script>"""
    page = tmp_path / "driven.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", pages["finished"].read_text("utf-8"))
    page.write_text(text.replace("</body>", f"{driver}</body>"), "utf-8")
    seen = visit(chromium, page, tmp_path / "profile")
    for name, order in (("first", "descending"), ("second", "ascending")):
        told, *values = (seen.attribute(name) or "").split()
        numbers = [float(value) for value in values if value != "none"]
        assert told == order
        assert len(numbers) > 2
        assert numbers == sorted(numbers, reverse=order == "descending")
        assert values == [*(value for value in values if value != "none"), *["none"] * values.count("none")]
