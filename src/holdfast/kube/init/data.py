"""The database and the cache."""

from __future__ import annotations

from typing import Final

from holdfast.kube.init.facts import Facts, is_local
from holdfast.kube.init.part import Part, Task, fits
from holdfast.kube.placeholders import FILL_IN
from holdfast.kube.spec.storage import Database
from holdfast.kube.spec.words import Address, Port, Prefix
from holdfast.project.connections import Connection, connection
from holdfast.project.values import Known

_PORTS: Final = {"mysql": 3306, "mariadb": 3306, "pgsql": 5432}
_SHARED: Final = ("database", "redis", "memcached", "dynamodb")
_IN_KEYS: Final = ("redis", "memcached", "dynamodb")


def database(facts: Facts) -> Part:
    """The section ``database``: a server, which all replicas share."""
    part, inner = Part(), Part()
    name = facts.text("database.default") or ""
    found = connection(facts.project, "database.connections", name)
    driver = _text(found, "driver") or name
    where = facts.where("database.default")
    why: tuple[str, ...] = ()
    if driver in _PORTS:
        inner.line("driver", driver, where)
    elif not driver:
        inner.line("driver", "mysql", fill=f"the driver; {facts.why('database.default')}")
        found = Connection(name, {})
    else:
        kind = "a file of one machine" if driver == "sqlite" else "not known to Holdfast"
        why = (f"{where} says {driver}, which is {kind}: pods need a server that all can reach.",)
        inner.line("driver", "mysql", fill=f"mysql, mariadb or pgsql in place of {driver}")
        found = Connection(name, {})
        inner.tasks += _to_be_moved(driver, where)
    _server(found, str(inner.lines["driver"].content), inner)
    part.within("database", inner, *why)
    return part


def _to_be_moved(driver: str, where: str) -> list[Task]:
    return [Task(where, f"the data in {driver} has to be moved to a server of your choice")]


def _server(found: Connection, driver: str, part: Part) -> None:
    host = _text(found, "host")
    if host and fits(host, Address) and not is_local(host):
        part.line("host", host, _where(found, "host"))
    else:
        part.line(
            "host", f"{driver}.example.com",
            fill="the server" + (f"; {_where(found, 'host')} has {host}" if host else ""),
        )  # fmt: skip
    port = _text(found, "port")
    if (
        port
        and port.isascii()
        and port.isdigit()
        and fits(int(port), Port)
        and int(port) != _PORTS[driver]
    ):
        part.line("port", int(port), _where(found, "port"))
    for key, member in (("name", "database"), ("user", "username")):
        value = _text(found, member)
        if value and fits({key: value}, Database):
            part.line(key, value, _where(found, member))
        else:
            part.line(key, FILL_IN, fill=f"the {member} there")


def cache(facts: Facts) -> Part:
    """The section ``cache``: where all replicas see it, and never where sessions are."""
    part, inner = Part(), Part()
    name = facts.text("cache.default")
    driver = facts.text(f"cache.stores.{name}.driver") or name
    where = facts.where("cache.default")
    session = facts.row("driver")
    if driver == "memcached" and session is not None and session.value == driver:
        inner.line(
            "store", "database", "",
            f"{where} says memcached, where sessions are: it would push them out.",
        )  # fmt: skip
    elif driver in _SHARED:
        inner.line("store", driver, where)
    else:
        shared = "locks, limits and maintenance mode have to be seen by all replicas"
        if driver:
            inner.line("store", "database", "", f"{where} says {driver}; {shared}.")
        else:
            why = facts.why("cache.default")
            inner.line("store", "database", fill=f"the store; {shared} ({why})")
    if inner.lines["store"].content == "database":
        table = facts.text("cache.stores.database.table") or "cache"
        if facts.lacks_table(table):
            command = "make:cache-table" if facts.major >= 11 else "cache:table"
            inner.task("database/migrations", f"no migration makes {table}: php artisan {command}")
    prefix = facts.row("cache.prefix")
    part_of_keys = session is not None and session.value in _IN_KEYS
    if prefix is not None and fits(prefix.value or "", Prefix):
        keys = ("It is part of a session's key: another one, and nobody is logged in.",)
        where = str(prefix.source)
        inner.line("prefix", prefix.value or "", where, *(keys if part_of_keys else ()))
    elif part_of_keys:
        inner.missing(
            "prefix",
            f"as it is now, or users log in once more; {facts.why_unknown('cache.prefix')}",
        )
    part.within("cache", inner)
    return part


def _text(found: Connection, member: str) -> str:
    value = found.members.get(member)
    if isinstance(value, Known) and isinstance(value.value, str | int):
        return str(value.value)
    return ""


def _where(found: Connection, member: str) -> str:
    value = found.members.get(member)
    return str(value.source) if isinstance(value, Known) else ""
