"""What the instrument itself was found to be worth, before the run."""

import pandas as pd

from pwdload.analysis import Analysis
from pwdload.calibration.certificate import Certificate, Comparison, Figure
from pwdload.calibration.words import facts
from pwdload.report.frames import number, rows_of, text
from pwdload.report.model import Cell, Column, Kind, Section, Table


def calibration_section(analysis: Analysis) -> Section:
    """Return the certificate: what was measured, and each known truth side by side with what was made of it."""
    certificate = analysis.run.calibration
    if certificate is None:
        return Section(
            name="calibration",
            title="Calibration",
            intro="The instrument was not calibrated for this run (--no-calibrate), so nothing says what it is worth.",
            items=(),
        )
    return Section(
        name="calibration",
        title="Calibration",
        intro=_intro(certificate),
        items=(_facts(certificate), *((_truths(certificate),) if certificate.comparisons else ())),
    )


def _intro(certificate: Certificate) -> str:
    problems = certificate.problems()
    if problems:
        return f"The instrument was found to be beyond its limits. {' '.join(problems)}"
    known = (
        "known truths included" if certificate.comparisons else "without known truths: `pwdload calibrate` adds them"
    )
    return f"Nothing that was measured of the instrument is beyond its limits ({known})."


def _facts(certificate: Certificate) -> Table:
    columns = (text("part"), text("found"))
    return Table(
        name="calibration",
        title="What was measured",
        caption="Against a reference target on this machine whose every answer time is known. The floor is what any "
        "response time here holds at least.",
        columns=columns,
        rows=tuple(facts(certificate)),
    )


def _truths(certificate: Certificate) -> Table:
    columns = (
        text("truth"),
        number("slots", "slots", Kind.COUNT),
        text("figure"),
        number("theory_s", "theory", Kind.DURATION),
        number("realization_s", "realization", Kind.DURATION),
        number("dictated_s", "dictated", Kind.DURATION),
        number("measured_s", "measured", Kind.DURATION),
        Column(name="error", label="error", kind=Kind.TEXT, absent="n/a"),
    )
    rows = [_row(comparison, figure) for comparison in certificate.comparisons for figure in comparison.figures]
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    return Table(
        name="known_truths",
        title="Known truths",
        caption="Theory is the formula; the realization is the same arrivals and service times played in virtual time "
        "by an instrument without any cost; dictated is what the reference target held the answers for; the error is "
        "measured against theory.",
        columns=columns,
        rows=rows_of(frame, columns),
    )


def _row(comparison: Comparison, figure: Figure) -> tuple[Cell, ...]:
    error = comparison.error(figure)
    return (
        comparison.name,
        comparison.slots,
        figure.name,
        figure.theory_s,
        figure.realization_s,
        figure.dictated_s,
        figure.measured_s,
        None if error is None else f"{error:+.2%}",
    )
