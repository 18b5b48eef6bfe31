"""What came back: error codes, all answers, and both against what was expected."""

import pandas as pd

from pwdload.analysis import Analysis, Run
from pwdload.analysis.answers import error_code_table, expectation_table
from pwdload.analysis.timeline import bin_starts, error_codes_in_time
from pwdload.report.frames import COUNT, SHARE, code, number, rows_of, text
from pwdload.report.model import Column, Kind, Section, Table
from pwdload.report.plots import error_code_plot
from pwdload.report.sections.common import HTTP, OUTCOME, SEEN, WHOLE_RUN
from pwdload.report.words import meaning
from pwdload.units import counted, format_count


def top_codes_table(analysis: Analysis) -> Table:
    """Return the error codes of the first screen: code, meaning, how often, and whether they were wanted."""
    frame = error_code_table(analysis.answers)
    frame = frame.assign(meaning=[meaning(str(name)) for name in frame["code"]], expected=_expected_words(frame))
    columns = (
        code("code", "error code"),
        text("meaning"),
        COUNT,
        number("step_share", "share of step", Kind.SHARE),
        number("share", "share of all", Kind.SHARE),
        text("expected", "as expected"),
        code("step"),
        *SEEN,
    )
    total, expected = int(frame["count"].sum()), int(frame["as_expected"].sum())
    return Table(
        name="error_codes",
        title="Error codes",
        caption=f"{counted(total, 'answer')} refused or failed: {format_count(expected)} as expected, "
        f"{format_count(total - expected)} not. Shares are of the requests of the step, and of all. {WHOLE_RUN}",
        columns=columns,
        rows=rows_of(frame, columns),
        bars="share",  # a step that was asked for a few times only would make all other bars vanish
    )


def answers_section(analysis: Analysis) -> Section:
    """Return every kind of answer that came."""
    columns = (
        code("step"),
        code("case"),
        HTTP,
        code("status", "body status", absent=""),
        code("error_code", "error code", absent=""),
        OUTCOME,
        COUNT,
        SHARE,
        *SEEN,
    )
    return Section(
        name="answers",
        title="Answers",
        intro="Everything that came back, refusals and failures included. An expected refusal is a success.",
        items=(
            error_code_plot(analysis.run),
            Table(
                name="answers",
                title="All answers",
                caption=f"Step, case, HTTP status, body status, error code and outcome. {WHOLE_RUN}",
                columns=columns,
                rows=rows_of(analysis.answers, columns),
                bars="share",
            ),
            _codes_in_time(analysis.run),
        ),
    )


def expectations_section(analysis: Analysis) -> Section:
    """Return what each case expected against what came."""
    frame = expectation_table(analysis.run.samples)
    columns = (
        code("case"),
        code("step"),
        Column(name="expected", label="expected", kind=Kind.EXPECTATION),
        code("answer", "came"),
        HTTP,
        OUTCOME,
        COUNT,
        number("share", "share of step", Kind.SHARE),
    )
    surprises = frame[frame["is_surprise"]]
    caption = (
        "Answers that were not as expected, or refusals with a code other than those named: either the target or "
        f"what the case expects wants a look. {WHOLE_RUN}"
    )
    return Section(
        name="expectations",
        title="Expected against answered",
        intro="What each case of the catalogue expects of each step, and what the target really answered.",
        items=(
            Table(
                name="surprises",
                title="Surprises" if len(surprises) else "Surprises: none",
                caption=caption if len(surprises) else "Every answer was one that its case names.",
                columns=columns,
                rows=rows_of(surprises, columns),
            ),
            Table(
                name="expectations",
                title="Every case",
                caption=f"All answers of all cases. {WHOLE_RUN}",
                columns=columns,
                rows=rows_of(frame, columns),
            ),
        ),
    )


def _codes_in_time(run: Run) -> Table:
    """Return the error codes second by second as a file; a second without a code has no row for it."""
    starts = bin_starts(run, 1.0).tolist()
    rows = tuple(
        (start_s, name, int(count))
        for name, counts in error_codes_in_time(run).items()
        for start_s, count in zip(starts, counts, strict=True)
        if count
    )
    return Table(
        name="error_codes_in_time",
        title="Error codes per second",
        caption="One row per second and error code, by completion.",
        columns=(number("start_s", "second", Kind.CLOCK), code("error_code", "error code"), COUNT),
        rows=rows,
        rows_shown=0,
    )


def _expected_words(frame: pd.DataFrame) -> list[str]:
    """Return for each row whether its cases wanted what came."""
    counts = zip(frame["count"].tolist(), frame["as_expected"].tolist(), strict=True)
    words = {True: "yes", False: "no"}
    return [words[wanted == count] if wanted in (0, count) else f"{wanted:,} of {count:,}" for count, wanted in counts]
