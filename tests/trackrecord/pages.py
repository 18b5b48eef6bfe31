"""Where the commands of the track record write down what they have measured."""

from pathlib import Path

from tests.processes import ROOT

README = ROOT / "README.md"
ORACLE_PAGE = ROOT / "docs" / "oracle.md"


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Put a text between two marks of a page, each a line of its own.

    Raises:
        ValueError: the page does not have the two, once each and in this order.
    """
    before, first, rest = page.read_text(encoding="utf-8").partition(begin)
    _, second, after = rest.partition(end)
    if not (first and second) or begin in after:
        raise ValueError(f"{page.name}: the marks {begin} and {end} must be there, once each")
    page.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")
