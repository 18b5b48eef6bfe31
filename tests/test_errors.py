"""The exceptions that end a command."""

import pickle

import pytest

from pwdload import errors
from pwdload.errors import AccountsError, PwdloadError, RunDirectoryError, ScenarioError, TargetError, UsageError


@pytest.mark.parametrize("kind", [UsageError, ScenarioError, TargetError, RunDirectoryError, AccountsError])
def test_every_error_ends_the_process_with_the_code_for_usage(kind: type[PwdloadError]) -> None:
    """A script that starts a run can tell "you asked for the impossible" from every verdict by the exit code alone."""
    assert issubclass(kind, PwdloadError)
    assert kind.exit_code == 2


def test_a_scenario_error_shows_every_problem_on_its_own_line() -> None:
    """Whoever wrote three mistakes into a scenario sees all three at once, in the order of the file."""
    error = ScenarioError(["a.toml: title: missing", "a.toml: seed = -1: negative"])

    assert error.problems == ("a.toml: title: missing", "a.toml: seed = -1: negative")
    assert str(error) == "a.toml: title: missing\na.toml: seed = -1: negative"


def test_a_scenario_error_crosses_process_borders_whole() -> None:
    """A worker's refusal reaches the person at the master with all its lines."""
    error = pickle.loads(pickle.dumps(ScenarioError(("one", "two"))))

    assert error.problems == ("one", "two")
    assert str(error) == "one\ntwo"


def test_a_scenario_error_is_never_silent() -> None:
    """Even a refusal without a stated reason prints a line, so that nobody faces an exit code and no words."""
    assert str(ScenarioError([])).strip()


def test_errors_depends_on_nothing() -> None:
    """Every other module can import the errors first, because they import no module of the project."""
    ours = {name for name, value in vars(errors).items() if getattr(value, "__module__", "").startswith("pwdload.")}

    assert all(vars(errors)[name].__module__ == "pwdload.errors" for name in ours)
