"""A comparison as JUnit XML: each primary number is a test.

What got worse is a `failure`. What nobody can tell is an `error`, as in a run's own JUnit file: doubt is never success.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pwdload.analysis.comparison.values import Result
from pwdload.report.comparison.page import Page, Tested

_TAGS = {Result.WORSE: "failure", Result.CANNOT_TELL: "error"}


def render(page: Page) -> str:
    """Return the tests of a comparison as one XML document, in UTF-8."""
    root = Element("testsuites", name=f"pwdload {page.kept}")
    for number, group in enumerate(dict.fromkeys(one.group for one in page.tested)):
        root.append(_suite(page, [one for one in page.tested if one.group == group], group, number))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", "0")
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(page: Page, tested: list[Tested], group: str, number: int) -> Element:
    suite = Element("testsuite", id=str(number), name=f"{group} against base", package=f"pwdload.{page.kept}")
    suite.set("hostname", "localhost")
    for one in tested:
        case = SubElement(suite, "testcase", classname=f"pwdload.{page.kept}.{group}", name=one.name, time="0")
        if tag := _TAGS.get(one.result):
            SubElement(case, tag, type=one.result.value, message=one.text).text = one.text
    suite.set("tests", str(len(tested)))
    for tag, name in (("failure", "failures"), ("error", "errors")):
        suite.set(name, str(sum(case.find(tag) is not None for case in suite)))
    suite.set("skipped", "0")
    suite.set("time", "0")
    return suite
