"""A replica: an application's containers, started, stopped and killed together as a pod's are."""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import Protocol

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.backing import Backing
from holdfast.rehearsal.endpoint import Endpoint
from holdfast.rehearsal.error_log import last_failure
from holdfast.rehearsal.skew import Skew
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK, accepts, free_port
from holdfast.servers.process import Process
from holdfast.stores.database import DatabaseStore

READY_SECONDS = 30.0
"""How long a replica may take until it is ready; long, because all of them may start at once."""

_POLL_SECONDS = 0.01
_DEATH_SECONDS = 5.0
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LARAVEL_AUTOLOAD")


@dataclass(frozen=True, slots=True)
class Pod:
    """What a replica is given.

    Args:
        endpoint: who it is, and the port it must serve.
        directory: its own for configuration and logs; exists.
        storage: its own for what the application writes, as a pod's emptyDir; exists, empty.
        keys: Laravel's APP_KEY, ``base64:...``, and after it APP_PREVIOUS_KEYS (Laravel 11 on).
        handle_key: what the handles of session ids are keyed with in its answers.
        backing: where its sessions go.
        skew: in what its settings differ from those of the other replicas, if they do.
    """

    endpoint: Endpoint
    directory: Path
    storage: Path
    keys: tuple[str, ...] = field(repr=False)
    handle_key: str = field(repr=False)
    backing: Backing
    skew: Skew | None = None

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """An application's settings, what every application is told, and of ours only what a
        program needs to run.

        A SESSION_DRIVER in the shell of whoever rehearses must not reach the replicas.
        """
        told = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "APP_KEY": self.keys[0],
            **({"APP_PREVIOUS_KEYS": ",".join(self.keys[1:])} if self.keys[1:] else {}),
            "HOLDFAST_HANDLE_KEY": self.handle_key,
            "HOLDFAST_REPLICA": self.endpoint.name,
            "HOLDFAST_GENERATION": str(self.endpoint.generation),
            **settings,
        }
        if self.skew is not None:
            told[self.skew.setting] = self.skew.other(told.get(self.skew.setting))
        return told


@dataclass(frozen=True, slots=True)
class Readiness:
    """When a replica takes traffic: ``GET path`` answers with a status lower than ``below``."""

    path: str = "/healthz"
    below: int = 300


Container = Callable[[], Process]
"""Starts one program of a replica."""


class Application(Protocol):
    """What replicas run."""

    @property
    def ready(self) -> Readiness:
        """When a replica of it takes traffic."""

    def require(self) -> None:
        """Raise EnvironmentLacking where something that it needs is not installed. Blocks."""

    def containers(self, pod: Pod) -> Sequence[Container]:
        """The programs of one replica, in the order of starting."""

    def create_tables(self, store: DatabaseStore) -> None:
        """Make the session table in an empty database, and SQLite's file. Blocks."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The Python shop: one process, our own interpreter."""

    @property
    def ready(self) -> Readiness:
        """``GET /healthz`` opens no session."""
        return Readiness()

    def require(self) -> None:
        """Nothing beyond Holdfast itself."""

    def containers(self, pod: Pod) -> Sequence[Container]:
        """One uvicorn, started as ``python -m holdfast.rehearsal.shop_server``."""
        environment = pod.environment(
            {
                "HOLDFAST_STORE": pod.backing.store_url(pod.storage),
                "SESSION_ENCRYPT": pod.backing.laravel.get("SESSION_ENCRYPT", "false"),
                "PORT": str(pod.endpoint.port),
            }
        )
        argv = (sys.executable, "-m", "holdfast.rehearsal.shop_server")
        return [lambda: Process(argv, pod.directory, name="shop", env=environment)]

    def create_tables(self, store: DatabaseStore) -> None:
        """Laravel's session table, made by our own store."""
        store.create_table()


