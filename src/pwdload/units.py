"""Units: the only place that knows how a duration, a rate or a share is written.

Parsing is for what a person types: one unit at least, nothing guessed, one clear line when it is refused.
Formatting is for what a person reads in a report: few digits, always the unit. What is formatted can be parsed
again, to the digits shown (what begins with "<" or ">" and the thousands separators excepted).
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from pwdload.errors import UsageError

SECONDS_PER_UNIT: Mapping[str, Decimal] = MappingProxyType(
    {"d": Decimal(86_400), "h": Decimal(3_600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
)
"""Every unit of time, longest first: the order in which the parts of a duration are written."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_DURATION = re.compile(r"\s*".join(rf"(?:({_NUMBER})\s*{unit})?" for unit in SECONDS_PER_UNIT))
_RATE = re.compile(rf"({_NUMBER})\s*/\s*(d|h|m|s|ms)")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_CHANGE = re.compile(rf"(-?{_NUMBER})\s*%")
_WITHIN = re.compile(r"(.*\S)\s+within\s+(\S.*)")
_BARE_NUMBER = re.compile(_NUMBER)

_DURATION_EXAMPLES = "10s, 200ms, 2m, 1m30s, 1.5h or 1d"
_RATE_EXAMPLES = "50/s, 3000/m or 10/h"

DURATION_PATTERN = rf"^\s*(?=.*[0-9]){_DURATION.pattern}\s*$"
"""What `parse_duration_s` accepts, as a regular expression that JSON schema (ECMA 262) understands too."""
RATE_PATTERN = rf"^\s*{_RATE.pattern}\s*$"
"""What `parse_rate_per_s` accepts, likewise."""
PERCENT_PATTERN = rf"^\s*{_PERCENT.pattern}\s*$"
"""What `parse_share` accepts as text, likewise; that it is at most 100 % is not part of the pattern."""
CHANGE_PATTERN = rf"^\s*{_CHANGE.pattern}\s*$"
"""What `parse_change` accepts, likewise."""
SHARE_WITHIN_PATTERN = rf"^\s*{_PERCENT.pattern}\s+within\s+(?=[0-9]){_DURATION.pattern}\s*$"
"""What `parse_share_within` accepts, likewise."""


def parse_duration_s(value: object) -> float:
    """Return the seconds that a duration such as "200ms", "1.5s", "2m" or "1m30s" means; 0 or more, finite.

    Units: d, h, m (minutes), s, ms; several parts go from the longest unit to the shortest. The value may come
    straight from a TOML file: anything but text is refused too, a plain number because it has no unit.

    Raises `UsageError` for anything else.
    """
    if _is_plain_number(value):
        raise UsageError(f"{_shown(value)}: a duration needs a unit: {_DURATION_EXAMPLES}")
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        raise UsageError(f"{_shown(value)}: not a duration; write a number and its unit: {_DURATION_EXAMPLES}")
    parts = zip(match.groups(), SECONDS_PER_UNIT.values(), strict=True)
    return _finite(value, sum((Decimal(number) * unit_s for number, unit_s in parts if number), Decimal(0)))


def parse_rate_per_s(value: object) -> float:
    """Return the events per second that a rate such as "50/s", "3000/m" or "10/h" means; 0 or more, finite.

    Raises `UsageError` for anything else, a plain number without a unit included.
    """
    if _is_plain_number(value):
        raise UsageError(f"{_shown(value)}: a rate needs a unit: {_RATE_EXAMPLES}")
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise UsageError(f"{_shown(value)}: not a rate; write a number per unit of time: {_RATE_EXAMPLES}")
    return _finite(value, Decimal(match[1]) / SECONDS_PER_UNIT[match[2]])


