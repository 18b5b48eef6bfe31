"""A run in the browser: tabs in Locust's web UI, a live page with charts, and what Start and Stop may do to a run.

Nothing here looks into a run: all that is shown comes out of the `Snapshot` of each second.
"""

from pwdload.harness.web.attached import Web

__all__ = ["Web"]
