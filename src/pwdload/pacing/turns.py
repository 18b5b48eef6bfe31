"""The master's part of open arrivals: whose turn each of them is as workers come and go."""

from collections.abc import Iterable
from itertools import islice

from pwdload.errors import UsageError
from pwdload.pacing.schedule import Schedule
from pwdload.pacing.sharing import Sharing

NOTICE_S = 1.0
"""A change of turns is announced so long before its first arrival, that no worker has handed that one out already."""


class Turns:
    """Shares out the arrivals of one run."""

    def __init__(self, schedule: Schedule) -> None:
        self.sharing: Sharing | None = None
        """Null until the first sharing."""
        self._schedule = schedule

    def extend(self, schedule: Schedule) -> None:
        """Take the schedule again that has become longer; arrivals announced before are the same in it."""
        self._schedule = schedule

    def share_among(self, workers: Iterable[str], now_s: float) -> bool:
        """Share out among these workers what is not about to come; return whether that changes anything.

        `now_s` is on the run's clock.

        Where nobody is left the sharing stays as it is: the arrivals of those that are gone are nobody's.
        """
        members = set(workers)
        if not members:
            return False
        if self.sharing is None:
            self.sharing = Sharing.among(members)
            return True
        if members == set(self.sharing.shares[-1].members):
            return False
        next_change = islice(self._schedule.from_time(now_s + NOTICE_S), 1)
        for arrival in next_change:
            try:
                self.sharing = self.sharing.changed(members, arrival.number)
            except UsageError:  # two changes within a moment that has no arrival between them
                return False
            return True
        return False
