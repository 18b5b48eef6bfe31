"""Random histories of one account: what a correct service does under concurrency, and what a broken one may do."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.oracle.brute import Step

WORDS = ("0", "1", "2")


def anything(rng: random.Random) -> list[Step]:
    """Return operations with answers drawn by lot: most make no sense."""
    return [_drawn(rng) for _ in range(rng.randint(2, 6))]


def _drawn(rng: random.Random) -> Step:
    kind = rng.choices(("login", "update", "skip", "set"), (5, 5, 1, 1))[0]
    came = rng.choices(("ok", "wrong", "refused", "doubt"), (6, 2, 1, 2))[0]
    if kind in ("skip", "set") and came == "wrong":
        came = "refused"
    call = rng.randint(0, 15)
    return Step(
        kind=kind,
        came=came,
        call=call,
        done=call + rng.randint(0, 4),
        password=rng.choice(WORDS) if kind in ("login", "update") else "",
        new=rng.choice(WORDS) if kind in ("update", "set") else "",
        token=rng.randint(1, 4) if kind in ("update", "skip") else 0,
    )


@dataclass(slots=True)
class Service:
    """A correct service, or one with a defect."""

    defect: str = ""
    value: str = "0"
    spent: set[int] = field(default_factory=set)
    old: str = ""

    def carry_out(self, step: Step, rng: random.Random, *, is_late: bool = False) -> str:
        """Do what a step asks for, at this instant, and return what the service answers."""
        match step.kind:
            case "login":
                opens = step.password == self.value or (self.defect == "old opens" and step.password == self.old)
                return "ok" if opens else "wrong"
            case "set":
                self.value = step.new
                return "ok"
        if step.token in self.spent and self.defect != "token serves twice":
            return "refused"
        if step.kind == "skip":
            self.spent.add(step.token)
            return "ok"
        if step.password != self.value and not (self.defect == "late write" and is_late):
            return "wrong"
        if self.defect == "refused applied" and rng.random() < 0.5:
            self.value = step.new
            return "refused"
        self.spent.add(step.token)
        if not (self.defect == "lost write" and rng.random() < 0.6):
            self.old, self.value = self.value, step.new
        return "ok"


def played(rng: random.Random, defect: str = "", *, length: int = 6, words: Sequence[str] = WORDS) -> list[Step]:
    """Return what clients at the same time see of a service: each operation takes effect within its time.

    One without an answer takes effect long after its client gave up, or never, or not as the client thinks.
    """
    service, steps = Service(defect), []
    asked = []
    for _ in range(length):
        step = _drawn(rng)
        is_doubt = rng.random() < 0.2
        at = rng.uniform(step.call, step.done) + (rng.choice((0.0, 3.0, 6.0)) if is_doubt else 0.0)
        asked.append((at, is_doubt, step))
    for at, is_doubt, drawn in sorted(asked, key=lambda one: one[0]):
        step = _meant(drawn, service, rng, words)
        if defect == "late write" and at > step.done and step.kind == "update":
            step = replace(step, password=service.old or service.value)  # looked at long ago, when it was right
        if is_doubt and rng.random() < 0.4:
            steps.append(replace(step, came="doubt"))
            continue
        came = service.carry_out(step, rng, is_late=at > step.done)
        steps.append(replace(step, came="doubt" if is_doubt else came))
    return steps


def _meant(step: Step, service: Service, rng: random.Random, words: Sequence[str]) -> Step:
    """Return a step as a client would mean it: mostly with the password in force, or the one before."""
    password = rng.choices((service.value, service.old or "0", rng.choice(words)), (6, 2, 2))[0]
    return replace(step, password=password if step.password else "", new=rng.choice(words) if step.new else "")
