"""Variables that `spec.config` may not hold: decided elsewhere, secret, or not what they look like.

What a container gets from a ConfigMap by ``envFrom`` is taken as it stands: neither Kubernetes nor
Laravel puts a value in the place of ``${NAME}`` (pixelfed's issue 1939 is what comes of it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube import secrecy
from holdfast.kube.app import App
from holdfast.kube.environment.gather import pinned
from holdfast.kube.refusals import process
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule

FIELDS = {
    "APP_URL": "host",
    "CACHE_DRIVER": "cache.store",
    "CACHE_PREFIX": "cache.prefix",
    "CACHE_STORE": "cache.store",
    "QUEUE_CONNECTION": "queue.connection",
    "QUEUE_DRIVER": "queue.connection",
    "REDIS_PREFIX": "session.prefix",
    "SESSION_CONNECTION": "session.connection",
    "SESSION_COOKIE": "session.cookie",
    "SESSION_DOMAIN": "session.domain",
    "SESSION_DRIVER": "session.driver",
    "SESSION_ENCRYPT": "session.encrypt",
    "SESSION_HTTP_ONLY": "nothing: it stays true, or a script in a page could take the session",
    "SESSION_LIFETIME": "session.lifetime",
    "SESSION_SAME_SITE": "session.sameSite",
    "SESSION_SECURE_COOKIE": "nothing: it is always true, since users come over TLS",
    "SESSION_STORE": "session.store",
    "TRUSTED_PROXIES": "edge.trustedProxies",
}
"""Decided by a field, whatever else a specification says."""

_WHERE_GIVEN = {
    "AWS_DEFAULT_REGION": "region of session.store.dynamodb or storage.uploads.s3",
    "DB_": "database",
    "DYNAMODB_": "session.store.dynamodb",
    "MEMCACHED_": "session.store.external",
    "SQS_": "queue.sqsQueueUrl",
    "AWS_": "storage.uploads.s3",
    "FILESYSTEM_": "storage.uploads",
    "GOOGLE_": "storage.uploads.gcs",
    "AZURE_": "storage.uploads.azure",
    "LIVEWIRE_": "storage",
}
"""Decided by a section where that is there: how their names begin."""

_FREE = frozenset(("APP_ENV", "LOG_CHANNEL"))
"""Set by Holdfast, but a person may say otherwise."""

_REFERENCE = "[$][{(][A-Za-z_]"

_DECIDED = "this variable is decided by a field of the specification, on which more depends"
_IN_CONFIG = "what is in config is in a ConfigMap, which many may read"
_ELSEWHERE = "the Secret of secretName, which all pods read"
_AS_IT_STANDS = "nobody replaces a variable in a value: the application gets these very characters"
_ITS_VALUE = "the value itself; what differs by environment goes into environments"
_DEBUG = (
    "with APP_DEBUG an error shows users the source and the environment, APP_KEY among it, which"
    " forges sessions"
)
_NO_DEBUG = "leave it out; the log has the traces"


def _decided(app: App) -> Iterator[Refusal]:
    for name in app.spec.config:
        if name in FIELDS:
            yield _of(name, f"{name} is decided by a field, on which more depends", FIELDS[name])


def _secret(app: App) -> Iterator[Refusal]:
    for name, value in app.spec.config.items():
        if secrecy.is_marked(name, value):
            yield _of(name, f"{name} is secret, and {_IN_CONFIG}", _ELSEWHERE)


def known_keys(app: App) -> Iterator[Refusal]:
    """Keys of services under innocent names; the reason never has the value in it."""
    for name, value in app.spec.config.items():
        if secrecy.is_known_key(value) and not secrecy.is_marked(name, value):
            yield _of(
                name, f"{name} is secret by how its value begins, and {_IN_CONFIG}", _ELSEWHERE
            )


def _references(app: App) -> Iterator[Refusal]:
    for name, value in app.spec.config.items():
        if re.search(_REFERENCE, value):
            yield Refusal(("config", name), _AS_IT_STANDS, _ITS_VALUE)


def _debugs(app: App) -> Iterator[Refusal]:
    if re.search(_ON, app.spec.config.get("APP_DEBUG", "")):
        yield Refusal(("config", "APP_DEBUG"), _DEBUG, _NO_DEBUG)


_ON = "(?i)^([(]?true[)]?|1|on|yes)$"
_CONFIG = "self.spec.config"

RULES = (
    Rule(
        ("config",),
        f"{_DECIDED}: {', '.join(sorted(FIELDS))}",
        _decided,
        f"{_CONFIG}.all(k, !(k in [{', '.join(repr(name) for name in sorted(FIELDS))}]))",
    ),
    Rule(
        ("config",),
        f"{_IN_CONFIG}: {_ELSEWHERE}",
        _secret,
        f"{_CONFIG}.all(k, !{secrecy.cel('k', f'{_CONFIG}[k]')})",
    ),
    Rule(
        ("config",),
        f"{_AS_IT_STANDS}: {_ITS_VALUE}",
        _references,
        f"{_CONFIG}.all(k, !{_CONFIG}[k].matches('{_REFERENCE}'))",
    ),
    Rule(
        ("config",),
        f"{_DEBUG}: {_NO_DEBUG}",
        _debugs,
        f"!('APP_DEBUG' in {_CONFIG}) || !{_CONFIG}['APP_DEBUG'].matches('{_ON}')",
    ),
)


def decided_by_sections(app: App) -> Iterator[Refusal]:
    """Variables that are decided because a section is there; which ones, CEL does not know."""
    decided = (pinned(app).keys() | _users(app)) - FIELDS.keys() - _FREE - {"APP_DEBUG"}
    urls = _urls(app)
    for name in app.spec.config:
        if name in urls:
            reason = f"{name} wins over the host and port that are decided by {urls[name]}"
            yield _of(name, reason, urls[name])
        elif name in decided:
            yield _of(
                name, f"{name} is decided by a field, on which more depends", _field(app, name)
            )


def field_of(app: App, name: str) -> str | None:
    """Which field decides a variable; None where it is a person's own."""
    if name in _FREE:
        return None
    if name in FIELDS:
        return FIELDS[name]
    if process.is_of_process(name):
        return process.FIELD
    if name in (urls := _urls(app)):
        return urls[name]
    return _field(app, name) if name in pinned(app).keys() | _users(app) else None


