"""Flask-Session on Redis, as its documentation sets it up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import redis
from flask import Flask, session
from flask_session import Session

from peers import shop
from peers.gate import Gate
from peers.site import Site, wsgi


@asynccontextmanager
async def site(url: str) -> AsyncIterator[Site]:
    gate, client = Gate(), redis.Redis.from_url(url)
    app = Flask(__name__)
    app.config |= {
        "SESSION_TYPE": "redis",
        "SESSION_REDIS": client,
        "SESSION_KEY_PREFIX": "flask:",
    }
    Session(app)

    @app.get("/login")
    def login():
        app.session_interface.regenerate(session)
        session["user"] = 7
        return {}

    @app.get("/logout")
    def logout():
        session.clear()
        return {}

    @app.get("/renew")
    def renew():
        app.session_interface.regenerate(session)
        return {}

    @app.get("/look")
    def look():
        return shop.look(session, session.get("user"), session.get("items", ()))

    @app.get("/change/<what>")
    def change(what: str):
        gate.hold_thread()
        if what == "logout":
            session.clear()
        else:
            shop.change(session, what)
        return {}

    name = f"Flask-Session {version('flask-session')} (Flask {version('flask')})"
    with client:
        yield Site(name, wsgi(app), gate)
