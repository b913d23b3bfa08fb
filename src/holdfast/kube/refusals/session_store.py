"""What is refused of the session store."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.quantity import GIBI, MEBI, whole
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import all_refused, given, rule
from holdfast.kube.session_store.capacity import LEAST_MEMORY, least_storage
from holdfast.kube.session_store.choice import external, rendered_redis, store
from holdfast.kube.spec.session import OperatorRedis, SentinelRedis, SingleRedis

_PATH = ("session", "store")
_DRIVER = "self.spec.session.driver"
_STORE = "self.spec.session.store"
_UPLOADS = "self.spec.storage.uploads"


def _kind(kind: str) -> str:
    """CEL: it is not this kind of store."""
    return f"!{given(_STORE)} || !{given(f'{_STORE}.{kind}')}"


def _two_regions(app: App) -> bool:
    table, uploads = store(app).dynamodb, app.spec.storage.uploads
    if app.spec.session.driver != "dynamodb" or table is None or uploads is None:
        return False
    return uploads.s3 is not None and uploads.s3.region != table.region


RULES = (
    rule(
        (*_PATH, "external", "tls"),
        "Laravel's stock config/cache.php has no TLS for memcached",
        "leave it out, and let a mesh encrypt, or use Redis",
        broken=lambda app: (
            app.spec.session.driver == "memcached"
            and (found := external(app)) is not None
            and found.tls
        ),
        cel=f"{_DRIVER} != 'memcached' || {_kind('external')} || !{_STORE}.external.tls",
    ),
    rule(
        (*_PATH, "dynamodb", "region"),
        "the table and the bucket of uploads are in different regions: Laravel's stock"
        " configuration reads AWS_DEFAULT_REGION for both",
        "a table and a bucket of one region",
        broken=_two_regions,
        cel=f"{_DRIVER} != 'dynamodb' || {_kind('dynamodb')} || !{given(_UPLOADS)}"
        f" || !{given(f'{_UPLOADS}.s3')} || {_UPLOADS}.s3.region == {_STORE}.dynamodb.region",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """Too small, too few, or told to reach two places by one variable."""
    yield from all_refused(RULES, app)
    redis = rendered_redis(app)
    if redis is None:
        return
    kind = {SingleRedis: "single", SentinelRedis: "sentinel", OperatorRedis: "operator"}
    place = (*_PATH, kind[type(redis)])
    if whole(redis.memory) < LEAST_MEMORY:
        yield Refusal(
            (*place, "memory"),
            f"in {redis.memory} there is hardly room for Redis itself",
            f"{LEAST_MEMORY // MEBI}Mi or more",
        )
    elif whole(redis.storage) < least_storage(redis):
        yield Refusal(
            (*place, "storage"),
            f"{redis.storage} is filled up while Redis rewrites its append-only file, and then it"
            " refuses to write",
            f"{-(-least_storage(redis) // GIBI)}Gi or more, three times what Redis may fill of"
            f" {redis.memory}",
        )
