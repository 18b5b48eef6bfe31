"""Who does what, and when: stages, options and accounts of stock Locust beside those of pwdload (O, P, Q)."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.runs import latest, on_a_port_of_its_own, samples
from tests.processes import environment
from tests.traps.run import found
from tests.traps.sides import ours, target

from pwdload.pacing import Sharing

pytestmark = pytest.mark.e2e

ASKING = Path(__file__).with_name("asking_locustfile.py")
STEPS = Path(__file__).with_name("stages_locustfile.py")
STAGES = '{ from = "10/s", to = "100/s", steps = 3 }'


@pytest.mark.slow
def test_no_stage_is_left_out(tmp_path: Path) -> None:
    """Trap O: three steps of a second each, on two processes.

    Stock: the first wants more users than spawn in a second. Its master asks for the next stage when they are there,
    and the second has gone by. Ours: arrivals follow the schedule's own clock, and each step has what it was given.
    """
    said = tmp_path / "said.txt"
    command = [sys.executable, "-m", "locust", "-f", str(STEPS), "--headless", "--processes", "2"]
    variables = environment() | {"STOCK_SAID": str(said)}
    subprocess.run(
        [*command, *on_a_port_of_its_own()], env=variables, capture_output=True, cwd=tmp_path, timeout=60, check=True
    )
    assert "1" not in said.read_text("utf-8").split()
    with target(tmp_path) as at:
        ours(at, tmp_path, "-r", "10", rate=STAGES, length="3s", slots=35)
    per_second = Counter(int(at_s) for at_s in samples(latest(tmp_path))["intended_s"].to_pylist())
    assert [per_second[second] for second in range(3)] == [10, 55, 100]


@pytest.mark.slow
def test_a_worker_is_told_what_its_master_was_told(tmp_path: Path) -> None:
    """Trap P: an option is given to the master alone, and its worker is started without.

    Stock: when the worker's `init` is fired it still has the default; whatever is built then is built by that. (Ours:
    a worker gets the whole plan with the order to begin, see `test_nothing_lost`, whose workers know no scenario.)
    """
    said = tmp_path / "said.txt"
    variables = environment() | {"STOCK_SAID": str(said)}
    port = on_a_port_of_its_own()
    command = [sys.executable, "-m", "locust", "-f", str(ASKING), *port]
    headless = ("--headless", "--expect-workers", "1", "-u", "1", "-t", "1s", "--word", "important")
    with subprocess.Popen([*command, "--worker"], env=variables, stderr=subprocess.DEVNULL) as worker:
        subprocess.run([*command, "--master", *headless], env=variables, capture_output=True, timeout=60, check=True)
        worker.wait(30)
    assert said.read_text("utf-8").splitlines() == ["init nothing", "start important"]


def test_a_worker_that_is_started_again_takes_nobody_s_place() -> None:
    """Trap Q: one of two workers is started again.

    Stock: it gets a new number, so that with `account % workers` one account has two takers, and another has none.
    Ours: turns are shared out among those who are there by their names, and each arrival is exactly one's.
    """
    taken = found("places")
    assert taken["before"] == [1, 1, 1, 1]
    assert taken["after"] != [1, 1, 1, 1]
    sharing = Sharing.among({"worker-0", "worker-1"}).changed({"worker-0", "worker-2"}, 100)
    turns = [sharing.worker(number) for number in range(200)]
    assert set(turns[:100]) == {"worker-0", "worker-1"}
    assert set(turns[100:]) == {"worker-0", "worker-2"}
