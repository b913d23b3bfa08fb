"""Which Redis holds what: sessions have one of their own, jobs and the cache have another.

A cache may be flushed and evicted, and a queue that nobody works off fills a server: neither may
stand where sessions are. The stock config/database.php has connections ``default`` and ``cache``,
and both read REDIS_HOST.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from holdfast.kube.init.facts import Facts, is_local
from holdfast.kube.init.part import Part, fits
from holdfast.kube.spec.words import Address, Port, Variable
from holdfast.project.connections import Connection, connection
from holdfast.project.horizon import PACKAGE as HORIZON
from holdfast.project.values import Known, Value

_PORT: Final = 6379
_MOST_DATABASES = 1023
STOCK: Final = "REDIS"
OWN: Final = "SESSION_REDIS"
CONNECTION: Final = "session"
DATABASE: Final = "config/database.php"


@dataclass(frozen=True)
class Layout:
    """Who is in which Redis.

    Args:
        sessions: whether they are in Redis, now or from now on.
        variables: how the variables of the sessions' connection begin.
        connection: SESSION_CONNECTION; None for the default one.
        added: the application needs that connection, and has not got it.
        server: the sessions' server as it is known now; None where it is a developer's, or none.
        others: what else is in a Redis: ``jobs``, ``the cache``.
        other: the server of those; None where it is a developer's.
    """

    sessions: bool
    variables: str = STOCK
    connection: str | None = None
    added: bool = False
    server: Connection | None = None
    others: tuple[str, ...] = ()
    other: Connection | None = None


JOBS: Final = "jobs"
KEPT: Final = ("redis", "database", "memcached", "dynamodb", "cookie")
"""Session drivers that several replicas share; all others become redis."""


def layout(facts: Facts) -> Layout:
    """Who is in which Redis."""
    row = facts.row("driver")
    driver = row.value if row is not None else None
    others = tuple(
        what for what, there in ((JOBS, _jobs(facts)), ("the cache", _cache(facts))) if there
    )
    default = connection(facts.project, "database.redis", "default")
    if driver in KEPT and driver != "redis":
        return Layout(sessions=False, others=others, other=_server(default))
    named = facts.text("session.connection") if driver == "redis" else None
    there = connection(facts.project, "database.redis", named or "default")
    variables = _variables(facts, named or "default") or STOCK
    server = _server(there) if driver == "redis" else None
    if others and variables == STOCK:
        # The server that is there stays that of jobs: those cannot be asked to come back.
        return Layout(True, OWN, CONNECTION, True, None, others, _server(default))
    return Layout(True, variables, named, False, server, others, _server(default))


def other(facts: Facts, found: Layout) -> Part:
    """The section ``redis``: the server of jobs and the cache."""
    part = Part()
    if not found.others:
        return part
    what = " and ".join(found.others)
    if found.other is None:
        evicts = ", which evicts nothing" if JOBS in found.others else ", which may evict it"
        host = Part()
        host.line(
            "host", "redis.example.com",
            fill=f"a Redis for {what}{evicts}; the project has a developer's own",
        )  # fmt: skip
    else:
        host = external(found.other)
    server = Part()
    server.within("external", host)
    part.within("redis", server, f"The Redis of REDIS_HOST, for {what}; sessions are not there.")
    return part


def external(found: Connection) -> Part:
    """An ExternalServer: a Redis that somebody else runs."""
    part = Part()
    host, port, scheme = (found.get(member) for member in ("host", "port", "scheme"))
    if isinstance(host, Known):
        text = str(host.value)
        part.line("host", text.rpartition("//")[2], str(host.source))
        if text.startswith(("tls:", "rediss:")) or (
            isinstance(scheme, Known) and scheme.value in ("tls", "rediss")
        ):
            part.line("tls", content=True)
    said = str(port.value) if isinstance(port, Known) else ""
    if said.isascii() and said.isdigit() and fits(int(said), Port) and int(said) != _PORT:
        part.line("port", int(said), _where(port))
    database = found.get("database")
    number = str(database.value) if isinstance(database, Known) else ""
    if number.isascii() and number.isdigit() and 0 < int(number[:5]) <= _MOST_DATABASES:
        part.line("database", int(number), _where(database))
    password = found.get("password")
    if isinstance(password, Known) and password.value in (None, ""):
        part.line("password", False, str(password.source))
    return part


def _where(value: Value) -> str:
    return str(value.source) if isinstance(value, Known) else value.place


def client(facts: Facts) -> Part:
    """What PHP needs to speak to Redis."""
    part = Part()
    row = facts.row("redis.client")
    where = facts.where("database.redis.client")
    if row is not None and row.value == "predis":
        if not facts.has("predis/predis"):
            part.task(where, "the client is predis, which is not installed: composer require it")
        return part
    required = facts.directory.json("composer.json").get("require")
    if isinstance(required, dict) and "ext-redis" in required:
        return part
    if facts.image is not None and "redis" in facts.image.text:
        return part
    part.task(
        "the image",
        "it needs PHP's extension redis: `php -m` lists it. Or composer require predis/predis,"
        " and config: {REDIS_CLIENT: predis}",
    )
    return part


def snippet(facts: Facts) -> str:
    """The connection that the application has to have in config/database.php."""
    member = "'username' => env('SESSION_REDIS_USERNAME'), " if facts.major >= 9 else ""
    return (
        f"'{CONNECTION}' => ['host' => env('{OWN}_HOST'), {member}"
        f"'password' => env('{OWN}_PASSWORD'), 'port' => env('{OWN}_PORT', '6379'),"
        f" 'database' => env('{OWN}_DB', '0')],"
    )


def _variables(facts: Facts, name: str) -> str | None:
    """How the variables of a connection begin: the one for its host ends in _HOST."""
    variable = facts.variable(f"database.redis.{name}.host") or ""
    prefix = variable.removesuffix("_HOST")
    return prefix if prefix != variable and fits(prefix, Variable) else None


def _server(found: Connection) -> Connection | None:
    host = found.get("host")
    if not isinstance(host, Known) or not isinstance(host.value, str):
        return None
    bare = host.value.rpartition("//")[2]
    return None if is_local(bare) or not fits(bare, Address) else found


def _jobs(facts: Facts) -> bool:
    default = facts.text("queue.default") or ""
    driver = facts.text(f"queue.connections.{default}.driver") or default
    return driver == "redis" or facts.has(HORIZON)


def _cache(facts: Facts) -> bool:
    default = facts.text("cache.default") or ""
    return (facts.text(f"cache.stores.{default}.driver") or default) == "redis"
