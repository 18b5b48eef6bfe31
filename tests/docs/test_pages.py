"""The pages in docs/: those that are written from the code are current, and what they point to is there."""

import re
import tomllib
from pathlib import Path

import pytest
from tests.docs.written import PAGES
from tests.processes import ROOT

from pwdload.scenario.structure import json_schema

DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
README_LINES_MAX = 200


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_written_page_is_current(path: Path) -> None:
    """What the code says is what the page says; `make reference` writes it anew."""
    assert path.read_text("utf-8") == PAGES[path]


def test_the_scenario_page_has_every_key() -> None:
    """Each key that the schema has, however deep, is in a table of the page."""
    page = (ROOT / "docs" / "scenario.md").read_text("utf-8")
    tables = [*json_schema()["$defs"].values()]  # type: ignore[attr-defined]
    keys = {key for table in tables for key in table.get("properties", {})}
    single = {"base", "spike", "steps", "from", "to", "min", "max"}  # of values written as a small table, told in words
    assert not {key for key in keys - single if f"`{key}`" not in page and f".{key}]" not in page}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every file that a page points to is there."""
    targets = [match[1] for match in LINK.finditer(path.read_text("utf-8")) if "://" not in match[1]]
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_the_readme_can_be_read_in_one_go() -> None:
    """What is longer belongs into docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < README_LINES_MAX


def test_metadata_claims_only_what_is_tested() -> None:
    """Python 3.11 is what the tests run on, and all passed on 3.13; the classifiers name these, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = [one.rpartition(" ")[2] for one in project["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert versions == ["3.11", "3.13"]
    assert project["requires-python"] == ">=3.11"
