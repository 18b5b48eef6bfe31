"""Reading scenario files: whatever is in them, one clear line per problem and nothing else."""

import os
import re
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.scenario.support import CASES, GROUPS, parse, toml_file

from pwdload.errors import ScenarioError
from pwdload.scenario import Scenario, describe, json_schema, load_scenario

SCHEMA = Draft202012Validator(json_schema())


def written(folder: Path, content: bytes, name: str = "x.toml") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def problem_of(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, case_names=CASES)
    (problem,) = caught.value.problems
    return problem


def test_the_original_text_is_kept(tmp_path: Path) -> None:
    """The run directory shows the scenario with its comments, as it was given."""
    text = '# Why: the rush on Monday.\ntitle = "Übung 改密"\n'
    scenario = load_scenario(written(tmp_path, text.encode()), case_names=CASES)
    assert (scenario.source, scenario.title) == (text, "Übung 改密")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """A file saved by Windows Notepad is read like any other."""
    scenario = load_scenario(written(tmp_path, b'\xef\xbb\xbftitle = "x"\r\n'), case_names=CASES)
    assert (scenario.title, scenario.source) == ("x", 'title = "x"\r\n')


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("morning_rush.toml", "morning_rush"),
        ("Mass expiry (50 %).toml", "Mass-expiry-50"),
        ("改密.toml", "scenario"),
        ("v1.2.toml", "v1.2"),
        ("-rf.toml", "rf"),
    ],
)
def test_the_name_is_fit_for_a_directory(tmp_path: Path, file: str, name: str) -> None:
    """Runs are kept under the scenario's name, which no shell and no file system minds."""
    assert load_scenario(written(tmp_path, b'title = "x"', file), case_names=CASES).name == name


def test_a_relative_list_of_accounts_stands_beside_the_scenario(tmp_path: Path) -> None:
    """A scenario means the same from whatever folder it is started, and in every worker."""
    text = b'title = "x"\n[accounts]\nsource = "lists/accounts.csv"'
    scenario = load_scenario(written(tmp_path, text), case_names=CASES)
    assert scenario.accounts.source == tmp_path / "lists" / "accounts.csv"
    assert Scenario.from_json(scenario.to_json()).accounts.source == scenario.accounts.source


def test_an_absolute_list_of_accounts_stays_where_it_is(tmp_path: Path) -> None:
    """Accounts of a staging system may lie outside of the repository."""
    scenario = load_scenario(written(tmp_path, b'title = "x"\n[accounts]\nsource = "/etc/a.csv"'), case_names=CASES)
    assert scenario.accounts.source == Path("/etc/a.csv")


def test_a_missing_file_is_named_with_its_nearest_neighbour(tmp_path: Path) -> None:
    """A mistyped file name is mended without looking at the folder."""
    neighbour = written(tmp_path, b"", "smoke.toml")
    problem = problem_of(tmp_path / "smok.toml")
    assert problem.startswith(f"{tmp_path / 'smok.toml'}: no such file; ")
    assert problem.endswith(f'did you mean "{neighbour}"?')


def test_a_missing_file_among_strangers_is_only_named(tmp_path: Path) -> None:
    """A guess that is no help is not made."""
    written(tmp_path, b"", "pyproject.toml")
    assert "did you mean" not in problem_of(tmp_path / "nightly.toml")


def test_a_directory_is_no_scenario(tmp_path: Path) -> None:
    """The folder of all scenarios is a likely slip."""
    assert problem_of(tmp_path).startswith(f"{tmp_path}: a directory; ")


