"""Each account behaves as one register: some order of its operations explains every answer (I2, I4)."""

from collections import Counter
from collections.abc import Sequence

from pwdload.oracle.checks.concluding import Check, Words, concluded, unless_gaps, were
from pwdload.oracle.explain import NO_TRACE, Explanation, explain
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.operation import Kind, Result
from pwdload.oracle.registers import Story
from pwdload.oracle.seen import Finding, Seen
from pwdload.units import counted

_NAME, _REFUSALS = "linearizability", "refusals"


def _look(history: History) -> Seen:
    registers, ops = history.registers, history.operations
    named = int((registers.told & ((ops.password != 0) | (ops.new != 0))).sum())
    broken = [(story, told) for story, told in explained(history) if told.rule != NO_TRACE]
    given_up = sum(story.found.is_explained is None for story in registers.stories.values())
    counts = Counter(
        named=named,
        accounts=registers.accounts,
        searched=len(registers.stories),
        given_up=given_up,
        broken=len(broken),
    )
    return Seen(counts=counts, found=_findings(history, broken))


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    named, accounts, searched, given_up, broken = (
        seen.counts[name] for name in ("named", "accounts", "searched", "given_up", "broken")
    )
    doubt = unless_gaps(history, broken)
    if given_up and not broken:
        doubt = f"{counted(given_up, 'account')} had too many changes without an answer to be judged in bounded time."
    return concluded(
        Words(
            name=_NAME,
            title="Every account behaves as one register",
            good=f"All {counted(named, 'operation')} on {counted(accounts, 'account')} "
            "can be explained by one password in force at a time.",
            bad=f"{counted(broken, 'account')} of {accounts:,} cannot be explained by any order of what was asked.",
            nothing="No answer said anything of a password.",
        ),
        examined=named,
        violations=seen.told(),
        total=broken,
        doubt=doubt,
        facts=(("accounts with overlapping or unanswered operations", f"{searched:,} of {accounts:,}"),),
    )


check_linearizability = Check(look=_look, tell=_tell)
"""An answer that no order of the account's operations explains is a violation."""


def _look_at_refusals(history: History) -> Seen:
    ops = history.operations
    refused = int(((ops.kind == Kind.UPDATE) & (ops.result == Result.REFUSED) & (ops.new != 0)).sum())
    broken = [(story, told) for story, told in explained(history) if told.rule == NO_TRACE]
    return Seen(counts=Counter(refused=refused, broken=len(broken)), found=_findings(history, broken))


def _tell_of_refusals(history: Circumstances, seen: Seen) -> CheckResult:
    refused, broken = seen.counts["refused"], seen.counts["broken"]
    return concluded(
        Words(
            name=_REFUSALS,
            title="A refused change leaves no trace",
            good=f"{were(refused, 'change')} refused, and none left a trace.",
            bad=f"{were(broken, 'account')} changed by a change that was refused.",
            nothing="No change was refused.",
        ),
        examined=refused,
        violations=seen.told(),
        total=broken,
        doubt=unless_gaps(history, broken),
    )


check_refusals = Check(look=_look_at_refusals, tell=_tell_of_refusals)
"""A new password that was refused must not open the account, nor shut the old one out."""


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


def _findings(history: History, broken: Sequence[tuple[Story, Explanation]]) -> tuple[Finding, ...]:
    """Return the first accounts that do not add up, which come in their order."""
    found = []
    for story, why in broken[:VIOLATIONS_MAX]:
        _, seq, worker = history.place_of(int(history.operations.row[story.culprit]))
        found.append(
            Finding(
                order=(story.account,),
                rule=why.rule,
                sentence=why.sentence,
                worker=worker,
                seq=seq,
                account=story.account,
            )
        )
    return tuple(found)
