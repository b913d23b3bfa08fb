"""A history on disk: in memory is only where in the file each request's records begin."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Sequence
from typing import overload

from holdfast.rehearsal.history import Answer, Op, Record, Sent, from_json, to_json

_READ = 4096
"""Bytes read at first; most records are shorter."""


class HistoryFile(Sequence[Op]):
    """The requests of a run, by sending. An item is read from the file whenever it is asked for.

    It costs 16 bytes a request, two positions in the file.

    Args:
        fd: the file, open for reading, and for writing where records are appended. It is closed
            with :meth:`close`, or when nobody holds this object any more.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._close = weakref.finalize(self, os.close, fd)
        self._end = 0
        self._sent = array("Q")
        # No answer begins at 0: its request's record comes first. So 0 is «none came».
        self._answers = array("Q")
        self.cut = 0
        """Bytes of a last line that is not whole: whoever wrote the file was killed meanwhile."""

    def append(self, record: Record) -> None:
        """Write a record. When this returns, the operating system has it.

        Raises:
            OSError: it could not be written, or not all of it; the next one takes its place.
        """
        left = memoryview(to_json(record) + b"\n")
        begin = end = self._end
        while left:
            written = os.pwrite(self._fd, left, end)
            left, end = left[written:], end + written
        self._end = end
        self.note(record, begin)

    def note(self, record: Record, begin: int) -> None:
        """Remember where a record begins.

        Raises:
            ValueError: it is not the next request, or the answer to none.
        """
        match record:
            case Sent(id=number):
                if number != len(self) + 1:
                    raise ValueError(f"request {number} where {len(self) + 1} comes next")
                self._sent.append(begin)
                self._answers.append(0)
            case Answer(id=number):
                if not 0 < number <= len(self):
                    raise ValueError(f"an answer to request {number}, which was not sent")
                self._answers[number - 1] = begin

    def close(self) -> None:
        """Close the file; nothing can be read any more."""
        self._close()
        self._fd = -1

    def __len__(self) -> int:
        return len(self._sent)

    @overload
    def __getitem__(self, index: int) -> Op: ...

    @overload
    def __getitem__(self, index: slice) -> list[Op]: ...

    def __getitem__(self, index: int | slice) -> Op | list[Op]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        sent = from_json(self._line(self._sent[index]))
        assert isinstance(sent, Sent)
        begin = self._answers[index]
        answer = from_json(self._line(begin)) if begin else None
        assert answer is None or isinstance(answer, Answer)
        return Op(sent, answer)

    def _line(self, begin: int) -> bytes:
        size = _READ
        while (end := (line := os.pread(self._fd, size, begin)).find(b"\n")) < 0 and (
            len(line) == size
        ):
            size *= 4
        return line[:end] if end >= 0 else line
