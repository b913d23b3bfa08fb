"""A logout and a new id that meet, over HTTP and on a real server: two answers, one end."""

from __future__ import annotations

import base64

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.servers.redis import redis_server
from holdfast.session import Policy
from holdfast.stores.redis import RedisStore
from holdfast.web.asgi import LaravelSessionMiddleware
from holdfast.web.replay import ReplayMiddleware

pytestmark = pytest.mark.anyio

ENCRYPTER = Encrypter.from_app_key("base64:" + base64.b64encode(b"k" * 32).decode())


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.port


@pytest.mark.parametrize("grace", [10, 0], ids=["grace", "no grace"])
async def test_a_slow_logout_ends_what_a_new_id_was_given_to(port, grace):
    """With the old cookie, with the new one and with the logout's own nobody is logged in."""
    loaded, renewed = anyio.Event(), anyio.Event()

    async def login(request):
        request.session.login(7)
        return JSONResponse(7)

    async def renew(request):
        request.session.regenerate()
        return JSONResponse(request.session.user_id())

    async def slow_logout(request):
        loaded.set()
        await renewed.wait()
        request.session.invalidate()
        return JSONResponse(None)

    async def look(request):
        return JSONResponse(request.session.user_id())

    routes = [
        Route("/login", login, methods=["POST"]),
        Route("/renew", renew, methods=["POST"]),
        Route("/logout", slow_logout, methods=["POST"]),
        Route("/", look),
    ]
    store = RedisStore(port=port, prefix=f"grace{grace}:")
    middleware = LaravelSessionMiddleware(
        Starlette(routes=routes),
        store=store,
        codec=Codec(store.form),
        encrypter=ENCRYPTER,
        cookie="laravel_session",
        policy=Policy(grace_seconds=grace),
    )
    transport = httpx2.ASGITransport(app=ReplayMiddleware(middleware))

    def browser(cookies=None):
        return httpx2.AsyncClient(transport=transport, base_url="http://site", cookies=cookies)

    async with browser() as before:
        await before.post("/login")
        assert (await before.get("/")).json() == 7
        async with (
            browser(before.cookies) as leaves,
            browser(before.cookies) as renews,
            anyio.create_task_group() as tasks,
        ):
            answers = []

            async def log_out():
                answers.append(await leaves.post("/logout"))

            tasks.start_soon(log_out)
            await loaded.wait()
            assert (await renews.post("/renew")).json() == 7
            renewed.set()
        assert answers[0].status_code == 200
    names = {client.cookies["laravel_session"] for client in (before, leaves, renews)}
    assert len(names) == 3
    for client in (before, leaves, renews):
        async with browser(client.cookies) as after:
            assert (await after.get("/")).json() is None
