"""No answer repeats a password that was sent."""

from collections import Counter

import numpy as np

from pwdload.oracle.checks.concluding import Check, Words, concluded
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import CheckResult
from pwdload.oracle.reading import has_text
from pwdload.oracle.seen import Seen, findings_at
from pwdload.units import counted

_NAME = "secrets"


def _look(history: History) -> Seen:
    history = history.own
    rows = history.rows
    echoes = np.flatnonzero(has_text(rows, "remark", lambda remark: "echo:" in remark)).tolist()
    answered = has_text(rows, "password", bool) | has_text(rows, "new_password", bool)
    answered &= rows["http_status"].is_valid().to_numpy()
    sentence = "The answer repeats a password that the request carried."
    return Seen(
        counts=Counter(examined=int(answered.sum()), echoes=len(echoes)),
        found=tuple(findings_at(history, echoes, rule="an answer never repeats a password", sentence=sentence)),
    )


def _tell(_: Circumstances, seen: Seen) -> CheckResult:
    examined, echoes = seen.counts["examined"], seen.counts["echoes"]
    return concluded(
        Words(
            name=_NAME,
            title="No answer repeats a password",
            good=f"None of {counted(examined, 'answer')} to a request with a password repeats it.",
            bad=f"{counted(echoes, 'answer')} of {examined:,} repeats a password.",
            nothing="No request with a password was answered.",
        ),
        examined=examined,
        violations=seen.told(),
        total=echoes,
    )


check_secrets = Check(look=_look, tell=_tell)
"""An answer in which a password of its request stands is a violation: answers are logged on their way."""
