"""Holdfast's middleware, with and without what an application can declare."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.php import as_list
from holdfast.session import Policy, Rules
from holdfast.stores.open import open as open_store
from holdfast.web.asgi import LaravelSessionMiddleware
from peers import shop
from peers.gate import Gate
from peers.site import Site, asgi

DECLARED = Policy(rules=Rules(counters=frozenset({"count"}), lists=frozenset({"items"})))


def declared(url: str) -> AbstractAsyncContextManager[Site]:
    return _site(url, DECLARED, "counter and list declared", "declared:")


def undeclared(url: str) -> AbstractAsyncContextManager[Site]:
    return _site(url, Policy(), "nothing declared", "undeclared:")


@asynccontextmanager
async def _site(url: str, policy: Policy, what: str, prefix: str) -> AsyncIterator[Site]:
    gate = Gate()

    async def login(request):
        request.session.login(7)
        request.session.regenerate()
        return JSONResponse({})

    async def logout(request):
        end(request.session)
        return JSONResponse({})

    async def renew(request):
        request.session.regenerate()
        return JSONResponse({})

    def end(session):
        session.logout()
        session.invalidate()
        session.regenerate_token()

    async def look(request):
        items = as_list(request.session.get("items", []))
        return JSONResponse(shop.look(request.session, request.session.user_id(), items))

    async def change(request):
        await gate.hold()
        verb, _, item = request.path_params["what"].partition("-")
        if verb == "append":
            request.session.push("items", item)
        elif verb == "logout":
            end(request.session)
        else:
            shop.change(request.session, request.path_params["what"])
        return JSONResponse({})

    opened = open_store(f"{url}?prefix={prefix}")
    app = LaravelSessionMiddleware(
        Starlette(
            routes=[
                Route("/login", login),
                Route("/logout", logout),
                Route("/renew", renew),
                Route("/look", look),
                Route("/change/{what}", change),
            ]
        ),
        store=opened.store,
        codec=opened.codec,
        encrypter=Encrypter.from_app_key(
            "base64:" + base64.b64encode(secrets.token_bytes(32)).decode()
        ),
        cookie="laravel_session",
        policy=policy,
    )
    name = f"Holdfast {version('holdfast')}, {what}"
    async with asgi(app) as ask:
        yield Site(name, ask, gate, ours=policy is DECLARED)
