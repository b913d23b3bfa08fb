"""Real servers for the stores' tests, and the harnesses of the conformance suite."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis as redis_py

from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.ports import free_port
from holdfast.servers.postgresql import postgresql_server
from holdfast.servers.redis import redis_server
from holdfast.stores import database, redis_levels
from holdfast.stores.contract import Commit, Delete, Find, Move
from holdfast.stores.database import DatabaseStore
from holdfast.stores.drivers import redis_errors
from holdfast.stores.file import FileStore
from holdfast.stores.memory import MemoryStore
from holdfast.stores.redis import RedisStore
from holdfast.stores.url import parse
from holdfast.testing import Harness, ManualClock

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="session", autouse=True)
def _patience():
    """On a busy machine a replica that is well may take longer than a user would wait.

    For the whole run, since the examples of one test cannot have a fixture of their own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_levels, "WAIT_MS", 30_000)
        patch.setattr(redis_errors, "ANSWER_SECONDS", 60)
        patch.setattr(redis_errors, "SENTINEL_SECONDS", 30)
        yield


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    """A Redis for the whole run; each test takes a prefix of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_client(redis):
    """A plain client of that server, for looking at what is really there."""
    with redis_py.Redis(port=redis.port) as client:
        yield client


@pytest.fixture
def directory():
    """A short-lived directory; many examples of one test would crowd tmp_path."""
    with temporary_directory() as path:
        yield path


@contextmanager
def temporary_directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="holdfast-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture(scope="session")
def open_memory():
    @contextmanager
    def open_harness():
        clock = ManualClock()
        store = MemoryStore(clock=clock)
        yield Harness(store, lambda sid: expire_by(clock, store, sid), clock)

    return open_harness


@pytest.fixture(scope="session")
def open_file():
    return directory_opener(beside=True)


@pytest.fixture(scope="session")
def open_file_alone():
    return directory_opener(beside=False)


def directory_opener(*, beside):
    @contextmanager
    def open_harness():
        clock = ManualClock()
        with temporary_directory() as directory:
            if not beside:
                # In its place, so that it cannot be made.
                (directory / ".holdfast").write_bytes(b"")
            store = FileStore(directory, clock=clock)
            assert store.beside is beside
            yield Harness(store, lambda sid: expire_by(clock, store, sid), clock)

    return open_harness


@pytest.fixture(scope="session")
def open_sqlite():
    return file_opener(beside=False)


@pytest.fixture(scope="session")
def open_sqlite_beside():
    return file_opener(beside=True)


def file_opener(*, beside):
    @contextmanager
    def open_harness():
        clock = ManualClock()
        with temporary_directory() as directory:
            store = DatabaseStore(directory / "database.sqlite", clock=clock, beside=beside)
            store.create_table()
            yield Harness(store, lambda sid: expire_by(clock, store, sid), clock)

    return open_harness


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """A PostgreSQL for the whole run; each test takes a table of its own."""
    with postgresql_server(tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory):
    """A MariaDB for the whole run; each test takes a table of its own."""
    with mariadb_server(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="session")
def open_postgresql(postgresql):
    return table_opener(postgresql, beside=False)


@pytest.fixture(scope="session")
def open_postgresql_beside(postgresql):
    return table_opener(postgresql, beside=True)


@pytest.fixture(scope="session")
def open_mariadb(mariadb):
    return table_opener(mariadb, beside=False)


@pytest.fixture(scope="session")
def open_mariadb_beside(mariadb):
    return table_opener(mariadb, beside=True)


_tables = itertools.count()


def table_opener(server, *, beside):
    # Such a name must be quoted, and is full of what could be a placeholder.
    table = f'my `own` "table" :id %(id)s % {{id}} {next(_tables)}'
    there = replace(database.from_url(parse(server.url)), table=table, beside=beside)
    there.create_table()
    names = ("table", "beside", "aside") if beside else ("table",)
    empty = [there.dialect.statement(f"DELETE FROM {{{name}}}") for name in names]

    @contextmanager
    def open_harness():
        clock = ManualClock()
        # Emptied, not made anew: making tables takes a server longer than a case does.
        there._driver().execute(there, empty)
        store = replace(there, clock=clock)
        yield Harness(store, lambda sid: expire_by(clock, store, sid), clock)

    return open_harness


def expire_by(clock: ManualClock, store, sid: str) -> None:
    """Move the clock to the very instant at which the session ends."""
    with store.connect() as perform:
        clock.advance(perform(Find(sid)).expires_at - clock())


@pytest.fixture(scope="session")
def redis_opener(redis):
    """Gives the opener of a store under a kind of prefix; each store has a prefix of its own."""

    def opener(prefix: str):
        return prefix_opener(redis.port, prefix, lambda store: store)

    return opener


@pytest.fixture(scope="session")
def restricted(redis_client):
    """Makes a user of that server who may do what a page of ours says, under a prefix alone."""

    def made(page: str, begins: str, prefix: str) -> dict[str, str]:
        text = (DOCS / page).read_text()
        # The commands are the words in capitals, up to the end of what is said of Redis.
        sentence = re.split(r"\.\s|\sin\s+Redis", text[text.index(begins) :])[0]
        commands = re.findall(r"\b[A-Z]{3,}\b", sentence)
        user = {"username": f"user{next(_prefixes)}", "password": "restricted"}
        redis_client.acl_setuser(
            user["username"],
            enabled=True,
            passwords=f"+{user['password']}",
            keys=[f"{prefix}*"],
            commands=[f"+{command.lower()}" for command in commands],
        )
        return user

    return made


@pytest.fixture(scope="session")
def open_redis_restricted(redis, restricted):
    user = restricted("stores.md", "A user with restricted rights needs", "rights-")
    return prefix_opener(redis.port, "rights-", lambda store: replace(store, **user))


@pytest.fixture(scope="session")
def start_replicated():
    """Starts a primary and two replicas in a directory, for tests that break them."""
    return replicated_redis


@pytest.fixture(scope="session")
def replicated(tmp_path_factory):
    """A primary with two replicas for the whole run, which no test breaks."""
    with replicated_redis(tmp_path_factory.mktemp("replicated")) as servers:
        yield servers


@pytest.fixture(scope="session")
def open_redis_strict(replicated):
    return prefix_opener(
        replicated.port, "strict-", lambda store: Strict(replace(store, replicas=2))
    )


_prefixes = itertools.count()


def prefix_opener(port, prefix, made):
    @contextmanager
    def open_harness():
        own = f"{prefix}{next(_prefixes)}-"
        with redis_py.Redis(port=port) as client:

            def expire(sid: str) -> None:
                client.pexpire(own + sid, 1)
                while client.exists(own + sid):
                    pass

            yield Harness(made(RedisStore(port=port, prefix=own)), expire)

    return open_harness


class Replicated:
    """A primary and two replicas of it."""

    def __init__(self, primary, replicas) -> None:
        self.primary = primary
        self.replicas = replicas
        self.port = primary.port

    def settle(self) -> None:
        """All run, and both replicas are connected."""
        for replica in self.replicas:
            replica.process.send(signal.SIGCONT)
        self.await_connected(2)

    def await_connected(self, count: int) -> None:
        with redis_py.Redis(port=self.port) as client:
            deadline = time.monotonic() + 60
            while len(client.execute_command("ROLE")[2]) != count:
                assert time.monotonic() < deadline
                time.sleep(0.02)


@contextmanager
def replicated_redis(directory: Path) -> Iterator[Replicated]:
    with contextlib.ExitStack() as stack:

        def start(name: str, *arguments: str):
            (directory / name).mkdir()
            options = ("--repl-diskless-sync-delay", "0", *arguments)
            return stack.enter_context(redis_server(directory / name, arguments=options))

        primary = start("primary")
        follow = ("--replicaof", "127.0.0.1", str(primary.port))
        servers = Replicated(primary, [start(f"replica-{n}", *follow) for n in (1, 2)])
        servers.settle()
        yield servers


class Strict:
    """A store that performs every write at the level ``strict``."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    @contextmanager
    def connect(self):
        with self._store.connect() as perform:
            yield lambda operation: perform(strictly(operation))

    @asynccontextmanager
    async def aconnect(self):
        async with self._store.aconnect() as perform:

            async def strict(operation):
                return await perform(strictly(operation))

            yield strict


