"""Requests that take their session's lock: one after the other, and no lock is left behind."""

from __future__ import annotations

import base64
import itertools
import logging

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from holdfast.core.errors import SessionLocked, StoreMisconfigured, StoreUnavailable
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.servers.ports import free_port
from holdfast.servers.redis import redis_server
from holdfast.session.lock import Limits
from holdfast.stores.contract import Commit, Find
from holdfast.stores.file_locks import FileLocks
from holdfast.stores.locks import Acquire, Held, Locked, Release
from holdfast.stores.memory import MemoryStore
from holdfast.stores.memory_locks import MemoryLocks
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_locks import RedisLocks
from holdfast.web.asgi import LaravelSessionMiddleware
from holdfast.web.lock import LockPolicy, held
from holdfast.web.replay import ReplayMiddleware

pytestmark = pytest.mark.anyio

COOKIE = "laravel_session"
ENCRYPTER = Encrypter.from_app_key("base64:" + base64.b64encode(b"k" * 32).decode())
OTHER = "o" * 16
WRITERS = 40
LONG = Limits(lock_seconds=60, wait_seconds=60)
AT_ONCE = Limits(wait_seconds=0)


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def count(request):
    number = request.session.get("count", 0)
    await anyio.lowlevel.checkpoint()
    request.session["count"] = number + 1
    return JSONResponse(number + 1)


async def look(request):
    return JSONResponse(request.session.get("count", 0))


async def crash(request):
    raise LookupError("a bug")


class Site:
    """The application with locks, one session, and a way to see who holds its lock."""

    def __init__(self, locks, limits=LONG, *routes, **policy):
        self.store = MemoryStore()
        self.locks = locks
        everything = [
            *routes,
            Route("/count", count, methods=["GET", "POST"]),
            Route("/look", look),
            Route("/crash", crash),
        ]
        self.app = LaravelSessionMiddleware(
            Starlette(routes=everything),
            store=self.store,
            codec=Codec(self.store.form),
            encrypter=ENCRYPTER,
            cookie=COOKIE,
            locks=LockPolicy(locks, limits, **policy),
        )
        self.transport = httpx2.ASGITransport(app=self.app)
        self.wire = ""

    async def start(self):
        """Begin the session."""
        answer = await self.get("/count")
        self.wire = answer.cookies[COOKIE]
        return self

    async def get(self, path, method="GET"):
        headers = {"cookie": f"{COOKIE}={self.wire}"} if self.wire else {}
        async with httpx2.AsyncClient(transport=self.transport, base_url="http://site") as client:
            return await client.request(method, path, headers=headers)

    @property
    def sid(self):
        return cookies.open(ENCRYPTER, COOKIE, self.wire).value

    @property
    def key(self):
        return f"session:{self.sid}"

    def stored(self):
        with self.store.connect() as perform:
            return Codec(self.store.form).loads(perform(Find(self.sid)).data)["count"]

    async def free(self):
        """Whether nobody holds the session's lock."""
        async with self.locks.aconnect() as perform:
            if await perform(Acquire(self.key, OTHER, 60)) != Locked():
                return False
            return await perform(Release(self.key, OTHER))


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.port


_prefixes = itertools.count()


@pytest.fixture(params=["memory", "file", "redis"])
def locks(request, tmp_path):
    match request.param:
        case "memory":
            return MemoryLocks()
        case "file":
            return FileLocks(tmp_path)
        case "redis":
            port = request.getfixturevalue("redis_port")
            return RedisLocks(RedisStore(port=port, prefix=f"test{next(_prefixes)}-"))
    raise AssertionError(request.param)


async def test_of_requests_at_once_none_is_lost(locks):
    """An undeclared counter: whatever overlapped would be one increment in place of two."""
    site = await Site(locks).start()
    answers = []

    async def one():
        answers.append((await site.get("/count")).json())

    async with anyio.create_task_group() as tasks:
        for _ in range(WRITERS):
            tasks.start_soon(one)
    assert sorted(answers) == list(range(2, WRITERS + 2))
    assert site.stored() == WRITERS + 1
    assert await site.free()


async def test_a_request_that_waits_in_vain_does_nothing(locks):
    site = await Site(locks, AT_ONCE).start()
    async with locks.aconnect() as perform:
        assert await perform(Acquire(site.key, OTHER, 60)) == Locked()
        with pytest.raises(SessionLocked):
            await site.get("/count")
        assert await perform(Release(site.key, OTHER)) is True
    assert site.stored() == 1
    assert (await site.get("/count")).json() == 2


