"""Keeps the history of a run, in a file from the first request on, and reads such a file again."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.history import Answer, Event, Op, Record, Sent, from_json
from holdfast.rehearsal.history_file import HistoryFile

MAX_LINE_BYTES = 64 * 1024 * 1024
"""The longest line that is taken for a record: an answer's largest body, escaped, fits in."""


class Recording(Protocol):
    """What a browser tells of its requests, see Recorder."""

    def elapsed(self) -> float:
        """Seconds since the run began."""

    def next_id(self) -> int:
        """The number of the next request."""

    def sent(self, record: Sent) -> None:
        """A request is about to be sent."""

    def answer(self, record: Answer) -> None:
        """A request is over."""


class Recorder:
    """A context manager; the clock of the run begins with it.

    Each record is with the operating system before the request goes out, so that the history can
    be read after a crash of the rehearsal; it is not forced onto the disk.

    Args:
        path: file for the JSON lines, written over; None: one without a name in the directory for
            temporary files, which is gone with the recorder.

    Raises:
        EnvironmentLacking: the file cannot be written, now or later.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._began = time.monotonic()
        self._path = path
        self.events: list[Event] = []
        with self._writing():
            self._history = HistoryFile(_create(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._history.close()

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def next_id(self) -> int:
        """The number of the next request."""
        return len(self._history) + 1

    def sent(self, record: Sent) -> None:
        """A request is about to be sent."""
        self._write(record)

    def answer(self, record: Answer) -> None:
        """A request is over."""
        self._write(record)

    def event(self, record: Event) -> None:
        """Something was done to the deployment."""
        self.events.append(record)
        self._write(record)

    def ops(self) -> Sequence[Op]:
        """Every request with its answer, in the order of sending; read from the file as asked for.

        It lasts as long as the recorder's context.
        """
        return self._history

    def _write(self, record: Record) -> None:
        with self._writing():
            self._history.append(record)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = self._path or f"a history in {tempfile.gettempdir()}"
            raise EnvironmentLacking(
                f"cannot write {where}: {error.strerror}",
                hint="name a directory that can be written with --history, or in TMPDIR",
            ) from error


def _create(path: Path | None) -> int:
    if path is not None:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    fd, name = tempfile.mkstemp(prefix="holdfast-history-")
    os.unlink(name)  # noqa: PTH108 - a name of tempfile's
    return fd


def read_history(path: Path) -> tuple[HistoryFile, list[Event]]:
    """What a Recorder wrote. Only an index of it is kept in memory.

    A last line that breaks off is left out, as the rehearsal was killed while it wrote it:
    ``HistoryFile.cut`` says how many bytes that are.

    Raises:
        UsageError: the file cannot be read, or another line of it is no record.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        history, events = HistoryFile(fd), list[Event]()
        begin = 0
        with open(fd, "rb", closefd=False) as file:
            for number, line in enumerate(
                iter(lambda: file.readline(MAX_LINE_BYTES), b""), start=1
            ):
                try:
                    record = from_json(line.removesuffix(b"\n"))
                    history.note(record, begin)
                except (msgspec.MsgspecError, ValueError) as error:
                    unfinished = not line.endswith(b"\n") and len(line) < MAX_LINE_BYTES
                    if unfinished and isinstance(error, msgspec.MsgspecError):
                        history.cut = len(line)
                        break
                    raise UsageError(
                        f"{path}, line {number}: not a record of a history: {error}",
                        hint="a history is what `holdfast rehearse --history DIR` writes",
                    ) from error
                if isinstance(record, Event):
                    events.append(record)
                begin += len(line)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return history, events
