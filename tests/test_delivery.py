"""Delivery of samples: whatever the connection does, each sample arrives once, or is known to be missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.test_samples import sample

from pwdload.samples import Block, BlockFile, Inbox, Outbox, Sample, read_samples

PATIENCE_S = 3.0


@cache
def block(number: int, rows: int = 5) -> Block:
    """Return the block of a number: samples `number * rows` and on, of worker-0."""
    return Block.encode(number, [sample(number * rows + n, worker="worker-0") for n in range(rows)], compressed=True)


class Spool:
    """A spool in memory, which counts how often it is read."""

    def __init__(self) -> None:
        self.bytes = b""
        self.reads = 0

    def append(self, one: Block) -> int:
        place = len(self.bytes)
        self.bytes += one.frame
        return place

    def read(self, place: int, length: int) -> bytes:
        self.reads += 1
        return self.bytes[place : place + length]


@dataclass
class Link:
    """A connection that loses, doubles, delays and reorders what it is given, as a list of fates says."""

    fates: list[tuple[int, ...]]
    """For each message the delays of its copies: none for a message that is lost."""
    waiting: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _sent: int = 0

    def send(self, now: int, arrive: Callable[[], None]) -> None:
        """Take a message; past the list of fates the link is a good one."""
        fate = self.fates[self._sent] if self._sent < len(self.fates) else (0,)
        self._sent += 1
        self.waiting += [(now + delay, self._sent, arrive) for delay in fate]

    def deliver(self, now: int) -> None:
        """Let arrive what is due, the latest sent first: the worst order."""
        due = sorted((one for one in self.waiting if one[0] <= now), key=lambda one: -one[1])
        self.waiting = [one for one in self.waiting if one[0] > now]
        for _, _, arrive in due:
            arrive()


fates = st.lists(st.lists(st.integers(0, 8), max_size=3).map(tuple), max_size=60)


@settings(max_examples=200, deadline=None)
@given(
    there=fates,
    back=fates,
    blocks=st.integers(0, 12),
    window=st.sampled_from([1, 20_000, 1 << 20]),
    memory=st.sampled_from([0, 20_000, 1 << 20]),
    failures=st.sets(st.integers(0, 20)),
)
def test_every_sample_arrives_once_and_in_order_over_any_link(
    there: list[tuple[int, ...]],
    back: list[tuple[int, ...]],
    blocks: int,
    window: int,
    memory: int,
    failures: set[int],
) -> None:
    """Messages and answers may be lost, doubled and late, and the disk may refuse: nothing is missing or double."""
    spool, stored, tries = Spool(), list[Block](), count()

    def store(one: Block) -> None:
        if next(tries) in failures:
            raise OSError("no space left")
        stored.append(one)

    out, to, fro = (
        Outbox(spool.read, window_bytes=window, memory_bytes=memory, patience_s=PATIENCE_S),
        Link(there),
        Link(back),
    )
    inbox = Inbox(store)

    def arrive(frame: bytes) -> None:
        try:
            wanted = inbox.take(frame)
        except OSError:
            return
        assert wanted == len(stored), "an answer never promises what is not stored"
        fro.send(now, lambda: out.acknowledge(wanted, float(now)))

    for now in range(4000):
        if now < blocks:
            out.add(block(now), spool.append(block(now)))
        for frame in out.due(float(now)):
            to.send(now, lambda frame=frame: arrive(frame))  # type: ignore[misc]
        to.deliver(now)
        fro.deliver(now)
        if now >= blocks and not out:
            break
    assert not out, "it came to an end"
    assert [one.number for one in stored] == list(range(blocks))
    assert inbox.rows == sum(one.rows for one in stored)
    assert out.held_bytes == 0


@given(arrived=st.lists(st.integers(0, 9), max_size=40))
def test_what_never_arrived_is_known(arrived: list[int]) -> None:
    """Of any messages that got through before a sender died, the receiver holds a beginning without gaps."""
    stored: list[int] = []
    inbox = Inbox(lambda one: stored.append(one.number))
    for number in arrived:
        wanted = inbox.wanted
        assert inbox.take(block(number).frame) == wanted + (number == wanted)
    assert stored == list(range(inbox.wanted))
    assert inbox.rows == 5 * len(stored)


def test_a_block_is_sent_again_only_when_its_answer_is_overdue() -> None:
    """Patience doubles while nothing comes back, so that a master that hangs is not buried; an answer resets it."""
    out = Outbox(Spool().read, patience_s=PATIENCE_S)
    out.add(block(0), None)
    sent_s = [now for now in range(120) if list(out.due(float(now)))]
    assert sent_s == [0, 3, 9, 21, 45, 75, 105]
    out.acknowledge(1, 130.0)
    out.add(block(1), None)
    assert [now for now in range(200, 210) if list(out.due(float(now)))] == [200, 203, 209]


def test_one_lost_message_costs_one_round_and_not_one_for_each_that_followed() -> None:
    """A receiver that keeps the order has no use for what came after a gap: all of it is sent again together."""
    out, stored = Outbox(Spool().read, patience_s=PATIENCE_S), list[int]()
    inbox = Inbox(lambda one: stored.append(one.number))
    for now in range(10):
        out.add(block(now), None)
        for frame in out.due(float(now)):
            if now != 2:
                out.acknowledge(inbox.take(frame), float(now))
    assert stored == list(range(10)), "block 2 was asked for when block 3 came, and both were there with block 4"


def test_a_slow_line_is_not_buried_under_repetitions() -> None:
    """While answers keep coming nothing is sent twice, however long the window takes to get through."""
    out = Outbox(Spool().read, patience_s=PATIENCE_S)
    for number in range(8):
        out.add(block(number), None)
    sent = len(list(out.due(0.0)))
    for number in range(8):  # one block gets through in two seconds
        out.acknowledge(number + 1, 2.0 * number + 2.0)
        sent += len(list(out.due(2.0 * number + 2.5)))
    assert sent == 8


def test_a_connection_that_was_reset_sends_everything_again_at_once() -> None:
    """Nobody waits out a time that is known to be lost."""
    out = Outbox(Spool().read)
    for number in range(3):
        out.add(block(number), None)
    assert len(list(out.due(0.0))) == 3
    out.acknowledge(1, 0.05)
    assert not list(out.due(0.1))
    out.connection_was_reset()
    assert [Block.parse(frame).number for frame in out.due(0.1)] == [1, 2]


def test_only_a_window_is_on_the_way() -> None:
    """Heartbeats share the connection: a backlog is sent as answers come in, never all at once."""
    out = Outbox(Spool().read, window_bytes=2 * len(block(0).frame) + 10)
    for number in range(6):
        out.add(block(number), None)
    sent = list(out.due(0.0))
    assert 1 <= len(sent) < 4
    out.acknowledge(1, 0.0)
    assert [Block.parse(frame).number for frame in out.due(0.0)] == [len(sent)]


def test_a_block_larger_than_the_window_is_sent_all_the_same() -> None:
    """A limit that nothing fits into would stop the delivery for ever."""
    out = Outbox(Spool().read, window_bytes=10)
    out.add(block(0), None)
    assert list(out.due(0.0)) == [block(0).frame]


def test_a_backlog_takes_disk_and_not_memory() -> None:
    """Beyond the limit blocks are read from the spool when their turn comes; what no disk took stays in memory."""
    spool, size = Spool(), len(block(0).frame)
    out = Outbox(spool.read, memory_bytes=2 * size + 50)
    for number in range(50):
        out.add(block(number), spool.append(block(number)))
    assert out.held_bytes <= 2 * size + 50
    out.add(block(50), None)
    assert out.held_bytes <= 3 * size + 100
    inbox = Inbox(lambda _: None)
    while out:
        for frame in out.due(0.0):
            inbox.take(frame)
        out.acknowledge(inbox.wanted, 0.0)
    assert inbox.wanted == 51
    assert spool.reads == 48


@given(st.data())
def test_a_changed_byte_on_the_way_is_never_stored(data: st.DataObject) -> None:
    """A damaged message is not answered with a promise: it comes again."""
    frame = bytearray(block(0).frame)
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    inbox = Inbox(lambda _: pytest.fail("stored"))
    assert inbox.take(bytes(frame)) == 0


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of six blocks of worker-0: the master has four of them, the worker's spool all."""
    master, spool = BlockFile(tmp_path / "samples" / "worker-0.arrows"), BlockFile(tmp_path / "spool/worker-0.arrows")
    for number in range(6):
        spool.append(block(number))
        if number < 4:
            master.append(block(number))
    master.close()
    spool.close()
    return tmp_path


