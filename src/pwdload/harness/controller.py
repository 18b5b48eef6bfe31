"""What the process in charge does, alone or as a master: it prepares, begins, ends and reports runs."""

import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner, Runner

from pwdload.accounts.leases import Stocked
from pwdload.calibration import write_certificate
from pwdload.cases.catalogue import CASES
from pwdload.cases.ceiling import Ceiling
from pwdload.clock import RunClock, owed_s
from pwdload.harness.bookkeeping import Bookkeeper
from pwdload.harness.calibrated import calibrate
from pwdload.harness.classes import choose_classes, drop_idle_classes
from pwdload.harness.course import Course
from pwdload.harness.early import EarlyEnd
from pwdload.harness.faulting import Faulting
from pwdload.harness.gathering import Gathered, Gathering
from pwdload.harness.judging import Judging
from pwdload.harness.keeper import close_books
from pwdload.harness.lending import LendingDesk, own_books
from pwdload.harness.live import Tap, all_of
from pwdload.harness.messages import MasterSide
from pwdload.harness.onlooker import Onlooker
from pwdload.harness.options import options_of
from pwdload.harness.plan import ATTRIBUTE, Plan, schedule_of
from pwdload.harness.planning import highest_rate, length_words, make_plan, most_users
from pwdload.harness.preparation import Preparation, check_answers, keep_target, prepare
from pwdload.harness.progress import patience_with_ctrl_c, say
from pwdload.harness.runlog import RunLog
from pwdload.harness.searching import Searching
from pwdload.harness.session import Session
from pwdload.harness.shape import choose_shape
from pwdload.harness.showing import show_progress
from pwdload.harness.sight import Sight
from pwdload.harness.staging import overruled, stages_as_played, stages_by_hand
from pwdload.harness.stock import say_stock
from pwdload.harness.syncing import DiskThread
from pwdload.harness.vitals import Vitals
from pwdload.health import HealthRow
from pwdload.outcome import Verdict
from pwdload.pacing import Sharing, Turns
from pwdload.rundir import StageRecord
from pwdload.target_metrics import check_metrics_source, keep_metrics

_WORKERS_DONE_WITHIN_S = 15.0
"""How long workers may take to write their last samples, beyond the time that their users may take to finish."""
_LEAD_S = 0.5
"""From the moment when all users are there to zero of the run's clock: time for the word to reach every worker."""
_ALONE = "local"
"""Name in samples and reports of a process that is in charge and plays."""

log = logging.getLogger(__name__)


