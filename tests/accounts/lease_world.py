"""A small world in which leases must hold: a master, workers, a target, journals, and lines that nobody can trust.

True time is the world's; each process has a clock of its own, with its own zero and its own speed. Over a sound line
messages arrive at once; over a bad one each takes its own time, so that they overtake one another, some are lost and
some doubled; over a cut one nothing arrives. What a master or a worker does with a message is here; in the
program it is in the harness.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Entry, Event, Kind, Record, Status
from pwdload.accounts.holding import Holding
from pwdload.accounts.leases import Ask, Evidence, Grant, LeaseBook, Stock, Terms
from pwdload.accounts.pool import Pool
from pwdload.errors import AccountsError

TERMS = Terms(ttl_s=10.0, use_s=4.0, clock_error=0.25)
SPEEDS = (0.9, 1.0, 1.1)
"""Of clocks, farther apart than any real ones are: what depends on them shows soon."""
STATE = "expired"
_ON_THE_WAY_S_MAX = 8.0
_TICK_S = 1.0
"""How often a worker renews and returns, and the master looks for what has run out."""
_SHIPPED_EVERY = 3
"""So many ticks apart a worker ships its journal: enough to be killed in between."""


class Line(Enum):
    """How messages between the master and one worker fare."""

    SOUND = 0
    BAD = 1
    CUT = 2


@dataclass(frozen=True, slots=True)
class Clock:
    """A process's own clock."""

    world: "World"
    zero_s: float
    speed: float

    def now(self) -> float:
        """Return its time."""
        return self.zero_s + self.speed * self.world.true_s


@dataclass(slots=True, eq=False)
class Exchange:
    """A request on its way; nothing of it happens after `until_s` of true time."""

    owner: int
    account: Account
    new: PasswordRef | None
    """Null: a login, which changes nothing."""
    until_s: float
    was_applied: bool = False


@dataclass(slots=True, eq=False)
class Flow:
    """A flow of a worker, with an account in its hands."""

    account: Account
    kind: Kind
    new: PasswordRef | None = None
    """What it asks for, once its intent is written."""
    exchange: Exchange | None = None


@dataclass(slots=True)
class Book:
    """A process's journal, and the master's copy of it where it is written on another disk."""

    is_on_masters_disk: bool
    records: list[Record] = field(default_factory=list)
    copied: list[Record] = field(default_factory=list)
    is_lost: bool = False
    """With its disk."""
    safe: int = 0
    """What the process knows to be with the master."""

    @property
    def written(self) -> int:
        """The end of the journal."""
        return len(self.records)

    def readable(self) -> Sequence[Record]:
        """Return what the master can read of it."""
        return self.records if self.is_on_masters_disk else self.copied

    @property
    def is_whole(self) -> bool:
        """Whether the master can read all that was ever written."""
        return self.is_on_masters_disk or self.readable()[-1:] == [Record(Event.END)]


