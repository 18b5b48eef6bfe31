"""Real `locust` processes whose scenario says how they connect: TLS, proxy, one connection for each flow."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.e2e.runs import QUIET, latest, samples, with_few_accounts
from tests.e2e.test_locust import NOTHING_WRONG, assert_one_line
from tests.fronts import proxy_front, tls_front
from tests.processes import SECRET, locust, standin
from tests.tls import Authority

from pwdload.accounts.source import MadeUpAccounts
from pwdload.passwords import PasswordBook, PasswordPolicy

pytestmark = pytest.mark.e2e

SCENARIO = """
title = "How clients connect"
[target]
{target}
[load]
think_time = "20ms"
[oracle]
probes = 0
[mix]
login_only = 1
"""


def scenario(folder: Path, *lines: str) -> str:
    """Write a scenario with these lines in [target] and return its path."""
    path = folder / "connecting.toml"
    path.write_text(with_few_accounts(SCENARIO.format(target="\n".join(lines))), "utf-8")
    return str(path)


def accounts_csv(folder: Path) -> tuple[str, str]:
    """Return accounts for a stand-in, and the path of their list for a run."""
    source = MadeUpAccounts(sizes={"expired": 2000})
    text = "".join(source.seed_csv(PasswordBook(SECRET.encode(), PasswordPolicy())))
    (folder / "accounts.csv").write_text(text, "utf-8")
    return text, str(folder / "accounts.csv")


def test_each_flow_may_be_a_client_that_comes_through_a_proxy_with_tls(tmp_path: Path) -> None:
    """Every flow opens a connection of its own, by the proxy, trusting the scenario's CA; about half resume."""
    authority = Authority.make(tmp_path)
    seed, listed = accounts_csv(tmp_path)
    lines = ('ca_file = "ca.pem"', 'connections = "per_flow"', "returning_share = 0.5")
    with (
        standin("--set", "hash_algorithm=sha256", seed_csv=seed) as url,
        tls_front(urlsplit(url).port or 0, authority.server_context("127.0.0.1")) as front,
        proxy_front() as proxy,
    ):
        through = f'proxy = "http://127.0.0.1:{proxy.port}"'
        host = f"https://127.0.0.1:{front.port}"
        options = ("--scenario", scenario(tmp_path, *lines, through), "--host", host, "--accounts", listed)
        done = locust(*QUIET, "--headless", *options, "-u", "5", "-r", "5", "-t", "3s", cwd=tmp_path)
    assert done.exit_code in NOTHING_WRONG, done.err
    run = latest(tmp_path)
    table = samples(run)
    flows = table.num_rows
    assert flows > 50
    assert set(table["outcome"].to_pylist()) == {"right_accept"}
    assert min(table["connect_s"].null_count, table["tls_s"].null_count) == 0
    # One more connection: that with which the harness saw, by the same way, whether anything answers. The stand-in's
    # counts are asked for otherwise.
    assert len(front.resumed) == len(proxy.asked) == flows + 1
    assert (
        abs(sum(front.resumed) - flows / 2) <= 5 * (flows / 4) ** 0.5 + 5
    )  # the first of each user has none to resume
    assert "through the proxy" in (run.path / "report.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("lines", "host", "words"),
    [
        (('ca_file = "none.pem"',), "https://127.0.0.1:1", ("CA file", "none.pem", "No such file")),
        pytest.param(
            *(('ca_file = "a.toml"',), "https://127.0.0.1:1", ("CA file", "a.toml", "give a PEM file")),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(('client_certificate = "a.toml"',), "https://127.0.0.1:1", ("client certificate", "a.toml")),
            marks=pytest.mark.slow,
        ),
        (('ca_file = "none.pem"',), "http://127.0.0.1:1", ("plain HTTP", "ca_file")),
        (('proxy = "http://127.0.0.1:1"',), "http://127.0.0.1:2", ("proxy_refused", "is the proxy running")),
    ],
    ids=["missing", "not PEM", "not a certificate", "plain HTTP", "no proxy"],
)
def test_what_cannot_connect_is_one_line_before_the_first_request(
    tmp_path: Path, lines: tuple[str, ...], host: str, words: tuple[str, ...]
) -> None:
    """A wrong file, a scheme that has no use for it, a proxy that is not there: exit 2, and what to mend."""
    (tmp_path / "a.toml").write_text("not a certificate", "utf-8")
    (tmp_path / "accounts.csv").write_text("user_name,password\nnobody,Xy12345678!\n", "utf-8")
    options = ("--scenario", scenario(tmp_path, *lines), "--host", host, "--accounts", str(tmp_path / "accounts.csv"))
    assert_one_line(locust(*QUIET, "--headless", *options, "-u", "1", "-t", "1s", cwd=tmp_path), *words)


def test_the_embedded_stand_in_is_spoken_to_directly(tmp_path: Path) -> None:
    """A scenario for staging can be tried on the stand-in, and the report says what had no use there."""
    path = scenario(tmp_path, 'ca_file = "none.pem"', 'proxy = "http://127.0.0.1:1"', 'connections = "per_flow"')
    done = locust(*QUIET, "--headless", "--scenario", path, "-u", "2", "-t", "2s", cwd=tmp_path)
    assert done.exit_code in NOTHING_WRONG, done.err
    run = latest(tmp_path)
    assert samples(run)["connect_s"].null_count == 0
    assert "proxy had no use" in (run.path / "report.md").read_text("utf-8")
