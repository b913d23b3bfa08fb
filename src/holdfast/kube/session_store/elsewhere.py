"""Stores that nobody has to render: what a person should know of them."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.environment.gather import secret_name
from holdfast.kube.session_store.choice import address, external, password_key, store


def decisions(app: App) -> Iterator[Decision]:
    """By the driver."""
    match app.spec.session.driver:
        case "redis":
            yield from _redis(app)
        case "memcached":
            yield from _memcached(app)
        case "database":
            yield from _database()
        case "dynamodb":
            yield from _dynamodb(app)
        case "cookie":
            yield from _cookie()
        case "file":
            yield Decision(
                "session store",
                "files of the one replica",
                "they are gone with its pod: every new version logs everyone out.",
            )


def _where(app: App) -> str:
    found = address(app)
    return "" if found is None else f"{found[0]}:{found[1]}"


def _redis(app: App) -> Iterator[Decision]:
    yield Decision(
        "session store",
        f"the Redis at {_where(app)}",
        "whoever runs it sees to this: no eviction (maxmemory-policy noeviction), persistence, and"
        " nothing else in it that is flushed or grows.",
    )
    found = external(app)
    if found is not None and found.password:
        yield Decision(
            "password of the session store",
            f"{password_key(app)} of {secret_name(app)}",
            "Laravel reads it from there, and nothing else does.",
        )


def _memcached(app: App) -> Iterator[Decision]:
    yield Decision(
        "session store",
        f"the memcached at {_where(app)}",
        "it keeps nothing through a restart and throws out what was used least when it is full:"
        " both log users out. Sessions above 1 MB are refused.",
    )


def _database() -> Iterator[Decision]:
    yield Decision(
        "session store",
        "the table `sessions` of the application's database",
        "a migration has to have made it before the first pod of this version runs (`php artisan"
        " make:session-table`, before Laravel 11 `session:table`); its payload is a longtext.",
    )
    yield Decision(
        "clean-up of sessions",
        "by Laravel's lottery, as config/session.php has it: 2 of 100 requests",
        "it deletes by `last_activity`, which has to have an index; with many replicas set"
        " `lottery` to [0, 100] and delete in a scheduled task.",
    )


def _dynamodb(app: App) -> Iterator[Decision]:
    table = store(app).dynamodb
    name = "" if table is None else f" {table.table} in {table.region}"
    yield Decision(
        "session store",
        f"the DynamoDB table{name}",
        "Laravel reads without ConsistentRead: a request right after a save may see the session as"
        " it was before. The table needs the string key `key`, and `expires_at` as its TTL"
        " attribute, or it grows for ever.",
    )


def _cookie() -> Iterator[Decision]:
    yield Decision(
        "session store",
        "the user's browser",
        "a session above about 4 kB is dropped by the browser, and a logout ends only that one"
        " browser's copy: whoever has copied the cookie stays logged in until it expires.",
    )