async def test_the_session_is_read_under_the_lock(locks):
    site = await Site(locks).start()
    async with locks.aconnect() as perform, anyio.create_task_group() as tasks:
        assert await perform(Acquire(site.key, OTHER, 60)) == Locked()
        answers = []

        async def one():
            answers.append((await site.get("/look")).json())

        tasks.start_soon(one)
        # Time to come to the lock; one that comes later is as good, and waits for it all the same.
        await anyio.sleep(0.2)
        codec = Codec(site.store.form)
        with site.store.connect() as sessions:
            found = sessions(Find(site.sid))
            attributes = codec.loads(found.data)
            attributes["count"] = 7
            sessions(Commit(site.sid, found, codec.dumps(attributes), found.expires_at))
        assert await perform(Release(site.key, OTHER)) is True
    assert answers == [7]


async def test_a_cancelled_request_gives_its_lock_back(locks):
    inside = anyio.Event()

    async def stay(request):
        inside.set()
        await anyio.sleep_forever()

    site = await Site(locks, LONG, Route("/stay", stay)).start()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(site.get, "/stay")
        await inside.wait()
        assert not await site.free()
        tasks.cancel_scope.cancel()
    assert await site.free()


async def test_a_request_that_fails_gives_its_lock_back(locks):
    site = await Site(locks).start()
    with pytest.raises(LookupError):
        await site.get("/crash")
    assert await site.free()


async def test_it_is_given_back_before_the_answer_starts():
    """Neither a body that takes its time nor a task behind it keeps others waiting."""
    seen = []

    async def later():
        seen.append(await site.free())

    async def answer(request):
        seen.append(await site.free())
        request.session["count"] = 5
        return PlainTextResponse("done", background=BackgroundTask(later))

    site = Site(MemoryLocks(), LONG, Route("/answer", answer))
    await site.start()
    await site.get("/answer")
    assert seen == [False, True]
    assert site.stored() == 5


async def test_only_the_requests_that_are_meant_take_it():
    site = await Site(
        MemoryLocks(), AT_ONCE, applies=lambda scope: scope["method"] == "POST"
    ).start()
    async with site.locks.aconnect() as perform:
        assert await perform(Acquire(site.key, OTHER, 60)) == Locked()
        assert (await site.get("/count")).json() == 2
        with pytest.raises(SessionLocked):
            await site.get("/count", method="POST")
        assert await perform(Acquire(site.key, "p" * 16, 60)) == Held()


async def test_a_visitor_without_a_session_takes_none():
    """Nor does one with a cookie that holds no id: there is nothing to lock."""
    site = Site(Forbidden(), AT_ONCE)
    assert (await site.get("/count")).status_code == 200
    site.wire = cookies.to_wire(cookies.seal(ENCRYPTER, COOKIE, "no id"))
    assert (await site.get("/count")).status_code == 200


class Forbidden(MemoryLocks):
    """Locks that nobody may use."""

    def aconnect(self):
        raise AssertionError("a request without a session took a lock")


async def test_a_request_longer_than_its_lock_is_told_of(caplog):
    site = await Site(MemoryLocks()).start()

    async def steal(request):
        # As if the lock's time were over.
        site.locks._owners.clear()
        request.session["count"] = 9
        return PlainTextResponse("late")

    site.app._app.router.routes.append(Route("/steal", steal))
    with caplog.at_level(logging.WARNING):
        assert (await site.get("/steal")).status_code == 200
    assert site.stored() == 9
    assert "longer than its session's lock" in caplog.text
    assert site.sid not in caplog.text


async def test_locks_that_are_not_there():
    site = await Site(MemoryLocks()).start()
    away = Site(RedisLocks(RedisStore(port=free_port())))
    away.wire = site.wire
    with pytest.raises(StoreUnavailable):
        await away.get("/count")


async def test_the_startup_fails_where_the_locks_are_set_up_wrongly(tmp_path):
    site = Site(FileLocks(tmp_path / "none"))
    sent = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message)

    await site.app({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "none" in sent[0]["message"]
    with pytest.raises(StoreMisconfigured):
        async with site.locks.aconnect():
            pass


async def test_behind_the_replay_it_is_a_423():
    site = await Site(MemoryLocks(), AT_ONCE).start()
    site.transport = httpx2.ASGITransport(app=ReplayMiddleware(site.app))
    async with site.locks.aconnect() as perform:
        await perform(Acquire(site.key, OTHER, 60))
        answer = await site.get("/count")
    assert answer.status_code == 423
    assert "error" in answer.json()


async def test_cancelled_while_the_lock_is_given_back_that_is_finished(caplog):
    site = await Site(MemoryLocks()).start()
    releasing = anyio.Event()
    async with site.locks.aconnect() as plain:

        async def slow(effect):
            answer = await plain(effect)
            if isinstance(effect, Release):
                releasing.set()
                await anyio.sleep(0.05)
            return answer

        async def one():
            async with held(slow, site.sid, LONG) as give_back:
                await give_back()
                await anyio.sleep_forever()

        with caplog.at_level(logging.WARNING):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one)
                await releasing.wait()
                tasks.cancel_scope.cancel()
    assert await site.free()
    assert caplog.text == ""
