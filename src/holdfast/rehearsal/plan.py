"""What to rehearse: the plan, and how it is read from what a person asked for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from holdfast.core.errors import UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.backing import setup_for_url
from holdfast.rehearsal.balancer import Choice
from holdfast.rehearsal.compare import App, Setup, parse_compare, parse_setup
from holdfast.rehearsal.faults import FAULTS
from holdfast.stores.url import parse

MAX_REPLICAS = 20
MAX_USERS = 1000
"""A rehearsal is a load on this machine: beyond these it measures the machine, not the sessions."""


class Scheduled(NamedTuple):
    """A fault, and when it begins: seconds since the users began to play."""

    at: float
    fault: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse.

    Args:
        setups: the choices of store, in the order of running; the last one is judged.
        replicas: how many stand behind the balancer.
        users: browsers at the same time.
        seconds: how long they play in each run.
        schedule: what is done to the replicas and their store meanwhile, in order of time.
        balancer: which balancer.
        seed: of the users' choices and the victims.
        project: the Laravel application in place of our fixture.
        store: URL of a store that is there already, for a single setup.
        app_key: Laravel's APP_KEY for all replicas; None: a fresh one for each run.
        history: directory for one JSON-lines file a setup; None: kept in a temporary file.
    """

    setups: tuple[Setup, ...]
    replicas: int
    users: int
    seconds: float
    schedule: tuple[Scheduled, ...]
    balancer: Choice
    seed: int
    project: Path | None = None
    store: str | None = None
    app_key: str | None = field(default=None, repr=False)
    history: Path | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the scheduled faults, each once, in their order."""
        return tuple(dict.fromkeys(fault for _, fault in self.schedule))


def plan(
    application: str,
    *,
    compare: str | None,
    driver: str | None,
    store: str | None,
    replicas: int,
    users: int,
    seconds: float,
    faults: str,
    balancer: Choice,
    seed: int,
    history: Path | None,
) -> Plan:
    """Read what a person asked for.

    Raises:
        UsageError: it cannot be read, or contradicts itself.
    """
    for option, text in (("compare", compare), ("driver", driver), ("store", store)):
        if text is not None and not text.strip():
            raise UsageError(f"--{option} is empty", hint="say what to rehearse, or leave it out")
    for text in (application, compare, driver):
        if text is not None and "://" in text:
            # Not quoted: it may hold a password.
            raise UsageError("a store's URL is no application and no driver", hint="--store URL")
    app, project = _application(application)
    if sum(option is not None for option in (compare, driver, store)) > 1:
        raise UsageError(
            "--compare, --driver and --store exclude each other",
            hint="--compare names several drivers, --driver one, --store a store that is there",
        )
    if store is not None:
        setups = [setup_for_url(store, app)]
    elif driver is not None:
        setups = [parse_setup(driver, app)]
    else:
        setups = parse_compare(compare or "redis", app)
    for value, name, most in ((replicas, "replicas", MAX_REPLICAS), (users, "users", MAX_USERS)):
        if not 1 <= value <= most:
            raise UsageError(
                f"--{name} {value} is not between 1 and {most}", hint=f"try --{name} 3"
            )
    if not 1 <= seconds <= 86_400:
        raise UsageError(
            f"--seconds {seconds:g} is not between 1 and 86400", hint="try --seconds 30"
        )
    return Plan(
        setups=tuple(setups),
        replicas=replicas,
        users=users,
        seconds=seconds,
        schedule=spread(_faults(faults), seconds),
        balancer=balancer,
        seed=seed,
        project=project,
        store=store,
        app_key=_app_key(store) if store else None,
        history=history,
    )


def spread(faults: Sequence[str], seconds: float) -> tuple[Scheduled, ...]:
    """The faults in this order, at equal distances over the seconds of a play."""
    gap = seconds / (len(faults) + 1)
    return tuple(Scheduled(gap * number, fault) for number, fault in enumerate(faults, start=1))


def _application(text: str) -> tuple[App, Path | None]:
    if text in ("laravel", "shop"):
        return cast(App, text), None
    directory = Path(text)
    if directory.is_dir():
        return "laravel", directory
    raise UsageError(
        f"no such application: {text!r}",
        hint="laravel, shop, or the directory of a Laravel application",
    )


def _app_key(store: str) -> str | None:
    """The key that a store's URL names: the replicas then have it too, as the application has."""
    name = parse(store).parameters.get("key")
    if name is None:
        return None
    if name != "env:APP_KEY":
        raise UsageError(
            "key= in the store's URL: a rehearsal knows one key, its replicas' APP_KEY",
            hint="write key=env:APP_KEY, with APP_KEY in the environment or left to the rehearsal",
        )
    key = os.environ.get("APP_KEY")
    if key:
        Encrypter.from_app_key(key)
    return key or None


def _faults(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, n=1)
            raise UsageError(
                f"no such fault: {name!r}",
                hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(FAULTS)}",
            )
    return names
