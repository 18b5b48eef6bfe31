"""A healthy stand-in under every fault of its process, one upon the other: nothing acknowledged is ever untrue."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from tests.faults.client import Client
from tests.standin.client import NEW, PASSWORD

from pwdload.faults.acts import Act
from pwdload.faults.processes.control import clock_jump, slow_disk
from pwdload.faults.processes.database import DatabaseLock
from pwdload.faults.processes.kill import Kill
from pwdload.faults.processes.pause import Pause
from pwdload.faults.processes.standin import StandinProcess

ACCOUNTS = 8_000
CLIENTS = 4
ROUNDS = 6
WITHIN_S = 0.5
NOT_MADE = {"PARAM.0014", "COM.0002", "ConnectionRefusedError"}
"""Answers to a change, or none, by which it was certainly not made."""


@dataclass(slots=True)
class Seen:
    """What the clients saw, by account."""

    acknowledged: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    replayed: list[int] = field(default_factory=list)
    """Whose token was accepted a second time."""

    def change(self, client: Client, number: int, token: str) -> bool:
        """Change a password, and note what came of it; return whether it was acknowledged."""
        answer = client.update(token, within_s=WITHIN_S)
        noted = self.refused if answer in NOT_MADE else self.doubtful
        (self.acknowledged if answer == "SUCCESS" else noted).add(number)
        return answer == "SUCCESS"


def _change_all(client: Client, numbers: Iterable[int], seen: Seen, is_over: threading.Event) -> None:
    """Change one password after the other; try each token once more, some time after it has served."""
    served: list[tuple[int, str]] = []
    for number in numbers:
        while not (token := client.token_of(number, WITHIN_S)) and not is_over.is_set():
            time.sleep(0.01)
        if is_over.is_set():
            return
        if seen.change(client, number, token):
            served.append((number, token))
        if len(served) > 20:
            used, old_token = served.pop(0)
            if client.update(old_token, NEW, "Different-pw-3", WITHIN_S) == "SUCCESS":
                seen.replayed.append(used)


@contextmanager
def _clients(url: str, seen: Seen) -> Iterator[None]:
    is_over = threading.Event()
    clients = [
        threading.Thread(target=_change_all, args=(Client(url), range(first, ACCOUNTS, CLIENTS), seen, is_over))
        for first in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        is_over.set()
        for client in clients:
            client.join()


def _disturb(acts: list[Act]) -> None:
    """Do each for a while, and the next one meanwhile."""
    for one, other in zip(acts, acts[1:] + acts[:1], strict=True):
        one.inject()
        time.sleep(0.1)
        if not isinstance(one, Pause):  # who stands still cannot be told anything
            other.inject()
            time.sleep(0.1)
            other.heal()
        one.heal()
        time.sleep(0.1)


@pytest.fixture
def target() -> Iterator[StandinProcess]:
    """Give a stand-in with many accounts that soon says so when it cannot write."""
    seed = ["user_name,password\n", *(f"user{number},{PASSWORD}\n" for number in range(ACCOUNTS))]
    standin = StandinProcess.start(seed, {"hash_algorithm": "sha256", "db_busy_timeout_s": 0.1})
    yield standin
    standin.stop()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_under_any_fault_of_the_process(target: StandinProcess) -> None:
    """Every acknowledged change is in force, none that was refused, and no token has served twice.

    Clients go on changing passwords while the stand-in is paused, killed, locked out, slow, and off the time.
    """
    acts: list[Act] = [
        Pause(target),
        Kill(target),
        DatabaseLock(target.database),
        slow_disk(target.control, commit_delay_s=0.05),
        clock_jump(target.control, ahead_s=600.0),
    ]
    seen = Seen()
    with _clients(target.url, seen):
        for _ in range(ROUNDS):
            _disturb(acts)
    assert target.is_healthy()
    assert len(seen.acknowledged) > 500
    assert seen.replayed == []
    client = Client(target.url)
    for number in seen.acknowledged | seen.refused | seen.doubtful:
        opens_old, opens_new = (client.opens(number, password) for password in (PASSWORD, NEW))
        assert opens_old != opens_new, f"user{number}"
        assert opens_new or number not in seen.acknowledged, f"user{number}"
        assert opens_old or number not in seen.refused, f"user{number}"
