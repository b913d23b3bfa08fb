"""Which stretches of a YAML file are texts, so that what looks like a comment there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml import CSafeLoader

_INK = re.compile(r"^(?P<indent> *)[^ \r\n]", re.MULTILINE)


def texts(text: str) -> Iterator[tuple[int, int]]:
    """Where quoted words and blocks (``|``, ``>``) begin and end, in characters.

    Behind what is no YAML nothing is known to be a text.
    """
    try:
        for event in yaml.parse(text, Loader=CSafeLoader):
            if isinstance(event, yaml.ScalarEvent) and event.style:
                first: Any = event.start_mark
                last: Any = event.end_mark
                start, end = first.index, last.index
                block = event.style in "|>"
                yield _content(text, start, end) if block else (start, end)
    except yaml.YAMLError:
        return


def _content(text: str, start: int, end: int) -> tuple[int, int]:
    """Of a block what is in it: neither a comment behind its sign nor one below it."""
    first = text.find("\n", start, end) + 1
    if not first or not (ink := _INK.search(text, first, end)):
        return start, start
    for line in _INK.finditer(text, first, end):
        if len(line["indent"]) < len(ink["indent"]):
            return first, line.start()
    return first, end
