"""Correctness: what a run's history proves of the target, whatever its numbers are."""
