"""The command line: serve (the default), seed a database, list the settings and the defects."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from pwdload.standin.accounts import Accounts
from pwdload.standin.accounts_csv import (
    listed_user_names,
    new_accounts_csv,
    open_seed_csv,
    read_seed_csv,
)
from pwdload.standin.app import build_app
from pwdload.standin.arguments import Commands, build_parser, population
from pwdload.standin.assembly import assemble
from pwdload.standin.clock import system_clock
from pwdload.standin.defects.registry import defective_classes, describe_defects
from pwdload.standin.failure import StandinError
from pwdload.standin.front import Front
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.leaving import INTERRUPTED, leave_cleanly_on_signals, leave_with
from pwdload.standin.made_up import Population
from pwdload.standin.private import private_folder
from pwdload.standin.seed import Seeder
from pwdload.standin.serve import Listening, bind, serve
from pwdload.standin.settings import Settings
from pwdload.standin.settings_reader import describe_settings, read_settings
from pwdload.standin.store import Store


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, or 2 with one line on standard error for what the user can mend."""
    try:
        arguments = build_parser(
            Commands(serve=_serve, seed=_seed, settings=_list_settings, defects=_list_defects)
        ).parse_args(argv)
        arguments.command(arguments)
    except StandinError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the command line
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _serve(arguments: argparse.Namespace) -> None:
    leave_cleanly_on_signals()
    if arguments.parent_pid is not None:
        leave_with(arguments.parent_pid)
    if arguments.accounts_out is not None and not arguments.seed_accounts:
        raise StandinError(f"--accounts-out {arguments.accounts_out}: no accounts to write; add --seed-accounts N")
    settings, front = _settings(arguments), _front(arguments)
    behind = front is not None and front.program is not None
    listener = bind("127.0.0.1", 0) if behind else bind(arguments.host, front.port if front else arguments.port)
    with closing(listener), _database(arguments.db, settings) as store, closing(_hasher(settings)) as hasher:
        classes = defective_classes(settings)
        parts = assemble(settings, store, hasher, system_clock, classes)
        parts.sessions.forget_expired()
        _seed_at_start(arguments, settings, parts.accounts, Seeder(settings, parts.accounts, hasher))
        host, port = listener.getsockname()[:2]
        said = front.described() if front is not None else {}
        listening = Listening(host=host, port=port, db=store.path, accounts=parts.accounts.count(), front=said)
        with front.running(port, settings.keep_alive_s) if front and front.program else nullcontext():
            serve(
                build_app(parts, classes),
                listener,
                announce=lambda: _print(listening.line()),
                keep_alive_s=settings.keep_alive_s,
                tls=front.context() if front and not front.program else None,
            )


def _front(arguments: argparse.Namespace) -> Front | None:
    if arguments.tls is None:
        if arguments.ask_clients:
            raise StandinError("--ask-clients: certificates belong to HTTPS; add --tls DIR")
        return None
    return Front.make(arguments.tls, arguments.host, arguments.port, asks_clients=arguments.ask_clients)


def _seed_at_start(arguments: argparse.Namespace, settings: Settings, accounts: Accounts, seeder: Seeder) -> None:
    if arguments.seed_from is not None:
        with closing(open_seed_csv(arguments.seed_from, sys.stdin)) as file:
            seeder.seed(read_seed_csv(file, arguments.seed_from), system_clock())
    made_up = population(arguments, arguments.seed_accounts)
    if arguments.accounts_out is None:
        seeder.seed(made_up.accounts(settings), system_clock())
    elif not _is_written(arguments.accounts_out, made_up, accounts):
        with new_accounts_csv(arguments.accounts_out, "--accounts-out") as record:
            seeder.seed(record(made_up.accounts(settings)), system_clock(), must_be_new=True)


def _is_written(path: Path, made_up: Population, accounts: Accounts) -> bool:
    """Whether an earlier start on the same database has written the file: then it is good as it is."""
    if not path.is_file():
        return False
    user_names = set(made_up.user_names())
    return user_names <= listed_user_names(path) and user_names <= accounts.existing(user_names)


def _seed(arguments: argparse.Namespace) -> None:
    if arguments.db is None:
        raise StandinError("seed: no database to put the accounts into; name one with --db FILE")
    if arguments.out is not None and arguments.out.resolve() == arguments.db.resolve():
        raise StandinError(f"--out {arguments.out}: the database itself; name another file")
    settings, made_up = _settings(arguments), population(arguments, arguments.count)
    # The file first: where it cannot be made, the database is not even opened.
    csv = new_accounts_csv(arguments.out, "--out") if arguments.out is not None else nullcontext(iter)
    with csv as record, _database(arguments.db, settings) as store, closing(_hasher(settings)) as hasher:
        seeder = Seeder(settings, Accounts(store), hasher)
        seeder.seed(record(made_up.accounts(settings)), system_clock(), must_be_new=True)
    print(f"{arguments.count} accounts in {arguments.db}", file=sys.stderr)  # noqa: T201 - this is the command line


def _list_settings(_arguments: argparse.Namespace) -> None:
    _print(describe_settings())


def _list_defects(_arguments: argparse.Namespace) -> None:
    _print(describe_defects())


def _print(text: str) -> None:
    """Print to standard output, where a reader who has gone (``| head``) is no error.

    Raises:
        StandinError: it cannot be written to.
    """
    try:
        print(text, flush=True)  # noqa: T201 - this is the command line
    except BrokenPipeError:
        _discard_output()
    except OSError as error:
        _discard_output()
        raise StandinError(f"standard output: cannot be written ({error.strerror})") from None


def _discard_output() -> None:
    """Send what is still to be written nowhere, or Python would try once more at its end and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _settings(arguments: argparse.Namespace) -> Settings:
    return read_settings(arguments.config, [*arguments.set_before, *arguments.set_after], arguments.defects)


def _hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(settings.hash_algorithm, settings.hash_cost, settings.hash_threads)


@contextmanager
def _database(path: Path | None, settings: Settings) -> Iterator[Store]:
    """Open the database; without a path, a private one that is removed in the end."""
    with nullcontext(path.parent) if path is not None else private_folder() as folder:
        store = Store(
            path or folder / "standin.db",
            synchronous=settings.db_synchronous,
            busy_timeout_s=settings.db_busy_timeout_s,
        )
        with closing(store):
            yield store