def strictly(operation):
    raised = isinstance(operation, Commit | Move | Delete) and operation.level == "fast"
    return replace(operation, level="strict") if raised else operation


class Proxy:
    """Stands before a server; on demand it forwards requests and keeps the answers to itself.

    ``cut(n)``: the next n answers are dropped and their connections closed, after the server has
    answered. ``hold()``: answers are kept back from now on, the connections stay open.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = free_port()
        self.held = threading.Event()
        self._cuts = 0
        self._holding = False
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept)

    def cut(self, answers: int) -> None:
        self._cuts = answers

    def hold(self, holding: bool = True) -> None:
        self._holding = holding
        self.held.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in [self._listener, *self._sockets]:
            end.close()

    def _start(self, function, *arguments) -> None:
        thread = threading.Thread(target=function, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                client.shutdown(socket.SHUT_RDWR)
                continue
            self._sockets.append(server)
            self._start(self._pump, client, server, False)
            self._start(self._pump, server, client, True)

    def _pump(self, source, target, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self._holding:
                    self.held.set()
                    continue
                if answers and self._cuts > 0:
                    self._cuts -= 1
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(redis):
    with proxied(redis.port) as proxy:
        yield proxy


@pytest.fixture
def proxy_before():
    """Puts a proxy before the server on a port, until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda port: stack.enter_context(proxied(port))


@contextmanager
def proxied(port: int) -> Iterator[Proxy]:
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
