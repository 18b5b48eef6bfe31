"""Runs held against each other, and a run's past: pure functions of finished runs, pandas throughout."""
