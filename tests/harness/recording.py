"""What must hold of a recorder: ``python -m tests.harness.recording``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import locust.env  # noqa: F401 - before anything of pwdload: locks that it makes must be cooperative ones
from locust.env import Environment
from tests.harness.checks import hold

from pwdload.accounts.account import Account
from pwdload.api.contract import Answer, Step
from pwdload.api.http import Exchange
from pwdload.cases.expectation import accept
from pwdload.cases.played import Played
from pwdload.harness.plan import Plan
from pwdload.harness.recorder import Recorder
from pwdload.outcome import Outcome
from pwdload.rundir import RunDirectory, StageRecord, WorkerRecord
from pwdload.samples import read_samples
from pwdload.scenario import default_scenario

EXCHANGE = Exchange(started_s=0.0, sent_s=0.1, first_byte_s=0.2, done_s=0.3, http_status=200, bytes_sent=5)


def played(exchange: Exchange) -> Played:
    """Return a log-in that went well."""
    answer = Answer.parse(200, b'{"status": "SUCCESS"}')
    return Played(
        Step.LOGIN, accept("SUCCESS"), exchange, answer, Outcome.RIGHT_ACCEPT, 0.0, Account(index=1, user_name="")
    )


def recorded(folder: str, *exchanges: Exchange) -> WorkerRecord:
    """Record some log-ins as a run does, and return what the recorder says of them in the end."""
    plan = Plan(
        scenario=default_scenario(),
        target="http://localhost",
        weights={},
        state_token_life_s=0.0,
        secret_digest="",
        clock="",
        network="",
        stages=(StageRecord(name="all", start_s=0.0, end_s=None, users=None),),
        run_directory=folder,
        is_standin=True,
    )
    recorder = Recorder(Environment(), plan, "local")
    for number, exchange in enumerate(exchanges):
        recorder.record(played(exchange), flow=number, case="login_only", device="ios", stage="all")
    return recorder.close()


def what_is_no_sample_is_left_out_alone() -> None:
    """A value that no column takes is told, counted, and missed; the samples beside it are kept."""
    with tempfile.TemporaryDirectory() as folder:
        record = recorded(folder, EXCHANGE, replace(EXCHANGE, bytes_sent=1 << 40), EXCHANGE)
        table, (file,) = read_samples(RunDirectory(Path(folder)).samples)
    assert (record.samples, record.dropped, file.missing, file.finished) == (3, 1, 1, True)
    assert table["seq"].to_pylist() == [0, 2]
    (told,) = record.errors
    assert told.startswith("The recorder raised error: "), told


def times_out_of_order_cost_their_block() -> None:
    """A clock that stepped back is told in the words of the law, and all samples of the block are counted as lost."""
    with tempfile.TemporaryDirectory() as folder:
        record = recorded(folder, EXCHANGE, replace(EXCHANGE, done_s=0.1), EXCHANGE)
    assert (record.samples, record.dropped) == (3, 3)
    (told,) = record.errors
    assert told.startswith("The writer of samples raised ValueError: sample 1 of local: times must be finite"), told


if __name__ == "__main__":
    hold(what_is_no_sample_is_left_out_alone, times_out_of_order_cost_their_block)
