"""What faults are done to, and one embedded fault proxy for all tests of its API; each leaves it without proxies."""

from collections.abc import Iterator

import pytest
from tests.faults.client import Client
from tests.standin.process import accounts_csv

from pwdload.faults.client import ToxiproxyClient
from pwdload.faults.embedded import EmbeddedProxy
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


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedProxy]:
    """Give the embedded proxy's process."""
    proxy = EmbeddedProxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def driver(embedded: EmbeddedProxy) -> Iterator[ToxiproxyClient]:
    """Give a client of the embedded proxy, which has no proxies, and has none again in the end."""
    yield embedded.client
    embedded.client.end_lease()
    for name in embedded.client.proxies():
        embedded.client.delete(name)
