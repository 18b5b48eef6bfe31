"""Nothing was accepted that had to be refused."""

from collections import Counter

import numpy as np

from pwdload.oracle.checks.concluding import Check, Words, concluded, were
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.reading import has_text, texts
from pwdload.oracle.seen import Finding, Seen, findings_at
from pwdload.outcome import Outcome
from pwdload.units import counted

_NAME = "outcomes"
_RULE = "what must be refused is refused"
_OF_CASE = "case "


def _look(history: History) -> Seen:
    history = history.own
    rows = history.rows
    wrong = np.flatnonzero(has_text(rows, "outcome", lambda word: word == Outcome.WRONG_ACCEPT))
    to_refuse = int(has_text(rows, "expected", lambda label: label.startswith("refuse:")).sum())
    refused_wrongly = int(has_text(rows, "outcome", lambda word: word == Outcome.WRONG_REJECT).sum())
    counts = Counter(to_refuse=to_refuse, refused_wrongly=refused_wrongly)
    found: list[Finding] = []
    places, cases = texts(rows, "case")
    for place in np.unique(places[wrong]).tolist():
        of_case, case = wrong[places[wrong] == place], cases[place]
        counts[_OF_CASE + case] = len(of_case)
        sentence = f"A request of case {case} was accepted that had to be refused."
        found += findings_at(history, of_case.tolist(), rule=_RULE, sentence=sentence, kind=case)
    return Seen(counts=counts, found=tuple(found))


def _tell(_: Circumstances, seen: Seen) -> CheckResult:
    # Of as many each, the case that came first.
    in_order = dict.fromkeys(one.kind for one in seen.of())
    by_case = Counter({case: seen.counts[_OF_CASE + case] for case in in_order})
    wrong, to_refuse = by_case.total(), seen.counts["to_refuse"]
    facts = [(f"accepted wrongly in case {case}", f"{count:,}") for case, count in by_case.most_common()]
    refused_wrongly = seen.counts["refused_wrongly"]
    facts.append(("refused wrongly", f"{refused_wrongly:,}; that counts against the criteria, not here"))
    most = by_case.most_common(1)[0][0] if by_case else ""
    return concluded(
        Words(
            name=_NAME,
            title="Nothing wrong was accepted",
            good=f"None of {counted(to_refuse, 'request')} that had to be refused was accepted.",
            bad=f"{were(wrong, 'request')} accepted that had to be refused, most of them in case {most}.",
            nothing="No request was made that had to be refused.",
        ),
        examined=to_refuse,
        violations=_one_of_each(seen),
        total=wrong,
        facts=facts,
    )


check_outcomes = Check(look=_look, tell=_tell)
"""A request that had to be refused and was accepted is a violation, of whatever case."""


def _one_of_each(seen: Seen) -> list[Violation]:
    """Return violations so that the first of every case comes before the second of any; the first of them."""
    turns: list[tuple[int, Finding]] = []
    so_far: Counter[str] = Counter()
    for one in seen.of():
        so_far[one.kind] += 1
        turns.append((so_far[one.kind], one))
    turns.sort(key=lambda turn: turn[0])
    return [one.violation for _, one in turns if one.violation is not None][:VIOLATIONS_MAX]
