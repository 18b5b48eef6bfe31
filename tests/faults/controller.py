"""A controller of a fault proxy to be killed: ``python -m tests.faults.controller lease URL | parent``.

Patched by gevent, as the process is that starts the proxy of a run.
"""

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import sys
import time

from pwdload.faults.client import ToxiproxyClient
from pwdload.faults.embedded import EmbeddedProxy
from pwdload.faults.toxic import Toxic

LEASE_S = 1.0


def hold_lease(url: str) -> None:
    """Break everything, and keep it broken for as long as this process lives."""
    client = ToxiproxyClient(url)
    client.take_lease(LEASE_S)
    client.add("target", Toxic(name="slow", kind="latency", attributes={"latency": 60_000}))
    client.create("other", "127.0.0.1:0", "127.0.0.1:9")
    client.enable("other", False)
    sys.stdout.write("injected\n")
    sys.stdout.flush()
    while True:
        time.sleep(LEASE_S / 4)
        client.take_lease(LEASE_S)


def be_parent() -> None:
    """Start an embedded proxy, and live on."""
    proxy = EmbeddedProxy.start()
    sys.stdout.write(f"{proxy.pid} {proxy.url}\n")
    sys.stdout.flush()
    time.sleep(60)


if __name__ == "__main__":
    if sys.argv[1] == "lease":
        hold_lease(sys.argv[2])
    else:
        be_parent()
