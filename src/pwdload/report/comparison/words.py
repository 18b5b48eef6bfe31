"""How the numbers of a comparison are written, and the words of its page with their exact meaning."""

from pwdload.analysis.comparison.compare import margin_of
from pwdload.analysis.comparison.values import Compared, Quantity, Result
from pwdload.report.model import Tone
from pwdload.units import format_duration, format_rate, format_share

TONES: dict[Result, Tone] = {
    Result.BETTER: "good",
    Result.EQUIVALENT: "good",
    Result.CANNOT_TELL: "warn",
    Result.WORSE: "bad",
}

DEFINITIONS = (
    ("Base, new", "The two sides. A difference is new less base; a relative one is a share of the base."),
    (
        "95 % interval",
        "Where the true difference lies, with 95 % confidence, one number at a time. With one run on a side it is of "
        "the samples, wider where neighbours in time are alike. With two runs or more on each side it is also of what "
        "differs from run to run (pooled spread of the runs, Student's t), whichever is wider.",
    ),
    (
        "Primary numbers",
        "What the verdict rests on, fixed beforehand: all times, p50 and p95 of update_password, p95 of the journey, "
        "goodput, failed share. Every other number is there to explain, and may differ by chance: one in twenty does.",
    ),
    (
        "Margin",
        "By how much a number may differ and still count as the same: a share of the base; of a failed share a tenth "
        "of that, in percentage points, since a share of none has no relative difference.",
    ),
    (
        "Better, worse",
        "A difference is shown at 5 %, corrected for the number of primary numbers (Holm; four fifths of the 5 % go to "
        "all times of update_password, which find most), and it is not shown to be within the margin.",
    ),
    (
        "Equivalent",
        "Two one-sided tests at 5 % (TOST) rule out a difference beyond the margin: the 90 % interval lies within it. "
        "It may be sure that there is a difference; it is too small to matter.",
    ),
    ("Cannot tell", "Neither of these is shown. It is not the same as no difference: more samples or runs narrow it."),
    (
        "Verdict",
        "Worse when any primary number is; equivalent when all are; better when one is and no other one may be worse "
        "by the margin; else cannot tell.",
    ),
    ("Response time", "From the moment a request was due (intended) to its complete, parsed answer."),
    (
        "All times",
        "By what factor the times of new are those of base, their whole distributions at once (log-rank test): 1.05 × "
        "is 5 % slower. Where everything got slower by about one factor it finds in half as many samples what one "
        "percentile does; where only the slowest requests did, their percentiles tell. n/a where the samples hang "
        "together so much that they are worth too few.",
    ),
    ("Journey", "A flow as a person lives it: from the moment it was due to its accepted change."),
    ("Goodput", "Accepted changes of a password, completed, per second of measured time."),
    (
        "Failed share",
        "Requests that were refused wrongly, turned away, never sent or never answered, of all that were due in the "
        "measured time.",
    ),
    (
        "Generator lag",
        "By how much a request on an open connection left after it was due: the load generator's own. A difference "
        "here is one of the instrument, and a reason to doubt the others.",
    ),
    (
        "Percentile",
        "Nearest rank over the raw samples of all runs of a side together; never averaged. n/a where fewer than 10 "
        "samples are expected beyond it: p50 from 20, p95 from 200, p99 from 1,000; the difference of two is n/a also "
        "where the samples hang together so much that they are worth fewer.",
    ),
)


def value_words(quantity: Quantity, value: float | None) -> str:
    """Return a value of one side as a person reads it."""
    if value is None:
        return "n/a"
    if quantity.kind == "rate":
        return format_rate(value)
    if quantity.kind == "factor":
        return f"{value:.3f} ×"
    return format_share(value) if quantity.kind == "share" else format_duration(value)


def difference_words(one: Compared) -> str:
    """Return a difference: relative, of a share in percentage points."""
    return signed(one.difference, "points") if one.quantity.kind == "share" else signed(one.relative, "%")


def interval_words(one: Compared) -> str:
    """Return the 95 % interval of a difference."""
    is_share = one.quantity.kind == "share"
    unit = "points" if is_share else "%"
    lower, upper = (one.lower, one.upper) if is_share else (one.relative_lower, one.relative_upper)
    if lower is None or upper is None:
        return "n/a"
    first = signed(lower, unit)
    return f"{first.removesuffix(' points')} to {signed(upper, unit)}"


def margin_words(quantity: Quantity, margin: float) -> str:
    """Return by how much a number may differ."""
    allowed = margin_of(quantity, margin)
    return f"{allowed * 100:g} {'points' if quantity.kind == 'share' else '%'}"


def signed(share: float | None, unit: str) -> str:
    """Return a share in per cent or percentage points, with its sign: "+4.8 %", "−0.12 points"."""
    if share is None:
        return "n/a"
    digits = 2 if unit == "points" else 1
    text = f"{share * 100:+.{digits}f}"
    if not float(text):
        text = f"{0:.{digits}f}"
    return f"{text} {unit}".replace("-", "\N{MINUS SIGN}")
