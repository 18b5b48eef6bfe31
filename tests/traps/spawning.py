"""When do a hundred users of stock Locust begin who pace themselves at one request a second? In seconds."""

import time

import gevent
from locust import User, constant_pacing, task
from locust.env import Environment
from tests.traps.clients import tell

USERS, SECONDS = 100, 5.0
begun_s: list[float] = []


class Paced(User):
    """Does nothing, once a second."""

    wait_time = constant_pacing(1)

    @task
    def work(self) -> None:
        """Note the time."""
        begun_s.append(time.perf_counter())


if __name__ == "__main__":
    runner = Environment(user_classes=[Paced]).create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(SECONDS)
    runner.quit()
    tell([at_s - begun_s[0] for at_s in begun_s])
