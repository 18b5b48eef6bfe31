"""Hooks pwdload into Locust's events. A locustfile calls `install` once; everything else follows from there."""

import gc
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import STATE_INIT, MasterRunner, WorkerRunner
from locust.web import WebUI

from pwdload.errors import PwdloadError, UsageError
from pwdload.extensions import load_own
from pwdload.harness.assembling import INTERRUPTED, Assembly
from pwdload.harness.controller import Controller
from pwdload.harness.exports import Exports
from pwdload.harness.lean import do_without_pandas
from pwdload.harness.options import (
    add_arguments,
    check_master_port,
    check_web_port,
    options_of,
    share_secret_with_children,
)
from pwdload.harness.parentage import leave_unconnected_orphans
from pwdload.harness.session import Session
from pwdload.harness.stock import too_fast
from pwdload.harness.strangers import keep_out_strangers
from pwdload.harness.users import PasswordUpdateUser
from pwdload.harness.web import Web
from pwdload.harness.web.gate import Rules
from pwdload.harness.worker import Worker
from pwdload.heap import keep_large_blocks_apart
from pwdload.secrecy import refuse_on_command_line


class Role(Protocol):
    """What a process is in a run: the one in charge, or a worker."""

    session: Session | None

    def begin_run(self) -> None:
        """Get ready: Locust is about to spawn users."""

    def load_ends(self) -> None:
        """Users are about to be stopped."""

    def end_run(self) -> None:
        """Users have stopped."""

    def quit(self) -> None:
        """The process is about to end."""


_Done = TypeVar("_Done")
_roles: WeakKeyDictionary[Environment, Role] = WeakKeyDictionary()


def install() -> None:
    """Register pwdload with Locust: its options, and what happens when a run begins and ends; load the team's cases."""
    keep_large_blocks_apart()
    do_without_pandas()
    _one_line_for_errors(_load_own_cases)
    leave_unconnected_orphans()
    events.init_command_line_parser.add_listener(_on_parser)
    events.init_command_line_parser.add_listener(_PortCheck().hear)
    events.init.add_listener(_on_init)
    PasswordUpdateUser.sessions = staticmethod(_session)
    gc.freeze()  # what was imported stays to the end: no look for garbage need go through it


def _in_charge(environment: Environment, runner: Any, web_ui: WebUI | None) -> tuple[Controller, Web | None]:
    """Prepare the process in charge, and what shows its runs."""
    web: Web | None = None
    if web_ui is not None:
        _one_line_for_errors(lambda: check_web_port(web_ui.host, web_ui.port))
    exports = Exports(options_of(environment))
    _one_line_for_errors(exports.start)
    controller = Controller(environment, runner)
    prepared = _one_line_for_errors(controller.prepare)
    exports.attach(controller.onlooker, web_ui)
    _roles[environment] = controller
    if web_ui is not None:
        rules = Rules(target=prepared.target, too_fast=lambda options: too_fast(environment, prepared, options))
        web = Web(environment, web_ui, rules)
        web.hear(events)
        controller.onlooker.subscribe(web.show)
    events.spawning_complete.add_listener(lambda **_: controller.users_are_there())
    # Fired after Locust's own summary, so that the verdict is the last thing on the screen.
    events.quit.add_listener(lambda **_: controller.print_headline())
    events.quitting.add_listener(lambda **_: exports.stop())
    return controller, web


class _PortCheck:
    """Looks at the master's port when Locust has read its command line, and has forked no worker yet.

    Once: later Locust makes parsers again, and the port is taken then, by ourselves.
    """

    def __init__(self) -> None:
        self._is_done = False

    def hear(self, parser: LocustArgumentParser) -> None:
        """Take the parser that Locust has made."""
        if self._is_done:
            return
        self._is_done = True
        parse = parser.parse_args

        def parse_and_check(*arguments: Any, **named: Any) -> Namespace:
            options: Namespace = parse(*arguments, **named)
            _one_line_for_errors(lambda: check_master_port(options))
            return options

        parser.parse_args = parse_and_check


def _load_own_cases() -> None:
    load_own("cases")


