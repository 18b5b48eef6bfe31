"""One embedded fault proxy for all tests of its API; each leaves it without proxies."""

from collections.abc import Iterator

import pytest

from pwdload.faults.client import ToxiproxyClient
from pwdload.faults.embedded import EmbeddedProxy


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedProxy]:
    """Give the embedded proxy's process."""
    proxy = EmbeddedProxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def client(embedded: EmbeddedProxy) -> Iterator[ToxiproxyClient]:
    """Give a client of the embedded proxy, which has no proxies, and has none again in the end."""
    yield embedded.client
    embedded.client.end_lease()
    for name in embedded.client.proxies():
        embedded.client.delete(name)
