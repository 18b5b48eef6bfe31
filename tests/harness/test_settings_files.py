"""Our options in Locust's own settings files: locust.conf and pyproject.toml, as a team keeps them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.processes import environment

SCRIPT = """
import json, sys
from locust.argument_parser import get_parser
from pwdload.harness.options import add_arguments
parser = get_parser()
add_arguments(parser)
options = parser.parse_args(sys.argv[1:])
names = ("scenario", "reports", "allow_host", "no_calibrate", "host")
print(json.dumps({name: getattr(options, name) for name in names}))
"""
CONF = """
scenario = scenarios/staging.toml
host = https://staging.example.com
allow-host = [staging.example.com, sso.example.com]
reports = out
no-calibrate = true
"""
TOML = """
[tool.locust]
scenario = "scenarios/staging.toml"
host = "https://staging.example.com"
allow-host = ["staging.example.com", "sso.example.com"]
reports = "out"
no-calibrate = true
"""


def options_in(folder: Path, *arguments: str) -> dict[str, object]:
    """Return our options as `locust` has them in a folder."""
    variables = environment(more={"PYTHONPATH": ":".join(sys.path)})
    variables.pop("PWDLOAD_NO_CALIBRATE")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    parsed: dict[str, object] = json.loads(done.stdout)
    return parsed


@pytest.mark.parametrize(("name", "text"), [("locust.conf", CONF), ("pyproject.toml", TOML)])
def test_settings_files_are_respected(tmp_path: Path, name: str, text: str) -> None:
    """Each of our options can be kept in the file that Locust reads; the command line wins."""
    (tmp_path / name).write_text(text)
    assert options_in(tmp_path, "--reports", "elsewhere") == {
        "scenario": "scenarios/staging.toml",
        "host": "https://staging.example.com",
        "allow_host": ["staging.example.com", "sso.example.com"],
        "reports": "elsewhere",
        "no_calibrate": True,
    }
