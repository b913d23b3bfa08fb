"""Real stores with both runners, and real Laravel to ask."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from holdfast.core.flow import Effect, Flow, arun, run
from holdfast.laravel.payload import Codec
from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.postgresql import postgresql_server
from holdfast.servers.redis import redis_server
from holdfast.servers.tcp_proxy import tcp_proxy
from holdfast.session import Policy, Session, load, save
from holdfast.stores.contract import Commit, Find, Found, Scan, Store
from holdfast.stores.database import DatabaseStore
from holdfast.stores.file import FileStore
from holdfast.stores.memory import MemoryStore
from holdfast.stores.open import create_table
from holdfast.stores.open import open as open_url
from holdfast.stores.redis import RedisStore
from holdfast.stores.url import parse

LIFETIME = 7200


class World:
    """A connected store and its sessions.

    ``effects`` are those performed since it was last cleared; ``meddle`` runs before each effect,
    and may perform others or answer in the store's place by returning something.
    """

    def __init__(self, store: Store, start: Callable[[Flow[Any], Any], Any], perform: Any) -> None:
        self.store = store
        self.codec = Codec(store.form)
        self.now = int(time.time())
        self.policy = Policy()
        self.effects: list[Effect[Any]] = []
        self.meddle: Callable[[Effect[Any]], Any] = lambda effect: None
        self.perform = perform
        self._start = start

    def load(self, sid: str | None, **options: Any) -> Session:
        return self.run(load(sid, self.codec, policy=self.policy, **options))

    def save(self, session: Session, after: int = 0, **options: Any) -> bool:
        """Save, some seconds from now."""
        now = self.now + after
        options = {"lifetime": LIFETIME, "policy": self.policy, **options}
        return self.run(save(session, self.codec, now=now, **options))

    def writes(self, session: Session, after: int = 0) -> bool:
        """Save, and tell whether anything was committed."""
        before = len(self.effects)
        self.save(session, after)
        return any(isinstance(effect, Commit) for effect in self.effects[before:])

    def run(self, flow: Flow[Any]) -> Any:
        return self._start(flow, self._performed)

    def stored(self, **attributes: Any) -> str:
        """Store a session with these attributes and give its id."""
        session = self.load(None)
        session.update(attributes)
        self.save(session)
        return session.id

    def found(self, sid: str) -> Found | None:
        return self.perform(Find(sid))

    def sids(self) -> set[str]:
        page = self.perform(Scan())
        sids = set(page.sids)
        while page.cursor is not None:
            page = self.perform(Scan(page.cursor))
            sids.update(page.sids)
        return sids

    def _performed(self, effect: Effect[Any]) -> Any:
        self.effects.append(effect)
        answer = self.meddle(effect)
        return self.perform(effect) if answer is None else answer


@contextmanager
def threads(store: Store) -> Iterator[World]:
    with store.connect() as perform:
        yield World(store, run, perform)


@contextmanager
def tasks(store: Store) -> Iterator[World]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(store.aconnect()) as aperform,
    ):

        def start(flow, performed):
            async def in_thread(effect):
                # So that `meddle`, which is written for both, may perform effects of its own.
                from anyio.to_thread import run_sync

                return await run_sync(performed, effect)

            return portal.call(arun, flow, in_thread)

        yield World(store, start, lambda effect: portal.call(aperform, effect))


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.port


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory):
    with postgresql_server(tmp_path_factory.mktemp("postgresql")) as server:
        yield server.url


@pytest.fixture(scope="session")
def mariadb_url(tmp_path_factory):
    with mariadb_server(tmp_path_factory.mktemp("mariadb")) as server:
        yield server.url


SERVERS = ["redis", "postgresql", "mariadb"]


@pytest.fixture(params=SERVERS)
def proxied(request):
    """A store on a real server, with room beside its sessions, and the proxy before it."""
    number = next(_prefixes)
    if request.param == "redis":
        with tcp_proxy(request.getfixturevalue("redis_port")) as proxy:
            yield RedisStore(port=proxy.port, prefix=f"proxied{number}:"), proxy
        return
    url = request.getfixturevalue(f"{request.param}_url") + f"?beside=1&table=proxied{number}"
    port = parse(url).port
    assert port
    create_table(url)
    with tcp_proxy(port) as proxy:
        yield open_url(url.replace(f":{port}/", f":{proxy.port}/")).store, proxy


_prefixes = itertools.count()


def open_store(name: str, directory: Path, request: pytest.FixtureRequest) -> Store:
    match name:
        case "memory":
            return MemoryStore()
        case "file":
            return FileStore(directory)
        case "database":
            store = DatabaseStore(directory / "database.sqlite", beside=True)
            store.create_table()
            return store
        case "redis":
            port = request.getfixturevalue("redis_port")
            return RedisStore(port=port, prefix=f"test{next(_prefixes)}:")
    raise AssertionError(name)


STORES = ["memory", "file", "database", "redis"]


RUNNERS = {"threads": threads, "tasks": tasks}


@pytest.fixture(params=[f"{store} in {runner}" for store in STORES for runner in RUNNERS])
def world(request, tmp_path):
    """Each store with each runner."""
    store, _, runner = request.param.split()
    with RUNNERS[runner](open_store(store, tmp_path, request)) as opened:
        yield opened


@pytest.fixture(params=RUNNERS.values(), ids=RUNNERS)
def runner(request):
    """In threads or in tasks."""
    return request.param


@pytest.fixture(params=[*STORES, "postgresql", "mariadb"])
def store(request, tmp_path):
    """Each store, empty."""
    if request.param in STORES:
        return open_store(request.param, tmp_path, request)
    url = request.getfixturevalue(f"{request.param}_url")
    url += f"?beside=1&table=store{next(_prefixes)}"
    create_table(url)
    return open_url(url).store


@pytest.fixture
def memory():
    with threads(MemoryStore()) as opened:
        yield opened


class Laravel:
    """One PHP process with the real framework."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, **task: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "PHP has died; its last words are above"
        return json.loads(answer)

    def live(self, payload: bytes, requests: list[list[tuple[str, list[Any]]]]) -> Any:
        """Run verbs on a session with this payload, request by request."""
        return self.ask(do="life", payload=base64.b64encode(payload).decode(), requests=requests)

    def reads(self, store: Store, sid: str, behind: int = 0) -> bytes:
        """What the framework's own handler reads, with a clock that many seconds behind."""
        where = store.directory if isinstance(store, FileStore) else store.at
        task = {"store": store.name, "where": str(where), "sid": sid, "behind": behind}
        return base64.b64decode(self.ask(do="read", minutes=LIFETIME // 60, **task))


@pytest.fixture(scope="session")
def laravel():
    command = ["php", "-d", "serialize_precision=-1", Path(__file__).parent / "laravel.php"]
    with ExitStack() as stack:
        pipe = subprocess.PIPE
        process = stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe))
        yield Laravel(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=60) == 0