class Worker:
    """A process with a pool, its flows and its journal."""

    def __init__(self, world: "World", number: int, clock: Clock, *, is_near: bool) -> None:
        self.number = number
        self.clock = clock
        self.journal = Book(is_near)
        self.holding = Holding(TERMS)
        self.pool = Pool(
            self._draw,
            self.holding,
            clock.now,
            draw_at_once=3,
            rearms=True,
            marks=None if is_near else self.journal,
        )
        self.flows: list[Flow] = []
        self._world = world
        self._arrived: deque[Account] = deque()
        self._open: Ask | None = None
        self._ticks = 0

    def _draw(self, state: str, how_many: int) -> Sequence[Account]:
        """Return what has arrived; if it is nothing, ask, and let the pool find nothing for now."""
        if not self._arrived:
            self._open = self._open or self.holding.ask(state, how_many, self.clock.now())
            self._world.send(0, "draw", self.number, self._open)
        arrived = list(self._arrived)
        self._arrived.clear()
        return arrived

    def give_up(self) -> None:
        """Wait no more for the answer to a question."""
        if self._open is not None:
            self.holding.give_up(self._open.ticket)
            self._open = None

    def hear(self, word: str, *what: Any) -> None:
        """Take a message."""
        match word:
            case "drawn":
                grant: Grant = what[0]
                if self._open is not None and grant.ticket == self._open.ticket:
                    self._open = None
                self._arrived.extend(self.holding.take(grant, self.clock.now()) or ())
            case "renewed":
                self.holding.renewed(what[0], what[1], self.clock.now())
            case "returned":
                self.holding.returned(*what)
            case "recorded":
                self.journal.safe = max(self.journal.safe, what[0])

    def tick(self) -> None:
        """Renew, return and ship, as every second."""
        now_s, send = self.clock.now(), self._world.send
        send(0, "renew", self.number, self.holding.to_renew(now_s), now_s)
        for returned in self.holding.to_return(now_s):
            send(0, "return", self.number, returned, self.journal.written)
        self._ticks += 1
        if not self.journal.is_on_masters_disk and self._ticks % _SHIPPED_EVERY == 0:
            send(0, "records", self.number, self.journal.safe, self.journal.records[self.journal.safe :])

    def begin_flow(self) -> None:
        """Let a flow take an account and hold its law: what it is told of the account is so."""
        try:
            account = self.pool.lease(STATE)
        except AccountsError:
            return
        assert self._world.in_force[account.index] == account.in_force, "a flow was given an outdated account"
        self.flows.append(Flow(account, Kind.CHANGE))

    def begin_rearming(self) -> None:
        """Let a used-up account be taken to be made ready again."""
        account = self.pool.lease_changed()
        if account is not None:
            assert self._world.in_force[account.index] == account.in_force, "the re-arm was given an outdated account"
            self.flows.append(Flow(account, Kind.REARM))

    def intend(self, flow: Flow) -> None:
        """Write down what is about to be asked for."""
        flow.new = flow.account.next
        self._write(flow, Event.INTENT)

    def log_in(self, flow: Flow) -> None:
        """Send a login, if the lease still allows it."""
        if self.pool.may_use(flow.account):
            self._send(flow)

    def send(self, flow: Flow) -> None:
        """Send the request, if the lease still allows it: looked at after the intent is written."""
        if self.pool.may_use(flow.account):
            self._send(flow)
        else:
            self._conclude(flow, Event.REFUSED)

    def _send(self, flow: Flow) -> None:
        until_s = self._world.true_s + TERMS.use_s / self.clock.speed
        flow.exchange = Exchange(self.number, flow.account, flow.new, until_s)
        self._world.exchanges.append(flow.exchange)

    def learn(self, flow: Flow, event: Event) -> None:
        """Take what came of the request."""
        assert flow.exchange is not None
        if event is not Event.UNKNOWN or flow.new is None:  # else the target may still change the password
            self._world.exchanges.remove(flow.exchange)
        if flow.new is None:  # a login
            flow.exchange = None
        else:
            self._conclude(flow, event)

    def _conclude(self, flow: Flow, event: Event) -> None:
        self._write(flow, event)
        account, new = flow.account, flow.new
        assert new is not None
        self.flows.remove(flow)
        match event:
            case Event.UNKNOWN:
                self.pool.give_back(STATE, account, Status.UNKNOWN)
            case Event.APPLIED if flow.kind is Kind.CHANGE:
                self.pool.give_back(STATE, account.changed(new), Status.CHANGED)
            case Event.APPLIED | Event.APPLIED_AND_READY:
                self.pool.give_back(STATE, account.changed(new))
            case Event.REFUSED if flow.kind is Kind.CHANGE:
                self.pool.give_back(STATE, account)
            case Event.REFUSED:
                self.pool.give_back(STATE, account, Status.CHANGED)

    def _write(self, flow: Flow, event: Event) -> None:
        assert flow.new is not None
        self.journal.records.append(
            Record(event, flow.kind, account=flow.account.index, lease=flow.account.lease, ref=flow.new)
        )


class Master:
    """The process that has the book of leases."""

    def __init__(self, world: "World", ready: Sequence[Account], *, first_lease: int, clock: Clock) -> None:
        self.clock = clock
        self._ready = ready
        self.stock = Stock({STATE: len(ready)}, lambda _, places: ready[places.start : places.stop])
        self.stock.pools = 2
        self.book = LeaseBook(self.stock, first_lease=first_lease, terms=TERMS, journal=world.masters_records.extend)
        self._world = world

    def hear(self, word: str, owner: int, *what: Any) -> None:
        """Take a message."""
        now_s, send, journal = self.clock.now(), self._world.send, self._world.journals.get(owner)
        assert journal is not None
        match word:
            case "draw":
                grant = self.book.grant(owner, what[0], now_s)
                if grant is not None:
                    send(owner, "drawn", grant)
            case "renew":
                numbers, sent_s = what
                send(owner, "renewed", self.book.renew(owner, numbers, now_s), sent_s)
            case "return":
                returned, written = what
                if journal.is_on_masters_disk or len(journal.copied) >= written:
                    self.book.take_back(owner, returned)
                    send(owner, "returned", returned.lease)
            case "records":
                place, records = what
                have = len(journal.copied)
                if place <= have:
                    journal.copied.extend(records[have - place :])
                    send(owner, "recorded", len(journal.copied))

    def tick(self) -> None:
        """Take back what has run out."""
        self.book.lapse(self.clock.now(), self._evidence)

    def _evidence(self, owner: int, lease: int) -> Evidence:
        journal = self._world.journals[owner]
        return Evidence([one for one in journal.readable() if one.lease == lease], journal.is_whole)

    def in_stock(self) -> list[int]:
        """Return the accounts that nobody holds."""
        fresh = self._ready[self.stock._handed_out[STATE] :]
        return [account.index for account in (*fresh, *self.stock._back.get(STATE, ()))]