def _urls(app: App) -> dict[str, str]:
    """Variables in which stock configuration files take an address, and what that bypasses."""
    urls: dict[str, str] = {}
    if app.spec.database is not None:
        # A socket: Illuminate/Database/Connectors/MySqlConnector.php, getDsn.
        urls |= dict.fromkeys(("DB_URL", "DATABASE_URL", "DB_SOCKET"), "database")
    if app.spec.session.driver == "redis":
        urls[f"{_variables(app)}_URL"] = "session.store"
    return urls


def _users(app: App) -> set[str]:
    """The user's name at a Redis that is rendered: it knows the application as ``default``."""
    store = app.spec.session.store
    rendered = app.spec.session.driver == "redis" and (store is None or store.external is None)
    return {f"{_variables(app)}_USERNAME"} if rendered else set()


def _variables(app: App) -> str:
    store = app.spec.session.store
    return "REDIS" if store is None else store.variables


def _field(app: App, name: str) -> str:
    if app.spec.session.driver == "redis" and name.startswith(f"{_variables(app)}_"):
        return "session.store"
    if name.startswith("REDIS_") and not name.endswith("_QUEUE_RETRY_AFTER"):
        return "redis.external"
    if name.endswith("_QUEUE_RETRY_AFTER"):
        return "queue.retryAfter"
    if name == "APP_DEBUG":
        return "nothing: it is always false, or errors show APP_KEY"
    found = (field for start, field in _WHERE_GIVEN.items() if name.startswith(start))
    return next(found, "nothing: Holdfast sets it to what the rest needs")


def _of(name: str, reason: str, way_out: str) -> Refusal:
    return Refusal(("config", name), reason, way_out, of_key=True)
