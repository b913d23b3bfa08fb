"""A shell script as tokens: words with their quotes judged, operators, here-documents.

What is common to POSIX shells (IEEE Std 1003.1-2017, XCU 2.2, 2.3), and what scripts use of bash.
Every character is looked at once a level of nesting; nothing is run or expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MAX_NESTED: Final = 32
"""Quotes and substitutions in one another."""
MAX_TOKENS: Final = 20_000

_OPERATOR = re.compile(r";;&|;;|;&|&&|&>>|&>|\|\||\|&|[;&|()\n]")
_REDIRECTION = re.compile(r"\d*(?:<<<|<<-|<<|<>|<&|<|>>|>&|>\||>)|&>>|&>")
_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\n)+")
_PLAIN = re.compile(r"[^ \t\r\f\v\n;&|()<>'\"\\$`]+")
_VARIABLE = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)
_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
_IN_QUOTES = re.compile(r'[^"\\$`]+')
_CLOSES: Final = {"(": ")", "$(": ")", "((": ")", "{": "}", '"{': "}"}


class Lost(Exception):  # noqa: N818 - not an error of ours: reading stops here
    """From this offset on nothing is certain."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(why)
        self.offset, self.why = offset, why


@dataclass(slots=True)
class Token:
    """A word, an operator or a redirection.

    Args:
        kind: ``word``, ``operator``, ``redirection``.
        start, end: offsets.
        text: as it is written.
        value: of a word, what the command is given; None where only a running shell can know.
        inner: stretches that are scripts themselves: command substitutions, or the body of a
            here-document.
    """

    kind: str
    start: int
    end: int
    text: str
    value: str | None = None
    inner: list[tuple[int, int]] = field(default_factory=list)


def tokens(script: str) -> Iterator[Token]:
    """The tokens of a script, in order.

    Raises:
        Lost: a quote or a substitution is not closed, or there is too much of it.
    """
    at, count = 0, 0
    waiting: list[tuple[Token, str]] = []  # here-documents whose bodies begin on the next line
    heredoc: Token | None = None  # whose delimiter is the next word
    while at < len(script):
        count += 1
        if count > MAX_TOKENS:
            raise Lost(at, f"has more than {MAX_TOKENS} tokens")
        if blank := _BLANK.match(script, at):
            at = blank.end()
        elif script[at] == "#":
            end = script.find("\n", at)
            at = end if end >= 0 else len(script)
        elif redirection := _redirection(script, at):
            token = Token("redirection", at, redirection.end(), redirection[0])
            at = token.end
            heredoc = token if token.text.endswith(("<<", "<<-")) else None
            yield token
        elif operator := _OPERATOR.match(script, at):
            at = operator.end()
            yield Token("operator", operator.start(), at, operator[0])
            if operator[0] == "\n" and waiting:
                at = _bodies(script, at, waiting)
                waiting = []
        else:
            token = _word(script, at)
            at = token.end
            if heredoc is not None:
                waiting.append((heredoc, re.sub(r"['\"\\]", "", token.text)))
                heredoc = None
            yield token


def _redirection(script: str, at: int) -> re.Match[str] | None:
    if script.startswith(("<(", ">("), at):
        return None
    return _REDIRECTION.match(script, at)


def _bodies(script: str, at: int, waiting: list[tuple[Token, str]]) -> int:
    for token, delimiter in waiting:
        start = at
        while at < len(script):
            end = script.find("\n", at)
            end = len(script) if end < 0 else end
            line, line_start, at = script[at:end], at, end + 1
            if (line.lstrip("\t") if token.text.endswith("-") else line) == delimiter:
                token.inner.append((start, line_start))
                break
        else:
            token.inner.append((start, len(script)))
    return min(at, len(script))


def _word(script: str, at: int) -> Token:
    start, parts, known = at, [], True
    inner: list[tuple[int, int]] = []
    while at < len(script):
        character = script[at]
        if plain := _PLAIN.match(script, at):
            parts.append(plain[0])
            known &= not re.search(r"[*?]", plain[0]) and not _BRACES.search(plain[0])
            at = plain.end()
        elif character == "'":
            end = script.find("'", at + 1)
            if end < 0:
                raise Lost(at, "a quote is not closed")
            parts.append(script[at + 1 : end])
            at = end + 1
        elif character == '"':
            end = _skip(script, at + 1, '"', inner)
            quoted = _in_double_quotes(script[at + 1 : end - 1])
            known &= quoted is not None
            parts.append(quoted or "")
            at = end
        elif character == "\\":
            if not script.startswith("\\\n", at):
                parts.append(script[at + 1 : at + 2])
            at += 2
        elif character == "$":
            at, literal = _dollar(script, at, inner)
            known &= literal
            parts.append("$" if literal else "")
        elif character == "`":
            at, known = _backquoted(script, at, inner), False
        elif character == "(" and parts and parts[-1].endswith("="):
            at, known = _skip(script, at + 1, "(", inner), False
        elif at == start and script.startswith(("<(", ">("), at):
            at, known = _skip(script, at + 2, "$(", inner), False
        else:
            break
    at = min(at, len(script))
    return Token("word", start, at, script[start:at], "".join(parts) if known else None, inner)


