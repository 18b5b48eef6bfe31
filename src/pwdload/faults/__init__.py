"""Faults on the run's clock: the fault proxy and its control API, process and network faults, and who times them.

The proxy is a program of its own, started by the harness between users and target, or by hand with `pwdload proxy`.
"""
