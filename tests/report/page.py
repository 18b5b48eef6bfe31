"""Reads a page the way its readers do: visible text, structure, links."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_SPOKEN = ("title", "aria-label", "alt")


@dataclass
class Page(HTMLParser):
    """A parsed page."""

    text: list[str] = field(default_factory=list)
    """Everything that can be read or heard: text outside scripts and styles, titles and labels."""
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Every element with its attributes, in order."""
    scripts: list[str] = field(default_factory=list)
    """The content of every script element."""
    _inside: str = ""
    _goes_on: bool = False
    """Whether a text may be broken here, and is read on."""

    @classmethod
    def parse(cls, document: str) -> "Page":
        """Parse a document."""
        page = cls()
        HTMLParser.__init__(page)
        page.feed(document)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._goes_on = tag == "wbr"
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self.text += [attributes[name] for name in _SPOKEN if name in attributes]
        if tag in ("script", "style"):
            self._inside = tag
            if tag == "script":
                self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._goes_on:
            self.text[-1] += data
            self._goes_on = False
        elif not self._inside:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def tags(self) -> Counter[str]:
        """How many elements there are of each kind."""
        return Counter(tag for tag, _ in self.elements)

    @property
    def ids(self) -> list[str]:
        """Every id."""
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]
