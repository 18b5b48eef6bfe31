"""A web UI of Locust with pwdload in it and no load behind it, for tests of its pages and of its buttons.

In a process of its own, since importing Locust patches sockets. ``python -m tests.harness.web_ui PORT`` serves made-up
snapshots, one a second, for a browser; commands come in on standard input, a line each.
"""

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.fileobject import FileObject
from locust import User, constant, task
from locust.env import Environment
from locust.web import WebUI
from tests.watched.course import moment
from tests.watched.snapshots import with_odd_words

from pwdload.harness.shape import SlotsShape
from pwdload.harness.web import Web
from pwdload.harness.web.gate import Rules
from pwdload.watched import Phase, Snapshot

TARGET = "http://127.0.0.1:5001"


class Idle(User):
    """A user that does nothing."""

    wait_time = constant(1)

    @task
    def nothing(self) -> None:
        """Do nothing."""


@dataclass
class Served:
    """A web UI, and what its buttons came to."""

    environment: Environment
    web_ui: WebUI
    web: Web
    started: list[tuple[Any, ...]] = field(default_factory=list)
    """What the runner was asked to start: users and ramp up, or nothing where the scenario decides."""

    @property
    def options(self) -> Namespace:
        """Locust's options."""
        options = self.environment.parsed_options
        assert isinstance(options, Namespace)
        return options

    def client(self) -> Any:
        """Return a client that asks without a network."""
        assert self.web_ui.app is not None
        return self.web_ui.app.test_client()

    def press(self, button: str, **form: str) -> dict[str, Any]:
        """Press a button of the page and return what it answers."""
        answer = self.client().post(button, data=form)
        gevent.sleep(0)
        told: dict[str, Any] = answer.get_json(silent=True) or {"status": answer.status_code}
        return told

    def fire(self, name: str) -> None:
        """Let Locust say how far a run is."""
        getattr(self.environment.events, name).fire(environment=self.environment)


def served(
    *,
    slots: int | None = None,
    too_fast: Callable[[Namespace], str] = lambda _: "",
    is_master: bool = False,
    **web: Any,
) -> Served:
    """Return a web UI with pwdload in it; with slots the scenario decides the load."""
    offered: Any = {"Idle": Idle}  # typed by Locust as instances
    environment = Environment(user_classes=[Idle], host=TARGET, available_user_classes=offered)
    environment.parsed_options = Namespace(
        host=None, num_users=None, spawn_rate=None, run_time=None, user_classes=[], headless=False, allow_host=[],
        reports="reports", stats_history_enabled=False, web_base_path=None,
    )  # fmt: skip
    runner: Any = environment.create_master_runner("127.0.0.1", 0) if is_master else environment.create_local_runner()
    if slots is not None:
        environment.shape_class = SlotsShape(slots, lambda: 60.0, lambda: 0.0)
        environment.shape_class.runner = runner
    web_ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True, **web)
    made = Web(environment, web_ui, Rules(target=TARGET, too_fast=too_fast))
    made.hear(environment.events)
    made.heard(environment.events)
    it = Served(environment, web_ui, made)
    runner.start = lambda *users, **_: it.started.append(users)
    runner.start_shape = lambda: it.started.append(())
    runner.stop = lambda: it.started.append(("stopped",))
    return it


def main() -> None:
    """Serve, show a snapshot each second, and do as standard input says: run ID FROM (shown up to then), odd, end."""
    it = served()
    it.web_ui.port = int(sys.argv[1])
    it.web_ui.start()
    state: dict[str, Any] = {"run": "", "at_s": 0.0, "from_s": 0.0, "odd": False}
    gevent.spawn(_obey, state)
    while True:
        while state["run"] and state["at_s"] < state["from_s"]:
            it.web.show(_next(state))
        if state["run"]:
            it.web.show(_next(state))
        gevent.sleep(1.0)


def _next(state: dict[str, Any]) -> Snapshot:
    phase = Phase.ENDED if state["run"] == "end" else Phase.RUNNING
    snapshot = moment(state["at_s"], run_id=state["id"], phase=phase)
    state["at_s"] += 1.0 if phase is Phase.RUNNING else 0.0
    return with_odd_words(snapshot) if state["odd"] else snapshot


def _obey(state: dict[str, Any]) -> None:
    for line in FileObject(sys.stdin):
        match line.split():
            case ["run", run_id, from_s]:
                state |= {"run": "on", "id": run_id, "at_s": 0.0, "from_s": float(from_s), "odd": False}
            case ["odd"]:
                state["odd"] = True
            case ["end"]:
                state["run"] = "end"


if __name__ == "__main__":
    main()
