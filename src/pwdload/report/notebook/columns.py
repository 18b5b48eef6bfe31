"""The columns of the frames that a notebook gets: name, type and meaning; the same for every run, an empty one too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pwdload.outcome import Outcome
from pwdload.statistics.percentiles import PERCENTILES

DType = Literal["category", "float64", "Int64", "bool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One column of a frame."""

    name: str
    dtype: DType
    """category: a text out of a few, in the order of the report; Int64: a whole number that may be missing (NA);
    float64: seconds or a rate, NaN where there is none."""
    meaning: str


def _texts(**meanings: str) -> list[Described]:
    return [Described(name=name, dtype="category", meaning=meaning) for name, meaning in meanings.items()]


def _numbers(**meanings: str) -> list[Described]:
    return [Described(name=name, dtype="float64", meaning=meaning) for name, meaning in meanings.items()]


def _counts(**meanings: str) -> list[Described]:
    return [Described(name=name, dtype="Int64", meaning=meaning) for name, meaning in meanings.items()]


def _flags(**meanings: str) -> list[Described]:
    return [Described(name=name, dtype="bool", meaning=meaning) for name, meaning in meanings.items()]


SAMPLES = (
    *_texts(
        worker="the process that made it",
        step="login, update_password, skip_update, verify, sso_ticket, sso_user",
        case="the case of the catalogue that its flow plays",
        stage="the load stage in which its flow was due",
        device="device family: android, ios, harmonyos, desktop",
        status="the body's status field; empty when it has none",
        error_code="the API's own error_code, or transport:...; empty when accepted",
        outcome="what the exchange came out as (`pwdload.outcome.Outcome`)",
    ),
    *_counts(
        flow="number of the flow in its process; worker and flow name a journey",
        account="index of the account; -1 where there is none",
        attempt="how many-th try of its step it was, from 1",
        http_status="HTTP status; NA when no head was read",
        bytes_sent="bytes of the request",
        bytes_received="bytes of the answer",
    ),
    *_numbers(
        intended_s="when the schedule wanted it, on the run's clock",
        sent_s="just before its first byte left; NaN when none did",
        first_byte_s="first byte of the answer; NaN when none came",
        done_s="answer complete, or given up",
        connect_s="how long connecting took; NaN on a connection that was open",
        tls_s="how long the TLS handshake took; NaN without one",
        response_s="done_s - intended_s: what a client waited that came when it was due",
        service_s="done_s - sent_s: what the target took; NaN when nothing was sent",
        lag_s="sent_s - intended_s: how late it left, connecting included; NaN when nothing was sent",
    ),
    *_flags(
        is_reused="sent on a connection that was open: all of its lag is the generator's",
        is_as_expected="right_accept or right_reject",
        is_change="an accepted update_password: a password was changed",
        is_answered="a complete answer came",
        is_by_target="it was the target's own, not made up by what stands before it",
        is_due_measured="due within the measured time: counts towards latency",
        is_done_measured="sent, and done within the measured time: counts towards throughput",
    ),
)
JOURNEYS = (
    *_texts(case="the case of the catalogue", stage="the load stage in which it was due"),
    *_counts(requests="requests that it made"),
    *_numbers(
        start_s="when it was due",
        end_s="its last answer",
        journey_s="end_s - start_s",
        changed_s="from due to the first accepted update_password; NaN without one",
    ),
    *_flags(
        is_as_expected="each of its answers was as expected",
        is_changed="it changed a password",
        is_unfinished="the end of the run cut it off",
        is_due_measured="due within the measured time",
    ),
)
STAGES = (
    *_texts(stage="name of the stage"),
    *_counts(
        users="users, or slots of open arrivals; NA where set by hand",
        requests="requests sent and completed within it",
        changes="accepted changes completed within it",
    ),
    *_numbers(
        start_s="when it began",
        end_s="when it ended",
        planned_per_s="planned rate of arrivals, on average; NaN in the closed model",
        requests_per_s="requests completed per second",
        changes_per_s="accepted changes per second",
        p50_s="median response time of the update_password due in it",
        p95_s="95th percentile of the same",
        p99_s="99th percentile of the same; NaN where there are too few",
    ),
    *_flags(is_measured="whether it counts"),
)
TIMELINE = (
    *_counts(
        due="requests due in the bin",
        requests="requests sent and completed in it",
        changes="accepted changes among them",
        **{kind.value: f"completed with outcome {kind.value}" for kind in Outcome},
    ),
    *_numbers(
        start_s="when the bin begins",
        in_flight="requests on their way, averaged over the bin",
        update_p50_s="median response time of the update_password due in the bin",
        update_p95_s="95th percentile of the same; NaN below 20 of them",
        update_max_s="the slowest of them",
    ),
)
FAULTS = (
    *_texts(
        fault="name of the fault in the scenario",
        kind="what was done, such as latency or kill",
        means="with what: proxy, process, network, load",
        direction="upstream (never applied) or downstream (applied, not acknowledged); empty where it has none",
        scope="request or connection; empty where it has none",
        error="why it could not be injected or healed; empty where it could",
        skipped="why it was left out on purpose; empty where it was not",
    ),
    *_counts(repeat="the how many-th time it was injected, from 1"),
    *_numbers(
        share="share of the requests or connections that were affected, 0 to 1",
        planned_start_s="when it was to begin",
        planned_end_s="when it was to end",
        inject_before_s="just before the call that injects it; NaN when it was not injected",
        inject_after_s="when that call had come back",
        heal_before_s="just before the call that heals it",
        heal_after_s="when that call had come back; NaN when it was not healed",
    ),
)
LATENCY = (
    *_counts(count="requests"),
    *_numbers(
        **{each.column: f"{each.name.replace('_', '.')}; NaN below {each.least_samples:,}" for each in PERCENTILES},
        max_s="the slowest",
    ),
)
"""After the columns that a latency table is cut by."""
FRAMES: Mapping[str, Sequence[Described]] = {
    "samples": SAMPLES,
    "journeys": JOURNEYS,
    "stages": STAGES,
    "latency": LATENCY,
    "timeline": TIMELINE,
    "faults": FAULTS,
}
"""Every frame that a notebook gets, by its name."""


def typed(frame: pd.DataFrame, columns: Sequence[Described]) -> pd.DataFrame:
    """Return these columns of a frame, in their order, each with its type; a new frame that may be changed."""
    made = {column.name: _as(frame[column.name], column.dtype) for column in columns}
    return pd.DataFrame(made).reset_index(drop=True)


def _as(values: pd.Series, dtype: DType) -> pd.Series:
    if dtype == "category" and isinstance(values.dtype, pd.CategoricalDtype):
        return values  # with the order that it has
    if dtype == "category":
        return values.astype(object).astype(pd.CategoricalDtype(list(dict.fromkeys(values)), ordered=True))
    if dtype == "Int64":
        return pd.to_numeric(values).astype("Int64")
    return values.astype(dtype)
