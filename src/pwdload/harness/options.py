"""pwdload's own options of the `locust` command, and how they and the scenario make one plan."""

import os
import secrets
import socket
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from pwdload.accounts.ready import is_ledger
from pwdload.cases.catalogue import CASES, GROUPS
from pwdload.errors import UsageError
from pwdload.harness.course import first_pieces
from pwdload.passwords import KEY_FILE, SECRET_VARIABLE, digest_of, ledger_secret, run_secret
from pwdload.rundir import ArrivalPlan, RateRecord
from pwdload.scenario import Scenario, default_scenario, load_scenario
from pwdload.secrecy import is_given

MADE_UP_VARIABLE = "PWDLOAD_RUN_SECRET_IS_MADE_UP"
"""Set beside a secret that nobody gave, for the workers that Locust forks."""


def add_arguments(parser: LocustArgumentParser) -> None:
    """Add pwdload's options to `locust --help`; not to the form of the web UI, since they are settled by then."""
    group = parser.add_argument_group("pwdload", "The change of an expired password (pwdload)")
    group.add_argument(
        "--scenario",
        default="",
        env_var="PWDLOAD_SCENARIO",
        help="Scenario file (TOML); without one, -u, -r and -t decide and the mix is the default one",
    )
    group.add_argument(
        "--accounts",
        default="",
        env_var="PWDLOAD_ACCOUNTS",
        help="CSV of test accounts (user_name,password[,previous_password,state]), for a target named by --host",
    )
    group.add_argument(
        "--reports",
        default="reports",
        env_var="PWDLOAD_REPORTS",
        help="Folder for run directories (default: reports)",
    )
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        help="Host that may be put under load besides loopback and the scenario's [target] allow; may be repeated",
    )
    group.add_argument(
        "--yes-this-is",
        metavar="HOST",
        default=None,
        help="The target's host, typed again, where its name looks like production",
    )
    group.add_argument(
        "--no-calibrate",
        action="store_true",
        default=False,
        env_var="PWDLOAD_NO_CALIBRATE",
        help="Do not measure first what this machine's instrument is worth (three seconds); the report says so",
    )
    group.add_argument(
        "--progress",
        choices=["auto", "live", "lines", "none"],
        default="auto",
        env_var="PWDLOAD_PROGRESS",
        help="How a run is shown in the terminal: a live view, a line every few seconds, or nothing but what Locust "
        "prints. Default: auto, the live view on a terminal; elsewhere, with --only-summary, lines",
    )
    _add_exports(parser)


def _add_exports(parser: LocustArgumentParser) -> None:
    group = parser.add_argument_group("pwdload metrics", "Metrics of a run that is on, for a team's own dashboards")
    group.add_argument(
        "--prometheus-port",
        type=int,
        metavar="PORT",
        default=None,
        env_var="PWDLOAD_PROMETHEUS_PORT",
        help="Serve metrics for Prometheus at this port (0: any that is free); needs pwdload[prometheus]",
    )
    group.add_argument(
        "--prometheus-host",
        metavar="ADDRESS",
        default="127.0.0.1",
        env_var="PWDLOAD_PROMETHEUS_HOST",
        help="Address that they are served at (default: 127.0.0.1, this machine alone)",
    )
    group.add_argument(
        "--otlp",
        action="store_true",
        default=False,
        env_var="PWDLOAD_OTLP",
        help="Push metrics by OpenTelemetry, to where OTEL_EXPORTER_OTLP_ENDPOINT says; needs pwdload[otlp]",
    )


def share_secret_with_children() -> None:
    """Make sure that a run secret exists before Locust forks its workers, so that all derive the same passwords.

    One that was made up here serves the embedded stand-in alone, whose accounts go with the run.

    Raises:
        UsageError: the one that the environment gives cannot be used.
    """
    if is_given(SECRET_VARIABLE, os.environ):
        run_secret()  # a file is read now, once for all of them; what is wrong with it is told before anything begins
    else:
        os.environ[SECRET_VARIABLE] = secrets.token_hex(32)
        os.environ[MADE_UP_VARIABLE] = "1"


