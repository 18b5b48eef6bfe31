"""Secrets come from the environment or from files of their owner alone, and are refused elsewhere with the reason."""

from pathlib import Path

import pytest
from tests.processes import ROOT, locust, pwdload

from pwdload.api.http import Address, Proxy
from pwdload.api.tenant import Credentials
from pwdload.errors import UsageError
from pwdload.faults.running import environment
from pwdload.passwords import run_secret
from pwdload.secrecy import VARIABLES, given, refuse_on_command_line, without_secrets

CANARY = "kX9-canary-of-a-secret"


def written(folder: Path, content: bytes = CANARY.encode() + b"\n", mode: int = 0o600) -> str:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("name", VARIABLES)
def test_every_secret_may_come_from_a_file_of_its_owner(tmp_path: Path, name: str) -> None:
    """A pipeline mounts secrets as files; the end of the line is not part of one."""
    path = written(tmp_path)
    assert given(name, {f"{name}_FILE": path}) == CANARY
    Path(path).unlink()
    assert given(name, {f"{name}_FILE": path}) == CANARY, "it may be taken away when it has been read"
    assert given(name, {name: "plain"}) == "plain"
    assert given(name, {}) is None


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o640, CANARY.encode(), "(mode 0640), and it is a secret; make it yours alone: chmod 600"),
        (0o604, CANARY.encode(), "(mode 0604), and it is a secret; make it yours alone: chmod 600"),
        (0o620, CANARY.encode(), "(mode 0620), and it is a secret; make it yours alone: chmod 600"),
        (0o600, b" \n", "is empty; write the secret into it"),
        (0o600, CANARY.encode() + b"\nmore\n", "is more than one line of text; write the secret"),
        (0o600, b"\xff" + CANARY.encode(), "is not UTF-8; write the secret"),
        (0o600, CANARY.encode() * 500, "is more than one line of text"),
    ],
)
def test_a_file_that_will_not_do_is_one_line_with_the_remedy(
    tmp_path: Path, mode: int, content: bytes, said: str
) -> None:
    """What others may read is no secret; nothing of it is shown."""
    path = written(tmp_path, content, mode)
    with pytest.raises(UsageError) as error:
        given("PWDLOAD_METRICS_TOKEN", {"PWDLOAD_METRICS_TOKEN_FILE": path})
    text = str(error.value)
    assert text.startswith("PWDLOAD_METRICS_TOKEN_FILE: ")
    assert said in text
    assert "\n" not in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PWDLOAD_PROXY_FILE": ""}, "set, but empty; name a file, or unset it"),
        ({"PWDLOAD_PROXY_FILE": "/no/such/file"}, "there is no /no/such/file"),
        ({"PWDLOAD_PROXY_FILE": "/tmp"}, "/tmp cannot be read (Is a directory)"),
        ({"PWDLOAD_PROXY_FILE": "/etc/hostname", "PWDLOAD_PROXY": "http://p:1"}, "both are set"),
    ],
)
def test_what_names_no_file_is_never_ignored(variables: dict[str, str], said: str) -> None:
    """A run without its proxy, or with another secret, would do harm before anybody notices."""
    with pytest.raises(UsageError) as error:
        Proxy.from_environment(variables)
    assert said in str(error.value)


def test_what_reads_a_secret_reads_its_file(tmp_path: Path) -> None:
    """The run secret, the proxy and the tenant API take theirs from files."""
    path = written(tmp_path)
    assert run_secret({"PWDLOAD_RUN_SECRET_FILE": path}) == CANARY.encode()
    credentials = Credentials.from_environment(
        {"PWDLOAD_TENANT_CLIENT_ID": "me", "PWDLOAD_TENANT_CLIENT_SECRET_FILE": path}
    )
    assert credentials.client_secret == CANARY
    proxy = tmp_path / "proxy"
    proxy.write_text(f"http://me:{CANARY}@proxy.example:3128\n")
    proxy.chmod(0o600)
    found = Proxy.from_environment({"PWDLOAD_PROXY_FILE": str(proxy)})
    assert found is not None
    assert (found.url, found.authorization is not None) == ("http://proxy.example:3128", True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--client-secret", CANARY], "--client-secret: looks like a secret"),
        ([f"--password={CANARY}"], "--password: looks like a secret"),
        ([f"--apiKey={CANARY}"], "--apiKey: looks like a secret"),
        ([f"PWDLOAD_RUN_SECRET={CANARY}"], "PWDLOAD_RUN_SECRET: looks like a secret"),
        (["--host", f"https://me:{CANARY}@staging.example"], "argument 2 is a URL with a user in it"),
        ([f"--host=https://{CANARY}@staging.example"], "--host: argument 1 is a URL with a user in it"),
        (["run", "x.toml", "--tags", f"a{CANARY}b"], "argument 4 has the value of a secret in it"),
    ],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(arguments: list[str], said: str) -> None:
    """By its name, in a URL, or by its value: with the reason, and where it belongs."""
    with pytest.raises(UsageError) as error:
        refuse_on_command_line(arguments, {"PWDLOAD_PROXY": f"http://me:{CANARY}@proxy:1"})
    text = str(error.value)
    assert text.startswith(said)
    assert "everybody on this machine can read a command line; give it in the environment" in text
    assert "PWDLOAD_" in text
    assert CANARY not in text
    assert "\n" not in text


def test_what_people_type_every_day_is_no_secret() -> None:
    """Options of Locust and of pwdload go through, and so does the name of the proxy's host."""
    usual = ["--headless", "-u", "5", "--host", "https://staging.example.com", "--web-login", "--tls-key", "key.pem"]
    more = ["--accounts", "a@b.csv", "--margin=5%", "-f", "locustfiles/password_update.py", "pwd/x.toml", "--tags", "a"]
    known = {"PWDLOAD_PROXY": "http://me:secret1234@staging.example.com:1", "PWDLOAD_RUN_SECRET_FILE": "/none"}
    refuse_on_command_line([*usual, *more], known)


def test_a_secret_is_refused_before_locust_repeats_it() -> None:
    """Both commands leave with one line and exit code 2; Locust by itself shows arguments that it does not know."""
    for done in (locust("--headless", "--client-secret", CANARY), pwdload("plan", f"--token={CANARY}", cwd=ROOT)):
        assert done.exit_code == 2, done.err
        assert done.err.count("\n") == 1, done.err
        assert "looks like a secret" in done.err
        assert CANARY not in done.out + done.err


def test_a_host_with_a_password_in_it_is_not_repeated() -> None:
    """It may come from a settings file, which nobody looks at before."""
    with pytest.raises(UsageError) as error:
        Address.parse(f"https://me:{CANARY}@staging.example")
    assert CANARY not in str(error.value)
    assert "https://...@staging.example" in str(error.value)


def test_the_commands_of_a_fault_are_not_given_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are other people's programs, and what they say is kept with the run."""
    monkeypatch.setenv("PWDLOAD_RUN_SECRET", CANARY)
    monkeypatch.setenv("PWDLOAD_PROXY_FILE", CANARY)
    assert CANARY not in str(environment())
    assert without_secrets({"PWDLOAD_SCENARIO": "x", "PWDLOAD_PROXY": "y"}) == {"PWDLOAD_SCENARIO": "x"}
    assert not without_secrets({"OTEL_EXPORTER_OTLP_HEADERS": "x-key=y"})
