"""Keeps the history of a run: in memory for the judge, as JSON lines for people."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import msgspec

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.history import Answer, Event, Op, Record, Sent, from_json, to_json


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

    Args:
        path: file for the JSON lines, written over; None: memory only.

    Raises:
        EnvironmentLacking: the file cannot be written, now or later.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._began = time.monotonic()
        self._sent: list[Sent] = []
        self._answers: dict[int, Answer] = {}
        self.events: list[Event] = []
        self._path = path
        self._file: BinaryIO | None = None
        if path is not None:
            with self._writing():
                self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            with self._writing():
                self._file.close()

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def next_id(self) -> int:
        """The number of the next request."""
        return len(self._sent) + 1

    def sent(self, record: Sent) -> None:
        """A request is about to be sent."""
        self._sent.append(record)
        self._write(record)

    def answer(self, record: Answer) -> None:
        """A request is over."""
        self._answers[record.id] = record
        self._write(record)

    def event(self, record: Event) -> None:
        """Something was done to the deployment."""
        self.events.append(record)
        self._write(record)

    def ops(self) -> list[Op]:
        """Every request with its answer, in the order of sending."""
        return [Op(sent, self._answers.get(sent.id)) for sent in self._sent]

    def _write(self, record: Record) -> None:
        if self._file:
            with self._writing():
                self._file.write(to_json(record) + b"\n")
                self._file.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EnvironmentLacking(
                f"cannot write {self._path}: {error.strerror}",
                hint="name a directory that can be written",
            ) from error


def read_history(path: Path) -> tuple[list[Op], list[Event]]:
    """What a Recorder wrote.

    Raises:
        UsageError: the file cannot be read, or a line of it is no record.
    """
    recorder = Recorder()
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        try:
            record = from_json(line)
        except msgspec.MsgspecError as error:
            raise UsageError(
                f"{path}, line {number}: not a record of a history: {error}",
                hint="a history is what `holdfast rehearse --history DIR` writes",
            ) from error
        match record:
            case Sent():
                recorder.sent(record)
            case Answer():
                recorder.answer(record)
            case Event():
                recorder.event(record)
    return recorder.ops(), recorder.events
