"""The short form of calibration, a program of its own: ``python -m pwdload.harness.selftest FILE``.

It plays the case of one request against the reference target with the run's own session, connection and recorder:
first one user alone, which gives the floor; then many without a pause, which gives the rate of one process.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import gevent
import gevent.event
from locust.env import Environment

from pwdload.accounts.journal import Journal, JournalHead
from pwdload.accounts.leases import Stock
from pwdload.accounts.own import own_pool
from pwdload.accounts.source import made_up_accounts
from pwdload.calibration.certificate import Capacity, Certificate, Floor, write_certificate
from pwdload.calibration.conditions import conditions_now
from pwdload.calibration.process import reference_target
from pwdload.calibration.truths import nearest_rank_s
from pwdload.clock import RunClock, clock_name, network_name
from pwdload.errors import PwdloadError
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.lean import do_without_pandas
from pwdload.harness.options import secret_digest, share_secret_with_children
from pwdload.harness.plan import Plan
from pwdload.harness.session import Session
from pwdload.heap import keep_large_blocks_apart
from pwdload.rundir import RunDirectory, StageRecord
from pwdload.samples import read_samples
from pwdload.scenario import default_scenario

CASE = "login_only"
_ALONE_S, _TOGETHER_S = 0.4, 1.2
_WARM_UP_S = 0.2
_USERS = 50
_ACCOUNTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What users without a pause got done."""

    begun_s: float
    ended_s: float
    """On the run's clock."""
    requests: int
    cpu_s: float
    """Of this process."""

    @property
    def for_s(self) -> float:
        """How long it was."""
        return self.ended_s - self.begun_s


def burst(session: Session, users: int, for_s: float) -> Burst:
    """Let users play one flow after the other, each on a connection of its own, for a time."""
    ends_s = time.perf_counter() + for_s
    told_to_stop = gevent.event.Event()
    done = [0] * users

    def play(place: int) -> None:
        wire = session.open_wire(told_to_stop)
        while time.perf_counter() < ends_s:
            session.play(CASE, wire)
            done[place] += 1
        wire.close()

    begun_s, cpu_s = session.clock.now(), time.process_time()
    gevent.joinall([gevent.spawn(play, place) for place in range(users)], raise_error=True)
    return Burst(begun_s=begun_s, ended_s=session.clock.now(), requests=sum(done), cpu_s=time.process_time() - cpu_s)


def measure() -> Certificate:
    """Measure floor, timer and capacity, now.

    Raises:
        PwdloadError: the reference target did not start, or did not answer.
    """
    with tempfile.TemporaryDirectory(prefix="pwdload-selftest-") as folder, reference_target(["floor"]) as target:
        session = _session(target.url, Path(folder))
        alone = burst(session, 1, _ALONE_S)
        burst(session, _USERS, _WARM_UP_S)
        target_cpu_s = target.dictated().cpu_s
        together = burst(session, _USERS, _TOGETHER_S)
        dictated = target.dictated()
        session.close()
        floor = _floor(RunDirectory(Path(folder)), alone)
    capacity = Capacity(
        requests=together.requests,
        for_s=together.for_s,
        rate_per_s=together.requests / together.for_s,
        cpu_share=together.cpu_s / together.for_s,
        target_cpu_share=(dictated.cpu_s - target_cpu_s) / together.for_s,
    )
    return Certificate(
        form="short",
        measured_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        conditions=conditions_now(),
        floor=floor,
        timer=dictated.timer_error(),
        capacity=capacity,
    )


def _session(url: str, folder: Path) -> Session:
    """Return a session as a run has it, its samples going to a directory of their own."""
    environment = Environment()
    environment.create_local_runner()  # listens for requests as it does in a run, which is a tenth of their cost
    source = made_up_accounts(_ACCOUNTS, 0.0)
    stock = Stock(source.sizes, source.accounts)
    plan = Plan(
        scenario=default_scenario(),
        target=url,
        weights={CASE: 1.0},
        state_token_life_s=0.0,
        secret_digest=secret_digest(),
        clock=clock_name(),
        network=network_name(),
        stages=(StageRecord(name="all", start_s=0.0, end_s=None, users=None),),
        run_directory=str(folder),
        is_standin=True,
    )
    journal = Journal.create(folder, JournalHead(ledger=bytes(8), run=1, process=0))
    books = Bookkeeper(own_pool(stock, journal.append, first_lease=1), journal, warned_stay_ready=False)
    session = Session(environment, plan, clock=RunClock(), worker="local", books=books, end_run=sys.exit)
    session.begin(time.perf_counter(), None)
    return session


def _floor(directory: RunDirectory, alone: Burst) -> Floor:
    """Return the floor from the samples of the user that was alone; its first request opened the connection."""
    table, _ = read_samples(directory.samples)
    columns = (table[name].to_pylist() for name in ("intended_s", "done_s", "connect_s"))
    quick = [
        done - intended
        for intended, done, connect in zip(*columns, strict=True)
        if connect is None and done <= alone.ended_s
    ]
    return Floor(
        requests=len(quick),
        p50_s=nearest_rank_s(quick, 0.50),
        p95_s=nearest_rank_s(quick, 0.95),
        p99_s=nearest_rank_s(quick, 0.99),
    )


def main(arguments: list[str]) -> int:
    """Measure, and write the certificate to the file named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m pwdload.harness.selftest FILE\n")
        return 2
    keep_large_blocks_apart()
    do_without_pandas()
    share_secret_with_children()
    try:
        write_certificate(Path(arguments[0]), measure())
    except PwdloadError as error:
        sys.stderr.write(f"pwdload: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
