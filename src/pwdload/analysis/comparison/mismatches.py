"""Why two sides may not be comparable: a closed list, so that no comparison invents an excuse and none leaves one out.

What makes a comparison worthless is refused, unless it is asked for all the same: then it is a caveat like the rest.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pwdload.analysis.comparison.planned import other_plan, other_scenario_keys
from pwdload.analysis.comparison.values import Side, SideRun
from pwdload.outcome import Verdict
from pwdload.rundir import RunRecord
from pwdload.units import format_duration

SHORT_S = 60.0
"""A side with less measured time than this is called short."""
Severity = Literal["refused", "invalid", "caveat"]


class Mismatch(Enum):
    """Everything that can make two sides incomparable, how bad that is, and what it means for the difference."""

    INVALID_RUN = ("invalid", "A run is INVALID: its instrument failed, so its numbers prove nothing.")
    SAMPLES_LOST = ("refused", "Samples of a run are missing or cannot be read: the rest may not be like them.")
    CUT_SHORT = ("refused", "A run was cut short or stopped before its schedule ended.")
    OTHER_SCENARIO = ("refused", "The runs are of different scenarios.")
    OTHER_LOAD = ("refused", "The runs were not given the same load.")
    OTHER_FAULTS = ("refused", "The same was not done to the targets.")
    STANDIN_AGAINST_REAL = ("refused", "One target was the embedded stand-in, the other one was not.")
    SAME_TIME = ("refused", "Runs of both sides were on at the same time, and each was a part of the other's load.")
    RUN_NOT_PASSED = ("caveat", "A run did not pass: read its own report before this one.")
    NO_SCENARIO = (
        "caveat",
        "The scenario of a run is not on record: whether it was given the same load is known by its plan alone.",
    )
    TARGET_IS_STANDIN = ("caveat", "The targets were the embedded stand-in: this compares stand-ins on this machine.")
    OTHER_TARGET = ("caveat", "The targets have different addresses: what lies between them and us may differ too.")
    OTHER_MACHINE = ("caveat", "The load came from different machines: the difference may be theirs.")
    OTHER_PROCESSES = ("caveat", "The load came from different numbers of processes.")
    OTHER_VERSIONS = ("caveat", "pwdload or a library that times are measured with has another version.")
    OTHER_SEED = ("caveat", "The seeds differ: other cases, in another order, are a part of the difference.")
    OTHER_ACCOUNTS = ("caveat", "The runs drew on different numbers of accounts.")
    ONE_RUN = (
        "caveat",
        "A side is a single run: how much the same target differs from run to run is in no interval. Repeat both, "
        "in turn.",
    )
    NOT_INTERLEAVED = (
        "caveat",
        "All runs of one side came before the other's: whatever drifted in between is a part of the difference.",
    )
    SHORT = ("caveat", "A side has less than a minute of measured time: its numbers may not have settled.")

    @property
    def severity(self) -> Severity:
        """Whether runs with it are compared: "invalid" and "refused" are not, unless asked for all the same."""
        return self.value[0]

    @property
    def sentence(self) -> str:
        """What it means, in a sentence or two."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class MismatchNote:
    """A mismatch that applies to these runs, with the particulars in a few words, perhaps none."""

    mismatch: Mismatch
    detail: str = ""

    @property
    def text(self) -> str:
        """The sentence and its particulars."""
        return f"{self.mismatch.sentence} ({self.detail})" if self.detail else self.mismatch.sentence


def find_mismatches(base: Side, news: Sequence[Side]) -> tuple[MismatchNote, ...]:
    """Return the mismatches that apply to these sides, in the order of the list, each once with all its particulars."""
    sides = (base, *news)
    found = ((mismatch, [*dict.fromkeys(_FINDERS[mismatch](sides))]) for mismatch in Mismatch)
    return tuple(MismatchNote(mismatch, "; ".join(filter(None, details))) for mismatch, details in found if details)


Sides = Sequence[Side]
Details = Iterator[str]
"""One per place where a mismatch was found, which may be empty words; nothing where it does not apply."""


def _runs(sides: Sides) -> Iterator[SideRun]:
    for side in sides:
        yield from side.runs


def _differing(value: Callable[[SideRun], str]) -> Callable[[Sides], Details]:
    """Return a finder of runs whose value is another one than that of the base's first run."""

    def find(sides: Sides) -> Details:
        first = value(sides[0].runs[0])
        for one in _runs(sides):
            if value(one) != first:
                yield f"{first or 'not on record'}, but {value(one) or 'not on record'} in {one.shown}"

    return find


def _differing_keys(values: Callable[[RunRecord], Mapping[str, str]]) -> Callable[[Sides], Details]:
    """Return a finder of entries of a table on record that differ from the base's first run."""

    def find(sides: Sides) -> Details:
        first = values(sides[0].runs[0].run.record)
        for one in _runs(sides):
            other = values(one.run.record)
            for key in sorted(first.keys() | other.keys()):
                if first.get(key) != other.get(key):
                    yield f"{key} {first.get(key, 'none')}, but {other.get(key, 'none')} in {one.shown}"

    return find


def _with_verdict(*verdicts: Verdict) -> Callable[[Sides], Details]:
    def find(sides: Sides) -> Details:
        yield from (f"{one.shown}: {one.verdict.value}" for one in _runs(sides) if one.verdict in verdicts)

    return find


