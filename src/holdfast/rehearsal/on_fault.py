"""The user's own fault: a command that is run, or a key that is pressed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from subprocess import DEVNULL, STDOUT
from tempfile import TemporaryFile
from typing import IO

import anyio
from anyio import CancelScope
from anyio.abc import Process

from holdfast.core.errors import EnvironmentLacking, UsageError

COMMAND_SECONDS = 300.0
"""How long a command may take: `kubectl rollout status` waits for a whole rollout."""

LAST_WORDS_BYTES = 2048
"""What is kept of a command's output, for the line that says that it failed."""

_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Args:
        status: its exit status; negative: the signal that ended it.
        last_words: the last line that it wrote, for whoever ran it; in no report.
        in_time: whether it ended by itself.
    """

    status: int
    last_words: str
    in_time: bool

    @property
    def failed(self) -> bool:
        """Whether it did not do what it was to do."""
        return self.status != 0 or not self.in_time


def read_command(text: str) -> tuple[str, ...]:
    """The program and its arguments, split as a shell does; there is no shell: ``sh -c '...'``.

    Raises:
        UsageError: nothing stands there, or a quotation has no end.
        EnvironmentLacking: there is no such program.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--on-fault cannot be split into words: {error}") from error
    if not words:
        raise UsageError("--on-fault is empty", hint="a command, or leave it out")
    if shutil.which(words[0]) is None:
        raise EnvironmentLacking(
            f"--on-fault: no such program: {words[0]}",
            hint="it runs without a shell: write sh -c '...' where you need one",
        )
    return words


async def run_command(
    command: tuple[str, ...], variables: Mapping[str, str], seconds: float = COMMAND_SECONDS
) -> Outcome:
    """Run a command to its end, in a process group of its own; after ``seconds`` it is ended.

    Cancelled, it is ended too. What it left in the background goes on.

    Args:
        command: program and arguments.
        variables: added to its environment.

    Raises:
        EnvironmentLacking: it cannot be started.
    """
    # Not a pipe: a child in the background would hold it open, or die of its end.
    with TemporaryFile() as output:
        try:
            process = await anyio.open_process(
                command,
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env={**os.environ, **variables},
                start_new_session=True,
            )
        except OSError as error:
            raise EnvironmentLacking(f"cannot start {command[0]}: {error.strerror}") from error
        in_time = False
        try:
            with anyio.move_on_after(seconds):
                await process.wait()
                in_time = True
        finally:
            with CancelScope(shield=True):
                await _end(process)
        assert process.returncode is not None
        return Outcome(process.returncode, _last_words(output), in_time)


async def keys(descriptor: int) -> AsyncIterator[None]:
    """An item for each line that is entered, until the input ends."""
    while True:
        await anyio.wait_readable(descriptor)
        got = os.read(descriptor, 4096)
        if not got:
            return
        for _ in range(got.count(b"\n")):
            yield


def _last_words(output: IO[bytes]) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
    lines = output.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


async def _end(process: Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with anyio.move_on_after(_GRACE_SECONDS):
                await process.wait()
