"""The health of load generators, as it is kept in a run directory."""

from pathlib import Path

from pwdload.health import HealthLog, HealthRow, read_health

ROWS = tuple(
    HealthRow(
        worker=f"worker-{n % 2}",
        at_s=n + 0.25,
        cpu_share=0.5,
        loop_lag_s_max=0.001 * n,
        in_flight=n,
        queued=0,
        begun=10 * n,
        dropped=0,
        unacknowledged=1,
    )
    for n in range(5)
)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    """What a generator said of itself reaches the report."""
    log = HealthLog(tmp_path / "health.csv")
    log.append(ROWS[:2])
    log.append(ROWS[2:])
    log.close()
    assert read_health(tmp_path / "health.csv") == ROWS


def test_a_file_that_was_cut_keeps_what_came_before(tmp_path: Path) -> None:
    """A machine that lost power loses its last second, not the others."""
    path = tmp_path / "health.csv"
    log = HealthLog(path)
    log.append(ROWS)
    log.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b",0,1")])
    assert read_health(path) == ROWS[:-1]
    path.write_bytes(whole.replace(b"0.25", b"nan"))
    assert read_health(path) == ROWS[1:]


def test_a_run_without_health_has_no_rows(tmp_path: Path) -> None:
    """Runs of before this file existed are still read."""
    assert read_health(tmp_path / "health.csv") == ()
