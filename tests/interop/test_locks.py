"""Laravel's session locks and ours are the same, on every kind of cache store that has them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast.core.errors import SessionLocked
from holdfast.core.flow import run
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.application import Replica
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import fresh_app_key
from holdfast.rehearsal.laravel import FIXTURE, Laravel
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK
from holdfast.session.lock import Limits, acquire, release
from holdfast.stores.contract import Commit, Find
from holdfast.stores.database_locks import DatabaseLocks
from holdfast.stores.file_locks import FileLocks
from holdfast.stores.locks import Acquire, Held, Locked, Release
from holdfast.stores.open import open as open_store
from holdfast.stores.redis_locks import RedisLocks
from holdfast.testing import new_sid
from holdfast.web.asgi import LaravelSessionMiddleware
from holdfast.web.lock import LockPolicy

COOKIE = "laravel_session"
KINDS = ["file:shared", "redis", "database", "database:postgresql", "database:mariadb"]
LONG = Limits(lock_seconds=60, wait_seconds=60)
AT_ONCE = Limits(lock_seconds=60, wait_seconds=0)
WRITERS = 8


class Php:
    """One PHP process with the real framework; its locks are those of the replica."""

    def __init__(self, process):
        self._process = process

    def ask(self, do, sid, **task):
        line = json.dumps({"do": do, "name": f"session:{sid}", **task})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "PHP has died; its last words are in its storage's log"
        return json.loads(answer)

    def take(self, sid, seconds=60):
        return self.ask("take", sid, seconds=seconds)

    def block(self, sid, wait, seconds=60):
        return self.ask("block", sid, seconds=seconds, wait=wait)

    def give(self, sid):
        return self.ask("give", sid)


class Shared:
    """A Laravel replica with ``session.block``, its sessions and its locks."""

    def __init__(self, replica, opened, key, locks, perform, php):
        self.base = f"http://{LOOPBACK}:{replica.endpoint.port}"
        self.opened = opened
        self.encrypter = Encrypter.from_app_key(key)
        self.locks = locks
        self.perform = perform
        self.php = php

    def acquire(self, sid, limits=AT_ONCE):
        return run(acquire(sid, limits), self.perform)

    def release(self, sid, owner):
        return run(release(sid, owner), self.perform)


@pytest.fixture(scope="module", params=KINDS)
def shared(request):
    key = fresh_app_key()
    setup = parse_setup(f"{request.param}+block", "laravel")
    application = Laravel(setup)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
        stack.callback(shutil.rmtree, directory)
        guardian = stack.enter_context(Guardian())
        store = stack.enter_context(
            backing(
                setup, directory, guardian, app_key=key, create_tables=application.create_tables
            )
        )
        replica = Replica(
            application, "r1", 1, directory, app_key=key, backing=store, guardian=guardian
        )
        stack.callback(replica.kill)
        replica.start()
        storage = directory / "php"
        storage.mkdir()
        environment = {"PATH": os.environ["PATH"], "APP_KEY": key, "POD_STORAGE": str(storage)}
        process = stack.enter_context(
            subprocess.Popen(
                ["php", Path(__file__).parent / "locks.php"],
                env={**environment, "FIXTURE": str(FIXTURE), **store.laravel},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        opened = open_store(store.url)
        locks = locks_of(store)
        perform = stack.enter_context(locks.connect())
        yield Shared(replica, opened, key, locks, perform, Php(process))
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def locks_of(store):
    """Our view of the cache store of Laravel 8.83."""
    match store.store.name:
        case "redis":
            return RedisLocks(store.store)
        case "file":
            return FileLocks(Path(store.laravel["CACHE_FILES"]), prefix="")
    return DatabaseLocks(store.store.at, prefix="laravel_cache")


@pytest.fixture
def sid():
    return new_sid()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_php_holds_and_we_wait(shared, sid, pool):
    assert shared.php.take(sid)
    with pytest.raises(SessionLocked):
        shared.acquire(sid)
    waiting = pool.submit(shared.acquire, sid, LONG)
    assert shared.php.give(sid) is True
    owner = waiting.result(timeout=60)
    assert shared.php.take(sid) is None
    assert shared.release(sid, owner) is True
    assert shared.php.take(sid)
    assert shared.php.give(sid) is True


def test_we_hold_and_php_waits(shared, sid, pool):
    owner = shared.acquire(sid)
    assert shared.php.block(sid, wait=1) is False
    waiting = pool.submit(shared.php.block, sid, wait=60)
    assert shared.release(sid, owner) is True
    assert waiting.result(timeout=60) is True
    with pytest.raises(SessionLocked):
        shared.acquire(sid)
    assert shared.php.give(sid) is True
    assert shared.release(sid, shared.acquire(sid)) is True


def test_owners_have_one_form(shared, sid):
    theirs = shared.php.take(sid)
    assert re.fullmatch("[A-Za-z0-9]{16}", theirs)
    # Each side can give back what the other has taken, if it is told the owner.
    assert shared.release(sid, theirs) is True
    ours = shared.acquire(sid)
    assert shared.php.ask("restore", sid, owner="x" * 16) is False
    assert shared.php.ask("restore", sid, owner=ours) is True
    assert shared.release(sid, ours) is False


def test_php_s_lock_ends_by_itself(shared, sid):
    assert shared.php.take(sid, seconds=1)
    ours = shared.acquire(sid, LONG)
    # Its late release takes nothing from us.
    assert shared.php.give(sid) is False
    assert shared.php.take(sid) is None
    assert shared.release(sid, ours) is True


def test_our_lock_ends_by_itself(shared, sid):
    ours = shared.acquire(sid, Limits(lock_seconds=1, wait_seconds=0))
    assert shared.php.block(sid, wait=60) is True
    assert shared.release(sid, ours) is False
    assert shared.perform(Acquire(f"session:{sid}", ours, 60)) == Held()
    assert shared.php.give(sid) is True


def test_of_both_at_once_one_gets_it(shared, sid, pool):
    """PHP and three of ours, twenty times."""
    names = [letter * 16 for letter in "abc"]
    for _ in range(20):
        theirs = pool.submit(shared.php.take, sid)
        ours = list(pool.map(lambda n: shared.perform(Acquire(f"session:{sid}", n, 60)), names))
        winners = [name for name, answer in zip(names, ours, strict=True) if answer == Locked()]
        if theirs.result(timeout=60):
            winners.append("php")
        assert len(winners) <= 1
        for name in winners:
            if name == "php":
                assert shared.php.give(sid) is True
            else:
                assert shared.perform(Release(f"session:{sid}", name)) is True


def browsing(shared, sid=None):
    jar = {} if sid is None else {COOKIE: seal(shared, sid)}
    return httpx2.Client(base_url=shared.base, cookies=jar, timeout=60)


def seal(shared, sid):
    return cookies.to_wire(cookies.seal(shared.encrypter, COOKIE, sid))


def started(shared):
    """A session of Laravel's: its id, and the token of its pages."""
    with browsing(shared) as browser:
        token = browser.get("/state").json()["token"]
        wire = next(cookie.value for cookie in browser.cookies.jar if cookie.name == COOKIE)
    return cookies.open(shared.encrypter, COOKIE, wire).value, token


