"""Nothing was accepted that had to be refused."""

from collections import Counter

import numpy as np

from pwdload.oracle.checks.concluding import Words, concluded, were
from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.operation import Ints
from pwdload.oracle.reading import has_text, texts
from pwdload.oracle.timeline import violation_at
from pwdload.outcome import Outcome
from pwdload.units import counted

_NAME = "outcomes"


def check_outcomes(history: History) -> CheckResult:
    """A request that had to be refused and was accepted is a violation, of whatever case."""
    rows = history.rows
    wrong = np.flatnonzero(has_text(rows, "outcome", lambda word: word == Outcome.WRONG_ACCEPT))
    to_refuse = int(has_text(rows, "expected", lambda label: label.startswith("refuse:")).sum())
    refused_wrongly = int(has_text(rows, "outcome", lambda word: word == Outcome.WRONG_REJECT).sum())
    places, cases = texts(rows, "case")
    by_case = Counter(cases[place] for place in places[wrong].tolist())
    facts = [(f"accepted wrongly in case {case}", f"{count:,}") for case, count in by_case.most_common()]
    facts.append(("refused wrongly", f"{refused_wrongly:,}; that counts against the criteria, not here"))
    most = by_case.most_common(1)[0][0] if by_case else ""
    return concluded(
        Words(
            name=_NAME,
            title="Nothing wrong was accepted",
            good=f"None of {counted(to_refuse, 'request')} that had to be refused was accepted.",
            bad=f"{were(len(wrong), 'request')} accepted that had to be refused, most of them in case {most}.",
            nothing="No request was made that had to be refused.",
        ),
        examined=to_refuse,
        violations=[_violation(history, row, cases[places[row]]) for row in _one_of_each(wrong.tolist(), places)],
        total=len(wrong),
        facts=facts,
    )


def _one_of_each(rows: list[int], places: Ints) -> list[int]:
    """Return rows so that the first of every case comes before the second of any; the first of them."""
    seen: Counter[int] = Counter()
    turns = []
    for row in rows:
        seen[int(places[row])] += 1
        turns.append((seen[int(places[row])], row))
    return [row for _, row in sorted(turns)[:VIOLATIONS_MAX]]


def _violation(history: History, row: int, case: str) -> Violation:
    return violation_at(
        history,
        check=_NAME,
        rule="what must be refused is refused",
        sentence=f"A request of case {case} was accepted that had to be refused.",
        row=row,
    )
