"""The numbers of the first screen: how many changes a second, how fast, and which error codes."""

from dataclasses import dataclass

import pandas as pd

from pwdload.analysis.frame import within
from pwdload.analysis.kinds import chosen
from pwdload.analysis.latency import accepted, overall_intervals
from pwdload.analysis.run import Run
from pwdload.statistics.percentiles import MAXIMUM, P50, P95, P99


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles of one population, in seconds; null where there are too few values to print one."""

    count: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    max_s: float | None
    p50_lower_s: float | None = None
    """Ends of the 95 % intervals, in seconds; null where there are too few values for them."""
    p50_upper_s: float | None = None
    p95_lower_s: float | None = None
    p95_upper_s: float | None = None
    p99_lower_s: float | None = None
    p99_upper_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What a reader looks for first. Rates and latencies are over the measured time, totals over the whole run."""

    measured_s: float
    requests: int
    requests_measured: int
    """Sent, and over within the measured time."""
    not_sent_measured: int
    """Given up within the measured time with nothing sent: in no rate."""
    changes: int
    changes_measured: int
    as_expected: int
    update: Latency
    """Response time of every update_password, accepted, refused or failed."""
    change: Latency
    """Response time of the accepted ones alone."""
    journey: Latency
    """From the moment a flow was due to its accepted change."""

    @property
    def changes_per_s(self) -> float | None:
        """Accepted changes per second of measured time; null when nothing was measured."""
        return self.changes_measured / self.measured_s if self.measured_s > 0 else None

    @property
    def requests_per_s(self) -> float | None:
        """Requests that were sent and are over, per second of measured time; null when nothing was measured."""
        return self.requests_measured / self.measured_s if self.measured_s > 0 else None

    @property
    def as_expected_share(self) -> float | None:
        """Share of all requests that came out as their case expects; null without requests."""
        return self.as_expected / self.requests if self.requests else None


def headline(run: Run, journeys: pd.DataFrame) -> Headline:
    """Compute the headline numbers of a run and its journeys (`pwdload.analysis.journeys.journey_frame`)."""
    samples, due = run.samples, run.due
    updates = chosen(due, (due["step"] == "update_password").to_numpy(), ["intended_s", "response_s", "outcome"])
    changed = chosen(
        journeys, (journeys["is_due_measured"] & journeys["is_changed"]).to_numpy(), ["start_s", "changed_s"]
    )
    return Headline(
        measured_s=run.measured_s,
        requests=len(samples),
        requests_measured=int(samples["is_done_measured"].sum()),
        not_sent_measured=int(within(samples.loc[samples["sent_s"].isna(), "done_s"].to_numpy(), run.measured).sum()),
        changes=int(samples["is_change"].sum()),
        changes_measured=int((samples["is_change"] & samples["is_done_measured"]).sum()),
        as_expected=int(samples["is_as_expected"].sum()),
        update=latency(updates),
        change=latency(accepted(updates)),
        journey=latency(changed, "changed_s", "start_s"),
    )


def latency(samples: pd.DataFrame, value: str = "response_s", due: str = "intended_s") -> Latency:
    """Return the percentiles of one column of a frame with their intervals; ``due`` says when each value was due."""
    row = overall_intervals(samples, value, due)
    p50, p95, p99, most = (_known(row[statistic.column]) for statistic in (P50, P95, P99, MAXIMUM))
    return Latency(
        count=int(row["count"]),
        p50_s=p50,
        p95_s=p95,
        p99_s=p99,
        max_s=most,
        p50_lower_s=_known(row["p50_lower_s"]),
        p50_upper_s=_known(row["p50_upper_s"]),
        p95_lower_s=_known(row["p95_lower_s"]),
        p95_upper_s=_known(row["p95_upper_s"]),
        p99_lower_s=_known(row["p99_lower_s"]),
        p99_upper_s=_known(row["p99_upper_s"]),
    )


def _known(number: float) -> float | None:
    return None if pd.isna(number) else number
