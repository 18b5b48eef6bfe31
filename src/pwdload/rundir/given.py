"""The scenario of a run as it is on record: its text, and why that is not what the run was given."""

import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_CHANGED = "{} is not what the run was given: it was changed later, run.json has another digest of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenScenario:
    """What `scenario.toml` of a run directory holds."""

    source: str = ""
    """A TOML document; empty where there is none that can be read."""
    is_there: bool = True
    """Whether there is such a file."""
    is_readable: bool = True
    """Whether it is TOML; also where an older version has left no file."""
    problem: str = ""
    """Why nobody knows what the scenario said, a clause that names the file; empty where that is known, and where a
    run of an older version has no such file."""


def digest_of(source: str) -> str:
    """Return what `run.json` holds of a scenario, so that a file that is another one, or gone, is noticed."""
    return sha256(source.encode("utf-8")).hexdigest()


def read_given(path: Path, digest: str) -> GivenScenario:
    """Read a run's scenario; `digest` is the one in its `run.json`, empty where a run of an older version has none."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        why = f"{path.name} is not there, though the run was given one" if digest else ""
        return GivenScenario(is_there=False, is_readable=not why, problem=why)
    except OSError as error:
        return GivenScenario(is_readable=False, problem=f"{path.name} cannot be read ({error.strerror})")
    source = raw.decode("utf-8", errors="replace")
    try:
        tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        return GivenScenario(source=source, is_readable=False, problem=f"{path.name} is no TOML ({error})")
    is_other = digest and sha256(raw).hexdigest() != digest
    return GivenScenario(source=source, problem=_CHANGED.format(path.name) if is_other else "")
