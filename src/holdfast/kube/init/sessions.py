"""Everything that decides whether a user stays logged in, as it is in effect now."""

from __future__ import annotations

from typing import Final

from holdfast.kube.init.facts import Facts, is_local
from holdfast.kube.init.part import Part, fits
from holdfast.kube.init.redis import DATABASE, KEPT, Layout, client, external, snippet
from holdfast.kube.placeholders import FILL_IN
from holdfast.kube.spec.session import DynamoTable, Session
from holdfast.kube.spec.words import Address, CookieName, Host, Prefix
from holdfast.project.values import Known

_YEAR: Final = 525_600
"""Minutes."""

_ONCE: Final = "Whoever is logged in now logs in once more."


def session(facts: Facts, found: Layout, host: str) -> Part:
    """The section ``session``."""
    part = Part()
    driver = _driver(facts, part)
    part.take([_store(facts, found, driver)])
    if driver == "redis":
        where = "" if found.added else facts.where("session.connection")
        _connection(found.connection, where, part)
        part.tasks += client(facts).tasks
    elif driver == "database":
        _table(facts, part)
    lifetime = facts.row("lifetime")
    if lifetime is not None and isinstance(lifetime.value, int) and lifetime.value >= 60:
        minutes = min(lifetime.value // 60, _YEAR)
        more = f"{lifetime.source} says more than a year, which is the most."
        why = (more,) if lifetime.value > _YEAR * 60 else ()
        part.line("lifetime", minutes, str(lifetime.source), *why)
    _cookie(facts, host, part)
    _prefix(facts, part, in_redis=driver == "redis")
    return part


def _driver(facts: Facts, part: Part) -> str:
    """Those that a pod keeps to itself are exchanged, and that is said."""
    row = facts.row("driver")
    if row is None:
        part.line(
            "driver", "redis", "", f"Where it is another one now: {_ONCE.lower()}",
            fill=f"the session driver; {facts.why_unknown('driver')}",
        )  # fmt: skip
        return "redis"
    where = str(row.source)
    if row.value in KEPT:
        why = ("The whole session is in the cookie: nothing to keep.",)
        part.line("driver", str(row.value), where, *(why if row.value == "cookie" else ()))
        return str(row.value)
    part.line(
        "driver", "redis", "",
        f"{where} says {row.value}, which one pod keeps to itself. In a Redis all replicas"
        f" find a session. {_ONCE}",
    )  # fmt: skip
    return "redis"


def _store(facts: Facts, found: Layout, driver: str) -> Part:
    store = Part()
    match driver:
        case "redis":
            _redis(facts, found, store)
        case "memcached":
            _memcached(facts, store)
        case "dynamodb":
            _dynamodb(facts, store)
    part = Part()
    part.within("store", store)
    return part


def _redis(facts: Facts, found: Layout, store: Part) -> None:
    row = facts.row("driver")
    if found.server is not None:
        store.within("external", external(found.server), "The sessions that are there stay.")
    else:
        why = [
            "One Redis of their own, which writes all to a volume. sentinel in its place: three."
        ]
        if row is not None and row.value == "redis":
            there = facts.row("redis.host")
            server = f"{there.value} ({there.source})" if there is not None else "another Redis"
            why.append(f"Sessions that are in {server} are not moved. {_ONCE}")
        store.line("single", {}, "", *why)
    if found.variables != "REDIS":
        store.line(
            "variables", found.variables, "",
            *(["Apart from " + " and ".join(found.others) + ", which are in the Redis of"
               " REDIS_HOST: a flush or a full queue would take the sessions along."]
              if found.added else []),
        )  # fmt: skip
    if found.added:
        store.task(
            f"{DATABASE}, redis", f"sessions need a connection of their own: {snippet(facts)}"
        )


def _memcached(facts: Facts, store: Part) -> None:
    server = Part()
    host = facts.text("cache.stores.memcached.servers.0.host") or ""
    if fits(host, Address) and not is_local(host):
        server.line("host", host, facts.where("cache.stores.memcached.servers.0.host"))
    else:
        server.line(
            "host", "memcached.example.com", fill="the memcached; the project has a developer's own"
        )
    store.within(
        "external", server, "memcached forgets when it is full or restarted; redis does not."
    )


def _dynamodb(facts: Facts, store: Part) -> None:
    table = Part()
    for key, example in (("table", FILL_IN), ("region", "us-east-1")):
        setting = f"cache.stores.dynamodb.{key}"
        value = facts.text(setting)
        said = (
            value
            if value and fits({"table": "xxx", "region": "x", key: value}, DynamoTable)
            else ""
        )
        table.line(
            key, said or example, facts.where(setting) if said else "",
            fill="" if said else f"the {key} of DynamoDB",
        )  # fmt: skip
    store.within("dynamodb", table)


def _table(facts: Facts, part: Part) -> None:
    row = facts.row("table")
    name = str(row.value) if row is not None else "sessions"
    connection = facts.text("session.connection")
    _connection(connection, facts.where("session.connection"), part)
    if facts.lacks_table(name):
        command = "make:session-table" if facts.major >= 11 else "session:table"
        part.task("database/migrations", f"no migration makes {name}: php artisan {command}")


def _connection(name: str | None, where: str, part: Part) -> None:
    if name is not None and fits({"connection": name}, Session):
        part.line("connection", name, where)
    elif name is not None:
        part.task(where, f"the connection {name} needs a name of letters, digits, - and _")


def _cookie(facts: Facts, host: str, part: Part) -> None:
    """The cookie as it is now: under another name nobody would be logged in."""
    row = facts.row("cookie")
    if row is not None and fits(row.value, CookieName) and row.value != "XSRF-TOKEN":
        part.line("cookie", row.value, str(row.source))
    else:
        why = facts.why_unknown("cookie") if row is None else f"{row.source} has one that browsers"
        more = "" if row is None else " take otherwise"
        part.missing("cookie", f"its name as it is now, or users log in once more; {why}{more}")
    domain = facts.row("domain")
    bare = str(domain.value or "").removeprefix(".") if domain is not None else ""
    whole = row is not None and str(row.value).lower().startswith("__host-")
    if domain is not None and fits(bare, Host) and not is_local(bare) and not whole:
        _domain(bare, str(domain.source), host, part)
    same_site = facts.row("same_site")
    if same_site is not None and same_site.value in ("lax", "strict", "none"):
        part.line("sameSite", same_site.value, str(same_site.source))
    encrypt = facts.row("encrypt")
    if encrypt is not None and isinstance(encrypt.value, bool):
        part.line("encrypt", encrypt.value, str(encrypt.source))


def _domain(domain: str, where: str, host: str, part: Part) -> None:
    if host == domain or host.endswith(f".{domain}"):
        part.line("domain", domain, where)
    else:
        part.remark("domain", f"No domain: {where} says {domain}, which {host} is not in.")


def _prefix(facts: Facts, part: Part, *, in_redis: bool) -> None:
    """REDIS_PREFIX: of sessions, of jobs that wait now, of whatever else is in a Redis."""
    value = facts.project.get("database.redis.options.prefix")
    if not isinstance(value, Known) or not fits(value.value or "", Prefix):
        return
    if in_redis or facts.keys("database.redis"):
        why = () if in_redis else ("Of what else is in a Redis: it is found again.",)
        part.line("prefix", value.value or "", str(value.source), *why)
