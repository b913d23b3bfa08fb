"""``holdfast rules``: what ``holdfast check`` looks for."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from holdfast.check.rules import RULES
from holdfast.cli import exit_status
from holdfast.cli.check_text import STYLES
from holdfast.cli.output import write_json
from holdfast.cli.screen import stdout


def rules(*, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """List the rules of `holdfast check`.

    `holdfast explain HF101` shows what a rule is about.

    Args:
        json: Write JSON to stdout.
    """
    if json:
        write_json(
            [
                {
                    "id": rule.id,
                    "name": rule.name,
                    "title": rule.title,
                    "severity": rule.severity.word,
                    "fixable": rule.fixable,
                    "since": rule.since,
                    "catalogue": list(rule.gotchas),
                }
                for rule in RULES
            ],
            "-",
        )
        return exit_status.HOLDS
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("what is wrong, and its name", overflow="fold")
    table.add_column("--fix", no_wrap=True)
    for rule in RULES:
        table.add_row(
            rule.id,
            Text(rule.severity.word, style=STYLES[rule.severity]),
            Text.assemble(rule.title, "\n", (rule.name, "dim")),
            "yes" if rule.fixable else "",
        )
    stdout.print(table)
    return exit_status.HOLDS
