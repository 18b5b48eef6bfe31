"""What a process that generates load does without."""

import subprocess
import sys

from tests.processes import LOCUSTFILE, environment

SCRIPT = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="password_update")
from pwdload.endings import Ending, to_table
from pwdload.samples import SCHEMA
from pwdload.samples.blocks import Block
Block.encode(0, [])
table = to_table([Ending(1, "1", "2")])
assert "pandas" not in sys.modules
assert "rich" not in sys.modules, "only where a view is drawn"
assert table.to_pandas()["after"].tolist() == ["2"]
import pandas
assert pandas.DataFrame({"one": [1]})["one"].sum() == 1
"""


def test_pandas_and_rich_are_imported_only_where_somebody_asks_for_them() -> None:
    """Not for samples and endings, nor without a view; a locustfile that wants pandas has it as ever."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(LOCUSTFILE)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
