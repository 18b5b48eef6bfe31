"""The measured capacity held against what is to come: head-room, whether it is enough, and until when."""

from pwdload.analysis.forecast.bounds import Bounds, bounds_of, served, without_proof
from pwdload.analysis.forecast.dates import Dates, Day
from pwdload.analysis.forecast.outlook import Outlook, Prospect, outlook
from pwdload.analysis.forecast.stated import stated_forecast

__all__ = [
    "Bounds",
    "Dates",
    "Day",
    "Outlook",
    "Prospect",
    "bounds_of",
    "outlook",
    "served",
    "stated_forecast",
    "without_proof",
]
