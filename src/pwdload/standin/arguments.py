"""What may be typed: options, commands, and the values they take."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pwdload.standin.made_up import Population
from pwdload.standin.seed import STATES, State

_COUNT_MAX = 9_999_999
_SEED_SECRET = "standin"  # noqa: S105 - the default of an option, for accounts that exist nowhere else
_EXPIRED: Mapping[State, int] = {"expired": 1}


Command = Callable[[argparse.Namespace], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The functions behind the commands."""

    serve: Command
    seed: Command
    settings: Command
    defects: Command


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help tells what is possible\n")


def build_parser(commands: Commands) -> argparse.ArgumentParser:
    """Return the parser; the chosen command is in the attribute ``command`` of what it parses."""
    parser = _Parser(
        prog="pwdload standin",
        description="A local service that answers like OneAccess where a forced change of password is concerned.",
        allow_abbrev=False,
    )
    parser.set_defaults(command=commands.serve, db=None, config=None, set_before=[], set_after=[], defects=[])
    parser.set_defaults(shares=_EXPIRED, name_prefix="user", secret=_SEED_SECRET)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine only)")
    parser.add_argument("--port", type=_port, default=8080, help="port (%(default)s); 0 picks a free one")
    parser.add_argument("--seed-from", metavar="FILE", help="add the accounts of a CSV; - is standard input")
    parser.add_argument("--seed-accounts", metavar="N", type=_count, default=0, help="add N made-up accounts")
    parser.add_argument("--accounts-out", metavar="FILE", type=Path, help="write these and their passwords as CSV")
    parser.add_argument(
        "--defect",
        dest="defects",
        metavar="NAME[=VALUE]",
        action="append",
        help="break one thing on purpose, as the command `defects` lists them; VALUE is a time such as 5ms, a share"
        " such as 0.1, or both, as 2s:0.1; may be repeated",
    )
    parser.add_argument(
        "--tls",
        metavar="DIR",
        type=Path,
        help="HTTPS as a staging system has it: behind nginx where this machine has it, with a certificate for"
        " localhost by a private authority, whose own is DIR/ca.pem",
    )
    parser.add_argument(
        "--ask-clients", action="store_true", help="with --tls: clients must show a certificate; DIR/client.pem is one"
    )
    parser.add_argument("--parent-pid", metavar="PID", type=int, help="stop when this process is gone")
    _add_common(parser, "set_before")
    subparsers = parser.add_subparsers(title="commands; without one, it serves", metavar="COMMAND")
    seed = subparsers.add_parser("seed", help="make accounts in a database, and stop", allow_abbrev=False)
    seed.set_defaults(command=commands.seed)
    seed.add_argument("--count", metavar="N", type=_count, required=True, help="how many")
    seed.add_argument("--out", metavar="FILE", type=Path, help="write the accounts and their passwords as CSV")
    _add_common(seed, "set_after")
    settings = subparsers.add_parser("settings", help="list every setting, its default and its meaning")
    settings.set_defaults(command=commands.settings)
    defects = subparsers.add_parser("defects", help="list every defect that --defect can switch on")
    defects.set_defaults(command=commands.defects)
    return parser


def population(arguments: argparse.Namespace, count: int) -> Population:
    """Return the accounts to make up that the arguments describe."""
    return Population(count=count, shares=arguments.shares, name_prefix=arguments.name_prefix, secret=arguments.secret)


def _add_common(parser: argparse.ArgumentParser, set_destination: str) -> None:
    """Add the options that stand before or after the name of a command.

    Their defaults are set once, on the outer parser: the inner one would overwrite what was given before its name.
    """
    for option, metavar, kind, text in (
        ("--db", "FILE", Path, "SQLite file to keep accounts in (a temporary one)"),
        ("--config", "FILE", Path, "TOML file with settings"),
        ("--secret", "TEXT", str, "what made-up passwords are derived from"),
        ("--name-prefix", "TEXT", _name_prefix, "what made-up user names begin with (user)"),
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
    for option, metavar, shares, text in (
        ("--state", "STATE", _one_state, f"of all made-up accounts: {', '.join(STATES)} (expired)"),
        ("--states", "STATE=N,...", _shares, "of made-up accounts by weight, such as expired=80,warning=20"),
    ):
        parser.add_argument(option, dest="shares", metavar=metavar, type=shares, default=argparse.SUPPRESS, help=text)


def _port(text: str) -> int:
    return _whole(text, 0, 65_535)


def _count(text: str) -> int:
    return _whole(text, 0, _COUNT_MAX)


def _whole(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
    return int(text)


def _name_prefix(text: str) -> str:
    if not (text.isprintable() and text.strip() == text and 0 < len(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 64 characters without blanks around them")
    return text


def _one_state(text: str) -> Mapping[State, int]:
    return {_state(text): 1}


def _shares(text: str) -> Mapping[State, int]:
    shares: dict[State, int] = {}
    for part in text.split(","):
        name, _, weight = part.partition("=")
        state = _state(name.strip())
        if state in shares:
            raise argparse.ArgumentTypeError(f"{text!r} names {state} twice; add the weights up")
        shares[state] = _whole(weight.strip(), 1, _COUNT_MAX)
    return shares


def _state(text: str) -> State:
    for state in STATES:
        if text == state:
            return state
    raise argparse.ArgumentTypeError(f"{text!r} is no state; allowed: {', '.join(STATES)}")
