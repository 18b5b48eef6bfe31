"""The record of what was done to the target."""

from pathlib import Path

import pytest

from pwdload.errors import RunDirectoryError
from pwdload.injections import FaultsRecord, Injection, SteadyLook, read_faults, write_faults


def test_written_and_read_again_is_the_same(tmp_path: Path) -> None:
    """Whoever judges a run sees exactly what the process in charge has stamped."""
    injection = Injection(
        fault="slow network",
        kind="latency",
        means="proxy",
        direction="downstream",
        scope="request",
        share=0.3,
        attributes={"latency": "200ms"},
        planned_start_s=10.0,
        planned_end_s=20.0,
        inject_before_s=10.001,
        inject_after_s=10.003,
        heal_before_s=20.001,
    )
    look = SteadyLook(
        when="before", fault="slow network", from_s=5.0, to_s=10.0, criterion="failed share", measured="0 %", met=True
    )
    record = FaultsRecord(engine="embedded", injections=(injection,), steady=(look,), lost_s=12.5)
    write_faults(tmp_path / "faults.json", record)
    assert read_faults(tmp_path / "faults.json") == record


def test_a_run_without_faults_has_no_record(tmp_path: Path) -> None:
    """No file says that nothing was done."""
    assert read_faults(tmp_path / "faults.json") is None


@pytest.mark.parametrize("text", ["", "{", '{"injections": [{"fault": 3}]}', '{"format": 99}'])
def test_damage_and_the_future_are_named(tmp_path: Path, text: str) -> None:
    """A file that is not ours is one line which names it, not a traceback."""
    path = tmp_path / "faults.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunDirectoryError, match=r"faults\.json"):
        read_faults(path)
