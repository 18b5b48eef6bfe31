"""What a run does to its target, from the checks before it to the record after it, in the process in charge.

Each injection waits, looks, injects and heals in a greenlet of its own. The fault proxy heals by itself when nobody
renews its lease, so that a process in charge that dies takes its faults with it.
"""

from collections.abc import Callable, Sequence
from typing import Final, Self

import gevent
from gevent.event import Event

from pwdload.api.connections import Via
from pwdload.api.http import Address
from pwdload.clock import RunClock
from pwdload.errors import FaultError, UsageError
from pwdload.faults.acts import Act
from pwdload.faults.experiment import Experiment, heal_all
from pwdload.faults.gateway import Gateway, check_kinds
from pwdload.faults.journal import journal_of
from pwdload.faults.made import Means
from pwdload.faults.plan import Planned, next_after, plan_faults
from pwdload.faults.processes.standin import StandinProcess
from pwdload.faults.steadiness import Seen, Steadiness
from pwdload.harness.progress import say
from pwdload.health import HealthRow
from pwdload.injections import FaultsRecord, Injection, write_faults
from pwdload.rundir import RunDirectory, write_json
from pwdload.scenario import Scenario
from pwdload.watched import FaultNow, FaultState

_LEASE_S: Final = 3.0
_RENEW_S: Final = 1.0
_HEALED_WITHIN_S: Final = 90.0
"""How long the end of a run waits for its faults to be healed; a process that was killed has to come up again."""
_CLOCK_LOOK_S: Final = 0.05


class RunTime:
    """The run's clock, as an experiment waits on it."""

    def __init__(self, clock: RunClock, load_ended: Event) -> None:
        self._clock = clock
        self._load_ended = load_ended

    def now(self) -> float:
        """Return the time on the run's clock, in seconds."""
        return self._clock.now()

    def wait_until(self, at_s: float) -> bool:
        """Wait until a time; return False at once when the load has been told to end."""
        while not self._clock.runs:
            if self._load_ended.wait(_CLOCK_LOOK_S):
                return False
        # An event that is set wins over a time that has come: nothing is injected into a load that is ending.
        return not self._load_ended.wait(max(at_s - self._clock.now(), 0.0))

    def pause(self, seconds: float) -> None:
        """Wait, even when the load has been told to end."""
        gevent.sleep(seconds)


