"""Carries injections out on the run's clock: looks first, injects, waits, and heals whatever happens.

One `play` for each injection, each in a thread of control of its own, because they may overlap. All waiting is the
caller's: in virtual time a whole experiment takes none.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from typing import Protocol

from pwdload.errors import FaultError
from pwdload.faults.acts import Act
from pwdload.faults.plan import Planned
from pwdload.faults.steadiness import Seen
from pwdload.injections import Injection, SteadyLook, When

HEALING_TRIES = 3
_HEAL_AGAIN_S = 0.5


class Time(Protocol):
    """The run's clock, and waiting on it."""

    def now(self) -> float:
        """Return the time on the run's clock, in seconds."""

    def wait_until(self, at_s: float) -> bool:
        """Wait until a time; return False at once when the load has been told to end."""

    def pause(self, seconds: float) -> None:
        """Wait, even when the load has been told to end."""


Look = Callable[[float, float], tuple[Seen, ...]]
"""Holds a piece of the run, from and to a time, against each criterion of the steady state; none: no hypothesis."""


@dataclass(slots=True)
class Experiment:
    """What is done to a target in one run, and what has come of it so far."""

    time: Time
    look: Look
    over_s: float
    """How long a piece of the run is looked at."""
    say: Callable[[str], None]
    """Tells the person who watches."""
    injections: list[Injection] = field(default_factory=list)
    steady: list[SteadyLook] = field(default_factory=list)
    active: list[Injection] = field(default_factory=list)
    """Those that are on, or are being healed."""
    _on: int = 0
    """Faults that are on."""

    def play(self, planned: Planned, act: Act, next_s: float = inf) -> None:
        """Carry one injection out, from waiting for its start to the look after it.

        `next_s` is when another one begins: what follows cannot be told from it, and is not looked at.
        """
        if not self.time.wait_until(planned.start_s):
            self._keep(replace(planned.injection(), skipped="The load ended before it was due."))
            return
        # Faults that overlap are asked for: under one the target need not be steady for the next.
        unmet = "" if self._on else self._looked(planned, "before", planned.start_s - self.over_s, planned.start_s)
        if unmet:
            self.say(f"Fault {planned.fault.name} is left out: {unmet}")
            self._keep(replace(planned.injection(), skipped=f"The steady state before it was not met: {unmet}."))
            return
        done = self._injected(planned, act)
        self._on += 1
        self.active.append(done)
        if done.took_hold:
            self.time.wait_until(planned.end_s)
            self._looked(planned, "during", max(planned.start_s, planned.end_s - self.over_s), self.time.now())
        was, done = done, self._healed(done, act)
        self._on -= 1
        self.active.remove(was)
        self._keep(done)
        if done.heal_after_s is not None and next_s > done.heal_after_s + 2 * self.over_s:
            from_s, to_s = done.heal_after_s + self.over_s, done.heal_after_s + 2 * self.over_s
            if self.time.wait_until(to_s):
                self._looked(planned, "after", from_s, to_s)

    def _looked(self, planned: Planned, when: When, from_s: float, to_s: float) -> str:
        """Look, keep what was seen, and return in words what was not met; empty where all was."""
        unmet = []
        for criterion, measured, met in self.look(max(from_s, 0.0), to_s):
            self.steady.append(
                SteadyLook(
                    when=when,
                    fault=planned.fault.name,
                    repeat=planned.repeat,
                    from_s=max(from_s, 0.0),
                    to_s=to_s,
                    criterion=criterion,
                    measured=measured,
                    met=met,
                )
            )
            if not met:
                unmet.append(f"{criterion}, {measured}" if met is None else f"{criterion}, was {measured}")
        return "; ".join(unmet)

    def _injected(self, planned: Planned, act: Act) -> Injection:
        before_s = self.time.now()
        try:
            if not self._on:  # under another fault nothing is well
                act.check()
            before_s = self.time.now()
            act.inject()
        except FaultError as error:
            self.say(f"Fault {planned.fault.name} could not be injected: {error}")
            return replace(planned.injection(), inject_before_s=before_s, error=f"It could not be injected: {error}.")
        after_s = self.time.now()
        self.say(f"Fault {planned.fault.name} is on ({planned.fault.kind}).")
        return replace(planned.injection(), inject_before_s=before_s, inject_after_s=after_s)

    def _healed(self, done: Injection, act: Act) -> Injection:
        """Heal, trying more than once: what was injected only in part is healed as well."""
        before_s = self.time.now()
        for left in reversed(range(HEALING_TRIES)):
            try:
                act.heal()
            except FaultError as error:
                why = f"It could not be healed: {error}."
                if left:
                    self.time.pause(_HEAL_AGAIN_S)
            else:
                self.say(f"Fault {done.fault} is healed.")
                return replace(done, heal_before_s=before_s, heal_after_s=self.time.now())
        self.say(f"Fault {done.fault}: {why}")
        return replace(done, heal_before_s=before_s, error=" ".join(filter(None, (done.error, why))))

    def _keep(self, injection: Injection) -> None:
        self.injections.append(injection)


@dataclass(slots=True)
class Nothing:
    """The act of a fault that the load itself is: it begins and ends with its stage."""

    def check(self) -> None:
        """It can always be done."""

    def inject(self) -> None:
        """The stage has begun."""

    def heal(self) -> None:
        """The stage is over."""


def heal_all(acts: list[Act]) -> None:
    """Heal whatever may be on, without a word: for the end of a process that is broken off."""
    for act in acts:
        with suppress(FaultError):
            act.heal()
