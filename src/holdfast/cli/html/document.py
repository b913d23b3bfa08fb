"""What every page of ours has: a head, sections, and how to see it again."""

from __future__ import annotations

from importlib.resources import files

from holdfast.cli.environment import Environment
from holdfast.cli.html.markup import Child, Html, join, tag

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, *body: Child) -> str:
    """A whole document: no script, and nothing that is loaded from anywhere."""
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
    whole = tag("html", head, tag("body", *body), lang="en")
    return f"<!doctype html>\n{whole.text}\n"


def section(title: str, *children: Child) -> Html:
    """A part of the page with its heading."""
    return tag("section", tag("h2", title), *children)


def again(environment: Environment) -> Html:
    """The command that repeats it, and where it ran."""
    facts = [join(tag("dt", name), tag("dd", value)) for name, value in environment.facts]
    return section(
        "To see it again",
        tag("pre", tag("code", environment.command)),
        tag("dl", *facts, class_="facts"),
    )
