"""Looks at the run that is on, in the process in charge, and shows it once a second to whoever wants to see it.

It costs the run next to nothing and can do it no harm: whatever breaks here ends the looking, and is noted.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Final

import gevent

from pwdload.criteria.previewing import Preview
from pwdload.harness.live import Tap, tap_of
from pwdload.harness.progress import say
from pwdload.harness.sight import Generators, Sight, Timetable, criteria_now, previews_of, snapshot
from pwdload.health import HealthRow
from pwdload.watched import CriterionNow, Phase, Snapshot
from pwdload.watched.load import WatchedLoad

Show = Callable[[Snapshot], None]
"""Is shown the run, once a second and when it has ended; in a greenlet, so it must not take long."""
_EVERY_S: Final = 1.0
_JUDGED_EVERY_S: Final = 5.0
"""Criteria change slowly, and take a look at every second of the run."""


class Onlooker:
    """What is seen of one run after the other."""

    def __init__(self) -> None:
        self.latest: Snapshot | None = None
        """The run as it was seen last: the one that is on, or the one that ended last; null before the first."""
        self.tap: Tap | None = None
        """Is to be shown the samples of all processes; null between two runs."""
        self._shows: list[Show] = []
        self._sight: Sight | None = None
        self._greenlet = gevent.Greenlet()
        self._load = WatchedLoad()
        self._previews: Sequence[Preview] = ()
        self._notes: list[str] = []
        self._reset()

    def _reset(self) -> None:
        self._generators, self._timetable = Generators(), Timetable()
        self._criteria: tuple[CriterionNow, ...] = ()
        self._judged_s = -inf
        self._notes, self._load_ended_s = [], inf

    def subscribe(self, show: Show) -> None:
        """Show every snapshot from now on; one that raises is not shown any more, and the run goes on."""
        self._shows.append(show)

    def begin_run(self, sight: Sight) -> None:
        """Look at a run that begins; the one before is forgotten."""
        self._greenlet.kill()
        self._reset()
        self._sight, self._previews = sight, previews_of(sight.plan())
        self._load = WatchedLoad(self._previews)
        self.tap = tap_of(self._load, self._failed)
        self._greenlet = gevent.spawn(self._look_regularly)

    def take(self, row: HealthRow) -> None:
        """Take how a process was in the last second."""
        self._generators.take(row)

    def load_ends(self) -> None:
        """Take note that the load was told to end."""
        if self._sight is not None:
            self._load_ended_s = min(self._load_ended_s, self._sight.clock.now())

    def end_run(self) -> None:
        """Show the run as it ended: all samples have come, or will not come. Said again it does nothing."""
        if self._sight is None:
            return
        self._greenlet.kill()
        self._guarded(self._load.add_up)
        self._guarded(self._look)
        self._sight, self.tap = None, None

    def _look_regularly(self) -> None:
        while True:
            self._guarded(self._look)
            gevent.sleep(_EVERY_S)

    def _look(self) -> None:
        assert self._sight is not None  # noqa: S101 - looks at a run only
        now_s = self._sight.clock.now()
        phase = self._phase(now_s)
        load = self._load.look(min(now_s, self._load_ended_s))
        if now_s >= self._judged_s + _JUDGED_EVERY_S or phase is Phase.ENDED:
            self._judged_s, self._criteria = now_s, criteria_now(self._previews, load.until_s)
        seen = snapshot(self._sight, self._timetable, self._generators, load, phase)
        seen = replace(seen, criteria=self._criteria, notes=(*seen.notes, *self._notes))
        self.latest = seen
        for show in tuple(self._shows):
            self._show(show, seen)

    def _phase(self, now_s: float) -> Phase:
        assert self._sight is not None  # noqa: S101 - asked of a run only
        if self._greenlet.dead:
            return Phase.ENDED
        if self._load_ended_s < inf:
            return Phase.FINISHING
        return Phase.RUNNING if self._sight.clock.runs and now_s >= 0.0 else Phase.STARTING

    def _show(self, show: Show, seen: Snapshot) -> None:
        try:
            show(seen)
        except Exception as error:  # noqa: BLE001 - whatever it is: who looks must not harm the run
            self._shows.remove(show)
            self._failed(f"{type(error).__name__}: {error}")

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(f"{type(error).__name__}: {error}")

    def _failed(self, why: str) -> None:
        note = f"The run could not be watched in full while it went on ({why}); its report does not depend on that."
        if note not in self._notes:
            self._notes.append(note)
            say(f"pwdload: {note}")
