"""Values that nobody has filled in: names that are reserved for examples, and what ``init`` writes.

RFC 2606 and RFC 6761 keep ``example.com``, ``.test`` and their like for documentation, and that
of AWS uses the account 123456789012. Such a value renders well and reaches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from holdfast.kube.app import App

FILL_IN: Final = "fill-in"
"""What ``init`` writes where the project says nothing, and no host belongs."""

_EXAMPLE = re.compile(
    r"(?:^|[^\w-])(?:example\.(?:com|org|net)|[\w-]+\.(?:example|invalid|test)|123456789012)"
    r"(?![\w-]|\.\w)"
)


def placeholders(app: App) -> list[str]:
    """Paths below ``spec`` whose values are examples, such as ``database.host``."""
    spec = msgspec.to_builtins(app.spec)
    return list(_found({key: part for key, part in spec.items() if key != "environments"}, ""))


def _found(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _found(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _found(inner, f"{path}[{index}]")
    elif isinstance(value, str) and is_placeholder(value):
        yield path


def is_placeholder(value: str) -> bool:
    """Whether a text is an example, or has one in it: ``https://cdn.example.com/files``."""
    return value in (FILL_IN, FILL_IN.replace("-", "")) or bool(_EXAMPLE.search(value))
