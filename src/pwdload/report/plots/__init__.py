"""The plots of a report, as values: what is drawn, and the one line that says what is to be seen."""

from pwdload.report.plots.answers import (
    error_code_plot,
    in_flight_plot,
    outcome_plot,
    throughput_plot,
    update_latency_plot,
)
from pwdload.report.plots.instrument import arrivals_plot, cpu_plot, loop_lag_plot

__all__ = [
    "arrivals_plot",
    "cpu_plot",
    "error_code_plot",
    "in_flight_plot",
    "loop_lag_plot",
    "outcome_plot",
    "throughput_plot",
    "update_latency_plot",
]
