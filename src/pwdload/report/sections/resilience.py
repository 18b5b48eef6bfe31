"""Resilience: what was done to the target, what its clients felt, and how long until service was truly back."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis import Analysis
from pwdload.analysis.checks.resilience import CRITERIA
from pwdload.analysis.recovery import Recovery
from pwdload.analysis.recovery.in_time import failures_in_time, recovery_in_time, suitable_width_s
from pwdload.analysis.recovery.of_run import run_load
from pwdload.oracle.told import short
from pwdload.report.formats import duration
from pwdload.report.frames import COUNT, code, number, rows_of, text
from pwdload.report.model import Column, Kind, Section, Table
from pwdload.report.plots.resilience import FAILURES_TABLE, TABLE, resilience_plots
from pwdload.report.sections.common import VERDICT
from pwdload.report.sections.fault_files import baselines_table, classes_table, raw_table
from pwdload.report.sections.fault_tables import LEFT_OUT, fault_tables, summary_table
from pwdload.units import counted

Counts = npt.NDArray[np.int64]


def resilience_section(analysis: Analysis) -> Section | None:
    """Return what the faults of a run did; None where nothing was to be done to the target."""
    recovery, run = analysis.recovery, analysis.run
    if recovery is None:
        return None
    load = run_load(run)
    width_s = suitable_width_s(load, run.last_s)
    bins = max(1, int(run.end_s / width_s + 0.05))
    frame, failures = recovery_in_time(load, bins, width_s), failures_in_time(load, bins, width_s)
    told = [one for one in recovery.measured if one.state not in LEFT_OUT]
    return Section(
        name="resilience",
        title="Resilience",
        intro=" ".join(_sentences(recovery)),
        items=(
            *resilience_plots(run, recovery, frame, failures, width_s),
            *_tables(analysis, recovery, has_told=bool(told)),
            *_files(frame, failures, width_s),
        ),
    )


def resilience_words(recovery: Recovery | None) -> str:
    """Return what the faults came to, in a line for the first page."""
    if recovery is None or not recovery.record.injections:
        return "No fault was injected: nothing is known of how it fails and comes back."
    told = [one for one in recovery.measured if one.state not in LEFT_OUT]
    back = [one for one in told if one.came_back]
    stuck, unseen = sum(one.came_back is False for one in told), sum(one.came_back is None for one in told)
    slowest_s = max((one.sustained.value_s for one in back if one.sustained.value_s is not None), default=None)
    within = "" if slowest_s is None else f", within {duration(slowest_s)} of healing at worst"
    words = f"{len(told)} of {counted(len(recovery.record.injections), 'planned injection')} took place; the target"
    words += f" came back by itself after {len(back)} of them{within}"
    words += f", and not after {stuck}" if stuck else ""
    return words + (f"; of {unseen} it cannot be told." if unseen else ".")


def _sentences(recovery: Recovery) -> Iterator[str]:
    record = recovery.record
    applied = sum(one.took_hold and not one.skipped for one in record.injections)
    faults = counted(len(recovery.by_fault), "fault")
    if not record.injections:
        yield "Faults were planned, and none is on record."
    elif applied == len(record.injections):
        yield f"{counted(applied, 'injection')} of {faults}, each healed again or said not to be."
    else:
        yield f"{applied} of {counted(len(record.injections), 'planned injection')} of {faults} took place."
    yield "Everything is counted by the time when a request was due, and a request that was tried again is one request:"
    yield "it failed if its last try did."
    if record.engine:
        yield f"Faults were made by {'the embedded proxy' if record.engine == 'embedded' else short(record.engine)}."
    if record.lost_s is not None:
        yield f"The fault proxy was found dead at {record.lost_s:,.1f} s."
    yield from (short(sentence) for sentence in record.unavailable)


def _tables(analysis: Analysis, recovery: Recovery, *, has_told: bool) -> Iterator[Table]:
    if recovery.measured:
        yield summary_table(recovery)
    if (criteria := _criteria(analysis)) is not None:
        yield criteria
    yield from fault_tables(recovery)
    if has_told:
        yield classes_table(recovery)
        yield baselines_table(recovery)
    if recovery.record.steady:
        yield _steady(recovery)
    yield _thresholds(recovery)
    if recovery.measured:
        yield raw_table(recovery)


def _criteria(analysis: Analysis) -> Table | None:
    """Return what each criterion of resilience came to; None where none was stated."""
    stated, findings = analysis.run.criteria, [one for one in analysis.findings if one.check in CRITERIA]
    if not findings:
        return None
    most = stated.max_failed_share_during
    asked = {
        "recover_within": f"within {duration(stated.recover_within_s)} of healing, every time",
        "max_failed_share_during": ""
        if most is None
        else f"at most {most * 100:g} % of those due meanwhile, every time",
        "data_correct": "no violation, nothing left in doubt",
    }
    return Table(
        name="resilience_criteria",
        title="Criteria",
        caption="What the scenario asks of a run with faults. What was on its way while a fault was on, or within the "
        "time allowed for recovery, is held against these and not against the run-wide limit of failed requests.",
        columns=(text("criterion"), text("asked", "asked for"), VERDICT, text("found"), code("check", "key")),
        rows=tuple((one.title, asked[one.check], one.verdict.value, short(one.reason), one.check) for one in findings),
    )


def _steady(recovery: Recovery) -> Table:
    met = {True: "yes", False: "no", None: "cannot tell"}
    return Table(
        name="steady_state",
        title="Steady state",
        caption="The hypothesis was looked at before each fault, while it was on, and after it. Where it is not met "
        "before, the fault is left out.",
        columns=(
            text("fault"),
            text("repeat", "no."),
            text("when"),
            number("from_s", "from", Kind.CLOCK),
            number("to_s", "to", Kind.CLOCK),
            text("criterion"),
            text("measured"),
            text("met"),
        ),
        rows=tuple(
            (
                short(look.fault),
                str(look.repeat),
                look.when,
                look.from_s,
                look.to_s,
                short(look.criterion),
                short(look.measured),
                met[look.met],
            )
            for look in recovery.record.steady
        ),
    )


def _thresholds(recovery: Recovery) -> Table:
    timeout = "not on record" if recovery.timeout_s is None else duration(recovery.timeout_s)
    rows = (*recovery.thresholds.words, ("client's time-out", timeout))
    return Table(
        name="recovery_thresholds",
        title="What counts as recovered",
        caption="Service is back at the first of so many windows in a row of which none is worse than this by more "
        "than chance explains (99.9 %), and which keep it to the letter together. No standard fixes these values.",
        columns=(text("measure"), text("allowed")),
        rows=rows,
    )


def _files(frame: pd.DataFrame, failures: Mapping[str, Counts], width_s: float) -> Iterator[Table]:
    """Yield what the plots are drawn from."""
    kinds = {"start_s": Kind.CLOCK, "planned": Kind.MEAN, "in_flight": Kind.MEAN}
    columns = tuple(number(str(name), str(name), _kind_of(str(name), kinds)) for name in frame.columns)
    yield Table(
        name=TABLE,
        title="Over time",
        caption=f"One row per {width_s:g} s, by the time when requests and flows were due.",
        columns=columns,
        rows=rows_of(frame, columns),
        rows_shown=0,
    )
    starts = frame["start_s"].tolist()
    yield Table(
        name=FAILURES_TABLE,
        title="Failed exchanges over time",
        caption=f"One row per {width_s:g} s and class, by the time when they were due.",
        columns=(Column(name="start_s", label="from", kind=Kind.CLOCK), code("error_code", "error"), COUNT),
        rows=tuple(
            (start_s, name, int(count))
            for name, counts in failures.items()
            for start_s, count in zip(starts, counts, strict=True)
            if count
        ),
        rows_shown=0,
    )


def _kind_of(name: str, kinds: Mapping[str, Kind]) -> Kind:
    return kinds.get(name, Kind.DURATION if name.endswith("_s") else Kind.COUNT)
