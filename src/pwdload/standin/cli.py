"""The command line: serve (the default), seed a database, list the settings."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

from pwdload.standin.accounts import Accounts
from pwdload.standin.app import build_app
from pwdload.standin.clock import system_clock
from pwdload.standin.failure import StandinError
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.parts import assemble
from pwdload.standin.seed import STATES, Seeder, made_up_accounts, open_seed_csv, read_seed_csv, write_seed_csv
from pwdload.standin.serve import Listening, bind, leave_cleanly_on_signals, serve
from pwdload.standin.settings import Settings
from pwdload.standin.settings_reader import describe_settings, read_settings
from pwdload.standin.store import Store

_COUNT_MAX = 9_999_999
_SEED_SECRET = "standin"  # noqa: S105 - the default of an option, for accounts that exist nowhere else


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, or 2 with one line on standard error for what the user can mend."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except StandinError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the command line
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve(arguments: argparse.Namespace) -> None:
    leave_cleanly_on_signals()
    settings = _settings(arguments)
    listener = bind(arguments.host, arguments.port)
    with closing(listener), _database(arguments.db, settings) as store, closing(_hasher(settings)) as hasher:
        parts = assemble(settings, store, hasher, system_clock)
        parts.sessions.forget_expired()
        _seed_at_start(arguments, settings, Seeder(settings, parts.accounts, hasher))
        host, port = listener.getsockname()[:2]
        listening = Listening(host=host, port=port, db=store.path, accounts=parts.accounts.count())
        serve(
            build_app(parts),
            listener,
            announce=lambda: print(listening.line(), flush=True),  # noqa: T201 - the one line that callers read
            keep_alive_s=settings.keep_alive_s,
            parent_pid=arguments.parent_pid,
        )


def _seed_at_start(arguments: argparse.Namespace, settings: Settings, seeder: Seeder) -> None:
    if arguments.seed_accounts:
        made_up = made_up_accounts(arguments.seed_accounts, arguments.state, settings, secret=arguments.secret)
        seeder.seed(made_up, system_clock())
    if arguments.seed_from is not None:
        with closing(open_seed_csv(arguments.seed_from, sys.stdin)) as file:
            seeder.seed(read_seed_csv(file, arguments.seed_from), system_clock())


def _seed(arguments: argparse.Namespace) -> None:
    if arguments.db is None:
        raise StandinError("seed: no database to put the accounts into; name one with --db FILE")
    settings = _settings(arguments)
    with _database(arguments.db, settings) as store, closing(_hasher(settings)) as hasher:
        seeds = made_up_accounts(arguments.count, arguments.state, settings, secret=arguments.secret)
        if arguments.out is not None:
            seeds = write_seed_csv(seeds, arguments.out)
        added = Seeder(settings, Accounts(store), hasher).seed(seeds, system_clock())
    if added < arguments.count:
        raise StandinError(
            f"--db {arguments.db}: {arguments.count - added} of the {arguments.count} user names were there already "
            "and are as they were; seed a new file to have them all alike"
        )
    print(f"{added} accounts in {arguments.db}", file=sys.stderr)  # noqa: T201 - this is the command line


def _list_settings(_arguments: argparse.Namespace) -> None:
    print(describe_settings())  # noqa: T201 - this is the command line


def _settings(arguments: argparse.Namespace) -> Settings:
    return read_settings(arguments.config, [*arguments.set_before, *arguments.set_after])


def _hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(settings.hash_algorithm, settings.hash_cost, settings.hash_threads)


@contextmanager
def _database(path: Path | None, settings: Settings) -> Iterator[Store]:
    """Open the database; without a path, a private one that is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="pwdload-standin-") as private:
        store = Store(
            path or Path(private) / "standin.db",
            synchronous=settings.db_synchronous,
            busy_timeout_s=settings.db_busy_timeout_s,
        )
        with closing(store):
            yield store


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help tells what is possible\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m pwdload.standin",
        description="A local service that answers like OneAccess where a forced change of password is concerned.",
        allow_abbrev=False,
    )
    parser.set_defaults(command=_serve, db=None, config=None, state="expired", secret=_SEED_SECRET)
    parser.set_defaults(set_before=[], set_after=[])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine only)")
    parser.add_argument("--port", type=_port, default=8080, help="port (%(default)s); 0 picks a free one")
    parser.add_argument("--seed-from", metavar="FILE", help="add the accounts of a CSV; - is standard input")
    parser.add_argument("--seed-accounts", metavar="N", type=_count, default=0, help="add N made-up accounts")
    parser.add_argument("--parent-pid", metavar="PID", type=int, help="stop when this process is gone")
    _add_common(parser, "set_before")
    commands = parser.add_subparsers(title="commands; without one, it serves", metavar="COMMAND")
    seed = commands.add_parser("seed", help="make accounts in a database, and stop", allow_abbrev=False)
    seed.set_defaults(command=_seed)
    seed.add_argument("--count", metavar="N", type=_count, required=True, help="how many")
    seed.add_argument("--out", metavar="FILE", type=Path, help="write the accounts and their passwords as CSV")
    _add_common(seed, "set_after")
    settings = commands.add_parser("settings", help="list every setting, its default and its meaning")
    settings.set_defaults(command=_list_settings)
    return parser


def _add_common(parser: argparse.ArgumentParser, set_destination: str) -> None:
    """Add the options that stand before or after the name of a command.

    Their defaults are set once, on the outer parser: the inner one would overwrite what was given before its name.
    """
    for option, metavar, kind, text in (
        ("--db", "FILE", Path, "SQLite file to keep accounts in (a temporary one)"),
        ("--config", "FILE", Path, "TOML file with settings"),
        ("--secret", "TEXT", str, "what made-up passwords are derived from"),
    ):
        parser.add_argument(option, metavar=metavar, type=kind, default=argparse.SUPPRESS, help=text)
    parser.add_argument(
        "--set",
        dest=set_destination,
        metavar="KEY=VALUE",
        action="append",
        default=argparse.SUPPRESS,
        help="one setting; may be repeated",
    )
    parser.add_argument("--state", choices=STATES, default=argparse.SUPPRESS, help="of made-up accounts (expired)")


def _port(text: str) -> int:
    return _whole(text, 0, 65_535)


def _count(text: str) -> int:
    return _whole(text, 0, _COUNT_MAX)


def _whole(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
    return int(text)
