"""All commands, walked: each explains itself, its options and its exit codes; a mistake is one line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.analysis.degenerate import finished

from pwdload.cli import app, main

ELSEWHERE = {"standin", "proxy"}
"""Programs of their own: their options are told by their own --help."""


def walk(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command by the words that it is typed with, groups among them."""
    yield name, command
    for sub, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*name, sub))


COMMANDS = dict(walk(typer.main.get_command(app)))
RUNNABLE = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> "Typed":
    """Type a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return Typed(monkeypatch, capsys)


class Typed:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        self._monkeypatch.setattr(sys, "argv", ["pwdload", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = self._capsys.readouterr()
        return int(end.value.code or 0), out, err


@pytest.mark.parametrize("name", COMMANDS, ids="_".join)
def test_help_is_complete(name: tuple[str, ...]) -> None:
    """Each command says what it does, what each option and argument is, and what its exit codes mean."""
    command = COMMANDS[name]
    assert command.help
    assert command.epilog
    assert "Exit codes" in command.epilog
    for parameter in command.params:
        if parameter.name in ("help", "install_completion", "show_completion", "context"):
            continue
        assert getattr(parameter, "help", None), f"{' '.join(name)}: {parameter.name} is not explained"


@pytest.mark.parametrize(
    "name", [one for one in COMMANDS if one[:1] not in {(word,) for word in ELSEWHERE}], ids="_".join
)
def test_help_can_be_asked_for(name: tuple[str, ...], typed: Typed) -> None:
    """`--help` comes with exit code 0, on standard output, exit codes and all."""
    code, out, err = typed(*name, "--help")
    assert (code, err) == (0, "")
    assert "Exit codes" in out


@pytest.mark.parametrize("name", [one for one in RUNNABLE if one[0] not in {*ELSEWHERE, "run"}], ids="_".join)
def test_an_unknown_option_is_told_in_a_few_lines(name: tuple[str, ...], typed: Typed) -> None:
    """A typing mistake has exit code 2 and no traceback."""
    code, out, err = typed(*name, "--colour")
    assert (code, out) == (2, "")
    assert "--colour" in err
    assert "Traceback" not in err


def args_of(name: tuple[str, ...]) -> list[str]:
    """Return for each required parameter of a command a value that is wrong, or of no use."""
    given: list[str] = []
    for parameter in COMMANDS[name].params:
        if parameter.required:
            value = "1" if parameter.name == "count" else "nowhere"
            given += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    return given


@pytest.mark.parametrize(
    "name",
    [one for one in RUNNABLE if one[0] not in {*ELSEWHERE, "init", "schema", "cases", "calibrate", "doctor"}],
    ids="_".join,
)
def test_what_is_not_there_is_told_in_one_line(name: tuple[str, ...], typed: Typed) -> None:
    """A file, folder or ledger that is not there: exit code 2, and one line that says who speaks."""
    code, out, err = typed(*name, *args_of(name))
    assert (code, out) == (2, ""), err
    assert err.startswith("pwdload: ")
    assert err.count("\n") == 1, err


@pytest.mark.parametrize("name", RUNNABLE, ids="_".join)
def test_what_prints_for_people_prints_json_too(name: tuple[str, ...]) -> None:
    """`--json` is there; but where a command is another program, prints JSON anyway, or hands on to Locust."""
    has = any("--json" in parameter.opts for parameter in COMMANDS[name].params)
    assert has != (name[0] in {*ELSEWHERE, "run", "schema"})


@pytest.mark.parametrize(
    "arguments",
    [("cases",), ("init", "new"), ("plan", "new/scenarios/smoke.toml"), ("report", "run"), ("history", ".")],
)
def test_json_is_one_object(arguments: tuple[str, ...], typed: Typed) -> None:
    """What `--json` prints can be read by a program, and has the version of its form."""
    if arguments[0] in ("report", "history"):
        finished(Path("run"))
    if arguments[0] == "plan":
        typed("init", "new")
    code, out, err = typed(*arguments, "--json")
    assert code == 0, err
    assert json.loads(out)["format"] >= 1


def test_plan_is_told_in_numbers(typed: Typed) -> None:
    """What a pipeline needs of a plan: how long it takes, how many users, and shares that add up."""
    typed("init", "new")
    _, out, _ = typed("plan", "new/scenarios/spike.toml", "--json")
    plan = json.loads(out)
    assert plan["duration_s"] == sum(stage["for_s"] for stage in plan["stages"])
    assert sum(plan["mix"].values()) == pytest.approx(1)
    assert all(stage["rate_max_per_s"] > 0 for stage in plan["stages"])


def test_version_is_that_of_the_package(typed: Typed) -> None:
    """`--version` says it and leaves."""
    code, out, _ = typed("--version")
    assert code == 0
    assert out.split()[0] == "pwdload"
    assert out.split()[1][0].isdigit()


def test_a_shell_can_complete_the_commands(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `--install-completion` installs asks us like this."""
    monkeypatch.setenv("_PWDLOAD_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "pwdload accounts s")
    monkeypatch.setenv("COMP_CWORD", "2")
    _, out, _ = typed()
    assert out.split() == ["status", "settle"]
