"""Sections of a team's own in the report, each made from the analysis of a run. See docs/extending.md."""

from collections.abc import Callable, Iterator

from pwdload.analysis import Analysis
from pwdload.errors import UsageError
from pwdload.report.frames import code, number, rows_of, text
from pwdload.report.model import Column, Kind, Section, Table

__all__ = ["Analysis", "Column", "Kind", "Section", "Table", "code", "number", "own_sections", "register_section"]
__all__ += ["rows_of", "text"]

MakeSection = Callable[[Analysis], Section | None]
"""Makes a section of an analysis; none where there is nothing to say of that run."""
_OWN: list[MakeSection] = []


def register_section(make: MakeSection) -> MakeSection:
    """Have a section in every report that is made from now on, after our own; return it. Also a decorator.

    It must be a pure function of the analysis: the same directory gives the same bytes. The names of the section and of
    its tables begin with ``own_``: no file of ours is then written over. One that raises says so in its place.

    Raises:
        UsageError: it was registered before.
    """
    if make in _OWN:
        raise UsageError(f"section {make.__name__}: is registered already; take the second one out")
    _OWN.append(make)
    return make


def own_sections() -> Iterator[MakeSection]:
    """Yield what was registered, in its order, so that none of it can cost anybody a report."""
    return map(_guarded, _OWN)


def _guarded(make: MakeSection) -> MakeSection:
    def made(analysis: Analysis) -> Section | None:
        try:
            return _checked(make(analysis))
        except Exception as error:  # noqa: BLE001 - somebody else's code, and the rest of the report must be there
            words = f"This section could not be made. {type(error).__name__}: {error}"
            return Section(name=f"own_{make.__name__.strip('_')}", title=make.__name__, intro=words, items=())

    return made


def _checked(section: Section | None) -> Section | None:
    if section is not None:
        names = [section.name, *(item.name for item in section.items if isinstance(item, Table))]
        if others := [name for name in names if not name.startswith("own_")]:
            raise UsageError(f"{others[0]!r}: names of sections and tables of your own begin with own_")
    return section
