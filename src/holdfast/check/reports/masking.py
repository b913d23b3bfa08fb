"""Where in a source file the values of secrets stand, so that no excerpt shows them.

Reads lines, not grammars: an excerpt may come from YAML, PHP, dotenv, a Dockerfile or nginx, whole
or broken. Where it cannot tell it masks: too much is ugly, too little is a leak. So the value of a
variable that is not known to be harmless is not shown either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from holdfast.check.reports.secret_names import hides, is_secret, is_unknown
from holdfast.check.reports.secret_shapes import SHAPES, USED

Span = tuple[int, int]
"""From and to, in characters of a line."""

_NO_SECRET = re.compile(
    r"""["']?(?:true|false|null|~|yes|no|on|off|[\[{(]?|\$\{?\w+\}?|\$\(\w+\))["']?[\s,;)\]}]*(?:\#.*)?$""",
    re.IGNORECASE,
)
"""Says nothing: a constant, a bracket that opens, or where the value is from."""

_PAIR = re.compile(r"""(?P<key>[A-Za-z_][\w.\-/]*)["'\]]*\s*(?P<sign>=>|:=|==?|:(?!:|//))\s*""")
_YAML = re.compile(
    r"""^(?P<lead>\s*(?:-\s+)*)["']?(?P<key>[\w.\-/]+)["']?\s*:(?:\s+|$)(?P<value>.*)"""
)
_WORDS = re.compile(
    r"""(?:^\s*(?:ENV|ARG|LABEL|SetEnv|fastcgi_param|proxy_set_header|add_header|env|set|define)\s*\(?\s*["']?\$?"""
    r"""|(?:^|[\s"'\[,])-{1,2}|(?:^|[\s"'])(?=requirepass|masterauth))"""
    r"""(?P<key>[A-Za-z_][\w.\-]*)["',\s]+(?=\S)"""
)
_OPTION = re.compile(r"""^\s*-\s+["']?-{1,2}(?P<key>[\w-]+)["']?\s*$""")
_TAKES = frozenset("apuHbd")
"""Options of one letter whose argument may be a secret."""

_ITEM = re.compile(r"""^\s*-\s+(?P<value>.+)$""")
_FLOW = (
    re.compile(
        r"""name["']?\s*:\s*["']?(?P<key>[\w.-]+)["']?\s*,\s*["']?value["']?\s*:\s*"""
        r"""(?P<value>"[^"]*"|'[^']*'|[^,}]+)"""
    ),
    re.compile(
        r"""value["']?\s*:\s*(?P<value>.{1,500}?)\s*,\s*["']?name["']?\s*:\s*["']?(?P<key>[\w.-]+)"""
    ),
)
_WORDS_OF_ALL = (
    *("pass", "pwd", "secret", "token", "credential", "auth", "dsn", "key"),
    *("://", "basic", "bearer", "base64:", "eyj", "gh", "sk_live_", "xox"),
    *("redis-cli", "mysql", "mariadb", "config", "echo", "printf", "$", "secure_link", "hook"),
    *("sg.", "akia", "aiza", "npm_", "sk_", "rk_", "glpat", "whsec", "salt", "signature", "hmac"),
    *("pw", "creds", "pin", "otp", "pat", "jwt", "cookie"),
)
_MAY_HINT = re.compile(r"""[A-Z][A-Z0-9_]|[A-Z]\w*-\w|(?:^|[\s"'\[,])-{1,2}[A-Za-z]""")
"""A variable, a header or an option."""

_LITERAL = re.compile(r""""(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?""")
_READS = re.compile(r"(?:env|getenv|config|get)\(\s*$", re.IGNORECASE)
_TOKEN = re.compile(r"(?:\\.|\S)+")
_AFTER_TOKEN = re.compile(r"""\s*(?:$|[\\;&|)"'\]]|[A-Za-z_]\w*=)""")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_KIND = re.compile(r"""["']?kind["']?\s*:\s*["']?Secret\b""")
_DATA = re.compile(r"""(?:^|[\s{,"'])["']?(?:data|stringData)\\?["']?\s*:\s*""")
_SEPARATOR = re.compile(r"^(?:---|\.\.\.)(?:\s|$)")
_GENERATED = re.compile(r"^\s*-\s+[^=\s]+=(?P<value>.+)$")

MASK = "***"
"""Stands for what must not be shown."""

MAX_LINE = 2000
"""A line with more characters is masked as a whole: it is no line that people read."""

_FAR = 50
"""So many lines may be between a variable's name and its value."""


