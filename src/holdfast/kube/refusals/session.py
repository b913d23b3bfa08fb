"""What is refused of sessions: what would log users out, or log them in for somebody else."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import (
    ONE_POD,
    WEB_MOST,
    Rule,
    all_refused,
    given,
    one_pod,
    rule,
    web_most,
)
from holdfast.kube.spec.session import Session

_REDIS_KINDS = ("single", "sentinel", "operator", "external")
_KINDS = (*_REDIS_KINDS, "dynamodb")
_SESSION = "self.spec.session"
_STORE = f"{_SESSION}.store"
_DRIVER = f"{_SESSION}.driver"


def _kinds(session: Session) -> list[str]:
    return [kind for kind in _KINDS if session.store and getattr(session.store, kind) is not None]


def _count(kinds: tuple[str, ...]) -> str:
    """CEL: how many of these kinds of store there are."""
    return " + ".join(f"({given(f'{_STORE}.{kind}')} ? 1 : 0)" for kind in kinds)


def _fits(driver: str, instead: str) -> Rule:
    others = ("dynamodb",) if driver == "redis" else _KINDS
    return rule(
        ("session", "store"),
        f"driver {driver} does not look for sessions in a store of this kind, so none is found"
        " there",
        instead,
        broken=lambda app: (
            app.spec.session.driver == driver and bool(set(_kinds(app.spec.session)) & set(others))
        ),
        cel=f"{_DRIVER} != '{driver}' || !{given(_STORE)} || {_count(others)} == 0",
    )


def _needs(driver: str, kind: str) -> Rule:
    return rule(
        ("session", "driver"),
        f"driver {driver} needs to be told where sessions are: on its own address of each pod"
        " nobody finds them",
        f"session.store.{kind}",
        broken=lambda app: (
            app.spec.session.driver == driver and kind not in _kinds(app.spec.session)
        ),
        cel=f"{_DRIVER} != '{driver}' || ({given(_STORE)} && {given(f'{_STORE}.{kind}')})",
    )


def _cookie(app: App) -> str:
    return app.spec.session.cookie or f"{app.name}_session"


def _has_affinity_cookie(app: App, *names: str) -> bool:
    affinity = app.spec.session.affinity
    return affinity is not None and affinity.cookie in names


def _outside(app: App) -> bool:
    domain = app.spec.session.domain
    hosts = (app.spec.host, *app.spec.aliases)
    return domain is not None and not all(
        host == domain or host.endswith(f".{domain}") for host in hosts
    )


_INSIDE = "{0} == self.spec.session.domain || {0}.endsWith('.' + self.spec.session.domain)"

RULES = (
    rule(
        ("web", "max"),
        "with driver file each replica has sessions of its own: users are logged out whenever"
        " another one answers",
        "session.driver: redis or database, or web.min: 1 and no more than web.max: 1",
        broken=lambda app: app.spec.session.driver == "file" and web_most(app) > 1,
        cel=f"{_DRIVER} != 'file' || {WEB_MOST} <= 1",
    ),
    rule(
        ("session", "driver"),
        "with driver file sessions are in the pod, and each rollout logs everybody out",
        "session.driver: redis or database, or storage.uploads.volume, where they are kept then",
        broken=lambda app: (
            app.spec.session.driver == "file"
            and (app.spec.storage.uploads is None or app.spec.storage.uploads.volume is None)
        ),
        cel=(
            f"{_DRIVER} != 'file' || ({given('self.spec.storage.uploads')}"
            f" && {given('self.spec.storage.uploads.volume')})"
        ),
    ),
    rule(
        ("session", "driver"),
        "driver database needs a database: Laravel would take SQLite, a file in each pod",
        "spec.database, or session.driver: redis",
        broken=lambda app: app.spec.session.driver == "database" and app.spec.database is None,
        cel=f"{_DRIVER} != 'database' || {given('self.spec.database')}",
    ),
    rule(
        ("database", "driver"),
        "SQLite is a file in one pod: another pod has other users, and with driver database other"
        " sessions",
        "driver: mysql, mariadb or pgsql, or one pod alone: web.min: 1, no workers, no scheduler",
        broken=lambda app: (
            app.spec.database is not None
            and app.spec.database.driver == "sqlite"
            and not one_pod(app)
        ),
        cel=f"!{given('self.spec.database')} || self.spec.database.driver != 'sqlite' || {ONE_POD}",
    ),
    rule(
        ("database", "driver"),
        "SQLite is a file in the pod, and each rollout begins with an empty one: all users and,"
        " with driver database, sessions are gone",
        "driver: mysql, mariadb or pgsql, or storage.uploads.volume, where it is kept then",
        broken=lambda app: (
            app.spec.database is not None
            and app.spec.database.driver == "sqlite"
            and (app.spec.storage.uploads is None or app.spec.storage.uploads.volume is None)
        ),
        cel=(
            f"!{given('self.spec.database')} || self.spec.database.driver != 'sqlite' ||"
            f" ({given('self.spec.storage.uploads')}"
            f" && {given('self.spec.storage.uploads.volume')})"
        ),
    ),
    rule(
        ("session", "store"),
        "sessions are in one place, and two are named",
        "one of single, sentinel, operator, external, dynamodb",
        broken=lambda app: len(_kinds(app.spec.session)) > 1,
        cel=f"!{given(_STORE)} || {_count(_KINDS)} <= 1",
    ),
    _fits("redis", "single, sentinel, operator or external, or session.driver: dynamodb"),
    _fits("database", "no store: they are in spec.database; or session.driver: redis"),
    _fits("cookie", "no store: they are with the users; or session.driver: redis"),
    _fits("file", "no store: they are on a volume; or session.driver: redis"),
    _needs("memcached", "external"),
    _needs("dynamodb", "dynamodb"),
    rule(
        ("session", "connection"),
        "Laravel keeps sessions on its connection default, whose variables begin with REDIS_, not"
        " with store.variables: they would be somewhere else",
        "session.connection: its name in config/database.php, or no store.variables",
        broken=lambda app: (
            app.spec.session.driver == "redis"
            and app.spec.session.store is not None
            and app.spec.session.store.variables != "REDIS"
            and app.spec.session.connection is None
        ),
        cel=(
            f"{_DRIVER} != 'redis' || !{given(_STORE)} || {_STORE}.variables == 'REDIS'"
            f" || {given(f'{_SESSION}.connection')}"
        ),
    ),
    rule(
        ("session", "affinity", "cookie"),
        "the value of the session's cookie changes with every response, so a user meets another"
        " replica each time; and an edge that sets it logs users out",
        "a name of the edge's own, e.g. cookie: route",
        broken=lambda app: _has_affinity_cookie(app, _cookie(app)),
        cel=(
            f"!{given(f'{_SESSION}.affinity')} || {_SESSION}.affinity.cookie !="
            f" ({given(f'{_SESSION}.cookie')} ? {_SESSION}.cookie"
            " : self.metadata.name + '_session')"
        ),
    ),
    rule(
        ("session", "affinity", "cookie"),
        "the value of XSRF-TOKEN changes with every response, and forms of an edge that sets it"
        " fail with 419",
        "a name of the edge's own, e.g. cookie: route",
        broken=lambda app: _has_affinity_cookie(app, "XSRF-TOKEN"),
        cel=f"!{given(f'{_SESSION}.affinity')} || {_SESSION}.affinity.cookie != 'XSRF-TOKEN'",
    ),
    rule(
        ("session", "cookie"),
        "XSRF-TOKEN is Laravel's other cookie: one of the two would overwrite the other in each"
        " response",
        "another name",
        broken=lambda app: _cookie(app) == "XSRF-TOKEN",
        cel=f"!{given(f'{_SESSION}.cookie')} || {_SESSION}.cookie != 'XSRF-TOKEN'",
    ),
    rule(
        ("session", "cookie"),
        "PHP gives a cookie whose name has a dot back with _ in its place, so its session is found"
        " by nobody",
        "a name of letters, digits, - and _",
        broken=lambda app: "." in _cookie(app),
        cel=f"!{given(f'{_SESSION}.cookie')} || !{_SESSION}.cookie.contains('.')",
    ),
    rule(
        ("session", "domain"),
        "browsers refuse a cookie for a domain that the host is not in: nobody stays logged in"
        " there, and forms fail with 419",
        "a domain that host and all aliases are in, or none",
        broken=_outside,
        cel=(
            f"!{given(f'{_SESSION}.domain')} || ({_INSIDE.format('self.spec.host')})"
            f" && self.spec.aliases.all(h, {_INSIDE.format('h')})"
        ),
    ),
    rule(
        ("session", "domain"),
        "browsers refuse a cookie whose name begins with __Host- where it has a domain: nobody"
        " stays logged in",
        "no domain, or session.cookie without __Host-",
        broken=lambda app: (
            app.spec.session.domain is not None and _cookie(app).lower().startswith("__host-")
        ),
        cel=(
            f"!{given(f'{_SESSION}.domain')} || !{given(f'{_SESSION}.cookie')}"
            f" || !{_SESSION}.cookie.matches('(?i)^__host-')"
        ),
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """All that is refused of sessions and of where they are."""
    return all_refused(RULES, app)
