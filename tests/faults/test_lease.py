"""The dead-man timer: whoever does not renew is taken for dead, and everything is healed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from pwdload.errors import FaultError
from pwdload.faults.control.lease import Lease, State


class World:
    """A lease whose clock is moved by hand, and which notes when it heals."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.healings = 0
        self.problem = ""
        self.lease = Lease(self._heal, clock=lambda: self.now_s)

    async def _heal(self) -> None:
        if self.problem:
            raise FaultError(self.problem)
        self.healings += 1

    async def after(self, seconds: float) -> None:
        """Let time pass, and the timer look at the clock."""
        self.now_s += seconds
        watch = asyncio.create_task(self.lease.watch())
        for _ in range(5):
            await asyncio.sleep(0)
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


def play(story: Callable[[World], Awaitable[None]]) -> None:
    async def told() -> None:
        await story(World())

    asyncio.run(told())


def test_what_is_not_renewed_in_time_is_healed_once() -> None:
    """Renewed it holds; then it lapses, once, and the count tells."""

    async def story(world: World) -> None:
        for _ in range(3):
            assert (await world.lease.take(3)).lapses == 0
            await world.after(2.9)
            assert (world.healings, world.lease.status().state) == (0, State.HELD)
        await world.after(0.1)
        status = world.lease.status()
        assert (world.healings, status.state, status.lapses, status.healed) == (1, State.LAPSED, 1, True)
        await world.after(60)
        assert world.healings == 1

    play(story)


def test_nobody_who_took_no_lease_is_watched() -> None:
    """By hand, faults stay for as long as a person likes."""

    async def story(world: World) -> None:
        await world.after(1_000)
        assert (world.healings, world.lease.status().state) == (0, State.NONE)

    play(story)


def test_a_lease_that_was_ended_in_order_heals_nothing() -> None:
    """Whoever gives it back has healed already, or wants it so."""

    async def story(world: World) -> None:
        await world.lease.take(3)
        world.lease.end()
        await world.after(60)
        assert (world.healings, world.lease.status().state) == (0, State.ENDED)

    play(story)


def test_a_late_renewal_is_told_that_it_was_late() -> None:
    """A controller that hung believes its fault to be on: it is healed before the lease is granted again."""

    async def story(world: World) -> None:
        await world.lease.take(3)
        world.now_s += 3.5
        status = await world.lease.take(3)
        assert (world.healings, status.state, status.lapses, status.left_s) == (1, State.HELD, 1, 3.0)

    play(story)


def test_a_lease_ended_too_late_is_healed() -> None:
    """To give back what has run out does not undo that it has."""

    async def story(world: World) -> None:
        await world.lease.take(3)
        world.now_s += 3.5
        world.lease.end()
        await world.after(0)
        assert (world.healings, world.lease.status().state) == (1, State.LAPSED)

    play(story)


def test_what_cannot_be_healed_is_told_and_tried_again() -> None:
    """A port that another program has taken may be free in a moment."""

    async def story(world: World) -> None:
        await world.lease.take(3)
        world.problem = "cannot listen"
        await world.after(4)
        status = world.lease.status()
        assert (status.state, status.healed, status.error) == (State.LAPSED, False, "cannot listen")
        world.problem = ""
        await world.after(1)
        status = world.lease.status()
        assert (world.healings, status.healed, status.error, status.lapses) == (1, True, "", 1)

    play(story)


@pytest.mark.parametrize("seconds", [0.0, 0.05, -1.0, 3_601.0, float("inf"), float("nan")])
def test_a_lease_of_no_use_is_refused(seconds: float) -> None:
    """So short that no renewal is in time, or so long that nobody would wait; the one that was held stays."""

    async def story(world: World) -> None:
        await world.lease.take(3)
        with pytest.raises(FaultError, match=r"seconds: .* is not between 0\.1 and 3600"):
            await world.lease.take(seconds)
        assert world.lease.status().seconds == 3

    play(story)
