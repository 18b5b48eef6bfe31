"""Whatever becomes of the files that a person gives or a run leaves: no traceback, a documented exit code, a reason.

A few examples of each are part of `make test`; `make truth` tries hundreds.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.fuzz.bases import ACCOUNTS, SCENARIO, ledger_with_a_journal, whole_run
from tests.fuzz.commands import assert_in_order, command
from tests.fuzz.damage import TOML_VALUES, damage, put_back

PROBLEMS_MAX = 400
"""A scenario or a list of accounts is told all its problems at once, a line each."""
Examples = pytest.mark.parametrize(
    "examples", [pytest.param(6, id="few"), pytest.param(300, id="many", marks=pytest.mark.slow)]
)


def tried(examples: int, test: Callable[[st.DataObject], None]) -> None:
    """Have hypothesis try a test so many times. The files of one example are put back for the next."""
    quick = settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # To shrink takes minutes here; the example that failed is small as it is.
        phases=(Phase.explicit, Phase.generate),
    )
    quick(given(st.data())(test))()


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a whole run, one that was cut short, and a ledger."""
    folder = tmp_path_factory.mktemp("bases")
    whole_run(folder / "run")
    whole_run(folder / "cut run", is_cut=True)
    ledger_with_a_journal(folder / "ledger", folder / "accounts.csv")
    return folder


def files_of(folder: Path) -> list[Path]:
    """Return what is damaged of a run: what it is read from, and the last verdict."""
    skipped = {"report.html", "report.md", "report.json", "junit.xml"}
    every = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in every if path.name not in skipped and path.parts[0] != "tables"]


@Examples
def test_a_damaged_run_is_reported_judged_and_compared_or_refused(bases: Path, tmp_path: Path, examples: int) -> None:
    """Any of its files may be cut, rubbish, gone, a folder, or have wrong things in it."""
    runs = tmp_path / "runs"

    def one(data: st.DataObject) -> None:
        base = bases / data.draw(st.sampled_from(["run", "cut run"]))
        put_back(runs / "damaged", base)
        for path in data.draw(st.lists(st.sampled_from(files_of(base)), min_size=1, max_size=2, unique=True)):
            damage(data.draw, runs / "damaged" / path)
        for arguments in (
            ("report", runs / "damaged"),
            ("check", runs / "damaged"),
            ("check", "--json", runs / "damaged", bases / "run"),
            ("compare", bases / "run", runs / "damaged", "--anyway", "--out", tmp_path / "compared"),
            ("history", runs, "--out", tmp_path / "past"),
            ("plan", runs / "damaged" / "scenario.toml"),
        ):
            assert_in_order(command(*arguments), lines_max=PROBLEMS_MAX if arguments[0] == "plan" else 1)

    tried(examples // 2, one)  # each takes a second


@Examples
def test_a_scenario_of_any_bytes_is_a_plan_or_is_refused(tmp_path: Path, examples: int) -> None:
    """Not UTF-8, not TOML, or TOML with wrong things in it."""
    path = tmp_path / "scenario.toml"
    keys = st.sampled_from(["title", "seed", "target", "load", "mix", "accounts", "slo", "faults", "forecast", "x", ""])

    def one(data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            path.write_text(SCENARIO)
            damage(data.draw, path)
        elif data.draw(st.booleans()):
            path.write_bytes(data.draw(st.binary(max_size=300)))
        else:
            pairs = data.draw(st.lists(st.tuples(keys, TOML_VALUES), max_size=5))
            path.write_text("".join(f"{key} = {value}\n" for key, value in pairs), "utf-8", errors="replace")
        assert_in_order(command("plan", path), lines_max=PROBLEMS_MAX)
        if path.is_dir():
            path.rmdir()

    tried(examples * 3, one)


@Examples
def test_a_list_of_accounts_is_taken_in_or_refused(tmp_path: Path, examples: int) -> None:
    """Any bytes, any cells; what is refused leaves no ledger behind that would not open."""
    path, ledger = tmp_path / "accounts.csv", tmp_path / "ledger"

    def one(data: st.DataObject) -> None:
        path.write_text(ACCOUNTS)
        if data.draw(st.booleans()):
            damage(data.draw, path)
        else:
            head = data.draw(st.sampled_from(["user_name,password\n", "user_name,password,state\n", ""]))
            path.write_bytes(head.encode() + data.draw(st.binary(max_size=120)))
        done = command("accounts", "import", ledger, path, "--host", "http://127.0.0.1:9")
        assert_in_order(done, lines_max=PROBLEMS_MAX)
        if ledger.exists():
            assert_in_order(command("accounts", "status", ledger))
        clear(ledger, path)

    tried(examples, one)


def clear(*paths: Path) -> None:
    """Remove files and folders."""
    for path in paths:
        if path.is_dir():
            clear(*path.iterdir())
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@Examples
def test_a_damaged_ledger_is_read_or_refused(bases: Path, tmp_path: Path, examples: int) -> None:
    """Its database, its journals, its key: what is left is told, or it is refused, and reading it changes nothing."""
    ledger, files = tmp_path / "ledger", files_of(bases / "ledger")

    def one(data: st.DataObject) -> None:
        put_back(ledger, bases / "ledger")
        damage(data.draw, ledger / data.draw(st.sampled_from(files)))
        for arguments in (("status", ledger), ("status", ledger, "--json"), ("export", ledger)):
            assert_in_order(command("accounts", *arguments))
        # The list is not of this ledger: what is to be settled is only counted here.
        assert_in_order(command("accounts", "settle", ledger, "--dry-run"))
        assert_in_order(command("accounts", "import", ledger, bases / "accounts.csv"))

    tried(examples, one)
