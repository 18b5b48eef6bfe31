"""The checks as JUnit XML, which continuous integration shows beside a project's tests.

A suite for each group of checks, a case for each check. What fails a run is a `failure`. INCONCLUSIVE is an `error`,
not `skipped`: such a run leaves with exit code 5, doubt is never success, and a skipped case is shown as green or grey,
so that nobody would find the reason for the red job in it. `skipped` is a check that the run had nothing for.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pwdload.oracle.judgement import CheckResult
from pwdload.oracle.told import NOT_EXAMINED, TOLD_MAX, short, standing, violation_lines
from pwdload.outcome import Finding, Group, Verdict
from pwdload.report.model import Report

_TAGS = {
    Verdict.CORRECTNESS_FAILED: "failure",
    Verdict.INVALID: "failure",
    Verdict.SLO_FAILED: "failure",
    Verdict.INCONCLUSIVE: "error",
}
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, not even escaped."""


def render(report: Report) -> str:
    """Return the checks of a report as one XML document, in UTF-8."""
    root = Element("testsuites", name=_xml(f"pwdload {report.record.scenario}"))
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for number, group in enumerate(Group):
        suite = _suite(report, group, number)
        root.append(suite)
        totals = {name: count + int(suite.get(name, "0")) for name, count in totals.items()}
    for name in ("tests", "failures", "errors"):  # the root has no attribute for the skipped ones
        root.set(name, str(totals[name]))
    root.set("time", "0")
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(report: Report, group: Group, number: int) -> Element:
    """Return a suite with all attributes and elements that one of the common schemas asks for."""
    suite = Element("testsuite", id=str(number), name=group.value, package=_xml(f"pwdload.{report.record.scenario}"))
    suite.set("hostname", "localhost")
    suite.set("timestamp", _xml(report.record.started_utc[:19]))
    SubElement(suite, "properties")
    cases = [_case(report, finding) for finding in report.findings if finding.group is group]
    suite.extend(cases)
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
    suite.set("tests", str(len(cases)))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")
    return suite


def _case(report: Report, finding: Finding) -> Element:
    """Return a check. A check takes no time of its own: the load did."""
    case = Element("testcase", classname=f"pwdload.{finding.group.value}", name=_xml(finding.title), time="0")
    result = next((one for one in report.judgement.results if one.check == finding.check), None)
    tag = _TAGS.get(finding.verdict)
    if tag is not None:
        told = SubElement(case, tag, type=finding.verdict.value, message=_xml(short(finding.reason)))
        told.text = _xml("\n".join(_text(report, finding, result)))
    elif standing(finding) == NOT_EXAMINED:
        SubElement(case, "skipped", message=_xml(short(finding.reason)))
    return case


def _text(report: Report, finding: Finding, result: CheckResult | None) -> Iterator[str]:
    yield short(finding.reason)
    for violation in result.violations[:TOLD_MAX] if result is not None else ():
        yield ""
        yield from (line.text for line in violation_lines(violation, report.record))


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