def secrets(lines: Sequence[str]) -> list[list[Span]]:
    """What must not be shown of each line, in order and without overlaps.

    Args:
        lines: of a whole file, since a value's name may stand in another line.
    """
    spans: list[list[Span]] = [[] for _ in lines]
    values = _values_of_secret_variables(lines)
    generates = any("secretGenerator" in line for line in lines)
    hinting = _hinting(lines)
    for first, end in _documents(lines):
        data = any("Secret" in line and _KIND.search(line) for line in lines[first:end])
        scanner = _Scanner(data=data, generates=generates)
        for number in range(first, end):
            named, hints = number in values, number in hinting
            if named or hints or not scanner.idle:
                spans[number] = _merged(scanner.line(lines[number], named=named, hints=hints))
            elif len(lines[number]) > MAX_LINE:
                spans[number] = [(0, len(lines[number]))]
    return spans


def without_secrets(text: str) -> str:
    """Words of a rule without what has the form of a secret; a net below the rules' own care."""
    for shape in SHAPES:
        text = shape.sub(lambda match: match[0].replace(match["value"], MASK), text)
    return text


def _hinting(lines: Sequence[str]) -> set[int]:
    """The lines that one of the patterns may match; most have none of their words."""
    low = [line.lower() for line in lines]
    whole = "\n".join(low)
    words = [word for word in _WORDS_OF_ALL if word in whole]
    hinting = {number for number, line in enumerate(low) for word in words if word in line}
    return hinting.union(number for number, line in enumerate(lines) if _MAY_HINT.search(line))


def _documents(lines: Sequence[str]) -> Iterator[Span]:
    borders = [
        number
        for number, line in enumerate(lines)
        if line.startswith(("---", "...")) and _SEPARATOR.match(line)
    ]
    starts = [0, *borders]
    yield from zip(starts, [*borders, len(lines)], strict=True)


def _values_of_secret_variables(lines: Sequence[str]) -> set[int]:
    """The lines ``value: ...`` that belong to a ``name: APP_KEY``."""
    found: set[int] = set()
    for number, line in enumerate(lines):
        pair = _YAML.match(line) if "name" in line else None
        name = _bare(pair["value"]) if pair and pair["key"] == "name" else ""
        if not pair or not (is_secret(name) or is_unknown(name)):
            continue
        column = len(pair["lead"])
        after = range(number + 1, min(number + _FAR, len(lines)))
        before = range(number - 1, max(number - _FAR, -1), -1)
        there = {*_siblings(lines, after, column, down=True)}
        if "-" not in pair["lead"]:
            there.update(_siblings(lines, before, column, down=False))
        found.update(one for one in there if hides(name, lines[one].partition(":")[2].strip()))
    return found


def _siblings(lines: Sequence[str], numbers: range, column: int, *, down: bool) -> Iterator[int]:
    for number in numbers:
        line = lines[number]
        text = line.lstrip()
        if not text or text.startswith("#"):
            continue
        pair = _YAML.match(line)
        begins = bool(pair and "-" in pair["lead"] and len(pair["lead"]) <= column)
        outside = len(line) - len(text) < column and not begins
        if outside or (begins and down):
            return
        if pair and len(pair["lead"]) == column and pair["key"] == "value":
            yield number
        if begins:
            return


