"""Variables that Holdfast sets, and that this application does not read.

An application keeps its configuration files through the years: Laravel 12 may well run with a
config/cache.php that reads CACHE_DRIVER, or says ``file`` and reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.kube.init.facts import Facts
from holdfast.kube.init.part import Task
from holdfast.project.values import Known


def unread(facts: Facts, spec: dict[str, Any]) -> Iterator[Task]:
    """What has to be changed in ``config/`` for the specification to be in effect."""
    if facts.project.cached:
        return
    for setting, expected, value in _decided(facts, spec):
        named, bare = facts.named.get(setting), facts.bare.get(setting)
        if value is None or not isinstance(named, Known) or not isinstance(bare, Known):
            continue
        read = facts.variable(setting)
        if read == expected or str(bare.value) == str(value):
            continue
        place = named.source.places[0]
        if read is not None:
            yield Task(place, f"it reads {read}: write env('{expected}'), which Holdfast sets")
        elif facts.fixed(setting):
            yield Task(place, f"the value is fixed there: write env('{expected}')")


def _decided(facts: Facts, spec: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """A setting, the variable that Holdfast sets, and its value; where that may be another one."""
    cache = "CACHE_STORE" if facts.major >= 11 else "CACHE_DRIVER"
    yield "session.driver", "SESSION_DRIVER", spec["session"]["driver"]
    yield "session.connection", "SESSION_CONNECTION", spec["session"].get("connection")
    # Null: as secure as the request, which an edge with TLS makes so.
    secure = facts.known("session.secure")
    yield "session.secure", "SESSION_SECURE_COOKIE", secure and True
    yield "cache.default", cache, spec["cache"]["store"]
    yield "queue.default", "QUEUE_CONNECTION", spec.get("queue", {}).get("connection")
    yield from _database(spec["database"])
    if spec["session"]["driver"] == "redis":
        yield from _redis(facts, spec["session"])
    for disk, variable in (("s3", "AWS_BUCKET"), ("gcs", "GOOGLE_CLOUD_STORAGE_BUCKET")):
        bucket = spec.get("storage", {}).get("uploads", {}).get(disk, {}).get("bucket")
        yield f"filesystems.disks.{disk}.bucket", variable, bucket
    if spec.get("storage", {}).get("uploads"):
        disk = "FILESYSTEM_DISK" if facts.major >= 9 else "FILESYSTEM_DRIVER"
        yield "filesystems.default", disk, next(iter(spec["storage"]["uploads"]))


def _database(database: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield "database.default", "DB_CONNECTION", database["driver"]
    for key, member, variable in (
        ("host", "host", "DB_HOST"),
        ("port", "port", "DB_PORT"),
        ("name", "database", "DB_DATABASE"),
        ("user", "username", "DB_USERNAME"),
    ):
        setting = f"database.connections.{database['driver']}.{member}"
        yield setting, variable, database.get(key)
    # Never the value itself: it has to be read from the Secret.
    yield f"database.connections.{database['driver']}.password", "DB_PASSWORD", "***"


def _redis(facts: Facts, session: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    variables = session.get("store", {}).get("variables", "REDIS")
    name = session.get("connection", "default")
    if name not in facts.keys("database.redis"):
        return
    for member, end in (("host", "HOST"), ("port", "PORT"), ("password", "PASSWORD")):
        yield f"database.redis.{name}.{member}", f"{variables}_{end}", "***"
