"""Runs held against each other, and a scenario's past: HTML, Markdown, JSON, JUnit XML, CSV; always the same bytes."""

from pwdload.report.comparison.make import compare_runs, past_of
from pwdload.report.comparison.page import Page
from pwdload.report.comparison.reading import Given
from pwdload.report.comparison.write import write

__all__ = ["Given", "Page", "compare_runs", "past_of", "write"]
