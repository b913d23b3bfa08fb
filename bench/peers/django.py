"""Django's sessions in its cache on Redis."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

from peers import shop
from peers.gate import Gate
from peers.site import Site, wsgi


@asynccontextmanager
async def site(url: str) -> AsyncIterator[Site]:
    gate = Gate()

    # As django.contrib.auth does both: login() cycles the key, logout() flushes.
    def login(request):
        request.session.cycle_key()
        request.session["user"] = 7
        return JsonResponse({})

    def logout(request):
        request.session.flush()
        return JsonResponse({})

    def renew(request):
        request.session.cycle_key()
        return JsonResponse({})

    def look(request):
        session = _loaded(request)
        return JsonResponse(shop.look(session, session.get("user"), session.get("items", ())))

    def change(request, what):
        session = _loaded(request)
        gate.hold_thread()
        if what == "logout":
            session.flush()
        else:
            shop.change(session, what)
        return JsonResponse({})

    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of a benchmark",
        ROOT_URLCONF=(
            path("login", login),
            path("logout", logout),
            path("renew", renew),
            path("look", look),
            path("change/<what>", change),
        ),
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": url,
                "KEY_PREFIX": "django",
            }
        },
        LOGGING_CONFIG=None,
    )
    # Each request that it interrupts is a warning; the table counts them.
    logging.getLogger("django").addHandler(logging.NullHandler())
    django.setup()
    yield Site(f"Django {django.get_version()}", wsgi(get_wsgi_application()), gate)


def _loaded(request):
    """The session, read; Django reads it at the first look only."""
    request.session.keys()
    return request.session