def _bare(value: str) -> str:
    return value.partition(" #")[0].strip(" \t\"',")


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class _Scanner:
    """Goes over the lines of a document, and knows what a line above has begun."""

    def __init__(self, *, data: bool, generates: bool) -> None:
        self._data = data
        self._generates = generates
        self._quote = ""
        self._pem = False
        self._below: int | None = None
        """Deeper than this everything belongs to a secret value."""
        self._under: int | None = None
        """Deeper than this all that has no key of its own belongs to a secret value."""
        self._below_data: int | None = None
        """Deeper than this all values are a Secret's."""
        self._next_item = False

    @property
    def idle(self) -> bool:
        """Whether no line above has begun anything, so that a line without a hint says nothing."""
        begun = self._data or self._generates or self._quote or self._pem or self._next_item
        deeper = self._below, self._under, self._below_data
        return not begun and deeper == (None, None, None)

    def line(self, line: str, *, named: bool, hints: bool) -> list[Span]:
        """What must not be shown of the next line.

        Args:
            line: without its end.
            named: whether its ``value:`` belongs to a variable that is secret.
            hints: whether one of the patterns may match.
        """
        if len(line) > MAX_LINE:
            return [(0, len(line))]
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        whole = (indent, len(line))
        if self._pem or self._quote:
            return [(0, self._closed(line)), *self._found(line, indent, named=named)]
        if self._below is not None and text:
            if indent > self._below:
                return [whole]
            self._below = None
        if self._below_data is not None and text and indent <= self._below_data:
            self._below_data = None
        if self._under is not None and text:
            item = text.startswith("- ") and indent == self._under
            if indent <= self._under and not item:
                self._under = None
            elif not _YAML.match(line):
                return [whole]
        if not (named or self._data or self._generates or self._next_item or hints):
            return []
        return list(self._found(line, indent, named=named))

    def _closed(self, line: str) -> int:
        """Where what began above ends in this line."""
        if self._pem:
            if not (border := _PEM_END.search(line)):
                return len(line)
            self._pem = False
            return border.end()
        end = _end_of_quoted(line, 0, self._quote)
        if end <= len(line):
            self._quote = ""
        return min(end, len(line))

    def _found(self, line: str, indent: int, *, named: bool) -> Iterator[Span]:
        if self._next_item and (item := _ITEM.match(line)):
            yield item.span("value")
        option = _OPTION.match(line)
        self._next_item = bool(option and (is_secret(option["key"]) or option["key"] in _TAKES))
        for shape in (*SHAPES, *USED):
            for match in shape.finditer(line):
                yield match.span("value")
        for flow in _FLOW:
            for match in flow.finditer(line):
                if hides(match["key"], match["value"]):
                    yield match.span("value")
        if (begin := _PEM.search(line)) and not self._pem:
            self._pem = not _PEM_END.search(line, begin.end())
            yield begin.end(), len(line)
        if self._generates and (pair := _GENERATED.match(line)):
            yield pair.span("value")
        yield from self._of_a_secret_object(line, indent)
        yield from self._values(line, indent, named=named)

    def _of_a_secret_object(self, line: str, indent: int) -> Iterator[Span]:
        if self._below_data is not None:
            pair = _YAML.match(line)
            start = pair.start("value") if pair else indent
            yield start, len(line)
            quote = line[start : start + 1]
            if quote in {'"', "'"} and _end_of_quoted(line, start + 1, quote) > len(line):
                self._quote = quote
            self._below = indent
        elif self._data and (key := _DATA.search(line)):
            self._below_data = indent
            rest = line[key.end() :].strip()
            if rest not in {"", "{"}:
                yield key.end(), len(line)

    def _values(self, line: str, indent: int, *, named: bool) -> Iterator[Span]:
        for words in _WORDS.finditer(line):
            if hides(words["key"], line[words.end() :], word=True):
                yield from self._value(line, words.end(), indent, sign=" ")
        for pair in _PAIR.finditer(line):
            key, sign = pair["key"], pair["sign"]
            own = named and key == "value" and sign == ":"
            hidden = hides(key, line[pair.end() :], word=sign != ":")
            if own or hidden or (sign == "=>" and key.lower() == "key"):
                yield from self._value(line, pair.end(), indent, sign=sign)

    def _value(self, line: str, start: int, indent: int, *, sign: str) -> Iterator[Span]:
        """The value that begins there, and what of it the lines below will hold."""
        rest = line[start:]
        if sign == ":" and rest[:1] in {"|", ">"}:
            self._below = indent
            return
        if sign == ":" and not rest:
            self._under = indent
        if _NO_SECRET.match(rest) or (rest[:1] == "{" and sign == ":"):
            return
        if rest[:1] in {'"', "'"}:
            end = _end_of_quoted(line, start + 1, rest[0])
            if end > len(line):
                self._quote = rest[0]
            comment = line[end:].lstrip()[:1] in {"#", ";"}  # may be what the value was before
            yield start, len(line) if comment else min(end, len(line))
        elif sign == "=>" or _READS.match(rest.partition("(")[0] + "("):
            for literal in _LITERAL.finditer(line, start):
                if not _READS.search(line[: literal.start()]):
                    yield literal.span()
        elif sign == "=" and (token := _TOKEN.match(line, start)):
            follows = _AFTER_TOKEN.match(line, token.end())
            yield start, token.end() if follows else len(line)
        else:
            yield start, len(line)
            if sign == ":":
                self._below = indent


def _end_of_quoted(line: str, start: int, quote: str) -> int:
    """Just behind the closing quote; more than the line's length where it does not close there."""
    at = start
    while at < len(line):
        if line[at] == "\\" and quote == '"':
            at += 2
        elif line[at] == "\\" and line[at + 1 : at + 2] == quote:
            at += 2  # PHP's escape; YAML has none here, and more is masked then
        elif line[at] == quote:
            if line[at + 1 : at + 2] != quote:
                return at + 1
            at += 2  # YAML's escape of a quote
        else:
            at += 1
    return len(line) + 1
