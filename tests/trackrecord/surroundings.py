"""Where a clean run is played: on the embedded stand-in, behind TLS, or in a network of its own."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.fronts import tls_front
from tests.processes import standin
from tests.tls import Authority

from pwdload.accounts.source import MadeUpAccounts
from pwdload.faults.network.probe import probe
from pwdload.passwords import PasswordBook, PasswordPolicy

_THEIR_SECRET = b"whoever made the accounts has a secret that is not the run's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the command of a run needs besides its scenario."""

    options: Sequence[str] = ()
    """Of `locust`."""
    within: Sequence[str] = ()
    """What starts the command, in its own place."""


Place = Callable[[Path], AbstractContextManager[Surroundings]]
"""Makes the surroundings of a run in an empty folder, for as long as it lasts."""


@contextmanager
def embedded(_folder: Path) -> Iterator[Surroundings]:
    """Let the run start its own stand-in."""
    yield Surroundings()


@contextmanager
def behind_tls(folder: Path, *, accounts: int = 2_000) -> Iterator[Surroundings]:
    """Play against a stand-in behind an end of TLS, whose authority is `ca.pem` of the folder."""
    authority = Authority.make(folder)
    source = MadeUpAccounts(sizes={"expired": accounts})
    seed = "".join(source.seed_csv(PasswordBook(_THEIR_SECRET, PasswordPolicy())))
    listed = folder / "accounts.csv"
    listed.write_text(seed, "utf-8")
    settings = ("--set", "hash_algorithm=sha256", "--set", "state_token_life_s=2")
    with (
        standin(*settings, seed_csv=seed) as url,
        tls_front(urlsplit(url).port or 0, authority.server_context("127.0.0.1")) as front,
    ):
        yield Surroundings(options=("--host", f"https://127.0.0.1:{front.port}", "--accounts", str(listed)))


@contextmanager
def own_network(_folder: Path) -> Iterator[Surroundings]:
    """Play in a network namespace that goes with the run: what is done to its packets is done to no others."""
    yield Surroundings(within=("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"))


def lacks_packets() -> str:
    """Return why packets cannot be dropped here, in one sentence; empty where they can."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "a network of its own takes root and util-linux"
    made = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "the kernel makes no network namespaces" if made.returncode else probe()["nft"].lacking
