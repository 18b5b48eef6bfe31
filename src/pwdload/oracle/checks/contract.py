"""Every complete answer is one that the published contract, or the scenario, allows."""

from collections import Counter

import numpy as np

from pwdload.api.contract import PUBLISHED_CODES, UPSTREAM_CODES
from pwdload.oracle.checks.concluding import Check, Words, concluded, were
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.reading import has_text, texts
from pwdload.oracle.seen import Finding, Seen, finding_at
from pwdload.oracle.timeline import row_of
from pwdload.outcome import Outcome
from pwdload.units import counted

_NAME = "contract"
_OF_CODE = "code "
_BREACH = "every answer is documented"
_CODE = "every error code is published, or accepted by the scenario"


def _look(history: History) -> Seen:
    history = history.own
    rows = history.rows
    breaches = np.flatnonzero(has_text(rows, "outcome", lambda word: word == Outcome.CONTRACT_VIOLATION))
    codes = Counter({code: count for code, count in _codes(history).items() if not _is_known(code, history)})
    accepted = history.settings.accepted_codes
    unknown = np.flatnonzero(has_text(rows, "error_code", codes.__contains__)) if accepted is not None else breaches[:0]
    unknown = np.setdiff1d(unknown, breaches)
    answered = int(rows["http_status"].is_valid().to_numpy().sum())
    counts = Counter(answered=answered, found=len(breaches) + len(unknown))
    counts.update({_OF_CODE + code: count for code, count in codes.items()})
    return Seen(
        counts=counts,
        found=(
            *(_breach(history, row) for row in breaches[:VIOLATIONS_MAX].tolist()),
            *(_unknown_code(history, row) for row in unknown[:VIOLATIONS_MAX].tolist()),
        ),
    )


def _tell(_: Circumstances, seen: Seen) -> CheckResult:
    answered, total = seen.counts["answered"], seen.counts["found"]
    codes = {name.removeprefix(_OF_CODE): count for name, count in seen.counts.items() if name.startswith(_OF_CODE)}
    return concluded(
        Words(
            name=_NAME,
            title="The contract was kept",
            good=f"Every one of {counted(answered, 'complete answer')} was one that the contract allows.",
            bad=f"{were(total, 'request')} answered in a way the contract does not allow.",
            nothing="No request got a complete answer.",
        ),
        examined=answered,
        violations=seen.told(),
        total=total,
        facts=[(f"error code {code}", _told(code, count)) for code, count in sorted(codes.items())],
    )


check_contract = Check(look=_look, tell=_tell)
"""A breach of the contract is a violation; so is an unknown code, where the scenario says which it accepts."""


def _codes(history: History) -> Counter[str]:
    """Return how often each error code of the target came."""
    places, different = texts(history.rows, "error_code")
    counts = np.bincount(places, minlength=len(different)).tolist()
    return Counter(
        {
            code: count
            for code, count in zip(different, counts, strict=True)
            if code and count and not code.startswith("transport:")
        }
    )


def _is_known(code: str, history: History) -> bool:
    settings = history.settings
    return code in PUBLISHED_CODES or code in settings.expected_codes or code in (settings.accepted_codes or ())


def _told(code: str, count: int) -> str:
    is_upstream = any(code == known or code.endswith(f".{known}") for known in UPSTREAM_CODES)
    whose = "only upstream documents it" if is_upstream else "not documented"
    return f"{counted(count, 'answer')}; {whose}"


def _breach(history: History, row: int) -> Finding:
    words = str(row_of(history, row)["remark"]).split()
    what = next((word.removeprefix("breach:") for word in words if word.startswith("breach:")), "")
    told = f": {what.replace('=', ' is ')}" if what else ""
    sentence = f"An answer is not as the contract, or the case, has it{told}."
    return finding_at(history, row, rule=_BREACH, sentence=sentence, number=0)


def _unknown_code(history: History, row: int) -> Finding:
    code = row_of(history, row)["error_code"]
    sentence = f"The error code {code} is neither published nor accepted by the scenario."
    return finding_at(history, row, rule=_CODE, sentence=sentence, number=1)