def test_a_request_of_laravel_s_waits_for_us(shared, pool):
    """It reads what we have saved before we gave the lock back."""
    sid, token = started(shared)

    def count():
        with browsing(shared, sid) as browser:
            return browser.post("/count", headers={"X-CSRF-TOKEN": token}).json()["count"]

    owner = shared.acquire(sid)
    waiting = pool.submit(count)
    with shared.opened.store.connect() as perform:
        found = perform(Find(sid))
        attributes = shared.opened.codec.loads(found.data)
        attributes["count"] = 41
        data = shared.opened.codec.dumps(attributes)
        assert shared.php.block(sid, wait=1) is False
        assert not waiting.done()
        perform(Commit(sid, found, data, found.expires_at))
    assert shared.release(sid, owner) is True
    assert waiting.result(timeout=60) == 42


@pytest.mark.timeout(240)
def test_requests_of_both_lose_nothing(shared):
    """An undeclared counter: without locks every overlap would lose an increment."""
    sid, token = started(shared)
    wire = seal(shared, sid)

    async def count(request):
        number = request.session.get("count", 0)
        await anyio.lowlevel.checkpoint()
        request.session["count"] = number + 1
        return JSONResponse(number)

    app = LaravelSessionMiddleware(
        Starlette(routes=[Route("/count", count, methods=["POST"])]),
        store=shared.opened.store,
        codec=shared.opened.codec,
        encrypter=shared.encrypter,
        cookie=COOKIE,
        locks=LockPolicy(shared.locks, LONG),
    )
    answers = {"ours": [], "theirs": []}

    async def post(side, client):
        answer = await client.post(
            "/count", headers={"X-CSRF-TOKEN": token, "cookie": f"{COOKIE}={wire}"}
        )
        answers[side].append(answer.status_code)

    async def race():
        limits = httpx2.Limits(max_connections=WRITERS)
        async with (
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://ours") as ours,
            httpx2.AsyncClient(base_url=shared.base, timeout=120, limits=limits) as theirs,
            anyio.create_task_group() as tasks,
        ):
            for _ in range(WRITERS):
                tasks.start_soon(post, "ours", ours)
                tasks.start_soon(post, "theirs", theirs)

    anyio.run(race)
    assert answers["ours"] == [200] * WRITERS
    # Laravel 8 gives up after ten seconds, on a machine as slow as that; it has written nothing.
    done = WRITERS + answers["theirs"].count(200)
    assert done > WRITERS
    with shared.opened.store.connect() as perform:
        stored = shared.opened.codec.loads(perform(Find(sid)).data)
    assert stored["count"] == done
