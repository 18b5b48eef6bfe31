"""What a run must keep, held against what was seen: the same rules while it goes on and from its files.

A `Criterion` is a value, what was seen are arrays, and the answer has three values: kept, broken, or cannot tell.
"""

from pwdload.criteria.judge import judge
from pwdload.criteria.stated import stated
from pwdload.criteria.values import Breadth, Criterion, Judged, Metric, Observed, Sense, Span, Standing

__all__ = [
    "Breadth",
    "Criterion",
    "Judged",
    "Metric",
    "Observed",
    "Sense",
    "Span",
    "Standing",
    "judge",
    "stated",
]
