"""The oracle's judgement of whatever is left of a run."""

import pyarrow as pa

from pwdload.errors import RunDirectoryError
from pwdload.oracle import CheckResult, Judgement, check_run
from pwdload.outcome import Verdict
from pwdload.rundir import RunDirectory
from pwdload.samples import Samples


def judged(directory: RunDirectory, samples: Samples | None) -> Judgement:
    """Return the judgement of a run; where there is no history to judge, that nothing is known, and why.

    `samples` are the run's own, null where there are none to be read.
    """
    try:
        return check_run(directory, samples)
    except (RunDirectoryError, OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).replace(f"{directory.path}/", "").rstrip(".")
        return Judgement(
            results=(
                CheckResult(
                    check="assumptions",
                    title="The history is complete",
                    verdict=Verdict.INCONCLUSIVE,
                    reason=f"Nothing could be judged: {reason}.",
                    examined=0,
                ),
            )
        )