def test_what_would_never_end_is_not_read(tmp_path: Path) -> None:
    """A named pipe or a device does not hang the command."""
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    assert problem_of(pipe).startswith(f"{pipe}: not a regular file; ")


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    """The system's own reason is passed on; a name that no file can have stands for it here."""
    assert "cannot be read (File name too long)" in problem_of(tmp_path / ("x" * 300))
    assert re.search(r"cannot be read \(.*embedded null", problem_of(tmp_path / "a\0b.toml"))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A list of accounts given in place of the scenario is refused at once."""
    assert "larger than 100 kB" in problem_of(written(tmp_path, b"#" * 100_001))


def test_other_encodings_are_refused_with_their_line(tmp_path: Path) -> None:
    """A file in Latin-1 or UTF-16 is told from a broken one."""
    latin = written(tmp_path, 'title = "x"\n# Prüfung'.encode("latin-1"))
    assert problem_of(latin) == f"{latin}: line 2: not UTF-8; save the file as UTF-8"
    assert ": line 1: not UTF-8" in problem_of(written(tmp_path, 'title = "x"'.encode("utf-16")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = 'x'\nfor = 30s", ["line 2, column 9: not TOML", 'text needs quotes, such as for = "30s"']),
        ("title = 'x'\ntitle = 'y'", ["not TOML", "may stand only once"]),
        ("[load]\n[load]", ["not TOML", "may stand only once"]),
        ("title", ["not TOML"]),
        ("x = " + "[" * 50_000, ["nested too deeply"]),
        ("seed = " + "9" * 5_000, ["a number of thousands of digits"]),
    ],
)
def test_what_is_no_toml_is_refused_with_line_and_column(text: str, said: list[str]) -> None:
    """An editor can be taken to the place, and the usual mistake is named."""
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert problem.startswith("x.toml: ")
    assert "\n" not in problem
    assert [words for words in said if words not in problem] == []


SCALARS = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["10s", "10/s", "0s", "https://a", "once", "closed", "zh", "1e3", "5" * 50]),
    st.dates(min_value=date(1000, 1, 1)),
    st.times().map(time.isoformat).map(time.fromisoformat),
    st.datetimes(min_value=datetime(1000, 1, 1)),
)
KEYS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            *(
                "title",
                "name",
                "users",
                "for",
                "spawn_rate",
                "measured",
                "min",
                "max",
                "host",
                "allow",
                "timeout",
                "zh",
            ),
            *("source", "count", "android", "languages", "http_status", "error_code", "valid_change", "token"),
            *(
                "[key]",
                "stages",
                "think_time",
                "model",
                "rate",
                "password",
                "min_length",
                "max_length",
                "reuse",
                "servers",
            ),
        ]
    ),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
STAGE_RATES = st.fixed_dictionaries(
    {},
    optional={key: st.sampled_from(["0/s", "5/s", "90/m"]) | VALUES for key in ("from", "to", "base", "spike")}
    | {"steps": st.integers(1, 4) | VALUES, "at": st.just("1s") | VALUES, "for": st.just("2s") | VALUES},
)
WORK = st.one_of(
    st.fixed_dictionaries({"users": st.integers(1, 50) | VALUES}),
    st.fixed_dictionaries({"rate": st.sampled_from(["0/s", "5/s"]) | STAGE_RATES | VALUES}),
)
STAGES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b"]) | VALUES},
        optional={"for": st.just("30s") | VALUES, "spawn_rate": st.just("1/s") | VALUES, "measured": st.booleans()},
    ).flatmap(lambda stage: WORK.map(lambda work: stage | work)),
    max_size=3,
)
TABLES = ["target", "accounts", "password_policy", "mix", "devices", "expect", "standin", "faults", "[key]"]
FILES = st.fixed_dictionaries(
    {},
    optional={"title": st.just("x") | VALUES, "seed": st.integers(0, 9) | VALUES}
    | {
        "load": st.fixed_dictionaries(
            {},
            optional={"model": st.sampled_from(["open", "open", "closed"]), "stages": STAGES | VALUES}
            | dict.fromkeys(("think_time", "arrivals", "max_in_flight", "queue_limit"), VALUES),
        )
        | VALUES
    }
    | {"expect": st.dictionaries(st.sampled_from(CASES), st.dictionaries(KEYS, VALUES, max_size=2), max_size=2)}
    | {table: st.dictionaries(KEYS, VALUES, max_size=3) | VALUES for table in TABLES},
)


def read(text: str) -> tuple[Scenario | None, tuple[str, ...]]:
    """Return the scenario of a text, or else its problems."""
    try:
        return parse(text), ()
    except ScenarioError as error:
        return None, error.problems


@given(FILES)
@hypothesis_settings(max_examples=250)
def test_whatever_the_tables_hold_problems_are_plain_lines(data: dict[str, object]) -> None:
    """Nobody ever sees a traceback, and each problem can be read on a line of its own."""
    scenario, problems = read(toml_file(data))
    assert (scenario is None) == bool(problems)
    assert all(line.isprintable() and line.startswith("x.toml: ") for line in problems)


@given(FILES)
@hypothesis_settings(max_examples=250)
def test_whatever_is_accepted_can_be_used(data: dict[str, object]) -> None:
    """What the loader takes can be shipped and planned, and is fine with the editor's schema, too."""
    scenario, _ = read(toml_file({"title": "x"} | data))
    if scenario is not None:
        assert Scenario.from_json(scenario.to_json()) == scenario
        assert describe(scenario, {"valid_change": 1.0})
        assert SCHEMA.is_valid({"title": "x"} | data)


@given(st.text(max_size=200))
def test_whatever_the_text_problems_are_plain_lines(text: str) -> None:
    """A log or a half-written file given as the scenario is refused in plain lines."""
    _, problems = read(text)
    assert all(line.isprintable() for line in problems)


@given(
    st.lists(st.sampled_from(["[load]", "[[load.stages]]", "users = 3", "for = '3s'", "name = 'a'", "a.b = 1", "="]))
)
def test_whatever_the_order_of_lines_problems_are_plain_lines(lines: list[str]) -> None:
    """A file in the middle of being edited is refused in plain lines."""
    _, problems = read("title = 'x'\n" + "\n".join(lines))
    assert all(line.isprintable() for line in problems)


def test_names_are_those_that_the_caller_knows(tmp_path: Path) -> None:
    """A case of one version of the catalogue is not accepted by another."""
    path = written(tmp_path, b'title = "x"\n[mix]\nvalid_change = 1\ntoken = 1')
    assert load_scenario(path, case_names=CASES, group_names=GROUPS).mix == {"valid_change": 1, "token": 1}
    assert "mix.token: unknown" in problem_of(path)
