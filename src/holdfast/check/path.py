"""The session path of a process: every step between a browser's cookie and the bytes in the store.

A step says what is in effect there and where that is written, or why it cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.check.kubernetes.objects import text, whole
from holdfast.check.place import Place
from holdfast.check.process import Process
from holdfast.project.effective import Effective


@dataclass(frozen=True, slots=True)
class Step:
    """One value on the way.

    Args:
        station: ``cookie``, ``key``, ``serializer``, ``store``, ``affinity``, ``rollout``.
        name: what of it: ``name``, ``domain``, ``driver``, ...
        value: what is in effect; None where it cannot be told.
        place: where it is written; None where nothing is.
        why: why it cannot be told.
    """

    station: str
    name: str
    value: str | None
    place: Place | None
    why: str = ""


_STATIONS = (
    ("cookie", (("name", "cookie"), ("domain", "domain"), ("secure", "secure"),
                ("same-site", "same_site"), ("lifetime", "lifetime"))),
    ("key", (("APP_KEY", "app.key"), ("previous keys", "app.previous_keys"))),
    ("serializer", (("format", "serialization"), ("encrypted", "encrypt"))),
    ("store", (("driver", "driver"),)),
)  # fmt: skip
_BY_DRIVER = {
    "redis": (("host", "redis.host"), ("port", "redis.port"), ("database", "redis.database"),
              ("key prefix", "redis.session_key_prefix")),
    "database": (("connection", "database.connection"), ("kind", "database.driver"),
                 ("host", "database.host"), ("table", "table")),
    "file": (("directory", "files"),),
}  # fmt: skip


def session_path(process: Process) -> tuple[Step, ...]:
    """The steps of one process, from the browser to the store, and how its pods come and go."""
    session = process.settings.session
    steps = list(_of_settings(process, session) if session else _of_variables(process))
    return (*steps, *_rollout(process))


def _of_settings(process: Process, session: Effective) -> Iterator[Step]:
    rows = {row.name: row for row in session.rows}
    driver = str(rows["driver"].value) if "driver" in rows else ""
    stations = [*_STATIONS, ("store", _BY_DRIVER.get(driver, ()))]
    missing = {lack.name: lack for lack in session.missing}
    for station, members in stations:
        for name, row in members:
            if row in rows:
                found = rows[row]
                source = found.source
                spot = source.uses[0].place if source.uses else source.places[0]
                value = _word(found.value, seconds=row == "lifetime")
                yield Step(station, name, value, process.settings.spot(spot))
            elif row in missing:
                lack = missing[row]
                yield Step(station, name, None, process.settings.spot(lack.place), lack.why)


_VARIABLES = (
    ("cookie", "name", "session.cookie"),
    ("cookie", "domain", "session.domain"),
    ("store", "driver", "session.driver"),
    ("store", "host", "database.redis.default.host"),
)


def _of_variables(process: Process) -> Iterator[Step]:
    """Without the project only what variables say is known."""
    settings = process.settings
    for station, name, setting in _VARIABLES:
        place = settings.place(setting)
        if settings.known(setting):
            yield Step(station, name, _word(settings.scalar(setting)), place)
        else:
            why = "the Laravel project is not among what is checked"
            yield Step(station, name, None, place if place.file else None, why)


def _rollout(process: Process) -> Iterator[Step]:
    workload = process.workload
    if workload is None or process.container is None:
        return
    yield Step("rollout", "pods", str(workload.scale), workload.scale.place)
    if workload.kind == "Deployment":
        strategy = text(workload.object.get("spec", "strategy", "type")) or "RollingUpdate"
        yield Step("rollout", "strategy", strategy, workload.object.at("spec", "strategy"))
    wait = whole(process.container.get("lifecycle", "preStop", "sleep", "seconds"))
    hook = process.container.get("lifecycle", "preStop")
    before = "none" if hook is None else f"sleep {wait} s" if wait is not None else "a command"
    yield Step("rollout", "preStop", before, process.container.at("lifecycle", "preStop"))
    grace = f"{workload.grace_seconds} s"
    yield Step("rollout", "grace", grace, workload.at("terminationGracePeriodSeconds"))


def _word(value: object, *, seconds: bool = False) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if seconds:
            return f"{value // 60} min"
    return str(value)
