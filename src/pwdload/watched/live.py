"""What the web UI knows of the run: the latest snapshot, its age, and the history; each made into JSON once."""

import json
from collections.abc import Callable
from math import isfinite
from typing import Any

from pwdload.watched.history import NAMES, History
from pwdload.watched.snapshot import Snapshot


class Live:
    """Takes the snapshots of all runs of a process, one after the other, and answers those who look on."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Take a monotonic clock, in seconds: it tells the age of the latest snapshot."""
        self.latest: Snapshot | None = None
        """Null before the first run."""
        self._history = History()
        self._now = now
        self._taken_s = 0.0
        self._made = ""
        """The latest snapshot in JSON; empty until somebody asks. However many ask, it is made once."""

    def take(self, snapshot: Snapshot) -> None:
        """Take the snapshot of a second."""
        self.latest, self._taken_s, self._made = snapshot, self._now(), ""
        if snapshot.run_id != self._history.run_id:
            self._history = History(snapshot.run_id)
        self._history.take(snapshot)

    def snapshot_json(self, *, has_report: bool = False) -> str:
        """Return the latest snapshot, null before the first, how many seconds ago it was made, and if its report is."""
        if self.latest is None:
            return '{"snapshot": null, "age_s": null, "has_report": false}'
        if not self._made:
            self._made = _dumped(self.latest.to_json())
        age_s = self._now() - self._taken_s
        return f'{{"snapshot": {self._made}, "age_s": {age_s:.1f}, "has_report": {json.dumps(has_report)}}}'

    def history_json(self, *, whole: bool, after: int = 0) -> str:
        """Return the course of the run: the whole of it in coarse steps, or the latest points above a number."""
        history = self._history
        rows = history.course_json() if whole else history.recent_json(after)
        about = _dumped({"run_id": history.run_id, "seen": history.seen, "names": NAMES})
        return f'{about[:-1]},"rows":{rows}}}'


def _dumped(value: object) -> str:
    """Return JSON that every browser reads: what is no number is null."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value