def _on_parser(parser: LocustArgumentParser) -> None:
    add_arguments(parser)
    _one_line_for_errors(_keep_secrets)


def _keep_secrets() -> None:
    # Before Locust reads its arguments: it repeats on the screen those that it does not know.
    refuse_on_command_line(sys.argv[1:], os.environ)
    share_secret_with_children()


def _on_init(environment: Environment, runner: Any, web_ui: WebUI | None, **_: object) -> None:
    web: Web | None = None
    assembly: Assembly | None = None
    if isinstance(runner, MasterRunner):
        keep_out_strangers(runner)  # before anything that takes time: they call at once
    if isinstance(runner, WorkerRunner):
        _roles[environment] = Worker(environment, runner)
    else:
        controller, web = _in_charge(environment, runner, web_ui)
        if isinstance(runner, MasterRunner) and options_of(environment).headless:
            assembly = Assembly(environment, runner, lambda: controller.early.reason)
    if environment.shape_class is not None and options_of(environment).headless:
        _end_on_sigterm(assembly)
    _interrupt_main_on(signal.SIGINT, assembly)
    events.test_start.add_listener(_on_test_start)
    events.test_stopping.add_listener(_on_test_stopping)
    events.test_stop.add_listener(_on_test_stop)
    if web is not None:
        web.heard(events)
    # Locust asks the listeners of `quitting` last one first, and asks for the exit code right after: registered only
    # now, after the runner's own, this one is asked first.
    events.quitting.add_listener(_on_quitting)
    if assembly is not None:
        assembly.begin()
    # Locust is about to start its timer for -t. Timers begin at the loop's idea of now, and while we got ready no loop
    # has looked at the clock: without this the load would be shorter by all that time.
    gevent.get_hub().loop.update_now()
    if isinstance(runner, WorkerRunner) and runner.worker_state != STATE_INIT:
        # A worker that joins a run may have its order to spawn before it is done with its own beginning: Locust has
        # told everybody of the start by now, and nobody was listening yet.
        _on_test_start(environment)


def _interrupt_main_on(number: signal.Signals, assembly: Assembly | None) -> Any:
    """Have a signal end the process in order, as Ctrl-C at a quiet moment does; return its watcher.

    Python raises `KeyboardInterrupt` in whatever runs just then: under load that is a user in the middle of an
    exchange, whose outcome would be lost. Here the loop takes the signal, and the main greenlet gets the interruption.
    While Locust waits for workers there, it would show as a traceback.
    """
    main = gevent.getcurrent()

    def interrupt() -> None:
        if assembly is not None and assembly.is_on:
            assembly.interrupt()
        else:
            gevent.kill(main, KeyboardInterrupt)

    return gevent.signal_handler(number, interrupt)


def _end_on_sigterm(assembly: Assembly | None) -> None:
    """Make SIGTERM end a headless run with stages in order.

    Locust installs its own handler only when a load shape has come to its end; until then SIGTERM would kill.
    """
    watcher = _interrupt_main_on(signal.SIGTERM, assembly)
    events.test_stop.add_listener(lambda **_: watcher.cancel())


def _on_test_start(environment: Environment, **_: object) -> None:
    _one_line_for_errors(_roles[environment].begin_run)


def _on_test_stopping(environment: Environment, **_: object) -> None:
    _roles[environment].load_ends()


def _on_test_stop(environment: Environment, **_: object) -> None:
    _roles[environment].end_run()


def _on_quitting(environment: Environment, **_: object) -> None:
    _roles[environment].quit()


def _session(environment: Environment) -> Session:
    session = _roles[environment].session
    if session is None:
        raise UsageError("no run is on: users of pwdload live only between the start and the end of a Locust run")
    return session


def _one_line_for_errors(job: Callable[[], _Done]) -> _Done:
    """Do a job; what the user has to mend is told in plain lines and ends the process with exit code 2."""
    try:
        return job()
    except KeyboardInterrupt:
        sys.stderr.write("pwdload: interrupted before the first request; nothing was sent\n")
        sys.exit(INTERRUPTED)
    except PwdloadError as error:
        sys.stderr.write("".join(f"pwdload: {line}\n" for line in str(error).splitlines()))
        sys.exit(error.exit_code)
