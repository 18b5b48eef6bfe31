"""Linearizability of one account: is there an order of its operations in which a correct service would answer so?

The account is a register that holds a password, with state_tokens that serve once. An operation takes effect at one
instant between its call and its return; one without an answer at any instant after its call, or never.

Just-in-time linearization (Lowe, "Testing for linearizability", 2016): go through calls and returns in order of time,
and keep every state in which the account can be. At a return the operation must have taken effect, so that those states
in which it has not are led on by operations under way, until it has. No state left: no order explains the answer.

What keeps the states few:

- an operation that only looks takes effect as soon as it can: it changes nothing, so waiting for it gains nothing;
- of two states that differ only in what was spent of operations without an answer, the one that spent less can do all
  that the other can, and the other is forgotten;
- of operations without an answer that are the same, the first called goes first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

ANY: Final = -1
"""No value: what an act needs that takes effect whatever the register holds, and what one sets that only looks."""
BUDGET: Final = 50_000
"""How many states may be led on for one account before the search gives up: a bound on time that is the same on every
machine, so that the same directory gets the same judgement."""


class Act(NamedTuple):
    """One operation, as the register sees it. Values are numbers from 0."""

    call_s: float
    return_s: float
    """Infinite: no answer says whether it took effect."""
    needs: int = ANY
    """What the register must hold at that instant."""
    forbids: int = ANY
    """What it must not hold."""
    sets: int = ANY
    """What it holds thereafter."""
    token: int = 0
    """A bit that stands for the state_token that is spent; 0 where that makes no difference."""


class State(NamedTuple):
    """One way in which things can stand."""

    value: int
    tokens: int
    """Bits of tokens that are spent."""
    done: int
    """Bits of acts under way that have taken effect."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to."""

    is_explained: bool | None
    """Null: the search gave up."""
    culprit: int = -1
    """Place of the act whose answer nothing explains, the first by time of its return."""
    held: frozenset[int] = frozenset()
    """What the register can have held just before."""
    states: int = 0
    """How many states were led on."""


class _GaveUp(Exception):  # noqa: N818 - no error: a bound was reached
    pass


def search(acts: Sequence[Act], initial: Iterable[int], budget: int = BUDGET) -> Found:
    """Say whether some order of the acts explains them all, from any of the initial values.

    Acts at the same instant count as overlapping: a clock's grain must not accuse anybody.
    """
    return _Search(acts, budget).run(initial)


class _Search:
    def __init__(self, acts: Sequence[Act], budget: int) -> None:
        self._acts = acts
        self._budget = budget
        self._spent = 0
        self._looks = self._writes = 0
        """Bits of the acts under way that only look, and of those that change something."""
        self._definite = 0
        for place, act in enumerate(acts):
            if act.return_s < inf:
                self._definite |= 1 << place
        self._earlier_twins = _earlier_twins(acts)

    def run(self, initial: Iterable[int]) -> Found:
        states = {State(value, 0, 0) for value in initial}
        for place, is_return in _events(self._acts):
            if not is_return:
                states = self._call(place, states)
                continue
            held = frozenset(state.value for state in states)
            try:
                states = self._return(place, states)
            except _GaveUp:
                return Found(None, place, held, self._spent)
            if not states:
                return Found(False, place, held, self._spent)
        return Found(True, states=self._spent)

    def _call(self, place: int, states: set[State]) -> set[State]:
        act = self._acts[place]
        if act.sets != ANY or act.token:
            self._writes |= 1 << place
            return states
        self._looks |= 1 << place
        return {self._looked(state) for state in states}

    def _return(self, place: int, states: set[State]) -> set[State]:
        bit = 1 << place
        found = {state for state in states if state.done & bit}
        if len(found) < len(states):
            self._lead_on(bit, [state for state in states if not state.done & bit], found)
        self._writes &= ~bit
        self._looks &= ~bit
        return self._least({state._replace(done=state.done & ~bit) for state in found})

    def _lead_on(self, bit: int, open_: list[State], found: set[State]) -> None:
        """Add to `found` every state in which the act of `bit` has just taken effect."""
        seen = set(open_)
        while open_:
            self._spend(1)
            for following in self._following(open_.pop()):
                if following.done & bit:
                    found.add(following)
                elif following not in seen:
                    seen.add(following)
                    open_.append(following)

    def _following(self, state: State) -> Iterator[State]:
        rest = self._writes & ~state.done
        while rest:
            bit = rest & -rest
            rest ^= bit
            place = bit.bit_length() - 1
            act = self._acts[place]
            is_possible = act.needs in (ANY, state.value) and act.forbids != state.value
            if not is_possible or act.token & state.tokens or self._earlier_twins[place] & ~state.done:
                continue
            value = state.value if act.sets == ANY else act.sets
            yield self._looked(State(value, state.tokens | act.token, state.done | bit))

    def _looked(self, state: State) -> State:
        """Return the state after everything that only looks, and may as well do so now, has done so."""
        value, tokens, done = state
        rest = self._looks & ~done
        while rest:
            bit = rest & -rest
            rest ^= bit
            act = self._acts[bit.bit_length() - 1]
            if act.needs in (ANY, value) and act.forbids != value:
                done |= bit
        return state if done == state.done else State(value, tokens, done)

    def _least(self, states: set[State]) -> set[State]:
        """Return the states without those that have only spent more than another."""
        if len(states) < 2:
            return states
        groups: dict[tuple[int, int], list[State]] = {}
        for state in sorted(states, key=lambda state: state.done.bit_count()):
            kept = groups.setdefault((state.value, state.done & self._definite), [])
            self._spend(len(kept) // 16)
            if not any(not other.done & ~state.done for other in kept):
                kept.append(state)
        return {state for kept in groups.values() for state in kept}

    def _spend(self, states: int) -> None:
        self._spent += states
        if self._spent > self._budget:
            raise _GaveUp


def _events(acts: Sequence[Act]) -> list[tuple[int, bool]]:
    """Return calls and returns in order of time, as the act's place and whether it is a return."""
    events = [(act.call_s, False, place) for place, act in enumerate(acts)]
    events += [(act.return_s, True, place) for place, act in enumerate(acts) if act.return_s < inf]
    return [(place, is_return) for _, is_return, place in sorted(events)]


def _earlier_twins(acts: Sequence[Act]) -> list[int]:
    """Return for each act without an answer the bit of the last one before it that is the same, 0 where none is."""
    last: dict[tuple[int, int, int, int], int] = {}
    twins = [0] * len(acts)
    for place in sorted(range(len(acts)), key=lambda place: (acts[place].call_s, place)):
        act = acts[place]
        if act.return_s == inf:
            same = act[2:]
            twins[place] = last.get(same, 0)
            last[same] = 1 << place
    return twins
