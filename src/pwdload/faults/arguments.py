"""What may be typed behind `pwdload proxy`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pwdload.errors import FaultError
from pwdload.faults.addresses import HostPort
from pwdload.faults.control.serving import Service
from pwdload.faults.control.shapes import LISTEN_DEFAULT, ProxySpec, TlsSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What was typed."""

    service: Service
    parent_pid: int | None


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help tells what is possible\n")


def read_arguments(argv: Sequence[str] | None) -> Arguments:
    """Read the command line; ends the process with exit code 2 where it cannot be.

    Raises:
        FaultError: an address is none, or an option is missing.
    """
    given = _parser().parse_args(argv)
    if given.upstream is None and given.listen is not None:
        raise FaultError(f"--listen {given.listen}: there is nothing to send to; add --upstream HOST:PORT")
    if not given.name:
        raise FaultError("--name: empty; give the first proxy a name, such as target")
    first = None
    if given.upstream is not None:
        listen = given.listen or LISTEN_DEFAULT
        first = ProxySpec(name=given.name, listen=listen, upstream=given.upstream, tls=_tls(given))
    control = HostPort.parse(given.control, place="--control")
    service = Service(
        control=control, allow=tuple(given.allow), first=first, authority_out=Path(given.tls) if given.tls else None
    )
    return Arguments(service=service, parent_pid=given.parent_pid)


def _tls(given: argparse.Namespace) -> TlsSpec | None:
    if given.tls:
        return TlsSpec(server_name=given.tls_server_name or "", ca_file=given.tls_ca_file or "")
    for option in ("server_name", "ca_file"):
        if getattr(given, f"tls_{option}"):
            raise FaultError(f"--tls-{option.replace('_', '-')}: TLS does not end in the proxy; add --tls FILE")
    return None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pwdload proxy",
        description="A proxy that breaks what goes through it, as it is told over HTTP: the API is Toxiproxy's.",
        allow_abbrev=False,
    )
    for option, metavar, default, text in (
        ("--upstream", "HOST:PORT", None, "where a first proxy sends to; without it, proxies are made over the API"),
        ("--listen", "HOST:PORT", None, f"where that proxy listens ({LISTEN_DEFAULT}: a free port)"),
        ("--control", "HOST:PORT", "127.0.0.1:8474", "where the API listens (%(default)s); port 0 picks a free one"),
        ("--name", "NAME", "target", "name of the first proxy (%(default)s)"),
        (
            *("--tls", "FILE", None),
            "the target is HTTPS, and TLS ends in the first proxy, so that faults can work on requests; "
            "the certificate that clients have to trust is written to FILE",
        ),
        ("--tls-server-name", "NAME", None, "the name that the target must prove (the host of --upstream)"),
        ("--tls-ca-file", "FILE", None, "whom to believe that (whom this machine believes)"),
    ):
        parser.add_argument(option, metavar=metavar, default=default, help=text)
    parser.add_argument(
        "--allow",
        metavar="HOST",
        action="append",
        default=[],
        help="host that may be listened on and sent to, besides loopback; may be repeated",
    )
    parser.add_argument("--parent-pid", metavar="PID", type=int, help="stop when this process is gone")
    return parser
