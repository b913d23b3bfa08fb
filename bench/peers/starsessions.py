"""starsessions on Redis, in Starlette."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starsessions import SessionAutoloadMiddleware, SessionMiddleware, regenerate_session_id
from starsessions.stores.redis import RedisStore

from peers import shop
from peers.gate import Gate
from peers.site import Site, asgi


@asynccontextmanager
async def site(url: str) -> AsyncIterator[Site]:
    gate, client = Gate(), Redis.from_url(url)

    async def login(request):
        regenerate_session_id(request)
        request.session["user"] = 7
        return JSONResponse({})

    async def logout(request):
        request.session.clear()
        return JSONResponse({})

    async def renew(request):
        regenerate_session_id(request)
        return JSONResponse({})

    async def look(request):
        session = request.session
        return JSONResponse(shop.look(session, session.get("user"), session.get("items", ())))

    async def change(request):
        await gate.hold()
        what = request.path_params["what"]
        if what == "logout":
            request.session.clear()
        else:
            shop.change(request.session, what)
        return JSONResponse({})

    app = Starlette(
        routes=[
            Route("/login", login),
            Route("/logout", logout),
            Route("/renew", renew),
            Route("/look", look),
            Route("/change/{what}", change),
        ],
        middleware=[
            Middleware(
                SessionMiddleware,
                store=RedisStore(connection=client, prefix="starsessions:"),
                lifetime=7200,
            ),
            Middleware(SessionAutoloadMiddleware),
        ],
    )
    name = f"starsessions {version('starsessions')} (Starlette {version('starlette')})"
    async with client, asgi(app) as ask:
        yield Site(name, ask, gate)
