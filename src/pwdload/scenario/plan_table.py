"""Rows in plain text."""

from collections.abc import Iterator, Sequence


def table(rows: Sequence[Sequence[str]], *, texts: Sequence[int] = (0,)) -> Iterator[str]:
    """Yield rows with aligned columns: texts to the left, figures to the right.

    Args:
        rows: the head first.
        texts: which columns are texts.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{cell:<{width}}" if place in texts else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
