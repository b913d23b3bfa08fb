"""Laravel Horizon: which supervisors ``config/horizon.php`` starts, and what each is told.

As Horizon 5 makes its plan (laravel/horizon, src/ProvisioningPlan.php): the first environment whose
pattern fits, over ``defaults``, by ``array_replace_recursive``.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from holdfast.project.project import Project
from holdfast.project.values import Array, Known, Unknown, Value

PACKAGE: Final = "laravel/horizon"


class Supervisor(msgspec.Struct, frozen=True):
    """A supervisor and what its workers are told.

    Args:
        name: ``supervisor-1``.
        queues: in the order in which they are worked off; empty for the connection's own.
        timeout: seconds that a job may take.
        processes: at most.
        tries: of a job; 0 for no end.
        memory: megabytes at which a worker ends.
        place: where its timeout is said, or it itself.
    """

    name: str
    queues: tuple[str, ...]
    timeout: int
    processes: int
    tries: int
    memory: int
    place: str


def supervisors(
    project: Project, environment: str = "production"
) -> tuple[Supervisor, ...] | Unknown:
    """What ``php artisan horizon`` starts in an environment; nothing where no pattern fits."""
    environments = project.get("horizon.environments")
    defaults = project.get("horizon.defaults")
    if isinstance(environments, Unknown):
        return environments
    if not isinstance(environments.value, Array):
        return ()
    for pattern, plan in environments.value.items.items():
        if _fits(str(pattern), environment):
            whole = _over(defaults, plan)
            if isinstance(whole, Unknown):
                return whole
            return tuple(_supervisors(whole))
    return environments.value.rest or ()


def _fits(pattern: str, environment: str) -> bool:
    """``Str::is``: an asterisk is the only thing that is more than itself."""
    return fnmatchcase(environment, pattern.replace("[", "[[]").replace("?", "[?]"))


def _over(below: Value | None, above: Value) -> Value:
    """``array_replace_recursive``."""
    if not isinstance(above, Known) or not isinstance(above.value, Array):
        return above
    if not isinstance(below, Known) or not isinstance(below.value, Array):
        return above
    items = dict(below.value.items)
    for key, value in above.value.items.items():
        items[key] = _over(items.get(key), value)
    return Known(Array(items, above.value.rest or below.value.rest), above.source)


def _supervisors(plan: Known) -> Iterator[Supervisor]:
    for name, options in plan.value.items.items() if isinstance(plan.value, Array) else ():
        if not isinstance(options, Known) or not isinstance(options.value, Array):
            continue
        said = options.value.items
        timeout = said.get("timeout")
        place = timeout.source if isinstance(timeout, Known) else options.source
        yield Supervisor(
            name=str(name),
            queues=_queues(said.get("queue")),
            timeout=_number(said.get("timeout"), 60),
            processes=_number(
                said.get("maxProcesses") or said.get("max_processes") or said.get("processes"), 1
            ),
            tries=_number(said.get("tries") or said.get("maxTries"), 0),
            memory=_number(said.get("memory"), 128),
            place=str(place),
        )


def _queues(value: Value | None) -> tuple[str, ...]:
    if not isinstance(value, Known):
        return ()
    if isinstance(value.value, Array):
        elements = value.value.items.values()
        names = [str(each.value) for each in elements if isinstance(each, Known) and each.value]
    else:
        names = str(value.value or "").split(",")
    return tuple(name.strip() for name in names if name)


def _number(value: Value | None, default: int) -> int:
    if isinstance(value, Known):
        try:
            return int(value.value)  # type: ignore[arg-type]  # refused by int() itself
        except (TypeError, ValueError):
            return default
    return default