def read(run: Path) -> list[int]:
    """Return the sequence numbers that a reader of the run gets."""
    table, _ = read_samples(run / "samples", run / "spool")
    return [int(number) for number in table["seq"].to_pylist()]


def test_what_a_spool_still_held_is_merged_each_sample_once(run: Path) -> None:
    """After a worker's death its disk has the last word, and the account says how much came from there."""
    assert read(run) == list(range(30))
    _, (file,) = read_samples(run / "samples", run / "spool")
    assert (file.rows, file.missing, file.damaged, file.from_spool, file.finished) == (30, 0, 0, 10, False)
    _, (without,) = read_samples(run / "samples")
    assert (without.rows, without.from_spool) == (20, 0)


def test_a_spool_whose_blocks_were_never_delivered_is_a_worker_of_its_own(run: Path) -> None:
    """A worker that the master never got a block of is read from its disk alone."""
    (run / "samples" / "worker-0.arrows").unlink()
    _, (file,) = read_samples(run / "samples", run / "spool")
    assert (file.worker, file.rows, file.from_spool, file.finished) == ("worker-0", 30, 30, False)


def test_a_spool_that_stayed_after_all_was_delivered_adds_nothing(run: Path) -> None:
    """A leftover is no second run."""
    master = BlockFile(run / "samples" / "worker-0.arrows")
    for number in range(6):
        master.append(block(number))
    master.finish()
    _, (file,) = read_samples(run / "samples", run / "spool")
    assert (file.rows, file.finished, file.from_spool, file.damaged) == (30, True, 0, 0)


