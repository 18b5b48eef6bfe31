"""Our options in Locust's own settings files: locust.conf and pyproject.toml, as a team keeps them."""

import json
import subprocess
import sys
from pathlib import Path

from tests.processes import environment

SCRIPT = """
import json, os, sys
from locust.argument_parser import get_parser
from pwdload.harness.options import add_arguments
names = ("scenario", "reports", "allow_host", "no_calibrate", "host")
answers = []
for folder in sys.argv[1:]:
    os.chdir(folder)
    parser = get_parser()
    add_arguments(parser)
    options = parser.parse_args(["--reports", "elsewhere"])
    answers.append({name: getattr(options, name) for name in names})
print(json.dumps(answers))
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


def test_settings_files_are_respected(tmp_path: Path) -> None:
    """Each of our options can be kept in either file that Locust reads; the command line wins."""
    folders = [tmp_path / "conf", tmp_path / "toml"]
    for folder, name, text in zip(folders, ("locust.conf", "pyproject.toml"), (CONF, TOML), strict=True):
        folder.mkdir()
        (folder / name).write_text(text)
    variables = environment(more={"PYTHONPATH": ":".join(sys.path)})
    variables.pop("PWDLOAD_NO_CALIBRATE")
    command = [sys.executable, "-c", SCRIPT, *map(str, folders)]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    expected = {
        "scenario": "scenarios/staging.toml",
        "host": "https://staging.example.com",
        "allow_host": ["staging.example.com", "sso.example.com"],
        "reports": "elsewhere",
        "no_calibrate": True,
    }
    assert json.loads(done.stdout) == [expected, expected]
