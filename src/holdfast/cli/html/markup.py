"""Elements of HTML and SVG whose text and attributes are escaped by construction."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from holdfast.cli.printable import printable

_VOID: Final = {"meta", "br"}


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that was made here; a plain ``str`` is text and is always escaped."""

    text: str


Child = Html | str
NOTHING: Final = Html("")


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Html:
    """An element. Attributes: ``class_`` is ``class``, ``font_size`` is ``font-size``; None: left
    out.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{join(*children).text}</{name}>")


def join(*children: Child) -> Html:
    """One after the other."""
    return Html("".join(c.text if isinstance(c, Html) else _text(c) for c in children))


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    return escape(printable(text), quote=True)
