"""Variables that Holdfast sets, and that this application does not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.kube.init.facts import Facts
from holdfast.kube.init.part import Part


def other_names(facts: Facts, spec: dict[str, Any]) -> Part:
    """More lines for ``config``: the same value under the name that is read.

    An application keeps its configuration files through the years: Laravel 12 may well run with a
    config/cache.php that reads CACHE_DRIVER.
    """
    part = Part()
    for setting, expected, value in _decided(facts, spec):
        read = facts.variable(setting)
        if value is not None and read is not None and read != expected:
            where = facts.named.get(setting)
            part.line(read, str(value), "", f"{_place(where)} reads it in place of {expected}.")
    return part


def _place(value: Any) -> str:
    return str(value.source.places[0])


def _decided(facts: Facts, spec: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """A setting, the variable that Holdfast sets, and its value; where that may be another one."""
    cache = "CACHE_STORE" if facts.major >= 11 else "CACHE_DRIVER"
    yield "session.driver", "SESSION_DRIVER", spec["session"]["driver"]
    yield "cache.default", cache, spec["cache"]["store"]
    yield "queue.default", "QUEUE_CONNECTION", spec.get("queue", {}).get("connection")
    database = spec["database"]
    yield "database.default", "DB_CONNECTION", database["driver"]
    for key, member, variable in (
        ("host", "host", "DB_HOST"),
        ("port", "port", "DB_PORT"),
        ("name", "database", "DB_DATABASE"),
        ("user", "username", "DB_USERNAME"),
    ):
        setting = f"database.connections.{database['driver']}.{member}"
        yield setting, variable, database.get(key)
