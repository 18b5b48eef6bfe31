"""Benchmarks: `make bench` runs them all, `python -m tests.bench --help` says which there are."""
