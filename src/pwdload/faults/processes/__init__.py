"""Faults of processes: paused, killed and started again, kept from their database, with a slow disk or a wrong clock.

For targets that the harness may touch: the stand-in, and what the scenario has commands for.
"""
