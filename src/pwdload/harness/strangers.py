"""Workers of an earlier run at the port of this one: a master that was killed leaves them, and they go on calling.

ZeroMQ connects them again to whoever listens where their master did. Locust passes on whatever they say.
"""

from collections.abc import Callable
from typing import Any, Final

from locust.rpc import Message
from locust.runners import STATE_INIT, MasterRunner

_INTRODUCTIONS: Final = frozenset({"client_ready", "locustfile"})
"""What Locust's workers say first of all."""


def keep_out_strangers(runner: MasterRunner) -> None:
    """Have a master hear those alone that have introduced themselves to it, and send all others away.

    Also, before its first run it does not end when a worker goes, not even with the last: others may be about to come.
    """
    handle: Callable[[str, Any], None] = runner.handle_message

    def hear(client_id: str, msg: Any) -> None:
        if client_id not in runner.worker_indexes and msg.type not in _INTRODUCTIONS:
            if msg.type == "heartbeat":  # once a second; else it would wait a minute for an answer, with its accounts
                runner.server.send_to_client(Message("quit", None, client_id))
        elif msg.type == "quit" and runner.state == STATE_INIT:
            runner.clients.pop(client_id, None)
        else:
            handle(client_id, msg)

    runner.handle_message = hear  # type: ignore[method-assign]
