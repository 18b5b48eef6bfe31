"""Open arrivals as pure values: how fast they come, when each is due, whose turn it is, and what it plays.

Nothing here has a clock or an effect. All is a function of the plan, the seed and the number of an arrival, so that
every process of a run finds the same answers by itself.
"""

from pwdload.pacing.mix import Mix
from pwdload.pacing.rates import RatePiece, RatePlan, Segment
from pwdload.pacing.schedule import Arrival, Arrivals, Schedule
from pwdload.pacing.sharing import Share, Sharing
from pwdload.pacing.slots import Call, SlotQueue, Tally
from pwdload.pacing.turns import Turns

__all__ = [
    "Arrival",
    "Arrivals",
    "Call",
    "Mix",
    "RatePiece",
    "RatePlan",
    "Schedule",
    "Segment",
    "Share",
    "Sharing",
    "SlotQueue",
    "Tally",
    "Turns",
]
