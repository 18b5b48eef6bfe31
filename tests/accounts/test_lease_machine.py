"""Any order of leases, returns, losses, delays and crashes: no account in two hands, and none lost."""

from collections.abc import Callable
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.accounts.lease_world import SPEEDS, STATE, TERMS, Flow, Line, Worker, World

from pwdload.accounts.entry import Event, Kind, Status

ACCOUNTS = 9
CALM = 30
"""Small things that happen between one disaster and the next, at least."""
speeds = st.sampled_from(SPEEDS)


class Leases(RuleBasedStateMachine):
    """Everything that may happen, some of it in one step."""

    @initialize(speed=speeds, seed=st.integers(0, 999))
    def begin(self, speed: float, seed: int) -> None:
        """A run begins with one worker on the master's disk and one that ships its journal."""
        self.world = World(ACCOUNTS, Random(seed))
        self.world.start_master(speed)
        self._start_workers()
        self.steps_since = 0

    def _start_workers(self) -> None:
        self.world.start_worker(SPEEDS[0], is_near=True)
        self.world.start_worker(SPEEDS[2], is_near=False)

    # -- what may happen

    @rule(acts=st.lists(st.tuples(st.integers(0, 16), st.integers(0, 99)), max_size=12))
    def act(self, acts: list[tuple[int, int]]) -> None:
        """Small things happen: a flow begins, an answer comes, a moment passes."""
        for number, pick in acts:
            self._do(self._acts[number % len(self._acts)], pick)

    @rule(acts=st.integers(1, 60), seed=st.integers(0, 999))
    def act_at_random(self, acts: int, seed: int) -> None:
        """Many small things happen."""
        chance = Random(seed)
        for _ in range(acts):
            self._do(chance.choice(self._acts), chance.randrange(100))

    @rule(seconds=st.sampled_from([1.5, 3.0, 5.0, 9.0]))
    def pass_time(self, seconds: float) -> None:
        """Nothing happens but what is done regularly."""
        self.world.pass_time(seconds)

    @rule(pick=st.integers(0, 1), line=st.sampled_from([Line.SOUND, Line.BAD, Line.BAD, Line.CUT]))
    def change_line(self, pick: int, line: Line) -> None:
        """The line between the master and a worker gets better or worse."""
        self.world.lines[self._worker(pick).number] = line

    @rule(pick=st.integers(0, 1), seconds=st.sampled_from([9.0, 12.0, 16.0]), flows=st.integers(0, 3))
    def cut_line(self, pick: int, seconds: float, flows: int) -> None:
        """A worker is cut off for about as long as a lease lasts, with some flows in the middle."""
        worker = self._worker(pick)
        before, self.world.lines[worker.number] = self.world.lines[worker.number], Line.CUT
        for _ in range(flows):
            worker.begin_flow()
        self.world.pass_time(seconds)
        self.world.lines[worker.number] = before

    @precondition(lambda self: self.steps_since > CALM)
    @rule(pick=st.integers(0, 1), loses_disk=st.booleans(), speed=speeds, near=st.booleans())
    def kill(self, pick: int, loses_disk: bool, speed: float, near: bool) -> None:
        """A worker is killed, and perhaps its disk with it; another joins."""
        self.world.kill(self._worker(pick).number, loses_disk=loses_disk)
        self.world.start_worker(speed, is_near=near)
        self.steps_since = 0

    @precondition(lambda self: self.steps_since > CALM)
    @rule(pick=st.integers(0, 1), speed=speeds, near=st.booleans())
    def stop(self, pick: int, speed: float, near: bool) -> None:
        """A worker ends in order; another joins."""
        self.world.stop(self._worker(pick).number)
        self.world.start_worker(speed, is_near=near)
        self.steps_since = 0

    @precondition(lambda self: self.steps_since > CALM and self.world.master is not None)
    @rule()
    def crash_master(self) -> None:
        """The master is gone; workers do not know."""
        self.world.master, self.world.crashed_s = None, self.world.true_s
        self.steps_since = 0

    @precondition(lambda self: self.steps_since > CALM // 2 and self.world.master is None)
    @rule(speed=speeds, loses_disk=st.booleans())
    def restart_master(self, speed: float, loses_disk: bool) -> None:
        """A new master begins when no lease of the one before can be in force: by its own clock, from the crash on."""
        self.world.pass_time(max(self.world.crashed_s + TERMS.patience_s / speed - self.world.true_s, 0.0))
        self.check()
        for number in list(self.world.workers):
            self.world.kill(number, loses_disk=loses_disk)
        self.world.end_of_run()
        self.world.start_master(speed)
        self._start_workers()

    # -- small things: each takes a number that chooses one of what there is

    def _do(self, act: Callable[[int], None], pick: int) -> None:
        act(pick)
        self.steps_since += 1
        self.world.check_hands()

    @property
    def _acts(self) -> list[Callable[[int], None]]:
        often = [self.begin_flow, self.begin_rearming, self.intend, self.send, self.carry_out, self.answer]
        return [*often, *often, self.tick, self.tick, self.log_in, self.put_back, self.give_up]

    def tick(self, pick: int) -> None:
        """A moment passes."""
        self.world.pass_time(0.1 * (pick % 6))

    def give_up(self, pick: int) -> None:
        """A worker waits no more for the accounts that it asked for."""
        self._worker(pick).give_up()

    def begin_flow(self, pick: int) -> None:
        """A flow takes an account."""
        self._worker(pick).begin_flow()

    def begin_rearming(self, pick: int) -> None:
        """A used-up account is taken to be made ready again."""
        self._worker(pick).begin_rearming()

    def log_in(self, pick: int) -> None:
        """A flow sends a login."""
        for worker, flow in self._flow(pick, lambda flow: flow.new is None and flow.exchange is None):
            worker.log_in(flow)

    def intend(self, pick: int) -> None:
        """A flow writes its intent."""
        for worker, flow in self._flow(pick, lambda flow: flow.new is None and flow.exchange is None):
            worker.intend(flow)

    def send(self, pick: int) -> None:
        """A flow sends what it has intended."""
        for worker, flow in self._flow(pick, lambda flow: flow.new is not None and flow.exchange is None):
            worker.send(flow)

    def put_back(self, pick: int) -> None:
        """A flow ends without having asked for anything."""
        for worker, flow in self._flow(pick, lambda flow: flow.new is None and flow.exchange is None):
            worker.flows.remove(flow)
            worker.pool.give_back(STATE, flow.account, Status.CHANGED if flow.kind is Kind.REARM else Status.READY)

    def carry_out(self, pick: int) -> None:
        """The target changes a password, whether or not anybody still waits for its answer."""
        open_ones = [one for one in self.world.exchanges if one.new is not None and not one.was_applied]
        if open_ones:
            self.world.carry_out(open_ones[pick % len(open_ones)])

    def answer(self, pick: int) -> None:
        """A flow gets its answer, or, one time in eight, an error that says nothing."""
        for worker, flow in self._flow(pick, lambda flow: flow.exchange is not None):
            assert flow.exchange is not None
            applied = Event.APPLIED_AND_READY if pick % 2 and flow.kind is Kind.CHANGE else Event.APPLIED
            event = applied if flow.exchange.was_applied else Event.REFUSED
            worker.learn(flow, event if pick % 8 else Event.UNKNOWN)

    def _worker(self, pick: int) -> Worker:
        numbers = sorted(self.world.workers)
        return self.world.workers[numbers[pick % len(numbers)]]

    def _flow(self, pick: int, fits: Callable[[Flow], bool]) -> list[tuple[Worker, Flow]]:
        found = [(worker, flow) for worker in self.world.workers.values() for flow in worker.flows if fits(flow)]
        return [found[pick % len(found)]] if found else []

    # -- what must hold

    @invariant()
    def check(self) -> None:
        """Whatever has happened, the laws hold."""
        if hasattr(self, "world"):
            self.steps_since += 1
            self.world.check_hands()
            self.world.check_places()

    def teardown(self) -> None:
        """However it went: once all is quiet, the ledger is what the target says, for every account."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for number in list(world.workers):
            world.stop(number)
        world.pass_time(TERMS.patience_s * 1.1)
        assert world.master is None or not world.master.book.open_leases, "a lease never ends"
        world.end_of_run()
        assert all(entry.status is not Status.UNKNOWN for entry in world.entries.values())


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=150, stateful_step_count=40)
