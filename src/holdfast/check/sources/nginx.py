"""nginx configuration as a tree of directives.

Tokens as nginx makes them (nginx 1.28, src/core/ngx_conf_file.c, ngx_conf_read_token). PyPI's
crossplane 0.5.8 was looked at and not taken: it opens the files itself, recurses as deep as the
blocks are nested, and knows lines but no columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.manifests.place import Place
from holdfast.manifests.text import Text
from holdfast.manifests.unreadable import Unreadable

MAX_DIRECTIVES: Final = 20_000
MAX_NESTED: Final = 32

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_WORD = re.compile(r"(?:\$\{|\\.|[^ \t\r\n;{\\])+", re.DOTALL)
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LUA_BLOCK = re.compile(r"\w+_by_lua_block")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive.

    Args:
        name: ``fastcgi_buffers``.
        arguments: without quotes.
        place: from its name to what ends it.
        block: what stands in its braces; None where it has none.
    """

    name: str
    arguments: tuple[str, ...]
    place: Place
    block: tuple[Directive, ...] | None = field(default=None, repr=False)

    def first(self, name: str) -> Directive | None:
        """The first directive of a name that stands in the block itself."""
        return next((inner for inner in self.block or () if inner.name == name), None)


def parse(text: Text) -> tuple[Directive, ...] | Unreadable:
    """The directives of a file or a snippet; what nginx would refuse is unreadable."""
    if "{{" in text.string:
        at = text.string.index("{{")
        return Unreadable(text.place(at, at + 2), "a template, not judged", template=True)
    open_: list[tuple[Text, list[str], list[Directive]]] = []
    directives: list[Directive] = []
    words: list[str] = []
    start = 0
    for count, (kind, at, end) in enumerate(_tokens(text.string)):
        string = text.string[at:end]
        if count > MAX_DIRECTIVES * 4 or len(open_) > MAX_NESTED:
            return Unreadable(
                text.place(at, at), "is too long, or its blocks are nested too deeply"
            )
        if kind == "word":
            start = start if words else at
            words.append(_value(string))
        elif string == ";" and words:
            place = text.place(start, end)
            directives.append(Directive(words[0], tuple(words[1:]), place))
            words = []
        elif kind == "lua" or (string == "{" and words):
            open_.append((text.part(start, end), words, directives))
            directives, words = [], []
        elif string == "}" and open_ and not words:
            opening, outer, before = open_.pop()
            before.append(Directive(outer[0], tuple(outer[1:]), opening.place(), tuple(directives)))
            directives = before
        else:
            return Unreadable(text.place(at, end), f"«{string[:20]}» stands where it cannot")
    if open_ or words:
        return Unreadable(text.place(start, start), "a directive is not ended")
    return tuple(directives)


def walk(
    directives: tuple[Directive, ...], above: tuple[Directive, ...] = ()
) -> Iterator[tuple[Directive, tuple[Directive, ...]]]:
    """Every directive, with the blocks that it stands in, outermost first."""
    for directive in directives:
        yield directive, above
        if directive.block is not None:
            yield from walk(directive.block, (*above, directive))


def _value(word: str) -> str:
    quoted = word[:1] in {'"', "'"}
    return _ESCAPE.sub(r"\1", word[1:-1] if quoted else word)


def _tokens(string: str) -> Iterator[tuple[str, int, int]]:
    at, name = 0, ""
    while at < len(string):
        if blank := _BLANK.match(string, at):
            at = blank.end()
        elif string[at] in ";{}":
            if string[at] == "{" and _LUA_BLOCK.fullmatch(name):
                yield "lua", at, at + 1
                at = _behind_lua(string, at + 1)
            else:
                yield "sign", at, at + 1
                at += 1
            name = ""
        elif word := _QUOTED.match(string, at) or _WORD.match(string, at):
            yield "word", at, word.end()
            name = name or word[0]
            at = word.end()
        else:
            yield "sign", at, at + 1
            at += 1


def _behind_lua(string: str, at: int) -> int:
    """Where the brace is that closes a block of Lua."""
    open_ = 1
    sign = re.compile(r"[{}]|--[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)
    while open_ and (found := sign.search(string, at)):
        open_ += {"{": 1, "}": -1}.get(found[0], 0)
        at = found.end()
        if not open_:
            return found.start()
    return len(string)
