"""What the locustfiles of the peers share. Locust takes no file for a locustfile whose name begins with a line."""

import csv
import os
from collections.abc import Iterator
from itertools import cycle

PATH = "/api/v2/sdk/login"
# Those of one of our devices, in the same order and of the same length.
HEADERS = {
    "X-operating-sys-version": "Ubuntu 24.04",
    "X-device-fingerprint": "0123456789abcdef0123456789abcdef",
    "X-device-ip": "10.1.2.3",
    "X-agent": "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "X-L": "zh",
    "X-client-id": "DRrYIqauawN0I8myTMoDTPys6ezGZxnm",
    "Content-Type": "application/json;charset=utf8",
}


def accounts() -> Iterator[tuple[str, str]]:
    """Yield the accounts of the bench for ever."""
    with open(os.environ["BENCH_ACCOUNTS"], newline="", encoding="utf-8") as file:  # noqa: PTH123 - plain Locust idiom
        return cycle([(row["user_name"], row["password"]) for row in csv.DictReader(file)])


def is_right(answer: dict[str, object]) -> bool:
    """Whether an answer says what it had to say."""
    token = answer.get("state_token")
    return answer.get("status") == "PASSWORD_EXPIRED" and isinstance(token, str) and bool(token)
