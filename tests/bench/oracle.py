"""What it costs to judge a long run: 1,000,000 operations on 50,000 accounts, read from disk and judged on one core.

    python -m tests.bench.oracle

Once with a change without an answer on every tenth account, and a race of four changes on every twentieth; once with
one without an answer on all of them, so that each must be searched. Leaves with 1 if a bound that was promised is not
kept.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.oracle.made import RECORD

from pwdload.endings import Ending, write_endings
from pwdload.oracle import judge, read_history
from pwdload.oracle.operation import Flags, Floats, Ints
from pwdload.outcome import Verdict
from pwdload.rundir import AccountsRecord, RunDirectory, WorkerRecord
from pwdload.samples import SCHEMA

_ACCOUNTS = 50_000
_ROUNDS = 10
"""Each a login and a change: 20 operations an account."""
_SECONDS_MOST = 60.0
_MEMORY_MB_MOST = 2_000.0


def write_run(path: Path, *, accounts: int = _ACCOUNTS, silent_every: int = 10) -> RunDirectory:
    """Write the run of a correct target; one of so many accounts has a change without an answer."""
    tables = list(_rounds(accounts, silent_every))
    rows = pa.concat_tables(tables).sort_by("intended_s")
    rows = rows.set_column(0, SCHEMA.field("seq"), pa.array(np.arange(len(rows)), pa.int64()))
    directory = RunDirectory(path)
    directory.samples.mkdir(parents=True)
    pq.write_table(rows, directory.samples / "local.parquet", compression="zstd")
    told = WorkerRecord(name="local", samples=len(rows))
    directory.write_record(replace(RECORD, workers=(told,), ledger=AccountsRecord(reuse="once")))
    last = str(_ROUNDS)
    endings = (Ending(account=one, before="0", after=last, opens=True, earlier_opens=False) for one in range(accounts))
    write_endings(directory.endings_file, endings)
    return directory


def _rounds(accounts: int, silent_every: int) -> Iterator[pa.Table]:
    """Yield the logins and the changes of each round, each account at its own time in it."""
    account = np.arange(accounts)
    for number in range(_ROUNDS):
        at_s = 100.0 * number + account / accounts * 90.0
        token = account * 1_000 + number + 1
        yield _table(account, at_s, "login", number, None, token)
        # Not answered, found out by the next login; or of four at once one wins.
        silent = (account % silent_every == 0) & (number == 5)
        yield _table(account, at_s + 0.2, "update_password", number, number + 1, token, silent)
        racing = account[(account % 20 == 1)] if number == 7 else account[:0]
        for at in range(3):
            yield _table(racing, at_s[racing] + 0.2001 + at / 10_000, "update_password", number, 8, token[racing])


def _table(
    account: Ints, at_s: Floats, step: str, number: int, new: int | None, token: Ints, silent: Flags | None = None
) -> pa.Table:
    """Return one exchange of each of the accounts; a change without word of silence is one that loses its race."""
    count, is_login = len(account), step == "login"
    is_silent = np.zeros(count, np.bool_) if silent is None else silent
    refused = silent is None and not is_login
    texts = {
        "worker": ["local"],
        "step": [step],
        "case": ["valid_change"],
        "stage": ["steady"],
        "password": [str(number)],
        "new_password": ["" if new is None else str(new)],
        "device": ["android"],
        "status": ["" if refused else "PASSWORD_EXPIRED" if is_login else "SUCCESS", ""],
        "error_code": ["PARAM.0014" if refused else "", "transport:timeout"],
        "outcome": ["right_reject" if refused else "right_accept", "unknown"],
        "remark": [""],
        "expected": ["accept:SUCCESS"],
    }
    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array(is_silent.astype(np.int32) * (len(words) - 1)), words)
        for name, words in texts.items()
    }
    numbers = {"seq": 0, "flow": 0, "generation": number, "bytes_sent": 700, "bytes_received": 400}
    columns |= {name: pa.array(np.full(count, value), SCHEMA.field(name).type) for name, value in numbers.items()}
    nothing = {"session", "connect_s", "tls_s"}
    columns |= {name: pa.nulls(count, SCHEMA.field(name).type) for name in nothing}
    columns |= {"account": pa.array(account, pa.int64()), "token": pa.array(token, pa.int64())}
    columns["flow"] = pa.array(account * 100 + number, pa.int64())
    times = {"intended_s": at_s, "sent_s": at_s, "first_byte_s": at_s + 0.09, "done_s": at_s + 0.1}
    columns |= {name: pa.array(value) for name, value in times.items()}
    columns["http_status"] = pa.array(np.full(count, 400 if refused else 200), pa.int16(), mask=is_silent)
    return pa.table([columns[name].cast(SCHEMA.field(name).type) for name in SCHEMA.names], SCHEMA)


def _measure(path: Path) -> int:
    """Judge a run in this process, print what it took, and return the exit code."""
    begun_s = time.perf_counter()
    history = read_history(RunDirectory(path))
    read_s = time.perf_counter() - begun_s
    judgement = judge(history)
    whole_s = time.perf_counter() - begun_s
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    searched = len(history.registers.stories)
    print(f"{len(history.rows):,} operations on {history.registers.accounts:,} accounts, {searched:,} by search")  # noqa: T201
    print(f"read {read_s:.1f} s, read and judged {whole_s:.1f} s (at most {_SECONDS_MOST:g})")  # noqa: T201
    print(f"peak memory {memory_mb:,.0f} MB (at most {_MEMORY_MB_MOST:g})")  # noqa: T201
    wrong = [(result.check, result.reason) for result in judgement.results if result.verdict is not Verdict.PASS]
    print(f"verdict {judgement.verdict} {wrong or ''}")  # noqa: T201
    return int(whole_s > _SECONDS_MOST or memory_mb > _MEMORY_MB_MOST or bool(wrong))


def main() -> None:
    """Write the run, then judge it in a process of its own, whose memory is nothing else's."""
    if len(sys.argv) > 1:
        sys.exit(_measure(Path(sys.argv[1])))
    failed = 0
    for silent_every in (10, 1):
        with tempfile.TemporaryDirectory() as folder:
            write_run(Path(folder) / "run", silent_every=silent_every)
            command = [sys.executable, "-m", "tests.bench.oracle", str(Path(folder) / "run")]
            failed |= subprocess.run(command, check=False, env=os.environ).returncode
    sys.exit(failed)


if __name__ == "__main__":
    main()
