"""What other browsers sent and were shown: where in the history it stands, and no more."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf

from holdfast.rehearsal.history import Op, Sent

_BUCKETS = 4096
_POSITION_BITS = 40


class Elsewhere:
    """Answers what one browser's story cannot: who else sent this, who was shown that first.

    It keeps 8 bytes for each request that sent a word, and for each new session id that a browser
    was shown; what is asked for is read from the history again.

    Args:
        ops: the whole history, in the order of sending.
    """

    def __init__(self, ops: Sequence[Op]) -> None:
        self._ops = ops
        self._words = _Postings()
        self._ids = _Postings()
        self._shown: dict[str, tuple[str, float]] = {}

    def note(self, position: int, op: Op) -> None:
        """Take in the request at a position of the history; in their order."""
        if (word := word_of(op.sent)) is not None:
            self._words.add(word, position)
        if op.state is None:
            return
        shown, first = self._shown.get(op.sent.browser, ("", inf))
        # A browser is shown one id again and again. The answer that came first is what counts.
        if shown != op.state.session or op.end < first:
            self._ids.add(op.state.session, position)
            self._shown[op.sent.browser] = op.state.session, op.end

    def sent(self, word: str, before: float) -> Op | None:
        """The first request that sent a word, if it was sent before a time."""
        for op in self._read(self._words.find(word)):
            if word_of(op.sent) == word and op.start < before:
                return op
        return None

    def first_shown(self, session: str) -> Op:
        """The answer that showed a session id first; ask for one that was shown."""
        found = self._read(self._ids.find(session))
        shown = [op for op in found if op.state is not None and op.state.session == session]
        return min(shown, key=lambda op: op.end)

    def _read(self, positions: Iterator[int]) -> Iterator[Op]:
        return (self._ops[position] for position in positions)


class _Postings:
    """In which requests a text may stand, rising; whoever asks looks whether it does."""

    def __init__(self) -> None:
        self._buckets: dict[int, array[int]] = defaultdict(lambda: array("Q"))

    def add(self, text: str, position: int) -> None:
        bucket, rest = _hashed(text)
        self._buckets[bucket].append(rest << _POSITION_BITS | position)

    def find(self, text: str) -> Iterator[int]:
        bucket, rest = _hashed(text)
        mask = (1 << _POSITION_BITS) - 1
        for entry in self._buckets.get(bucket, ()):
            if entry >> _POSITION_BITS == rest:
                yield entry & mask


def _hashed(text: str) -> tuple[int, int]:
    """A bucket, and 24 bits more."""
    rest, bucket = divmod(hash(text), _BUCKETS)
    return bucket, rest & 0xFFFFFF


def word_of(sent: Sent) -> str | None:
    """What a request sends that a state may show: an item, a mark, the name of a session."""
    match sent.kind:
        case "cart":
            return sent.args["item"]
        case "mark":
            return mark_words(sent.args["key"], sent.args["value"])
        case "open":
            return sent.args["lineage"]
        case _:
            return None


def mark_words(key: str, value: str) -> str:
    """A mark as one word."""
    return f"{key}={value}"