def test_a_spool_of_another_run_is_counted_and_left_out(run: Path) -> None:
    """Copied to the wrong place, another run's samples under the same name and numbers never reach a table."""
    foreign = BlockFile(run / "spool" / "worker-0.arrows")
    foreign.append(Block.encode(0, [sample(n, worker="worker-0", done_s=n + 0.5) for n in range(40)]))
    foreign.close()
    assert read(run) == list(range(20))
    _, (file,) = read_samples(run / "samples", run / "spool")
    assert (file.damaged, file.from_spool) == (40, 0)


def test_a_flipped_byte_anywhere_is_noticed_and_costs_its_block_only(run: Path) -> None:
    """Each byte of a file is under a seal: no change of one gives other rows, and none goes unseen."""
    path = run / "samples" / "worker-0.arrows"
    whole = path.read_bytes()
    heads = [sum(len(block(n).frame) for n in range(number)) for number in range(4)]
    for place in sorted({*range(0, len(whole), 397), *(head + n for head in heads for n in range(24))}):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        _, (file,) = read_samples(run / "samples")
        assert file.damaged > 0
        assert file.rows == 15
        assert file.missing == (5 if place < heads[3] else 0)
    assert read(run) == list(range(30)), "and a spool that has the block makes it good"


@pytest.mark.parametrize("lost", [1, 10, 23, 24, 25, 500])
def test_a_torn_last_block_is_left_out_quietly(run: Path, lost: int) -> None:
    """A process that was killed while it wrote has promised nobody anything about that block."""
    path = run / "samples" / "worker-0.arrows"
    path.write_bytes(path.read_bytes()[:-lost])
    _, (file,) = read_samples(run / "samples")
    assert (file.rows, file.damaged, file.missing) == (15, 0, 0)


def test_a_disk_that_refuses_leaves_whole_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that was cut by a full disk is taken back, and the file goes on where it was."""
    file = BlockFile(tmp_path / "worker-0.arrows")
    file.append(block(0))

    class Full:
        """The same file on a full disk: takes a hundred bytes and then no more."""

        def __init__(self) -> None:
            self.left = 100

        def write(self, data: memoryview) -> int:
            if not self.left:
                raise OSError(28, "No space left on device")
            self.left = 0
            return sound.write(data[:100]) or 0

        def __getattr__(self, name: str) -> object:
            return getattr(sound, name)

    sound = file._file
    monkeypatch.setattr(file, "_file", Full())
    with pytest.raises(OSError, match="No space"):
        file.append(block(1))
    monkeypatch.setattr(file, "_file", sound)
    file.append(block(1))
    file.close()
    table, (account,) = read_samples(tmp_path)
    assert (table["seq"].to_pylist(), account.damaged) == (list(range(10)), 0)


def samples_of(frames: list[bytes]) -> list[Sample]:
    """Return the samples in frames."""
    return [Sample(**row) for frame in frames for one in Block.parse(frame).batches() for row in one.to_pylist()]


def test_a_block_gives_its_samples_back_compressed_or_not() -> None:
    """What travels is what was recorded."""
    rows = [sample(n, error_code=f"E{n}") for n in range(300)]
    plain, small = Block.encode(7, rows), Block.encode(7, rows, compressed=True)
    assert samples_of([plain.frame]) == samples_of([small.frame]) == rows
    assert (plain.number, small.rows) == (7, 300)
    assert len(small.frame) < len(plain.frame) / 2
