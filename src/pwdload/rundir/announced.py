"""The load of a search on disk, as it is announced: one piece a line, so that the cost does not grow with the run.

`run.json` has all of it once the run has ended. A run that was killed has it here, up to the last line that is whole.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pwdload.rundir.records import Announced, RunRecord

_ANNOUNCED = TypeAdapter(Announced)
_ONE_MOMENT_S = 1e-6


def write_announced(path: Path, announced: Announced) -> None:
    """Write down one more piece of the load."""
    line = json.dumps(asdict(announced), ensure_ascii=False)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def with_announced(record: RunRecord, path: Path) -> RunRecord:
    """Return the record of a run that never ended, with the load that was announced since it was written."""
    if record.is_finished or record.arrivals is None:
        return record
    stages, pieces = list(record.stages), list(record.arrivals.pieces)
    for one in _announced(path):
        if pieces and one.piece.start_s < pieces[-1].end_s - _ONE_MOMENT_S:
            continue
        pieces.append(one.piece)
        is_longer = bool(stages) and stages[-1].name == one.stage.name
        stages = [*(stages[:-1] if is_longer else stages), one.stage]
    return replace(record, stages=tuple(stages), arrivals=replace(record.arrivals, pieces=tuple(pieces)))


def _announced(path: Path) -> Iterator[Announced]:
    """Yield what was announced, up to the first line that was not written to its end."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield _ANNOUNCED.validate_json(line, strict=True)
        except ValidationError:
            return
