"""One directly started program: readiness, graceful stop, and a death that takes all its children.

A program runs in a session and process group of its own (php-fpm makes one anyway), as those of a
container do. The stop signal goes to the master alone, as a kubelet sends it; SIGKILL goes to the
group, because workers of php-fpm, nginx and ``php -S`` outlive a killed master and keep the port,
and to the master's other children, because those of PostgreSQL make groups of their own.

Synchronous on purpose: whoever has an event loop calls it from a worker thread.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGSTOP, SIGTERM, Signals
from types import TracebackType
from typing import Self

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.ports import accepts
from holdfast.servers.secrecy import masked, secrets_in

READY_SECONDS = 30.0
GRACE_SECONDS = 30.0

_POLL_SECONDS = 0.01
_DEATH_SECONDS = 30.0


class Process:
    """A running program; the constructor starts it, leaving the ``with`` block stops it.

    Args:
        argv: program and arguments; started as they are, never through a shell. A program without a
            slash is looked up in PATH.
        directory: an existing directory that holds its log, ``<name>.log`` (both output streams,
            appended).
        name: what it is called in messages and in the name of its log; default: the program's name.
        cwd: the directory it runs in; default: ``directory``.
        env: its whole environment; default: this process's own.
        package: the Debian package that has the program, for the hint when it is missing.
        stop_signal: what :meth:`stop` sends to the master.
        secrets: what of its arguments and files is secret; that, and the passwords and keys of
            ``env``, are masked in what is quoted of the log.
        stop_group: send it to the whole group, for a master that does not tell its workers
            (``php -S``) and would wait for them for ever.
        ask: how it is asked to end, where a signal to the master is not the way; returns at once.

    All methods may be called from any thread, and again after the end.

    Raises:
        EnvironmentLacking: the program is missing or cannot be executed.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        directory: Path,
        *,
        name: str | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        package: str = "",
        stop_signal: Signals = SIGTERM,
        stop_group: bool = False,
        secrets: Iterable[str] = (),
        ask: Callable[[Process], None] | None = None,
    ) -> None:
        program = str(argv[0])
        self.name = name or Path(program).name
        self.log = directory / f"{self.name}.log"
        self.stop_signal = stop_signal
        self._signal = os.killpg if stop_group else os.kill
        self._ask = ask
        self._secrets = frozenset((*secrets, *secrets_in(env or {})))
        self._lock = threading.Lock()
        self._argv = [str(part) for part in argv]
        self._cwd = cwd or directory
        self._env = None if env is None else dict(env)
        self._hint = f"as root: apt install {package}" if package else f"install {program}"
        self._check: Callable[[], bool] = lambda: True
        self._popen = self._launch()
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the master, and of its group; another one after :meth:`start_again`."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the master is alive; its children may outlive it until :meth:`kill`."""
        with self._lock:
            return self._alive()

    @property
    def exit_status(self) -> int | None:
        """The master's exit status, ``-N`` after signal N; None before ``stop`` and ``kill``."""
        return self._popen.returncode

    def start_again(self) -> None:
        """Start the program anew, as it was started first, after :meth:`stop` or :meth:`kill`.

        Raises:
            EnvironmentLacking: the program is missing by now.
        """
        with self._lock:
            if self._ended:
                self._popen = self._launch()
                self._ended = False

    def wait_ready(
        self, check: int | Callable[[], bool] | None = None, seconds: float = READY_SECONDS
    ) -> None:
        """Wait until the program serves.

        Args:
            check: a loopback port that must accept connections, or a function that returns True
                once the program is ready; it is called over and over and must not block for long.
                Default: that of the last call.
            seconds: how long to wait.

        Raises:
            EnvironmentLacking: it ended, or was not ready in time; quotes the last line of its log.
                The program is not stopped by this.
        """
        if check is not None:
            self._check = functools.partial(accepts, check) if isinstance(check, int) else check
        deadline = time.monotonic() + seconds
        while True:
            if not self.running:
                raise self._lacking("ended before it was ready")
            # A port may be answered by somebody else while ours is failing to bind it.
            if self._check() and self.running:
                return
            if time.monotonic() > deadline:
                raise self._lacking(f"was not ready after {seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def send(self, number: Signals) -> None:
        """Send a signal to the master alone, or the group where the constructor was told so.

        Nothing happens when the master has ended. Sent SIGSTOP, it stands still on return.
        """
        with self._lock:
            if self._alive():
                self._signal(self.pid, number)
                if number == SIGSTOP:
                    os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def ask_to_end(self) -> None:
        """Ask the master to end, and do not wait."""
        if self._ask is None:
            self.send(self.stop_signal)
        elif self.running:
            self._ask(self)

    def stop(self, signal: Signals | None = None, grace_seconds: float = GRACE_SECONDS) -> bool:
        """Ask the master to end, wait, then SIGKILL whatever is left of its group.

        Args:
            signal: default: the ``stop_signal`` of the constructor.
            grace_seconds: how long the master may take.

        Returns:
            Whether the master ended by itself within the grace (or had ended before).
        """
        try:
            if signal is None:
                self.ask_to_end()
            else:
                self.send(signal)
            deadline = time.monotonic() + grace_seconds
            while (alive := self.running) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        finally:
            self.kill()
        return not alive

    def kill(self) -> None:
        """SIGKILL to the whole group and all children at once; returns when none runs any more."""
        with self._lock:
            if self._ended:
                return
            # The master is reaped only after this: until then its id cannot be given to another
            # process, so the signal cannot hit a stranger. Standing still it reaps no child either.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, SIGSTOP)
            family = _living(self.pid)
            for member in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member, SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, SIGKILL)
            self._popen.wait()
            self._ended = True
        deadline = time.monotonic() + _DEATH_SECONDS
        while _living(self.pid, family) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def last_line(self) -> str:
        """The last line of its log that is not blank, secrets masked; empty where there is none."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return self.masked(next((line.strip() for line in reversed(lines) if line.strip()), ""))

    def masked(self, text: str) -> str:
        """A text with its secrets masked: what it has written elsewhere than in its log."""
        return masked(text, self._secrets)

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            try:
                return subprocess.Popen(
                    self._argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self._cwd,
                    env=self._env,
                    start_new_session=True,
                )
            except (FileNotFoundError, PermissionError) as error:
                raise EnvironmentLacking(
                    f"cannot start {self._argv[0]}: {error.filename}: {error.strerror}",
                    hint=self._hint,
                ) from error

    def _alive(self) -> bool:
        if self._ended:
            return False
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, options) is None

    def _lacking(self, what: str) -> EnvironmentLacking:
        last = self.last_line()
        said = f"; its log ends with: {last}" if last else "; its log is empty"
        return EnvironmentLacking(
            f"{self.name} {what}{said}",
            hint="try again: its port may have been taken meanwhile; else mend what its log says",
        )


def _living(master: int, family: Collection[int] = ()) -> list[int]:
    """The processes of a master's group, its other children, and those of ``family`` that live.

    The dead that nobody has reaped do not count.
    """
    living = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        number = int(stat.parent.name)
        try:
            # The name in parentheses may hold blanks and parentheses itself.
            state, parent, group = stat.read_bytes().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        ours = master in (int(parent), int(group)) or number in family
        if ours and state not in (b"Z", b"X"):
            living.append(number)
    return living
