"""A stand-in that faults are done to."""

from collections.abc import Iterator

import pytest
from tests.faults.client import Client
from tests.standin.process import accounts_csv

from pwdload.faults.processes.standin import StandinProcess


@pytest.fixture(scope="session")
def shared_standin() -> Iterator[StandinProcess]:
    """Give a stand-in whose accounts user0 to user39 have expired: one for all tests, since starting it is dear."""
    standin = StandinProcess.start(
        accounts_csv().splitlines(keepends=True), {"hash_algorithm": "sha256", "db_busy_timeout_s": 0.2}
    )
    yield standin
    standin.stop()


@pytest.fixture
def standin(shared_standin: StandinProcess) -> Iterator[StandinProcess]:
    """Give the stand-in, and see to it that a test leaves it as it found it."""
    yield shared_standin
    assert shared_standin.is_healthy()


@pytest.fixture
def client(standin: StandinProcess) -> Client:
    """Give a client of the stand-in, which uses up an account for each change."""
    return Client(standin.url)
