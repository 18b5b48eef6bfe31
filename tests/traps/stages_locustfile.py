"""Stock Locust with a load shape of three stages of a second each; the first wants 35 users at 10 a second."""

import os

from locust import LoadTestShape, User, constant, task

STAGES = ((35, 10.0), (5, 10.0), (8, 10.0))
"""Users, and how many of them spawn in a second."""


class Idle(User):
    """Does nothing."""

    wait_time = constant(1)

    @task
    def work(self) -> None:
        """Do nothing."""


class Steps(LoadTestShape):
    """Notes in a file which stage Locust asks for."""

    def tick(self) -> tuple[int, float] | None:
        """Return what the stage of now wants."""
        number = int(self.get_run_time())  # type: ignore[no-untyped-call]
        if number >= len(STAGES):
            return None
        with open(os.environ["STOCK_SAID"], "a", encoding="utf-8") as file:  # noqa: PTH123 - plain Locust idiom
            file.write(f"{number}\n")
        return STAGES[number]