class Faulting:
    """The faults of all runs of one process in charge."""

    def __init__(
        self,
        scenario: Scenario,
        planned: Sequence[Planned],
        acts: dict[str, Act],
        gateway: Gateway | None,
    ) -> None:
        self._scenario = scenario
        self._planned = planned
        self._acts = acts
        self._gateway = gateway
        self._steadiness: Steadiness | None = None
        self._load_ended = Event()
        self._greenlets: list[gevent.Greenlet] = []
        self._experiment: Experiment | None = None
        self._lost_s: float | None = None

    @classmethod
    def prepare(
        cls, scenario: Scenario, target: str, standin: StandinProcess | None, allow: Sequence[str]
    ) -> Self | None:
        """Make and check everything that the faults of a scenario need; null where it has none.

        Raises:
            FaultError, UsageError: one of them cannot be carried out on this machine or this target.
        """
        if not scenario.faults:
            return None
        check_kinds(scenario)
        planned = plan_faults(scenario.faults, scenario.stages)
        gateway = _gateway(scenario, planned, target, allow)
        try:
            means = Means(scenario=scenario, target=Address.parse(target), standin=standin, gateway=gateway)
            acts = {fault.name: means.act_of(fault) for fault in scenario.faults}
            for act in acts.values():
                act.check()
        except BaseException:
            if gateway is not None:
                gateway.stop()
            raise
        return cls(scenario, planned, acts, gateway)

    @property
    def via(self) -> Via | None:
        """Where the load goes in place of the target; null where no fault is the proxy's."""
        return self._gateway.via if self._gateway is not None else None

    def begin_run(self, clock: RunClock, end_run: Callable[[str], None]) -> None:
        """Get every injection ready for its time; `end_run` ends the run early, for a reason."""
        self._load_ended, self._lost_s = Event(), None
        time_, steady = RunTime(clock, self._load_ended), self._scenario.steady_state
        self._steadiness = Steadiness(steady) if steady is not None else None
        experiment = self._experiment = Experiment(time_, self._look, steady.over_s if steady else 5.0, say)
        self._greenlets = [
            gevent.spawn(experiment.play, one, self._acts[one.fault.name], next_after(one, self._planned))
            for one in self._planned
        ]
        if self._gateway is not None:
            self._watcher = gevent.spawn(self._watch, self._gateway, time_, end_run)

    def take(self, row: HealthRow) -> None:
        """Take what a process has counted so far."""
        if self._steadiness is not None:
            self._steadiness.take(row)

    def now(self) -> tuple[FaultNow, ...]:
        """Return how each injection of the run stands, in the order in which they are planned."""
        experiment = self._experiment
        done = {(one.fault, one.repeat): one for one in experiment.injections} if experiment is not None else {}
        active = {(one.fault, one.repeat): one for one in experiment.active} if experiment is not None else {}
        keys = [(one.fault.name, one.repeat) for one in self._planned]
        return tuple(_now(one, active.get(key), done.get(key)) for one, key in zip(self._planned, keys, strict=True))

    def heal(self) -> None:
        """Heal everything, now: the load has been told to end. Returns when that is done, or has taken too long."""
        self._load_ended.set()
        gevent.joinall(self._greenlets, timeout=_HEALED_WITHIN_S)

    def end_run(self, directory: RunDirectory) -> None:
        """Write down what was done; the load is over, and all answers are in."""
        self.heal()
        if self._experiment is None:
            return
        if self._gateway is not None:
            self._watcher.kill()
        experiment, self._experiment = self._experiment, None
        record = FaultsRecord(
            engine=self._gateway.engine if self._gateway is not None else "",
            injections=tuple(sorted(experiment.injections, key=lambda one: (one.planned_start_s, one.fault))),
            steady=tuple(sorted(experiment.steady, key=lambda look: look.from_s)),
            lost_s=self._lost_s,
        )
        write_faults(directory.faults_file, record)
        write_json(directory.journal_file, journal_of(record, directory.read_record()))

    def stop(self) -> None:
        """Be done for good: whatever may still be on is healed, and the proxy stops."""
        self.heal()
        gevent.killall(self._greenlets)
        heal_all(list(self._acts.values()))
        if self._gateway is not None:
            self._gateway.stop()

    def _look(self, from_s: float, to_s: float) -> tuple[Seen, ...]:
        return self._steadiness.look(from_s, to_s) if self._steadiness is not None else ()

    def _watch(self, gateway: Gateway, time_: RunTime, end_run: Callable[[str], None]) -> None:
        """Renew the proxy's lease as long as we live; a proxy that is gone, or has healed on its own, ends the run."""
        while True:
            try:
                gateway.renew(_LEASE_S)
            except FaultError as error:
                self._lost_s = max(time_.now(), 0.0)
                end_run(f"error: the fault proxy is lost: {error}")
                return
            gevent.sleep(_RENEW_S)


def _now(planned: Planned, active: Injection | None, done: Injection | None) -> FaultNow:
    """Return how an injection stands, of which it is known that it is on, or over; else it is planned."""
    told = done or active
    state: FaultState = "planned" if told is None else "active" if done is None else _ended(done)
    start_s = told.inject_after_s if told is not None else None
    end_s = told.heal_after_s if told is not None else None
    return FaultNow(
        name=planned.fault.name,
        kind=planned.fault.kind,
        state=state,
        start_s=start_s if start_s is not None else planned.start_s,
        end_s=end_s if end_s is not None else planned.end_s,
    )


def _ended(done: Injection) -> FaultState:
    if done.skipped:
        return "skipped"
    return "failed" if done.error else "healed"


def _gateway(scenario: Scenario, planned: Sequence[Planned], target: str, allow: Sequence[str]) -> Gateway | None:
    """Start what the faults of the proxy need, between the load and the target; null where none is the proxy's."""
    if not any(one.means == "proxy" for one in planned):
        return None
    if scenario.target.proxy is not None:
        raise UsageError(
            "[target] proxy: the load can go through one proxy only, and faults need theirs; "
            "remove it, or leave the faults of the proxy out"
        )
    return Gateway.open(scenario, Address.parse(target), [*scenario.target.allow, *allow])
