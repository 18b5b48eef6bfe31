"""The command line of the reference target."""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Sequence

from pwdload.reference.server import Requests, Truth
from pwdload.reference.timer import Timers
from pwdload.reference.truth import Departs, floor, queue, stall

_PARENT_CHECK_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the target until it is told to stop, or the process it was started for is gone."""
    options = _parser().parse_args(arguments)
    # A collection takes milliseconds that no truth knows of, and a process of minutes has no need of any.
    gc.disable()
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        sys.stderr.write(f"reference: {error.strerror or error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pwdload.reference", description="A target whose every answer time is known in advance."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--parent-pid", type=int, default=0, help="stop when this process is gone")
    parser.add_argument("--first-at", type=float, default=0.0, help="time of the first login on the clock it sets, s")
    kinds = parser.add_subparsers(dest="profile", required=True)
    kinds.add_parser("floor", help="answer at once")
    stalling = kinds.add_parser("stall", help="hold what arrives in a window until its end")
    stalling.add_argument("--service", type=float, default=0.005, help="seconds")
    stalling.add_argument("--from", dest="from_s", type=float, required=True, help="seconds on the target's clock")
    stalling.add_argument("--until", dest="until_s", type=float, required=True, help="seconds on the target's clock")
    queueing = kinds.add_parser("mmc", help="so many servers, exponential service times, first come first served")
    queueing.add_argument("--servers", type=int, required=True)
    queueing.add_argument("--service", type=float, required=True, help="mean, in seconds")
    queueing.add_argument("--seed", type=int, required=True)
    return parser


def _truth(options: argparse.Namespace) -> Departs:
    if options.profile == "stall":
        return stall(options.service, options.from_s, options.until_s)
    if options.profile == "mmc":
        return queue(options.servers, options.service, options.seed)
    return floor()


async def _serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    truth = Truth(_truth(options), options.first_at, Timers(loop))
    server = await loop.create_server(lambda: Requests(truth), options.host, options.port, backlog=4096)
    host, port = server.sockets[0].getsockname()[:2]
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)  # noqa: T201 - this is the command line
    while not stopped.is_set():
        if options.parent_pid and not _is_alive(options.parent_pid):
            break
        try:
            await asyncio.wait_for(stopped.wait(), _PARENT_CHECK_S)
        except TimeoutError:
            continue
    server.close()


def _is_alive(parent_pid: int) -> bool:
    if os.getppid() == parent_pid:
        return True
    try:
        os.kill(parent_pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # It is there but no longer our parent: we were started by somebody in between, or it has gone and was replaced.
    return True
