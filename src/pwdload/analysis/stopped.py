"""Whether the target stopped answering, or never did: then no rate that was offered says what it can take."""

from dataclasses import dataclass
from math import inf

import pandas as pd

from pwdload.analysis.kinds import chosen
from pwdload.analysis.run import Run, kept
from pwdload.oracle.told import one_line
from pwdload.outcome import Outcome
from pwdload.units import counted, format_duration, format_share

REQUESTS_LEAST = 5
"""So many requests must have been due after its last answer,"""
SILENCE_LEAST_S = 2.0
"""and the load must have gone on for so long: less is the end of a run."""
TO_NEARLY_ALL = 0.9
"""From this share on one undocumented answer is what the target answered."""
_UNDOCUMENTED = (Outcome.UNKNOWN.value, Outcome.NOT_SENT.value, Outcome.CONTRACT_VIOLATION.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """From when on, and what came instead."""

    since_s: float | None
    """When its last answer of the contract was complete, on the run's clock; null where there never was one."""
    requests: int
    """How many were due after that, all in vain."""
    words: str
    """One sentence."""
    unknown: str
    """What is not known for it, one sentence."""


@kept
def stopped(run: Run) -> Stopped | None:
    """Return whether the target answered nothing that the contract knows, from some time on until the load ended.

    An overloaded target answers some, or turns away: it has not stopped. Null where it answered to the end.
    """
    samples = run.samples
    if not len(samples) or samples["outcome"].iloc[-1] not in _UNDOCUMENTED:  # the last one due was answered
        return None
    in_vain = samples["outcome"].isin(_UNDOCUMENTED).to_numpy()
    answered_s = samples["done_s"].to_numpy(dtype=float)[~in_vain]
    since_s = float(answered_s.max()) if len(answered_s) else None
    is_later = samples["intended_s"].to_numpy(dtype=float) > (-inf if since_s is None else since_s)
    later = chosen(samples, is_later, ["http_status", "error_code"])
    if len(later) < REQUESTS_LEAST or run.end_s - (since_s or 0.0) < SILENCE_LEAST_S:
        return None
    beyond = "" if since_s is None else " beyond what was kept before"
    return Stopped(
        since_s=since_s,
        requests=len(later),
        words=_words(later, since_s),
        unknown=f"Nothing is known of its capacity{beyond}.",
    )


def _words(later: pd.DataFrame, since_s: float | None) -> str:
    at = "" if since_s is None else format_duration(since_s)
    most, share = _commonest(later)
    if most.startswith("HTTP ") and share >= TO_NEARLY_ALL:
        to = "everything" if share == 1.0 else f"{format_share(share)} of the requests"
        return f"The target answered {most} to {to}{f' from {at} on' if at else ''}."
    told = f"{most}{'' if share == 1.0 else ' most'}"
    if not at:
        return f"The target answered none of {counted(len(later), 'request')} as its contract has it ({told})."
    asked = f"none of {counted(len(later), 'request')} after that got an answer of its contract"
    return f"The target stopped answering at {at}: {asked} ({told})."


def _commonest(later: pd.DataFrame) -> tuple[str, float]:
    """Return the status, or the code of ours, that came most, and its share."""
    status = later["http_status"]
    answered = {f"HTTP {float(str(one)):.0f}": int(count) for one, count in status.dropna().value_counts().items()}
    codes = later.loc[status.isna(), "error_code"].astype(object).value_counts()
    counts = {**answered, **{one_line(str(one)) or "no reason on record": int(count) for one, count in codes.items()}}
    most = max(sorted(counts), key=counts.__getitem__)
    return most, counts[most] / len(later)
