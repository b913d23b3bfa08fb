"""The ``.env`` file that becomes a Secret: read as Laravel reads it, but for what it lets pass.

Laravel takes the last of two lines, and drops whatever follows a quote that nobody closes. In a
Secret that is a password that is not there, found out by the first pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.core.errors import FormatError, UsageError
from holdfast.kube.rejected import Complaint, Rejected
from holdfast.manifests.place import Place
from holdfast.project import dotenv
from holdfast.project.dotenv import Entry, Loaded

_ANOTHER_LINE = re.compile(r"\n[A-Z_][A-Z0-9_]*=[^=\s]")
"""A definition inside a quoted text. The last line of a key in PEM may end in ``=``."""


def secret(data: bytes, file: str) -> dict[str, str]:
    """The variables of a file, by their names.

    Args:
        file: its name, for messages; they show nothing of a value.

    Raises:
        Rejected: a quote is not closed, a name stands twice or has no value.
        UsageError: Laravel would not start with this file.
    """
    try:
        entries = dotenv.parse(data, file)
        complaints = [*_unclosed(data, entries, file), *_doubtful(entries, file)]
        if complaints:
            raise Rejected(complaints)
        found = dotenv.load(data, {}, file)
    except FormatError as error:
        raise UsageError(str(error), hint=error.hint) from None
    return {name: one.value for name, one in found.items() if isinstance(one, Loaded)}


def _unclosed(data: bytes, entries: list[Entry], file: str) -> Iterator[Complaint]:
    lines = [entry.line for entry in entries if _ANOTHER_LINE.search(entry.value or "")]
    at_the_end = dotenv.unclosed(data)
    for line in [*lines, *([] if at_the_end is None else [at_the_end])]:
        yield Complaint(
            Place(file, line, 1),
            "a quote is opened and not closed: what follows becomes part of the value",
            'close it in its line: NAME="value"',
        )


def _doubtful(entries: list[Entry], file: str) -> Iterator[Complaint]:
    first: dict[str, int] = {}
    for entry in entries:
        if entry.value is None:  # what stands there may be a value whose name was forgotten
            yield Complaint(Place(file, entry.line, 1), "there is no equals sign", "NAME=value")
        elif entry.name in first:
            yield Complaint(
                Place(file, entry.line, 1),
                f"{entry.name} is in line {first[entry.name]} already, and only one of them counts",
                "keep the right one",
            )
        first.setdefault(entry.name, entry.line)
