"""The verdicts as JUnit XML, for what continuous integration shows of a failed job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from holdfast.cli.printable import printable
from holdfast.cli.record_words import record_words
from holdfast.rehearsal.verdict import INVARIANTS, MOST_KEPT, Judge, Verdict, Violation, tolerated

MOST_EXAMPLES = 5
"""So many counter-examples of an invariant are written; the rest is in the JSON."""


def junit(verdicts: Sequence[Verdict], judge: Judge, began: datetime) -> bytes:
    """A document with a suite for each run and in it a case for each invariant.

    Only what decides the exit status fails: the judged headings of the last run. A violation of a
    run that is there for contrast, or under a heading that is not judged, is a skipped case that
    says so. A judged run that proved nothing is an error.

    The structure is the one of Jenkins' xunit plugin (``junit-10.xsd``). Readers add up the times
    of cases, so the run's whole time is that of its first case, and the judgements take none.

    Args:
        verdicts: of all runs; the last one is judged.
        judge: what it is judged by.
        began: when the command began.
    """
    root = ET.Element("testsuites", name="holdfast rehearse")
    for verdict in verdicts:
        suite = _suite(verdict, judge, judged=verdict is verdicts[-1])
        suite.set("timestamp", began.isoformat(timespec="seconds"))
        root.append(suite)
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{sum(verdict.seconds for verdict in verdicts):.3f}")
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(verdict: Verdict, judge: Judge, *, judged: bool) -> ET.Element:
    suite = ET.Element("testsuite", name=printable(verdict.name), time=f"{verdict.seconds:.3f}")
    opened = _case(suite, verdict, "opened", "sessions were opened, and all was done")
    opened.set("time", suite.get("time", ""))
    if verdict.unproved:
        words = printable(f"nothing was proved: {verdict.unproved}")
        ET.SubElement(opened, "error" if judged else "skipped", message=words)
    for invariant, (heading, meaning) in INVARIANTS.items():
        case = _case(suite, verdict, invariant, f"{heading}: never {meaning}")
        found = [v for v in verdict.violations if v.invariant == invariant]
        if not found:
            continue
        many = verdict.count(invariant)
        message = f"{many} × {meaning}"
        most = tolerated(judge, invariant)
        if judged and most is not None and many > most:
            failure = ET.SubElement(case, "failure", type=invariant, message=message)
            failure.text = printable(_examples(found, many))
            continue
        why = "a run for contrast is not judged"
        if judged:
            why = f"{invariant} is not judged" if most is None else f"{most} are expected at most"
        ET.SubElement(case, "skipped", message=f"{message}; {why}")
        ET.SubElement(case, "system-out").text = printable(_examples(found, many))
    suite.set("tests", str(len(suite)))
    for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _case(suite: ET.Element, verdict: Verdict, invariant: str, words: str) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        classname=f"holdfast.rehearse.{printable(verdict.name)}",
        name=f"{invariant} ({words})",
        time="0.000",
    )


def _examples(found: Sequence[Violation], count: int) -> str:
    blocks = [_example(violation) for violation in found[:MOST_EXAMPLES]]
    if rest := count - len(blocks):
        blocks.append(f"and {rest} more; --json FILE has up to {MOST_KEPT} of them")
    return "\n".join(blocks)


def _example(violation: Violation) -> str:
    lines: Iterable[str] = ("  " + "  ".join(record_words(op)) for op in violation.records)
    head = f"{violation.lineage} at {violation.at:.2f} s: {violation.why}"
    return "\n".join([head, *lines])
