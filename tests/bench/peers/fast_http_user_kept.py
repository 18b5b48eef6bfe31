"""As `fast_http_user`, and each exchange is kept: a row of a CSV file, as one would write it for plain Locust."""

import atexit
import csv
import os
import time
from typing import Any

from locust import events
from tests.bench.peers.fast_http_user import Person

__all__ = ["Person"]

_file = open(os.environ["BENCH_KEPT"], "w", newline="", encoding="utf-8")  # noqa: SIM115, PTH123 - plain Locust idiom
_write = csv.writer(_file).writerow
atexit.register(_file.close)


@events.request.add_listener
def _keep(
    request_type: str, name: str, response_time: float, response_length: int, exception: Exception | None, **_: Any
) -> None:
    _write((time.time(), request_type, name, response_time, response_length, exception or ""))
