"""All defects by name, which of them are on, and the classes that they make of the healthy ones."""

import difflib
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType

from pwdload.standin.assembly import Classes
from pwdload.standin.defects import (
    answers,
    changes,
    durability,
    lockout,
    mixed_up,
    old_password,
    policy,
    skipping,
    token_checks,
    token_use,
)
from pwdload.standin.defects.defect import Chosen, Defect, chosen
from pwdload.standin.failure import StandinError
from pwdload.standin.settings import Settings

_HEALTHY = Classes()

DEFECTS: Mapping[str, Defect] = MappingProxyType(
    {
        defect.name: defect
        for defect in (
            *token_use.DEFECTS,
            *token_checks.DEFECTS,
            *old_password.DEFECTS,
            *policy.DEFECTS,
            *changes.DEFECTS,
            *durability.DEFECTS,
            *lockout.DEFECTS,
            *mixed_up.DEFECTS,
            *answers.DEFECTS,
            *skipping.DEFECTS,
        )
    }
)
"""Every defect by its name, in the order of the list."""


def chosen_defects(texts: Iterable[str], settings: Settings) -> Sequence[Chosen]:
    """Return the defects that are named, each ``NAME`` or ``NAME=VALUE``.

    Raises:
        StandinError: one is unknown, named twice, has a value that is not allowed, or nothing to break.
    """
    found: dict[str, Chosen] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        defect = DEFECTS.get(name)
        if defect is None:
            near = difflib.get_close_matches(name, DEFECTS, n=1, cutoff=0.5)
            hint = f'did you mean "{near[0]}"?' if near else "`pwdload standin defects` lists them all"
            raise StandinError(f"defect {name}: no such defect; {hint}")
        if name in found:
            raise StandinError(f"defect {name}: named twice; leave one out")
        try:
            found[name] = chosen(defect, value)
            found[name].classes(settings)
        except ValueError as error:
            raise StandinError(f"defect {text}: {error}") from None
    return tuple(found.values())


def defective_classes(settings: Settings) -> Classes:
    """Return the classes for these settings; without a defect, the healthy ones themselves.

    Several defects of one part are stacked by inheritance, the first named on top: each does its own thing and leaves
    the rest to the next.

    Raises:
        StandinError: as `chosen_defects`.
    """
    fitted = [one.classes(settings) for one in chosen_defects(settings.defects, settings)]
    return Classes(**{part.name: _stacked(part.name, fitted) for part in fields(Classes)})


def _stacked(part: str, fitted: Iterable[Classes]) -> type:
    healthy: type = getattr(_HEALTHY, part)
    broken = [made for classes in fitted if (made := getattr(classes, part)) is not healthy]
    if len(broken) < 2:
        return broken[0] if broken else healthy
    return type(healthy.__name__, tuple(broken), {})


def describe_defects() -> str:
    """Return the list of all defects as plain text, one paragraph each."""
    paragraphs = []
    for defect in DEFECTS.values():
        head = f"{defect.name}={defect.value}" if defect.value else defect.name
        body = textwrap.fill(defect.sentence, width=110, initial_indent="    ", subsequent_indent="    ")
        paragraphs.append(f"{head}\n{body}")
    return "\n".join(paragraphs)
