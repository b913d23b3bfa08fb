"""``holdfast explain``: the page of a rule."""

from __future__ import annotations

from rich.markdown import Markdown
from rich.text import Text

from holdfast.check.catalogue import rule_named
from holdfast.check.page import page_of
from holdfast.cli import exit_status
from holdfast.cli.check_text import STYLES
from holdfast.cli.screen import stdout


def explain(rule: str) -> int:
    """Show what a rule of `holdfast check` is about: what, why, bad, good, how to fix.

    **Examples**

        holdfast explain HF101

    Args:
        rule: Its id or its name.
    """
    found = rule_named(rule)
    head = Text.assemble(
        (f"{found.id} {found.name}", "bold"),
        "  ",
        (found.severity.word, STYLES[found.severity]),
        ("  since " + found.since, "dim"),
    )
    stdout.print(head)
    page = page_of(found)
    stdout.print(Text(page.title))
    stdout.print()
    stdout.print(Markdown(page.markdown(), code_theme="ansi_dark"))
    return exit_status.HOLDS
