"""What is refused of the session store."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.quantity import GIBI, MEBI, whole
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.session_store.capacity import LEAST_MEMORY, least_storage
from holdfast.kube.session_store.choice import external, rendered_redis, store
from holdfast.kube.spec.session import OperatorRedis, SentinelRedis, SingleRedis

_STORE = ("session", "store")


def refusals(app: App) -> Iterator[Refusal]:
    """Too small, too few, or told to reach two places by one variable."""
    redis = rendered_redis(app)
    if redis is not None:
        kind = {SingleRedis: "single", SentinelRedis: "sentinel", OperatorRedis: "operator"}
        place = (*_STORE, kind[type(redis)])
        if whole(redis.memory) < LEAST_MEMORY:
            yield Refusal(
                (*place, "memory"),
                f"in {redis.memory} there is hardly room for Redis itself",
                f"{LEAST_MEMORY // MEBI}Mi or more",
            )
        elif whole(redis.storage) < least_storage(redis):
            yield Refusal(
                (*place, "storage"),
                f"{redis.storage} is filled up while Redis rewrites its append-only file, and then"
                " it refuses to write",
                f"{-(-least_storage(redis) // GIBI)}Gi or more, three times what Redis may fill"
                f" of {redis.memory}",
            )
        if not isinstance(redis, SingleRedis) and redis.replicas == 2:
            yield Refusal(
                (*place, "replicas"),
                "of two servers the one that is left refuses to write, so every roll and every"
                " drain is an outage",
                "3 servers, or session.store.single",
            )
    found = external(app)
    if found is not None and found.tls and app.spec.session.driver == "memcached":
        yield Refusal(
            (*_STORE, "external", "tls"),
            "Laravel's stock config/cache.php has no TLS for memcached",
            "leave it out, and let a mesh encrypt, or use Redis",
        )
    yield from _regions(app)


def _regions(app: App) -> Iterator[Refusal]:
    table = store(app).dynamodb
    uploads = app.spec.storage.uploads
    if app.spec.session.driver != "dynamodb" or table is None:
        return
    if uploads is not None and uploads.s3 is not None and uploads.s3.region != table.region:
        yield Refusal(
            (*_STORE, "dynamodb", "region"),
            f"the table is in {table.region} and the bucket in {uploads.s3.region}: Laravel's stock"
            " configuration reads AWS_DEFAULT_REGION for both",
            f"a bucket or a table of one region: storage.uploads.s3.region: {table.region}",
        )
