"""What went wrong in a run: causes in words, violations with the requests that clash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.cli.html.markup import Html, tag
from holdfast.cli.record_words import record_words
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.verdict import INVARIANTS, MOST_KEPT, Verdict, Violation

MOST_VIOLATIONS = 50
"""So many of a run are on the page; the rest is in the JSON."""

FIRST = 3
"""So many of each invariant stand in the open, and on paper; the others behind one more fold."""

_SEEN = 1.5
"""Percent of a row: what was shorter is drawn so wide."""


def wrong(verdict: Verdict) -> Iterator[Html]:
    """The causes, the commonest first, and under each violated invariant its violations."""
    if verdict.not_applicable:
        # Said, or it would read as a test that was passed.
        yield tag("p", f"Not applicable to this store: {', '.join(verdict.not_applicable)}.")
    if not verdict.violations:
        yield tag("p", "Nothing: every invariant holds.")
        return
    causes = [
        tag("li", tag("b", f"{count:,} ×"), tag("span", cause))
        for cause, count in verdict.causes.items()
    ]
    yield tag("ul", *causes, class_="causes")
    share = MOST_VIOLATIONS // len({v.invariant for v in verdict.violations})
    for invariant, (heading, meaning) in INVARIANTS.items():
        found = [v for v in verdict.violations if v.invariant == invariant]
        if found:
            title = tag(
                "h3",
                f"{invariant} ({heading}): {meaning}: ",
                tag("b", f"{verdict.count(invariant):,} ×"),
            )
            # Each invariant has its share, so that a frequent one does not hide the others.
            listed = _listed(found[:share], verdict.count(invariant))
            yield tag("div", title, *listed, class_=f"found {heading}")


def _listed(found: Sequence[Violation], count: int) -> Iterator[Html]:
    yield from (_violation(violation) for violation in found[:FIRST])
    more = [_violation(violation) for violation in found[FIRST:]]
    if more:
        yield tag("details", tag("summary", f"{len(more):,} more"), *more, class_="more")
    if rest := count - len(found):
        words = f"and {rest:,} more; --json FILE has up to {MOST_KEPT} of them"
        yield tag("p", words, class_="dim")


def _violation(violation: Violation) -> Html:
    summary = tag("summary", f"{violation.lineage} at {violation.at:.2f} s: {violation.why}")
    answers = [op.answer.at for op in violation.records if op.answer]
    begin = min((op.sent.at for op in violation.records), default=0.0)
    end = max([violation.at, *answers])
    rows = [_record(op, begin, max(end - begin, 0.001)) for op in violation.records]
    return tag("details", summary, tag("table", tag("tbody", *rows), class_="records"))


def _record(op: Op, begin: float, seconds: float) -> Html:
    """A request in words, and when it was under way as a bar: those that overlap are parallel."""
    number, when, who, asked, shown = record_words(op)
    ended = op.answer.at if op.answer else begin + seconds
    wide = max(_SEEN, 100 * (ended - op.sent.at) / seconds)
    bar = tag(
        "svg",
        tag(
            "rect",
            x=f"{min(100 - wide, 100 * (op.sent.at - begin) / seconds):.1f}%",
            width=f"{wide:.1f}%",
            height=6,
            class_="under-way" if op.answer else "under-way unanswered",
        ),
        width="100%",
        height=6,
        aria_hidden="true",
    )
    return tag(
        "tr",
        tag("td", number, class_="short"),
        tag("td", when, bar, class_="short when"),
        tag("td", who, class_="short"),
        tag("td", asked, class_="asked"),
        tag("td", shown),
    )
