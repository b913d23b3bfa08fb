"""References: PHP's ``r:3;`` (the same object again) and ``R:3;`` (``&``, the same variable).

The numbers count values over the whole payload, from 1 for the outermost: every value takes the
next number, an ``r`` too, an ``R`` and array keys none. So a changed value moves all numbers
behind it, and an edit that only exchanged bytes would make PHP bind another value without a word.
This is the slow path of `SessionArray`, taken only where such a token stands.

Source: ``var_access`` and ``var_push`` in ``ext/standard/var_unserializer.re``, PHP 8.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from holdfast.core.errors import FormatError
from holdfast.laravel.php.codec import Reader
from holdfast.laravel.php.opaque import unchecked
from holdfast.laravel.php.values import CHECKED, WRITABLE, Key, Limits

_ARRAY = ord("a")
_CUSTOM = ord("C")
_OBJECT = ord("O")
_POINTER = ord("r")
_REFERENCE = ord("R")
_OBJECTS = b"OCEr"
# as a class writes it that calls serialize() for its parts; "user:1" is none
_TOKEN_IN_BODY = re.compile(rb"(?<![A-Za-z0-9_])(?:[bidsSaOCErR]:[-+.0-9IN]|N;)")

_HIDDEN = "a Serializable object may hold numbered values of its own"


@dataclass(slots=True)
class Token:
    """One value of a payload.

    Attributes:
        kind: its letter.
        start: where it begins.
        slot: its number; 0 for an ``R``, which has none.
        target: the number that an ``r`` or ``R`` names, else 0.
        end: where it ends.
        after: index of the first token behind it and all that it holds.
    """

    kind: int
    start: int
    slot: int
    target: int
    end: int = 0
    after: int = 0


@dataclass(slots=True)
class Payload:
    """All values of a payload in their order.

    Attributes:
        tokens: every value, references too.
        slots: index of the token that has number n; slots[0] is unused.
        duplicates: whether some container names a key twice; the numbers of the overwritten value
            then mean the later one.
        hidden: whether there is a ``Serializable`` object whose body may hold serialized values.
            PHP numbers these along with the others, but only the class knows which they are.
    """

    tokens: list[Token] = field(default_factory=list)
    slots: list[int] = field(default_factory=lambda: [-1])
    duplicates: bool = False
    hidden: bool = False


def check_references(data: bytes) -> None:
    """Refuse the references that PHP refuses.

    These are a number that is not there yet or is its own, and an ``r`` to what is no object.

    Args:
        data: a payload whose grammar is known to be right.

    Raises:
        FormatError: a reference that PHP would refuse.
    """
    _Walk(data, CHECKED).run()


def rewrite(data: bytes, members: Sequence[tuple[bytes, bytes | tuple[int, int]]]) -> bytes:
    """Write an array anew from members of an old one and from new ones.

    All numbers are put right. A value that is gone but is still referred to is written at the
    first place that refers to it, as PHP would. A new value is that of its own key alone: whatever
    referred to the old one keeps the old one, where an assignment in PHP would change both.

    Args:
        data: the old payload.
        members: for each member its key as written, and new bytes without references or where the
            old value begins and ends.

    Raises:
        FormatError: the numbers cannot be known (a key written twice, a ``Serializable`` object
            with serialized values inside), or the result is nested too deeply.
    """
    old = _Walk(data, CHECKED).run()
    if old.duplicates:
        raise _inexpressible("a key is written twice")
    if old.hidden:
        raise _inexpressible(_HIDDEN)
    writer = _Writer(data, old, frozenset())
    result = writer.write(members)
    if lonely := writer.lonely():
        result = _Writer(data, old, lonely).write(members)
    _Walk(result, WRITABLE).run()
    return result


def tied(data: bytes) -> dict[int, bytes]:
    """The members of an array that hold references, and those that references of others mean.

    Args:
        data: an array whose references are known to be right.

    Returns:
        By where a member's value begins: its bytes, in which a reference names, in place of a
        number that others move, the member that it means and the number within that. They tell
        whether two payloads say the same, and are no PHP.

    Raises:
        FormatError: the numbers cannot be known, as in `rewrite`.
    """
    walked = _Walk(data, CHECKED).run()
    if walked.duplicates:
        raise _inexpressible("a key is written twice")
    if walked.hidden:
        raise _inexpressible(_HIDDEN)
    tokens = walked.tokens
    members: list[tuple[int, int]] = []  # first token and first one behind it
    while (index := members[-1][1] if members else 1) < len(tokens):
        members.append((index, tokens[index].after))
    holder = [0] * len(tokens)  # by token, the number of the member that holds it, from 1
    for number, (first, after) in enumerate(members, start=1):
        holder[first:after] = [number] * (after - first)
    meant = {
        holder[walked.slots[token.target]]
        for index, token in enumerate(tokens)
        if token.target and holder[walked.slots[token.target]] != holder[index]
    }
    spelled: dict[int, bytes] = {}
    for number, (first, after) in enumerate(members, start=1):
        references = [token for token in tokens[first:after] if token.target]
        if not references and number not in meant:
            continue
        parts, at = [], tokens[first].start
        for token in references:
            target = walked.slots[token.target]
            home = holder[target]
            within = token.target - tokens[members[home - 1][0]].slot if home else 0
            name = _name_before(data, members, tokens, home)
            parts += [data[at : token.start], b"%c:%b+%d;" % (token.kind, name, within)]
            at = token.end
        spelled[tokens[first].start] = b"".join([*parts, data[at : tokens[first].end]])
    return spelled


def _name_before(
    data: bytes, members: Sequence[tuple[int, int]], tokens: Sequence[Token], number: int
) -> bytes:
    """The key of a member, from 1, as it is written; the array itself is 0 and has none."""
    if not number:
        return b""
    begins = tokens[members[number - 1][0]].start
    if number == 1:
        return data[data.index(b"{") + 1 : begins]
    return data[tokens[members[number - 2][0]].end : begins]


def _inexpressible(why: str) -> FormatError:
    return FormatError(
        f"a session with references cannot be changed: {why}",
        expected="references that can be renumbered",
        hint="let PHP change this session",
    )


class _Writer:
    """Copies values of an old payload and keeps account of their new numbers.

    Args:
        lonely: numbers of objects of which one variable is left, though it was several times ``&``
            before. PHP writes ``r`` for that one. Known only after a first run.
    """

    def __init__(self, data: bytes, old: Payload, lonely: frozenset[int]) -> None:
        self.data = data
        self.old = old
        self.lonely_before = lonely
        self.parts: list[bytes] = []
        self.number = 1  # the array itself
        self.renumbered = {1: 1}
        self.moved: set[int] = set()  # objects written where an r stood
        self.variables: Counter[int] = Counter()  # places that are written of each number

    def write(self, members: Sequence[tuple[bytes, bytes | tuple[int, int]]]) -> bytes:
        """The whole array."""
        at = {token.start: index for index, token in enumerate(self.old.tokens)}
        self.parts.append(b"a:%d:{" % len(members))
        for key, value in members:
            self.parts.append(key)
            if isinstance(value, tuple):
                self.copy(at[value[0]])
            else:
                new = _Walk(value, CHECKED).run()
                if new.hidden:
                    raise _inexpressible(_HIDDEN)
                self.parts.append(value)
                self.number += len(new.slots) - 1
        self.parts.append(b"}")
        return b"".join(self.parts)

    def lonely(self) -> frozenset[int]:
        """What the second run must know."""
        return frozenset(slot for slot in self.moved if self.variables[slot] == 1)

    def copy(self, index: int) -> None:
        """Write the value at `index` of the old tokens with all that it holds."""
        data = self.data
        tokens = self.old.tokens
        # next token, first token behind, next byte, first byte behind; the innermost copy is last
        copies = [self.whole(index)]
        while copies:
            copy = copies[-1]
            if copy[0] == copy[1]:
                self.parts.append(data[copy[2] : copy[3]])
                copies.pop()
                continue
            token = tokens[copy[0]]
            variable = token.slot or token.target
            if token.slot:
                self.variables[variable] += 1
            number = self.renumbered.get(variable)
            if number is None and token.kind not in (_POINTER, _REFERENCE):
                self.number += 1
                self.renumbered[variable] = self.number
                copy[0] += 1
                continue
            self.parts.append(data[copy[2] : token.start])
            copy[0] = token.after
            copy[2] = token.end
            if number is not None:
                # an R, or a value that an earlier reference had to bring with it
                self.variables[variable] += not token.slot
                self.refer(number, shared=variable not in self.lonely_before)
                continue
            if token.kind == _POINTER:
                self.renumbered[variable] = self.number + 1
                number = self.renumbered.get(token.target)
                if number is not None:
                    self.refer(number, shared=False)
                    continue
                self.moved.add(token.target)
                self.variables[token.target] -= 1  # what comes now is the r's own place
            copies.append(self.whole(self.old.slots[token.target]))

    def whole(self, index: int) -> list[int]:
        """What `copy` is to copy for one value: its tokens and its bytes."""
        token = self.old.tokens[index]
        return [index, token.after, token.start, token.end]

    def refer(self, number: int, *, shared: bool) -> None:
        """Write a reference; PHP gives only an ``r`` a number of its own."""
        if shared:
            self.parts.append(b"R:%d;" % number)
        else:
            self.parts.append(b"r:%d;" % number)
            self.number += 1


class _Walk:
    """Passes over a payload and notes its values.

    A number points to a place in a container, and a key that is written twice fills the same place
    again; so the numbers are checked against places.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.reader = Reader(data, 0, limits)
        self.payload = Payload()
        self.kinds: list[int] = []  # of each place, what stands there now
        self.numbered = [-1]  # the place of each number
        # the open containers: token, members still to come, place of each key; innermost last
        self.open: list[tuple[Token, int, dict[Key, int]]] = []

    def run(self) -> Payload:
        while True:
            token, place = self.begin()
            if token.kind in (_ARRAY, _OBJECT):
                count = self.reader.enter(token.kind)
                if count:
                    self.open.append((token, count, {}))
                    continue
                self.reader.close()
            elif token.kind in (_POINTER, _REFERENCE):
                token.target = self.reader.slot()
                self.resolve(token, place)
            else:
                self.reader.skip_scalar(token.kind)
            self.end(token)
            if not self.open:
                return self.payload

    def begin(self) -> tuple[Token, int]:
        """The token at the cursor and its place, numbered."""
        reader = self.reader
        place = len(self.kinds)
        if self.open:
            place = self.open[-1][2].setdefault(reader.key(), place)
        token = Token(reader.data[reader.pos], reader.pos, 0, 0)
        if place == len(self.kinds):
            self.kinds.append(token.kind)
        else:
            self.payload.duplicates = True
            self.kinds[place] = token.kind
        if token.kind != _REFERENCE:
            token.slot = len(self.numbered)
            self.numbered.append(place)
            self.payload.slots.append(len(self.payload.tokens))
        self.payload.tokens.append(token)
        return token, place

    def resolve(self, token: Token, place: int) -> None:
        """Check what a reference points to; its place then holds the same."""
        target = -1
        if 0 < token.target < len(self.numbered):
            target = self.numbered[token.target]
        if self.payload.hidden and token.target and target != place:
            return
        if target < 0 or target == place:
            raise self.reader.expected("a reference to an earlier value", token.start)
        if token.kind == _POINTER and self.kinds[target] not in _OBJECTS:
            raise self.reader.expected("a reference to an object", token.start)
        self.kinds[place] = self.kinds[target]

    def end(self, token: Token) -> None:
        """Note where a value ends, and with it the containers of which it is the last."""
        data = self.reader.data
        token.end = self.reader.pos
        token.after = len(self.payload.tokens)
        if token.kind == _CUSTOM and not self.payload.hidden:
            body = unchecked(data[token.start : token.end]).body
            self.payload.hidden = _TOKEN_IN_BODY.search(body) is not None
        while self.open:
            holder, left, places = self.open.pop()
            if left > 1:
                self.open.append((holder, left - 1, places))
                return
            self.reader.close()
            holder.end = self.reader.pos
            holder.after = len(self.payload.tokens)
