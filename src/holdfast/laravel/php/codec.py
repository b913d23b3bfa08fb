"""PHP's ``serialize()`` format: the grammar, and a reader that skips or decodes.

Source: ``ext/standard/var_unserializer.re`` and ``var.c`` of PHP 8.2. Lengths count bytes, and
strings are found by their length, never by their quotes: what is inside them is user input.
What PHP accepts is accepted, also where it would write it otherwise (``S:``, ``i:+1;``, integers
beyond 64 bits); what it refuses without knowing any class is refused.

The reader keeps its own stack, so PHP's nesting of 4,096 fits into any thread's. Its hot path
compares bytes at a position and uses neither regular expressions nor tuples, so that mypyc can
compile this module well.
"""

from __future__ import annotations

import re

from holdfast.core.errors import FormatError
from holdfast.laravel.php.opaque import unchecked
from holdfast.laravel.php.values import (
    DEFAULT_LIMITS,
    Key,
    Limits,
    PhpFloat,
    Value,
    float_text,
    normal_key,
    php_int,
    text_of,
)

_COLON = ord(":")
_SEMICOLON = ord(";")
_QUOTE = ord('"')
_OPEN = ord("{")
_CLOSE = ord("}")
_MINUS = ord("-")
_PLUS = ord("+")
_DOT = ord(".")
_BACKSLASH = ord("\\")
_ZERO = ord("0")
_NINE = ord("9")
_ARRAY = ord("a")
_BOOL = ord("b")
_CUSTOM = ord("C")
_ENUM = ord("E")
_ESCAPED = ord("S")
_EXPONENT = b"eE"
_FLOAT = ord("d")
_INT = ord("i")
_NULL = ord("N")
_OBJECT = ord("O")
_POINTER = ord("r")
_REFERENCE = ord("R")
_STRING = ord("s")

_SIZE_MASK = 2**64 - 1  # PHP's lengths and slot numbers wrap as size_t does
_SMALLEST_MEMBER = 6  # `i:0;N;`
_CASE_BYTES = bytes(c for c in range(256) if c > 127 or chr(c).isalnum() or chr(c) == "_")
_CLASS_BYTES = _CASE_BYTES + b"\\"
# PHP's old Serializable classes call serialize() for their bodies, and the numbers go on inside
_REFERENCE_IN_BODY = re.compile(rb"(?<![A-Za-z0-9_])[rR]:[0-9]")