class World:
    """All of it."""

    def __init__(self, accounts: int, chance: Random) -> None:
        self.true_s = 0.0
        self.chance = chance
        """Decides how messages fare over bad lines."""
        self.in_force = dict.fromkeys(range(accounts), PasswordRef(0))
        """The target's truth."""
        self.entries = {index: Entry(index=index, user_name=f"u{index}", state=STATE) for index in range(accounts)}
        """The ledger as of the last merge."""
        self.messages: list[tuple[float, int, str, tuple[Any, ...]]] = []
        """On their way, each with when it arrives."""
        self.exchanges: list[Exchange] = []
        self.journals: dict[int, Book] = {}
        self.lines: dict[int, Line] = {}
        self.masters_records: list[Record] = []
        self.workers: dict[int, Worker] = {}
        self.master: Master | None = None
        self.runs = 0
        self.born = 0
        self.crashed_s = 0.0

    # -- time, messages, target

    def clock(self, speed: float) -> Clock:
        """Return a clock of this speed, with a zero of its own."""
        return Clock(self, 1000.0 * self.born, speed)

    def send(self, receiver: int, word: str, *what: Any) -> None:
        """Put a message on its way; 0 is the master, whose messages from workers begin with who it is."""
        message = receiver, word, what
        match self.lines[receiver or what[0]]:
            case Line.SOUND:
                self.deliver(*message)
            case Line.BAD:
                for _ in range(self.chance.choice([0, 1, 1, 1, 2])):
                    due_s = self.true_s + self.chance.uniform(0.0, _ON_THE_WAY_S_MAX)
                    self.messages.append((due_s, *message))

    def deliver(self, receiver: int, word: str, what: tuple[Any, ...]) -> None:
        """Let a message arrive; at a process that is gone it does not."""
        hearer: Callable[..., None] | None = None
        if receiver == 0:
            hearer = self.master.hear if self.master is not None and what[0] in self.journals else None
        elif receiver in self.workers:
            hearer = self.workers[receiver].hear
        if hearer is not None:
            hearer(word, *what)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; everybody does what is done regularly, and exchanges end without an answer."""
        end_s = self.true_s + seconds
        while self.true_s < end_s:
            self.true_s = min(self.true_s + _TICK_S, end_s)
            self._deliver_due()
            for worker in self.workers.values():
                for flow in list(worker.flows):
                    if flow.exchange is not None and flow.exchange.until_s <= self.true_s:
                        worker.learn(flow, Event.UNKNOWN)
                worker.tick()
            self.exchanges = [one for one in self.exchanges if one.until_s > self.true_s]
            if self.master is not None:
                self.master.tick()
            self.check_hands()

    def _deliver_due(self) -> None:
        due = sorted((one for one in self.messages if one[0] <= self.true_s), key=lambda one: one[0])
        self.messages = [one for one in self.messages if one[0] > self.true_s]
        for _, receiver, word, what in due:
            self.deliver(receiver, word, what)

    def carry_out(self, exchange: Exchange) -> None:
        """Have the target change a password; each account must be what the request takes it for."""
        index = exchange.account.index
        assert exchange.new is not None
        assert self.in_force[index] == exchange.account.in_force, "a change was asked for with an outdated password"
        self.in_force[index] = exchange.new
        exchange.was_applied = True

    # -- processes

    def start_master(self, speed: float) -> None:
        """Begin a run over all accounts that the ledger calls ready."""
        self.runs += 1
        self.born += 1
        ready = [entry.account() for entry in self.entries.values() if entry.status is Status.READY]
        self.master = Master(self, ready, first_lease=(self.runs << 20) + 1, clock=self.clock(speed))

    def start_worker(self, speed: float, *, is_near: bool) -> None:
        """Let a worker join."""
        self.born += 1
        number = self.born
        worker = Worker(self, number, self.clock(speed), is_near=is_near)
        self.workers[number], self.journals[number], self.lines[number] = worker, worker.journal, Line.SOUND

    def kill(self, number: int, *, loses_disk: bool) -> None:
        """Kill a worker; what it has sent goes on."""
        worker = self.workers.pop(number)
        worker.journal.is_lost = loses_disk and not worker.journal.is_on_masters_disk

    def stop(self, number: int) -> None:
        """Let a worker end in order over sound lines: flows finish, accounts go home, the journal ends."""
        worker = self.workers[number]
        self.lines[number] = Line.SOUND
        worker.holding.end()
        self.pass_time(TERMS.use_s * 2)
        for flow in list(worker.flows):
            worker.pool.give_back(STATE, flow.account, Status.READY if flow.new is None else Status.UNKNOWN)
        worker.journal.records.append(Record(Event.END))
        for _ in range(2 * _SHIPPED_EVERY):
            worker.tick()
        if self.master is not None:
            assert worker.holding.is_empty, "the master has not taken everything back"
        del self.workers[number]

    # -- what must hold

    def check_hands(self) -> None:
        """At any time one process at most may begin something with an account, and what is on the way is its own."""
        may = {(index, one.number) for one in self.workers.values() for index in one.holding.usable(one.clock.now())}
        may |= {(one.account.index, one.owner) for one in self.exchanges}
        often = Counter(index for index, _ in may)
        assert max(often.values(), default=0) <= 1, f"in two processes: {sorted(may)}"
        for worker in self.workers.values():
            hands = Counter(one.account.index for one in worker.flows if worker.pool.may_use(one.account))
            assert max(hands.values(), default=0) <= 1, f"in two flows of one process: {hands}"
        if self.master is not None:
            assert often.keys().isdisjoint(self.master.in_stock()), "in the stock and in somebody's hands"

    def check_places(self) -> None:
        """Every account is in the stock, or under a lease, or out of use for a reason that the journals tell."""
        if self.master is None:
            return
        places = Counter(self.master.in_stock()) + Counter(self.master.book.holders().keys())
        assert max(places.values(), default=0) <= 1, f"in two places: {places}"
        elsewhere = self.in_force.keys() - places.keys() - self.master.book.awaited()
        known = self.folded() if elsewhere else {}
        lost = [index for index in elsewhere if known[index].status is Status.READY]
        assert not lost, f"ready and nowhere: {lost}"

    # -- ledger

    def folded(self) -> dict[int, Entry]:
        """Return the ledger with all journals that anybody can still read merged into it."""
        entries = dict(self.entries)
        records = [one for journal in self.journals.values() if not journal.is_lost for one in journal.records]
        records += [one for journal in self.journals.values() if journal.is_lost for one in journal.copied]
        for record in sorted((one for one in records if one.event is not Event.END), key=lambda one: one.lease):
            entries[record.account] = entries[record.account].after(record)
        return entries

    def merge(self) -> None:
        """Merge the journals as the master can read them; what a lost process may have done is put into doubt."""
        entries = dict(self.entries)
        records = [one for journal in self.journals.values() for one in journal.readable()]
        for record in sorted((one for one in records if one.event is not Event.END), key=lambda one: one.lease):
            entries[record.account] = entries[record.account].after(record)
        for index, owner in self._leased().items():
            if not self.journals[owner].is_whole:
                entries[index] = entries[index].suspected()
        self.entries, self.journals, self.masters_records = entries, {}, []

    def _leased(self) -> dict[int, int]:
        """Return the accounts that were leased last and are not returned, with the process that had them."""
        last: dict[int, Record] = {}
        for record in self.masters_records:
            if record.event is Event.LEASED:
                last[record.account] = record
            elif record.account in last and last[record.account].lease == record.lease:
                del last[record.account]
        return {index: record.note for index, record in last.items()}

    def settle(self) -> None:
        """Log in for every account in doubt, and hold the ledger against the target."""
        for index, entry in self.entries.items():
            if entry.status is Status.UNKNOWN:
                assert entry.doubt is not None
                truth = self.in_force[index]
                assert truth in (entry.doubt, entry.in_force), "neither password opens the account"
                event = Event.APPLIED if truth == entry.doubt else Event.REFUSED
                self.entries[index] = entry.after(Record(event, Kind.SETTLE, account=index, ref=truth))
        wrong = [index for index, entry in self.entries.items() if entry.in_force != self.in_force[index]]
        assert not wrong, f"the ledger is wrong about {wrong}"

    def end_of_run(self) -> None:
        """After every process is gone and every exchange over: merge, settle, make ready what was used up."""
        self.messages.clear()
        self.pass_time(TERMS.use_s * 2)
        self.merge()
        self.settle()
