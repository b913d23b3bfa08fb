"""A rehearsal as one page: the verdict first, then how it came about, then how to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files

from holdfast.cli.environment import Environment
from holdfast.cli.html.markup import NOTHING, Child, Html, join, tag
from holdfast.cli.html.timeline import timeline
from holdfast.cli.record_words import record_words
from holdfast.cli.verdict_table import NEUTRAL, SECTIONS, latency, phase_names
from holdfast.rehearsal.verdict import INVARIANTS, Judge, Verdict, Violation

MOST_VIOLATIONS = 50
"""So many of a run are on the page; the rest is in the JSON."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(
    verdicts: Sequence[Verdict], judge: Judge, environment: Environment, *, interrupted: bool
) -> str:
    """The whole document: no script, and nothing that is loaded from anywhere.

    Args:
        verdicts: of all runs; the last one is judged, the others are the contrast.
        judge: what it is judged by.
        environment: where it ran.
        interrupted: whether somebody ended it early.
    """
    title = "Holdfast rehearsal"
    body: list[Child]
    if verdicts:
        title = f"{headline(verdicts[-1], judge)} - {title}"
        body = list(_body(verdicts, judge, interrupted=interrupted))
    else:
        body = [tag("header", tag("h1", "No run was ended: nothing was judged"), class_="bad")]
    css = files("holdfast.cli.html").joinpath("style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(css)),
    )
    document = tag("html", head, tag("body", *body, _environment(environment)), lang="en")
    return f"<!doctype html>\n{document.text}\n"


def headline(verdict: Verdict, judge: Judge) -> str:
    """The verdict of a run as a sentence that people say."""
    if not verdict.sessions_opened:
        return f"{verdict.name} opened no session: nothing was proved"
    if verdict.sessions_lost or verdict.writes_lost:
        return (
            f"{verdict.name} lost {verdict.sessions_lost} of {verdict.sessions_opened} sessions and"
            f" {verdict.writes_lost} of {verdict.writes_acknowledged} acknowledged writes"
        )
    kept = f"{verdict.name} lost no session and no write"
    if verdict.holds(judge):
        return kept
    broken = {v.invariant: 0 for v in verdict.violations if judge in {"all", v.heading}}
    named = [name for name in INVARIANTS if name in broken]
    return f"{kept} to the faults, but broke: {', '.join(named)}"


def _body(verdicts: Sequence[Verdict], judge: Judge, *, interrupted: bool) -> Iterator[Child]:
    judged, contrast = verdicts[-1], verdicts[:-1]
    yield _verdict(judged, judge, interrupted=interrupted)
    yield _section("What happened", timeline(judged))
    title = "Side by side" if contrast else "Figures"
    yield _section(title, _comparison(verdicts, judge))
    yield _section("What went wrong", *_wrong(judged))
    if contrast:
        runs = [_contrast(verdict) for verdict in contrast]
        note = tag(
            "p", "These runs are not judged; they show what other choices cost.", class_="dim"
        )
        yield _section("The contrast", note, *runs)


def _section(title: str, *children: Child) -> Html:
    return tag("section", tag("h2", title), *children)


def _verdict(verdict: Verdict, judge: Judge, *, interrupted: bool) -> Html:
    judged = "survival" if judge == "survival" else "survival and races"
    good = verdict.holds(judge) and verdict.sessions_opened > 0
    figures = [
        _figure("sessions lost", verdict.sessions_lost, verdict.sessions_opened),
        _figure("writes lost", verdict.writes_lost, verdict.writes_acknowledged),
        _figure(
            "lost updates",
            verdict.lost_updates,
            verdict.writes_acknowledged,
            neutral=judge == "survival",
        ),
        _figure("errors", verdict.errors + verdict.unknown, verdict.requests, neutral=True),
    ]
    early = tag("p", "Interrupted: this is what was seen until then.") if interrupted else NOTHING
    return tag(
        "header",
        tag("h1", f"{headline(verdict, judge)}."),
        tag("p", f"Judged: {judged}, in a run of {verdict.seconds:.0f} seconds."),
        early,
        tag("dl", *figures, class_="figures"),
        class_="good" if good else "bad",
    )


def _figure(label: str, count: int, of: int, *, neutral: bool = False) -> Html:
    style = None if neutral else "bad" if count else "good"
    number = tag("dd", f"{count:,} ", tag("small", f"of {of:,}"))
    return tag("div", tag("dt", label), number, class_=style)


def _comparison(verdicts: Sequence[Verdict], judge: Judge) -> Html:
    several = len(verdicts) > 1
    heads = [
        tag(
            "th",
            verdict.name,
            tag("small", "judged") if several and verdict is verdicts[-1] else NOTHING,
            scope="col",
        )
        for verdict in verdicts
    ]
    rows: list[Html] = []
    for title, counts in SECTIONS:
        rows.append(_section_row(title, len(verdicts)))
        bad = "bad" if title == "survival" or (title == "races" and judge == "all") else "warn"
        for label, count in counts:
            cells = []
            for verdict in verdicts:
                number = count(verdict)
                style = None if label in NEUTRAL else bad if number else "good"
                cells.append(tag("td", f"{number:,}", class_=style))
            rows.append(tag("tr", tag("th", label, scope="row"), *cells))
    rows.append(_section_row("p50 / p99 in ms", len(verdicts)))
    for name in phase_names(verdicts):
        cells = [tag("td", latency(verdict, name)) for verdict in verdicts]
        rows.append(tag("tr", tag("th", name, scope="row"), *cells))
    head = tag("thead", tag("tr", tag("td"), *heads))
    return tag("div", tag("table", head, tag("tbody", *rows), class_="counts"), class_="wide")


def _section_row(title: str, columns: int) -> Html:
    return tag("tr", tag("th", title, colspan=columns + 1, scope="colgroup", class_="section"))


def _contrast(verdict: Verdict) -> Html:
    summary = tag("summary", f"{headline(verdict, 'all')}.")
    return tag("details", summary, timeline(verdict), *_wrong(verdict), class_="run")


def _wrong(verdict: Verdict) -> Iterator[Html]:
    """The causes in words, then each violation with the requests that clash."""
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
        if not found:
            continue
        yield tag("h3", f"{invariant} ({heading}): {meaning}: {len(found):,} ×")
        # Each invariant has its share, so that a frequent one does not hide the others.
        here = found[:share]
        yield from (_violation(violation) for violation in here)
        if rest := len(found) - len(here):
            yield tag("p", f"and {rest:,} more; --json FILE writes all of them", class_="dim")


def _violation(violation: Violation) -> Html:
    rows = []
    for op in violation.records:
        number, when, who, asked, shown = record_words(op)
        short = [tag("td", words, class_="short") for words in (number, when, who)]
        rows.append(tag("tr", *short, tag("td", asked), tag("td", shown)))
    summary = tag("summary", f"{violation.lineage} at {violation.at:.2f} s: {violation.why}")
    return tag("details", summary, tag("table", tag("tbody", *rows), class_="records"))


def _environment(environment: Environment) -> Html:
    facts = [join(tag("dt", name), tag("dd", value)) for name, value in environment.facts]
    return _section(
        "To see it again",
        tag("pre", tag("code", environment.command)),
        tag("dl", *facts, class_="facts"),
    )
