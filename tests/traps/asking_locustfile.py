"""Stock Locust with an option of an engineer's own, which a worker reads when it is made and when the load begins."""

import os
from typing import Any

from locust import User, constant, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment


@events.init_command_line_parser.add_listener
def add_option(parser: LocustArgumentParser) -> None:
    """Add the option."""
    parser.add_argument("--word", default="nothing")


def note(when: str, environment: Environment) -> None:
    """Write down what this process, if it is a worker, has been told."""
    if "STOCK_SAID" in os.environ and type(environment.runner).__name__ == "WorkerRunner":
        with open(os.environ["STOCK_SAID"], "a", encoding="utf-8") as file:  # noqa: PTH123 - plain Locust idiom
            file.write(f"{when} {environment.parsed_options.word}\n")  # type: ignore[union-attr]


@events.init.add_listener
def made(environment: Environment, **_: Any) -> None:
    """Read it when the process is made."""
    note("init", environment)


@events.test_start.add_listener
def begun(environment: Environment, **_: Any) -> None:
    """Read it when the load begins."""
    note("start", environment)


class Idle(User):
    """Does nothing."""

    wait_time = constant(1)

    @task
    def work(self) -> None:
        """Do nothing."""