def adopt_secret_of(ledger: Path) -> Path | None:
    """Derive passwords from the secret that was made for a ledger, unless somebody has set one; return its file.

    The file is made with the ledger, where there is neither. Null where the environment gives the secret.

    Raises:
        UsageError: there is a ledger without a secret, or the file cannot be used.
    """
    if MADE_UP_VARIABLE not in os.environ:
        return None
    others = {name: value for name, value in os.environ.items() if name != SECRET_VARIABLE}
    os.environ[SECRET_VARIABLE] = ledger_secret(ledger, others, create=not is_ledger(ledger)).hex()
    return ledger / KEY_FILE


def adopt_secret_in(key_file: str, digest: str) -> None:
    """Derive passwords from the secret that the master has read from a file, where this machine has the same file."""
    path = Path(key_file)
    if MADE_UP_VARIABLE in os.environ and key_file and path.is_file():
        secret = ledger_secret(path.parent, {})
        if digest_of(secret) == digest:
            os.environ[SECRET_VARIABLE] = secret.hex()


def secret_digest() -> str:
    """Return what two processes may compare to see whether they have the same secret."""
    return digest_of(run_secret())


def options_of(environment: Environment) -> Namespace:
    """Return the parsed options of a Locust process; always there when Locust was started as a command."""
    options = environment.parsed_options
    assert isinstance(options, Namespace)  # noqa: S101 - null only for Locust as a library
    return options


def chosen_scenario(options: Namespace) -> Scenario:
    """Load the scenario that the options name, or the default one.

    Raises:
        ScenarioError: it cannot be used; every problem is listed.
    """
    if not options.scenario:
        return default_scenario()
    return load_scenario(Path(options.scenario), case_names=CASES, group_names=GROUPS)


def users_are_set_by_hand(options: Namespace) -> bool:
    """Whether -u, -r or -t (or their config or environment twins) overrule the scenario's stages."""
    return any(getattr(options, name, None) for name in ("num_users", "spawn_rate", "run_time"))


def planned_arrivals(scenario: Scenario, options: Namespace) -> ArrivalPlan | None:
    """Return the open arrivals of a run; null in the closed model.

    -u says how many flows may be under way at once, and -t when the schedule ends, in place of the scenario. Of a
    search it is how the load begins.
    """
    load = scenario.load
    if load.model == "closed":
        return None
    slots = options.num_users or load.max_in_flight
    pieces = tuple(RateRecord(*piece) for piece in load.rates)
    return ArrivalPlan(
        kind=load.arrivals,
        seed=scenario.seed,
        pieces=tuple(cut(pieces, options.run_time)) if scenario.search is None else first_pieces(scenario, pieces),
        slots=slots,
        queue_limit=slots if load.queue_limit_stated is None else load.queue_limit_stated,
    )


def cut(pieces: Iterable[RateRecord], end_s: float | None) -> Iterator[RateRecord]:
    """Yield the pieces of a rate as far as they come before an end; all of them without one."""
    for piece in pieces:
        if end_s is None or piece.end_s <= end_s:
            yield piece
        elif piece.start_s < end_s:
            share = (end_s - piece.start_s) / (piece.end_s - piece.start_s)
            reached = piece.from_per_s + (piece.to_per_s - piece.from_per_s) * share
            yield piece._replace(end_s=float(end_s), to_per_s=reached)


def check_web_port(host: str, port: int) -> None:
    """Make sure that the web UI's port is free; Locust would find out only later, with a traceback.

    Raises:
        UsageError: it is taken, or may not be used.
    """
    _check_port(f"--web-port {port}", host, port, "give another port, or run with --headless")


def check_master_port(options: Namespace) -> None:
    """Make sure that the port of a master is free; Locust would find out with a traceback, its workers forked.

    Raises:
        UsageError: it is taken, or may not be used.
    """
    if options.worker or not (options.master or options.processes):
        return
    host, port = options.master_bind_host, options.master_bind_port
    remedy = (
        "end what uses it (an earlier master?), or give master and workers another, e.g. "
        f"--master-bind-port {port + 1} --master-port {port + 1}"
    )
    _check_port(f"--master-bind-port {port}", "" if host == "*" else host, port, remedy)


def _check_port(option: str, host: str, port: int, remedy: str) -> None:
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except (OSError, OverflowError) as error:
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while ")[0]  # Python repeats the address
        raise UsageError(f"{option}: {why}; {remedy}") from None
