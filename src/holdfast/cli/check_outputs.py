"""The forms in which ``holdfast check`` says what it found, and the options that ask for them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from holdfast.check.reports import github
from holdfast.check.reports.json import document
from holdfast.check.reports.report import Report
from holdfast.check.reports.sarif import sarif
from holdfast.check.rule import Rule
from holdfast.cli.output import require_all_writable, write_file, write_json

_File = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Reports beside the one on the terminal.

    Args:
        json: Write the report as JSON to this file; `-` is stdout, and then nothing else is.
        sarif: Write SARIF 2.1.0, for code scanning.
        junit: Write JUnit XML: a case for each rule.
        html: Write one page that needs no network.
        github: Print annotations too, which GitHub shows beside the lines of a change.
    """

    json: _File = None
    sarif: _File = None
    junit: _File = None
    html: _File = None
    github: Annotated[bool, Parameter(negative="")] = False

    def given(self) -> list[str]:
        """The options that were given."""
        named = {"--json": self.json, "--sarif": self.sarif, "--junit": self.junit}
        every = named | {"--html": self.html, "--github": self.github}
        return [option for option, value in every.items() if value]

    def require_writable(self) -> None:
        """Raise before the work where one could not be written.

        Raises:
            UsageError, EnvironmentLacking: a file cannot be written.
        """
        require_all_writable(
            {
                "--json": self.json,
                "--sarif": self.sarif,
                "--junit": self.junit,
                "--html": self.html,
            }
        )

    def write(self, report: Report, rules: Sequence[Rule], began: datetime) -> None:
        """Print the report and write those that were asked for.

        Raises:
            EnvironmentLacking: a file cannot be written.
        """
        # What is imported here loads more than a check needs.
        if self.json != "-":
            from holdfast.cli.check_text import show

            show(report, github.commands(report) if self.github else ())
        if self.json:
            write_json(document(report), self.json)
        if self.sarif:
            write_json(sarif(report), self.sarif)
        if self.junit:
            from holdfast.cli.check_junit import junit

            write_file(junit(report, rules, began), self.junit)
        if self.html:
            from holdfast.cli.html.check import page

            write_file(page(report, sys.argv[1:], began).encode(), self.html)


NOTHING_ELSE = Outputs()
