"""Judging a long run in a process of its own, beside its analysis: the oracle needs nothing of it but the samples.

The process is a fork, so that it has the samples that were read without a copy of them, and Python's lock to itself.
Those of a run that is judged in parts it reads itself, part by part.
"""

import os
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection

from pwdload.oracle.judge import is_judged_in_parts
from pwdload.oracle.judgement import Judgement
from pwdload.report.judged import judged
from pwdload.rundir import RunDirectory
from pwdload.samples import Samples

ROWS_LEAST = 200_000
"""A run of fewer samples is judged before a process of its own would have begun."""


def judging(directory: RunDirectory, samples: Samples | None) -> Callable[[], Judgement]:
    """Begin to judge a run; return what waits for the judgement, to be called once.

    `samples` as for `judged`; those of a run that is judged in parts need not have been read. Where the process dies,
    whatever of, the run is judged when the judgement is asked for.
    """
    can_be_beside = "fork" in get_all_start_methods() and (os.cpu_count() or 1) > 1
    is_long = is_judged_in_parts(directory) if samples is None else len(samples[0]) >= ROWS_LEAST
    if not is_long or not can_be_beside:
        found = judged(directory, samples)
        return lambda: found
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_judge, args=(theirs, directory, samples), name="oracle", daemon=True)
    process.start()
    theirs.close()

    def judgement() -> Judgement:
        try:
            with ours:
                found: Judgement = ours.recv()
        except EOFError:
            found = judged(directory, None)
        process.join()
        return found

    return judgement


def _judge(theirs: Connection, directory: RunDirectory, samples: Samples | None) -> None:
    theirs.send(judged(directory, samples))
