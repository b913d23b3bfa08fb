"""What is refused of images, variables and the cache."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.redis import shared
from holdfast.kube.refusals import variables
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import ONE_POD, Rule, all_refused, given, one_pod, rule

_STORE = "self.spec.session.store"
_IMAGES = ("nginx", "redis", "haproxy", "redisExporter", "fpmExporter")
_MOVES = "a tag that moves makes pods of one rollout run different versions, and none can go back"
_FIXED = "a digest (@sha256:...) or a tag that never moves, e.g. :1.2.3"
_TAG = "@sha256:|:[^/:@]+$"


def _moves(image: str) -> bool:
    return not re.search(_TAG, image) or image.endswith(":latest")


def _fixed(path: str) -> str:
    return f"{path}.matches('{_TAG}') && !{path}.endsWith(':latest')"


def _image(name: str) -> Rule:
    field = re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)
    return rule(
        ("images", name),
        _MOVES,
        _FIXED,
        broken=lambda app: _moves(getattr(app.spec.images, field)),
        cel=_fixed(f"self.spec.images.{name}"),
    )


SHARED = (
    f"self.spec.session.driver == 'redis' && (!{given(_STORE)} || {_STORE}.variables == 'REDIS')"
)
"""CEL: REDIS_HOST is where sessions are."""
_OTHER = f"({given('self.spec.redis')} && {given('self.spec.redis.external')})"


def _other(app: App) -> bool:
    return app.spec.redis is not None and app.spec.redis.external is not None


RULES = (
    rule(
        ("image",),
        _MOVES,
        _FIXED,
        broken=lambda app: _moves(app.spec.image),
        cel=_fixed("self.spec.image"),
    ),
    *map(_image, _IMAGES),
    *variables.RULES,
    rule(
        ("cache", "store"),
        "the cache would be in the Redis of the sessions, whose connection it shares: where it"
        " fills it no session can be saved, and cache:clear logs everybody out",
        "cache.store: database, or redis.external for the cache, and session.store.variables and"
        " session.connection of a connection of its own for sessions",
        broken=lambda app: app.spec.cache.store == "redis" and shared(app),
        cel=f"self.spec.cache.store != 'redis' || !({SHARED})",
    ),
    rule(
        ("cache", "store"),
        "nothing says which Redis the cache is in, and Laravel looks for one in each pod",
        "redis.external, or cache.store: database",
        broken=lambda app: (
            app.spec.cache.store == "redis"
            and not (shared(app) or _other(app) or "REDIS_HOST" in app.spec.config)
        ),
        cel=(
            f"self.spec.cache.store != 'redis' || {SHARED} || {_OTHER}"
            " || 'REDIS_HOST' in self.spec.config"
        ),
    ),
    rule(
        ("redis", "external"),
        "REDIS_HOST would be two servers, this one and that of the sessions: one of them is lost",
        "session.store.variables and session.connection of a connection of its own for sessions,"
        " or no redis.external",
        broken=lambda app: shared(app) and _other(app),
        cel=f"!({SHARED} && {_OTHER})",
    ),
    rule(
        ("cache", "store"),
        "the cache would be in the memcached of the sessions: it evicts them, and cache:clear logs"
        " everybody out",
        "cache.store: database, or session.driver: redis",
        broken=lambda app: (
            app.spec.cache.store == "memcached" and app.spec.session.driver == "memcached"
        ),
        cel="self.spec.cache.store != 'memcached' || self.spec.session.driver != 'memcached'",
    ),
    rule(
        ("cache", "store"),
        "each pod would have a cache of its own: locks (onOneServer, withoutOverlapping, session"
        " blocking) hold nobody off, and limits on logins count by pod",
        "cache.store: database, or one pod alone: web.min: 1, no workers, no scheduler",
        broken=lambda app: app.spec.cache.store in ("file", "array") and not one_pod(app),
        cel=f"!(self.spec.cache.store in ['file', 'array']) || {ONE_POD}",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """All that is refused of images, variables and the cache."""
    yield from all_refused(RULES, app)
    yield from variables.decided_by_sections(app)
