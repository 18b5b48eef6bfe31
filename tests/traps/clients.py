"""The two ways to send a request: ours, and that of Locust's FastHttpUser as it comes. For processes of their own."""

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from pwdload.api.connections import Client, Connections
from pwdload.scenario import parse_scenario

PATH = "/api/v2/sdk/pwd/update"
BODY = b'{"old_password":"a","new_password":"b"}'
POST = b"POST %b HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%b" % (PATH.encode(), len(BODY), BODY)
TIMEOUT_S = 10.0


class Stock:
    """A user of stock Locust: FastHttpUser makes its client with these very arguments."""

    def __init__(self, url: str) -> None:
        self.events: list[Mapping[str, object]] = []
        """The request events that it has fired."""
        hook = EventHook()
        hook.add_listener(lambda **event: self.events.append(event))
        self._session = FastHttpSession(
            base_url=url,
            request_event=hook,
            user=None,
            insecure=True,
            network_timeout=TIMEOUT_S,
            connection_timeout=TIMEOUT_S,
            max_retries=0,
            max_redirects=30,
            concurrency=10,
        )

    def send(self, method: str = "POST") -> int:
        """Send one request and return its status, 0 without answer."""
        status: int = self._session.request(method, PATH, data=BODY if method == "POST" else None).status_code  # type: ignore[arg-type]
        return status


def ours(url: str, *stated: str) -> Callable[[], Client]:
    """Return what makes users of ours, by these lines of [target]: each call gives another one."""
    target = parse_scenario("\n".join(('title = "x"', "[target]", *stated))).target
    made = Connections(target, url, clock=time.perf_counter, environment={}, chance=random.Random(1))
    return made.client


def tell(found: object) -> NoReturn:
    """Print what was found, and end with whatever is still open."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    sys.exit(0)
