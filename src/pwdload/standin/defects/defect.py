"""A defect as a value: its name, what is broken, how often and for how long, and the classes that break it."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from pwdload.standin.assembly import Classes
from pwdload.standin.settings import Settings

_TIME_MAX_S = 60.0
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")
_SHARE = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """How a defect is set for one run of the program. What it does not have is 0 s, and a share of 1."""

    time_s: float
    share: float
    settings: Settings
    random: random.Random
    """Its own seeded stream, so that one defect more does not change whom another strikes."""

    def strikes(self) -> bool:
        """Whether the next request that it could strike is struck."""
        return self.random.random() < self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing that can be broken."""

    name: str
    sentence: str
    """What is broken."""
    fit: Callable[[Tuned], Classes]
    """Makes the classes that take the place of healthy ones, the others healthy; a `ValueError` says why it cannot."""
    time_s: float | None = None
    """What is right for a time unless a value says otherwise; null where it has none."""
    share: float | None = None
    """The same of the share that is struck."""

    @property
    def value(self) -> str:
        """The default value as it is typed; empty where there is none."""
        return _typed(self.time_s, self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A defect that is on, with its values."""

    defect: Defect
    time_s: float | None
    share: float | None

    def __str__(self) -> str:
        value = _typed(self.time_s, self.share)
        return f"{self.defect.name}={value}" if value else self.defect.name

    def classes(self, settings: Settings) -> Classes:
        """Return the classes that take the place of healthy ones.

        Raises:
            ValueError: the settings leave nothing for it to break.
        """
        seeded = random.Random(f"{settings.defects_seed}/{self.defect.name}")  # noqa: S311 - not a secret
        share = 1.0 if self.share is None else self.share
        return self.defect.fit(Tuned(time_s=self.time_s or 0.0, share=share, settings=settings, random=seeded))


def chosen(defect: Defect, value: str) -> Chosen:
    """Return a defect with its value: a time with a unit, a share, or both with a colon between; "" for the defaults.

    Raises:
        ValueError: the value is not one that the defect takes; the text says what is.
    """
    time_s, share = defect.time_s, defect.share
    for part in value.split(":") if value else ():
        if (time := _TIME.fullmatch(part)) and defect.time_s is not None:
            time_s = float(time[1]) / (1000 if time[2] == "ms" else 1)
        elif _SHARE.fullmatch(part) and defect.share is not None:
            share = float(part)
        else:
            raise ValueError(_allowed(defect))
    if not (0 <= (time_s or 0) <= _TIME_MAX_S and 0 < (1 if share is None else share) <= 1):
        raise ValueError(_allowed(defect))
    return Chosen(defect=defect, time_s=time_s, share=share)


def _allowed(defect: Defect) -> str:
    if not defect.value:
        return "it takes no value"
    allowed = {
        "a time up to 60s": defect.time_s,
        "a share above 0, up to 1": defect.share,
    }
    kinds = [words for words, default in allowed.items() if default is not None]
    return f"allowed: {', and after a colon '.join(kinds)}, such as {defect.name}={defect.value}"


def _typed(time_s: float | None, share: float | None) -> str:
    time = [] if time_s is None else [f"{time_s:g}s" if time_s >= 1 else f"{time_s * 1000:g}ms"]
    return ":".join([*time, *([] if share is None else [f"{share:g}"])])
