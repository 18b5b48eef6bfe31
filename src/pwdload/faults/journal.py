"""The journal of an experiment in the shape of Chaos Toolkit's, beside the run: for tools that read those.

Its fields and words are those of the Open Chaos specification's journal; what it has no place for stands under
`extensions`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from pwdload.injections import FaultsRecord, Injection, SteadyLook
from pwdload.rundir import RunRecord

_VERSION: Final = "1.0.0"


def journal_of(record: FaultsRecord, run: RunRecord) -> dict[str, object]:
    """Return the journal of a run's faults: the same run gives the same document."""
    start = datetime.fromisoformat(run.started_utc)
    befores = [look for look in record.steady if look.when == "before"]
    afters = [look for look in record.steady if look.when == "after"]
    is_deviated = any(look.met is False for look in afters)
    is_broken = record.lost_s is not None or any(one.error for one in record.injections)
    is_skipped = any(one.skipped for one in record.injections)
    return {
        "chaoslib-version": _VERSION,
        "platform": run.generator.get("system", ""),
        "node": "",
        "experiment": _experiment(record, run),
        "start": _iso(start, 0.0),
        "end": _iso(start, run.duration_s or 0.0),
        "duration": run.duration_s or 0.0,
        "status": "aborted" if is_broken else "failed" if is_skipped else "completed",
        "deviated": is_deviated,
        "steady_states": {"before": _states(befores, start), "after": _states(afters, start), "during": []},
        "run": [activity for one in record.injections for activity in _activities(one, start, heals=False)],
        "rollbacks": [activity for one in record.injections for activity in _activities(one, start, heals=True)],
        "extensions": [{"name": "pwdload", "faults": asdict(record)}],
    }


def _experiment(record: FaultsRecord, run: RunRecord) -> dict[str, object]:
    return {
        "version": _VERSION,
        "title": run.title,
        "description": f"Faults on {run.target} under load.",
        "tags": ["pwdload"],
        "steady-state-hypothesis": {
            "title": "The load is answered as it should be",
            "probes": [
                {"type": "probe", "name": criterion, "tolerance": True, "provider": _provider(criterion)}
                for criterion in dict.fromkeys(look.criterion for look in record.steady)
            ],
        },
        "method": [_action(one, heals=False) for one in record.injections],
        "rollbacks": [_action(one, heals=True) for one in record.injections],
    }


def _provider(name: str) -> dict[str, object]:
    return {"type": "process", "path": "pwdload", "arguments": name}


def _action(one: Injection, *, heals: bool) -> dict[str, object]:
    verb = "heal" if heals else "inject"
    return {"type": "action", "name": f"{verb} {one.fault}, {one.repeat}", "provider": _provider(one.kind)}


def _activities(one: Injection, start: datetime, *, heals: bool) -> Iterator[dict[str, object]]:
    before_s, after_s = (one.heal_before_s, one.heal_after_s) if heals else (one.inject_before_s, one.inject_after_s)
    if before_s is None:
        return
    ended_s = before_s if after_s is None else after_s
    yield {
        "activity": _action(one, heals=heals),
        "output": None,
        "status": "failed" if after_s is None else "succeeded",
        "start": _iso(start, before_s),
        "end": _iso(start, ended_s),
        "duration": ended_s - before_s,
        **({"exception": [one.error]} if one.error else {}),
    }


def _states(looks: Sequence[SteadyLook], start: datetime) -> dict[str, object]:
    return {
        "steady_state_met": all(look.met for look in looks),
        "probes": [
            {
                "activity": {"type": "probe", "name": look.criterion, "provider": _provider(look.criterion)},
                "output": look.measured,
                "status": "succeeded",
                "tolerance_met": bool(look.met),
                "start": _iso(start, look.from_s),
                "end": _iso(start, look.to_s),
                "duration": look.to_s - look.from_s,
            }
            for look in looks
        ],
    }


def _iso(start: datetime, at_s: float) -> str:
    return (start + timedelta(seconds=at_s)).isoformat(timespec="milliseconds")
