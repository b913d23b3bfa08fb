"""Manifests: the session store."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.environment.gather import secret_name
from holdfast.kube.session_store import capacity, elsewhere, operator, sentinel, single
from holdfast.kube.session_store.choice import password_key, rendered_redis
from holdfast.kube.spec.session import OperatorRedis, SentinelRedis, SingleRedis


def objects(app: App) -> Iterator[Object]:
    """The servers, where they are ours to run."""
    match rendered_redis(app):
        case SingleRedis() as redis:
            yield from single.objects(app, redis)
        case SentinelRedis() as redis:
            yield from sentinel.objects(app, redis)
        case OperatorRedis() as redis:
            yield from operator.objects(app, redis)


def decisions(app: App) -> Iterator[Decision]:
    """What the store is, what it survives, what fits in, who may use it."""
    redis = rendered_redis(app)
    match redis:
        case None:
            yield from elsewhere.decisions(app)
            return
        case SingleRedis():
            yield from single.decisions(app, redis)
        case SentinelRedis():
            yield from sentinel.decisions(app, redis)
        case OperatorRedis():
            yield from operator.decisions(app, redis)
    yield Decision(
        "capacity of the session store",
        f"{redis.memory} holds {capacity.described(app, redis)}",
        "Redis fills 70 % of its container, and refuses to write when that is full: nobody is"
        " logged out, nobody can log in. `session.store` has `memory`.",
    )
    if not isinstance(redis, OperatorRedis):
        yield Decision(
            "password of the session store",
            f"{password_key(app)} of {secret_name(app)}",
            "Redis is told its hash when its pod starts. The application is Redis's user `default`"
            " and may neither flush (cache:clear on the wrong connection is an error), list keys"
            " (KEYS) nor configure.",
        )
