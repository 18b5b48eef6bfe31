"""What goes wrong for a while because the control endpoint was told so: a slow disk, and tokens that age in a jump.

Defects are mistakes of this program; faults are mishaps of what it runs on, and the program stays right under them.
They end when they are taken back, or with the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import TypeVar

from pwdload.standin.clock import Clock
from pwdload.standin.store import Store

COMMIT_DELAY_MAX_S = 60.0
CLOCK_JUMP_MAX_S = 1e9

_Result = TypeVar("_Result")


class SlowDisk:
    """Lets each commit take longer, one after the other, as a disk does that is slow to flush.

    A commit is made at once and acknowledged late, so that the program can still be told that the disk is well again;
    whoever waits then is answered at once. Clients cannot tell it from a late commit: a process that is killed
    meanwhile leaves changes that were never acknowledged, and some of them are made.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._delay_s = 0.0
        self._free_at_s = 0.0
        self._waiting: set[asyncio.Future[None]] = set()
        self._commits: ContextVar[list[int] | None] = ContextVar("commits", default=None)

    @property
    def delay_s(self) -> float:
        """How much longer a commit takes."""
        return self._delay_s

    def slow_down(self, delay_s: float) -> None:
        """Let each commit take longer from now on; 0 ends it, for those as well that wait already."""
        self._delay_s = delay_s
        self._store.tell_of_commits(self._count if delay_s else None)
        if not delay_s:
            self._free_at_s = 0.0
            for well_again in self._waiting:
                well_again.set_result(None)
            self._waiting.clear()

    async def acknowledged(self, work: Callable[[], Awaitable[_Result]]) -> _Result:
        """Return the result of the work as soon as what it has committed is on the disk."""
        if not self._delay_s:
            return await work()
        self._commits.set(commits := [0])
        result = await work()
        if commits[0] and self._delay_s:
            await self._flush(commits[0])
        return result

    def _count(self) -> None:
        if (commits := self._commits.get()) is not None:
            commits[0] += 1

    async def _flush(self, commits: int) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._free_at_s = max(now_s, self._free_at_s) + commits * self._delay_s
        self._waiting.add(well_again := loop.create_future())
        await asyncio.wait((well_again,), timeout=self._free_at_s - now_s)
        self._waiting.discard(well_again)


class TokenClock:
    """The clock by which state_tokens age: the program's own, until it jumps.

    A jump ahead makes every token older that was handed out before, and none that is handed out later: it was dated by
    the clock that had jumped already. When the jump is taken back, each token is as old as it is. So no token serves
    longer than its life, with a jump or after it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = 0.0
        self._jumped_at_s = 0.0

    @property
    def ahead_s(self) -> float:
        """By how much older the tokens are that were handed out before the jump."""
        return self._ahead_s

    def jump(self, ahead_s: float) -> None:
        """Jump ahead of the program's clock; 0 takes the jump back. The jump that it has made already is no other."""
        if ahead_s != self._ahead_s:
            self._ahead_s, self._jumped_at_s = ahead_s, self._clock()

    def is_over(self, expires_s: float, life_s: float) -> bool:
        """Whether a token has expired that had this life when it was handed out."""
        is_from_before = expires_s - life_s <= self._jumped_at_s
        return self._clock() + (self._ahead_s if is_from_before else 0.0) >= expires_s


class Faults:
    """All faults of one program, by the names that the control endpoint gives them; 0 is none."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.disk = SlowDisk(store)
        self.token_clock = TokenClock(clock)

    def fields(self) -> Mapping[str, object]:
        """Return them as they are told and sent."""
        return {"commit_delay_s": self.disk.delay_s, "clock_jump_s": self.token_clock.ahead_s}

    def set(self, fields: Mapping[str, object]) -> None:
        """Set those that are named, and leave the others.

        Raises:
            ValueError: one is unknown, or its value is not allowed; nothing has been set then.
        """
        setters = {
            "commit_delay_s": (self.disk.slow_down, COMMIT_DELAY_MAX_S),
            "clock_jump_s": (self.token_clock.jump, CLOCK_JUMP_MAX_S),
        }
        if unknown := fields.keys() - setters.keys():
            raise ValueError(f"{min(unknown)}: no such fault; there are {', '.join(setters)}")
        values = {name: _number(name, value, setters[name][1]) for name, value in fields.items()}
        for name, value in values.items():
            setters[name][0](value)

    def end(self) -> None:
        """Take all of them back."""
        self.disk.slow_down(0.0)
        self.token_clock.jump(0.0)


def _number(name: str, value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{name}: a number from 0 to {most:.0f} is needed")
    return float(value)
