"""What is kept of a search: search.json, written anew after each level."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pwdload.criteria import Standing
from pwdload.errors import RunDirectoryError
from pwdload.rundir import write_json
from pwdload.searching.values import Result, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRecord:
    """One level: why it was played, what came of it, and what was known of the capacity before it."""

    stage: str
    """Name of its stage in the run's record."""
    reason: str
    """Why this rate, in one sentence."""
    result: Result
    standing: Standing
    broken: tuple[str, ...]
    """The criteria that were not kept, the one furthest past its limit first."""
    held: int = 1
    """For how many times the usual time it was held, because nobody could tell."""
    lower_per_s: float | None = None
    """The bracket, or the interval, before this level."""
    upper_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRecord:
    """A whole search."""

    settings: Settings
    criteria: tuple[str, ...]
    """Names of the criteria that it went by."""
    levels: tuple[LevelRecord, ...] = ()
    outcome: str = ""
    """Why it ended, in one sentence; empty while it goes on, and where the run was broken off."""
    found: bool = False
    at_least_per_s: float | None = None
    """What the capacity must reach for the run to pass; null where finding it is enough."""

    @property
    def results(self) -> list[Result]:
        """What came of each level."""
        return [level.result for level in self.levels]


_RECORD = TypeAdapter(SearchRecord)


def write_search(path: Path, record: SearchRecord) -> None:
    """Write the record, whole or not at all."""
    write_json(path, asdict(record))


def read_search(path: Path) -> SearchRecord | None:
    """Read the record; null where the run was no search.

    Raises:
        RunDirectoryError: it is there and not readable.
    """
    try:
        return _RECORD.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = ".".join(map(str, first["loc"])) or "the file"
        raise RunDirectoryError(f"{path}: not the record of a search ({what}: {first['msg']})") from None
    except OSError as error:
        raise RunDirectoryError(f"{path}: not readable ({error.strerror})") from None