def _samples_lost(sides: Sides) -> Details:
    for one in _runs(sides):
        expected = {worker.name for worker in one.run.record.workers} | set(one.run.record.expected_workers)
        absent = sorted(expected - {file.worker for file in one.run.files})
        lost = [file.name or file.worker for file in one.run.files if not file.finished or file.missing or file.damaged]
        if absent or lost:
            yield f"{one.shown}: {', '.join([*lost, *absent])}"


def _cut_short(sides: Sides) -> Details:
    for one in _runs(sides):
        record = one.run.record
        last_s = record.stages[-1].end_s if record.stages else None
        if not record.is_finished:
            yield f"{one.shown}: no end on record"
        elif last_s is not None and one.run.end_s < last_s - 1.0:
            yield f"{one.shown}: after {format_duration(one.run.end_s)} of {format_duration(last_s)}"


def _other_load(sides: Sides) -> Details:
    first = sides[0].runs[0].run
    for one in _runs(sides):
        what = other_scenario_keys(first.scenario_source, one.run.scenario_source)
        if what := what or other_plan(first.record, one.run.record):
            yield f"{one.shown}: {what}"


def _no_scenario(sides: Sides) -> Details:
    for one in _runs(sides):
        if one.run.scenario_problem:
            yield f"{one.shown}: {one.run.scenario_problem}"


def _other_faults(sides: Sides) -> Details:
    first = _faults(sides[0].runs[0])
    yield from (one.shown for one in _runs(sides) if _faults(one) != first)


def _faults(one: SideRun) -> object:
    try:
        return tomllib.loads(one.run.scenario_source).get("faults", [])
    except tomllib.TOMLDecodeError:
        return one.run.faults is not None


def _standin_against_real(sides: Sides) -> Details:
    if len({one.run.record.target_is_standin for one in _runs(sides)}) > 1:
        yield ", ".join(one.shown for one in _runs(sides) if one.run.record.target_is_standin)


def _other_target(sides: Sides) -> Details:
    # The embedded stand-in takes whatever port is free.
    yield from _differing(lambda one: "" if one.run.record.target_is_standin else one.run.record.target)(sides)


def _same_time(sides: Sides) -> Details:
    spans = [(_span(one.run.record), side.name, one.shown) for side in sides for one in side.runs]
    for place, ((start, end), name, shown) in enumerate(spans):
        for (other_start, other_end), other_name, other in spans[place + 1 :]:
            if name != other_name and start < other_end and other_start < end:
                yield f"{shown} and {other}"


def _span(record: RunRecord) -> tuple[str, str]:
    """Return when a run began and ended, in the form on record, which sorts as time does."""
    return record.started_utc[:19], (record.ended_utc or record.started_utc)[:19]


def _one_run(sides: Sides) -> Details:
    yield from (side.name for side in sides if len(side.runs) == 1)


def _not_interleaved(sides: Sides) -> Details:
    base = [one.run.record.started_utc for one in sides[0].runs]
    for side in sides[1:]:
        new = [one.run.record.started_utc for one in side.runs]
        if min(len(base), len(new)) > 1 and (max(base) < min(new) or max(new) < min(base)):
            yield side.name


def _short(sides: Sides) -> Details:
    yield from (f"{side.name}: {format_duration(side.measured_s)}" for side in sides if side.measured_s < SHORT_S)


def _if_all_standins(sides: Sides) -> Iterable[str]:
    return [""] if all(one.run.record.target_is_standin for one in _runs(sides)) else []


_FINDERS: Mapping[Mismatch, Callable[[Sides], Iterable[str]]] = {
    Mismatch.INVALID_RUN: _with_verdict(Verdict.INVALID),
    Mismatch.SAMPLES_LOST: _samples_lost,
    Mismatch.CUT_SHORT: _cut_short,
    Mismatch.OTHER_SCENARIO: _differing(lambda one: one.run.record.scenario),
    Mismatch.OTHER_LOAD: _other_load,
    Mismatch.OTHER_FAULTS: _other_faults,
    Mismatch.STANDIN_AGAINST_REAL: _standin_against_real,
    Mismatch.SAME_TIME: _same_time,
    Mismatch.RUN_NOT_PASSED: _with_verdict(Verdict.SLO_FAILED, Verdict.CORRECTNESS_FAILED, Verdict.INCONCLUSIVE),
    Mismatch.NO_SCENARIO: _no_scenario,
    Mismatch.TARGET_IS_STANDIN: _if_all_standins,
    Mismatch.OTHER_TARGET: _other_target,
    Mismatch.OTHER_MACHINE: _differing_keys(lambda record: record.generator),
    Mismatch.OTHER_PROCESSES: _differing(lambda one: str(len(one.run.files))),
    Mismatch.OTHER_VERSIONS: _differing_keys(lambda record: record.versions),
    Mismatch.OTHER_SEED: _differing(lambda one: str(one.run.record.seed)),
    Mismatch.OTHER_ACCOUNTS: _differing(lambda one: str(one.run.record.accounts)),
    Mismatch.ONE_RUN: _one_run,
    Mismatch.NOT_INTERLEAVED: _not_interleaved,
    Mismatch.SHORT: _short,
}
