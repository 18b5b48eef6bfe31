"""Injections in virtual time: looked at first, injected and healed on the clock, healed whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pwdload.errors import FaultError
from pwdload.faults.experiment import Experiment, heal_all
from pwdload.faults.plan import Planned, plan_faults
from pwdload.faults.steadiness import Seen, Steadiness
from pwdload.health import HealthRow
from pwdload.scenario import parse_scenario
from pwdload.scenario.resilience import SteadyState

SCENARIO = parse_scenario(
    "title = 'x'\n[[load.stages]]\nname = 'a'\nusers = 5\nfor = '60s'\n"
    "[[faults]]\nname = 'f'\nkind = 'pause'\nat = '10s'\nfor = '5s'\n"
)
ASKED = "failed share at most 1 %"


@dataclass
class VirtualTime:
    """A clock that only waiting moves; the load ends at `end_s`."""

    end_s: float = 60.0
    at_s: float = 0.0

    def now(self) -> float:
        """Return virtual time."""
        return self.at_s

    def wait_until(self, at_s: float) -> bool:
        """Go there, or to the end of the load."""
        self.at_s = max(self.at_s, min(at_s, self.end_s))
        return at_s <= self.end_s

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.at_s += seconds


class Overlapping(VirtualTime):
    """Lets something else happen while the first fault is on."""

    meanwhile: Callable[[], None] | None = None

    def wait_until(self, at_s: float) -> bool:
        """Let it happen once, while the healing is waited for."""
        meanwhile, is_on = self.meanwhile, at_s > 10.0
        if meanwhile is not None and is_on:
            self.meanwhile = None
            meanwhile()
        return super().wait_until(at_s)


@dataclass
class FakeAct:
    """Notes what it is told, and fails as often as it should."""

    time: VirtualTime
    inject_fails: bool = False
    heal_fails: int = 0
    told: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Nothing to check."""

    def inject(self) -> None:
        """Takes 0.25 s."""
        self.time.at_s += 0.25
        self.told.append("inject")
        if self.inject_fails:
            raise FaultError("no such process")

    def heal(self) -> None:
        """Takes 0.5 s."""
        self.time.at_s += 0.5
        self.told.append("heal")
        if self.heal_fails:
            self.heal_fails -= 1
            raise FaultError("still there")


def planned() -> Planned:
    """Return the one injection of the scenario."""
    return plan_faults(SCENARIO.faults, SCENARIO.stages)[0]


def play(
    act: FakeAct, look: Callable[[float, float], tuple[Seen, ...]] = lambda _from, _to: ()
) -> tuple[Experiment, list[str]]:
    """Carry the one injection out."""
    said: list[str] = []
    experiment = Experiment(act.time, look, 4.0, said.append)
    experiment.play(planned(), act)
    return experiment, said


def test_a_fault_has_a_stamp_before_and_after_each_call() -> None:
    """What the clients saw is between them."""
    experiment, _ = play(FakeAct(VirtualTime()))
    (done,) = experiment.injections
    assert (done.inject_before_s, done.inject_after_s) == (10.0, 10.25)
    assert (done.heal_before_s, done.heal_after_s) == (15.0, 15.5)
    assert not done.error


def test_whoever_watches_sees_a_fault_while_it_is_on() -> None:
    """From its injection until it is healed it is among those that are on; then among those that were."""
    time, seen = Overlapping(), []
    act = FakeAct(time)
    experiment = Experiment(time, lambda _from, _to: (), 4.0, lambda _: None)
    time.meanwhile = lambda: seen.extend(experiment.active)
    experiment.play(planned(), act)
    assert [one.inject_after_s for one in seen] == [10.25]
    assert not experiment.active
    assert len(experiment.injections) == 1


def test_what_could_not_be_injected_is_healed_and_named() -> None:
    """Half of it may be there."""
    act = FakeAct(VirtualTime(), inject_fails=True)
    experiment, said = play(act)
    (done,) = experiment.injections
    assert "no such process" in done.error
    assert not done.took_hold
    assert act.told == ["inject", "heal"]
    assert any("could not be injected" in line for line in said)