class Replica:
    """One generation of a replica; ``start`` starts it. Methods block, and may be called from any
    thread, :meth:`kill` also while another one is in :meth:`start` or :meth:`stop`.

    Args:
        application: what it runs.
        name: ``r2``.
        generation: from 1.
        directory: an existing directory; the replica makes its own, fresh one below it.
        app_key: Laravel's APP_KEY.
        previous_keys: its APP_PREVIOUS_KEYS.
        handle_key: what the handles of session ids are keyed with, in all replicas of a run;
            default: the APP_KEY.
        backing: where its sessions go.
        guardian: is told of its processes.
        skew: in what its settings differ from those of the other replicas, if they do.
    """

    def __init__(
        self,
        application: Application,
        name: str,
        generation: int,
        directory: Path,
        *,
        app_key: str,
        backing: Backing,
        guardian: Guardian,
        previous_keys: Sequence[str] = (),
        handle_key: str | None = None,
        skew: Skew | None = None,
    ) -> None:
        self.endpoint = Endpoint(name, generation, free_port())
        self.directory = directory / f"{name}.{generation}"
        self._application = application
        self._keys = (app_key, *previous_keys)
        self._handle_key = handle_key or app_key
        self._backing = backing
        self._guardian = guardian
        self._skew = skew
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self._killed = threading.Event()
        self._processes: list[Process] = []
        self._ended = self._dead = False

    def start(self, seconds: float = READY_SECONDS) -> None:
        """Start its processes and wait until it is ready.

        Raises:
            EnvironmentLacking: a program is missing, ended, or was not ready in time.
        """
        storage = self.directory / "storage"
        storage.mkdir(parents=True)
        pod = Pod(
            self.endpoint,
            self.directory,
            storage,
            self._keys,
            self._handle_key,
            self._backing,
            self._skew,
        )
        for start in self._application.containers(pod):
            with self._lock:
                if self._ended:
                    raise EnvironmentLacking(f"{self.endpoint.name} was stopped while it started")
                process = start()
                self._guardian.watch_group(process.pid)
                self._processes.append(process)
        processes = list(self._processes)
        port, ready = self.endpoint.port, self._application.ready

        def serves_or_ended() -> bool:
            # One that has ended makes its own wait_ready raise, which quotes its own log.
            return not all(process.running for process in processes) or healthy(port, ready)

        for process in processes:
            try:
                process.wait_ready(serves_or_ended, seconds)
            except EnvironmentLacking as error:
                raise self._not_ready(error) from error

    def stop(self, grace_seconds: float) -> bool:
        """Ask each master to end, wait, SIGKILL what is left of every group.

        Returns when the port refuses; tells whether all masters ended within the grace.
        """
        with self._lock:
            self._ended = True
        for process in self._processes:
            process.ask_to_end()
        deadline = time.monotonic() + grace_seconds
        while (alive := any(process.running for process in self._processes)) and (
            time.monotonic() < deadline and not self._killed.wait(_POLL_SECONDS)
        ):
            pass
        self._end()
        return not alive

    def kill(self) -> None:
        """SIGKILL every group at once; returns when the port refuses. Cuts a :meth:`stop` short."""
        with self._lock:
            self._ended = True
        self._killed.set()
        self._end()

    def _not_ready(self, error: EnvironmentLacking) -> EnvironmentLacking:
        if not all(process.running for process in self._processes):
            return error
        ready = self._application.ready
        said = answer(self.endpoint.port, ready.path)
        return EnvironmentLacking(
            f"{self.endpoint.name} runs, but GET {ready.path}"
            f" {f'answers {said}' if isinstance(said, int) else said}; {self._last_words()}",
            hint=f"it must answer GET {ready.path} with a status below {ready.below}",
        )

    def _last_words(self) -> str:
        """What the application says of its failure, else how the logs of its programs end."""
        failure = last_failure(self.directory)
        if failure is None:
            logs = (f"{process.name}: {process.last_line()}" for process in self._processes)
            return f"its logs end with: {'; '.join(logs)}"
        for process in self._processes:
            failure = process.masked(failure)
        return f"its log says: {failure}"

    def pause(self) -> None:
        """SIGSTOP every group: it holds its connections and does nothing. Nothing if it ended."""
        self._signal(SIGSTOP)

    def resume(self) -> None:
        """SIGCONT every group: it goes on where it was. Nothing if it ended."""
        self._signal(SIGCONT)

    def _signal(self, number: Signals) -> None:
        with self._lock:
            if not self._ended:
                for process in self._processes:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, number)

    @property
    def groups(self) -> list[int]:
        """The process groups that it started."""
        return [process.pid for process in self._processes]

    def _end(self) -> None:
        with self._ending:
            if not self._dead:
                self._kill_all()
                self._dead = True

    def _kill_all(self) -> None:
        # The front first, and all before any is waited for: nobody is left to answer for the dead.
        # None has been reaped yet, so no group's number can be a stranger's.
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, SIGKILL)
        for process in self._processes:
            process.kill()
            self._guardian.forget_group(process.pid)
        deadline = time.monotonic() + _DEATH_SECONDS
        while self._processes and accepts(self.endpoint.port):
            if time.monotonic() > deadline:
                raise EnvironmentLacking(
                    f"port {self.endpoint.port} of {self.endpoint.name} still accepts connections",
                    hint="a process that Holdfast does not know listens there: `ss -ltnp`",
                )
            time.sleep(_POLL_SECONDS)


def healthy(port: int, ready: Readiness = Readiness()) -> bool:
    """Whether what serves a loopback port is ready; it has two seconds to answer."""
    said = answer(port, ready.path)
    return isinstance(said, int) and said < ready.below


def answer(port: int, path: str) -> int | str:
    """The status with which ``GET path`` is answered on a loopback port, or why it is not."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"is not answered ({error})"
    finally:
        connection.close()
