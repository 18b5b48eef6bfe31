"""Tabs of Locust's own page: what a `Snapshot` holds, as tables that Locust's page draws and renews."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pwdload.units import format_duration
from pwdload.watched import Snapshot

Row = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab with one table."""

    key: str
    title: str
    columns: Mapping[str, str]
    """Key of a column and its heading."""
    rows: Callable[[Snapshot], Sequence[Row]]


def template_args() -> dict[str, Any]:
    """Return what Locust's page has to know of the tabs, in its own words."""
    return {
        "extended_tabs": [{"title": tab.title, "key": tab.key} for tab in TABS],
        "extended_tables": [
            {"key": tab.key, "structure": [{"key": key, "title": title} for key, title in tab.columns.items()]}
            for tab in TABS
        ],
    }


def extended_stats(snapshot: Snapshot | None) -> list[dict[str, Any]]:
    """Return the rows of all tabs; none before the first run."""
    return [
        {"key": tab.key, "data": [*map(_visible, tab.rows(snapshot))] if snapshot is not None else []} for tab in TABS
    ]


def _visible(row: Row) -> Row:
    """Return a row whose words show every character, those too that would turn around what comes after them."""
    return {key: _spelt(value) if isinstance(value, str) else value for key, value in row.items()}


def _spelt(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _outcomes(snapshot: Snapshot) -> Sequence[Row]:
    rows = sorted(snapshot.outcomes, key=lambda one: (one.step, -one.count))
    return [
        {
            "name": f"{one.step} {one.outcome}",
            "step": one.step,
            "outcome": one.outcome,
            "since": one.count,
            "lately": one.recent,
        }
        for one in rows
    ]


def _codes(snapshot: Snapshot) -> Sequence[Row]:
    rows = sorted(snapshot.codes, key=lambda one: -one.count)
    return [
        {"name": f"{one.step} {one.code}", "code": one.code, "step": one.step, "since": one.count, "lately": one.recent}
        for one in rows
    ]


def _accounts(snapshot: Snapshot) -> Sequence[Row]:
    one = snapshot.accounts
    if one is None:
        return []
    lasts = None if one.lasts_s is None else format_duration(round(one.lasts_s))
    told = {
        "All": one.total,
        "Ready: a flow may still take them": one.ready,
        "In the hands of a flow or worker": one.leased,
        "Password changed in this run": one.changed,
        "In doubt, between two passwords": one.in_doubt,
        "Ready ones last for": lasts,
    }
    return [{"name": name, "number": value} for name, value in told.items() if value is not None]


def _faults(snapshot: Snapshot) -> Sequence[Row]:
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "state": one.state,
            "start": round(one.start_s, 1),
            "end": round(one.end_s, 1),
        }
        for one in snapshot.faults
    ]


def _health(snapshot: Snapshot) -> Sequence[Row]:
    return [
        {
            "name": one.worker,
            "state": "lost" if one.is_lost else f"{max(snapshot.at_s - one.at_s, 0.0):.0f} s ago",
            "cpu": round(100 * one.cpu_share),
            "lag": round(one.loop_lag_ms, 1),
            "in_flight": one.in_flight,
            "queued": one.queued,
            "begun": one.begun,
            "dropped": one.dropped,
            "unacknowledged": one.unacknowledged,
        }
        for one in snapshot.generators
    ]


_COUNTED: Final = {"since": "Since the start", "lately": "In the last seconds"}
TABS: Final = (
    Tab(
        key="pwdload-outcomes",
        title="Outcomes",
        columns={"step": "Step", "outcome": "Outcome", **_COUNTED},
        rows=_outcomes,
    ),
    Tab(
        key="pwdload-codes",
        title="Error codes",
        columns={"code": "Error code", "step": "Step", **_COUNTED},
        rows=_codes,
    ),
    Tab(
        key="pwdload-accounts",
        title="Accounts",
        columns={"name": "Accounts", "number": "Number"},
        rows=_accounts,
    ),
    Tab(
        key="pwdload-faults",
        title="Faults",
        columns={"name": "Fault", "kind": "Kind", "state": "State", "start": "Begins (s)", "end": "Ends (s)"},
        rows=_faults,
    ),
    Tab(
        key="pwdload-health",
        title="Generator health",
        columns={
            "name": "Process",
            "state": "Last word",
            "cpu": "CPU (%)",
            "lag": "Loop lag (ms)",
            "in_flight": "In flight",
            "queued": "Queued",
            "begun": "Begun",
            "dropped": "Dropped",
            "unacknowledged": "Unacknowledged",
        },
        rows=_health,
    ),
)
"""In the order in which they stand, after Locust's own."""
