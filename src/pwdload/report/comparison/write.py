"""The files of a comparison or of a history."""

from pathlib import Path

from pwdload.errors import RunDirectoryError
from pwdload.report import tables
from pwdload.report.comparison import as_json, html, junit, markdown
from pwdload.report.comparison.page import Page
from pwdload.rundir import write_whole


def write(page: Page, folder: Path) -> tuple[Path, ...]:
    """Write KIND.html, KIND.md, KIND.json, verdict.json, tables/*.csv, of a comparison junit.xml too.

    Returns their paths.

    Raises:
        RunDirectoryError: the folder is a run's own, whose files these would take the place of, or cannot be made.
    """
    if (folder / "run.json").exists():
        raise RunDirectoryError(f"{folder}: is a run's directory; give a folder of its own with --out")
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(
            f"{folder}: cannot be made ({error.strerror}); give a folder you may write to with --out"
        ) from error
    texts = {
        folder / f"{page.kept}.html": html.render(page),
        folder / f"{page.kept}.md": markdown.render(page),
        folder / f"{page.kept}.json": as_json.render(page),
        folder / "verdict.json": as_json.render_verdict(page),
        **({folder / "junit.xml": junit.render(page)} if page.tested else {}),
        **{folder / "tables" / f"{table.name}.csv": tables.render(table) for table in page.tables},
    }
    for path, text in texts.items():
        write_whole(path, text)
    return tuple(texts)
