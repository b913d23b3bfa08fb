"""A store and its codec, by URL."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec, Serialization
from holdfast.stores import LOCK_SCHEMES, SCHEMES, Scheme
from holdfast.stores.contract import Store
from holdfast.stores.database import DatabaseStore
from holdfast.stores.locks import Locks
from holdfast.stores.url import LOCKS, StoreUrl, from_environment, parse, with_password


@dataclass(frozen=True, slots=True)
class Opened:
    """A store, and what turns its bytes into attributes and back."""

    store: Store
    codec: Codec


def open(url: str, *, env: Mapping[str, str] | None = None) -> Opened:
    """Open a store by URL. Nothing is connected yet; the store's ``connect`` does that.

    Args:
        url: see ``docs/stores.md``.
        env: where ``key=env:NAME`` and its like look; default: this process's environment.

    Raises:
        UsageError: the URL is wrong.
        EnvironmentLacking: a client library or a variable is missing.
    """
    env = os.environ if env is None else env
    parsed = parse(with_password(url, env))
    store = _store(parsed)
    return Opened(store, _codec(parsed, store, env))


def create_table(url: str) -> None:
    """Make Laravel's table of sessions where it is missing; an explicit act, never done on the way.

    Raises:
        UsageError: the URL is wrong, or names no database.
        EnvironmentLacking: a client library or a variable is missing.
        StoreError: the database cannot be written.
    """
    store = _store(parse(with_password(url, os.environ)))
    if not isinstance(store, DatabaseStore):
        raise UsageError(
            f"a {store.name} store has no table", hint="give the URL of a database, sqlite:///file"
        )
    store.create_table()


def open_locks(url: str, *, env: Mapping[str, str] | None = None) -> Locks:
    """Open a store of locks by URL: the cache store that ``session.block_store`` names.

    Args:
        url: see ``docs/saving.md``.
        env: where ``password=env:NAME`` looks; default: this process's environment.

    Raises:
        UsageError: the URL is wrong.
        EnvironmentLacking: a client library or a variable is missing.
    """
    parsed = parse(with_password(url, os.environ if env is None else env, LOCKS), LOCKS)
    return cast(Locks, _opened(LOCK_SCHEMES[parsed.scheme], parsed))


def _store(url: StoreUrl) -> Store:
    return cast(Store, _opened(SCHEMES[url.scheme], url))


def _opened(scheme: Scheme, url: StoreUrl) -> Any:
    if scheme.module and importlib.util.find_spec(scheme.module) is None:
        raise EnvironmentLacking(
            f"the {url.scheme} store needs the Python package {scheme.module}",
            hint=f"pip install '.[{scheme.extra}]' in a clone of Holdfast",
        )
    module, _, function = scheme.opener.partition(":")
    return getattr(importlib.import_module(module), function)(url)


def _codec(url: StoreUrl, store: Store, env: Mapping[str, str]) -> Codec:
    serialization = cast(Serialization, url.choice("serialization", "php", get_args(Serialization)))
    encrypter = _encrypter(url, env)
    if url.choice("encrypt", "0", ("0", "1")) == "0":
        return Codec(store.form, serialization)
    if encrypter is None:
        raise UsageError(
            "encrypt=1 without a key", hint="name the variable that has it: key=env:APP_KEY"
        )
    return Codec(store.form, serialization, encrypter)


def _encrypter(url: StoreUrl, env: Mapping[str, str]) -> Encrypter | None:
    """The application's encrypter; checked wherever a key is named, used or not."""
    key = from_environment(url, "key", env)
    previous = from_environment(url, "previous", env) or ""
    if key is None:
        return None
    cipher = url.parameters.get("cipher", "AES-256-CBC")
    return Encrypter.from_app_key(key, cipher, tuple(filter(None, previous.split(","))))
