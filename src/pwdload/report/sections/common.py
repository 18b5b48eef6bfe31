"""What the sections share: the scope of a table in words, and columns that several of them have."""

from collections.abc import Sequence

import pandas as pd

from pwdload.analysis.latency import INTERVAL_COLUMNS, LATENCY_COLUMNS
from pwdload.report.frames import code, latency_columns, number, rows_of
from pwdload.report.model import Column, Kind, Table

MEASURED = "Requests due within the measured time."
WHOLE_RUN = "The whole run, warm-up included."
SEEN = (number("first_s", "first seen", Kind.CLOCK), number("last_s", "last seen", Kind.CLOCK))
HTTP = code("http_status", "HTTP", absent="none")
OUTCOME = Column(name="outcome", label="outcome", kind=Kind.OUTCOME)
VERDICT = Column(name="verdict", label="verdict", kind=Kind.VERDICT)


def latency_of(name: str, title: str, caption: str, frame: pd.DataFrame, keys: Sequence[Column]) -> Table:
    """Return a latency table of the analysis as a table of the report; an empty one too."""
    columns = (*keys, *latency_columns(with_intervals=INTERVAL_COLUMNS[0] in frame))
    if frame.empty:
        frame = pd.DataFrame(columns=[*(key.name for key in keys), *LATENCY_COLUMNS, *INTERVAL_COLUMNS])
    return Table(name=name, title=title, caption=caption, columns=columns, rows=rows_of(frame, columns))