class Controller:
    """One process in charge, from its preparation to its exit code. Call `prepare` first."""

    def __init__(self, environment: Environment, runner: Runner | None) -> None:
        self.session: Session | None = None
        """This process's part in the run that is on; null between runs, and in a master, which plays none."""
        self.onlooker = Onlooker()
        """Shows the run that is on to whoever wants to see it."""
        self._environment = environment
        self._runner = runner
        self.early = EarlyEnd(environment, runner, self._elapsed_s)
        self._workers: MasterSide | None = None
        self._gathering: Gathering | None = None
        self._desk: LendingDesk | None = None
        if isinstance(runner, MasterRunner):
            self._workers = MasterSide(
                runner,
                end_run=self.early,
                members_changed=self._share_turns,
                keep_health=self._keep_health,
            )
            self._gathering = Gathering(runner, self._workers)
            self._desk = LendingDesk(runner, self.early)
        self._clock = RunClock()
        self._asked_s = 0.0
        """When Locust asked for the run, on this machine's monotonic clock."""
        self._books: Bookkeeper | None = None
        """Of this process's own flows; null in a master."""
        self._zero_s: float | None = None
        """Zero of the run's clock, on this machine's monotonic one; null until it is known."""
        self._turns: Turns | None = None
        """Null in the closed model."""
        self._vitals: Vitals | None = None
        self._ceiling = Ceiling()
        self._searching: Searching | None = None
        """Null where the load is known from the start."""
        self._faulting: Faulting | None = None
        """Null where the scenario has no faults."""
        self._judging = Judging()
        self._log: RunLog | None = None
        """The papers of the run that is on."""
        self._headline = ""
        self._reported = Event()
        """Clear while the end of a run is being written up."""
        self._reported.set()

    def prepare(self) -> Preparation:
        """Settle scenario, users, accounts and target, let Locust know, and return what was settled.

        Raises:
            PwdloadError: the plan cannot be carried out.
        """
        environment = self._environment
        if self._runner is not None:
            show_progress(self.onlooker, options_of(environment))
        self._prepared = prepare(options_of(environment))
        choose_classes(environment, self._prepared.weights, options_of(environment))
        self._keeper = self._prepared.keeper
        environment.host = self._prepared.target
        scenario = self._prepared.scenario
        # Killing a user in mid-request would leave its account in doubt: let flows finish unless told otherwise.
        flow_s = scenario.target.timeout_s * max(len(CASES[name].steps) for name in self._prepared.weights)
        environment.stop_timeout = environment.stop_timeout or flow_s + 1.0
        check_metrics_source(scenario, options_of(environment).allow_host)
        self._arrivals = choose_shape(environment, scenario, self._load_end_s, self._elapsed_s)
        if environment.shape_class is not None:
            environment.shape_class.runner = self._runner
        say_stock(environment, self._prepared, self._arrivals)
        if self._prepared.standin is None:  # which has said itself where it listens
            self._prepared = replace(self._prepared, addresses=check_answers(self._prepared.target, scenario))
        self._faulting = Faulting.prepare(
            scenario, self._prepared.target, self._prepared.standin, options_of(environment).allow_host
        )
        self._certificate = calibrate(
            options_of(environment), highest_rate(self._prepared.scenario, self._arrivals), self._prepared.weights
        )
        if self._prepared.standin is not None:
            say(
                f"Target: the embedded stand-in at {self._prepared.target} (no --host is given); it stops with the run."
            )
        return self._prepared

    def _load_end_s(self) -> float:
        """Return when the load ends, on the run's clock; for ever while a search goes on."""
        assert self._arrivals is not None  # noqa: S101 - asked of the open model only
        return self._searching.end_s if self._searching is not None else self._arrivals.pieces[-1].end_s

    def _elapsed_s(self) -> float:
        """Return the time on the run's clock; 0 before it goes, before a run and between two."""
        return max(self._clock.now(), 0.0) if self._log is not None else 0.0

    def begin_run(self) -> None:
        """Set the run's clock to zero, start its papers, and get ready to play or to serve workers.

        Raises:
            PwdloadError: the tags leave nothing to play, or the run directory cannot be made.
        """
        self._asked_s = time.perf_counter()
        # Whatever ends this process before there is a verdict must not leave a 0 behind.
        self._environment.process_exit_code = Verdict.INCONCLUSIVE.exit_code
        drop_idle_classes(self._environment)
        keep_target(self._environment, self._prepared.target)
        prepared = self._prepared
        is_staged, by_hand_s = self._environment.shape_class is not None, options_of(self._environment).run_time
        stages = stages_as_played(prepared.scenario, self._arrivals) if is_staged else stages_by_hand(by_hand_s)
        self.early.begin_run()
        if self._runner is not None:  # a single user under a debugger leaves no papers
            self._log = self._begin_papers(prepared, stages, is_staged=is_staged)
        self._journal = self._keeper.begin_run(DiskThread(lambda error: log.error("The ledger: %s", error)))
        if self._workers is not None:
            self._workers.begin_run()
        self._plan = self._make_plan(stages)
        self._clock, self._zero_s = RunClock(), None
        self._turns = Turns(schedule_of(self._arrivals)) if self._arrivals is not None else None
        tap = self._begin_looking()
        if self._workers is not None:
            self._begin_serving(tap)
        else:
            self._begin_playing(tap)
        if self._faulting is not None and self._log is not None:
            self._faulting.begin_run(self._clock, self.early)
        if self._turns is None:
            self._start_clock(time.perf_counter())

    def _begin_papers(self, prepared: Preparation, stages: tuple[StageRecord, ...], *, is_staged: bool) -> RunLog:
        reports, notes = Path(options_of(self._environment).reports), overruled(prepared.scenario, is_staged=is_staged)
        papers = RunLog(reports, prepared, stages, self._arrivals, notes)
        if self._certificate is not None:
            write_certificate(papers.directory.calibration_file, self._certificate)
        length = length_words(prepared.scenario, stages[-1].end_s)
        say(f"Run: {length}; its report will be {papers.directory.shown}/report.html")
        return papers

    def _begin_looking(self) -> Tap | None:
        """Have the run looked at by whoever ends it, steers it or shows it; return what is to be shown its samples."""
        self._ceiling = Ceiling.begin(self._prepared.scenario, self._prepared.target, self.early)
        self._judging = Judging.begin(self._plan, self._clock, self.early)
        file = self._log.directory.search_file if self._log is not None else None
        self._searching = Searching.begin(self._plan, self._clock, file, self._load_grows, self.early)
        self.onlooker.begin_run(self._sight())
        return all_of(self._searching.tap if self._searching else self._judging.tap, self.onlooker.tap)

    def _begin_serving(self, tap: Tap | None) -> None:
        """Lend accounts to the workers, have the plan ride with Locust's order to spawn, and take their samples."""
        if self._workers is not None:
            self._workers.run_id = self._plan.run_id
        if self._desk is not None:
            self._desk.begin_run(self._plan, self._keeper, self._journal)
        setattr(self._environment.parsed_options, ATTRIBUTE, self._plan.to_json())
        if self._gathering is not None and self._log is not None:
            self._gathering.begin_run(self._log.directory, self._plan.run_id, self._clock, tap)

    def _begin_playing(self, tap: Tap | None) -> None:
        """Open this process's own part in the run."""
        self._books = own_books(self._keeper, self._journal, self._prepared.scenario)
        self.session = Session(
            self._environment, self._plan, clock=self._clock, worker=_ALONE, books=self._books, end_run=self.early
        )
        self.session.recorder.show_to(tap)
        self._vitals = Vitals(self.session, self._keep_health, lambda: 0)

    def _sight(self) -> Sight:
        return Sight(
            plan=lambda: self._plan,
            clock=self._clock,
            shown=str(self._log.directory.shown) if self._log is not None else "",
            users=lambda: self._runner.user_count if self._runner is not None else 1,
            stocked=self._desk.stocked if self._desk is not None else self._own_stock,
            accounts=sum(self._keeper.accounts.sizes.values()),
            lost=lambda: self._gathering.silent if self._gathering is not None else (),
            notes=lambda: self._judging.notes,
            end_reason=lambda: self.early.reason,
            faulting=self._faulting,
            searching=self._searching,
        )

    def _own_stock(self) -> Stocked | None:
        return self._books.pool.stocked if self._books is not None else None

    def _make_plan(self, stages: tuple[StageRecord, ...]) -> Plan:
        return make_plan(
            self._environment,
            self._prepared,
            stages,
            self._arrivals,
            directory=self._log.directory.path if self._log is not None else None,
            processes=max(len(self._workers.expected), 1) if self._workers is not None else 1,
            via=self._faulting.via if self._faulting is not None else None,
        )

    def users_are_there(self) -> None:
        """Let arrivals come: Locust has spawned every slot. Said again whenever Locust has moved users."""
        if self._turns is not None and self._zero_s is None:
            self._start_clock(time.perf_counter() + _LEAD_S)

    def _start_clock(self, zero_s: float) -> None:
        """Set zero of the run's clock, and let it go everywhere."""
        self._zero_s = zero_s
        self._clock.start(zero_s)
        if self._log is not None:
            self._log.clock_starts(in_s=zero_s - time.perf_counter())
        self._share_turns()
        if self._searching is not None:
            self._searching.start()

    def _load_grows(self, course: Course) -> None:
        """Tell everybody how the load goes on; what was announced before stays as it is."""
        if self._turns is not None and self._log is not None:
            self._plan = replace(self._plan, arrivals=course.arrivals, stages=course.stages)
            self._log.load_grows(course.stages, course.arrivals)
            self._turns.extend(schedule_of(course.arrivals))
            self._share_turns()

    def _share_turns(self) -> None:
        """Share the arrivals out among those who are there, and let them begin; nothing before the clock is set."""
        if self._zero_s is None:
            return
        if self._workers is None:
            assert self.session is not None  # noqa: S101 - a process without workers plays itself
            self.session.begin(self._zero_s, self._shared_out([_ALONE]), self._plan.grown)
        else:
            self._workers.say_begin(self._zero_s, self._shared_out(self._workers.playing), self._plan.grown)

    def _shared_out(self, members: Iterable[str]) -> Sharing | None:
        if self._turns is None:
            return None
        self._turns.share_among(members, self._clock.now())
        return self._turns.sharing

    def _keep_health(self, row: HealthRow) -> None:
        if self._log is not None:
            self._log.keep_health(row)
        if self._faulting is not None:
            self._faulting.take(row)
        if self._searching is not None:
            self._searching.take(row)
        self._ceiling.take(row)
        self.onlooker.take(row)

    def load_ends(self) -> None:
        """Note when, and why, the load was told to stop."""
        if self._log is None:
            return
        if self._environment.shape_class is None and not self.early.reason and self._zero_s is not None:
            gevent.sleep(owed_s(self._plan.stages[-1].end_s, self._elapsed_s(), time.perf_counter() - self._asked_s))
        if self._searching is not None:
            self._searching.stop()
        at_s = self._elapsed_s()
        self.onlooker.load_ends()
        if self._workers is not None:
            self._workers.load_has_ended = True
            if self._workers.left_early:
                self.early.take(f"error: {', '.join(self._workers.left_early)} left before the load ended")
        planned_s = self._searching.end_s if self._searching is not None else self._plan.stages[-1].end_s
        # By Locust's own timer, which began before this run's clock did: on a busy machine more than a moment before.
        lasted_s = max(at_s, time.perf_counter() - self._asked_s)
        users = most_users(self._environment, self._prepared.scenario, self._arrivals)
        self._log.load_ends(at_s=at_s, reason=self.early.ended_by(planned_s, lasted_s), users=users)
        self._judging.stop()
        if self._faulting is not None:
            self._faulting.heal()
        if self.session is not None:
            self.session.load_ends()
        if self._vitals is not None:
            self._vitals.stop()

    def end_run(self) -> None:
        """Gather everybody's samples, close the papers, and make the report; its verdict becomes the exit code."""
        if self._log is None:
            return
        run_log, self._log = self._log, None
        self._reported.clear()
        try:
            gathered = self._gather()
            self.onlooker.end_run()
            run_log.answers_are_in()
            if self._faulting is not None:
                self._faulting.end_run(run_log.directory)
            unmeasured = keep_metrics(
                self._prepared.scenario, run_log.directory, run_log.record, options_of(self._environment).allow_host
            )
            if self._desk is not None:
                self._desk.end_run()
            ledger, endings, told = close_books(self._keeper, say, dry_s=self.early.dry_s)
            run_log.end(
                workers=gathered.workers,
                expected=gathered.expected,
                lost=gathered.lost,
                notes=(*gathered.notes, *told, *unmeasured, *self._judging.notes),
                ledger=ledger,
                endings=endings,
            )
            self._environment.process_exit_code, self._headline = run_log.report()
        except OSError as error:
            self._environment.process_exit_code = Verdict.INVALID.exit_code
            self._headline = (
                f"INVALID: {run_log.directory.path}: cannot be written ({error.strerror}); samples are lost.\n"
            )
        finally:
            self.onlooker.end_run()
            self._reported.set()
            if self._workers is not None:
                self._workers.say_stopped()
        if self._environment.web_ui is not None:  # the process goes on; without a UI it prints this last of all
            self.print_headline()

    def print_headline(self) -> None:
        """Print the headline of the run that ended last, once."""
        headline, self._headline = self._headline, ""
        sys.stdout.write(headline)
        sys.stdout.flush()

    def _gather(self) -> Gathered:
        if self._gathering is None:
            assert self.session is not None  # noqa: S101 - begin_run has opened it
            session, self.session = self.session, None
            return Gathered([session.close()], [_ALONE])
        # Once for what was due and waits, once for what was begun.
        return self._gathering.end_run(2 * self._environment.stop_timeout + _WORKERS_DONE_WITHIN_S)

    def quit(self) -> None:
        """Stop what is going on, however this process is told to go, and the stand-in last."""
        try:
            with patience_with_ctrl_c():
                if self._runner is not None:
                    self._runner.stop()
                self.end_run()
                self._reported.wait()
        except KeyboardInterrupt:
            say("pwdload: interrupted again; what is written is safe: pwdload report reports/latest")
        finally:
            if self._faulting is not None:
                self._faulting.stop()
            if self._prepared.standin is not None:
                self._prepared.standin.stop()
                say("The embedded stand-in has been stopped.")
