"""What the hot path costs, on this machine, in one run. Figures of different runs do not compare."""

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.nothing_kept import NothingKept
from tests.processes import standin
from tests.test_page import played
from tests.test_samples import sample

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.source import made_up_accounts
from pwdload.api.contract import Answer, Step
from pwdload.api.digest import token_digest
from pwdload.api.http import Address, Connection, Exchange
from pwdload.api.request import DeviceRequests
from pwdload.cases.catalogue import CASES
from pwdload.cases.play import Flow, Party, Settings
from pwdload.cases.remarks import remark_on
from pwdload.cases.sampling import Sampler
from pwdload.criteria import Criterion, Metric, Sense, Span
from pwdload.criteria.live import LiveLoad
from pwdload.criteria.previewing import Preview
from pwdload.devices import DevicePopulation
from pwdload.pacing import Arrivals, Mix, RatePlan, Schedule
from pwdload.passwords import PasswordBook, PasswordPolicy
from pwdload.samples import ROWS_MAX, Block, SampleWriter
from pwdload.watched.load import WatchedLoad

POLICY = PasswordPolicy()
BOOK = PasswordBook(b"a secret of the bench", POLICY)
DEVICES = DevicePopulation(seed=1)


def each_us(count: int, job: Callable[[int], object]) -> float:
    """Return the microseconds that a job takes, best of three rounds."""
    best_s = min(_seconds(count, job) for _ in range(3))
    return best_s / count * 1e6


def _seconds(count: int, job: Callable[[int], object]) -> float:
    begun_s = time.perf_counter()
    for n in range(count):
        job(n)
    return time.perf_counter() - begun_s


def sample_us() -> float:
    """Return what it costs to keep one exchange as a sample, encoding and disk included."""
    many = [played(bytes_sent=number) for number in range(20 * ROWS_MAX)]
    Block.encode(0, [sample(0)])  # pyarrow looks for pandas when it first makes an array
    with tempfile.TemporaryDirectory() as folder:
        writer = SampleWriter(Path(folder), "local")
        sampler = Sampler(writer, "local")
        begun_s = time.perf_counter()
        for number, one in enumerate(many):
            sampler.keep(one, number, "login_only", "android", "all")
        taken_s = time.perf_counter() - begun_s
        writer.close()
    return taken_s / len(many) * 1e6


def arrival_us(arrivals: Arrivals) -> float:
    """Return what it costs to make one arrival of a schedule, on a ramp."""
    plan = RatePlan.of([("ramp", 0.0, 1_000.0, 100.0, 1_000.0)])
    made = iter(Schedule(plan=plan, arrivals=arrivals, seed=1))
    return each_us(100_000, lambda _: next(made))


