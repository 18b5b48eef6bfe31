"""The search for capacity: which rate to try next, and what all that was tried says about the highest that holds.

Pure: a function of the levels that were played so far. Who plays them has the effects (`pwdload.harness.searching`).
"""

from pwdload.searching.aborting import overload
from pwdload.searching.choice import next_step
from pwdload.searching.counting import BLOCKS, counts_of, searchable
from pwdload.searching.disturbed import disturbed_by
from pwdload.searching.estimate import Estimate, estimate
from pwdload.searching.record import LevelRecord, SearchRecord, read_search, write_search
from pwdload.searching.standing import broken, standing, wants_more_time
from pwdload.searching.stated import most_pieces, peak_per_s, planned_at_most, settings_of
from pwdload.searching.values import Counts, Done, Result, Role, Settings, Step

__all__ = [
    "BLOCKS",
    "Counts",
    "Done",
    "Estimate",
    "LevelRecord",
    "Result",
    "Role",
    "SearchRecord",
    "Settings",
    "Step",
    "broken",
    "counts_of",
    "disturbed_by",
    "estimate",
    "most_pieces",
    "next_step",
    "overload",
    "peak_per_s",
    "planned_at_most",
    "read_search",
    "searchable",
    "settings_of",
    "standing",
    "wants_more_time",
    "write_search",
]
