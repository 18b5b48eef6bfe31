"""Capacities for tests, as a search or a look at a run's levels would find them."""

from dataclasses import replace

from pwdload.analysis.capacity import Capacity, Level, Limiter, Shape
from pwdload.criteria import Standing


def level(changes_per_s: float, start_s: float = 0.0, end_s: float = 30.0, stage: str = "level") -> Level:
    """A level that was held."""
    return Level(
        stage=stage,
        start_s=start_s,
        end_s=end_s,
        offered_flows_per_s=changes_per_s,
        offered_requests_per_s=2 * changes_per_s,
        changes_per_s=changes_per_s,
        p95_s=0.1,
        failed_share=0.0,
        in_flight=3.0,
        samples=1_000,
        standing=Standing.KEPT,
    )


FOUND = Capacity(
    source="search",
    shape=Shape.SATURATES,
    flows_per_s=120.0,
    flows_lower=115.0,
    flows_upper=125.0,
    changes_per_s=100.0,
    changes_lower=95.0,
    changes_upper=105.0,
    highest_changes_per_s=112.0,
    limiter=Limiter(criterion="p95_update_password", words="p95 of update_password passes 300 ms."),
    levels=(level(50.0), level(100.0), level(112.0)),
    beyond_kept_share=0.93,
    returned_s=4.2,
    words="Found by a search.",
)
"""100 changes a second, 95 to 105."""
AT_LEAST = replace(
    FOUND, shape=Shape.NEVER_SATURATES, changes_upper=None, flows_upper=None, limiter=None, beyond_kept_share=None
)
"""Never saturated: 100 changes a second or more."""
NEVER_KEPT = replace(
    FOUND,
    shape=Shape.NEVER_KEPT,
    flows_per_s=None,
    flows_lower=None,
    flows_upper=None,
    changes_per_s=None,
    changes_lower=None,
    changes_upper=None,
)
"""Not even 50 changes a second were served within the criteria."""
UNKNOWN = replace(NEVER_KEPT, shape=Shape.UNKNOWN, highest_changes_per_s=None, levels=())
"""Nothing can be told."""
