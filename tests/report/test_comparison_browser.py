"""The pages of a comparison and of a history in a real browser: all is drawn, nothing fetched, no error logged."""

from pathlib import Path

import pytest
from tests.report.browser import chromium_or_skip, visit
from tests.test_cli_compare import saved

from pwdload.report.comparison import Given, Page, compare_runs, past_of, write

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser's path."""
    return chromium_or_skip()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    """A page of either kind, with the value that it was made from."""
    folder = tmp_path_factory.mktemp("pages")
    for day in range(1, 9):
        saved(folder / "runs" / f"run-{day}", seed=day, day=day, factor=1.0 if day < 5 else 1.3)
    sides = [Given(name=name, paths=(folder / "runs" / run,)) for name, run in (("base", "run-1"), ("new", "run-8"))]
    comparison = compare_runs(sides[0], sides[1:], margin=0.05, seed=0, anyway=False)
    made = {"comparison": comparison, "history": past_of(folder / "runs", scenario=None, seed=0)}
    for name, page in made.items():
        write(page, folder / name)
    return {folder / name / f"{name}.html": page for name, page in made.items()}


def test_pages_are_drawn_whole(chromium: str, pages: dict[Path, Page], tmp_path: Path) -> None:
    """Every chart is drawn, no request leaves the page, and the console stays silent."""
    for path, page in pages.items():
        seen = visit(chromium, path, tmp_path / page.kept)
        assert seen.console == ()
        assert seen.attribute("plots") == str(len(list(page.drawings)))
        assert seen.attribute("fetched") == "0"
