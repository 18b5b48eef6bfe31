"""The checks that were added to ours in this process; `pwdload.analysis.own` adds them."""

from pwdload.analysis.checks.answer import Question

OWN: list[Question] = []
"""In the order in which they were added."""
