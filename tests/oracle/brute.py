"""The same question answered the long way: every order, every choice of what took effect without an answer.

Written from the definition alone, on purpose without a thought for speed, and shares nothing with what it checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation on one account. Times are whole numbers, so that equal ones occur."""

    kind: str
    """login, update, skip, set."""
    came: str
    """ok, wrong (the password sent as the one in force is called wrong), refused (for another reason), doubt."""
    call: int
    done: int
    password: str = ""
    new: str = ""
    token: int = 0


def explains(steps: Sequence[Step], initial: str) -> bool:
    """Say whether some order of the steps, and some choice of the doubtful ones, explains every answer."""
    telling = [step for step in steps if step.came != "refused" and not (step.kind == "login" and step.came == "doubt")]
    return _explains(telling, initial, frozenset())


def _explains(rest: Sequence[Step], value: str, spent: frozenset[int]) -> bool:
    if all(step.came == "doubt" for step in rest):
        return True  # none of them need ever take effect
    for place, step in enumerate(rest):
        others = [*rest[:place], *rest[place + 1 :]]
        if any(other.came != "doubt" and other.done < step.call for other in others):
            continue  # that one was over before this one began
        after = _after(step, value, spent)
        if after is not None and _explains(others, *after):
            return True
    return False


def _after(step: Step, value: str, spent: frozenset[int]) -> tuple[str, frozenset[int]] | None:
    """Return how things stand after a step, or null if it cannot have been so."""
    match step.kind, step.came:
        case _, "wrong":
            return (value, spent) if value != step.password else None
        case "login", "ok":
            return (value, spent) if value == step.password else None
        case "set", _:
            return step.new, spent
        case "skip", _:
            return (value, spent | {step.token}) if step.token not in spent else None
        case _:
            fits = value == step.password and step.token not in spent
            return (step.new, spent | {step.token}) if fits else None


def judge(steps: Sequence[Step], before: str) -> str:
    """Return "explained", "not as listed" (only another password at the start explains it), or "violation"."""
    if explains(steps, before):
        return "explained"
    words = {word for step in steps for word in (step.password, step.new) if word} | {"none of them"}
    return "not as listed" if any(explains(steps, word) for word in words) else "violation"
