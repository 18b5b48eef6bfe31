"""Exchanges for tests of criteria."""

from typing import Any

from pwdload.samples import Sample


def exchange(due_s: float, took_s: float = 0.1, **changes: Any) -> Sample:
    """Return an exchange that was due at a time, sent then, and took so long, with changes."""
    fields: dict[str, Any] = {
        "seq": 0,
        "worker": "local",
        "flow": int(due_s * 1000),
        "step": "login",
        "case": "valid_change",
        "stage": "all",
        "account": 0,
        "generation": 1,
        "password": "1",
        "new_password": "",
        "token": None,
        "session": None,
        "device": "android",
        "intended_s": due_s,
        "sent_s": due_s,
        "first_byte_s": due_s + took_s,
        "done_s": due_s + took_s,
        "connect_s": None,
        "tls_s": None,
        "http_status": 200,
        "status": "SUCCESS",
        "error_code": "",
        "outcome": "right_accept",
        "remark": "",
        "expected": "accept:SUCCESS",
        "bytes_sent": 500,
        "bytes_received": 200,
    }
    return Sample(**fields | changes)