def parse_share(value: object) -> float:
    """Return the share in [0, 1] that "0.1%", "60%" or the number 0.25 means.

    Text needs the percent sign and a number must not have more than 1, so that "60" is never read as 6000 %.

    Raises `UsageError` for anything else, shares above 100 % included.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _share_of_number(value)
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        hint = f'; write "{_shown(value)}%"' if _is_plain_number(value) else ""
        raise UsageError(f"{_shown(value)}: not a share{hint}; allowed is 0% to 100%, or a number from 0 to 1")
    share = _finite(value, Decimal(match[1]) / 100)
    if share > 1:
        raise UsageError(f"{_shown(value)}: more than everything; a share is 0% to 100%")
    return share


def parse_change(value: object) -> float:
    """Return by which part something grows that "20%" means, 0.2; "-5%" shrinks. More than 100 % may be.

    Text with a percent sign only: a number could mean either.

    Raises `UsageError` for anything else.
    """
    match = _CHANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise UsageError(f"{_shown(value)}: not a part to grow by; write it in per cent: 20% or -5%")
    return _finite(value, Decimal(match[1]) / 100)


def parse_share_within(value: object) -> tuple[float, float]:
    """Return the share from 0 to 1 and the seconds that "60% within 15m" means.

    Raises `UsageError` for anything else.
    """
    match = _WITHIN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise UsageError(f"{_shown(value)}: not a share within a time; write both: 60% within 15m")
    return parse_share(match[1]), parse_duration_s(match[2])


def format_duration(seconds: float) -> str:
    """Return a duration for a report: "0.15 ms", "3.4 ms", "340 ms", "1.20 s", "42.5 s", "2 m 05 s", "3 h 07 m".

    Two or three digits, rounded to nearest, so that a column can be read at a glance; what is above nothing but
    below what can be shown is "< 0.01 ms". A difference may be negative.

    Raises `ValueError` for NaN and infinity: what to print instead is the report's business.
    """
    _require_finite(seconds)
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if 0 < seconds < 0.000_01:
        return "< 0.01 ms"
    for below, unit, decimals in ((1, "ms", 2), (100, "ms", 1), (1_000, "ms", 0), (10, "s", 2), (60, "s", 1)):
        # Rounded before it is compared: 999.6 ms is "1.00 s", never "1000 ms".
        number = round(seconds / float(SECONDS_PER_UNIT[unit]), decimals)
        if number < below:
            return f"{number:.{decimals}f} {unit}" if number else "0 ms"
    return _format_long_duration(seconds)


def format_moment(seconds: float) -> str:
    """Return a moment of a run, in whole seconds from its start: "12 s", "6 min 03 s", "1 h 06 min 03 s".

    Rounded down: what is said to happen after so long has not happened before.

    Raises `ValueError` for NaN, infinity and what lies before the start.
    """
    _require_finite(seconds)
    if seconds < 0:
        raise ValueError(f"a moment of a run cannot lie before its start, not {seconds}")
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min {rest_s:02d} s"
    return f"{minutes} min {rest_s:02d} s" if minutes else f"{rest_s} s"


def format_rate(per_s: float) -> str:
    """Return a rate for a report with three digits: "12,400/s", "483/s", "48.3/s", "4.83/s", "3.00/m", "10.0/h".

    Per second down to 0.1/s; below that per minute or per hour, whichever is the first to reach 0.1.

    Raises `ValueError` for NaN, infinity and negative rates.
    """
    _require_finite(per_s)
    if per_s < 0:
        raise ValueError(f"a rate cannot be negative, not {per_s}")
    if per_s == 0:
        return "0/s"
    if per_s * 3_600 < 0.01:
        return "< 0.01/h"
    unit = next((unit for unit in ("s", "m") if per_s * float(SECONDS_PER_UNIT[unit]) >= 0.1), "h")
    number = per_s * float(SECONDS_PER_UNIT[unit])
    decimals = next((decimals for below, decimals in ((10, 2), (100, 1)) if round(number, decimals) < below), 0)
    return f"{number:,.{decimals}f}/{unit}"


def format_share(share: float) -> str:
    """Return a share in [0, 1] for a report: "0.12 %", "60.00 %", and "0 %" or "100 %" only when it is exactly that.

    A small share of failures must not read as none, nor an almost complete success as a complete one: such a share
    is "< 0.01 %" or "> 99.99 %".

    Raises `ValueError` outside [0, 1] and for NaN.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if share < 0.000_1:
        return "< 0.01 %"
    return "> 99.99 %" if share > 0.999_9 else f"{share * 100:.2f} %"


def format_change(part: float) -> str:
    """Return by which part something is more or less, for a report: "+32 %", "-7 %", "+1.4 %", "0 %".

    Whole per cent from 10 % on, one decimal below; "< +0.1 %" and "> -0.1 %" where so little is left that it would read
    as nothing.

    Raises `ValueError` for NaN and infinity.
    """
    _require_finite(part)
    if not part:
        return "0 %"
    if abs(part) < 0.000_5:
        return "< +0.1 %" if part > 0 else "> -0.1 %"
    return f"{part * 100:+,.{1 if abs(part) < 0.0995 else 0}f} %"


def format_count(count: int) -> str:
    """Return a count for a report: "12,400"."""
    return f"{count:,d}"


def counted(count: int, noun: str, several: str = "") -> str:
    """Return a count with its noun: "1 login", "4,000 logins"; `several` where an s is not how there are more of it."""
    return f"{format_count(count)} {noun if count == 1 else several or noun + 's'}"


def _is_plain_number(value: object) -> bool:
    """Whether the value is a number without a unit, be it a number of TOML or one written as text."""
    if isinstance(value, str):
        return _BARE_NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _share_of_number(number: float) -> float:
    if 0 <= number <= 1:
        return float(number)
    hint = f'; write "{number}%" if that is meant' if 1 < number <= 100 else ""
    raise UsageError(f"{_shown(number)}: as a number a share is from 0 to 1{hint}")


def _finite(value: object, exact: Decimal) -> float:
    """Return the nearest float: the decimal sum is exact, so "0.3s" and "300ms" are the same number."""
    result = float(exact)
    if math.isinf(result):
        raise UsageError(f"{_shown(value)}: the number is too large")
    return result


def _shown(value: object) -> str:
    """Return the value on one short line, as the user wrote it where that can be printed."""
    text = value.strip() if isinstance(value, str) and value.isprintable() and value.strip() else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _require_finite(number: float) -> None:
    if not math.isfinite(number):
        raise ValueError(f"only a finite number can be formatted, not {number}")


def _format_long_duration(seconds: float) -> str:
    """Return a minute or more as two neighbouring units: "2 m 05 s", "3 h 07 m", "2 d 04 h"."""
    if round(seconds) < 3_600:
        long, short = "m", "s"
    else:
        long, short = ("h", "m") if round(seconds / 60) < 24 * 60 else ("d", "h")
    short_s = int(SECONDS_PER_UNIT[short])
    longs, rest = divmod(round(seconds / short_s), int(SECONDS_PER_UNIT[long]) // short_s)
    return f"{longs} {long} {rest:02d} {short}"
