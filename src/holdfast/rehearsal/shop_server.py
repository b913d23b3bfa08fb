"""One replica of the shop: ``python -m holdfast.rehearsal.shop_server``.

========================  ======================================================================
``HOLDFAST_STORE``        URL of the store, see ``docs/stores.md``
``HOLDFAST_REPLICA``      its name, ``r2``
``HOLDFAST_GENERATION``   how often its slot has been replaced
``APP_KEY``               Laravel's
``APP_PREVIOUS_KEYS``     Laravel's, by comma
``SESSION_ENCRYPT``       Laravel's, ``true`` or ``false``; without it the store's URL says
``HOLDFAST_HANDLE_KEY``   what handles of session ids are keyed with; default: ``APP_KEY``
``PORT``                  the loopback port to serve
========================  ======================================================================

SIGTERM: no new connections, requests in flight are finished, exit status 0. A wrong environment is
one line on standard error and exit status 2 or 3.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace

import uvicorn

from holdfast.core.errors import EnvironmentLacking, HoldfastError, StoreUnavailable, UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.rehearsal.shop import create_app
from holdfast.servers.ports import LOOPBACK
from holdfast.stores.open import open as open_store
from holdfast.web.asgi import ASGIApp

KEEP_ALIVE_SECONDS = 75
"""Idle connections are the balancer's to close: closed here, its next request could be lost."""

BACKLOG = 2048


def main() -> int:
    """Serve until a signal; the exit status."""
    try:
        app = _app(os.environ)
        listener = _listen(_number(os.environ, "PORT", range(1, 65536)))
    except HoldfastError as error:
        sys.stderr.write(f"shop: {error}" + (f": {error.hint}\n" if error.hint else "\n"))
        return error.exit_status
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # Until uvicorn takes the signals, and when it has done its work: it raises them again then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run(sockets=[listener])
    return 0


def _app(env: Mapping[str, str]) -> ASGIApp:
    opened = open_store(_text(env, "HOLDFAST_STORE"), env=env)
    app_key = _text(env, "APP_KEY")
    previous = [key for key in env.get("APP_PREVIOUS_KEYS", "").split(",") if key]
    encrypter = Encrypter.from_app_key(app_key, previous=previous)
    app = create_app(
        opened.store,
        _codec(opened.codec, env.get("SESSION_ENCRYPT"), encrypter),
        app_key,
        _text(env, "HOLDFAST_REPLICA"),
        _number(env, "HOLDFAST_GENERATION", range(2**31)),
        previous_keys=previous,
        handle_key=env.get("HOLDFAST_HANDLE_KEY"),
    )
    # A store that is set up wrongly is said at once; one that is not there yet may come.
    with contextlib.suppress(StoreUnavailable), opened.store.connect():
        pass
    return app


def _codec(codec: Codec, encrypt: str | None, encrypter: Encrypter) -> Codec:
    """The store's codec, encrypting as the setting says, else as the store's URL says."""
    if encrypt not in (None, "true", "false"):
        raise UsageError(f"SESSION_ENCRYPT={encrypt} is neither true nor false", hint="correct it")
    if encrypt == "false" or (encrypt is None and codec.encrypter is None):
        return replace(codec, encrypter=None)
    cipher = codec.encrypter.cipher if codec.encrypter is not None else encrypter.cipher
    return replace(codec, encrypter=replace(encrypter, cipher=cipher))


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port), backlog=BACKLOG)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot listen on {LOOPBACK}:{port}: {error.strerror}", hint="set PORT to a free one"
        ) from error


def _text(env: Mapping[str, str], name: str) -> str:
    if not env.get(name):
        raise EnvironmentLacking(f"the environment variable {name} is not set", hint="set it")
    return env[name]


def _number(env: Mapping[str, str], name: str, allowed: range) -> int:
    text = _text(env, name)
    if not (text.isascii() and text.isdigit() and int(text) in allowed):
        raise UsageError(
            f"{name}={text} is not a whole number between {allowed[0]} and {allowed[-1]}",
            hint="correct it",
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
