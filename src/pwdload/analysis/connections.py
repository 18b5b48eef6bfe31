"""The connections of a run: how many were opened, how long that took, and how late the generator was without them.

A request on a new connection leaves late because the connection has to open first. Only what is sent on a connection
that was open already shows how late the generator itself was.
"""

from dataclasses import dataclass

import pandas as pd

from pwdload.analysis.latency import LATENCY_COLUMNS, latency_table
from pwdload.analysis.run import Run


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


def connections(run: Run) -> Connections:
    """Return what the samples tell of a run's connections."""
    samples = run.samples
    parts = (
        ("connecting (TCP)", samples, "connect_s"),
        ("TLS handshake", samples, "tls_s"),
        ("lag on reused connections", run.due[run.due["is_reused"]], "lag_s"),
    )
    rows = [latency_table(frame.assign(part=part), ["part"], value) for part, frame, value in parts]
    rows = [row for row in rows if len(row)]
    return Connections(
        opened=int(samples["connect_s"].notna().sum()),
        sent=int(samples["sent_s"].notna().sum()),
        times=pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["part", *LATENCY_COLUMNS]),
    )
