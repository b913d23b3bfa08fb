"""What ``holdfast check`` found as one page: the verdict, each cause with its source, the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from holdfast import __version__
from holdfast.check.finding import Severity
from holdfast.check.page import page_of
from holdfast.check.reports.excerpt import Line, clipped, dedented
from holdfast.check.reports.report import Group, Report, in_numbers, what_was_judged
from holdfast.check.rule import Found, Rule
from holdfast.cli.environment import Environment, repeating
from holdfast.cli.html.document import again, document, section
from holdfast.cli.html.markup import NOTHING, Child, Html, join, tag

MOST_GROUPS = 200
"""So many causes are on the page; the rest is in the JSON."""

_CODE = re.compile(r"`([^`]+)`")


def page(report: Report, words: Sequence[str], began: datetime) -> str:
    """The whole document.

    Args:
        report: what was found.
        words: the command's arguments.
        began: when it began.
    """
    numbers = in_numbers(report.counts()) or "nothing found"
    facts = (("Holdfast", __version__), ("written", began.strftime("%Y-%m-%d %H:%M UTC")))
    where = Environment(facts, repeating(words))
    return document(f"{numbers} - Holdfast check", *_body(report, numbers), again(where))


def _body(report: Report, numbers: str) -> Iterator[Child]:
    yield _verdict(report, numbers)
    groups = report.groups()
    if groups:
        causes: list[Child] = [_cause(group, report) for group in groups[:MOST_GROUPS]]
        if rest := len(groups) - MOST_GROUPS:
            words = f"and {rest:,} more; --json FILE has them" if rest > 0 else ""
            causes.append(tag("p", words, class_="dim"))
        yield section("What was found", *causes)
    if report.suppressed:
        rows = [
            _row(f"{one.found.rule.id} {one.found.rule.name}", str(one.place), one.reason)
            for one in report.suppressed
        ]
        yield section("Allowed", _table(("rule", "where", "why"), rows))
    if report.judged.not_judged:
        rows = [_row(one.file, one.reason) for one in report.judged.not_judged]
        yield section("Not judged", _table(("file", "why"), rows))


def _verdict(report: Report, numbers: str) -> Html:
    bad = bool(report.counts())
    # Not by colour alone: paper may be grey, and not everybody tells red from green.
    word = f"✗ {numbers}" if bad else "✓ nothing found"
    first = report.found[0].finding.message if bad else "Nothing that loses or leaks sessions."
    notes = [
        tag("p", f"{words}.", class_="dim")
        for count, words in (
            (len(report.known), f"{len(report.known):,} more in the baseline"),
            (report.unknown, f"{report.unknown:,} could not be judged: --strict shows why"),
            (len(report.stale), f"{len(report.stale):,} of the baseline match nothing any more"),
        )
        if count
    ]
    counts = report.counts()
    figures = [_figure(severity, counts.get(severity, 0)) for severity in sorted(Severity)[::-1]]
    return tag(
        "header",
        tag("p", word, class_="word"),
        tag("h1", first),
        tag("p", f"Judged: {what_was_judged(report.judged)}.", class_="dim"),
        *notes,
        tag("dl", *figures, class_="figures"),
        class_="bad" if bad else "good",
    )


def _figure(severity: Severity, count: int) -> Html:
    style = "good" if not count else "bad" if severity >= Severity.HIGH else None
    return tag("div", tag("dt", severity.word), tag("dd", f"{count:,}"), class_=style)


def _cause(group: Group, report: Report) -> Html:
    lines = [clipped(line) for line in dedented(report.excerpts.of(group.place))]
    source = join(
        tag("p", tag("code", str(group.place)), class_="place"),
        tag("pre", *map(_line, lines), class_="source") if lines else NOTHING,
    )
    first, *others = group.found
    # What happens comes first, then where.
    return tag("article", _finding(first, source), *map(_finding, others), class_="cause")


def _line(line: Line) -> Html:
    before, meant, after = (
        line.text[: line.start],
        line.text[line.start : line.end],
        line.text[line.end :],
    )
    mark = tag("mark", meant) if meant else NOTHING
    return join(tag("span", f"{line.number}", class_="number"), before, mark, after, "\n")


def _finding(found: Found, source: Html = NOTHING) -> Html:
    rule, finding = found.rule, found.finding
    word = "cannot tell" if finding.unknown else rule.severity.word
    related = [
        tag("li", tag("code", str(one.place)), f": {one.note}" if one.note else "")
        for one in finding.related
    ]
    head = tag(
        "h3",
        tag("span", word, class_=f"severity {'unknown' if finding.unknown else word}"),
        f" {rule.id} ",
        tag("b", rule.name),
        f" {finding.subject}" if finding.subject else "",
    )
    return tag(
        "div",
        head,
        tag("p", finding.message, class_="message"),
        source,
        tag("ul", *related, class_="related") if related else NOTHING,
        tag("p", tag("b", "fix: "), finding.hint, class_="fix") if finding.hint else NOTHING,
        _why(rule),
    )


def _why(rule: Rule) -> Html:
    paragraphs = page_of(rule).sections["Why it matters"].split("\n\n")
    return tag(
        "details",
        tag("summary", "why it matters"),
        *(tag("p", *_inline(paragraph)) for paragraph in paragraphs),
        tag("p", "holdfast explain ", rule.id, class_="dim"),
    )


def _inline(text: str) -> Iterator[Child]:
    """Markdown's code within a sentence; our pages have nothing else there."""
    for number, part in enumerate(_CODE.split(text)):
        yield tag("code", part) if number % 2 else part


def _table(names: Sequence[str], rows: Sequence[Html]) -> Html:
    head = tag("thead", tag("tr", *(tag("th", name) for name in names)))
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="wide")


def _row(*cells: str) -> Html:
    return tag("tr", *(tag("td", cell) for cell in cells))
