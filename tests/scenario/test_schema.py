"""The JSON schema: what an editor offers and marks is what the loader takes and refuses."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.scenario.support import EVERY_KEY, EVERY_OPEN_KEY, problems

from pwdload.cases.catalogue import CASES, GROUPS
from pwdload.scenario import Scenario, json_schema, load_scenario
from pwdload.scenario.problems import PLANNED_KEYS

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FILES = sorted(SCENARIOS.rglob("*.toml"))
COMMITTED = SCENARIOS / "scenario.schema.json"
VALIDATOR = Draft202012Validator(json_schema())


def tables(node: object) -> Iterator[dict[str, dict[str, object]]]:
    """Yield the properties of each table of the schema."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node["properties"]
        for below in node.values():
            yield from tables(below)
    elif isinstance(node, list):
        for below in node:
            yield from tables(below)


def described(node: dict[str, object], definitions: dict[str, dict[str, object]]) -> bool:
    """Whether a key, or else the table that it refers to, has a description."""
    name = str(node.get("$ref", "")).rpartition("/")[2]
    return "description" in node or "description" in definitions.get(name, {})


def test_the_committed_schema_is_that_of_the_model() -> None:
    """Editors are never behind the program; `make schema` writes the file anew."""
    assert json.loads(COMMITTED.read_text("utf-8")) == json_schema()


def test_the_module_prints_the_committed_file_to_the_byte() -> None:
    """Writing the schema again leaves no difference behind, and no warning."""
    command = [sys.executable, "-W", "error", "-m", "pwdload.scenario.schema"]
    printed = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert (printed.stdout, printed.stderr) == (COMMITTED.read_bytes(), b"")


def test_the_schema_is_one() -> None:
    """An editor can work with it."""
    Draft202012Validator.check_schema(json_schema())


def test_every_key_is_described() -> None:
    """Hovering over a key says what it means."""
    schema = json_schema()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    keys = [(name, node) for table in tables(schema) for name, node in table.items()]
    assert keys
    assert [name for name, node in keys if not described(node, definitions)] == []


def test_planned_keys_are_not_offered() -> None:
    """An editor does not complete what the loader refuses."""
    offered = {name for table in tables(json_schema()) for name in table}
    assert not offered & {place[-1] for place in PLANNED_KEYS}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_scenario_of_the_project_is_accepted_by_loader_and_editor(file: Path) -> None:
    """What is committed can be run, and says where its schema is."""
    scenario = load_scenario(file, case_names=CASES, group_names=GROUPS)
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert list(VALIDATOR.iter_errors(tomllib.loads(scenario.source))) == []
    first = scenario.source.splitlines()[0]
    assert first.startswith("#:schema ")
    assert (file.parent / first.removeprefix("#:schema ")).resolve() == COMMITTED


@pytest.mark.parametrize("text", [EVERY_KEY, EVERY_OPEN_KEY], ids=["closed", "open"])
def test_every_key_at_once_is_accepted(text: str) -> None:
    """No key of the format is unknown to the editor."""
    assert list(VALIDATOR.iter_errors(tomllib.loads(text))) == []


def test_every_key_is_used_by_the_example_of_the_tests() -> None:
    """A new key comes with a test that reads it."""
    used = EVERY_KEY + EVERY_OPEN_KEY
    missing = [name for table in tables(json_schema()) for name in table if f"{name} = " not in used]
    headers = {"target", "accounts", "password_policy", "load", "stages", "mix", "devices", "expect", "oracle"}
    headers |= {"standin", "retries", "faults", "fault_proxy", "commands", "steady_state", "slo", "criteria"}
    headers |= {"forecast", "metrics", "search"}
    assert set(missing) - headers <= {"harmonyos", "desktop"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "title = ' '",
        "title = 3",
        "titel = 'x'",
        "seed = '1'",
        "seed = -1",
        "target.host = 'staging.example.com'",
        "target.host = 'https://x/path'",
        "target.host = 'https://a:b@x'",
        "target.allow = ['https://x']",
        "target.allow = ['*.example.com']",
        "target.timeout = 10",
        "target.timeout = '10'",
        "target.timeout = '0ms'",
        "target.tenant_id = 'a b'",
        "target.phase_timeouts = '1s'",
        "target.phase_timeouts.tls = 1",
        "target.connections = 'new'",
        "target.returning_share = 1.1",
        "target.proxy = 'https://proxy:1'",
        "target.proxy = 'http://u:p@proxy:1'",
        "target.server_name = 'https://x'",
        "target.ca_file = ''",
        "accounts.count = 0",
        "accounts.source = ''",
        "accounts.reuse = 'twice'",
        "accounts = { reuse = 'rearm', rearm_rate = '0/s' }",
        "accounts.fsync = true",
        "accounts.settle_wait = 60",
        "accounts.ledger = ''",
        "password_policy.min_length = 7",
        "password_policy.classes = 5",
        "load.model = 'opne'",
        "load.arrivals = 'uniform'",
        "load = { model = 'open', max_in_flight = 0, stages = [{ name = 'a', rate = '1/s', for = '10s' }] }",
        "load = { model = 'open', stages = [{ name = 'a', for = '10s' }] }",
        "load = { model = 'open', stages = [{ name = 'a', for = '10s', rate = 50 }] }",
        "load = { model = 'open', stages = [{ name = 'a', for = '10s', rate = '50' }] }",
        "load = { model = 'open', stages = [{ name = 'a', for = '10s', rate = { from = '1/s' } }] }",
        "load = { model = 'open', stages = [{ name = 'a', for = '1s', rate = { from = '1/s', to = '2/s', steps = 1}}]}",
        "load = { model = 'open', stages = [{ name = 'a', for = '10s', rate = { base = '1/s', spike = '2/s' } }] }",
        "load.think_time = 1",
        "load.think_time = { min = '1s' }",
        "load.stages = {}",
        "load.stages = [{ name = 'a', users = 1 }]",
        "load.stages = [{ name = 'a', users = 1, for = '10s', rate = '1/s' }]",
        "load.stages = [{ name = 'a', users = 1, for = '10s', spawn_rate = '0/s' }]",
        "mix = {}",
        "mix.token = 0",
        "mix.'Not a name' = 1",
        "devices.android = -1",
        "devices.languages.fr = 1",
        "oracle.probes = 0.3",
        "oracle.wrong_passwords_max = -1",
        "oracle.accepted_codes = 'LOGIN.0009'",
        "expect.token_missing.http_status = 400",
        "expect.token_missing.http_status = [1]",
        "standin.a = [1]",
        "standin.'a=b' = 1",
        "faults = [{ name = 'x', kind = 'earthquake', at = '1s', for = '1s' }]",
        "fault_proxy.engine = 'toxiproxy'",
        "commands.stop = []",
        "retries.attempts = 0",
        "retries.jitter = 'some'",
        "slo.recover_within = '0s'",
        "slo.max_failed_share_during = 'half'",
    ],
)
def test_what_the_loader_refuses_the_editor_marks(text: str) -> None:
    """Most mistakes are seen while typing, long before a run."""
    whole = text if text.startswith("tit") or not text else f"title = 'x'\n{text}"
    assert problems(whole)
    assert not VALIDATOR.is_valid(tomllib.loads(whole))
