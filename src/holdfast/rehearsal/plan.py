"""What to rehearse: the plan that a scenario makes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.kube.app import App as Deployed
from holdfast.kube.read import read
from holdfast.laravel.encrypter import Encrypter
from holdfast.manifests.yaml import MAX_BYTES
from holdfast.rehearsal.backing import setup_for_url
from holdfast.rehearsal.balancer import Choice
from holdfast.rehearsal.compare import APPS, App, Setup, parse_compare
from holdfast.rehearsal.own_application import OwnApplication, own_application
from holdfast.rehearsal.scenario import Scenario, TimedFault
from holdfast.rehearsal.site import Site, parse_login
from holdfast.rehearsal.skew import SKEWS
from holdfast.rehearsal.target import Target
from holdfast.stores.url import parse, with_password

CALM, END = "calm", "end"
"""The phases of a run beside those of its faults."""


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
        think, steps: as in Scenario.
        schedule: what is done to the replicas and their store meanwhile, in order of time.
        balancer: which balancer.
        seed: of the users' choices and the victims.
        own: the Laravel application in place of our fixture.
        rendered: the deployment in whose pods the fixture runs, as they were rendered.
        store: URL of a store that is there already, for a single setup.
        app_key: Laravel's APP_KEY for all replicas; None: a fresh one for each run.
        history: directory for one JSON-lines file a setup; None: kept in a temporary file.
        target: a deployment that is there already; nothing is started then, and a scheduled fault
            is what its command is told.
        site: what visitors of the target must know; its cookie has no name where nobody knows it.
        keys: names for what the user does by hand and marks with a key, in their order; None: there
            is no keyboard.
    """

    setups: tuple[Setup, ...]
    replicas: int
    users: int
    seconds: float
    think: float
    steps: Mapping[str, int]
    schedule: tuple[Scheduled, ...]
    balancer: Choice
    seed: int
    own: OwnApplication | None = None
    rendered: Deployed | None = None
    store: str | None = None
    app_key: str | None = field(default=None, repr=False)
    history: Path | None = None
    target: Target | None = None
    site: Site | None = None
    keys: tuple[str, ...] | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the scheduled faults, each once, in their order."""
        return tuple(dict.fromkeys(fault for _, fault in self.schedule))


def plan(scenario: Scenario, history: Path | None = None) -> Plan:
    """Make a plan of a scenario that was checked.

    Args:
        scenario: see :func:`holdfast.rehearsal.scenario.check`.
        history: as in Plan.

    Raises:
        UsageError: its application, store or comparison cannot be.
        EnvironmentLacking: a file of the application cannot be read, or a variable that the store's
            URL names is not set.
        FormatError: a file of the application cannot be read.
    """
    app, directory = _application(scenario.application)
    schedule = _schedule(scenario)
    # The replicas have an environment of their own.
    store = with_password(scenario.store, os.environ) if scenario.store else None
    if store is not None:
        setups = [setup_for_url(store, app)]
    else:
        setups = parse_compare(",".join(scenario.compare or ["redis"]), app)
    if mixed := [setup for setup in setups if setup.app == "mixed"]:
        _check_mixed(mixed[0], scenario.replicas, directory)
    if directory is not None:
        _check_own(schedule)
    own = _own(directory, scenario) if directory is not None else None
    return Plan(
        setups=tuple(setups),
        replicas=scenario.replicas,
        users=scenario.users,
        seconds=scenario.seconds,
        think=scenario.think,
        steps=scenario.steps,
        schedule=schedule,
        balancer=scenario.balancer,
        seed=scenario.seed,
        own=own,
        rendered=_rendered(scenario.rendered) if scenario.rendered is not None else None,
        store=store,
        app_key=own.app_key if own else _app_key(store) if store else None,
        history=history,
    )


def _check_mixed(setup: Setup, replicas: int, project: Path | None) -> None:
    if replicas < len(setup.programs):
        raise UsageError(
            f"{setup.name!r} is Laravel and the shop, and there is one replica",
            hint="try --replicas 2",
        )
    if project is not None:
        raise UsageError(
            f"{setup.name!r} is Holdfast's own Laravel fixture beside the shop, not {project}",
            hint="leave the directory out: holdfast rehearse --compare mixed=redis",
        )


def _check_own(schedule: Sequence[Scheduled]) -> None:
    for _, fault in schedule:
        if fault in ("rotate", *SKEWS):
            raise UsageError(
                f"{fault} is not there yet for an application of your own: its visitors know one"
                " APP_KEY and one cookie",
                hint="rehearse it with laravel, Holdfast's own fixture",
            )


def spread(faults: Sequence[str], seconds: float) -> tuple[Scheduled, ...]:
    """The faults in this order, at equal distances over the seconds of a play."""
    gap = seconds / (len(faults) + 1)
    return tuple(Scheduled(gap * number, fault) for number, fault in enumerate(faults, start=1))


def _schedule(scenario: Scenario) -> tuple[Scheduled, ...]:
    """Faults without times at equal distances over the play; those with times as they say."""
    names = [fault for fault in scenario.faults if isinstance(fault, str)]
    timed = [Scheduled(f.at, f.fault) for f in scenario.faults if isinstance(f, TimedFault)]
    return tuple(sorted([*timed, *spread(names, scenario.seconds)], key=lambda fault: fault.at))


def _application(text: str) -> tuple[App, Path | None]:
    if text in APPS:
        return text, None
    directory = Path(text)
    if directory.is_dir():
        return "laravel", directory
    raise UsageError(
        f"no such application: {text!r}",
        hint="laravel, shop, mixed, or the directory of a Laravel application",
    )


def _own(directory: Path, scenario: Scenario) -> OwnApplication:
    return own_application(
        directory,
        os.environ,
        path=scenario.path,
        login=parse_login(scenario.login, os.environ) if scenario.login else None,
        ready=scenario.ready,
    )


def _rendered(file: str) -> Deployed:
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot read {file}: {error.strerror}", hint="name a LaravelApp file"
        ) from error
    return read(data, file)


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