class _Wire:
    """One connection, no pause."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(Address.parse(url), clock=time.perf_counter, timeout_s=5.0)

    def send(self, request: bytes) -> Exchange:
        return self.connection.exchange(request)

    def send_together(self, requests: Sequence[bytes]) -> list[Exchange]:
        raise AssertionError(requests)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def now(self) -> float:
        return time.perf_counter()


def flow_ms(count: int) -> tuple[float, float]:
    """Return wall and own CPU milliseconds of a login and a change over one connection to the stand-in."""
    source = made_up_accounts(count, 0)
    settings = Settings(book=BOOK, changes=NothingKept(), state_token_life_s=300.0)
    with standin("--set", "hash_algorithm=sha256", seed_csv="".join(source.seed_csv(BOOK))) as url:
        wire = _Wire(url)
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        for account in source.accounts("expired", range(count)):
            _change(account, wire, settings)
        taken_s, used_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
        wire.connection.close()
    return taken_s / count * 1e3, used_s / count * 1e3


def _change(account: Account, wire: _Wire, settings: Settings) -> None:
    me = Party(account=account, requests=DeviceRequests("t", DEVICES.device(account.index)))
    flow = Flow(CASES["valid_change"], me=me, other=me, wire=wire, settings=settings, intended_s=wire.now())
    assert all(played.outcome.is_as_expected for played in flow)


def oracle_us() -> float:
    """Return what an exchange costs for the oracle's sake: digests, names of passwords, a look for what is remarkable.

    The mean of a login and a change. Columns of samples that hold it are in the cost of a sample.
    """
    ann = Account(index=1, user_name="load0000001")
    old, new = (PasswordRef(n) for n in (0, 1))
    texts = [(ref, BOOK.password(ann.user_name, ref.generation)) for ref in (old, new)]
    state_token, session_token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "x" * 300, "bts" + "j" * 29
    policy = '{"maxLength":18,"minLength":8,"regEx":"^.$"}'
    bodies = (
        {"status": "PASSWORD_EXPIRED", "state_token": state_token, "data": policy},
        {"status": "SUCCESS", "expire": 43_200, "session_token": session_token},
    )
    read = [(json.dumps(fields).encode(), Answer.parse(200, json.dumps(fields).encode())) for fields in bodies]

    def login_and_change(_: int) -> None:
        (login_body, login), (change_body, change) = read
        held = token_digest(state_token)
        session = token_digest(session_token)
        remark_on(Step.LOGIN, login, login_body, ann, texts[:1], is_breach=False)
        remark_on(Step.UPDATE_PASSWORD, change, change_body, ann, texts, is_breach=False)
        assert all((old.word, old.word, new.word, held, session))

    return each_us(50_000, login_and_change) / 2


def live_us() -> float:
    """Return what the live load costs for each sample, in blocks of full size."""
    live, block = LiveLoad((Span(0.0),)), Block.encode(0, [sample(number) for number in range(ROWS_MAX)])
    return each_us(100, lambda _: live.take(block)) / ROWS_MAX


def watched_us() -> float:
    """Return what the load costs for each sample that is added up for whoever watches, with three criteria."""
    criteria = (
        Criterion(name="p95", metric=Metric.PERCENTILE, sense=Sense.AT_MOST, limit=0.3, permille=950),
        Criterion(name="failed", metric=Metric.FAILED_SHARE, sense=Sense.AT_MOST, limit=0.01),
        Criterion(name="goodput", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=10.0),
    )
    load = WatchedLoad([Preview(one, [Span(0.0)]) for one in criteria])
    block = Block.encode(0, [sample(number) for number in range(ROWS_MAX)])
    return each_us(100, lambda _: load.take(block)) / ROWS_MAX


def main() -> None:
    """Measure, and print a table."""
    requests = DeviceRequests("t", DEVICES.device(0))
    wall_ms, cpu_ms = flow_ms(2000)
    rows = [
        ("a device, built once per account", each_us(20_000, DEVICES.device)),
        ("a password, derived", each_us(20_000, lambda n: BOOK.password("load0000001", n))),
        ("an even arrival", arrival_us("even")),
        ("a Poisson arrival", arrival_us("poisson")),
        ("the case of an arrival", each_us(100_000, Mix(dict.fromkeys(CASES, 1.0), 1).case)),
        ("an update request as bytes", each_us(50_000, lambda _: requests.update_password("t" * 300, b"{}"))),
        ("a sample kept, encoding and disk included", sample_us()),
        ("a sample seen while the run goes on, if criteria ask for it", live_us()),
        ("a sample added up for whoever watches, with three criteria", watched_us()),
        ("what the oracle needs of an exchange (at most 2)", oracle_us()),
        ("login + change over one connection, wall time", wall_ms * 1e3),
        ("login + change over one connection, own CPU", cpu_ms * 1e3),
    ]
    sys.stdout.write(f"{platform.platform(terse=True)}, Python {platform.python_version()}\n")
    for name, us in rows:
        sys.stdout.write(f"{name:<62}{us:10.1f} us\n")


if __name__ == "__main__":
    main()
