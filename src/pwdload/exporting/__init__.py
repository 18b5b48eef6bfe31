"""A run's numbers for a team's own dashboards: scraped by Prometheus, or pushed by OpenTelemetry (OTLP).

What is shown is a pure function of the `Snapshot` that the process in charge makes each second (`families`). Serving
and pushing are done by a process of its own (`program`), so that neither a slow scraper nor a collector that hangs can
hold up the load: all that a run does for it is to hand over a snapshot, and never to wait for that (`process`).
"""