class Reader:
    """A cursor over serialized bytes.

    Attributes:
        pos: where the next byte is read.
        depth: containers that are open around `pos`.
        elements: members announced so far.
        references: whether an ``r`` or ``R`` has been passed.

    Methods raise FormatError, and IndexError where the input ends too early: who calls them on
    bytes that were not checked before turns that into `truncated`.
    """

    __slots__ = ("data", "depth", "elements", "limits", "pos", "references")

    def __init__(self, data: bytes, pos: int = 0, limits: Limits = DEFAULT_LIMITS) -> None:
        self.data = data
        self.pos = pos
        self.limits = limits
        self.depth = 0
        self.elements = 0
        self.references = False

    def expected(self, what: str, offset: int) -> FormatError:
        """The error for a byte that is not what it should be."""
        return FormatError(
            f"PHP-serialized data: {what} expected at byte {offset}", offset=offset, expected=what
        )

    def truncated(self) -> FormatError:
        """The error for input that ends too early."""
        return self.expected("more data", len(self.data))

    def decode(self) -> Value:
        """Read one value; an array that holds references is opaque.

        Their numbers mean nothing outside the payload.
        """
        start = self.pos
        before = self.references
        self.references = False
        value = self.value()
        if self.references and type(value) is dict:
            value = unchecked(self.data[start : self.pos])
        self.references = self.references or before
        return value

    def value(self) -> Value:
        """Read one value, references in arrays one by one."""
        data = self.data
        outer: list[tuple[dict[Key, Value], int]] = []
        array: dict[Key, Value] | None = None
        key: Key = 0
        left = 0
        while True:
            if array is not None:
                key = self.key()
            kind = data[self.pos]
            value: Value
            if kind == _ARRAY:
                count = self.enter(kind)
                inner: dict[Key, Value] = {}
                if count:
                    if array is not None:
                        array[key] = inner
                        outer.append((array, left))
                    array = inner
                    left = count
                    continue
                self.close()
                value = inner
            else:
                value = self.scalar(kind)
            if array is None:
                return value
            array[key] = value
            left -= 1
            while left == 0:
                self.close()
                if not outer:
                    return array
                array, left = outer.pop()
                left -= 1

    def skip(self) -> None:
        """Pass over one value and check all of it."""
        data = self.data
        left: list[int] = []
        while True:
            if left:
                self.skip_key()
            kind = data[self.pos]
            if kind == _STRING:
                self.blob()
            elif kind in (_ARRAY, _OBJECT):
                count = self.enter(kind)
                if count:
                    left.append(count)
                    continue
                self.close()
            else:
                self.skip_scalar(kind)
            while left:
                if left[-1] > 1:
                    left[-1] -= 1
                    break
                left.pop()
                self.close()
            if not left:
                return

    def key(self, *, normal: bool = True) -> Key:
        """Read an array key, as PHP would hold it (``s:1:"5"`` is 5) if `normal`."""
        if self.data[self.pos] == _INT:
            start = self.pos + 2
            self.skip_int()
            return php_int(self.data[start : self.pos - 1])
        name = self.string()
        if normal and name and name[0] <= _NINE:
            return normal_key(name)
        return text_of(name)

    def skip_key(self) -> None:
        """Pass over an array key."""
        kind = self.data[self.pos]
        if kind == _STRING:
            self.blob()
        elif kind == _INT:
            self.skip_int()
        elif kind == _ESCAPED:
            self.escaped()
        else:
            raise self.expected("an array key (i or s)", self.pos)

    def scalar(self, kind: int) -> Value:
        """Read one value that is no array."""
        start = self.pos
        if kind == _STRING:
            content = self.blob()
            digits = content - start - 4
            if digits > 1 and (self.data[start + 2] == _ZERO or digits > 19):
                return unchecked(self.data[start : self.pos])
            return text_of(self.data[content : self.pos - 2])
        if kind == _INT:
            self.skip_int()
            text = self.data[start + 2 : self.pos - 1]
            number = php_int(text)
            return number if b"%d" % number == text else unchecked(self.data[start : self.pos])
        if kind == _OBJECT:
            self.skip()
        else:
            self.skip_scalar(kind)
        if kind == _NULL:
            return None
        if kind == _BOOL:
            return self.data[start + 2] != _ZERO
        if kind == _FLOAT:
            spelled = self.data[start + 2 : self.pos - 1].decode()
            real = float(spelled)
            if float_text(real) == spelled:
                return real
            return PhpFloat(spelled)
        return unchecked(self.data[start : self.pos])

    def skip_scalar(self, kind: int) -> None:
        """Pass over one value that is neither array nor plain object."""
        data = self.data
        pos = self.pos
        if kind == _STRING:
            self.blob()
        elif kind == _INT:
            self.skip_int()
        elif kind == _NULL:
            self.punctuation(_SEMICOLON, pos + 1)
        elif kind == _BOOL:
            self.punctuation(_COLON, pos + 1)
            if data[pos + 2] not in b"01":
                raise self.expected("0 or 1", pos + 2)
            self.punctuation(_SEMICOLON, pos + 3)
        elif kind == _FLOAT:
            self.skip_float()
        elif kind == _ESCAPED:
            self.escaped()
        elif kind == _ENUM:
            self.skip_enum()
        elif kind == _CUSTOM:
            self.skip_custom()
        elif kind in (_POINTER, _REFERENCE):
            self.slot()
            self.references = True
        else:
            raise self.expected("a value (N b i d s a O C E r R)", pos)

    def punctuation(self, byte: int, offset: int) -> None:
        """Expect one byte and go on behind it."""
        if self.data[offset] != byte:
            raise self.expected(chr(byte), offset)
        self.pos = offset + 1

    def length(self) -> int:
        """Read ``s:3:"`` (any letter) and return the 3."""
        data = self.data
        pos = self.pos + 2
        if data[pos - 1] != _COLON:
            raise self.expected(":", pos - 1)
        number = 0
        digit = data[pos]
        if not _ZERO <= digit <= _NINE:
            raise self.expected("a length", pos)
        while _ZERO <= digit <= _NINE:
            number = number * 10 + digit - _ZERO
            if number > _SIZE_MASK:
                number &= _SIZE_MASK
            pos += 1
            digit = data[pos]
        if digit != _COLON:
            raise self.expected(":", pos)
        if data[pos + 1] != _QUOTE:
            raise self.expected('"', pos + 1)
        self.pos = pos + 2
        return number

    def blob(self) -> int:
        """Pass over ``s:3:"abc";``; the content begins at the result and ends at `pos` - 2."""
        data = self.data
        length = self.length()
        start = self.pos
        end = start + length
        if end + 1 >= len(data):
            raise self.expected("as many bytes as announced", start)
        if data[end] != _QUOTE:
            raise self.expected('"', end)
        if data[end + 1] != _SEMICOLON:
            raise self.expected(";", end + 1)
        self.pos = end + 2
        return start

    def string(self) -> bytes:
        r"""Read ``s:3:"abc";`` or ``S:3:"a\62c";``."""
        kind = self.data[self.pos]
        if kind == _STRING:
            start = self.blob()
            return self.data[start : self.pos - 2]
        if kind == _ESCAPED:
            return self.escaped()
        raise self.expected("an array key (i or s)", self.pos)

    def escaped(self) -> bytes:
        r"""Read ``S:3:"a\62c";``, whose length counts the decoded bytes."""
        data = self.data
        length = self.length()
        pos = self.pos
        if length > len(data) - pos:
            raise self.expected("as many bytes as announced", pos)
        content = bytearray()
        while len(content) < length:
            if data[pos] == _BACKSLASH:
                content.append(self.hex_digit(pos + 1) << 4 | self.hex_digit(pos + 2))
                pos += 3
            else:
                content.append(data[pos])
                pos += 1
        self.punctuation(_QUOTE, pos)
        self.punctuation(_SEMICOLON, pos + 1)
        return bytes(content)

    def hex_digit(self, pos: int) -> int:
        """The number that one hexadecimal digit stands for."""
        digit = b"0123456789abcdefABCDEF".find(self.data[pos])
        if digit < 0:
            raise self.expected("two hexadecimal digits", pos)
        return digit if digit < 16 else digit - 6

    def skip_int(self) -> None:
        """Pass over ``i:-1;``."""
        data = self.data
        pos = self.pos + 1
        if data[pos] != _COLON:
            raise self.expected(":", pos)
        pos = self.digits(pos + 1, signed=True)
        if data[pos] != _SEMICOLON:
            raise self.expected(";", pos)
        self.pos = pos + 1

    def digits(self, pos: int, *, signed: bool) -> int:
        """Where the digits at `pos` end; there must be one."""
        data = self.data
        digit = data[pos]
        if signed and digit in (_MINUS, _PLUS):
            pos += 1
            digit = data[pos]
        if not _ZERO <= digit <= _NINE:
            raise self.expected("a digit", pos)
        while _ZERO <= digit <= _NINE:
            pos += 1
            digit = data[pos]
        return pos

    def skip_float(self) -> None:
        """Pass over ``d:1.5;``."""
        data = self.data
        start = self.pos + 2
        if data[start - 1] != _COLON:
            raise self.expected(":", start - 1)
        for word in (b"NAN;", b"INF;", b"-INF;"):
            if data.startswith(word, start):
                self.pos = start + len(word)
                return
        pos = start
        if data[pos] in (_MINUS, _PLUS):
            pos += 1
        if data[pos] == _DOT:
            pos = self.digits(pos + 1, signed=False)
        else:
            pos = self.digits(pos, signed=False)
            if data[pos] == _DOT:
                pos += 1
                while _ZERO <= data[pos] <= _NINE:
                    pos += 1
        if data[pos] in _EXPONENT:
            pos = self.digits(pos + 1, signed=True)
        self.punctuation(_SEMICOLON, pos)

    def name(self) -> int:
        """Read ``O:8:"stdClass"`` (any letter).

        The name begins at the result, `pos` is behind its closing quote.
        """
        length = self.length()
        start = self.pos
        if length == 0 or length >= len(self.data) - start:
            raise self.expected("a name of the announced length", start)
        self.punctuation(_QUOTE, start + length)
        return start

    def class_name(self) -> None:
        """Pass over ``O:8:"stdClass":``."""
        start = self.name()
        name = self.data[start : self.pos - 1]
        if name[0] == _BACKSLASH or name.translate(None, _CLASS_BYTES):
            raise self.expected("a class name", start)
        self.punctuation(_COLON, self.pos)

    def skip_enum(self) -> None:
        """Pass over ``E:11:"Suit:Spades";``. Whether there is such a case only PHP knows."""
        start = self.name()
        name, colon, case = self.data[start : self.pos - 1].partition(b":")
        if not (name and colon and case) or name.translate(None, _CLASS_BYTES):
            raise self.expected("an enum and its case", start)
        if case.translate(None, _CASE_BYTES):
            raise self.expected("an enum and its case", start + len(name) + 1)
        self.punctuation(_SEMICOLON, self.pos)

    def skip_custom(self) -> None:
        """Pass over ``C:3:"Foo":5:{.....}``."""
        self.class_name()
        length = self.loose_count()
        self.punctuation(_COLON, self.pos)
        self.punctuation(_OPEN, self.pos)
        if length >= len(self.data) - self.pos:
            raise self.expected("as many bytes as announced", self.pos)
        start = self.pos
        self.punctuation(_CLOSE, start + length)
        if _REFERENCE_IN_BODY.search(self.data, start, start + length):
            self.references = True

    def slot(self) -> int:
        """Read ``r:3;`` or ``R:3;``."""
        start = self.pos + 2
        self.punctuation(_COLON, start - 1)
        end = self.digits(start, signed=False)
        self.punctuation(_SEMICOLON, end)
        # more digits than 64 bits hold wrap in PHP; they can only point to a slot by accident
        number = 0
        for digit in self.data[start:end]:
            number = (number * 10 + digit - _ZERO) & _SIZE_MASK
        return number

    def loose_count(self) -> int:
        """Read the count of an object, which PHP takes with a sign and without a digit."""
        data = self.data
        start = self.pos
        pos = start
        if data[pos] in (_MINUS, _PLUS):
            pos += 1
        while _ZERO <= data[pos] <= _NINE:
            pos += 1
        self.pos = pos
        text = data[start:pos]
        number = php_int(text) if text.strip(b"+-") else 0
        if number < 0:
            raise self.expected("a count", start)
        return number

    def enter(self, kind: int) -> int:
        """Read ``a:2:{`` or ``O:8:"stdClass":2:{`` and return the 2."""
        data = self.data
        start = self.pos
        if kind == _ARRAY:
            if data[start + 1] != _COLON:
                raise self.expected(":", start + 1)
            self.pos = self.digits(start + 2, signed=False)
            count = php_int(data[start + 2 : self.pos])
        else:
            self.class_name()
            count = self.loose_count()
        pos = self.pos
        if data[pos] != _COLON:
            raise self.expected(":", pos)
        if data[pos + 1] != _OPEN:
            raise self.expected("{", pos + 1)
        self.pos = pos + 2
        if count * _SMALLEST_MEMBER > len(data) - self.pos:
            raise self.expected("as many members as announced", start)
        self.elements += count
        if self.elements > self.limits.max_elements:
            raise self.expected(f"at most {self.limits.max_elements} members", start)
        self.depth += 1
        # PHP counts an empty array as no level, but an empty object as one
        if self.depth > self.limits.max_depth and (count or kind != _ARRAY):
            raise self.expected(f"nesting of at most {self.limits.max_depth}", start)
        return count

    def close(self) -> None:
        """Expect the end of the container that was entered last."""
        if self.data[self.pos] != _CLOSE:
            raise self.expected("}", self.pos)
        self.pos += 1
        self.depth -= 1


def open_reader(data: bytes | bytearray | memoryview, limits: Limits) -> Reader:
    """A reader at the start of `data`, once its size is known to be within the limits."""
    if type(data) is not bytes:
        data = bytes(memoryview(data))
    if len(data) > limits.max_bytes:
        raise FormatError(
            f"PHP-serialized data of {len(data)} bytes, {limits.max_bytes} are allowed",
            offset=limits.max_bytes,
            expected=f"at most {limits.max_bytes} bytes",
            hint="raise Limits.max_bytes if sessions are meant to be this large",
        )
    return Reader(data, 0, limits)