def test_healing_is_tried_again() -> None:
    """One that fails twice and then works has healed."""
    experiment, _ = play(FakeAct(VirtualTime(), heal_fails=2))
    (done,) = experiment.injections
    assert done.heal_after_s == 15.0 + 3 * 0.5 + 2 * 0.5
    assert not done.error


def test_what_cannot_be_healed_says_so() -> None:
    """Then nobody knows when it ended, and the run is worth nothing."""
    experiment, _ = play(FakeAct(VirtualTime(), heal_fails=99))
    (done,) = experiment.injections
    assert done.heal_after_s is None
    assert "could not be healed" in done.error


def test_the_end_of_the_load_heals_at_once() -> None:
    """However it ends, the fault does not outlive it."""
    experiment, _ = play(FakeAct(VirtualTime(end_s=12.0)))
    assert experiment.injections[0].heal_before_s == 12.0


def test_a_load_that_ends_before_the_fault_leaves_it_out() -> None:
    """Nothing was done, and the record says why."""
    act = FakeAct(VirtualTime(end_s=8.0))
    experiment, _ = play(act)
    assert "ended before" in experiment.injections[0].skipped
    assert act.told == []


def test_nothing_is_injected_into_a_target_that_is_not_steady() -> None:
    """A fault on top of trouble would say nothing about either."""
    act = FakeAct(VirtualTime())
    experiment, said = play(act, lambda _from, _to: (Seen(ASKED, "7 %", met=False),))
    assert "was 7 %" in experiment.injections[0].skipped
    assert act.told == []
    assert "left out" in said[0]


def test_a_steady_state_that_nobody_has_seen_is_not_met() -> None:
    """Doubt is never a yes."""
    act = FakeAct(VirtualTime())
    play(act, lambda _from, _to: (Seen(ASKED, "nothing was answered", met=None),))
    assert act.told == []


def test_faults_that_overlap_are_both_injected() -> None:
    """Under the first, the target is not steady, and that is meant."""
    time = Overlapping()
    inner, outer = FakeAct(time), FakeAct(time)
    experiment = Experiment(time, lambda _from, _to: (Seen(ASKED, "90 %", met=not outer.told),), 4.0, lambda _: None)
    time.meanwhile = lambda: experiment.play(planned(), inner)
    experiment.play(planned(), outer)
    assert (inner.told, outer.told) == (["inject", "heal"], ["inject", "heal"])
    assert [one.skipped for one in experiment.injections] == ["", ""]


def test_it_is_looked_at_before_during_and_after() -> None:
    """Each look is a piece of the run with its times."""
    looks: list[tuple[float, float]] = []

    def look(from_s: float, to_s: float) -> tuple[Seen, ...]:
        looks.append((from_s, to_s))
        return (Seen(ASKED, "0 %", met=True),)

    experiment, _ = play(FakeAct(VirtualTime()), look)
    assert looks == [(6.0, 10.0), (11.0, 15.0), (19.5, 23.5)]
    assert [one.when for one in experiment.steady] == ["before", "during", "after"]


def test_healing_all_stops_at_nothing() -> None:
    """One that cannot be healed does not keep the others from it."""
    time = VirtualTime()
    acts = [FakeAct(time, heal_fails=1), FakeAct(time)]
    heal_all(list(acts))
    assert [act.told for act in acts] == [["heal"], ["heal"]]


def row(worker: str, at_s: float, answers: int, failed: int = 0, slow: int = 0) -> HealthRow:
    """Return a row of counts."""
    return HealthRow(worker, at_s, 0.1, 0.0, 0, 0, 0, 0, 0, answers, failed, slow)


def test_the_counts_of_all_processes_make_the_share() -> None:
    """Only what ended in the piece counts, whoever has seen it."""
    steadiness = Steadiness(SteadyState.model_validate({"failed_share": 0.1, "p95": "300ms"}))
    for at_s in range(1, 11):
        steadiness.take(row("a", float(at_s), 100 * at_s, 10 * max(at_s - 5, 0)))
        steadiness.take(row("b", at_s + 0.5, 100 * at_s, 0, 8 * at_s))
    assert [seen.met for seen in steadiness.look(1.0, 5.5)] == [True, True]
    assert [(seen.measured, seen.met) for seen in steadiness.look(5.0, 10.0)] == [("5.00 %", True), ("4.00 %", True)]
    assert steadiness.look(20.0, 30.0)[0].met is None
