"""What ``holdfast check`` found, on a terminal: by cause, the worst first, with what to type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from holdfast.check.finding import Finding, Severity
from holdfast.check.reports.excerpt import Line, clipped, visible
from holdfast.check.reports.report import Group, Report, in_numbers, what_was_judged
from holdfast.check.rule import Found, Rule
from holdfast.cli.screen import stdout

MOST_IN_FULL: Final = 3
"""So many places of one rule are shown in full, the others in one line each."""

MOST_IN_LINES: Final = 10
"""So many of these; the JSON has all."""

MOST_SUBJECTS: Final = 5
MOST_MESSAGES: Final = 3
MOST_LEFT_OUT: Final = 3

STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}


def show(report: Report, commands: Iterable[str]) -> None:
    """Print the report, and below it commands to whoever runs the check.

    Args:
        report: what was found.
        commands: one a line, as they are.
    """
    for part in text(report, stdout.width):
        stdout.print(part)
    for line in commands:
        stdout.print(Text(line), soft_wrap=True)


def text(report: Report, width: int) -> Iterator[RenderableType]:
    """The report's parts, in the order of printing.

    Args:
        report: what was found.
        width: of the terminal, in cells.
    """
    in_full: Counter[str] = Counter()
    folded: dict[str, list[Found]] = {}
    for group in report.groups():
        ids = {found.rule.id for found in group.found}
        if all(in_full[id_] >= MOST_IN_FULL for id_ in ids):
            for found in group.found:
                folded.setdefault(found.rule.id, []).append(found)
            continue
        in_full.update(ids)
        yield from _group(group, report, width)
        yield Text()
    for more in folded.values():
        yield from _folded(more)
        yield Text()
    yield from _summary(report)


def _group(group: Group, report: Report, width: int) -> Iterator[RenderableType]:
    excerpt = list(_excerpt(group, report, width))
    for _, found in groupby(sorted(group.found, key=_order), key=_kind):
        alike = list(found)
        first = alike[0].finding
        yield _head(alike[0].rule, first, _subjects(alike))
        for message in _messages(alike):
            yield _indented(Text(visible(message)))
        yield from excerpt
        excerpt = []
        for related in first.related:
            note = f": {visible(related.note)}" if related.note else ""
            yield _indented(Text(f"{visible(str(related.place))}{note}", style="dim"))
        yield from _fix(first)


def _kind(found: Found) -> tuple[str, bool]:
    """What findings have in common that are shown as one."""
    return found.rule.id, found.finding.unknown


def _order(found: Found) -> tuple[bool, int, str]:
    return found.finding.unknown, -found.rule.severity, found.rule.id


def _head(rule: Rule, finding: Finding, subjects: str) -> Text:
    word, style = (
        ("CANNOT TELL", "magenta")
        if finding.unknown
        else (rule.severity.word.upper(), STYLES[rule.severity])
    )
    who = f"  {visible(subjects)}" if subjects else ""
    return Text.assemble((word, style), f" {rule.id} ", (rule.name, "bold"), who)


def _messages(alike: Sequence[Found]) -> list[str]:
    """What is said, once where only the name of whom it befalls differs."""
    said: dict[str, str] = {}
    for found in alike:
        name = found.finding.subject.split(" ", 1)[-1].rpartition("/")[2]
        essence = re.sub(rf"\b{re.escape(name)}\b", "", found.finding.message)
        said.setdefault(essence, found.finding.message)
    return list(said.values())[:MOST_MESSAGES]


def _subjects(alike: Sequence[Found]) -> str:
    names = list(dict.fromkeys(found.finding.subject for found in alike if found.finding.subject))
    more = len(names) - MOST_SUBJECTS
    listed = ", ".join(names[:MOST_SUBJECTS])
    return f"{listed} and {more:,} more" if more > 0 else listed


def _excerpt(group: Group, report: Report, width: int) -> Iterator[RenderableType]:
    yield _indented(Text(visible(str(group.place)), style="bold"))
    lines = report.excerpts.of(group.place)
    gutter = len(str(lines[-1].number)) if lines else 0
    for line in lines:
        yield from _line(line, gutter, width)


def _line(line: Line, gutter: int, width: int) -> Iterator[Text]:
    lead = f"  {line.number:>{gutter}} | "
    line = clipped(line, max(width - len(lead), 20), cell_len)
    yield _unwrapped(Text.assemble((lead, "dim"), line.text))
    if line.start < line.end:
        before = " " * cell_len(line.text[: line.start])
        under = "^" * cell_len(line.text[line.start : line.end])
        yield _unwrapped(
            Text.assemble((f"  {'':{gutter}} | ", "dim"), before, (under, "bold yellow"))
        )


def _fix(finding: Finding) -> Iterator[RenderableType]:
    if finding.hint:
        # Standard input has no file that could be mended.
        mends = finding.edits and all(edit.file != "-" for edit in finding.edits)
        does = " (holdfast check --fix does it)" if mends else ""
        yield _indented(Text.assemble(("fix: ", "bold green"), visible(finding.hint), does))


def _folded(more: Sequence[Found]) -> Iterator[RenderableType]:
    rule = more[0].rule
    head = _head(rule, more[0].finding, f"in {len(more):,} more places")
    yield head
    for found in more[:MOST_IN_LINES]:
        finding = found.finding
        who = f"  {visible(finding.subject)}" if finding.subject else ""
        yield _indented(Text.assemble((visible(str(finding.place)), "bold"), who))
    rest = len(more) - MOST_IN_LINES
    if rest > 0:
        yield _indented(Text(f"and {rest:,} more, all in --json FILE", style="dim"))


def _summary(report: Report) -> Iterator[RenderableType]:
    judged = what_was_judged(report.judged)
    if counts := report.counts():
        style = "bold red" if report.fails() else "bold yellow"
        yield Text.assemble((in_numbers(counts), style), f" found. Judged: {judged}.")
    else:
        yield Text.assemble(("Nothing found.", "bold green"), f" Judged: {judged}.")
    for line in _beside(report):
        yield Text(line, style="dim")
    if counts:
        first = report.found[0]
        place = visible(str(first.finding.place))
        yield Text(f"Begin with {place}; holdfast explain {first.rule.id} says more of it.")


def _beside(report: Report) -> Iterator[str]:
    """What is not among the findings, and why."""
    if many := len(report.suppressed):
        yield f"{many:,} allowed by comments or annotations"
    if many := len(report.known):
        yield f"{many:,} in the baseline"
    if stale := report.stale:
        rules = ", ".join(sorted({f"{entry.rule} in {visible(entry.file)}" for entry in stale})[:3])
        yield (
            f"{len(stale):,} of the baseline match nothing any more ({rules});"
            " --write-baseline leaves them out"
        )
    if report.unknown:
        yield f"{report.unknown:,} could not be judged; --strict shows why"
    if left_out := report.judged.not_judged:
        some = ", ".join(
            f"{visible(one.file)} ({visible(one.reason)})" for one in left_out[:MOST_LEFT_OUT]
        )
        more = ", ..." if len(left_out) > MOST_LEFT_OUT else ""
        yield f"{len(left_out):,} files not judged: {some}{more}"


def _indented(line: Text) -> Padding:
    return Padding(line, (0, 0, 0, 2), expand=False)


def _unwrapped(line: Text) -> Text:
    line.no_wrap = True
    line.overflow = "crop"
    return line
