"""Each account behaves as one register: some order of its operations explains every answer (I2, I4)."""

from collections.abc import Sequence

from pwdload.oracle.checks.concluding import Words, concluded, unless_gaps, were
from pwdload.oracle.explain import NO_TRACE, Explanation, explain
from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.operation import Kind, Result
from pwdload.oracle.registers import Story
from pwdload.oracle.timeline import violation_at
from pwdload.units import counted

_NAME, _REFUSALS = "linearizability", "refusals"


def check_linearizability(history: History) -> CheckResult:
    """An answer that no order of the account's operations explains is a violation."""
    registers, ops = history.registers, history.operations
    named = int((registers.told & ((ops.password != 0) | (ops.new != 0))).sum())
    broken = [(story, told) for story, told in explained(history) if told.rule != NO_TRACE]
    given_up = sum(story.found.is_explained is None for story in registers.stories.values())
    doubt = unless_gaps(history, len(broken))
    if given_up and not broken:
        doubt = f"{counted(given_up, 'account')} had too many changes without an answer to be judged in bounded time."
    searched = len(registers.stories)
    return concluded(
        Words(
            name=_NAME,
            title="Every account behaves as one register",
            good=f"All {counted(named, 'operation')} on {counted(registers.accounts, 'account')} "
            "can be explained by one password in force at a time.",
            bad=f"{counted(len(broken), 'account')} of {registers.accounts:,} cannot be explained by any order of what "
            "was asked.",
            nothing="No answer said anything of a password.",
        ),
        examined=named,
        violations=_violations(history, broken, _NAME),
        total=len(broken),
        doubt=doubt,
        facts=(("accounts with overlapping or unanswered operations", f"{searched:,} of {registers.accounts:,}"),),
    )


def check_refusals(history: History) -> CheckResult:
    """A new password that was refused must not open the account, nor shut the old one out."""
    ops = history.operations
    refused = int(((ops.kind == Kind.UPDATE) & (ops.result == Result.REFUSED) & (ops.new != 0)).sum())
    broken = [(story, told) for story, told in explained(history) if told.rule == NO_TRACE]
    return concluded(
        Words(
            name=_REFUSALS,
            title="A refused change leaves no trace",
            good=f"{were(refused, 'change')} refused, and none left a trace.",
            bad=f"{were(len(broken), 'account')} changed by a change that was refused.",
            nothing="No change was refused.",
        ),
        examined=refused,
        violations=_violations(history, broken, _REFUSALS),
        total=len(broken),
        doubt=unless_gaps(history, len(broken)),
    )


def explained(history: History) -> list[tuple[Story, Explanation]]:
    """Return every account that does not add up, with the rule that was broken."""
    registers = history.registers
    words = registers.operations.words
    told = []
    for story in registers.stories.values():
        if story.found.is_explained is not False:
            continue
        ops = history.operations.of(story.account)
        culprit = ops[story.culprit - registers.operations.span(story.account)[0]]
        held = [words[value] for value in story.found.held if value < len(words)]
        initial = words[registers.initial.get(story.account) or 0]
        told.append((story, explain(ops, culprit, held, initial)))
    return told


def _violations(history: History, broken: Sequence[tuple[Story, Explanation]], name: str) -> list[Violation]:
    return [
        violation_at(
            history,
            check=name,
            rule=why.rule,
            sentence=why.sentence,
            row=int(history.operations.row[story.culprit]),
            account=story.account,
        )
        for story, why in broken[:VIOLATIONS_MAX]
    ]
