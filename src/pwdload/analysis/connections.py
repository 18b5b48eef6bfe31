"""The connections of a run: how many were opened, how long that took, and how late the generator was without them.

A request on a new connection leaves late because the connection has to open first. Only what is sent on a connection
that was open already shows how late the generator itself was.
"""

from dataclasses import dataclass

import pandas as pd

from pwdload.analysis.frame import time_of
from pwdload.analysis.latency import LATENCY_COLUMNS, overall
from pwdload.analysis.run import Run, kept
from pwdload.arrays import picked


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """What is known of a run's connections. Counts are over the whole run."""

    opened: int
    """How many requests opened a connection for themselves."""
    sent: int
    """How many requests were sent, on a new connection or on an open one."""
    times: pd.DataFrame
    """Columns: ``part`` (connecting, TLS handshake, lag on reused connections) and `LATENCY_COLUMNS`. Connecting and
    TLS are over the whole run, lag is of the requests due within the measured time."""

    @property
    def requests_each(self) -> float | None:
        """How many requests were sent per connection opened; null when none was."""
        return self.sent / self.opened if self.opened else None


@kept
def connections(run: Run) -> Connections:
    """Return what the samples tell of a run's connections."""
    samples = run.samples
    due = run.due
    parts = (
        ("connecting (TCP)", samples["connect_s"]),
        ("TLS handshake", samples["tls_s"]),
        (
            "lag on reused connections",
            pd.Series(picked(time_of(due, "lag_s"), due["is_reused"].to_numpy()), copy=False),
        ),
    )
    rows = [pd.DataFrame([{"part": part, **overall(times.to_frame("s"), "s")}]) for part, times in parts]
    rows = [row.astype({"count": "int64"}) for row in rows if row["count"].iloc[0]]
    return Connections(
        opened=int(samples["connect_s"].notna().sum()),
        sent=int(samples["sent_s"].notna().sum()),
        times=pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["part", *LATENCY_COLUMNS]),
    )
