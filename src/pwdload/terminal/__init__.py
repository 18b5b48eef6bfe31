"""A run that is on as it is shown in a terminal: one line now and then, or a view that stands still below what is said.

What is shown is a pure function of a `Snapshot`. `rich` is imported by the view alone, and that where there is a
terminal to show it on.
"""
