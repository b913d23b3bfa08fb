"""A rehearsal as one page: the verdict first, then how it came about, then how to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files

from holdfast.cli.environment import Environment
from holdfast.cli.html.comparison import comparison
from holdfast.cli.html.markup import Child, Html, join, tag
from holdfast.cli.html.timeline import timeline
from holdfast.cli.html.verdict import broken, headline, verdict_block
from holdfast.cli.html.violations import wrong
from holdfast.rehearsal.verdict import Judge, Verdict

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


def _body(verdicts: Sequence[Verdict], judge: Judge, *, interrupted: bool) -> Iterator[Child]:
    judged, contrast = verdicts[-1], verdicts[:-1]
    yield verdict_block(verdicts, judge, interrupted=interrupted)
    yield _section(
        f"What happened on {judged.name}" if contrast else "What happened", timeline(judged)
    )
    title = "Side by side" if contrast else "Figures"
    yield _section(title, comparison(verdicts, judge))
    yield _section("What went wrong", *wrong(judged))
    if contrast:
        runs = [_contrast(verdict) for verdict in contrast]
        note = tag(
            "p", "These runs are not judged; they show what other choices cost.", class_="dim"
        )
        yield _section("The contrast", note, *runs)


def _section(title: str, *children: Child) -> Html:
    return tag("section", tag("h2", title), *children)


def _contrast(verdict: Verdict) -> Html:
    others = broken(verdict, "all")
    words = f"{headline(verdict, 'all')}{f' ({others})' if others else ''}."
    return tag("details", tag("summary", words), timeline(verdict), *wrong(verdict), class_="run")


def _environment(environment: Environment) -> Html:
    facts = [join(tag("dt", name), tag("dd", value)) for name, value in environment.facts]
    return _section(
        "To see it again",
        tag("pre", tag("code", environment.command)),
        tag("dl", *facts, class_="facts"),
    )
