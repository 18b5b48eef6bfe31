"""What was done to the target while a run was on: one entry per fault that was injected, with its stamps.

Written by the process in charge as `faults.json` when the run ends, read by everything that judges it. All times are
seconds on the run's clock. The moment at which a fault took hold lies between the two stamps around the call that
injected it, and so for the healing.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import FiniteFloat, PositiveInt, TypeAdapter, ValidationError

from pwdload.errors import RunDirectoryError
from pwdload.rundir import write_json

FORMAT = 1
"""Version of the file; a reader refuses a newer one."""

Means = Literal["proxy", "process", "network", "load"]
"""What a fault is done with: the fault proxy, the target's processes, the kernel's network, or the load itself."""


When = Literal["before", "during", "after"]
"""When the steady state is looked at, as seen from a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One fault, from its injection to its healing. A fault that is repeated has one for each time."""

    fault: str
    """Name of the fault in the scenario."""
    kind: str
    """Kind of fault, such as ``latency`` or ``kill``."""
    means: Means
    direction: Literal["upstream", "downstream", ""] = ""
    """upstream: towards the target, so that it never happened; downstream: on the way back. Empty where it has none."""
    scope: Literal["request", "connection", ""] = ""
    share: FiniteFloat = 1.0
    """Share of the requests or connections that were affected."""
    attributes: dict[str, str] = field(default_factory=dict)
    """What the kind has been told, as the scenario writes it, such as ``latency: 200ms``."""
    repeat: PositiveInt = 1
    """The how many-th time it was injected."""
    planned_start_s: FiniteFloat
    planned_end_s: FiniteFloat
    inject_before_s: FiniteFloat | None = None
    """Just before the call that injects it; null when it was not injected."""
    inject_after_s: FiniteFloat | None = None
    """When that call had come back; null when it did not, or failed."""
    heal_before_s: FiniteFloat | None = None
    heal_after_s: FiniteFloat | None = None
    """When the call that heals had come back; null when the fault was not healed, as far as anybody knows."""
    error: str = ""
    """Why it could not be injected or healed, one sentence; such a run is INVALID."""
    skipped: str = ""
    """Why it was left out on purpose, one sentence: the steady state before it was not met."""

    @property
    def took_hold(self) -> bool:
        """Whether the fault was injected."""
        return self.inject_after_s is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyLook:
    """One look at the steady-state hypothesis."""

    when: When
    fault: str
    """Name of the fault that it was looked at for."""
    repeat: PositiveInt = 1
    from_s: FiniteFloat
    """Begin of the piece of the run that was looked at."""
    to_s: FiniteFloat
    criterion: str
    """What was asked for, such as ``failed share at most 1 %``."""
    measured: str
    """What was found, in the same unit."""
    met: bool | None
    """Null when there was nothing to tell it from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultsRecord:
    """All faults of a run."""

    engine: str = ""
    """What the proxied faults were made with: ``embedded``, or the URL of a Toxiproxy; empty where there were none."""
    injections: tuple[Injection, ...] = ()
    steady: tuple[SteadyLook, ...] = ()
    unavailable: tuple[str, ...] = ()
    """What this machine cannot do, one sentence each; a fault that needed it was refused before the run."""
    lost_s: FiniteFloat | None = None
    """When the fault proxy was found dead, on the run's clock; such a run is INVALID."""
    format: PositiveInt = FORMAT


_RECORD = TypeAdapter(FaultsRecord)


def write_faults(path: Path, record: FaultsRecord) -> None:
    """Write the file, whole or not at all."""
    write_json(path, asdict(record))


def read_faults(path: Path) -> FaultsRecord | None:
    """Return the record; null where there is no such file: nothing was done to the target.

    Raises:
        RunDirectoryError: the file is damaged, or of a newer format.
    """
    if not path.is_file():
        return None
    try:
        record = _RECORD.validate_json(path.read_bytes(), strict=True)
    except (OSError, ValidationError) as error:
        what = str(error).splitlines()[0]
        raise RunDirectoryError(f"{path}: not a record of faults ({what}); give another run's directory") from None
    if record.format > FORMAT:
        raise RunDirectoryError(
            f"{path}: format {record.format}, this pwdload reads up to {FORMAT}; use a newer pwdload"
        )
    return record
