"""From [target] of a scenario to connections: files, proxy, clients that return, and what is refused beforehand."""

import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.api.test_http_proxy import TUNNEL
from tests.servers import ScriptedServer, say, stay_silent
from tests.tls import Authority, TlsServer

from pwdload.api.connections import Connections, keys_without_use, settled, spoken_to_directly
from pwdload.errors import UsageError
from pwdload.scenario import Target, parse_scenario

REQUEST = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
NOTHING: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only these tests trust."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


def target(*lines: str, folder: Path = Path()) -> Target:
    """Return the [target] that these lines make."""
    return parse_scenario("\n".join(('title = "x"', "[target]", *lines)), folder=folder).target


def connections(of: Target, url: str, environment: Mapping[str, str] = NOTHING) -> Connections:
    """Return the connections of a process."""
    return Connections(of, url, clock=time.perf_counter, environment=environment, chance=random.Random(1))


def test_what_a_scenario_says_of_tls_is_what_the_wire_sees(authority: Authority) -> None:
    """Trust, own certificate and asked name come from the files beside the scenario."""
    authority.issue("client.example")
    lines = ('ca_file = "ca.pem"', 'client_certificate = "client.example.pem"', 'server_name = "virtual.example"')
    with TlsServer(authority.server_context("virtual.example", mutual=True), [say(OK)]) as server:
        made = connections(target(*lines, folder=authority.folder), f"https://localhost:{server.port}")
        client = made.client()
        result = client.exchange(REQUEST)
        client.close()
    assert (result.transport, server.seen) == ("", ["virtual.example"])


@pytest.mark.parametrize(("kind", "opened"), [("kept", [True, False, False]), ("per_flow", [True, False, True])])
def test_a_client_keeps_its_connection_or_is_another_with_each_flow(kind: str, opened: list[bool]) -> None:
    """Two exchanges in one flow, then one in the next: only clients of one flow connect again."""
    with ScriptedServer([say(OK)] * 3, [say(OK)]) as server:
        client = connections(target(f'connections = "{kind}"'), f"http://127.0.0.1:{server.port}").client()
        results = [client.exchange(REQUEST) for _ in range(2)]
        client.end_flow()
        results.append(client.exchange(REQUEST))
        client.close()
    assert [result.connect_s is not None for result in results] == opened


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_the_share_of_returning_clients_is_kept(authority: Authority, share: float) -> None:
    """After the first handshake, which nothing precedes, so many of a hundred clients resume, give or take chance."""
    lines = ('ca_file = "ca.pem"', 'connections = "per_flow"', f"returning_share = {share}")
    flows = 101
    with TlsServer(authority.server_context(), *([say(OK)] for _ in range(flows))) as server:
        client = connections(target(*lines, folder=authority.folder), f"https://localhost:{server.port}").client()
        resumed = []
        for _ in range(flows):
            resumed.append(client.exchange(REQUEST).tls_resumed)
            client.end_flow()
    assert resumed[0] is False
    # The seed is fixed; five standard deviations of the binomial say what any seed would give.
    assert abs(sum(map(bool, resumed[1:])) - 100 * share) <= 5 * (100 * share * (1 - share)) ** 0.5


def test_limits_of_phases_reach_the_connection() -> None:
    """A target that accepts and says nothing is given up at the limit that the scenario states."""
    with ScriptedServer([stay_silent]) as server:
        of = target('phase_timeouts = { tls = "50ms", first_byte = "50ms", connect = "1s" }')
        result = connections(of, f"https://localhost:{server.port}").client().exchange(REQUEST)
    assert result.transport == "tls_timeout"
    assert result.done_s - result.started_s < 1.0


def test_a_proxy_of_the_environment_takes_the_place_of_the_scenarios() -> None:
    """Its address goes to all processes; user and password stay where they are."""
    environment = {"PWDLOAD_PROXY": "http://me:s3cret@proxy.example:3129"}
    assert settled(target('proxy = "http://other.example:1"'), environment).proxy == "http://proxy.example:3129"
    assert settled(target('proxy = "http://other.example:1"'), NOTHING).proxy == "http://other.example:1"
    with ScriptedServer([say(TUNNEL), say(OK)]) as server:
        made = connections(
            target(f'proxy = "http://127.0.0.1:{server.port}"', 'allow = ["target.invalid"]'), "http://target.invalid"
        )
        client = made.client()
        assert client.exchange(REQUEST).transport == ""
        client.close()


def test_a_process_with_another_proxy_is_refused() -> None:
    """Part of a load that goes another way would be measured as if it did not."""
    of = target('proxy = "http://proxy.example:3128"')
    with pytest.raises(UsageError, match="set the same for all processes") as error:
        connections(of, "http://127.0.0.1", {"PWDLOAD_PROXY": "http://me:s3cret@other.example:3128"})
    assert "s3cret" not in str(error.value)


def test_files_are_the_same_for_processes_in_other_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative path is settled where the scenario was read."""
    monkeypatch.chdir(tmp_path)
    of = settled(target('ca_file = "certs/ca.pem"', folder=Path("scenarios")), NOTHING)
    assert of.ca_file == tmp_path / "scenarios" / "certs" / "ca.pem"
    assert of.client_certificate is None


def test_what_has_no_use_is_named() -> None:
    """Keys for TLS say nothing to a target in plain HTTP, and a proxy nothing to the embedded stand-in."""
    of = target('ca_file = "ca.pem"', "returning_share = 0.5", 'proxy = "http://p:1"')
    assert keys_without_use(of, directly=False) == ("ca_file", "returning_share")
    assert keys_without_use(of, directly=True) == ("ca_file", "returning_share", "proxy")
    assert keys_without_use(spoken_to_directly(of), directly=True) == ()
    assert keys_without_use(target(), directly=True) == ()


@pytest.mark.parametrize(
    ("key", "file", "words"),
    [
        ("ca_file", "none.pem", "CA file .*none.pem.*No such file"),
        ("ca_file", "text.pem", "CA file .*text.pem.*give a PEM file"),
        ("client_certificate", "text.pem", "client certificate .*text.pem.*give PEM files"),
        ("ca_file", ".", "CA file .*give a PEM file"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_one_line(tmp_path: Path, key: str, file: str, words: str) -> None:
    """It is refused before anything is sent, in a worker on another machine as well."""
    (tmp_path / "text.pem").write_text("not a certificate", "utf-8")
    with pytest.raises(UsageError, match=words) as error:
        connections(target(f'{key} = "{file}"', folder=tmp_path), "https://localhost")
    assert "\n" not in str(error.value)
