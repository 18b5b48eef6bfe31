"""From a finished run directory to tables, numbers, caveats and a verdict: pure functions, pandas throughout."""

from pwdload.analysis.analyse import Analysis, analyse
from pwdload.analysis.caveats import Caveat, CaveatNote, find_caveats
from pwdload.analysis.checks import find, verdict_of
from pwdload.analysis.headline import Headline, headline
from pwdload.analysis.run import Run, load_run

__all__ = [
    "Analysis",
    "Caveat",
    "CaveatNote",
    "Headline",
    "Run",
    "analyse",
    "find",
    "find_caveats",
    "headline",
    "load_run",
    "verdict_of",
]
