"""The part of docs/notebook.md that lists the columns: `python -m tests.report.notebook_docs` writes it anew."""

from tests.processes import ROOT

from pwdload.report.notebook.columns import FRAMES

DOCUMENT = ROOT / "docs" / "notebook.md"
BEGIN = "<!-- columns: written by `python -m tests.report.notebook_docs` -->\n"
ABOUT = {
    "samples": "one row per HTTP exchange of the load",
    "journeys": "one row per flow",
    "stages": "one row per planned stage",
    "latency": "after the columns that it is cut by",
    "timeline": "one row per bin",
    "faults": "one row per injected fault",
}


def columns() -> str:
    """Return the columns of every frame as Markdown."""
    parts = []
    for name, described in FRAMES.items():
        rows = [f"| `{column.name}` | {column.dtype} | {column.meaning} |" for column in described]
        parts.append(
            "\n".join([f"### {name}: {ABOUT[name]}", "", "| column | type | meaning |", "|---|---|---|", *rows])
        )
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Replace the list in the document."""
    text = DOCUMENT.read_text("utf-8").partition(BEGIN)[0]
    DOCUMENT.write_text(f"{text}{BEGIN}\n{columns()}", "utf-8")


if __name__ == "__main__":
    main()
