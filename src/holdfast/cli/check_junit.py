"""What ``holdfast check`` found as JUnit XML: a case for each rule that was run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final
from xml.etree import ElementTree as ET

from holdfast.check.reports.report import GAPS, Report
from holdfast.check.rule import Found, Rule
from holdfast.cli.printable import printable

MOST_FINDINGS: Final = 20
"""So many findings of a rule are written; the rest is in the JSON."""


def junit(report: Report, rules: Iterable[Rule], began: datetime) -> bytes:
    """A document with one suite, and in it a case for each rule.

    What makes the command fail is a failure; what is less bad, or cannot be judged, is a skipped
    case that says so; a rule that raised, and what cannot be read, is an error. The structure is
    the one of Jenkins' xunit plugin (``junit-10.xsd``).

    Args:
        report: what was found.
        rules: that were run.
        began: when the command began.
    """
    suite = ET.Element("testsuite", name="holdfast check", time="0.000")
    suite.set("timestamp", began.isoformat(timespec="seconds"))
    # The engine's own rules find something whether they were chosen or not.
    every = {rule.id: rule for rule in (*rules, *(one.rule for one in report.found))}
    for rule in sorted(every.values(), key=attrgetter("id")):
        _case(suite, rule, [one for one in report.found if one.rule.id == rule.id], report)
    if unread := [one for one in report.judged.not_judged if one.unreadable]:
        case = ET.SubElement(
            suite, "testcase", classname="holdfast.check", name="files are readable", time="0.000"
        )
        words = printable("\n".join(f"{one.file}: {one.reason}" for one in unread))
        ET.SubElement(
            case, "error", type="unreadable", message="not everything is judged"
        ).text = words
    suite.set("tests", str(len(suite)))
    for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    root = ET.Element("testsuites", name="holdfast check", time="0.000")
    for count in ("tests", "failures", "errors"):
        root.set(count, suite.get(count, "0"))
    root.append(suite)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(suite: ET.Element, rule: Rule, found: Sequence[Found], report: Report) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname="holdfast.check",
        name=f"{rule.id} {rule.name}",
        time="0.000",
    )
    if not found:
        return
    sure = [one for one in found if not one.finding.unknown]
    # The report may weigh the rule differently from the catalogue.
    severity = found[0].rule.severity
    message = printable(f"{len(found)} × {rule.title}")
    words = printable(_words(sure or found))
    if sure and rule.id in GAPS:
        ET.SubElement(case, "error", type=rule.name, message=message).text = words
    elif sure and report.fail_on is not None and severity >= report.fail_on:
        ET.SubElement(case, "failure", type=severity.word, message=message).text = words
    else:
        why = f"{severity.word} does not fail" if sure else "cannot be judged"
        ET.SubElement(case, "skipped", message=f"{message}; {why}")
        ET.SubElement(case, "system-out").text = words


def _words(found: Sequence[Found]) -> str:
    blocks = []
    for one in found[:MOST_FINDINGS]:
        finding = one.finding
        who = f" {finding.subject}:" if finding.subject else ""
        fix = f"\n  fix: {finding.hint}" if finding.hint else ""
        blocks.append(f"{finding.place}:{who} {finding.message}{fix}")
    if rest := len(found) - len(blocks):
        blocks.append(f"and {rest} more; --json FILE has all")
    return "\n".join(blocks)
