"""What came back: the full breakdown of answers, the error codes in short, and both held against what was expected.

All of these are over the whole run, warm-up included: an error does not become harmless by coming early.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.kinds import groups_of
from pwdload.arrays import parts
from pwdload.statistics.bins import tally

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BREAKDOWN_KEYS = ("step", "case", "http_status", "status", "error_code", "outcome")
_ACCEPTS = "accept:"
_REFUSES = "refuse:"
_EITHER = "accept_or_refuse:"


def answer_breakdown(samples: pd.DataFrame) -> pd.DataFrame:
    """Return one row per combination of `BREAKDOWN_KEYS` that occurs.

    Further columns: ``count``, ``share`` (of all requests, 0 to 1), ``first_s`` and ``last_s`` (when the first and the
    last such answer was complete, on the run's clock). ``http_status`` is null where no head was read.
    """
    groups = groups_of(samples, BREAKDOWN_KEYS)
    count = tally(groups.codes, len(groups.keys))
    first_s, last_s = _first_and_last(samples["done_s"].to_numpy(dtype=float), groups.codes, count)
    table = groups.keys.assign(count=count, first_s=first_s, last_s=last_s)
    return table.assign(share=table["count"] / max(len(samples), 1))


def error_code_table(breakdown: pd.DataFrame) -> pd.DataFrame:
    """Return the short form of a breakdown: what was refused or failed, by code and step, the most frequent first.

    Columns: ``code`` (the error code, or what stands for one), ``step``, ``count``, ``share`` (of all requests),
    ``step_share`` (of the requests of the step), ``as_expected`` (how many of them the case wanted), ``first_s``,
    ``last_s``.
    """
    refused = breakdown[~breakdown["outcome"].isin(["right_accept"])]
    refused = refused.assign(code=answer_label(refused), as_expected=_counted_as_expected(refused))
    groups = refused.groupby(["code", "step"], observed=True, sort=True)
    table = groups.agg(
        count=("count", "sum"),
        share=("share", "sum"),
        as_expected=("as_expected", "sum"),
        first_s=("first_s", "min"),
        last_s=("last_s", "max"),
    ).reset_index()
    of_step = breakdown.groupby("step", observed=True)["count"].sum()
    table["step_share"] = table["count"] / table["step"].map(of_step).astype(float)
    return table.sort_values(["count", "code", "step"], ascending=[False, True, True], ignore_index=True)


def answer_label(answers: pd.DataFrame) -> pd.Series:
    """Return a short name for each answer: its error code, else its body status, else ``HTTP 405``.

    A 200 that has neither is ``HTTP 200``, so nothing that came back is without a name.
    """
    http = "HTTP " + answers["http_status"].astype("string").fillna("none")
    status = answers["status"].astype("string")
    code = answers["error_code"].astype("string")
    return code.mask(code == "", status.mask(status == "", http)).astype(object)


def expectation_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Return what each case expected of each step against what came, one row per different answer.

    Columns: ``case``, ``step``, ``expected`` (as in `pwdload.samples.Sample`), ``answer``,
    ``http_status``, ``outcome``, ``count``, ``share`` (of this case and step), ``is_listed`` (the answer is one of
    those expected by name) and ``is_surprise``: not as expected, or refused with a code other than those listed.
    """
    keys = ["case", "step", "expected", "http_status", "status", "error_code", "outcome"]
    groups = groups_of(samples, keys)
    table = groups.keys.assign(count=tally(groups.codes, len(groups.keys)))
    table["answer"] = answer_label(table)
    whole = table.groupby(["case", "step", "expected"], observed=True)["count"].transform("sum")
    listed = [
        answer in expected.partition(":")[2].split("|")
        for answer, expected in zip(table["answer"], table["expected"].astype(object), strict=True)
    ]
    right = table["outcome"].isin(["right_accept", "right_reject"])
    table = table.assign(share=table["count"] / whole, is_listed=listed)
    table["is_surprise"] = ~right | ~table["is_listed"].astype(bool)
    columns = ["case", "step", "expected", "answer", "http_status", "outcome", "count", "share"]
    return table[[*columns, "is_listed", "is_surprise"]]


def expectation_words(expected: str) -> str:
    """Return an expectation of a sample as a person says it: "accepted: SUCCESS", "refused: PARAM.0014 or ..."."""
    for prefix, word in ((_ACCEPTS, "accepted"), (_REFUSES, "refused"), (_EITHER, "accepted or refused")):
        if expected.startswith(prefix):
            named = expected.removeprefix(prefix).split("|")
            return f"{word}: {' or '.join(named)}" if named != [""] else word
    return expected


def _first_and_last(times_s: Floats, groups: npt.NDArray[np.integer], count: Counts) -> tuple[Floats, Floats]:
    """Return the least and the greatest time of each group; every group has one."""
    first_s, last_s = np.full(len(count), np.inf), np.full(len(count), -np.inf)
    for part in parts(len(times_s)):
        np.minimum.at(first_s, groups[part], times_s[part])
        np.maximum.at(last_s, groups[part], times_s[part])
    return first_s, last_s


def _counted_as_expected(breakdown: pd.DataFrame) -> pd.Series:
    return breakdown["count"].where(breakdown["outcome"].isin(["right_accept", "right_reject"]), 0)
