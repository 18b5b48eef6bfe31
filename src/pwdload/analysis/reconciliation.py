"""Our counts against the target's own: does the report tell of the same requests that the target saw?

Only a target that counts can be asked, which the embedded stand-in does. Answers are matched by route, HTTP status,
body status and error code. A request of ours that got no complete answer may or may not have reached the target; so
many more the target may have counted on that route, and every other difference is a mistake of somebody's.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pwdload.analysis.kinds import groups_of
from pwdload.analysis.run import CountRow, Run, kept

ROUTES = {
    "login": "/api/v2/sdk/login",
    "verify": "/api/v2/sdk/login",
    "update_password": "/api/v2/sdk/pwd/update",
    "skip_update": "/api/v2/sdk/pwd/skip-update",
    "sso_ticket": "/api/v2/tenant/sso/session-token/sso-ticket",
    "sso_user": "/api/v2/tenant/sso/sso-ticket/verify",
}
"""Which route each step calls. Re-arming an account has no route of the flow, and is not measured."""
_BEGINS_ANEW = frozenset({"kill", "stop"})
_MORE_THAN_ONCE = "duplicate"
"""Kinds of faults after which the target has counted something else than was asked for."""
_KEYS = ["route", "http_status", "status", "error_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The comparison, and what it comes to."""

    table: pd.DataFrame
    """One row per answer: ``route``, ``http_status``, ``status``, ``error_code``, ``ours``, ``target``,
    ``difference`` (target - ours)."""
    unmeasured: pd.DataFrame
    """What the target counted on routes that the load never calls: ``method``, ``route``, ``count``."""
    unanswered: int
    """Requests of ours without a complete answer: each may explain one answer that only the target counted."""
    unexplained: int
    """Sum of the differences that they cannot explain; 0 when both counts agree."""

    @property
    def is_equal(self) -> bool:
        """Whether both counted the same, answer by answer."""
        return not bool(self.table["difference"].any())

    @property
    def words(self) -> str:
        """The result in one sentence."""
        ours, theirs = int(self.table["ours"].sum()), int(self.table["target"].sum())
        if self.is_equal:
            return f"Equal: the target counted the same {ours:,} answers, route by route and code by code."
        if not self.unexplained:
            return (
                f"The target counted {theirs - ours:,} more answers than arrived; "
                f"{self.unanswered:,} requests of ours ended without one, which explains them."
            )
        return (
            f"Not equal: we recorded {ours:,} answers, the target counted {theirs:,}; "
            f"{self.unexplained:,} of the differences are beyond what {self.unanswered:,} requests without an answer "
            "can explain."
        )


@kept
def reconcile(run: Run) -> Reconciliation | None:
    """Compare the samples' counts with the target's; None when it was not asked, or has counted something else."""
    if run.target_counts is None or incomparable(run):
        return None
    ours, unanswered = _ours(run.samples)
    theirs, unmeasured = _theirs(run.target_counts)
    table = ours.merge(theirs, on=_KEYS, how="outer").fillna({"ours": 0, "target": 0})
    table = table.astype({"ours": "int64", "target": "int64"}).sort_values(_KEYS, ignore_index=True)
    table["difference"] = table["target"] - table["ours"]
    return Reconciliation(
        table=table,
        unmeasured=unmeasured,
        unanswered=int(unanswered.sum()),
        unexplained=_unexplained(table, unanswered),
    )


def incomparable(run: Run) -> str:
    """Return why the counts are not of the same requests, because of what was done to the target; empty: they are."""
    kinds = {one.kind for one in run.faults.injections if one.took_hold} if run.faults is not None else set()
    if kinds & _BEGINS_ANEW:
        return "The target was started anew meanwhile, and its counts with it, so that they were not compared."
    if _MORE_THAN_ONCE in kinds:
        return "Requests were delivered more than once, as a fault, so that the target's counts were not compared."
    return ""


def _ours(samples: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return our answers by route and kind, and how many requests went out on each route without getting one."""
    # Counted by step first: naming the routes of a dozen rows is cheaper than those of a million.
    groups = groups_of(samples, ["step", *_KEYS[1:]])
    ours = np.bincount(groups.codes[samples["is_by_target"].to_numpy()], minlength=len(groups.keys))
    counts = groups.keys.assign(ours=ours)[ours > 0]
    counts["route"] = counts["step"].astype(object).map(ROUTES)
    counts = counts.astype({"http_status": "int64", "status": object, "error_code": object})
    lost = samples.loc[~samples["is_answered"] & samples["sent_s"].notna(), "step"].value_counts()
    by_route = lost.rename(index=ROUTES).groupby(level=0, observed=True).sum()
    return counts.groupby(_KEYS)["ours"].sum().reset_index(), by_route


def _theirs(rows: tuple[CountRow, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    fields = ["method", *_KEYS, "target"]
    values = [(row.method, row.route, row.http_status, row.status, row.error_code, row.count) for row in rows]
    counts = pd.DataFrame(values, columns=fields).astype({"http_status": "int64", "target": "int64"})
    counts = counts.astype(dict.fromkeys(("method", "route", "status", "error_code"), object))
    is_measured = counts["route"].isin(list(ROUTES.values()))
    measured = counts[is_measured].groupby(_KEYS)["target"].sum().reset_index()
    others = counts[~is_measured].groupby(["method", "route"])["target"].sum().rename("count").reset_index()
    return measured, others


def _unexplained(table: pd.DataFrame, unanswered: pd.Series) -> int:
    """Return how much of the differences is beyond the requests without an answer, route by route."""
    total = 0
    for route, differences in table.groupby("route")["difference"]:
        allowed = int(unanswered.get(route, 0))
        only_ours = int(-differences[differences < 0].sum())
        only_theirs = int(differences[differences > 0].sum())
        total += only_ours + max(0, only_theirs - allowed)
    return total