def _dollar(script: str, at: int, inner: list[tuple[int, int]]) -> tuple[int, bool]:
    """Behind what a dollar sign begins, and whether it stands for itself."""
    if script.startswith("$((", at):
        return _skip(script, at + 3, "((", inner), False
    if script.startswith("$(", at):
        return _skip(script, at + 2, "$(", inner), False
    if script.startswith("${", at):
        return _skip(script, at + 2, "{", inner), False
    if script.startswith("$'", at):
        ansi = re.compile(r"(?:[^'\\]|\\.)*'", re.DOTALL).match(script, at + 2)
        if ansi is None:
            raise Lost(at, "a quote is not closed")
        return ansi.end(), False
    if script.startswith('$"', at):
        return _skip(script, at + 2, '"', inner), False
    variable = _VARIABLE.match(script, at + 1)
    return (variable.end(), False) if variable else (at + 1, True)


def _backquoted(script: str, at: int, inner: list[tuple[int, int]]) -> int:
    end = at + 1
    while end < len(script) and script[end] != "`":
        end += 2 if script[end] == "\\" else 1
    if end >= len(script):
        raise Lost(at, "a backquote is not closed")
    inner.append((at + 1, end))
    return end + 1


def _in_double_quotes(quoted: str) -> str | None:
    if re.search(r"(?<!\\)(?:\\\\)*(?:`|\$[\w({@*#?$!'-])", quoted):
        return None
    return re.sub(r'\\([$`"\\\n])', lambda found: found[1].strip("\n"), quoted)


def _skip(script: str, at: int, opened: str, inner: list[tuple[int, int]]) -> int:
    """Behind what closes a quote or bracket that was opened before ``at``.

    Args:
        script: the whole text.
        at: just behind what opened it.
        opened: ``"``, ``(``, ``$(``, ``((`` or ``{``.
        inner: gets the outermost command substitutions that are in it, itself counted.
    """
    start = at
    open_: list[tuple[str, int]] = [(opened, at)]
    if opened == "((":
        open_.append(("(", at))
    while open_:
        if len(open_) > MAX_NESTED:
            raise Lost(start, "quotes and brackets are nested too deeply")
        if at >= len(script):
            raise Lost(start, "a quote or a bracket is not closed")
        kind = open_[-1][0]
        if kind == '"':
            at = _step_in_quotes(script, at, open_, inner)
        else:
            at = _step_in_brackets(script, at, open_, inner)
    return at


def _step_in_quotes(
    script: str, at: int, open_: list[tuple[str, int]], inner: list[tuple[int, int]]
) -> int:
    if plain := _IN_QUOTES.match(script, at):
        return plain.end()
    if script[at] == "\\":
        return at + 2
    if script[at] == '"':
        open_.pop()
        return at + 1
    return _expansion(script, at, open_, inner)


def _step_in_brackets(
    script: str, at: int, open_: list[tuple[str, int]], inner: list[tuple[int, int]]
) -> int:
    kind, start = open_[-1]
    character = script[at]
    if character == "\\":
        return at + 2
    if character == _CLOSES[kind]:
        open_.pop()
        if kind == "$(" and not any(below == "$(" for below, _ in open_):
            inner.append((start, at))
    elif character == "'" and kind != '"{':
        end = script.find("'", at + 1)
        if end < 0:
            raise Lost(at, "a quote is not closed")
        return end + 1
    elif character == '"':
        open_.append(('"', at + 1))
    elif character == "(" and kind not in {"{", '"{'}:
        open_.append(("(", at + 1))
    elif character == "#" and kind == "$(" and script[at - 1] in " \t\n;(":
        end = script.find("\n", at)
        return end if end >= 0 else len(script)
    elif character in "$`":
        return _expansion(script, at, open_, inner)
    return at + 1


def _expansion(
    script: str, at: int, open_: list[tuple[str, int]], inner: list[tuple[int, int]]
) -> int:
    if script[at] == "`":
        found: list[tuple[int, int]] = []
        end = _backquoted(script, at, found)
        if not any(kind == "$(" for kind, _ in open_):
            inner += found
        return end
    if script.startswith("$((", at):
        open_ += [("((", at + 3), ("(", at + 3)]
        return at + 3
    if script.startswith("$(", at):
        open_.append(("$(", at + 2))
        return at + 2
    if script.startswith("${", at):
        open_.append(('"{' if open_[-1][0] == '"' else "{", at + 2))
        return at + 2
    return at + 1
