"""Two masters at one port, one after the other, in a process of its own: who is heard by the second."""

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.rpc import Message
from locust.rpc.zmqrpc import Client
from locust.runners import MasterRunner
from tests.e2e.runs import free_port

from pwdload.harness.messages import MasterSide
from pwdload.harness.strangers import keep_out_strangers
from pwdload.health import HealthRow

_WITHIN_S = 5.0


class Second:
    """A master that stands where another one was, and takes note of what it hears."""

    def __init__(self, port: int) -> None:
        self.heard: list[str] = []
        self.runner: MasterRunner = Environment().create_master_runner("127.0.0.1", port)
        keep_out_strangers(self.runner)
        self.side = MasterSide(
            self.runner, end_run=self.heard.append, members_changed=lambda: None, keep_health=self._health
        )

    def _health(self, row: HealthRow) -> None:
        self.heard.append(row.worker)

    def greet(self, client: Client, name: str) -> None:
        """Have a worker introduce itself, and wait until it is known."""
        client.send(Message("client_ready", -1, name))
        _wait_for(lambda: name in self.runner.clients)


def _wait_for(what: object) -> None:
    assert callable(what)
    with gevent.Timeout(_WITHIN_S):
        while not what():
            gevent.sleep(0.01)


def _say(client: Client, name: str, run: str, reason: str) -> None:
    client.send(Message("pwdload_end_run", {"run": run, "reason": reason}, name))


def _a_stranger_is_not_heard_and_sent_away(second: Second, port: int) -> None:
    stranger, own = Client("127.0.0.1", port, "stranger"), Client("127.0.0.1", port, "own")
    told, answers = Event(), []

    def hear() -> None:
        answers.append(stranger.recv().type)
        told.set()

    gevent.spawn(hear)
    second.greet(own, "own")
    second.side.run_id = "this"
    _say(stranger, "stranger", "this", "by a stranger")
    stranger.send(Message("heartbeat", {"state": "running", "current_cpu_usage": 1.0}, "stranger"))
    assert told.wait(_WITHIN_S), "a stranger waits for an answer"
    assert answers == ["quit"]
    _say(own, "own", "another", "of another run")
    _say(own, "own", "this", "of this run")
    _wait_for(lambda: second.heard)
    assert second.heard == ["of this run"]
    assert "stranger" not in second.runner.worker_indexes, "a stranger was given a number"


def _a_worker_that_goes_before_the_run_does_not_end_it(second: Second, port: int) -> None:
    second.runner.environment.parsed_options = type("Options", (), {"headless": True, "enable_rebalancing": False})()
    leaving = Client("127.0.0.1", port, "leaving")
    second.greet(leaving, "leaving")
    for name in [*second.runner.clients]:
        leaving.send(Message("quit", None, name))
    leaving.send(Message("quit", None, "leaving"))
    _wait_for(lambda: "leaving" not in second.runner.clients)
    gevent.sleep(0.7)  # Locust would end itself half a second later
    assert len(second.runner.greenlet), "the master hears nobody any more"


if __name__ == "__main__":
    at = int(free_port())
    master = Second(at)
    _a_stranger_is_not_heard_and_sent_away(master, at)
    _a_worker_that_goes_before_the_run_does_not_end_it(master, at)
    print("all hold")  # noqa: T201
