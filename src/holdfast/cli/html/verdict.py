"""The verdict at one glance: a word, a sentence, four figures, a bar for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.cli.html.markup import NOTHING, Html, tag
from holdfast.cli.verdict_table import NEUTRAL, SECTIONS
from holdfast.rehearsal.verdict import Judge, Verdict, in_words, judges


def verdict_block(verdicts: Sequence[Verdict], judge: Judge, *, interrupted: bool) -> Html:
    """The head of the page, about the last of the runs, with the others for contrast."""
    verdict = verdicts[-1]
    judged = in_words(judge)
    proved = not (verdict.holds(judge) and verdict.unproved)
    good = verdict.holds(judge) and proved
    # Not by colour alone: paper may be grey, and not everybody tells red from green.
    word = "✓ holds" if good else "✗ does not hold" if proved else "✗ nothing proved"
    early = tag("p", "Interrupted: this is what was seen until then.") if interrupted else NOTHING
    return tag(
        "header",
        tag("p", word, class_="word"),
        tag("h1", f"{headline(verdict, judge)}."),
        *_others(verdict, judge),
        tag("p", f"Judged: {judged}, in a run of {verdict.seconds:.0f} seconds.", class_="dim"),
        early,
        tag("dl", *_figures(verdict, judge), class_="figures"),
        _shares(verdicts) if len(verdicts) > 1 else NOTHING,
        class_="good" if good else "bad",
    )


def headline(verdict: Verdict, judge: Judge) -> str:
    """The verdict of a run as a sentence that people say."""
    if verdict.holds(judge) and verdict.unproved:
        return f"Nothing was proved of {verdict.name}: {verdict.unproved}"
    if verdict.sessions_lost or verdict.writes_lost:
        sessions = f"{verdict.sessions_lost:,} of {verdict.sessions_opened:,} sessions"
        lost = f"{verdict.name} lost {sessions}"
        if verdict.visited:
            return lost
        writes = f"{verdict.writes_lost:,} of {verdict.writes_acknowledged:,} acknowledged writes"
        return f"{lost} and {writes}"
    kept = f"{verdict.name} lost no session" + ("" if verdict.visited else " and no write")
    if verdict.holds(judge):
        return kept
    if verdict.holds("survival"):
        return f"{kept} to the faults, but parallel requests broke it"
    return f"{kept} to the faults, but showed what it must not"


def broken(verdict: Verdict, judge: Judge) -> str:
    """What else was counted against a run, in words; empty where nothing was."""
    return _counted(verdict, {"survival", "races"} if judges(judge, "races") else {"survival"})


def _others(verdict: Verdict, judge: Judge) -> Iterator[Html]:
    if said := broken(verdict, judge):
        yield tag("p", f"{said[0].upper()}{said[1:]}.", class_="others")
    if not judges(judge, "races") and (races := _counted(verdict, {"races"})):
        yield tag("p", f"What parallel requests did is not judged: {races}.")


def _counted(verdict: Verdict, sections: set[str]) -> str:
    said = {"sessions LOST", "writes LOST", *NEUTRAL}
    return ", ".join(
        f"{label}: {count(verdict):,}"
        for title, counts in SECTIONS
        for label, count in counts
        if title in sections and label not in said and count(verdict)
    )


def _figures(verdict: Verdict, judge: Judge) -> list[Html]:
    writes = verdict.writes_acknowledged
    return [
        _figure("sessions lost", verdict.sessions_lost, verdict.sessions_opened),
        _figure("writes lost", verdict.writes_lost, writes),
        _figure("lost updates", verdict.lost_updates, writes, neutral=not judges(judge, "races")),
        _figure("errors", verdict.errors + verdict.unknown, verdict.requests, neutral=True),
    ]


def _figure(label: str, count: int, of: int, *, neutral: bool = False) -> Html:
    style = None if neutral else "bad" if count else "good"
    number = tag("dd", f"{count:,} ", tag("small", f"of {of:,}"))
    return tag("div", tag("dt", label), number, class_=style)


def _shares(verdicts: Sequence[Verdict]) -> Html:
    """Sessions lost of each run as a bar of what was opened."""
    rows = []
    for verdict in verdicts:
        lost, opened = verdict.sessions_lost, verdict.sessions_opened
        share = 100 * min(1.0, lost / opened) if opened else 0.0
        bar = tag(
            "svg",
            tag("rect", width="100%", height=14, rx=3, class_="kept"),
            tag("rect", width=f"{share:.1f}%", height=14, rx=3, class_="gone"),
            width="100%",
            height=14,
            aria_hidden="true",
        )
        name = tag("th", verdict.name, scope="row")
        style = "bad" if lost else "good" if opened else None
        number = tag("td", tag("b", f"{lost:,}"), f" of {opened:,}", class_=style)
        judged = "judged" if verdict is verdicts[-1] else None
        rows.append(tag("tr", name, tag("td", bar, class_="bar"), number, class_=judged))
    title = tag("p", "sessions lost, of those opened", class_="dim")
    return tag("div", title, tag("table", tag("tbody", *rows)), class_="shares")
