"""A rehearsal as one page: the verdict first, then how it came about, then how to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.cli.environment import Environment
from holdfast.cli.html.comparison import comparison
from holdfast.cli.html.document import again, document, section
from holdfast.cli.html.markup import Child, Html, tag
from holdfast.cli.html.timeline import timeline
from holdfast.cli.html.verdict import broken, headline, verdict_block
from holdfast.cli.html.violations import wrong
from holdfast.rehearsal.verdict import Judge, Verdict


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
    return document(title, *body, again(environment))


def _body(verdicts: Sequence[Verdict], judge: Judge, *, interrupted: bool) -> Iterator[Child]:
    judged, contrast = verdicts[-1], verdicts[:-1]
    yield verdict_block(verdicts, judge, interrupted=interrupted)
    yield section(
        f"What happened on {judged.name}" if contrast else "What happened", timeline(judged)
    )
    title = "Side by side" if contrast else "Figures"
    yield section(title, comparison(verdicts, judge))
    yield section("What went wrong", *wrong(judged))
    if contrast:
        runs = [_contrast(verdict) for verdict in contrast]
        note = tag(
            "p", "These runs are not judged; they show what other choices cost.", class_="dim"
        )
        yield section("The contrast", note, *runs)


def _contrast(verdict: Verdict) -> Html:
    others = broken(verdict, "all")
    words = f"{headline(verdict, 'all')}{f' ({others})' if others else ''}."
    return tag("details", tag("summary", words), timeline(verdict), *wrong(verdict), class_="run")
