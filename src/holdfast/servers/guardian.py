"""What cleans up when Holdfast itself is killed and can clean up no more.

A small child process holds the reading end of a pipe. It is told process groups and directories.
When the pipe closes, because the parent has ended in whatever way, it SIGKILLs the groups and
removes the directories that it was told and not asked to forget. Nothing else is ever touched.

One command a line: ``+group N``, ``-group N``, ``+directory PATH``, ``-directory PATH``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self


class Guardian:
    """The parent's side; the constructor starts the child, leaving the ``with`` block ends it.

    Methods may be called from any thread. Ending it with something still told cleans that up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # Out of the terminal's foreground group: Ctrl-C is for the parent to handle.
            start_new_session=True,
        )
        # From its first line on no polite signal ends it any more.
        assert self._child.stdout is not None
        self._child.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._child.pid

    def watch_group(self, group: int) -> None:
        """SIGKILL this process group should this process end before it is forgotten."""
        self._tell(f"+group {group}")

    def forget_group(self, group: int) -> None:
        """The group has ended; its number may be given to somebody else now."""
        self._tell(f"-group {group}")

    def watch_directory(self, directory: Path) -> None:
        """Remove this directory, and all in it, should this process end before it is forgotten."""
        self._tell(f"+directory {directory.absolute()}")

    def forget_directory(self, directory: Path) -> None:
        """The directory is gone, or is to stay."""
        self._tell(f"-directory {directory.absolute()}")

    def close(self) -> None:
        """Close the pipe and wait for the child, which cleans up what is left and ends."""
        with self._lock:
            self._child.communicate()

    def _tell(self, line: str) -> None:
        with self._lock:
            pipe = self._child.stdin
            # A guardian that somebody killed must not take the rehearsal down with it.
            with contextlib.suppress(BrokenPipeError, ValueError):
                assert pipe is not None
                pipe.write(line.encode(errors="surrogateescape") + b"\n")
                pipe.flush()


def guard(commands: BinaryIO) -> None:
    """The child's side: follow the commands until they end, then clean up what is left."""
    groups: set[int] = set()
    directories: set[str] = set()
    for command in commands:
        verb, _, argument = command.decode(errors="surrogateescape").rstrip("\n").partition(" ")
        match verb:
            case "+group":
                groups.add(int(argument))
            case "-group":
                groups.discard(int(argument))
            case "+directory":
                directories.add(argument)
            case "-directory":
                directories.discard(argument)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("ready", flush=True)  # noqa: T201 - its parent waits for it
    guard(sys.stdin.buffer)
