"""Stock Locust with what an engineer adds to keep every request: its own CSV logger, or a listener, which raises."""

import os
from typing import Any

from locust import events
from locust.contrib.csv_request_logger import CsvRequestLogger
from locust.env import Environment
from tests.traps.stock_locustfile import Stock

__all__ = ["Stock"]


@events.init.add_listener
def keep_requests(environment: Environment, **_: Any) -> None:
    """Listen to requests in this process, as the logger's own documentation shows."""
    if path := os.environ.get("STOCK_REQUESTS_CSV"):
        CsvRequestLogger(path).register(environment)
    if os.environ.get("STOCK_LISTENER_RAISES"):
        environment.events.request.add_listener(lost)


def lost(**_: Any) -> None:
    """Fail to keep a request."""
    raise RuntimeError("the disk is full")
